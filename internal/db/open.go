package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/clock"
)

// Options say which database to open.
type Options struct {
	URL       string       // postgres://…, or a libpq keyword string; "" for SQLite
	Path      string       // SQLite's file; its folder is made when missing
	Clock     *clock.Clock // default: the machine's time
	Log       *slog.Logger // default: slog.Default()
	ReadConns int          // SQLite: readers; PostgreSQL: all connections. Default: 4, or one per CPU, or 20. Half as many more are kept for what is reserved

	// NoSync trades durability for speed. For tests only: a power loss then loses commits.
	NoSync bool

	// Before, if set, is called in every Write: with BEGIN before it waits for its turn, with each statement before it
	// runs, and on PostgreSQL with COMMIT. What it does holds the transaction up. For tests that stop one Write between
	// two statements while others run, and for looking at what runs; the context's values tell whose Write it is.
	Before func(ctx context.Context, query string)

	// Migrations are used instead of those that are built in. For tests of what a next release does.
	Migrations fs.FS
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	clock    *clock.Clock
	log      *slog.Logger
	postgres bool
	readOnly bool
	pool     *sql.DB // SQLite: readers; PostgreSQL: all
	kept     *sql.DB // the same, for what is reserved
	writer   *sql.DB // SQLite only: one connection
	group    *group  // SQLite only
	lock     *os.File
	url      string
	before   func(ctx context.Context, query string)
	files    fs.FS // the migrations
	hub      hub
}

// Open opens the database; it doesn't migrate. A second process on the same SQLite file is refused.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	if o.URL != "" {
		return openPostgres(ctx, o)
	}
	return openSQLite(ctx, o)
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Before == nil {
		o.Before = func(context.Context, string) {}
	}
	if o.Migrations == nil {
		o.Migrations = Migrations(o.URL != "")
	}
	return o
}

func openPostgres(ctx context.Context, o Options) (*DB, error) {
	pool, err := primaryPool(o.URL, primarySettings)
	if err != nil {
		return nil, err
	}
	n := o.ReadConns
	if n <= 0 {
		n = 20
	}
	kept, err := primaryPool(o.URL, primarySettings)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	bound(pool, n)
	bound(kept, (n+1)/2)
	pool.SetConnMaxLifetime(connectionLife)
	kept.SetConnMaxLifetime(connectionLife)
	d := &DB{clock: o.Clock, log: o.Log, postgres: true, pool: pool, url: o.URL, before: o.Before, files: o.Migrations}
	d.kept = kept
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("PostgreSQL can't be reached: %w", err), d.Close())
	}
	return d, nil
}

func openSQLite(ctx context.Context, o Options) (*DB, error) {
	if o.Path == "" {
		return nil, errors.New("db: neither the address of PostgreSQL nor a SQLite file is given")
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return nil, fmt.Errorf("db: folder of the database: %w", err)
	}
	lock, err := lockFile(o.Path + ".lock")
	if err != nil {
		return nil, err
	}
	d := &DB{clock: o.Clock, log: o.Log, lock: lock, before: o.Before, files: o.Migrations}
	if err := d.openFiles(ctx, o); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.group = newGroup(d)
	return d, nil
}

func (d *DB) openFiles(ctx context.Context, o Options) (err error) {
	// Made here, so that it is nobody else's to read from its first moment; SQLite copies the mode to the WAL.
	f, err := os.OpenFile(o.Path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("db: database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	sync := "FULL"
	if o.NoSync {
		sync = "OFF"
	}
	if d.writer, err = sql.Open(sqliteDriver, sqliteDSN(o.Path, "_txlock=immediate", "_pragma=busy_timeout(5000)",
		"_pragma=journal_mode(WAL)", "_pragma=synchronous("+sync+")", "_pragma=foreign_keys(1)")); err != nil {
		return err
	}
	d.writer.SetMaxOpenConns(1)
	if err := d.writer.PingContext(ctx); err != nil { // writes the header and switches to WAL, before any reader
		return fmt.Errorf("db: %s: %w", o.Path, err)
	}
	// mmap on readers only: a stray write into a mapped page would reach the file.
	readers := sqliteDSN(o.Path, "mode=ro", "_pragma=query_only(1)", "_pragma=busy_timeout(5000)", "_pragma=mmap_size(268435456)")
	if d.pool, err = sql.Open(sqliteDriver, readers); err != nil {
		return err
	}
	if d.kept, err = sql.Open(sqliteDriver, readers); err != nil {
		return err
	}
	n := o.ReadConns
	if n <= 0 {
		n = max(4, runtime.NumCPU())
	}
	bound(d.pool, n)
	bound(d.kept, (n+1)/2)
	return d.pool.PingContext(ctx)
}

// bound keeps n connections: opening one is slow, and what comes in is bounded elsewhere.
func bound(pool *sql.DB, n int) {
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
}

func sqliteDSN(path string, params ...string) string {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + escaped + "?" + strings.Join(params, "&")
}

// Close waits for running transactions and closes the database.
func (d *DB) Close() error {
	var errs []error
	if d.group != nil {
		d.group.close()
	}
	for _, pool := range []*sql.DB{d.pool, d.kept} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	if d.writer != nil { // after the readers: the last connection folds the WAL into the file
		errs = append(errs, d.writer.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	return normalise("ping", d.poolFor(ctx).PingContext(ctx))
}

// Postgres reports whether the engine is PostgreSQL.
func (d *DB) Postgres() bool { return d.postgres }

// SQL returns the pool of readers (on PostgreSQL the only pool). For tests and backup.
func (d *DB) SQL() *sql.DB { return d.pool }

// Clock returns the business time that transactions take their time from.
func (d *DB) Clock() *clock.Clock { return d.clock }

// Log returns the log that this database writes to.
func (d *DB) Log() *slog.Logger { return d.log }

// NewID makes an id: a UUIDv7, so that ids made later sort later and indexes grow at their end.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
