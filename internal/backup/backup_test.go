package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/audit"
	"github.com/kortverk/kortverk/internal/audit/audittest"
	"github.com/kortverk/kortverk/internal/backup"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/seal"
)

// live is a filled database whose file is known, and a key file. (The database's own seals are of another: what is
// restored is compared sealed.)
func live(t *testing.T) (*db.DB, *audittest.Scheme, backup.Source) {
	t.Helper()
	o := dbtest.Options(t, dbtest.SQLite)
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	s := audittest.New(t, d)
	s.Fill(t)
	return d, s, backup.Source{Database: o.Path, KeyFile: newKeys(t), Program: "test"}
}

func newKeys(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := seal.Create(file); err != nil {
		t.Fatal(err)
	}
	return file
}

func write(t *testing.T, from backup.Source) (string, backup.Manifest) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kort.backup")
	m, err := backup.Write(t.Context(), from, file)
	if err != nil {
		t.Fatal(err)
	}
	return file, m
}

func target(t *testing.T, keys string) backup.Target {
	t.Helper()
	return backup.Target{Database: filepath.Join(t.TempDir(), "data", "kortverk.db"), KeyFile: keys}
}

func answers(t *testing.T, d *db.DB) map[string]string {
	t.Helper()
	numbers, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], `SELECT number FROM card_number ORDER BY number`)
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, n := range numbers {
		a, err := check.New(d).Check(t.Context(), card.Number(n))
		if err != nil {
			t.Fatal(err)
		}
		out[n] = fmt.Sprint(a.Valid, a.Reason, a.CardType, a.ValidUntil)
	}
	return out
}

// Rows: R20. While cards change, a backup is one moment, and whoever restores it finds every card as it was then.
func TestBackupWhileEverybodyWrites(t *testing.T) {
	d, s, from := live(t)
	before := answers(t, d)
	stop, stopped, turns := make(chan struct{}), make(chan error, 1), 0
	go func() {
		c := s.Made["active"]
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			var err error
			if turns++; turns%2 == 1 {
				c, err = s.Cards.Block(context.Background(), s.Orderer, c.ID, c.Revision, card.ReasonLost, "")
			} else {
				c, err = s.Cards.Unblock(context.Background(), s.Orderer, c.ID, c.Revision, "")
			}
			if err != nil {
				stopped <- err
				return
			}
			_, _ = s.Sequencer.Step(context.Background())
		}
	}()
	for range 3 {
		file, m := write(t, from)
		to := target(t, from.KeyFile)
		if got, err := backup.Restore(t.Context(), file, to); err != nil || got.DatabaseSHA256 != m.DatabaseSHA256 {
			t.Fatalf("%v: %+v", err, got)
		}
		back, err := db.Open(t.Context(), db.Options{Path: to.Database, Log: dbtest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		after := answers(t, back)
		if len(after) != len(before) || int(m.Cards) != len(s.Made) {
			t.Errorf("%d numbers and %d cards, and %d numbers came back", len(before), m.Cards, len(after))
		}
		for n, a := range before {
			if n != string(s.Made["active"].Number) && after[n] != a {
				t.Errorf("%s answered %s, and now %s", n, a, after[n])
			}
		}
		r, err := audit.Run(t.Context(), back)
		if err != nil || len(r.Findings) > 0 {
			t.Errorf("%v: %v", err, r.Findings)
		}
		blobs(t, d, back)
		if err := back.Close(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-stopped; err != nil || turns < 20 {
		t.Errorf("%v after %d changes", err, turns)
	}
	t.Logf("%d changes meanwhile", turns)
}

// blobs: pictures are in the backup, sealed as they were.
func blobs(t *testing.T, a, b *db.DB) {
	t.Helper()
	var all [2][]string
	for i, d := range []*db.DB{a, b} {
		var err error
		all[i], err = db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]string, error) {
			return db.Rows(tx, db.Column[string], `SELECT id || hex(sealed) FROM blob ORDER BY id`)
		})
		if err != nil || len(all[i]) == 0 {
			t.Fatal(err)
		}
	}
	if strings.Join(all[0], "") != strings.Join(all[1], "") {
		t.Error("the pictures are others")
	}
}

