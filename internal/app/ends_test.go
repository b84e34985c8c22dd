package app

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/audit"
	"github.com/kortverk/kortverk/internal/audit/audittest"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/endlog"
	"github.com/kortverk/kortverk/internal/seal"
)

// keeping is a node's database and journal of ends, without its pages.
type keeping struct {
	t    *testing.T
	data string
	keys string
	a    *App
}

// life opens the database of a folder with the listeners that a node has.
func (k *keeping) life(data string, cards *card.Service, s services) {
	k.t.Helper()
	k.data = data
	s.cards = cards
	k.a = &App{cfg: Config{Data: data}, log: dbtest.Log(k.t), db: k.a.db, services: s}
	if err := k.a.logEnds(); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keeping) run(args ...string) (string, int) {
	k.t.Helper()
	var out bytes.Buffer
	code := Main(k.t.Context(), "test", args, &out, &out)
	return out.String(), code
}

func (k *keeping) restore(backup string, more ...string) string {
	k.t.Helper()
	data := filepath.Join(k.t.TempDir(), "data")
	out, code := k.run(append([]string{"restore", backup, "--data", data, "--key-file", k.keys}, more...)...)
	if code != 0 {
		k.t.Fatalf("restore: %s", out)
	}
	k.t.Log(out)
	return data
}

// look opens a database beside whoever else has it; write has it alone.
func (k *keeping) look(data string) *db.DB { return k.with(db.OpenReadOnly, data) }

func (k *keeping) write(data string) *db.DB { return k.with(db.Open, data) }

func (k *keeping) with(open func(context.Context, db.Options) (*db.DB, error), data string) *db.DB {
	k.t.Helper()
	d, err := open(k.t.Context(), db.Options{Path: Config{Data: data}.SQLitePath(), Log: dbtest.Log(k.t)})
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = d.Close() })
	return d
}

func (k *keeping) answers(d *db.DB, cards map[string]card.Card) map[string]string {
	k.t.Helper()
	out := map[string]string{}
	for name, c := range cards {
		a, err := check.New(d).Check(k.t.Context(), c.Number)
		if err != nil {
			k.t.Fatal(err)
		}
		public, err := check.New(d).Public(k.t.Context(), c.Number)
		if err != nil || public != a.Valid {
			k.t.Errorf("%s: %v in public, %v", name, public, err)
		}
		out[name] = string(a.Reason)
	}
	r, err := audit.Run(k.t.Context(), d)
	if err != nil || len(r.Findings) > 0 {
		k.t.Errorf("audit: %v %v", err, r.Findings)
	}
	return out
}

func (k *keeping) same(what string, got, want map[string]string) {
	k.t.Helper()
	if !maps.Equal(got, want) {
		k.t.Errorf("%s:\n%v\nwant\n%v", what, got, want)
	}
}

func newKeeping(t *testing.T) (*keeping, *audittest.Scheme, *db.DB) {
	t.Helper()
	k := &keeping{t: t, a: &App{}, keys: filepath.Join(t.TempDir(), "keys.json")}
	data := t.TempDir()
	if err := seal.Create(k.keys); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dbtest.Options(t, dbtest.SQLite).Path, Config{Data: data}.SQLitePath()); err != nil {
		t.Fatal(err)
	}
	k.a.db = k.write(data)
	s := audittest.New(t, k.a.db)
	s.Fill(t)
	k.life(data, s.Cards, services{companies: s.Companies})
	return k, s, k.a.db
}

func (k *keeping) backup(name string) string {
	k.t.Helper()
	file := filepath.Join(k.t.TempDir(), name)
	if out, code := k.run("backup", file, "--data", k.data, "--key-file", k.keys); code != 0 {
		k.t.Fatal(out)
	}
	return file
}

