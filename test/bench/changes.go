package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/test/bench/dataset"
)

// changing is a card that one caller blocks and opens again, over and over.
type changing struct {
	id, person, line, order, company string
	revision                         int64
	blocked                          bool
}

// change blocks or opens the card, whichever it isn't.
type change func(ctx context.Context, c *changing) error

// changes compares a block and its lifting through the use case with the same statements through database/sql.
func (b *bench) changes(sets []dataset.Set) error {
	b.report.section("Audited changes: a block or its lifting, with journal, mails and jobs, durable")
	for _, set := range sets {
		if err := b.changesOf(set); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) changesOf(set dataset.Set) error {
	recorded := &recorder{}
	o := set.Options(b.log)
	o.Before = recorded.hear
	d, err := db.Open(b.ctx, o)
	if err != nil {
		return err
	}
	defer d.Close()
	keys, err := seal.Open(set.KeyFile)
	if err != nil {
		return err
	}
	pool, err := open(set)
	if err != nil {
		return err
	}
	defer pool.Close()
	if set.Engine == dataset.SQLite {
		pool.SetMaxOpenConns(1)
	}
	cards, err := b.changing(pool)
	if err != nil {
		return err
	}
	began := time.Now().UnixMicro()
	product := useCase(card.New(d, keys, card.Config{}))
	bare, err := b.learn(recorded, product, pool, cards[0])
	if err != nil {
		return err
	}
	for _, callers := range []int{1, 64} {
		if err := b.race(set.Engine, callers, product, bare, cards); err != nil {
			return err
		}
	}
	return errors.Join(b.tidy(pool, began), sequence(b.ctx, d))
}

// changing picks a card for each caller.
func (b *bench) changing(pool *sql.DB) ([]*changing, error) {
	rows, err := rowsOf(b.ctx, pool, 6, `SELECT c.id, c.person_id, c.line_id, c.order_id, c.company_id, c.revision FROM card c
		WHERE c.state = 'active' AND c.valid_until >= $1 ORDER BY c.id LIMIT 64`, time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	var out []*changing
	for _, r := range rows {
		n, _ := strconv.ParseInt(r[5], 10, 64)
		out = append(out, &changing{id: r[0], person: r[1], line: r[2], order: r[3], company: r[4], revision: n})
	}
	if err == nil && len(out) < 64 {
		err = errNothing
	}
	return out, err
}

// useCase is the product's way.
func useCase(cards *card.Service) change {
	officer := actor.Actor{Role: actor.Officer, Account: uuid.Must(uuid.NewV7()), Name: "Ivar Holm", Session: "bench", IP: "127.0.0.1"}
	return func(ctx context.Context, c *changing) (err error) {
		id := uuid.MustParse(c.id)
		var after card.Card
		if c.blocked {
			after, err = cards.Unblock(ctx, officer, id, c.revision, "")
		} else {
			after, err = cards.Block(ctx, officer, id, c.revision, card.ReasonLost, "")
		}
		if err == nil {
			c.revision, c.blocked = after.Revision, !c.blocked
		}
		return err
	}
}

// recorder hears the statements that the product runs.
type recorder struct {
	mu   sync.Mutex
	on   bool
	text []string
}

func (r *recorder) hear(_ context.Context, query string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if word, _, _ := strings.Cut(query, " "); r.on && (word == "SELECT" || word == "INSERT" || word == "UPDATE" || word == "DELETE") {
		r.text = append(r.text, query)
	}
}

func (r *recorder) of(fn func() error) ([]string, error) {
	r.mu.Lock()
	r.on, r.text = true, nil
	r.mu.Unlock()
	err := fn()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return r.text, err
}

// learn has the product change a card there and back, and answers the same statements without it.
func (b *bench) learn(r *recorder, product change, pool *sql.DB, c *changing) (change, error) {
	block, err := r.of(func() error { return product(b.ctx, c) })
	if err != nil {
		return nil, err
	}
	lift, err := r.of(func() error { return product(b.ctx, c) })
	if err != nil {
		return nil, err
	}
	prepared := map[string]*sql.Stmt{}
	for _, q := range append(append([]string{}, block...), lift...) {
		if prepared[q] == nil {
			if prepared[q], err = pool.PrepareContext(b.ctx, q); err != nil {
				return nil, fmt.Errorf("%s: %w", q, err)
			}
		}
	}
	b.report.Facts["statements of a block"] = strconv.Itoa(len(block))
	return func(ctx context.Context, c *changing) error {
		list, kind, state := block, "card.blocked", "blocked"
		if c.blocked {
			list, kind, state = lift, "card.unblocked", "active"
		}
		tx, err := pool.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
		w := &replay{ctx: ctx, tx: tx, c: c, kind: kind, state: state, now: time.Now().UnixMicro()}
		for _, q := range list {
			if err := w.run(q, prepared[q]); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
		c.revision, c.blocked = c.revision+1, !c.blocked
		return nil
	}, nil
}

// replay runs one change's statements for a card.
type replay struct {
	ctx         context.Context
	tx          *sql.Tx
	c           *changing
	kind, state string
	now, entry  int64
	mail        string
}

var filler = make([]byte, 160) // as long as a mail's sealed data

// run gives a statement the arguments of this card.
func (w *replay) run(query string, statement *sql.Stmt) error {
	s, c := w.tx.StmtContext(w.ctx, statement), w.c
	exec := func(args ...any) error {
		res, err := s.ExecContext(w.ctx, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n != 1 && !strings.HasPrefix(query, "INSERT INTO job") {
			err = fmt.Errorf("changed %d rows", n)
		}
		return err
	}
	before := map[string]string{"blocked": "active", "active": "blocked"}[w.state]
	switch {
	case strings.HasPrefix(query, "UPDATE card SET state"):
		at, reason, by := any(w.now), "lost", "officer"
		if w.state == "active" {
			at, reason, by = nil, "", ""
		}
		return exec(w.state, nil, w.now, at, nil, reason, by, "", "", c.id, before, c.revision)
	case strings.HasPrefix(query, "INSERT INTO journal_entry"):
		return s.QueryRowContext(w.ctx, w.now, w.kind, "officer", c.person, nil, nil, "Ivar Holm", "bench", c.company, c.person, c.order, c.line, c.id, nil,
			"lost", "{}", "127.0.0.1").Scan(&w.entry)
	case strings.HasPrefix(query, "INSERT INTO journal_pending"):
		return exec(w.entry)
	case strings.HasPrefix(query, "INSERT INTO mail"):
		w.mail = newID()
		return exec(w.mail, w.kind, "", "sv", filler[:90], filler, c.line, c.order, c.id, c.company, "", w.now, w.now)
	case strings.HasPrefix(query, "INSERT INTO job"):
		return exec(newID(), "notify.send", `{"mail":"`+w.mail+`"}`, w.now, 12, nil, w.now)
	case strings.Contains(query, "FROM card c"):
		return w.read(s, c.id)
	case strings.Contains(query, "FROM person"):
		return w.read(s, c.person)
	case strings.Contains(query, "FROM order_line l JOIN card_order o"):
		return w.read(s, c.line)
	case strings.Contains(query, "FROM account_grant g"):
		return w.read(s, c.company, "orderer")
	}
	return errors.New("the product runs a statement that the baseline doesn't know")
}

// read reads all columns of all rows.
func (w *replay) read(s *sql.Stmt, args ...any) error {
	rows, err := s.QueryContext(w.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(sql.RawBytes)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return err
		}
	}
	return rows.Err()
}

// race measures both in alternating rounds.
func (b *bench) race(engine string, callers int, product, bare change, cards []*changing) error {
	var ours, theirs, late series
	for round := range b.o.rounds + 1 {
		for turn := range 2 {
			fn := product
			if (turn+round)%2 == 1 {
				fn = bare
			}
			n, lats, err := b.hammer(callers, fn, cards)
			if err != nil {
				return fmt.Errorf("%s, %d callers: %w", engine, callers, err)
			}
			switch {
			case round == 0:
			case (turn+round)%2 == 1:
				theirs = append(theirs, n)
			default:
				ours, late = append(ours, n), append(late, lats.quantile(0.99))
			}
		}
	}
	name := fmt.Sprintf("%s, %d callers", engine, callers)
	b.report.add(
		result{Name: "changes, the bare statements, " + name, Value: theirs.median(), Unit: "1/s", Spread: theirs.spread()},
		result{Name: "changes, kortverk, " + name, Value: ours.median(), Unit: "1/s", Spread: ours.spread(), Ratio: ours.over(theirs), Than: "bare"}.byRatio(">= 0.7"),
		result{Name: "changes, kortverk, p99, " + name, Value: late.median(), Unit: "ms", Spread: late.spread()},
	)
	return nil
}

// hammer has each caller change its card until the time is over, and an even number of times, so that all are open again.
func (b *bench) hammer(callers int, fn change, cards []*changing) (perSecond float64, latencies series, err error) {
	var count atomic.Int64
	var mu sync.Mutex
	began := time.Now()
	end := began.Add(b.o.length)
	err = each(callers, func(i int) error {
		var own series
		for c := cards[i]; time.Now().Before(end) || c.blocked; {
			at := time.Now()
			if err := fn(b.ctx, c); err != nil {
				return err
			}
			own = append(own, float64(time.Since(at))/float64(time.Millisecond))
			count.Add(1)
		}
		mu.Lock()
		defer mu.Unlock()
		latencies = append(latencies, own...)
		return nil
	})
	return float64(count.Load()) / time.Since(began).Seconds(), latencies, err
}

// tidy takes the mails and jobs away: nobody is to be written to.
func (b *bench) tidy(pool *sql.DB, began int64) error {
	for _, q := range []string{`DELETE FROM job WHERE kind = 'notify.send' AND created_at >= $1`, `DELETE FROM mail WHERE created_at >= $1`} {
		if _, err := pool.ExecContext(b.ctx, q, began); err != nil {
			return err
		}
	}
	return nil
}

// sequence gives the new entries their positions.
func sequence(ctx context.Context, d *db.DB) error {
	s := journal.NewSequencer(d, d.Log())
	for {
		if n, err := s.Step(ctx); err != nil || n == 0 {
			return err
		}
	}
}
