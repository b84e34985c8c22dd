// Package db opens the database, reads and writes it, and brings its schema up to date.
//
// Two engines stand behind one interface: SQLite (the default, inside the process) and PostgreSQL. There is
// one SQL text for both, written beside the Go that uses it, with $1 parameters. What may differ is what
// db.Postgres and tx.Postgres are asked for. The portable subset: text, bigint, boolean, bytea (blob in
// SQLite), ON CONFLICT, RETURNING, partial indexes; no now(), JSON only as text.
//
// # Reading and writing
//
// Everything runs inside Write (or Do, the same without a result) or Read. Both hand a *Tx to a function:
//
//	line, err := db.Write(ctx, d, func(ctx context.Context, tx *db.Tx) (Line, error) {
//		line, err := db.One(tx, scanLine, `SELECT … FROM line WHERE id = $1`, id)
//		if err != nil {
//			return Line{}, err
//		}
//		return line, tx.Must1(errChanged, `UPDATE line SET state = $1 … WHERE id = $2 AND revision = $3`, …)
//	})
//
// Write waits for its turn under the caller's context. Once it runs, it can't be cancelled: the context that
// its function gets has no end. A function that returns an error or panics leaves nothing behind. Write
// and Read never nest; a call with the context of a running transaction panics. Pictures, cryptography and
// the network stay outside: on SQLite everybody else waits.
//
// On SQLite, waiting members share one transaction, each in a savepoint, so that one sync to the disk
// serves many. Nobody is answered before the common COMMIT. When that, or a savepoint's end, fails, everybody
// in the group gets the failure, and nothing runs again by itself. On PostgreSQL a Write is a plain
// read-committed transaction. So a state change must be guarded by its WHERE (state and revision) with Must1.
//
// Nobody waits for ever: a Write that doesn't get its turn within ten seconds is refused with db.busy, and nothing of it
// has happened. What was marked with Reserve has connections of its own, and doesn't wait behind those who load pages.
//
// A Read sees one snapshot on both engines.
//
// Options.Before is told of every statement of a Write before it runs. Nothing in production sets it; test/interleave
// stops one Write there while others run.
//
// A Tx has only calls that read all their rows, and refuses everything after its first database error, because
// PostgreSQL does so: where a violation is expected, write ON CONFLICT.
//
// # Values
//
// Conversions happen here and nowhere else. Arguments: time.Time is stored as bigint microseconds UTC (zero:
// NULL), uuid.UUID as text (Nil: NULL), clock.Date as ISO text (zero: NULL); strings, bytes, booleans,
// integers, and types made of them, as they are. Text that is not UTF-8 or contains a NUL is refused with the
// fault db.text_malformed on both engines. Destinations of Scan: the same types; NULL gives the zero value.
//
// # Errors
//
// A query's error is an *Error (IsUnique tells the expected one), a fault db.busy or db.unavailable when
// trying again may help, or ErrNoRows. A COMMIT whose outcome isn't known is db.commit_unknown.
//
// # Migrations
//
// migrations/sqlite and migrations/postgres hold the same numbers and names, in goose's format with only the
// Up part: schema changes go forward (expand, migrate, contract) and a released file is never changed. A test
// compares the two schemas.
package db
