package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"

	"modernc.org/sqlite"
)

// sqliteDriver keeps prepared statements on each connection, as pgx does for PostgreSQL: parsing and planning cost SQLite
// more than finding a row. Callers go on writing plain queries.
const sqliteDriver = "kortverk-sqlite"

func init() { sql.Register(sqliteDriver, preparing{&sqlite.Driver{}}) }

// maxStatements per connection; a program has fewer queries than that. When there are more, all are let go.
const maxStatements = 400

type preparing struct{ driver.Driver }

func (p preparing) Open(name string) (driver.Conn, error) {
	c, err := p.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	inner, ok := c.(engineConn)
	if !ok {
		return nil, errors.Join(errors.New("db: the SQLite driver lacks what is needed of it"), c.Close())
	}
	return &preparedConn{engineConn: inner, reader: strings.Contains(name, "mode=ro"), kept: map[string]*kept{}}, nil
}

// engineConn is what database/sql uses of the driver's connection.
type engineConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// preparedConn is a connection with its statements. Like all of them it serves one goroutine at a time.
type preparedConn struct {
	engineConn
	reader bool
	kept   map[string]*kept
}

type kept struct {
	engineStmt
	busy bool // its rows are being read
}

type engineStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keepable are the statements that may run any number of times. A PRAGMA may do its work when it is prepared, and a change
// of the schema runs once.
var keepable = []string{"SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH ", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT ", "RELEASE "}

// statement is the kept one for a query; nil where there can't be one, or it is being read.
func (c *preparedConn) statement(ctx context.Context, query string) (*kept, error) {
	if k := c.kept[query]; k != nil {
		if k.busy {
			return nil, nil
		}
		return k, nil
	}
	if !isKeepable(query) {
		return nil, nil
	}
	if len(c.kept) >= maxStatements && !c.letGo() {
		return nil, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	e, ok := s.(engineStmt)
	if !ok {
		return nil, s.Close()
	}
	k := &kept{engineStmt: e}
	c.kept[query] = k
	return k, nil
}

func isKeepable(query string) bool {
	for _, word := range keepable {
		if strings.HasPrefix(query, word) {
			return true
		}
	}
	return false
}

// letGo closes all statements, unless one is being read.
func (c *preparedConn) letGo() bool {
	for _, k := range c.kept {
		if k.busy {
			return false
		}
	}
	for _, k := range c.kept {
		_ = k.Close() // its last run has answered already
	}
	clear(c.kept)
	return true
}

// Close closes the statements first: SQLite doesn't close a connection that has some.
func (c *preparedConn) Close() error {
	for _, k := range c.kept {
		_ = k.Close()
	}
	clear(c.kept)
	return c.engineConn.Close()
}

// ExecContext implements driver.ExecerContext.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	k, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.engineConn.ExecContext(ctx, query, args)
	}
	return k.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	k, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return c.engineConn.QueryContext(ctx, query, args)
	}
	rows, err := k.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	k.busy = true
	return &keptRows{rows, k}, nil
}

// keptRows give the statement back when they are closed.
type keptRows struct {
	driver.Rows
	of *kept
}

func (r *keptRows) Close() error {
	r.of.busy = false
	return r.Rows.Close()
}

// BeginTx implements driver.ConnBeginTx. A reader's transaction begins and ends in memory, so nobody need be able to
// interrupt that; watching for it would cost a goroutine each time.
func (c *preparedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if !c.reader {
		return c.engineConn.BeginTx(ctx, opts)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return readTx{c}, c.run("BEGIN")
}

func (c *preparedConn) run(query string) error {
	_, err := c.ExecContext(context.Background(), query, nil)
	return err
}

type readTx struct{ c *preparedConn }

// Commit leaves no transaction behind, also when it fails.
func (t readTx) Commit() error {
	err := t.c.run("COMMIT")
	if err != nil {
		_ = t.c.run("ROLLBACK") // the first error counts
	}
	return err
}

func (t readTx) Rollback() error { return t.c.run("ROLLBACK") }
