package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrations returns the migration files of the engine.
func Migrations(postgres bool) fs.FS {
	name := "migrations/sqlite"
	if postgres {
		name = "migrations/postgres"
	}
	sub, err := fs.Sub(migrations, name)
	if err != nil {
		panic("db: embedded migrations: " + err.Error())
	}
	return sub
}

// Migrate brings the schema up to date. Nodes that start together wait for each other. A schema that is newer than this
// program is left as it is, and said: a release's schema serves the release before, so that nodes can be replaced one by one.
func (d *DB) Migrate(ctx context.Context) error {
	_, err := d.Up(ctx)
	return err
}

// Up is Migrate and says how many migrations it applied.
func (d *DB) Up(ctx context.Context) (applied int, err error) {
	err = d.withProvider(func(p *goose.Provider) error {
		done, err := p.Up(ctx)
		if err != nil {
			return fmt.Errorf("db: migration: %w", err)
		}
		if applied = len(done); applied > 0 {
			d.log.Info("schema is up to date", "migrations", applied, "version", done[applied-1].Source.Version)
		}
		has, knows, err := p.GetVersions(ctx)
		if err != nil {
			return fmt.Errorf("db: migration: %w", err)
		}
		if has > knows {
			d.log.Warn("the database's schema is newer than this program: the release before that schema works with it, older ones may not; "+
				"replace this program soon", "schema", has, "known", knows)
		}
		return nil
	})
	return applied, err
}

func (d *DB) withProvider(fn func(*goose.Provider) error) error {
	pool, dialect := d.writer, goose.DialectSQLite3
	quiet := slog.New(slog.DiscardHandler)
	opts := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(quiet)}
	if d.postgres {
		var err error
		// A pool of its own: a long migration must not meet the time limits of requests.
		if pool, err = primaryPool(d.url, nil, stdlib.OptionAfterConnect(watched)); err != nil {
			return err
		}
		defer func(p *sql.DB) { _ = p.Close() }(pool)
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600)) // looks every second, for ten minutes
		if err != nil {
			return err
		}
		dialect, opts = goose.DialectPostgres, append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, pool, d.files, opts...)
	if err != nil {
		return fmt.Errorf("db: migrations: %w", err)
	}
	return fn(p)
}
