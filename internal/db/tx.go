package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
)

// Tx is a running transaction, for one goroutine.
type Tx struct {
	// Now is the business time of everything that happens in this transaction.
	Now time.Time

	ctx     context.Context
	db      *DB
	q       querier
	write   bool
	ended   bool
	err     error // the first database error
	after   []func()
	signals map[string]bool
}

// querier is what *sql.Tx and *sql.Conn have in common.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Row is one row that is being read.
type Row interface{ Scan(dest ...any) error }

type txKey struct{ db *DB }

// begin makes a Tx and the context that its function gets, which knows that it is inside.
func (d *DB) begin(ctx context.Context, q querier, write bool) (context.Context, *Tx) {
	tx := &Tx{Now: d.clock.Now(), db: d, q: q, write: write}
	tx.ctx = context.WithValue(ctx, txKey{d}, tx)
	return tx.ctx, tx
}

// refuseNesting panics when ctx is that of a running transaction: it would wait for itself.
func (d *DB) refuseNesting(ctx context.Context, what string) {
	if tx, ok := ctx.Value(txKey{d}).(*Tx); ok && !tx.ended {
		panic("db: " + what + " inside a transaction; use the function that takes the *db.Tx")
	}
}

// Postgres reports whether the engine is PostgreSQL.
func (tx *Tx) Postgres() bool { return tx.db.postgres }

// Exec runs a statement and returns the number of rows that it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	values, err := tx.ready(query, args)
	if err != nil {
		return 0, err
	}
	res, err := tx.q.ExecContext(tx.ctx, query, values...)
	if err != nil {
		return 0, tx.fail(query, err)
	}
	n, err := res.RowsAffected()
	return n, tx.fail(query, err)
}

// Must1 runs a guarded statement that must change exactly one row: none is the conflict. More than one is
// an error of the program, and fails the transaction.
func (tx *Tx) Must1(conflict *fault.Error, query string, args ...any) error {
	n, err := tx.Exec(query, args...)
	switch {
	case err != nil:
		return err
	case n == 0:
		return conflict
	case n > 1:
		return tx.fail(query, fmt.Errorf("changed %d rows instead of one", n))
	}
	return nil
}

// AfterCommit has fn called once the transaction is committed, before Write returns. A panic in fn is logged;
// the commit stands. fn is a hint to listeners in this process and must not be needed for correctness.
func (tx *Tx) AfterCommit(fn func()) {
	if !tx.write {
		panic("db: AfterCommit in a Read")
	}
	tx.after = append(tx.after, fn)
}

// Signal wakes the topic's subscribers of this process after the commit, once however often it is called.
func (tx *Tx) Signal(topic string) {
	if tx.signals[topic] {
		return
	}
	if tx.signals == nil {
		tx.signals = make(map[string]bool, 2)
	}
	tx.signals[topic] = true
	tx.AfterCommit(func() { tx.db.hub.signal(topic) })
}

// ready checks that the transaction still takes statements, and converts the arguments.
func (tx *Tx) ready(query string, args []any) ([]any, error) {
	if tx.ended {
		return nil, errors.New("db: the transaction has ended")
	}
	if tx.err != nil {
		return nil, fmt.Errorf("db: the transaction has failed already: %w", tx.err)
	}
	values, err := arguments(args)
	if err != nil {
		return nil, err
	}
	if tx.write {
		tx.db.before(tx.ctx, query)
	}
	return values, nil
}

// fail remembers the first error.
func (tx *Tx) fail(query string, err error) error {
	err = normalise(query, err)
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return err
}

// Rows reads all rows of a query.
func Rows[T any](tx *Tx, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	values, err := tx.ready(query, args)
	if err != nil {
		return nil, err
	}
	rows, err := tx.q.QueryContext(tx.ctx, query, values...)
	if err != nil {
		return nil, tx.fail(query, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	var all []T
	for rows.Next() {
		v, err := scan(row{rows})
		if err != nil {
			return nil, tx.fail(query, err)
		}
		all = append(all, v)
	}
	if err := rows.Err(); err != nil {
		return nil, tx.fail(query, err)
	}
	return all, nil
}

// One reads the one row of a query. None is ErrNoRows; several are an error of the program.
func One[T any](tx *Tx, scan func(Row) (T, error), query string, args ...any) (T, error) {
	var none T
	all, err := Rows(tx, scan, query, args...)
	switch {
	case err != nil:
		return none, err
	case len(all) == 0:
		return none, ErrNoRows
	case len(all) > 1:
		return none, tx.fail(query, fmt.Errorf("found %d rows instead of one", len(all)))
	}
	return all[0], nil
}

// Value reads the one column of the one row of a query. None is ErrNoRows.
func Value[T any](tx *Tx, query string, args ...any) (T, error) {
	return One(tx, Column[T], query, args...)
}

// Column scans rows that have one column; for Rows.
func Column[T any](r Row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// List writes n parameters from $first on, for IN (…): List(2, 3) is "$2, $3, $4".
func List(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String()
}

// Anys makes arguments of a list, for List.
func Anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// Prefixed returns a Row that reads its first columns into first and the others into what Scan is given, so that
// one scan function serves queries with and without more columns in front.
func Prefixed(r Row, first ...any) Row { return prefixed{r, first} }

type prefixed struct {
	row   Row
	first []any
}

func (p prefixed) Scan(dest ...any) error {
	return p.row.Scan(append(append([]any{}, p.first...), dest...)...)
}
