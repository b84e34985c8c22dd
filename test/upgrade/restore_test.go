package upgrade

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/test/harness"
)

var engines = []string{dbtest.SQLite, dbtest.Postgres}

// place is a database of a release on this machine.
type place struct {
	harness.Release
	t      *testing.T
	engine string
	dir    string
	url    string // PostgreSQL's
}

// restore brings a release's database back, as that release left it.
func restore(t *testing.T, engine, release string) *place {
	t.Helper()
	p := &place{t: t, engine: engine, dir: t.TempDir(), Release: harness.Kept(t, release, engine)}
	p.Keys(t, filepath.Join(p.dir, "keys.json"))
	if err := os.Mkdir(filepath.Join(p.dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if engine == dbtest.SQLite {
		write(t, p.file(), p.Unpack(t, "kortverk.db.gz"))
		return p
	}
	p.url = dbtest.Empty(t)
	p.Load(t, p.url)
	return p
}

func (p *place) file() string { return filepath.Join(p.dir, "data", "kortverk.db") }

// env is what every command needs to be told.
func (p *place) env() []string {
	env := []string{
		"KORTVERK_DATA=" + filepath.Join(p.dir, "data"), "KORTVERK_KEY_FILE=" + filepath.Join(p.dir, "keys.json"),
		"KORTVERK_ADMIN_ADDR=localhost:0", "KORTVERK_SANDBOX=1", "KORTVERK_BATCH_EVERY=2s",
	}
	if p.url != "" {
		env = append(env, "KORTVERK_DATABASE_URL="+p.url)
	}
	return env
}

// serve runs a program on it with a world beside it; file "" is today's.
func (p *place) serve(file string) *harness.Sandbox {
	p.t.Helper()
	addr := harness.FreeAddr(p.t)
	s, settings := harness.Beside(p.t, p.dir, "http://"+addr, p.Reader)
	s.File = file
	p.Has(s)
	s.Launch("serve", append(append(p.env(), "KORTVERK_ADDR="+addr, "KORTVERK_BASE_URL=http://"+addr), settings...))
	s.Wait("the product", s.Ready)
	return s
}

// open opens it for looking at and for arranging, as another program would.
func (p *place) open() *sql.DB {
	p.t.Helper()
	driver, address := "pgx", p.url
	if p.engine == dbtest.SQLite {
		driver, address = "sqlite", "file:"+p.file()+"?_pragma=busy_timeout(5000)"
	}
	d, err := sql.Open(driver, address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = d.Close() })
	return d
}

func (p *place) exec(query string) {
	p.t.Helper()
	d := p.open()
	if _, err := d.Exec(query); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	_ = d.Close()
}

// look opens it as the product's readers do.
func (p *place) look() *db.DB {
	p.t.Helper()
	o := db.Options{URL: p.url}
	if p.url == "" {
		o.Path = p.file()
	}
	d, err := db.OpenReadOnly(p.t.Context(), o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = d.Close() })
	return d
}

// run runs a command to its end and answers what it printed and how it went.
func (p *place) run(file string, args ...string) (string, error) {
	p.t.Helper()
	cmd := p.command(file, args...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (p *place) command(file string, args ...string) *exec.Cmd {
	p.t.Helper()
	if file == "" {
		var err error
		if file, err = harness.Binary(); err != nil {
			p.t.Fatal(err)
		}
	}
	cmd := exec.Command(file, args...)
	cmd.Env = append(os.Environ(), p.env()...)
	return cmd
}

func (p *place) must(file string, args ...string) string {
	p.t.Helper()
	out, err := p.run(file, args...)
	if err != nil {
		p.t.Fatalf("kortverk %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// next is the command that brings a database to what the next release could need: this test's own program, with the
// migrations of testdata/next behind today's.
func (p *place) next() *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "KV_NEXT_RELEASE="+p.engine, "KV_NEXT_FILE="+p.file(), "KV_NEXT_URL="+p.url)
	return cmd
}

func (p *place) mustNext() {
	p.t.Helper()
	if out, err := p.next().CombinedOutput(); err != nil {
		p.t.Fatalf("the next release's migrations: %v\n%s", err, out)
	}
}

// nextRelease is what that program does.
func nextRelease(engine string) error {
	o := db.Options{URL: os.Getenv("KV_NEXT_URL")}
	if o.URL == "" {
		o.Path = os.Getenv("KV_NEXT_FILE")
	}
	all := fstest.MapFS{}
	for _, from := range []fs.FS{db.Migrations(o.URL != ""), os.DirFS(filepath.Join("testdata", "next", engine))} {
		names, err := fs.Glob(from, "*.sql")
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := fs.ReadFile(from, name)
			if err != nil {
				return err
			}
			all[name] = &fstest.MapFile{Data: data}
		}
	}
	o.Migrations = all
	d, err := db.Open(context.Background(), o)
	if err != nil {
		return err
	}
	return errors.Join(d.Migrate(context.Background()), d.Close())
}
