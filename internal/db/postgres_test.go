package db_test

import (
	"context"
	"net"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
)

// A connection whose server takes no writes any more is left at the first write that it refuses: the writer may try
// again, and the next one gets another connection.
func TestAConnectionThatTurnsOutReadOnlyIsLeft(t *testing.T) {
	t.Parallel()
	o := dbtest.Options(t, dbtest.Postgres)
	o.ReadConns = 1
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	write := func(query string) error {
		return db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(query)
			return err
		})
	}
	if err := write(`SET default_transaction_read_only = on`); err != nil {
		t.Fatal(err)
	}
	const change = `INSERT INTO journal_cursor (name, position) VALUES ('test', 1)`
	if err := write(change); !fault.Has(err, "db.unavailable") {
		t.Fatalf("a write on a read-only session: %v, want db.unavailable", err)
	}
	if err := write(change); err != nil {
		t.Fatalf("the write after it: %v", err)
	}
}

// A server that takes connections and says nothing is unavailable after a moment, as one that can't be reached is.
func TestAServerThatSaysNothingIsUnavailable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test is over
	if _, err := db.Open(t.Context(), db.Options{URL: "postgres://x@" + l.Addr().String() + "/x"}); !fault.Has(err, "db.unavailable") {
		t.Errorf("%v, want db.unavailable", err)
	}
}

// A server that takes no writes isn't connected to at all.
func TestAServerThatTakesNoWritesIsNotConnectedTo(t *testing.T) {
	t.Parallel()
	o := dbtest.Options(t, dbtest.Postgres)
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	name, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (string, error) {
		return db.Value[string](tx, `SELECT current_database()`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.SQL().Exec(`ALTER DATABASE ` + name + ` SET default_transaction_read_only = on`); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if d, err := db.Open(t.Context(), o); !fault.Has(err, "db.unavailable") {
		if err == nil {
			_ = d.Close()
		}
		t.Fatalf("opened: %v, want db.unavailable", err)
	}
	readable, err := db.OpenReadOnly(t.Context(), o)
	if err != nil {
		t.Fatalf("to look at it: %v", err)
	}
	if err := readable.Close(); err != nil {
		t.Error(err)
	}
}
