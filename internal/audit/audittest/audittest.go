// Package audittest fills a database through the real services with cards in every state, for tests of what reads
// whole databases.
package audittest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/production"
)

// bureau takes everything.
type bureau struct{}

func (bureau) Deliver(context.Context, production.OrderFile) error { return nil }
func (bureau) Ask(context.Context, string, []string) error         { return nil }

// Scheme is a company with everything behind it.
type Scheme struct {
	*ordertest.Kit
	Cards      *card.Service
	Production *production.Service
	Jobs       *job.Runner
	Sequencer  *journal.Sequencer
	Made       map[string]card.Card // by name: active, unblocked, blocked, terminated, replaced, replacement, produced, remade
	Lines      map[string]order.Line
	staff      actor.Actor
	serial     int
}

// New makes the services.
func New(t testing.TB, d *db.DB) *Scheme {
	t.Helper()
	s := &Scheme{
		Kit: ordertest.New(t, d), Made: map[string]card.Card{}, Lines: map[string]order.Line{},
		staff: actor.Actor{Role: actor.Production, Name: "Ivar Holm"}, Sequencer: journal.NewSequencer(d, dbtest.Log(t)),
	}
	s.Cards = card.New(d, s.Keeper, card.Config{})
	s.Orders = order.New(d, s.Keeper, order.Deps{Cards: s.Cards, Companies: s.Companies, EID: s.EID, Blobs: s.Blobs, Scheme: "Kortverk"})
	var err error
	s.Production, err = production.New(d, bureau{}, s.Blobs, s.Cards, s.Orders, production.Config{CloseEvery: 24 * time.Hour, AskEvery: 24 * time.Hour}, dbtest.Log(t))
	s.must(t, err)
	s.Jobs = job.NewRunner(d, dbtest.Log(t))
	s.Production.Register(s.Jobs)
	s.must(t, s.Jobs.Drain(t.Context())) // the periodic work of this day is done
	return s
}

func (s *Scheme) must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Fill takes lines and cards through every state, some by the long way.
func (s *Scheme) Fill(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	holders := map[string]ordertest.Holder{}
	for i, name := range []string{"active", "unblocked", "blocked", "terminated", "replaced", "produced", "remade", "returned", "failed"} {
		holders[name] = s.Holder(t, "Vera", "Berg"+strings.Repeat("a", i+1))
		s.Lines[name] = s.Approved(t, holders[name])
	}
	s.send(t)
	for name, l := range s.Lines {
		switch name {
		case "remade":
			s.Receive(t, l.ID, production.ReceiptFailed, "PRINT_COLOUR")
		case "returned":
			s.Receive(t, l.ID, production.ReceiptFailed, "PHOTO_WRONG")
		case "failed":
			s.Receive(t, l.ID, production.ReceiptFailed, "MADE_UP")
		case "blocked": // posted before made, as receipts go
			s.Receive(t, l.ID, production.ReceiptDispatched, "")
			s.Receive(t, l.ID, production.ReceiptProduced, "")
		default:
			s.Receive(t, l.ID, production.ReceiptProduced, "")
			s.Receive(t, l.ID, production.ReceiptDispatched, "")
		}
	}
	s.send(t)
	s.Receive(t, s.Lines["remade"].ID, production.ReceiptProduced, "")
	for name, h := range holders {
		if name == "returned" || name == "failed" {
			continue
		}
		c := s.card(t, s.Lines[name].ID)
		if name != "produced" && name != "remade" {
			a, err := s.Cards.Activate(ctx, h.Actor, c.ID, c.Number.LastSix(), time.Now())
			s.must(t, err)
			c = a.Card
		}
		s.Made[name] = c
	}
	s.change(t, "blocked", s.block)
	s.change(t, "unblocked", s.block)
	s.change(t, "unblocked", func(c card.Card) (card.Card, error) { return s.Cards.Unblock(ctx, s.Orderer, c.ID, c.Revision, "") })
	s.change(t, "terminated", s.block)
	s.change(t, "terminated", func(c card.Card) (card.Card, error) {
		return s.Cards.Terminate(ctx, s.Orderer, c.ID, c.Revision, card.ReasonStolen, "")
	})
	s.replace(t, holders["replaced"])
	s.unfinished(t)
	s.Sequence(t)
}

func (s *Scheme) block(c card.Card) (card.Card, error) {
	return s.Cards.Block(context.Background(), s.Orderer, c.ID, c.Revision, card.ReasonLost, "")
}

func (s *Scheme) change(t testing.TB, name string, fn func(card.Card) (card.Card, error)) {
	t.Helper()
	c, err := fn(s.Made[name])
	s.must(t, err)
	s.Made[name] = c
}

