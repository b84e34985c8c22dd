package endlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/endlog"
)

var at = time.Date(2026, 11, 21, 5, 0, 0, 123456000, time.UTC)

func open(t *testing.T, path string) *endlog.Log {
	t.Helper()
	l, err := endlog.Open(path, dbtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func read(t *testing.T, path string) endlog.Content {
	t.Helper()
	c, err := endlog.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func add(t *testing.T, l *endlog.Log, subject string, revision int64) {
	t.Helper()
	if err := l.Append(endlog.Line{Subject: subject, State: "blocked", Revision: revision, At: at, Reason: "lost"}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsAppendedIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), endlog.Name)
	if c := read(t, path); c.Mark() != "" || len(c.Lines) > 0 {
		t.Errorf("no file: %+v", c)
	}
	l := open(t, path)
	begin := read(t, path).Mark()
	add(t, l, "BB-1234-567897", 3)
	middle := read(t, path).Mark()
	add(t, l, "a\nforged line", 4)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path)
	add(t, l, "BB-1234-567897", 5)
	c := read(t, path)
	if len(c.Lines) != 3 || c.Lines[0] != (endlog.Line{Subject: "BB-1234-567897", State: "blocked", Revision: 3, At: at, Reason: "lost"}) ||
		c.Lines[1].Subject != "a_forged_line" {
		t.Errorf("%+v", c.Lines)
	}
	for mark, want := range map[string]int{begin: 3, middle: 2, c.Mark(): 0} {
		if lines, ok := c.After(mark); !ok || len(lines) != want {
			t.Errorf("after %s: %d lines, %v", mark, len(lines), ok)
		}
	}
	if _, ok := c.After("0000000000000000"); ok {
		t.Error("a mark of another file")
	}
}

// One sync serves many, and each line is there once.
func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), endlog.Name)
	l := open(t, path)
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			for n := range 10 {
				if err := l.Append(endlog.Line{Subject: fmt.Sprintf("BB-%d", i), State: "blocked", Revision: int64(n), At: at}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	seen := map[string]int64{}
	for _, l := range read(t, path).Lines {
		if seen[l.Subject] != l.Revision {
			t.Fatalf("%s: %d after %d", l.Subject, l.Revision, seen[l.Subject])
		}
		seen[l.Subject]++
	}
	if len(seen) != 64 {
		t.Errorf("%d subjects", len(seen))
	}
}

// Half a line at the end is what a crash leaves, and is cut off. Anything else that is altered is found.
func TestCutsAndFlips(t *testing.T) {
	path := filepath.Join(t.TempDir(), endlog.Name)
	l := open(t, path)
	for i := range 5 {
		add(t, l, "BB-1234-567897", int64(i))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ends := bytes.Count(whole, []byte("\n"))
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		c := read(t, path)
		if want := max(0, bytes.Count(whole[:n], []byte("\n"))-1); len(c.Lines) != want {
			t.Fatalf("cut at %d: %d lines", n, len(c.Lines))
		}
		for bit := range 8 {
			bad := bytes.Clone(whole)
			bad[n] ^= 1 << bit
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := endlog.Read(path)
			if err == nil && len(c.Lines)+1 >= ends {
				t.Fatalf("bit %d of byte %d: not found", bit, n)
			}
		}
	}
	if err := os.WriteFile(path, whole[:len(whole)-7], 0o600); err != nil {
		t.Fatal(err)
	}
	add(t, open(t, path), "BB-9", 9)
	if c := read(t, path); len(c.Lines) != 5 || c.Lines[4].Subject != "BB-9" {
		t.Errorf("after a crash: %+v", c.Lines)
	}
}

// A file that was altered is put aside; the new one can't be taken for it.
func TestABrokenFileIsPutAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), endlog.Name)
	add(t, open(t, path), "BB-1", 1)
	old := read(t, path).Mark()
	data, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, bytes.Replace(data, []byte("blocked"), []byte("activee"), 1), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := endlog.Read(path); !errors.Is(err, endlog.ErrBroken) {
		t.Error(err)
	}
	add(t, open(t, path), "BB-2", 1)
	c := read(t, path)
	if _, ok := c.After(old); ok || len(c.Lines) != 1 {
		t.Errorf("%+v", c)
	}
	if aside, err := filepath.Glob(path + ".broken-*"); err != nil || len(aside) != 1 {
		t.Errorf("%v, %v", aside, err)
	}
}
