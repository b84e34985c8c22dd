package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

var errReadOnly = errors.New("db: this database was opened only for reading")

// OpenReadOnly opens a database for Read alone. On SQLite it takes no lock: another process may be serving from the
// same file. On PostgreSQL its sessions can't write, and have no time limits. The file or server must be there.
func OpenReadOnly(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	d := &DB{clock: o.Clock, log: o.Log, postgres: o.URL != "", readOnly: true, url: o.URL}
	var err error
	if d.postgres {
		d.pool, err = readPool(o.URL)
	} else {
		if _, err := os.Stat(o.Path); err != nil { // SQLite would say only that it can't open something
			return nil, fmt.Errorf("db: no database: %w", err)
		}
		d.pool, err = sql.Open("sqlite", sqliteDSN(o.Path, "mode=ro", "_pragma=query_only(1)", "_pragma=busy_timeout(5000)"))
	}
	if err != nil {
		return nil, err
	}
	d.pool.SetMaxOpenConns(2)
	if err := d.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the database can't be read: %w", err), d.pool.Close())
	}
	return d, nil
}

// SnapshotSQLite writes one consistent state of a SQLite database into a new file, on a connection of its own. Readers
// and writers, also of other processes, go on meanwhile.
func SnapshotSQLite(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("db: no database: %w", err)
	}
	pool, err := sql.Open("sqlite", sqliteDSN(from, "mode=ro", "_pragma=busy_timeout(10000)"))
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	_, err = pool.ExecContext(ctx, `VACUUM INTO $1`, to)
	return errors.Join(normalise("VACUUM INTO", err), pool.Close())
}

// Version returns the number of the newest migration that the database has.
func (d *DB) Version(ctx context.Context) (int64, error) {
	return Read(ctx, d, func(_ context.Context, tx *Tx) (int64, error) {
		return Value[int64](tx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`)
	})
}

// NewestVersion returns the number of the newest migration that this program has.
func NewestVersion() (newest int64, err error) {
	files, err := fs.ReadDir(Migrations(false), ".")
	for _, f := range files {
		var n int64
		if _, err := fmt.Sscanf(f.Name(), "%d_", &n); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, err
}