// replace orders a card anew and activates it.
func (s *Scheme) replace(t testing.TB, h ordertest.Holder) {
	t.Helper()
	ctx := t.Context()
	o := s.Filled(t, s.Orderer, ordertest.Who(h.Given, h.Surname, h.Number))
	o, err := s.Orders.SetCard(ctx, s.Orderer, o.Lines[0].ID, order.CardChoice{Type: "standard", Replaces: string(s.Made["replaced"].Number)})
	s.must(t, err)
	o, err = s.Orders.Submit(ctx, s.Orderer, o.ID, o.Revision)
	s.must(t, err)
	l, err := s.Orders.Pass(ctx, s.Reviewer, o.Lines[0].ID, o.Lines[0].Revision)
	s.must(t, err)
	l, err = s.Orders.Confirm(ctx, h.Actor, l.ID, l.Revision, s.Sign(t, h, l), ordertest.Browser)
	s.must(t, err)
	s.send(t)
	s.Receive(t, l.ID, production.ReceiptProduced, "")
	c := s.card(t, l.ID)
	a, err := s.Cards.Activate(ctx, h.Actor, c.ID, c.Number.LastSix(), time.Now())
	s.must(t, err)
	s.Made["replacement"], s.Made["replaced"], s.Lines["replacement"] = a.Card, s.card(t, s.Lines["replaced"].ID), l
}

// unfinished leaves lines in the states before production, and a company that was on hold.
func (s *Scheme) unfinished(t testing.TB) {
	t.Helper()
	ctx := t.Context()
	who := func() order.Who { return ordertest.Who("Olle", "Strand", s.Number()) }
	s.Filled(t, s.Orderer, who())
	s.Lines["ordered"], s.Lines["awaiting"] = s.Ordered(t, who()), s.Awaiting(t, who())
	l := s.Ordered(t, who())
	l, err := s.Orders.Reject(ctx, s.Reviewer, l.ID, l.Revision, []string{order.ReviewReasons()[0].Code}, "")
	s.must(t, err)
	l, err = s.Orders.Undo(ctx, s.Reviewer, l.ID)
	s.must(t, err)
	_, err = s.Orders.Cancel(ctx, s.Orderer, l.ID, l.Revision)
	s.must(t, err)
	h := s.Holder(t, "Disa", "Lund")
	l = s.Awaiting(t, ordertest.Who(h.Given, h.Surname, h.Number))
	_, err = s.Orders.RejectByCardholder(ctx, h.Actor, l.ID, l.Revision, "Fel namn")
	s.must(t, err)
	officer := actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
	firm, _ := s.Firm(t, false)
	_, err = s.Companies.Hold(ctx, officer, firm.ID, "unpaid", "")
	s.must(t, err)
	_, err = s.Companies.Release(ctx, officer, firm.ID, "")
	s.must(t, err)
	_, err = s.Companies.Hold(ctx, officer, firm.ID, "agreement", "")
	s.must(t, err)
	s.Lines["approved"] = s.Approved(t, s.Holder(t, "Tyra", "Ek")) // its job waits
}

// send has approved lines taken and the open batch delivered.
func (s *Scheme) send(t testing.TB) {
	t.Helper()
	s.must(t, s.Jobs.Drain(t.Context()))
	s.must(t, s.Production.CloseOpen(t.Context()))
	s.must(t, s.Jobs.Drain(t.Context()))
}

// Receive takes a receipt for the newest item of a line.
func (s *Scheme) Receive(t testing.TB, line uuid.UUID, kind, code string) {
	t.Helper()
	type item struct{ id, batch, number string }
	i, err := db.Read(t.Context(), s.DB, func(_ context.Context, tx *db.Tx) (item, error) {
		return db.One(tx, func(r db.Row) (i item, err error) { err = r.Scan(&i.id, &i.batch, &i.number); return i, err },
			`SELECT i.id, b.number, i.number FROM batch_item i JOIN batch b ON b.id = i.batch_id WHERE i.line_id = $1 ORDER BY i.attempt DESC LIMIT 1`, line)
	})
	s.must(t, err)
	s.serial++
	r := production.Receipt{ID: fmt.Sprintf("r-%d", s.serial), Batch: i.batch, CardID: i.id, Kind: kind, RejectCode: code, At: time.Now()}
	if kind == production.ReceiptProduced {
		r.ChipUID = "04a1" + strings.ReplaceAll(i.number, "-", "")
	}
	out, err := s.Production.Receive(t.Context(), []production.Receipt{r})
	s.must(t, err)
	if got := out[0].Result; got != production.Applied && got != production.Kept {
		t.Fatalf("%s: %+v", kind, out[0])
	}
}

func (s *Scheme) card(t testing.TB, line uuid.UUID) card.Card {
	t.Helper()
	c, err := db.Read(t.Context(), s.DB, func(ctx context.Context, tx *db.Tx) (card.Card, error) { return card.ByLineTx(ctx, tx, line) })
	s.must(t, err)
	return c
}

// Sequence gives every entry its position.
func (s *Scheme) Sequence(t testing.TB) {
	t.Helper()
	for {
		n, err := s.Sequencer.Step(t.Context())
		s.must(t, err)
		if n == 0 {
			return
		}
	}
}
