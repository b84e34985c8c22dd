package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/kortverk/kortverk/internal/fault"
)

// ErrNoRows is One's and Value's answer when there is none.
var ErrNoRows = sql.ErrNoRows

// Problem is what a statement ran into.
type Problem string

// The problems that callers may want to tell apart.
const (
	Other    Problem = "other"
	Unique   Problem = "unique"
	Foreign  Problem = "foreign_key"
	Check    Problem = "check"
	NotNull  Problem = "not_null"
	ReadOnly Problem = "read_only"
)

// Error is a statement's error, the same on both engines. Its text is for the log.
type Error struct {
	Problem Problem
	Query   string // its beginning; never its arguments
	cause   error
}

// Error says what happened, in the engine's words unless these could quote a value.
func (e *Error) Error() string {
	return "db: " + string(e.Problem) + ": " + causeText(e.cause) + " (" + e.Query + ")"
}

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.cause }

// IsUnique reports whether err is the violation of a primary key or unique index.
func IsUnique(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Problem == Unique
}

// normalise turns a driver's error into ours.
func normalise(query string, err error) error {
	var known *Error
	var told *fault.Error
	var connect *pgconn.ConnectError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.As(err, &told), errors.Is(err, sql.ErrNoRows):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &connect):
		return err // a deadline while connecting is the pool's own
	}
	e := &Error{Problem: Other, Query: head(query), cause: err}
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var net net.Error
	switch {
	case errors.As(err, &lite):
		return e.ofSQLite(lite.Code())
	case errors.As(err, &pg):
		return e.ofPostgres(pg.Code)
	case errors.As(err, &net), errors.As(err, &connect), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone), pgconn.SafeToRetry(err):
		return unavailable(e)
	}
	return e
}

// ofSQLite reads an extended result code: sqlite.org/rescode.html.
func (e *Error) ofSQLite(code int) error {
	switch code {
	case 2067, 1555, 2579: // UNIQUE, PRIMARYKEY, ROWID
		e.Problem = Unique
	case 787, 1811: // FOREIGNKEY, TRIGGER
		e.Problem = Foreign
	case 275:
		e.Problem = Check
	case 1299:
		e.Problem = NotNull
	}
	switch code & 0xff {
	case 5, 6: // BUSY, LOCKED
		return fault.New(fault.Unavailable, "db.busy").Because(e)
	case 8: // READONLY
		e.Problem = ReadOnly
	case 7, 10, 13, 14: // NOMEM, IOERR, FULL, CANTOPEN
		return unavailable(e)
	}
	return e
}

// ofPostgres reads an SQLSTATE: PostgreSQL's appendix A.
func (e *Error) ofPostgres(code string) error {
	switch code {
	case "23505":
		e.Problem = Unique
	case "23503":
		e.Problem = Foreign
	case "23514":
		e.Problem = Check
	case "23502":
		e.Problem = NotNull
	case "25006":
		e.Problem = ReadOnly
	case "40001", "40P01", "55P03": // serialization, deadlock, lock timeout
		return fault.New(fault.Unavailable, "db.busy").Because(e)
	case "57014": // statement timeout
		return unavailable(e)
	}
	switch {
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "53"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "58"):
		return unavailable(e)
	}
	return e
}

func unavailable(cause error) error {
	return fault.New(fault.Unavailable, "db.unavailable").Because(cause)
}

// causeText leaves out what could quote a value: PostgreSQL's data errors (class 22) and its details do.
func causeText(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if strings.HasPrefix(pg.Code, "22") {
			return "SQLSTATE " + pg.Code
		}
		return pg.Message + " (SQLSTATE " + pg.Code + ")"
	}
	return err.Error()
}

// head is the beginning of a query on one line.
func head(query string) string {
	q := strings.Join(strings.Fields(query), " ")
	if len(q) > 100 {
		q = q[:100] + "…"
	}
	return q
}
