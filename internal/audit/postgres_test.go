package audit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/kortverk/kortverk/internal/audit"
	"github.com/kortverk/kortverk/internal/audit/audittest"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// PostgreSQL's own tools, as docs/operations says: what was dumped comes back whole, and is well.
func TestDumpAndRestoreOfPostgreSQL(t *testing.T) {
	for _, program := range []string{"pg_dump", "pg_restore"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("KV_REQUIRE") != "" {
				t.Fatal(err)
			}
			t.Skipf("PostgreSQL's client programs are missing: %v", err)
		}
	}
	from, to := dbtest.Options(t, dbtest.Postgres), dbtest.Options(t, dbtest.Postgres)
	d, err := db.Open(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	audittest.New(t, d).Fill(t)
	want := run(t, d)
	dump := filepath.Join(t.TempDir(), "kort.dump")
	for _, args := range [][]string{
		{"pg_dump", "-Fc", "-f", dump, "-d", from.URL},
		{"pg_restore", "--exit-on-error", "--no-owner", "--clean", "--if-exists", "-d", to.URL, dump}, // over an empty schema
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}
	back, err := db.OpenReadOnly(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	got, err := audit.Run(t.Context(), back)
	if err != nil || len(got.Findings) > 0 || got.Well() != want.Well() {
		t.Errorf("%v: %v\n%s\n%s", err, got.Findings, got.Well(), want.Well())
	}
	if err := db.Do(t.Context(), back, nil); err == nil {
		t.Error("a database that was opened for reading takes a write")
	}
}
