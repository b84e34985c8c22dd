package interleave

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
)

// command is something that somebody or something does. who is 0 for the first of a pair and 1 for the second, for
// commands that two people can give.
type command struct {
	name string
	do   func(ctx context.Context, who int) error
	// quiet: work that runs by itself and leaves what another has done meanwhile without a word.
	quiet bool
	// attempt: it is refused whatever happens, and counted.
	attempt bool
	// series: it is many transactions, between which others may do theirs.
	series bool
	// told: what it may say in a race instead, as right as what it says afterwards.
	told string
}

// scene is a state and the commands that are tried in it.
type scene struct {
	name     string
	stage    *stage
	commands []command
	// show says what there is, a fact on each line.
	show func(tx *db.Tx) ([]string, error)
	// expect says from the tables of states whether each of the two does something when they come one after the other,
	// and the state that is left. nil: nothing but that they explain each other is asked.
	expect func(first, second command, whoFirst int) (ok1, ok2 bool, state string)
}

// outcome is what became of a pair.
type outcome struct {
	err  [2]error // by who
	left string
}

func (o outcome) String() string {
	return fmt.Sprintf("first: %s, second: %s\n%s", said(o.err[0]), said(o.err[1]), o.left)
}

// said is what somebody was told, "done" when it went well.
func said(err error) string {
	if err == nil {
		return "done"
	}
	var codes []string
	for _, e := range fault.All(err) {
		if c := fault.CodeOf(e); c != "" && !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	if len(codes) == 0 {
		return "ERROR " + err.Error()
	}
	return strings.Join(codes, "+")
}

func (sc *scene) look() string {
	sc.stage.t.Helper()
	facts, err := db.Read(context.WithoutCancel(sc.stage.t.Context()), sc.stage.d, func(_ context.Context, tx *db.Tx) ([]string, error) { return sc.show(tx) })
	if err != nil {
		sc.stage.t.Fatal(err)
	}
	return strings.Join(facts, "\n")
}

func as(c command, who int) func(context.Context) error {
	return func(ctx context.Context) error { return c.do(ctx, who) }
}

// serial runs commands one after the other, and returns the statements of each as well. who gave the first.
func (sc *scene) serial(who int, cs ...command) (outcome, [][]string) {
	s := sc.stage
	s.rewind()
	var o outcome
	var traces [][]string
	for i, c := range cs {
		r := s.start(as(c, (who+i)%2), -1)
		s.end(r)
		o.err[(who+i)%2], traces = r.err, append(traces, r.trace)
	}
	o.left = sc.look()
	return o, traces
}

// overlap stops a before its statement k, lets b run until it ends or waits for a, and then both to their ends.
func (sc *scene) overlap(a, b command, k int) outcome {
	s := sc.stage
	s.rewind()
	ra := s.start(as(a, 0), k)
	select {
	case <-ra.reached:
	case <-ra.done:
		s.t.Errorf("%s: %s took another way the second time", sc.name, a.name)
	}
	rb := s.start(as(b, 1), -1)
	s.settle(rb, ra)
	close(ra.resume)
	s.end(ra)
	s.end(rb)
	return outcome{[2]error{ra.err, rb.err}, sc.look()}
}

// tally counts what was tried.
type tally struct{ pairs, interleavings int }

// run tries them all, counts them, and compares what those who came too late are told with the table in testdata.
func (sc *scene) run(t *testing.T, engine string) {
	n, table := sc.all(t)
	t.Log(n.pairs, "pairs,", n.interleavings, "interleavings")
	countMu.Lock()
	counts[engine+" "+sc.name] = n
	countMu.Unlock()
	if n.pairs == 0 || t.Failed() || !sc.whole() {
		return
	}
	name, text := filepath.Join("testdata", pathOf(sc.name)+".txt"), strings.Join(table, "\n")+"\n"
	if os.Getenv("KV_INTERLEAVE") == "update" {
		must(t, os.WriteFile(name, []byte(text), 0o644))
		return
	}
	want, err := os.ReadFile(name)
	must(t, err)
	if text != string(want) {
		t.Errorf("%s says otherwise what people are told who come too late; got\n%s", name, text)
	}
}

// whole reports whether every pair is tried in both orders: always on PostgreSQL, and on SQLite, where one writes at a time,
// when asked for.
func (sc *scene) whole() bool { return sc.stage.d.Postgres() || os.Getenv("KV_INTERLEAVE") != "" }

// all tries every ordered pair in every way. It returns a line for each pair of which either can be done alone, but the
// second not after the first: what the second is told.
func (sc *scene) all(t *testing.T) (tally, []string) {
	sc.stage.keep()
	var n tally
	var table []string
	nothing := sc.look()
	alone := map[string]outcome{}
	for _, c := range sc.commands {
		for who := range 2 {
			o, _ := sc.serial(who, c)
			alone[fmt.Sprint(c.name, who)] = o
		}
	}
	if os.Getenv("KV_INTERLEAVE") == "alone" {
		return n, nil
	}
	for i, a := range sc.commands {
		for j, b := range sc.commands {
			if !sc.whole() && i > j {
				continue // the pair was tried the other way round
			}
			ab, traces := sc.serial(0, a, b)
			ba, reversed := sc.serial(1, b, a)
			only := [2]outcome{alone[fmt.Sprint(a.name, 0)], alone[fmt.Sprint(b.name, 1)]}
			if only[0].err[0] == nil && only[1].err[1] == nil && ab.err[1] != nil {
				table = append(table, fmt.Sprintf("%s, then %s: %s", a.name, b.name, said(ab.err[1])))
			}
			if only[0].left == nothing && only[1].left == nothing && ab.left == nothing {
				continue // neither does anything here
			}
			if sc.expect != nil {
				ok1, ok2, state := sc.expect(a, b, 0)
				if ok1 != (ab.err[0] == nil) || ok2 != (ab.err[1] == nil) || !strings.HasPrefix(ab.left, state) {
					t.Errorf("%s: %s and then %s: by the table %v, %v, %s; got %s", sc.name, a.name, b.name, ok1, ok2, state, ab)
				}
			}
			n.pairs++
			if os.Getenv("KV_INTERLEAVE") == "update" {
				continue
			}
			trace, other := traces[0], slices.Concat(traces[1], reversed[0])
			for _, k := range sc.stage.stops(trace, other) {
				n.interleavings++
				got := sc.overlap(a, b, k)
				if why := sc.explained(a, b, got, ab, ba, only); why != "" {
					t.Errorf("%s: %s stopped before statement %d (%s), and %s meanwhile: %s\n%s\n--- one after the other\n%s\n--- the other after the one\n%s",
						sc.name, a.name, k, strings.Join(strings.Fields(trace[k]), " "), b.name, why, got, ab, ba)
					if f := flag.Lookup("test.failfast"); f.Value.String() == "true" {
						t.FailNow()
					}
				}
			}
		}
	}
	return n, table
}

// explained says what is wrong with an outcome: it must be that of one order or of the other, or that of one of them
// alone while the other was told that it came too late.
func (sc *scene) explained(a, b command, got, ab, ba outcome, only [2]outcome) string {
	for _, err := range got.err {
		if err != nil && (fault.KindOf(err) == fault.Unavailable || fault.KindOf(err) == fault.Internal) {
			return fmt.Sprintf("nobody may be told this: %v", err)
		}
	}
	cs := [2]command{a, b}
	serials := []outcome{ab, ba}
	if a.series { // b in the midst of it
		o, _ := sc.serial(0, a, b, a)
		serials = append(serials, o)
	}
	if b.series {
		o, _ := sc.serial(1, b, a, b)
		serials = append(serials, o)
	}
	for _, serial := range serials {
		if got.left == serial.left && cs[0].like(got.err[0], serial.err[0]) && cs[1].like(got.err[1], serial.err[1]) {
			return ""
		}
	}
	for winner, loser := range []int{1, 0} {
		if got.left == only[winner].left && got.err[winner] == nil && (late(got.err[loser]) || cs[loser].quiet && got.err[loser] == nil || cs[loser].attempt) {
			return ""
		}
	}
	return "neither order explains it"
}

// like: both went well, or both were refused; a race may be told in other words than a page that is too old.
func (c command) like(got, serial error) bool {
	return got == nil && serial == nil || got != nil && serial != nil && (said(got) == said(serial) || late(got) || c.told != "" && said(got) == c.told)
}

// late reports whether somebody was told that another was quicker.
func late(err error) bool {
	return err != nil && fault.KindOf(err) == fault.Conflict && strings.Contains(fault.CodeOf(err), ".changed")
}
