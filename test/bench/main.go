// Command bench measures the product against bare baselines on a data set of a country's size and writes what it finds, one
// line a row, into docs/performance.md. `make bench` runs it; that page says what the rows mean.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kortverk/kortverk/test/bench/dataset"
)

// options come from the environment.
type options struct {
	cards  int           // KV_BENCH_CARDS
	rounds int           // KV_BENCH_ROUNDS, besides the one that warms up
	length time.Duration // KV_BENCH_LENGTH of each variant in each round
	rate   float64       // KV_BENCH_RATE of the questions whose delay is measured, in a second
	only   string        // KV_BENCH_ONLY: sections, with commas
	engine string        // KV_BENCH_ENGINE: sqlite, postgres; empty for both
	page   string        // KV_BENCH_PAGE: where to write the table
}

type bench struct {
	ctx      context.Context
	o        options
	folder   string
	binary   string
	settings []string // of the product, from the world
	world    *process
	pg       *server
	pgURL    string
	pid      int
	cores    int
	report   *report
	quiet    atomic.Bool // who writes beside something stops
	faults   []string    // what must not happen, whatever the figures
	log      *slog.Logger
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) > 1 && os.Args[1] == "bare" {
		err = serveBare(os.Args[2:])
	} else {
		err = run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func fromEnv() (o options, err error) {
	number := func(name string, otherwise float64) float64 {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, e := strconv.ParseFloat(text, 64)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", name, e))
		}
		return n
	}
	o.cards, o.rounds = int(number("KV_BENCH_CARDS", 1_000_000)), int(number("KV_BENCH_ROUNDS", 5))
	o.length = time.Duration(number("KV_BENCH_SECONDS", 3) * float64(time.Second))
	o.rate, o.only, o.engine = number("KV_BENCH_RATE", 1000), os.Getenv("KV_BENCH_ONLY"), os.Getenv("KV_BENCH_ENGINE")
	o.page = "docs/performance.md"
	if o.cards != 1_000_000 || o.only != "" || o.engine != "" {
		o.page = "" // a part of it, or a small one, is for whoever works on the code
	}
	return o, err
}

func run(ctx context.Context) error {
	o, err := fromEnv()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	folder, err := filepath.Abs("var/bench")
	if err != nil {
		return err
	}
	b := &bench{ctx: ctx, o: o, folder: folder, pid: os.Getpid(), cores: runtime.NumCPU(), log: log, report: newReport(folder)}
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.Chmod(folder, 0o755)); err != nil { // PostgreSQL's own user goes through it
		return err
	}
	defer b.stopPostgres()
	defer func() { b.world.stop() }()
	sets, err := b.prepare()
	if err != nil {
		return err
	}
	began := time.Now()
	err = b.sections(sets)
	b.report.Facts["took"] = time.Since(began).Round(time.Second).String()
	b.report.save()
	fmt.Printf("\nmeasured in %s; short: %s\n", b.report.Facts["took"], orDash(strings.Join(b.report.short(), "; ")))
	if err == nil && o.page != "" {
		err = b.report.write(o.page)
	}
	for _, f := range b.faults {
		err = errors.Join(err, errors.New(f))
	}
	return err
}

// prepare builds the program and has the sets there.
func (b *bench) prepare() ([]dataset.Set, error) {
	if err := b.build(); err != nil {
		return nil, err
	}
	if err := b.startWorld(); err != nil {
		return nil, err
	}
	var sets []dataset.Set
	for _, engine := range []string{dataset.SQLite, dataset.Postgres} {
		if b.o.engine != "" && b.o.engine != engine {
			continue
		}
		o := dataset.Options{Folder: b.folder, Cards: b.o.cards}
		if engine == dataset.Postgres {
			if err := b.startPostgres(); err != nil {
				return nil, err
			}
			o.Server = b.pgURL
		}
		set, err := dataset.Ensure(b.ctx, o, engine, b.log)
		if err != nil {
			return nil, err
		}
		b.report.Facts["set "+engine] = fmt.Sprintf("%d cards, %d lines, %d orders, %d journal entries, made in %s", set.Cards, set.Lines, set.Orders, set.Entries, set.Took.Round(time.Second))
		sets = append(sets, set)
	}
	return sets, nil
}

// sections are measured in this order: those that change the set come last.
func (b *bench) sections(sets []dataset.Set) error {
	for _, s := range []struct {
		name string
		run  func([]dataset.Set) error
	}{
		{"checks", b.checks},
		{"pages", b.pages},
		{"start", b.starts},
		{"artwork", b.artwork},
		{"changes", b.changes},
		{"keeping", b.keeping},
	} {
		if b.o.only != "" && !strings.Contains(","+b.o.only+",", ","+s.name+",") {
			continue
		}
		if err := s.run(sets); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (b *bench) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Sprintf(format, args...))
	fmt.Println("FAULT", b.faults[len(b.faults)-1])
}
