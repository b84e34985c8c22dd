package model

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/luhn"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/internal/production"
)

const (
	validDays = 20
	never     = 100 * 365 * 24 * time.Hour
	rightName = "Petraitis"
)

// noon is where the clock stands: the days that histories let pass never come near midnight.
var noon = time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)

// rig is the product on one engine.
type rig struct {
	t      *testing.T
	engine string
	*ordertest.Kit
	cards  *card.Service
	made   *production.Service
	check  *check.Service
	runner *job.Runner
	clock  *clock.Clock
	staff  actor.Actor
	boss   actor.Actor
	firms  int

	history // what the present history made
}

// history is what one history is about.
type history struct {
	firm          company.Company
	by, stranger  actor.Actor
	holders       [2]ordertest.Holder
	lines         []order.ID
	lastReceipt   production.Receipt
	emails        int
	notices, logs int64
}

// deafBureau takes every file; its receipts are the history's.
type deafBureau struct{}

func (deafBureau) Deliver(context.Context, production.OrderFile) error { return nil }
func (deafBureau) Ask(context.Context, string, []string) error         { return nil }

func newRig(t *testing.T, engine string) *rig {
	t.Helper()
	r := &rig{t: t, engine: engine, clock: clock.NewAt(noon)}
	o := dbtest.Options(t, engine)
	o.Clock = r.clock
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	r.Kit = ordertest.New(t, d)
	r.cards = card.New(d, r.Keeper, card.Config{})
	r.Orders.Cards = r.cards
	r.made, err = production.New(d, deafBureau{}, r.Blobs, r.cards, r.Orders, production.Config{CloseEvery: never, AskEvery: never}, dbtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	r.check, r.runner = check.New(d), job.NewRunner(d, dbtest.Log(t))
	r.made.Register(r.runner)
	r.staff = actor.Actor{Role: actor.Production, Account: db.NewID(), Name: "Ivar Holm"}
	r.boss = actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
	return r
}

// begin starts a history: a company of its own with two people, no job of the one before, and no open batch.
func (r *rig) begin() {
	r.work()
	r.must(r.closeBatch())
	r.work()
	r.history = history{}
	r.firm, r.by = r.enter()
	_, r.stranger = r.enter()
	for i := range r.holders {
		r.holders[i] = r.Holder(r.t, "Jonas", rightName)
	}
	r.notices, r.logs = r.count("production_notice WHERE settled_at IS NULL"), r.count("journal_entry")
}

func (r *rig) enter() (company.Company, actor.Actor) {
	r.t.Helper()
	r.firms++
	digits := fmt.Sprintf("5599%05d", r.firms)
	last, _ := luhn.Digit(digits)
	c, err := r.Companies.Enter(r.t.Context(), r.boss, company.Details{
		Name: fmt.Sprintf("Bygg %d AB", r.firms), OrganisationNumber: digits + string(last),
		Address: company.Address{Name: "Kontoret", Line1: "Sågverksgatan 4", Postcode: "444 44", City: "Exempelstad", Country: "SE"},
	})
	r.must(err)
	return c, r.Enrol(r.t, c, r.Holder(r.t, "Alva", "Lindström"), fmt.Sprintf("alva%d@firm.example", r.firms))
}

func (r *rig) must(err error) {
	if err != nil {
		r.t.Helper()
		panic(fmt.Sprintf("%s: %v", r.engine, err))
	}
}

func (r *rig) count(from string) int64 {
	n, err := db.Read(r.t.Context(), r.DB, func(_ context.Context, tx *db.Tx) (int64, error) {
		return db.Value[int64](tx, "SELECT count(*) FROM "+from)
	})
	r.must(err)
	return n
}

// code is an answer as the reference gives it. What isn't a fault is a mistake of the test or of the product.
func (r *rig) code(err error) string {
	if err == nil {
		return ""
	}
	var codes []string
	for _, e := range fault.All(err) {
		codes = append(codes, e.Code)
	}
	if len(codes) == 0 || fault.KindOf(err) == fault.Internal {
		panic(fmt.Sprintf("%s: %v", r.engine, err))
	}
	return strings.Join(codes, " ")
}

func only[T any](_ T, err error) error { return err }

// orderer is the company's, or another's.
func (r *rig) orderer(own bool) actor.Actor {
	if own {
		return r.by
	}
	return r.stranger
}

// send orders a card; a draft that can't be sent is discarded.
func (r *rig) send(who int, replaces int) error {
	ctx := r.t.Context()
	o, err := r.Orders.NewDraft(ctx, r.by)
	if err != nil {
		return err
	}
	line := o.Lines[0].ID
	h := r.holders[who]
	r.must(only(r.Orders.SetPerson(ctx, r.by, line, ordertest.Who(h.Given, rightName, h.Number))))
	choice := order.CardChoice{Type: "standard", ValidUntil: clock.DateOf(r.clock.Now()).AddDays(validDays).String()}
	if replaces >= 0 {
		choice.Replaces = string(r.cardOf(replaces).Number)
	}
	r.must(only(r.Orders.SetCard(ctx, r.by, line, choice)))
	o, err = r.Orders.SetPhoto(ctx, r.by, line, ordertest.Picture(0))
	r.must(err)
	if _, err = r.Orders.Submit(ctx, r.by, o.ID, o.Revision); err != nil {
		r.must(r.Orders.Discard(ctx, r.by, o.ID))
		return err
	}
	r.lines = append(r.lines, line)
	return nil
}

func (r *rig) reviewer(by, line int) actor.Actor {
	switch by {
	case 0:
		return r.Reviewer
	case 1:
		return r.Reviewer2
	}
	l, err := r.Orders.Line(r.t.Context(), r.by, r.lines[line])
	r.must(err)
	for _, h := range r.holders {
		if ordertest.Who(h.Given, h.Surname, h.Number).PersonalNumber != "" && l.Claimed.Masked == h.Number.Masked() {
			a := h.Actor
			a.Role = actor.Reviewer
			return a
		}
	}
	return r.Reviewer
}

func (r *rig) correct(line int, own bool, rev int64, what, who int) error {
	ctx := r.t.Context()
	l, err := r.Orders.Line(ctx, r.by, r.lines[line])
	r.must(err)
	w := l.AsTyped()
	switch what {
	case 1:
		r.emails++
		w.Email = fmt.Sprintf("jonas%d.%s@post.example", r.emails, string(r.holders[who].Number)[2:8])
	case 2:
		w.Surname = "Felskriven"
	case 3:
		w.Surname = rightName
	}
	return only(r.Orders.Correct(ctx, r.orderer(own), l.ID, rev, w))
}

// sign goes the whole way of a cardholder: contact details, the text, the signature.
func (r *rig) sign(line, who int, rev int64) error {
	ctx, h, id := r.t.Context(), r.holders[who], r.lines[line]
	if _, err := r.Orders.Contact(ctx, h.Actor, id, ordertest.Contact()); err != nil {
		return err
	}
	if _, err := r.Orders.SignText(ctx, h.Actor, id, rev, "sv"); err != nil {
		return err
	}
	l, err := r.Orders.Line(ctx, r.by, id)
	r.must(err)
	return only(r.Orders.Confirm(ctx, h.Actor, id, rev, r.Sign(r.t, h, l), ordertest.Browser))
}

func (r *rig) photo(line int, own bool, rev int64) error {
	return only(r.Orders.ReplacePhoto(r.t.Context(), r.orderer(own), r.lines[line], rev, ordertest.Picture(1), photo.Crop{}))
}

// cardOf is the card of a line, or the zero card.
func (r *rig) cardOf(line int) card.Card {
	c, _, err := r.cards.ByLine(r.t.Context(), r.boss, r.lines[line])
	r.must(err)
	return c
}

type itemRow struct {
	id, batch, number, state string
}

func (r *rig) items(line int) []itemRow {
	out, err := db.Read(r.t.Context(), r.DB, func(_ context.Context, tx *db.Tx) ([]itemRow, error) {
		return db.Rows(tx, func(row db.Row) (i itemRow, err error) { return i, row.Scan(&i.id, &i.batch, &i.number, &i.state) },
			`SELECT i.id, i.batch_id, b.number, i.state FROM batch_item i JOIN batch b ON b.id = i.batch_id WHERE i.line_id = $1 ORDER BY i.created_at, i.id`, r.lines[line])
	})
	r.must(err)
	return out
}

// receipt sends one and says what became of it.
func (r *rig) receipt(line, item int, kind, code string, otherChip bool) string {
	i := r.items(line)[item]
	p := production.Receipt{ID: uuid.NewString(), Batch: i.number, CardID: i.id, Kind: kind, At: noon}
	switch kind {
	case production.ReceiptProduced:
		if p.ChipUID = strings.ReplaceAll(i.id, "-", ""); otherChip {
			p.ChipUID = "00" + p.ChipUID
		}
	case production.ReceiptFailed:
		p.RejectCode = code
	}
	return r.give(p)
}

func (r *rig) give(p production.Receipt) string {
	r.lastReceipt = p
	out, err := r.made.Receive(r.t.Context(), []production.Receipt{p})
	if err != nil {
		return "error " + r.code(err)
	}
	return string(out[0].Result) + " " + out[0].Why
}

func (r *rig) supervise(line, item int, again bool) error {
	id := uuid.MustParse(r.items(line)[item].id)
	if again {
		return r.made.Remake(r.t.Context(), r.staff, id)
	}
	return r.made.ReturnToOrderer(r.t.Context(), r.staff, id, "Kontrollera namnet.")
}

// role is who acts on a card: the company, its cardholder, an officer, another company, another person, or support.
func (r *rig) role(name string, who int) actor.Actor {
	switch name {
	case "orderer":
		return r.by
	case "cardholder":
		return r.holders[who].Actor
	case "officer":
		return r.boss
	case "stranger":
		return r.stranger
	case "somebody":
		return r.holders[1-who].Actor
	}
	return actor.Actor{Role: actor.Support, Account: db.NewID(), Name: "Stina"}
}

func (r *rig) change(line int, by actor.Actor, rev int64, action string) error {
	ctx, id := r.t.Context(), r.cardOf(line).ID
	switch action {
	case "block":
		return only(r.cards.Block(ctx, by, id, rev, card.ReasonLost, ""))
	case "unblock":
		return only(r.cards.Unblock(ctx, by, id, rev, ""))
	}
	return only(r.cards.Terminate(ctx, by, id, rev, card.ReasonStolen, ""))
}

func (r *rig) activate(line, who int, right, fresh bool) error {
	c, at := r.cardOf(line), time.Now()
	digits := c.Number.LastSix()
	if !right {
		digits = string('0'+(digits[0]-'0'+1)%10) + digits[1:]
	}
	if !fresh {
		at = at.Add(-time.Hour)
	}
	return only(r.cards.Activate(r.t.Context(), r.holders[who].Actor, c.ID, digits, at))
}

func (r *rig) showPIN(line, who int) error {
	c := r.cardOf(line)
	return only(r.cards.ShowPIN(r.t.Context(), r.holders[who].Actor, c.ID, string(c.Number), time.Now()))
}

func (r *rig) hold(on bool) error {
	if on {
		return only(r.Companies.Hold(r.t.Context(), r.boss, r.firm.ID, company.Unpaid, ""))
	}
	return only(r.Companies.Release(r.t.Context(), r.boss, r.firm.ID, ""))
}

func (r *rig) work() {
	r.must(r.runner.Drain(r.t.Context()))
}

// closeBatch gives the cards a drawing of two bytes first: making the real one takes longer than all the rest.
func (r *rig) closeBatch() error {
	ctx := r.t.Context()
	r.must(db.Do(ctx, r.DB, func(ctx context.Context, tx *db.Tx) error {
		ids, err := db.Rows(tx, db.Column[uuid.UUID], `SELECT i.id FROM batch_item i JOIN batch b ON b.id = i.batch_id WHERE b.state = 'open' AND i.artwork_id IS NULL`)
		for _, id := range ids {
			var drawn [2]uuid.UUID
			for k := range drawn {
				if drawn[k], err = r.Blobs.PutTx(ctx, tx, "application/pdf", []byte("--")); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(`UPDATE batch_item SET artwork_id = $1, artwork_svg_id = $2 WHERE id = $3`, drawn[0], drawn[1], id); err != nil {
				return err
			}
		}
		return err
	}))
	return r.made.CloseOpen(ctx)
}

// facts is everything about a line that somebody can see.
func (r *rig) facts(line, who int) string {
	ctx := r.t.Context()
	l, err := r.Orders.Line(ctx, r.by, r.lines[line])
	r.must(err)
	out := fmt.Sprintf("%s r%d %s %v", l.State, l.Revision, order.Shown(l).Code, l.Actions())
	for _, i := range r.items(line) {
		b, err := r.made.Batch(ctx, r.staff, uuid.MustParse(i.batch))
		r.must(err)
		n := b.Counts
		out += fmt.Sprintf(" | %s in %s %d=%d+%d+%d", i.state, b.State, n.OrderFile, n.Produced, n.Failed, n.Outstanding)
	}
	c := r.cardOf(line)
	if c.ID == uuid.Nil {
		return out
	}
	d, err := r.check.Check(ctx, c.Number)
	r.must(err)
	if d.Valid != (d.Reason == check.OK) {
		out += " valid and not"
	}
	today := clock.DateOf(r.clock.Now())
	allowed := func(by actor.Actor) (names []string) {
		for _, p := range card.ActionsFor(c, by, today, r.cards.Fee(today)) {
			if p.Allowed {
				names = append(names, string(p.Action))
			}
		}
		return names
	}
	return out + fmt.Sprintf(" | %s r%d %s %v %v", c.State, c.Revision, d.Reason, allowed(r.by), allowed(r.holders[who].Actor))
}
