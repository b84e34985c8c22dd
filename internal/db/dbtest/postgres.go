package dbtest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/kortverk/kortverk/internal/db"
)

// server is the PostgreSQL server of this process, with a migrated template.
type server struct {
	address  string
	admin    *sql.DB
	template string
}

// errMissing skips, unless KV_REQUIRE says that nothing may be left out; everything else fails.
var errMissing = errors.New("PostgreSQL is not installed (as root: scripts/need.sh postgres; or set KV_TEST_PG)")

var theServer = sync.OnceValues(func() (*server, error) {
	address := os.Getenv("KV_TEST_PG")
	if address == "" {
		var err error
		if address, err = start(); err != nil {
			return nil, err
		}
	}
	return connect(address)
})

// Server returns the address of a PostgreSQL server, or skips the test.
func Server(t testing.TB) string {
	t.Helper()
	return need(t).address
}

func need(t testing.TB) *server {
	t.Helper()
	s, err := theServer()
	if errors.Is(err, errMissing) && os.Getenv("KV_REQUIRE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	return s
}

// Empty makes a database with nothing in it on the PostgreSQL server, and returns its address.
func Empty(t testing.TB) string {
	t.Helper()
	return need(t).create(t, "")
}

// postgresDatabase copies the template and returns the copy's address.
func postgresDatabase(t testing.TB) string {
	t.Helper()
	s := need(t)
	return s.create(t, " TEMPLATE "+s.template+" STRATEGY wal_log")
}

func (s *server) create(t testing.TB, how string) string {
	t.Helper()
	name := "t_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := s.admin.ExecContext(ctx, "CREATE DATABASE "+name+how); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := s.admin.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop of the database: %v", err)
		}
	})
	return s.database(name)
}

// database is the address of another database on the server, in the form that the server's address has: postgres://… or
// libpq's keywords, of which the last one counts.
func (s *server) database(name string) string {
	u, err := url.Parse(s.address)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return s.address + " dbname=" + name
	}
	u.Path = "/" + name
	return u.String()
}

func connect(address string) (*server, error) {
	s := &server{address: address}
	var err error
	if s.admin, err = sql.Open("pgx", address); err != nil {
		return nil, err
	}
	s.admin.SetMaxOpenConns(4)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s, s.makeTemplate(ctx)
}

// makeTemplate migrates a database once for all processes that share the server and have the same migrations.
func (s *server) makeTemplate(ctx context.Context) error {
	s.template = "kv_tpl_" + fingerprint()
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // ends the lock as well
	const key = 7230518263
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", key) //nolint:errcheck // so does the connection's end
	var there bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", s.template).Scan(&there); err != nil || there {
		return err
	}
	raw := "kv_raw_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+raw); err != nil {
		return err
	}
	if err := migrate(ctx, s.database(raw)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+raw+" RENAME TO "+s.template)
	return err
}

func migrate(ctx context.Context, address string) error {
	d, err := db.Open(ctx, db.Options{URL: address, ReadConns: 2, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return errors.Join(d.Migrate(ctx), d.Close())
}

// fingerprint tells migrations apart, so that a long-lived server never hands out an old schema.
func fingerprint() string {
	h := sha256.New()
	files := db.Migrations(true)
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(h, "%s %d\n", name, len(data))
		h.Write(data)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// Tools are the folder of PostgreSQL's programs and the words to put before them so that they may run and own what is in
// dir. For tests that start servers of their own; without PostgreSQL the test is skipped.
func Tools(t testing.TB, dir string) (bin string, as []string) {
	t.Helper()
	if bin = programs(); bin == "" {
		if os.Getenv("KV_REQUIRE") == "" {
			t.Skip(errMissing)
		}
		t.Fatal(errMissing)
	}
	as, err := unprivileged(dir)
	if err != nil {
		t.Fatal(err)
	}
	return bin, as
}

// programs finds the folder of initdb and pg_ctl, the newest first.
func programs() string {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	best, version := "", 0
	for _, d := range dirs {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(d)))
		if _, err := os.Stat(filepath.Join(d, "pg_ctl")); err == nil && n > version {
			best, version = d, n
		}
	}
	if best == "" {
		if p, err := exec.LookPath("pg_ctl"); err == nil {
			best = filepath.Dir(p)
		}
	}
	return best
}

// start starts a server that can be reached only through a socket in a folder of its own, and has a watchdog
// stop it and remove the folder when this process has ended: the watchdog reads a pipe that nobody writes to.
func start() (address string, err error) {
	bin := programs()
	if bin == "" {
		return "", errMissing
	}
	dir, err := os.MkdirTemp("/tmp", "kvpg") // short: a socket's path has a limit of 107 bytes
	if err != nil {
		return "", err
	}
	as, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	stop := strings.Join(append(as, bin+"/pg_ctl", "-D", dir+"/data", "-m", "immediate", "-w", "-s", "stop"), " ")
	watchdog := exec.Command("/bin/sh", "-c", "trap '' INT TERM HUP; cat >/dev/null; "+stop+" >/dev/null 2>&1; rm -rf "+dir)
	if _, err := watchdog.StdinPipe(); err != nil { // open until this process ends
		return "", err
	}
	detach(watchdog)
	if err := watchdog.Start(); err != nil {
		return "", err
	}
	go watchdog.Wait() //nolint:errcheck // it outlives us
	for _, args := range [][]string{
		{bin + "/initdb", "-D", dir + "/data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-U", "postgres"},
		{
			bin + "/pg_ctl", "-D", dir + "/data", "-w", "-s", "-l", dir + "/log", "-o", "-k " + dir + " -c listen_addresses='' -c fsync=off " +
				"-c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB", "start",
		},
	} {
		if err := run(append(append([]string{}, as...), args...)); err != nil {
			return "", err
		}
	}
	return "postgres://postgres@/postgres?host=" + url.QueryEscape(dir), nil
}

// unprivileged returns the words before a command so that it doesn't run as root, which PostgreSQL refuses, and gives the
// folder to that user.
func unprivileged(dir string) ([]string, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("as root, PostgreSQL needs the user postgres: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	return []string{"runuser", "-u", "postgres", "--"}, os.Chown(dir, uid, gid)
}

func run(args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = "/" // where we are may be unreadable for the other user
	out, err := os.CreateTemp("", "kvpg-out")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) //nolint:errcheck // a temporary file
	defer out.Close()           //nolint:errcheck // only read
	// A file and not a pipe: the server keeps what it inherits, and Wait would wait for it.
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(said))
	}
	return nil
}
