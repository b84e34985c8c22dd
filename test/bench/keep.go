package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/kortverk/kortverk/test/bench/dataset"
)

// starts measures how long it takes until the program is ready on the whole set.
func (b *bench) starts(sets []dataset.Set) error {
	b.report.section("Start and memory")
	for _, set := range sets {
		var took, rss series
		for range b.o.rounds {
			p, err := b.startProduct(set)
			if err != nil {
				return err
			}
			took, rss = append(took, p.took.Seconds()*1000), append(rss, p.rss())
			p.stop()
		}
		b.report.add(
			result{Name: "start until ready, " + set.Engine, Value: took.median(), Unit: "ms", Spread: took.spread()}.byValue("<= 2000"),
			result{Name: "memory after the start, " + set.Engine, Value: rss.median(), Unit: "MiB", Spread: rss.spread()},
		)
	}
	return nil
}

// command runs kortverk to its end and answers what it printed and how long it took.
func (b *bench) command(env []string, args ...string) (string, time.Duration, error) {
	cmd := exec.CommandContext(b.ctx, b.binary, args...)
	cmd.Env = append(os.Environ(), env...)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	return string(out), time.Since(began), err
}

// keeping measures backup, restore and audit of the SQLite file; the backup while cards are being checked and blocked.
func (b *bench) keeping(sets []dataset.Set) error {
	for _, set := range sets {
		if set.Engine == dataset.SQLite {
			b.report.section("Backup, restore and audit of the SQLite file")
			if err := b.keepingOf(set); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) keepingOf(set dataset.Set) error {
	dir, err := os.MkdirTemp(b.folder, "keeping")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder that is ours
	info, err := os.Stat(set.File())
	if err != nil {
		return err
	}
	b.report.add(result{Name: "the file", Value: float64(info.Size()) / (1 << 20), Unit: "MiB"})
	file := filepath.Join(dir, "backup")
	took, p99, err := b.backup(set, file)
	if err != nil {
		return err
	}
	b.report.add(
		result{Name: "backup under writes", Value: took.Seconds(), Unit: "s"},
		result{Name: "block or lifting, p99 during the backup", Value: p99, Unit: "ms"},
	)
	target := filepath.Join(dir, "data")
	env := []string{"KORTVERK_DATA=" + target, "KORTVERK_KEY_FILE=" + set.KeyFile}
	out, took, err := b.command(env, "restore", file)
	if err != nil {
		return fmt.Errorf("restore: %w\n%s", err, out)
	}
	b.report.add(result{Name: "restore", Value: took.Seconds(), Unit: "s"}.byValue("<= 300"))
	if err := os.Remove(file); err != nil {
		return err
	}
	return b.audit(set, env)
}

// findings that a large set has by its making: only every tenth order has its history.
var byMaking = regexp.MustCompile(`^(card\.(journal|when)|line\.journal|item\.(receipt|journal)|job\.|mail\.)`)

func (b *bench) audit(set dataset.Set, env []string) error {
	out, took, err := b.command(env, "audit")
	full := set.Cards <= dataset.FullHistory
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if err != nil && (full || !byMaking.MatchString(line)) && !strings.Contains(line, "findings") {
			b.fault("audit of the restored set: %s", line)
		}
	}
	b.report.add(result{Name: "audit of everything", Value: took.Seconds(), Unit: "s"})
	return nil
}

// backup runs beside a product whose cards are being blocked and opened through its pages.
func (b *bench) backup(set dataset.Set, file string) (took time.Duration, p99 float64, err error) {
	pool, err := open(set)
	if err != nil {
		return 0, 0, err
	}
	defer pool.Close()
	p, err := b.meet(set, pool)
	if err != nil {
		return 0, 0, err
	}
	product, err := b.startProduct(set)
	if err != nil {
		return 0, 0, err
	}
	defer product.stop()
	done := make(chan struct{})
	var latencies series
	var writer error
	go func() {
		defer close(done)
		latencies, writer = b.blocking(product, p)
	}()
	time.Sleep(time.Second)
	out, took, err := b.command(b.env(set, product.url), "backup", file)
	if err != nil {
		err = fmt.Errorf("backup: %w\n%s", err, out)
	}
	b.quiet.Store(true)
	<-done
	b.quiet.Store(false)
	if err == nil {
		err = writer
	}
	return took, latencies.quantile(0.99), err
}

var revisionIn = regexp.MustCompile(`name="revision" value="(\d+)"`)

// blocking blocks cards through the orderer's pages, and opens them, until it is told to stop.
func (b *bench) blocking(product *process, p *people) (series, error) {
	var out series
	c, err := dial(product.url)
	if err != nil {
		return nil, err
	}
	defer c.c.Close()
	for i := 0; ; i++ {
		number := p.cards[i%len(p.cards)][0]
		for _, act := range []string{"block", "unblock"} {
			path := "/o/" + p.company + "/cards/" + number + "/" + act
			status, page, err := c.do(get(path, p.orderer))
			m := revisionIn.FindSubmatch(page)
			if err != nil || m == nil {
				return out, fmt.Errorf("%s: %d %w", path, status, err)
			}
			began := time.Now()
			status, page, err = c.do(post(path, p.orderer, form("revision", string(m[1]), "reason", "lost")))
			if err != nil || status != 303 {
				return out, fmt.Errorf("%s: %d %w %.300s", path, status, err, page)
			}
			out = append(out, float64(time.Since(began))/float64(time.Millisecond))
		}
		if b.quiet.Load() {
			return out, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}
