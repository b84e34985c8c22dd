package model

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

const (
	stepsEach = 60               // commands that are drawn for a history, on average; more than half don't fit
	eachRound = 10               // histories in one pair of databases
	shortFor  = 25 * time.Second // how long new rounds begin without KV_STEPS
)

func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(eachRound), "rapid.steps": strconv.Itoa(stepsEach)} {
		if flag.Lookup(name).Value.String() == flag.Lookup(name).DefValue {
			if err := flag.Set(name, value); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(m.Run())
}

// The services on both engines answer as the reference does, and show the same, after every step of random histories.
// KV_STEPS is how many steps; without it, half a minute.
func TestWalk(t *testing.T) {
	steps, began, done, total := 0, time.Now(), map[string]int{}, 0
	if s := os.Getenv("KV_STEPS"); s != "" {
		var err error
		if steps, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for round := 0; total < steps || steps == 0 && time.Since(began) < shortFor; round++ {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			rigs := []*rig{newRig(t, dbtest.SQLite), newRig(t, dbtest.Postgres)}
			rapid.Check(t, func(rt *rapid.T) {
				w := &walk{rt: rt, rigs: rigs, done: done}
				for _, r := range rigs {
					r.begin()
				}
				w.head()
				rt.Repeat(w.commands())
				total += w.steps
			})
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d steps on each engine, %v\n%v", total, time.Since(began).Round(time.Second), done)
}

// walk is one history.
type walk struct {
	rt    *rapid.T
	ref   reference
	rigs  []*rig
	steps int
	done  map[string]int // how often a command was answered how
}

// step asks the reference and both engines, and compares the answers and what can be seen afterwards.
func (w *walk) step(what string, reference func() string, product func(*rig) string) {
	for _, r := range w.rigs {
		if err := r.clock.Advance(time.Millisecond); err != nil { // so that no two things are at the same time
			w.rt.Fatal(err)
		}
	}
	w.ref.now += time.Millisecond
	w.steps++
	want := reference()
	w.rt.Logf("%s: %q", what, want)
	word, _, _ := strings.Cut(what, " ")
	w.done[word+" "+want]++
	for _, r := range w.rigs {
		if got := product(r); got != want {
			w.rt.Fatalf("%s: %s answers %q, expected %q", what, r.engine, got, want)
		}
	}
	w.compare(what)
}

func (w *walk) compare(what string) {
	for _, r := range w.rigs {
		for i, l := range w.ref.lines {
			want := l.facts()
			for _, it := range l.items {
				want += fmt.Sprintf(" | %s in %s", it.state, w.ref.batches[it.batch].facts())
			}
			if l.card != nil {
				want += " | " + w.ref.cardFacts(l.card)
			}
			if got := r.facts(i, l.who); got != want {
				w.rt.Fatalf("%s: on %s line %d is\n%s\nexpected\n%s", what, r.engine, i, got, want)
			}
		}
		want := int64(w.ref.notices)
		for _, l := range w.ref.lines {
			want += int64(l.notices)
		}
		if got := r.count("production_notice WHERE settled_at IS NULL") - r.notices; got != want {
			w.rt.Fatalf("%s: on %s %d notices, expected %d", what, r.engine, got, want)
		}
	}
	if a, b := w.rigs[0], w.rigs[1]; a.count("journal_entry")-a.logs != b.count("journal_entry")-b.logs {
		w.rt.Fatalf("%s: the journals have got different numbers of entries", what)
	}
}

// line draws one of the lines; a history without any goes on with another command.
func (w *walk) line() (int, *refLine) {
	if len(w.ref.lines) == 0 {
		w.rt.Skip()
	}
	i := rapid.IntRange(0, len(w.ref.lines)-1).Draw(w.rt, "line")
	return i, w.ref.lines[i]
}

// unfinished draws a line that people still work on, and sometimes another.
func (w *walk) unfinished() (int, *refLine) {
	i, l := w.line()
	if !l.waiting() && !w.rarely("settled") {
		w.rt.Skip()
	}
	return i, l
}

// card draws a line that has a card.
func (w *walk) card() (int, *refLine) {
	i, l := w.line()
	if l.card == nil {
		w.rt.Skip()
	}
	return i, l
}

// rarely is true one time in eight.
func (w *walk) rarely(label string) bool {
	return rapid.IntRange(0, 7).Draw(w.rt, label) == 7
}

// seen is the revision that somebody decides on: mostly the one that is.
func (w *walk) seen(rev int) int {
	if w.rarely("stale") {
		return rev - 1
	}
	return rev
}
