package db_test

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// Both engines have the same migrations, tables, columns, types, nullability, keys and indexes.
func TestSchemasAreTheSame(t *testing.T) {
	if lite, pg := files(t, false), files(t, true); !slices.Equal(lite, pg) {
		t.Errorf("migrations differ:\n sqlite   %v\n postgres %v", lite, pg)
	}
	lite, pg := dbtest.New(t, dbtest.SQLite), dbtest.New(t, dbtest.Postgres)
	for _, what := range []struct {
		name     string
		lite, pg string
	}{
		{"columns", sqliteColumns, postgresColumns},
		{"indexes", sqliteIndexes, postgresIndexes},
		{"unique keys", sqliteUnique, postgresUnique},
		{"foreign keys", sqliteForeign, postgresForeign},
	} {
		a, b := lines(t, lite, what.lite), lines(t, pg, what.pg)
		if len(a) == 0 {
			t.Errorf("no %s found", what.name)
		}
		for _, s := range a {
			if !slices.Contains(b, s) {
				t.Errorf("%s: only SQLite has %s", what.name, s)
			}
		}
		for _, s := range b {
			if !slices.Contains(a, s) {
				t.Errorf("%s: only PostgreSQL has %s", what.name, s)
			}
		}
	}
}

const (
	sqliteColumns = `SELECT m.name || '.' || c.name || ' ' || lower(c.type) || CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' not null' ELSE '' END
		|| coalesce(' default ' || c.dflt_value, '')
		FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version'`
	postgresColumns = `SELECT table_name || '.' || column_name || ' ' || data_type || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END
		|| coalesce(' default ' || column_default, '')
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'goose_db_version'`

	sqliteIndexes = `SELECT m.name || ' on ' || i.name || CASE WHEN i."unique" = 1 THEN ' unique' ELSE '' END || CASE WHEN i.partial = 1 THEN ' partial' ELSE '' END
		|| ' (' || (SELECT group_concat(coalesce(x.name, 'expression'), ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) x) || ')'
		FROM sqlite_schema m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'c' AND m.name <> 'goose_db_version'`
	postgresIndexes = `SELECT t.relname || ' on ' || c.relname || CASE WHEN i.indisunique THEN ' unique' ELSE '' END || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END
		|| ' (' || (SELECT string_agg(coalesce(a.attname, 'expression'), ',' ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k(num, n)
			LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.num) || ')'
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace
		WHERE s.nspname = 'public' AND t.relname <> 'goose_db_version' AND NOT EXISTS (SELECT 1 FROM pg_constraint x WHERE x.conindid = c.oid AND x.contype IN ('p', 'u'))`

	// SQLite keeps a single integer key without an index, so keys are compared by their columns.
	sqliteUnique = `SELECT m.name || ' (' || (SELECT group_concat(x.name, ',') FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) x) || ')'
		FROM sqlite_schema m, pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin IN ('u', 'pk') AND m.name <> 'goose_db_version'
		UNION SELECT m.name || ' (' || (SELECT group_concat(x.name, ',') FROM (SELECT name FROM pragma_table_info(m.name) WHERE pk > 0 ORDER BY pk) x) || ')'
		FROM sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'goose_db_version'
			AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE pk > 0)`
	postgresUnique = `SELECT t.relname || ' (' || (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(x.conkey) WITH ORDINALITY AS k(num, n)
			JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.num) || ')'
		FROM pg_constraint x JOIN pg_class t ON t.oid = x.conrelid JOIN pg_namespace s ON s.oid = t.relnamespace
		WHERE s.nspname = 'public' AND x.contype IN ('p', 'u') AND t.relname <> 'goose_db_version'`

	sqliteForeign = `SELECT m.name || '.' || f."from" || ' to ' || f."table" || ' ' || lower(f.on_delete)
		FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`
	postgresForeign = `SELECT t.relname || '.' || a.attname || ' to ' || r.relname || ' ' ||
			CASE x.confdeltype WHEN 'a' THEN 'no action' WHEN 'c' THEN 'cascade' WHEN 'r' THEN 'restrict' WHEN 'n' THEN 'set null' ELSE 'set default' END
		FROM pg_constraint x JOIN pg_class t ON t.oid = x.conrelid JOIN pg_class r ON r.oid = x.confrelid, unnest(x.conkey) AS k(num), pg_attribute a
		WHERE x.contype = 'f' AND a.attrelid = x.conrelid AND a.attnum = k.num`
)

func files(t *testing.T, postgres bool) []string {
	t.Helper()
	names, err := fs.Glob(db.Migrations(postgres), "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	return names
}

// same are the words that stand for each other, and the one wanted difference: identity columns.
var same = strings.NewReplacer("journal_entry.id integer", "journal_entry.id bigint", " blob", " bytes", " bytea", " bytes",
	"::text", "", "::bigint", "", " default (", " default ", "')", "'")

func lines(t *testing.T, d *db.DB, query string) []string {
	t.Helper()
	got, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], query)
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", query, err))
	}
	for i, s := range got {
		got[i] = same.Replace(s)
	}
	return got
}
