// Package dbtest gives each test a migrated database of its own, on both engines.
//
// SQLite: one file is migrated per process and its bytes are copied per test. PostgreSQL: one server per
// process, or the one that KV_TEST_PG names (an address of a server whose user may create databases); one
// database is migrated and each test gets a copy of it. A server that the process started ends with the process,
// however that ends. Where no PostgreSQL is installed, its tests are skipped and say so; with KV_REQUIRE set they fail.
package dbtest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
)

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Each runs fn as two parallel subtests, "sqlite" and "postgres", each with a database of its own.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	for _, engine := range []string{SQLite, Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			fn(t, New(t, engine))
		})
	}
}

// New opens a migrated, empty database that lasts as long as the test. It logs to the test.
func New(t testing.TB, engine string) *db.DB {
	t.Helper()
	o := Options(t, engine)
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open %s: %v", engine, err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close %s: %v", engine, err)
		}
	})
	return d
}

// Options makes a migrated database and returns how to open it, for tests that start whole programs.
func Options(t testing.TB, engine string) db.Options {
	t.Helper()
	o := db.Options{Log: Log(t), NoSync: true}
	switch engine {
	case SQLite:
		o.Path = sqliteFile(t)
	case Postgres:
		o.URL, o.ReadConns = postgresDatabase(t), 4
	default:
		t.Fatalf("dbtest: no engine %q", engine)
	}
	return o
}

// template is the bytes of a migrated, empty SQLite database.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "kv-template")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	path := filepath.Join(dir, "kv.db")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := db.Open(ctx, db.Options{Path: path, NoSync: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx); err != nil {
		_ = d.Close()
		return nil, err
	}
	if err := d.Close(); err != nil { // folds the WAL into the file
		return nil, err
	}
	return os.ReadFile(path)
})

func sqliteFile(t testing.TB) string {
	t.Helper()
	data, err := template()
	if err != nil {
		t.Fatalf("template of SQLite: %v", err)
	}
	path := filepath.Join(t.TempDir(), "kv.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Log returns a log that goes to the test's output, and nowhere once the test has ended.
func Log(t testing.TB) *slog.Logger {
	w := &writer{t: t}
	t.Cleanup(w.end)
	return slog.New(slog.NewTextHandler(w, nil))
}

type writer struct {
	mu sync.Mutex
	t  testing.TB
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.t != nil {
		w.t.Logf("%s", p)
	}
	return len(p), nil
}

func (w *writer) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t = nil
}
