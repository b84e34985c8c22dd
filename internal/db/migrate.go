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

// Migrate brings the schema up to date. Nodes that start together wait for each other.
func (d *DB) Migrate(ctx context.Context) error {
	return d.withProvider(func(p *goose.Provider) error {
		done, err := p.Up(ctx)
		if err != nil {
			return fmt.Errorf("db: migration: %w", err)
		}
		if len(done) > 0 {
			d.log.Info("schema is up to date", "migrations", len(done), "version", done[len(done)-1].Source.Version)
		}
		return nil
	})
}

// Pending returns the number of migrations that the database lacks.
func (d *DB) Pending(ctx context.Context) (n int, err error) {
	err = d.withProvider(func(p *goose.Provider) error {
		all, err := p.Status(ctx)
		for _, m := range all {
			if m.State == goose.StatePending {
				n++
			}
		}
		return err
	})
	return n, err
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
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		dialect, opts = goose.DialectPostgres, append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, pool, Migrations(d.postgres), opts...)
	if err != nil {
		return fmt.Errorf("db: migrations: %w", err)
	}
	return fn(p)
}
