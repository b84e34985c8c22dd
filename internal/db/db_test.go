package db_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
)

// scratch makes a table for tests; both engines take the same text.
func scratch(t *testing.T, d *db.DB) {
	t.Helper()
	bytes := "blob"
	if d.Postgres() {
		bytes = "bytea"
	}
	err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE scratch (id text NOT NULL PRIMARY KEY, n bigint, s text, at bigint, on_day text, flag boolean,
			raw ` + bytes + `, state text CHECK (state IN ('a', 'b')))`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB) int {
	t.Helper()
	n, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (int, error) {
		return db.Value[int](tx, `SELECT count(*) FROM scratch`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type mood string

type everything struct {
	id    uuid.UUID
	n     int
	s     mood
	at    time.Time
	day   clock.Date
	flag  bool
	bytes []byte
}

func TestValuesComeBackAsTheyWent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		summer := time.FixedZone("x", 7200)
		full := everything{db.NewID(), -7, "å\"'", time.Date(2026, 7, 1, 12, 0, 0, 123456000, summer), clock.NewDate(2027, 5, 31), true, []byte{0, 1, 255}}
		empty := everything{id: db.NewID()}
		for _, want := range []everything{full, empty} {
			got, err := db.Write(t.Context(), d, func(_ context.Context, tx *db.Tx) (everything, error) {
				if _, err := tx.Exec(`INSERT INTO scratch (id, n, s, at, on_day, flag, raw) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
					want.id, want.n, want.s, want.at, want.day, want.flag, want.bytes); err != nil {
					return everything{}, err
				}
				return db.One(tx, func(r db.Row) (e everything, err error) {
					err = r.Scan(&e.id, &e.n, &e.s, &e.at, &e.day, &e.flag, &e.bytes)
					return e, err
				}, `SELECT id, n, s, at, on_day, flag, raw FROM scratch WHERE id = $1`, want.id)
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.id != want.id || got.n != want.n || got.s != want.s || !got.at.Equal(want.at) || got.day != want.day ||
				got.flag != want.flag || string(got.bytes) != string(want.bytes) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if !want.at.IsZero() && got.at.Location() != time.UTC {
				t.Errorf("time in %v", got.at.Location())
			}
		}
		nulls, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (int, error) {
			return db.Value[int](tx, `SELECT count(*) FROM scratch WHERE at IS NULL AND on_day IS NULL AND raw IS NULL`)
		})
		if err != nil || nulls != 1 {
			t.Errorf("%d rows with NULL, %v", nulls, err)
		}
	})
}

func TestNullsGiveZeroValues(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		got, err := db.Write(t.Context(), d, func(_ context.Context, tx *db.Tx) (everything, error) {
			if _, err := tx.Exec(`INSERT INTO scratch (id) VALUES ($1)`, "x"); err != nil {
				return everything{}, err
			}
			return db.One(tx, func(r db.Row) (e everything, err error) {
				e = everything{n: 1, s: "x", at: time.Now(), day: clock.NewDate(2026, 1, 1), flag: true, bytes: []byte("x")}
				err = r.Scan(&e.n, &e.s, &e.at, &e.day, &e.flag, &e.bytes)
				return e, err
			}, `SELECT n, s, at, on_day, flag, raw FROM scratch`)
		})
		if err != nil || got.n != 0 || got.s != "" || !got.at.IsZero() || !got.day.IsZero() || got.flag || got.bytes != nil {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// Parameters bind by number on both drivers. Drivers that bind by order would pass every other test.
func TestParametersBindByNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		got, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (string, error) {
			return db.Value[string](tx, `SELECT CAST($2 AS text) || CAST($1 AS text) || CAST($2 AS text)`, "a", "b")
		})
		if err != nil || got != "bab" {
			t.Errorf("%q %v", got, err)
		}
	})
}

func TestSumsAreNumbers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		got, err := db.Write(t.Context(), d, func(_ context.Context, tx *db.Tx) (int64, error) {
			if _, err := tx.Exec(`INSERT INTO scratch (id, n) VALUES ('a', 40), ('b', 2)`); err != nil {
				return 0, err
			}
			return db.Value[int64](tx, `SELECT sum(n) FROM scratch`)
		})
		if err != nil || got != 42 {
			t.Errorf("%d %v", got, err)
		}
	})
}

func TestErrorsAreTheSameOnBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		insert := `INSERT INTO scratch (id, state) VALUES ($1, $2)`
		exec := func(query string, args ...any) error {
			return db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec(query, args...)
				return err
			})
		}
		if err := exec(insert, "1", "a"); err != nil {
			t.Fatal(err)
		}
		cases := []struct {
			name, query string
			args        []any
			want        db.Problem
		}{
			{"same key", insert, []any{"1", "a"}, db.Unique},
			{"unknown state", insert, []any{"2", "c"}, db.Check},
			{"missing value", insert, []any{nil, "a"}, db.NotNull},
			{"foreign key", `INSERT INTO journal_pending (entry_id) VALUES (99)`, nil, db.Foreign},
			{"no such table", `SELECT * FROM nowhere`, nil, db.Other},
		}
		for _, c := range cases {
			err := exec(c.query, c.args...)
			var e *db.Error
			if !errors.As(err, &e) || e.Problem != c.want {
				t.Errorf("%s: %v", c.name, err)
			}
			if db.IsUnique(err) != (c.want == db.Unique) {
				t.Errorf("%s: IsUnique is wrong", c.name)
			}
		}
		for _, bad := range []string{"a\x00b", "\xff"} {
			if err := exec(insert, bad, "a"); !fault.Has(err, "db.text_malformed") {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestOneAndValue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			if _, err := db.Value[string](tx, `SELECT id FROM scratch`); !errors.Is(err, db.ErrNoRows) {
				t.Errorf("none: %v", err)
			}
			if _, err := tx.Exec(`INSERT INTO scratch (id) VALUES ('a'), ('b')`); err != nil {
				return err
			}
			ids, err := db.Rows(tx, db.Column[string], `SELECT id FROM scratch WHERE id IN (`+db.List(1, 2)+`) ORDER BY id`, db.Anys([]string{"a", "b"})...)
			if err != nil || strings.Join(ids, "") != "ab" {
				t.Errorf("%v %v", ids, err)
			}
			_, err = db.Value[string](tx, `SELECT id FROM scratch`)
			return err
		})
		if err == nil || errors.Is(err, db.ErrNoRows) {
			t.Errorf("two rows where one is expected: %v", err)
		}
	})
}

func TestAFailedTransactionRefusesEverything(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(`INSERT INTO scratch (id) VALUES ('a')`); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO scratch (id) VALUES ('a')`); !db.IsUnique(err) {
				t.Errorf("first: %v", err)
			}
			if _, err := tx.Exec(`INSERT INTO scratch (id) VALUES ('b')`); !db.IsUnique(err) {
				t.Errorf("the next statement ran: %v", err)
			}
			return nil // swallowed, and still nothing may be committed
		})
		if !db.IsUnique(err) || count(t, d) != 0 {
			t.Errorf("%v, %d rows", err, count(t, d))
		}
	})
}

func TestReadersCanNotWriteAndSeeOneSnapshot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		_, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (int64, error) {
			return tx.Exec(`INSERT INTO scratch (id) VALUES ('a')`)
		})
		var e *db.Error
		if !errors.As(err, &e) || e.Problem != db.ReadOnly {
			t.Errorf("a reader wrote: %v", err)
		}
		_, err = db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (int, error) {
			before, err := db.Value[int](tx, `SELECT count(*) FROM scratch`)
			if err != nil {
				return 0, err
			}
			if err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO scratch (id) VALUES ('b')`)
				return err
			}); err != nil {
				return 0, err
			}
			after, err := db.Value[int](tx, `SELECT count(*) FROM scratch`)
			if before != after {
				t.Errorf("%d rows, then %d", before, after)
			}
			return after, err
		})
		if err != nil || count(t, d) != 1 {
			t.Errorf("%v, %d rows", err, count(t, d))
		}
	})
}

func TestASecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "kv.db")
	first, err := db.Open(t.Context(), db.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), db.Options{Path: path}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("second: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := db.Open(t.Context(), db.Options{Path: path})
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := db.Open(t.Context(), db.Options{}); err == nil {
		t.Error("opened nothing")
	}
}

func TestAddressesWithPasswordsAreNotQuoted(t *testing.T) {
	_, err := db.Open(t.Context(), db.Options{URL: "postgres://u:hemligt@host:99999999/x"})
	if err == nil || strings.Contains(err.Error(), "hemligt") {
		t.Errorf("%v", err)
	}
}

func TestMigrateTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if n, err := d.Up(t.Context()); err != nil || n != 0 {
			t.Errorf("%d applied again, %v", n, err)
		}
	})
	d, err := db.Open(t.Context(), db.Options{Path: filepath.Join(t.TempDir(), "new.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // a test's file
	if n, err := d.Up(t.Context()); err != nil || n == 0 {
		t.Errorf("an empty database got %d migrations, %v", n, err)
	}
}
