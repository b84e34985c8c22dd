package db_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// TestKeptStatements: a statement that SQLite keeps prepared survives a change of the schema, more queries than are kept,
// and itself being run while its rows are read.
func TestKeptStatements(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	exec := func(query string) {
		t.Helper()
		if err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
			t.Fatal(query, err)
		}
	}
	rows := func(query string, want int) {
		t.Helper()
		got, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]int64, error) { return db.Rows(tx, db.Column[int64], query) })
		if err != nil || len(got) != want {
			t.Fatal(query, got, err)
		}
	}
	exec(`CREATE TABLE kept (n bigint NOT NULL)`)
	for range 3 {
		exec(`INSERT INTO kept (n) VALUES (1)`)
	}
	rows(`SELECT n FROM kept`, 3)
	exec(`CREATE INDEX kept_n ON kept (n)`)
	exec(`ALTER TABLE kept ADD COLUMN more text`)
	exec(`INSERT INTO kept (n) VALUES (1)`)
	rows(`SELECT n FROM kept`, 4)
	for i := range 1000 {
		rows(fmt.Sprintf(`SELECT n FROM kept WHERE n = %d`, i), map[bool]int{true: 4}[i == 1])
	}

	conn, err := d.SQL().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	outer, err := conn.QueryContext(t.Context(), `SELECT n FROM kept`)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	for n := 1; outer.Next(); n++ {
		var inner int
		if err := conn.QueryRowContext(t.Context(), `SELECT n FROM kept`).Scan(&inner); err != nil || inner != 1 || n > 4 {
			t.Fatal(inner, n, err)
		}
	}
	if err := outer.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestAFailedStatementIsKeptWell: what fails once goes on working.
func TestAFailedStatementIsKeptWell(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	insert := func(n int) error {
		return db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO journal_cursor (name, position) VALUES ('kept', $1)`, n)
			return err
		})
	}
	if err := insert(1); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := insert(2); !db.IsUnique(err) {
			t.Error(err)
		}
	}
	if err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM journal_cursor`); return err }); err != nil {
		t.Fatal(err)
	}
	if err := insert(3); err != nil {
		t.Error(err)
	}
}