// Rows: R22. Whatever bit flips, and wherever a file is cut, nothing is restored and nothing is written.
func TestEveryFlippedBitIsFound(t *testing.T) {
	_, _, from := live(t)
	file, _ := write(t, from)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad")
	refused := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		to := target(t, from.KeyFile)
		if m, err := backup.Restore(t.Context(), bad, to); err == nil {
			t.Errorf("%s: restored %+v", what, m)
		}
		if _, err := os.Stat(filepath.Dir(to.Database)); err == nil {
			t.Errorf("%s: something was written", what)
		}
	}
	r := rand.New(rand.NewPCG(3, 7))
	var places []int
	for range 200 {
		places = append(places, r.IntN(len(whole)))
	}
	for i := range 200 { // the beginning and the end, where the format is
		places = append(places, i*3, len(whole)-1-i)
	}
	for _, i := range places {
		data := bytes.Clone(whole)
		bit := byte(1) << r.IntN(8)
		data[i] ^= bit
		refused(fmt.Sprintf("byte %d, bit %02x", i, bit), data)
	}
	for range 50 {
		n := r.IntN(len(whole))
		refused(fmt.Sprintf("cut at %d", n), whole[:n])
	}
	refused("something appended", append(bytes.Clone(whole), '\n'))
	refused("empty", nil)
	refused("not a backup", bytes.Repeat([]byte("SQLite format 3\x00"), 100))
	refused("another format", bytes.Replace(whole, []byte("kortverk-backup-1"), []byte("kortverk-backup-2"), 1))
	if _, err := backup.Verify(t.Context(), file); err != nil {
		t.Errorf("the whole one: %v", err)
	}
}

// What a person has to put right is said in words, and nothing is written.
func TestRefusalsSayWhatToDo(t *testing.T) {
	d, _, from := live(t)
	older := newKeys(t)
	copyFile(t, from.KeyFile, older)
	keys, err := seal.Open(from.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	file, m := write(t, from)
	full := target(t, "")
	if err := errors.Join(os.MkdirAll(filepath.Dir(full.Database), 0o700), os.WriteFile(full.Database, []byte("mine"), 0o600)); err != nil {
		t.Fatal(err)
	}
	newer := from
	newer.Database = filepath.Join(t.TempDir(), "newer.db")
	if err := db.SnapshotSQLite(t.Context(), from.Database, newer.Database); err != nil {
		t.Fatal(err)
	}
	future(t, newer.Database)
	newerFile, _ := write(t, newer)
	for _, c := range []struct {
		name, file string
		to         backup.Target
		says       string
	}{
		{"a folder with something in it", file, full, "is not empty (kortverk.db is in it)"},
		{"somebody else's keys", file, target(t, newKeys(t)), "needs the key file with the id " + m.KeyID},
		{"an old copy of the keys", file, target(t, older), "lacks a key that was added later"},
		{"no such keys", file, target(t, "none.json"), "none.json"},
		{"a newer schema", newerFile, target(t, from.KeyFile), "is of a newer version: its schema is 99"},
		{"no such file", "none.backup", target(t, from.KeyFile), "none.backup"},
	} {
		_, err := backup.Restore(t.Context(), c.file, c.to)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := os.Stat(c.to.Database); err == nil && c.to.Database != full.Database {
			t.Errorf("%s: something was written", c.name)
		}
	}
	if left, err := os.ReadFile(full.Database); err != nil || string(left) != "mine" {
		t.Errorf("what was there: %q, %v", left, err)
	}
	if _, err := backup.Write(t.Context(), from, file); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a backup over another: %v", err)
	}
	if d.Postgres() || time.Since(m.MadeAt) > time.Hour || m.Schema == 0 {
		t.Errorf("%+v", m)
	}
	// The old keys open a backup of before the rotation, and without a key file the manifest says which is needed.
	if _, err := backup.Restore(t.Context(), file, target(t, "")); err != nil || !strings.Contains(m.Needs(), filepath.Base(from.KeyFile)) {
		t.Errorf("%v, %s", err, m.Needs())
	}
}

// A restore that fails at its end leaves nothing that looks like a database.
func TestAFailureLeavesNoDatabase(t *testing.T) {
	_, _, from := live(t)
	file, _ := write(t, from)
	to := target(t, from.KeyFile)
	boom := fault.New(fault.Internal, "test.boom")
	to.Finish = func(context.Context, string, backup.Manifest) error { return boom }
	if _, err := backup.Restore(t.Context(), file, to); !errors.Is(err, boom) {
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Dir(to.Database))
	if err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// future gives a database a migration that this program doesn't know.
func future(t *testing.T, path string) {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{Path: path, Log: dbtest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
		return err
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
}