// Rows: R21. What was blocked, ended or held after the backup doesn't come back active: with the journal of ends every card
// answers as before, without it what could have changed answers unknown until somebody confirms it.
func TestBlocksAfterTheBackupStay(t *testing.T) {
	k, s, d := newKeeping(t)
	ctx := t.Context()
	officer := actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
	must := func(c card.Card, err error) card.Card {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	atBackup := k.answers(d, s.Made)
	file := k.backup("one")
	must(s.Cards.Block(ctx, s.Orderer, s.Made["active"].ID, s.Made["active"].Revision, card.ReasonStolen, ""))
	must(s.Cards.Unblock(ctx, s.Orderer, s.Made["blocked"].ID, s.Made["blocked"].Revision, ""))
	must(s.Cards.Terminate(ctx, s.Orderer, s.Made["unblocked"].ID, s.Made["unblocked"].Revision, card.ReasonLost, ""))
	must(s.Cards.Terminate(ctx, s.Orderer, s.Made["produced"].ID, s.Made["produced"].Revision, card.ReasonOther, "på väg bort"))
	c := must(s.Cards.Block(ctx, s.Orderer, s.Made["replacement"].ID, s.Made["replacement"].Revision, card.ReasonLost, ""))
	must(s.Cards.Unblock(ctx, s.Orderer, c.ID, c.Revision, ""))
	holder := actor.Actor{Role: actor.Cardholder, Person: s.Made["remade"].Person, Account: db.NewID()}
	a, err := s.Cards.Activate(ctx, holder, s.Made["remade"].ID, s.Made["remade"].Number.LastSix(), time.Now())
	must(a.Card, err)
	must(s.Cards.Block(ctx, s.Orderer, a.Card.ID, a.Card.Revision, card.ReasonLost, ""))
	before := k.answers(d, s.Made)
	if before["active"] != "blocked" || before["unblocked"] != "terminated" || before["replacement"] != "ok" || before["blocked"] != "ok" {
		t.Fatalf("%v", before)
	}
	want := maps.Clone(before)
	want["remade"] = "unknown" // its activation, and so its PIN, is lost; it was blocked: somebody has to look
	given := k.restore(file, "--ends", k.a.cfg.endsPath())
	k.same("with the journal of ends", k.answers(k.look(given), s.Made), want)

	k.without(file, atBackup, s)

	// A company's hold counts as well, and the journal is found beside where the database was.
	if _, err := s.Companies.Hold(ctx, officer, s.Company.ID, "unpaid", ""); err != nil {
		t.Fatal(err)
	}
	held := k.answers(d, s.Made)
	if held["replacement"] != "company_suspended" {
		t.Fatalf("%v", held)
	}
	held["remade"] = "unknown"
	found := filepath.Join(t.TempDir(), "data")
	copyEnds(t, k.a.cfg.endsPath(), found)
	if out, code := k.run("restore", file, "--data", found, "--key-file", k.keys); code != 0 {
		t.Fatal(out)
	}
	k.same("held", k.answers(k.look(found), s.Made), held)

	k.secondLife(file, given, s)
}

// without the journal of ends everything that could have changed is unknown until it is confirmed.
func (k *keeping) without(file string, atBackup map[string]string, s *audittest.Scheme) {
	t := k.t
	bare := k.restore(file)
	doubt := maps.Clone(atBackup)
	for name, answer := range doubt {
		if answer == "ok" || answer == "not_activated" {
			doubt[name] = "unknown"
		}
	}
	k.same("without", k.answers(k.look(bare), s.Made), doubt)
	out, code := k.run("restore", "confirm", "--data", bare, "--by", "Maj", strings.ToLower(string(s.Made["replacement"].Number)))
	if code != 0 || !strings.Contains(out, "1 cards are confirmed; 4 still answer unknown") {
		t.Errorf("confirm: %s", out)
	}
	for _, args := range [][]string{{string(s.Made["replacement"].Number)}, {"BB-1"}, {}, {"--all", string(s.Made["active"].Number)}} {
		if out, code := k.run(append([]string{"restore", "confirm", "--data", bare, "--by", "Maj"}, args...)...); code != 1 {
			t.Errorf("%v: %s", args, out)
		}
	}
	if out, code := k.run("restore", "confirm", "--data", bare, "--by", "Maj", "--all"); code != 0 {
		t.Errorf("confirm: %s", out)
	}
	k.same("confirmed", k.answers(k.look(bare), s.Made), atBackup)
}

// secondLife: what happens after a restore counts, although revisions begin again from what the backup had.
func (k *keeping) secondLife(file, data string, s *audittest.Scheme) {
	t := k.t
	d := k.write(data)
	cards := card.New(d, s.Keeper, card.Config{})
	k.a.db = d
	k.life(data, cards, services{companies: s.Companies})
	load := func(name string) card.Card {
		c, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (card.Card, error) { return card.ByIDTx(ctx, tx, s.Made[name].ID) })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, step := range []func() error{
		func() error {
			c := load("active")
			_, err := cards.Unblock(t.Context(), s.Orderer, c.ID, c.Revision, "")
			return err
		},
		func() error {
			c := load("replacement")
			_, err := cards.Block(t.Context(), s.Orderer, c.ID, c.Revision, card.ReasonStolen, "")
			return err
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := k.answers(d, s.Made)
	if want["active"] != "ok" || want["replacement"] != "blocked" {
		t.Fatalf("%v", want)
	}
	again := k.restore(file, "--ends", k.a.cfg.endsPath())
	k.same("the second life", k.answers(k.look(again), s.Made), want)
}

func copyEnds(t *testing.T, from, folder string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, endlog.Name), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A journal of ends that doesn't belong to the backup is never believed.
func TestAnotherJournalOfEndsIsRefused(t *testing.T) {
	k, s, _ := newKeeping(t)
	file := k.backup("one")
	other := filepath.Join(t.TempDir(), endlog.Name)
	l, err := endlog.Open(other, dbtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(endlog.Line{Subject: string(s.Made["active"].Number), State: "terminated", Revision: 99, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	for path, says := range map[string]string{other: "doesn't continue from this backup", filepath.Join(t.TempDir(), "none"): "there is no journal of ends"} {
		out, code := k.run("restore", file, "--data", data, "--key-file", k.keys, "--ends", path)
		if code != 1 || !strings.Contains(out, says) {
			t.Errorf("%d: %s", code, out)
		}
		if left, _ := os.ReadDir(data); len(left) > 0 {
			t.Errorf("something was left: %v", left)
		}
	}
	// Found beside it, it is named, and everything is in doubt.
	copyEnds(t, other, data)
	out, code := k.run("restore", file, "--data", data, "--key-file", k.keys)
	if code != 0 || !strings.Contains(out, "doesn't continue from this backup") || !strings.Contains(out, "cards answer unknown") {
		t.Errorf("%d: %s", code, out)
	}
}

// Of several lives the last one counts, and within one the highest revision.
func TestLatest(t *testing.T) {
	line := func(subject, state string, revision int64) endlog.Line {
		return endlog.Line{Subject: subject, State: state, Revision: revision}
	}
	got := latest([]endlog.Line{
		line("a", "blocked", 3), line("b", "blocked", 5), line("b", "active", 4), line("c", "terminated", 9),
		line(endlog.Restored, "-", 0), line("a", "active", 2), line("b", "terminated", 2),
	})
	want := []endlog.Line{line("a", "active", 0), line("b", "terminated", 0), line("c", "terminated", 9)}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
}

// A change that was committed when the process was killed, before its line was written, gets it at the next start; what is
// written already isn't written again.
func TestACrashBeforeTheLineOfAnEnd(t *testing.T) {
	k, s, _ := newKeeping(t) // changed everything before the journal of ends was opened
	said := func() (map[string]string, int) {
		c, err := endlog.Read(k.a.cfg.endsPath())
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, l := range c.Lines {
			out[l.Subject] = l.State
		}
		return out, len(c.Lines)
	}
	states, lines := said()
	for name, c := range s.Made {
		want := string(c.State)
		if c.State == card.Produced {
			want = ""
		}
		if got := states[string(c.Number)]; got != want {
			t.Errorf("%s: the journal of ends says '%s', and it is '%s'", name, got, want)
		}
	}
	if got := states[companyPrefix+s.Company.ID.String()]; got != "open" {
		t.Errorf("the company is '%s' in the journal of ends", got)
	}
	if err := k.a.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, again := said(); again != lines || lines == 0 {
		t.Errorf("%d lines, and %d after another start", lines, again)
	}
}
