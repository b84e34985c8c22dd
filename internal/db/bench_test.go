package db_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
)

// Writers at once, with real durability: what group commit is for.
func BenchmarkWriteSQLite(b *testing.B) {
	d, err := db.Open(b.Context(), db.Options{Path: filepath.Join(b.TempDir(), "kv.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // a benchmark's file
	exec := func(query string, args ...any) error {
		return db.Do(context.Background(), d, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(query, args...)
			return err
		})
	}
	if err := exec(`CREATE TABLE t (id bigint NOT NULL PRIMARY KEY, s text NOT NULL)`); err != nil {
		b.Fatal(err)
	}
	var id atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := exec(`INSERT INTO t (id, s) VALUES ($1, $2)`, id.Add(1), "x"); err != nil {
				b.Error(err)
			}
		}
	})
}
