package audit

import (
	"context"
	"fmt"

	"github.com/kortverk/kortverk/internal/db"
)

// Finding is one thing that can't be.
type Finding struct {
	Code    string // "card.two_live", stable
	Subject string // an id, or a number of the journal
	What    string
	Where   string // where to look
}

func (f Finding) String() string {
	return fmt.Sprintf("%s %s: %s (look at: %s)", f.Code, f.Subject, f.What, f.Where)
}

// Report is what was read and what was found.
type Report struct {
	Cards, Lines, Batches, Items, Receipts, Entries, Waiting int64
	Findings                                                 []Finding
}

// Well is the one line of a healthy database.
func (r Report) Well() string {
	s := fmt.Sprintf("all is well: %d cards, %d lines, %d batches with %d items, %d receipts, %d journal entries",
		r.Cards, r.Lines, r.Batches, r.Items, r.Receipts, r.Entries)
	if r.Waiting > 0 {
		s += fmt.Sprintf(" (%d wait for their position)", r.Waiting)
	}
	return s
}

// perRule is how many findings of one code are listed.
const perRule = 100

// pageSize is how many cards, lines or entries are in memory at a time.
const pageSize = 2000

// audit is one run.
type audit struct {
	tx     *db.Tx
	report Report
	listed map[string]int64 // findings by code
	more   map[string]int64 // and those that aren't listed any more
}

// Run reads everything. An error says that it couldn't be read, not that something is wrong.
func Run(ctx context.Context, d *db.DB) (Report, error) { return db.Read(ctx, d, read) }

func read(ctx context.Context, tx *db.Tx) (Report, error) {
	a := &audit{tx: tx, listed: map[string]int64{}, more: map[string]int64{}}
	for _, step := range []func() error{
		a.counts, a.file, a.journal, a.queries, a.numbers, a.cards, a.lines, a.work,
	} {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		if err := step(); err != nil {
			return Report{}, err
		}
	}
	for code, n := range a.more {
		a.report.Findings = append(a.report.Findings, Finding{code, "…", fmt.Sprintf("%d more", n), "the same place"})
	}
	return a.report, nil
}

func (a *audit) find(code, subject, where, what string, args ...any) {
	if a.listed[code] >= perRule {
		a.more[code]++
		return
	}
	a.listed[code]++
	a.report.Findings = append(a.report.Findings, Finding{code, subject, fmt.Sprintf(what, args...), where})
}

func (a *audit) counts() error {
	for _, c := range []struct {
		table string
		to    *int64
	}{
		{"card", &a.report.Cards},
		{"order_line", &a.report.Lines},
		{"batch", &a.report.Batches},
		{"batch_item", &a.report.Items},
		{"receipt", &a.report.Receipts},
		{"journal_entry", &a.report.Entries},
		{"journal_pending", &a.report.Waiting},
	} {
		var err error
		if *c.to, err = db.Value[int64](a.tx, `SELECT count(*) FROM `+c.table); err != nil {
			return err
		}
	}
	return nil
}

// file has SQLite check its own file.
func (a *audit) file() error {
	if a.tx.Postgres() {
		return nil
	}
	for pragma, columns := range map[string]int{"integrity_check": 1, "foreign_key_check": 4} {
		said, err := db.Rows(a.tx, func(r db.Row) (string, error) {
			var text [4]string
			dest := []any{&text[0], &text[1], &text[2], &text[3]}
			err := r.Scan(dest[:columns]...)
			if columns == 4 {
				text[0] = fmt.Sprintf("row %s of %s names a row of %s that isn't there", text[1], text[0], text[2])
			}
			return text[0], err
		}, "PRAGMA "+pragma)
		if err != nil {
			return err
		}
		for _, s := range said {
			if s != "ok" {
				a.find("database."+pragma, "file", "the disk, then the backup", "%s", s)
			}
		}
	}
	return nil
}

// pair is a subject and a detail of it.
type pair struct{ subject, detail string }

func scanPair(r db.Row) (p pair, err error) {
	err = r.Scan(&p.subject, &p.detail)
	return p, err
}

// rule is a query that finds offenders: subject, and a detail that stands for %s in what.
type rule struct{ code, where, what, query string }

func (a *audit) queries() error {
	for _, list := range [][]rule{cardRules, numberRules, lineRules, productionRules, postRules} {
		for _, r := range list {
			found, err := db.Rows(a.tx, scanPair, r.query)
			if err != nil {
				return fmt.Errorf("%s: %w", r.code, err)
			}
			for _, p := range found {
				a.find(r.code, p.subject, r.where, r.what, p.detail)
			}
		}
	}
	return nil
}
