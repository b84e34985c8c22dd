package main

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/kortverk/kortverk/test/bench/dataset"
)

const connections = 32

// questions are checks of n random cards: four in five are about one in twenty of them. withKey sends a reader's key, each of
// them in turn, so that no reader asks more than it may.
func (b *bench) questions(pool *sql.DB, n int) (load, error) {
	var l load
	r := rand.New(rand.NewPCG(2, 2))
	statement, err := pool.PrepareContext(b.ctx, `SELECT c.number, c.state, c.valid_until, o.hold FROM card c JOIN company o ON o.id = c.company_id
		WHERE c.number >= $1 ORDER BY c.number LIMIT 1`)
	if err != nil {
		return l, err
	}
	defer statement.Close()
	today := time.Now().Format(time.DateOnly)
	var paths, wants []string
	for len(paths) < n/4 {
		var number, state, until, hold string
		err := statement.QueryRowContext(b.ctx, fmt.Sprintf("BB-%04d-%05d", r.IntN(10_000), r.IntN(100_000))).Scan(&number, &state, &until, &hold)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return l, err
		}
		reason := "ok"
		switch {
		case state == "terminated":
			reason = "terminated"
		case until < today:
			reason = "expired"
		case state == "blocked":
			reason = "blocked"
		case hold != "":
			reason = "company_suspended"
		}
		paths, wants = append(paths, "/reader/v1/cards/"+number), append(wants, `"reason":"`+reason+`"`)
	}
	for i := range n {
		k := r.IntN(len(paths))
		if r.IntN(5) > 0 {
			k = r.IntN(max(1, len(paths)/20))
		}
		l.requests = append(l.requests, get(paths[k], "Authorization: Bearer "+dataset.ReaderKey(i%dataset.Readers)+"\r\n"))
		l.want = append(l.want, wants[k])
	}
	return l, nil
}

// variant is one server of a comparison, with its rounds.
type variant struct {
	p                   *process
	l                   load
	perSecond, cpu, p50 series
	p99, others         series
	name                string
	rssIdle, rssLoad    float64
	wrong               int64
	firstWrong          string
}

// checks compares the product's check with bare handlers, in alternating rounds.
func (b *bench) checks(sets []dataset.Set) error {
	b.report.section("Card checks over HTTP")
	var all []*variant
	defer func() {
		for _, v := range all {
			v.p.stop()
		}
	}()
	add := func(p *process, err error, l load) error {
		if err != nil {
			return err
		}
		all = append(all, &variant{p: p, l: l, name: p.name, rssIdle: p.rss()})
		return nil
	}
	for i, set := range sets {
		pool, err := open(set)
		if err != nil {
			return err
		}
		l, err := b.questions(pool, 20_000)
		if err := errors.Join(err, pool.Close()); err != nil {
			return err
		}
		if i == 0 {
			p, err := b.startBare("hello", "")
			if err := add(p, err, load{requests: l.requests}); err != nil {
				return err
			}
		}
		database := set.File()
		if set.Engine == dataset.Postgres {
			database = set.URL
		}
		p, err := b.startBare(set.Engine, database)
		if err := add(p, err, l); err != nil {
			return err
		}
		p, err = b.startProduct(set)
		if err := add(p, err, l); err != nil {
			return err
		}
	}
	if err := b.rounds(all); err != nil {
		return err
	}
	b.tellChecks(all)
	return nil
}

// rounds measures each variant in each round, in an order that turns. The first round warms up.
func (b *bench) rounds(all []*variant) error {
	for round := range b.o.rounds + 1 {
		for i := range all {
			v := all[(i+round)%len(all)]
			busy, self, own := machineCPU(), cpuOf(b.pid), v.p.cpu()
			o, err := v.l.closed(b.ctx, v.p.url, connections, b.o.length)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			busy, self, own = machineCPU()-busy, cpuOf(b.pid)-self, v.p.cpu()-own
			late, err := v.l.atRate(b.ctx, v.p.url, connections, b.o.rate, b.o.length/2)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			v.wrong += o.wrong + late.wrong
			for _, says := range []string{o.first, late.first} {
				if says != "" {
					v.firstWrong = says
				}
			}
			v.rssLoad = max(v.rssLoad, v.p.rss())
			if round == 0 {
				continue
			}
			v.perSecond = append(v.perSecond, o.perSecond())
			v.cpu = append(v.cpu, float64(own.Microseconds())/float64(max(1, o.count)))
			v.others = append(v.others, 100*float64(busy-self-own)/float64(o.took*time.Duration(b.cores)))
			v.p50, v.p99 = append(v.p50, late.latencies.median()), append(v.p99, late.latencies.quantile(0.99))
		}
	}
	return nil
}

func (b *bench) tellChecks(all []*variant) {
	helloV := all[0]
	for i, v := range all {
		if v.wrong > 0 {
			b.fault("%s: %d wrong answers, one of them: %s", v.name, v.wrong, v.firstWrong)
		}
		perSecond := result{Name: "checks, " + v.name, Value: v.perSecond.median(), Unit: "1/s", Spread: v.perSecond.spread()}
		cpu := result{Name: "CPU per check, " + v.name, Value: v.cpu.median(), Unit: "µs", Spread: v.cpu.spread()}
		p99 := result{Name: fmt.Sprintf("check p99 at %.0f/s, %s", b.o.rate, v.name), Value: v.p99.median(), Unit: "ms", Spread: v.p99.spread()}
		if i > 0 && i%2 == 0 {
			bare := all[i-1]
			perSecond.Ratio, perSecond.Than = v.perSecond.over(bare.perSecond), bare.name
			cpu.Ratio, cpu.Than = v.cpu.over(bare.cpu), bare.name
			p99.Ratio, p99.Than = v.p99.over(bare.p99), bare.name
			if v.p.family == nil { // PostgreSQL's has no goal: four round trips of the product against one
				perSecond = perSecond.byRatio(">= 0.45")
			}
		} else if i > 0 {
			perSecond.Ratio, perSecond.Than = v.perSecond.over(helloV.perSecond), helloV.name
			cpu.Ratio, cpu.Than = v.cpu.over(helloV.cpu), helloV.name
		}
		b.report.add(perSecond, cpu, p99)
		if i > 0 && i%2 == 0 {
			b.report.add(result{Name: "memory at rest, " + v.name, Value: v.rssIdle, Unit: "MiB"}, result{Name: "memory under checks, " + v.name, Value: v.rssLoad, Unit: "MiB"})
		}
	}
	var others series
	for _, v := range all {
		others = append(others, v.others...)
	}
	b.report.add(result{Name: "processor used by others meanwhile", Value: others.median(), Unit: "%", Spread: others.spread()})
}
