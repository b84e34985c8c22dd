// Command mutate takes the guards of the program away, one at a time, and looks whether a test notices.
//
// A guard is what makes a change wait for the state that it was decided on: a condition in the WHERE of an UPDATE or
// DELETE beyond the row's identity (state, revision, lease token …), an ON CONFLICT DO NOTHING, and the look at the number
// of changed rows (Must1). The statements are found in the source; the test binaries are built once, with a file laid over
// package db that changes the one statement when it comes by, so that a mutant costs a run and no build.
//
// First every test runs alone, to see which guards it comes across. Then, for each guard, the tests that come across it
// run with the guard taken away, the quickest first, until one fails. A guard whose absence nobody notices has survived,
// unless equivalent.txt says why nobody can.
//
//	go run ./scripts/mutate [-list] [-fresh] [-built] [-in folder] [-tests regexp] [-only regexp]
//
// It keeps what it found in var/_mutate: which tests come across which guard (-fresh looks again), and the results.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// packages hold the guards; tests says in which packages a test may notice.
var (
	packages = []string{"order", "card", "production", "account", "company", "job", "journal", "eid", "notify", "check", "person", "photo"}
	tests    = []string{
		"internal/order", "internal/card", "internal/production", "internal/account", "internal/company", "internal/job",
		"internal/journal", "internal/eid", "internal/notify", "internal/check", "internal/person", "test/interleave",
	}
)

const dir = "var/_mutate" // Go looks into no folder with such a name

// chosen are the tests that may run.
var chosen *regexp.Regexp

// unit is one test that can be run alone.
type unit struct {
	Package string
	Run     string // for -test.run
	Seconds float64
	Hits    []string
}

func main() {
	log.SetFlags(0)
	list := flag.Bool("list", false, "list the guards and stop")
	fresh := flag.Bool("fresh", false, "look again which tests come across which guard")
	built := flag.Bool("built", false, "with the test binaries that are there")
	in := flag.String("in", "", "only tests of packages whose folder has this in its name")
	with := flag.String("tests", "", "only tests whose package and name match, as in: test/interleave .*postgres")
	only := flag.String("only", "", "only the guards whose line in -list matches")
	flag.Parse()
	tests = slices.DeleteFunc(tests, func(p string) bool { return !strings.Contains(p, *in) })
	var err error
	if chosen, err = regexp.Compile(*with); err != nil {
		log.Fatal(err)
	}
	if err := run(*list, *fresh, *built, *only); err != nil {
		log.Fatal(err)
	}
}

func run(list, fresh, built bool, only string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	all, err := find(packages)
	if err != nil {
		return err
	}
	if list {
		for _, m := range all {
			fmt.Printf("%s:%d  %s\n", m.File, m.Line, m.ID)
		}
		fmt.Println(len(all), "guards")
		return nil
	}
	began := time.Now()
	if built {
		data, err := os.ReadFile(dir + "/mutants.json")
		if err := errors.Join(err, json.Unmarshal(data, &all)); err != nil {
			return err
		}
	} else if err := build(all); err != nil {
		return err
	}
	units, err := survey(fresh)
	if err != nil {
		return err
	}
	excused, err := equivalent()
	if err != nil {
		return err
	}
	var chosen []mutant
	for _, m := range all {
		if match.MatchString(fmt.Sprintf("%s:%d %s", m.File, m.Line, m.ID)) {
			chosen = append(chosen, m)
		}
	}
	return judge(chosen, units, excused, began)
}

// build makes the test binaries.
func build(all []mutant) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	overlaid, err := overTx()
	if err != nil {
		return err
	}
	extra, err := os.ReadFile("scripts/mutate/runtime.txt")
	if err != nil {
		return err
	}
	abs := func(name string) string { return filepath.Join(here, name) }
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		abs("internal/db/tx.go"): abs(dir + "/tx.go"), abs("internal/db/mutate_overlay.go"): abs(dir + "/runtime.go"),
	}})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"mutants.json": data, "tx.go": overlaid, "runtime.go": extra, "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	for _, p := range tests {
		cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", dir+"/overlay.json", "-o", binary(p), "./"+p)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", p, err, out)
		}
	}
	return nil
}

// overTx is package db's tx.go with the two places at which a mutant steps in.
func overTx() ([]byte, error) {
	data, err := os.ReadFile("internal/db/tx.go")
	if err != nil {
		return nil, err
	}
	text := string(data)
	for old, instead := range map[string]string{
		"values, err := tx.ready(query, args)": "query = mutate(query)\n\tvalues, err := tx.ready(query, args)",
		"n, err := res.RowsAffected()":         "n, err := res.RowsAffected()\n\tn = mutateCount(query, n)",
	} {
		if !strings.Contains(text, old) {
			return nil, errors.New("internal/db/tx.go has changed: " + old)
		}
		text = strings.ReplaceAll(text, old, instead)
	}
	return []byte(text), nil
}

func binary(pkg string) string {
	return filepath.Join(dir, strings.ReplaceAll(pkg, "/", "_")+".test")
}

