package harness

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Release is the database that a release left, kept in test/upgrade/testdata.
type Release struct {
	Facts
	Dir string
}

// Facts are what a release answered about its database.
type Facts struct {
	Schema    int64
	Companies map[string]string // the cast's name → id
	Reader    string            // a reader's key
	Cookies   map[string]string // alva's browser, signed in
	Cards     []KeptCard
	States    map[string]int64 // "order_line draft" → rows
	Rows      map[string]int64 // table → rows, of tables that nothing leaves by itself
}

// KeptCard is one that a reader asked about.
type KeptCard struct{ Holder, Number, Reason, ValidUntil string }

// Kept finds what a release left on an engine; for packages beside test/upgrade.
func Kept(t testing.TB, name, engine string) Release {
	t.Helper()
	r := Release{Dir: filepath.Join("..", "upgrade", "testdata", name, engine)}
	data, err := os.ReadFile(filepath.Join(r.Dir, "facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r.Facts); err != nil {
		t.Fatal(err)
	}
	return r
}

// Number is the number of somebody's card.
func (r Release) Number(t testing.TB, holder string) string {
	t.Helper()
	for _, c := range r.Cards {
		if c.Holder == holder {
			return c.Number
		}
	}
	t.Fatalf("no card of %s", holder)
	return ""
}

// Unpack is the content of one of its packed files.
func (r Release) Unpack(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(r.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Keys copies its sealing keys to a file.
func (r Release) Keys(t testing.TB, file string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.Dir, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

var psqlOnly = regexp.MustCompile(`(?m)^\\.*$`)

// Load runs the statements of PostgreSQL's dump in an empty database.
func (r Release) Load(t testing.TB, address string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // the test goes on without it
	dump := bytes.TrimSpace(psqlOnly.ReplaceAll(r.Unpack(t, "dump.sql.gz"), nil))
	if _, err := conn.PgConn().Exec(t.Context(), string(dump)).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// Has tells a sandbox which companies the release has.
func (r Release) Has(s *Sandbox) {
	for cast, id := range r.Companies {
		s.Companies = append(s.Companies, struct{ Cast, ID, Name string }{Cast: cast, ID: id})
	}
}