// survey runs every test alone and keeps which guards it comes across. A survey that was stopped goes on where it was.
func survey(fresh bool) ([]unit, error) {
	name := filepath.Join(dir, "units.json")
	known := map[string]unit{}
	if data, err := os.ReadFile(name); err == nil && !fresh {
		var units []unit
		if err := json.Unmarshal(data, &units); err != nil {
			return nil, err
		}
		for _, u := range units {
			known[u.Package+u.Run] = u
		}
	}
	var units, open []unit
	for _, u := range known {
		if !slices.Contains(tests, u.Package) || !chosen.MatchString(u.Package+" "+u.Run) {
			units = append(units, u) // to be kept
		}
	}
	for _, p := range tests {
		names, err := names(p)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if !chosen.MatchString(p + " " + n) {
				continue
			}
			if u, ok := known[p+n]; ok {
				units = append(units, u)
			} else {
				open = append(open, unit{Package: p, Run: n})
			}
		}
	}
	var mu sync.Mutex
	var failed error
	each(len(open), func(i int) {
		u := open[i]
		ok := u.look(filepath.Join(dir, fmt.Sprintf("hits%d", i)))
		mu.Lock()
		defer mu.Unlock()
		if ok {
			units = append(units, u)
			data, err := json.Marshal(units)
			failed = errors.Join(failed, err, os.WriteFile(name, data, 0o644))
		}
	})
	return units, failed
}

// look runs the test as it is.
func (u *unit) look(hits string) bool {
	_ = os.Remove(hits)
	began := time.Now()
	out, failed := u.run("KV_MUTANT_HITS="+abs(hits), "KV_INTERLEAVE=alone")
	if u.Seconds = time.Since(began).Seconds(); failed {
		log.Printf("%s %s fails as it is:\n%s", u.Package, u.Run, out)
		return false
	}
	if u.Package == "test/interleave" {
		u.Seconds += 1000 // after the others
	}
	if data, err := os.ReadFile(hits); err == nil {
		u.Hits = lines(data)
	}
	_ = os.Remove(hits)
	return true
}

func abs(name string) string {
	out, err := filepath.Abs(name)
	if err != nil {
		panic(err)
	}
	return out
}

// names are the tests of a package; those of test/interleave are taken apart, since each of their scenes takes seconds.
func names(pkg string) ([]string, error) {
	cmd := exec.Command(abs(binary(pkg)), "-test.list=^Test")
	cmd.Dir = pkg
	if pkg == "test/interleave" {
		cmd.Env = append(os.Environ(), "KV_INTERLEAVE=list")
		out, err := cmd.Output()
		return lines(out), err
	}
	out, err := cmd.Output()
	var all []string
	for _, n := range lines(out) {
		if strings.HasPrefix(n, "Test") {
			all = append(all, "^"+n+"$")
		}
	}
	return all, err
}

func lines(out []byte) []string { return strings.Split(strings.TrimSpace(string(out)), "\n") }

// run runs the test, and tells whether it failed.
func (u *unit) run(env ...string) (string, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, abs(binary(u.Package)), "-test.run="+u.Run, "-test.failfast", "-test.timeout=3m", "-test.parallel=4")
	cmd.Dir = u.Package
	cmd.Env = append(os.Environ(), append(env, "KV_REQUIRE=1", "KV_MUTANTS="+abs(dir+"/mutants.json"))...)
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}

// each runs fn for every number below n, a few at a time.
func each(n int, fn func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(3, runtime.NumCPU()) { // they wait for the database more than they work
		wg.Go(func() {
			for i := range next {
				fn(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// judge takes the guards away and reports.
func judge(all []mutant, units []unit, excused map[string]string, began time.Time) error {
	slices.SortStableFunc(units, func(a, b unit) int { return int(a.Seconds*1000) - int(b.Seconds*1000) })
	var mu sync.Mutex
	var killed, spared int
	var survivors []string
	each(len(all), func(i int) {
		m := all[i]
		by, tried := "", 0
		if excused[m.ID] == "" {
			by, tried = m.killer(units)
		}
		mu.Lock()
		defer mu.Unlock()
		where := fmt.Sprintf("%s:%d", m.File, m.Line)
		switch {
		case excused[m.ID] != "":
			spared++
			fmt.Printf("equivalent %s  %s: %s\n", where, m.ID, excused[m.ID])
		case by != "":
			killed++
			fmt.Printf("killed     %s  %s: by %s\n", where, m.ID, by)
		default:
			survivors = append(survivors, fmt.Sprintf("SURVIVED   %s  %s: %d tests come across it", where, m.ID, tried))
			fmt.Println(survivors[len(survivors)-1])
		}
	})
	fmt.Printf("\n%d guards: %d killed, %d equivalent, %d survived; %.0f minutes\n", len(all), killed, spared, len(survivors), time.Since(began).Minutes())
	slices.Sort(survivors)
	for _, s := range survivors {
		fmt.Println(s)
	}
	if len(survivors) > 0 {
		return errors.New("some guards can be taken away without a test that fails")
	}
	return nil
}

// killer is the test that fails without the guard.
func (m mutant) killer(units []unit) (string, int) {
	tried := 0
	for _, u := range units {
		if !slices.Contains(u.Hits, m.ID) || !slices.Contains(tests, u.Package) || !chosen.MatchString(u.Package+" "+u.Run) {
			continue
		}
		tried++
		if _, failed := u.run("KV_MUTANT=" + m.ID); failed {
			return u.Package + " " + u.Run, tried
		}
	}
	return "", tried
}

// equivalent reads the guards whose absence nobody can notice: a guard's name, a tab or two blanks, and the reason.
func equivalent() (map[string]string, error) {
	f, err := os.Open("scripts/mutate/equivalent.txt")
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	out := map[string]string{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := sc.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, why, ok := strings.Cut(line, "  ")
		if !ok {
			return nil, fmt.Errorf("equivalent.txt: no reason: %s", line)
		}
		out[id] = strings.TrimSpace(why)
	}
	return out, nil
}
