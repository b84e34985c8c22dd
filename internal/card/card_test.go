package card_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
)

func wants(t *testing.T, err error, code string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Helper()
		t.Errorf("got %v, expected %s", err, code)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// entries are the kinds in a card's journal, oldest first.
func entries(t *testing.T, d *db.DB, c card.Card) []string {
	t.Helper()
	records := must[[]journal.Record](t)(db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]journal.Record, error) {
		return journal.Of(ctx, tx, journal.OfCard(c.ID))
	}))
	var kinds []string
	for _, r := range records {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}

func mails(t *testing.T, d *db.DB, c card.Card) []string {
	t.Helper()
	return must[[]string](t)(db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], `SELECT template FROM mail WHERE card_id = $1 ORDER BY template, id`, c.ID)
	}))
}

// Rows: 52
func TestActivatingEndsTheCardBefore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h, colleague := k.Holder(t, "Sara", "Ekdahl"), k.Holder(t, "Oskar", "Hägg")
		old, _ := k.Active(t, h)
		hers, _ := k.Active(t, colleague)
		elsewhere := k.Firm(t, "Granit & Fog AB", "5561234567")
		other := k.Issue(t, k.LineOf(t, elsewhere, h, order.Produced), elsewhere.Name)
		other = must[card.Activation](t)(k.Cards.Activate(t.Context(), h.Actor, other.ID, other.Number.LastSix(), time.Now())).Card
		next := k.Issue(t, k.Line(t, h, order.Produced), k.Company.Name)
		a := must[card.Activation](t)(k.Cards.Activate(t.Context(), h.Actor, next.ID, next.Number.LastSix(), time.Now()))
		if a.Card.Predecessor != old.ID {
			t.Error("predecessor", a.Card.Predecessor)
		}
		for id, want := range map[card.ID]card.State{old.ID: card.Terminated, next.ID: card.Active, hers.ID: card.Active, other.ID: card.Active} {
			c := load(t, d, id)
			if c.State != want {
				t.Errorf("%s is %s, expected %s", c.Number, c.State, want)
			}
			if id == old.ID && (c.EndReason != card.ReasonReplaced || c.TerminatedAt.IsZero()) {
				t.Error(c)
			}
		}
		if n := texts(t, d, `SELECT card_id FROM card_pin WHERE card_id = $1`, old.ID); len(n) != 0 {
			t.Error("the old PIN is still there")
		}
	})
}

func load(t *testing.T, d *db.DB, id card.ID) card.Card {
	t.Helper()
	return must[card.Card](t)(db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (card.Card, error) { return card.ByIDTx(ctx, tx, id) }))
}

// Rows: 61, 62, 63
func TestBlockUnblockTerminate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		c, _ := k.Active(t, h)
		_, err := k.Cards.Block(t.Context(), k.Orderer, c.ID, c.Revision, "", "")
		wants(t, err, "card.reason_missing")
		_, err = k.Cards.Block(t.Context(), k.Orderer, c.ID, c.Revision, card.ReasonOther, " ")
		wants(t, err, "card.note_missing")
		_, err = k.Cards.Block(t.Context(), k.Orderer, c.ID, c.Revision, card.ReasonOther, strings.Repeat("å", 501))
		wants(t, err, "card.note_long")
		_, err = k.Cards.Block(t.Context(), k.Orderer, c.ID, c.Revision+1, card.ReasonLost, "")
		wants(t, err, "card.changed")

		c = must[card.Card](t)(k.Cards.Block(t.Context(), h.Actor, c.ID, c.Revision, card.ReasonStolen, ""))
		if c.State != card.Blocked || c.BlockedBy != actor.Cardholder || c.BlockReason != card.ReasonStolen {
			t.Error(c)
		}
		_, err = k.Cards.Block(t.Context(), h.Actor, c.ID, c.Revision, card.ReasonStolen, "")
		wants(t, err, "card.already_blocked")
		_, err = k.Cards.Unblock(t.Context(), h.Actor, c.ID, c.Revision, "")
		wants(t, err, "card.not_allowed")
		_, err = k.Cards.ShowPIN(t.Context(), h.Actor, c.ID, string(c.Number), time.Now())
		wants(t, err, "card.no_pin")
		c = must[card.Card](t)(k.Cards.Unblock(t.Context(), k.Orderer, c.ID, c.Revision, "upphittat"))
		if c.State != card.Active || c.BlockReason != "" || !c.BlockedAt.IsZero() {
			t.Error(c)
		}
		_, err = k.Cards.Terminate(t.Context(), h.Actor, c.ID, c.Revision, card.ReasonLost, "")
		wants(t, err, "card.not_allowed")
		c = must[card.Card](t)(k.Cards.Terminate(t.Context(), k.Officer, c.ID, c.Revision, card.ReasonEmploymentEnded, ""))
		if c.State != card.Terminated || c.Revision != load(t, d, c.ID).Revision {
			t.Error(c)
		}
		_, err = k.Cards.Unblock(t.Context(), k.Orderer, c.ID, c.Revision, "")
		wants(t, err, "card.terminated")
		if got := entries(t, d, c)[3:]; !slices.Equal(got, []string{"card.blocked", "card.unblocked", "card.terminated"}) {
			t.Error(got)
		}
		for _, m := range []string{"card_blocked", "card_unblocked", "card_terminated"} {
			if !slices.Contains(mails(t, d, c), m) {
				t.Error("no mail", m)
			}
		}
	})
}

// Rows: 63, 154
func TestProducedCanOnlyBeTerminated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		c := k.Produced(t, h)
		_, err := k.Cards.Block(t.Context(), k.Orderer, c.ID, c.Revision, card.ReasonLost, "")
		wants(t, err, "card.not_active")
		if c = must[card.Card](t)(k.Cards.Terminate(t.Context(), k.Orderer, c.ID, c.Revision, card.ReasonLost, "")); c.State != card.Terminated {
			t.Error(c)
		}
		expired, _ := k.Active(t, k.Holder(t, "Oskar", "Hägg"))
		k.Expire(t, expired)
		_, err = k.Cards.Block(t.Context(), k.Orderer, expired.ID, expired.Revision, card.ReasonLost, "")
		wants(t, err, "card.expired")
	})
}

// The digits that activation asks for come from the card in the hand, so no mail before it has them.
//
// Rows: 54
func TestMailsBeforeActivationLeadPastTheNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		c := k.Produced(t, h)
		if p := card.HolderPath(c); p != "/me" {
			t.Error(p)
		}
		c = must[card.Activation](t)(k.Cards.Activate(t.Context(), h.Actor, c.ID, c.Number.LastSix(), time.Now())).Card
		if p := card.HolderPath(c); p != "/me/cards/"+string(c.Number) {
			t.Error(p)
		}
	})
}

func TestOthersSeeNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h, other := k.Holder(t, "Sara", "Ekdahl"), k.Holder(t, "Oskar", "Hägg")
		c, _ := k.Active(t, h)
		foreign := cardtest.Orderer(k.Firm(t, "Granit & Fog AB", "5561234567"))
		for _, by := range []actor.Actor{foreign, other.Actor, {}, {Role: actor.Cardholder}, {Role: actor.Orderer}, {Role: actor.Reader}} {
			_, err := k.Cards.View(t.Context(), by, c.ID)
			wants(t, err, "card.unknown")
			_, err = k.Cards.Block(t.Context(), by, c.ID, c.Revision, card.ReasonLost, "")
			wants(t, err, "card.unknown")
			_, err = k.Cards.ByNumber(t.Context(), by, c.Number)
			wants(t, err, "card.unknown")
			if _, ok, err := k.Cards.ByLine(t.Context(), by, c.Line); ok || err != nil {
				t.Error(ok, err)
			}
			if _, err := k.Cards.RevealNumber(t.Context(), by, c.ID); err == nil {
				t.Error("number revealed")
			}
		}
		_, err := k.Cards.View(t.Context(), k.Orderer, db.NewID())
		wants(t, err, "card.unknown")
	})
}

// Rows: 64
func TestViewShowsWhatIsPossible(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		c := k.Blocked(t, h)
		v := must[card.View](t)(k.Cards.View(t.Context(), k.Orderer, c.ID))
		if got := allowed(v.Actions); got != "-block +unblock +terminate" {
			t.Error(got)
		}
		if v.Masked != "19850617-••••" || v.Status != card.StatusBlocked || v.Card.Paused {
			t.Error(v.Masked, v.Status)
		}
		if first := v.Events[0]; first.Kind != "card.blocked" || first.Name != "Alva Lindström" || first.Why(i18n.For(i18n.Swedish)) != "Borttappat" {
			t.Errorf("%+v", first)
		}
		for _, lang := range i18n.Languages() {
			words := i18n.For(lang.Lang)
			for _, e := range v.Events {
				if e.Text(words) == "" || e.Who(words) == "" {
					t.Error(e)
				}
			}
			for _, a := range v.Actions {
				for _, c := range a.Consequences {
					if c.Text(words) == "" {
						t.Error(c)
					}
				}
				if !a.Allowed && words.Error(a.Why) == "" {
					t.Error(a)
				}
			}
		}
		v = must[card.View](t)(k.Cards.View(t.Context(), h.Actor, c.ID))
		if got := allowed(v.Actions); got != "-activate -show_pin -block" {
			t.Error(got)
		}
		must[company.Company](t)(k.Companies.Hold(t.Context(), k.Officer, k.Company.ID, "unpaid", ""))
		if v = must[card.View](t)(k.Cards.View(t.Context(), h.Actor, c.ID)); !v.Card.Paused || v.Card.State != card.Blocked {
			t.Error("the hold is an overlay", v.Card)
		}
		n := must[person.PersonalNumber](t)(k.Cards.RevealNumber(t.Context(), k.Orderer, c.ID))
		if n != h.Number {
			t.Error("another number")
		}
		if got := entries(t, d, c); got[len(got)-1] != "card.personal_number_shown" {
			t.Error(got)
		}
	})
}

func allowed(all []card.Possible) string {
	var out []string
	for _, p := range all {
		sign := "-"
		if p.Allowed {
			sign = "+"
		}
		out = append(out, sign+string(p.Action))
	}
	return strings.Join(out, " ")
}

// Rows: 56
func TestForPersonPutsLiveCardsFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		live, _ := k.Active(t, h)
		gone := k.Issue(t, k.Line(t, h, order.Produced), k.Company.Name)
		must[card.Card](t)(k.Cards.Terminate(t.Context(), k.Orderer, gone.ID, gone.Revision, card.ReasonLost, ""))
		k.Active(t, k.Holder(t, "Oskar", "Hägg"))
		mine := must[[]card.Card](t)(k.Cards.ForPerson(t.Context(), h.Actor))
		if len(mine) != 2 || mine[0].ID != live.ID || mine[1].ID != gone.ID {
			t.Error(mine)
		}
		_, err := k.Cards.ForPerson(t.Context(), actor.Actor{Role: actor.Cardholder})
		wants(t, err, "card.not_allowed")
	})
}

func TestLiveCardIsFoundByPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		h := k.Holder(t, "Sara", "Ekdahl")
		line := k.Line(t, h, order.Produced)
		hash := line.Claimed.NumberHash
		ask := func(company [16]byte, cardType string) string {
			return must[string](t)(db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (string, error) {
				number, found, err := k.Cards.LiveCardTx(ctx, tx, company, hash, cardType)
				if found != (number != "") {
					t.Error(number, found)
				}
				return number, err
			}))
		}
		if n := ask(k.Company.ID, "standard"); n != "" {
			t.Error(n)
		}
		c := k.Issue(t, line, k.Company.Name)
		if n := ask(k.Company.ID, "standard"); n != string(c.Number) {
			t.Error(n)
		}
		if ask(k.Company.ID, "visitor") != "" || ask(db.NewID(), "standard") != "" {
			t.Error("another type or company")
		}
		k.Expire(t, c)
		if n := ask(k.Company.ID, "standard"); n != "" {
			t.Error("expired", n)
		}
	})
}

func TestIssueOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		line := k.Line(t, k.Holder(t, "Sara", "Ekdahl"), order.Produced)
		c := k.Issue(t, line, k.Company.Name)
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			_, err := card.IssueTx(ctx, tx, actor.System("bureau"), card.Issue{Number: c.Number, Line: line.ID, Company: line.Company, Person: line.Person, ValidUntil: clock.DateOf(tx.Now)})
			return err
		})
		wants(t, err, "card.number_not_reserved")
		err = db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			_, err := card.IssueTx(ctx, tx, actor.System("bureau"), card.Issue{Number: "BB-1234-567897", Line: line.ID, Company: line.Company, Person: line.Person, ValidUntil: clock.DateOf(tx.Now)})
			return err
		})
		wants(t, err, "card.number_not_reserved")
	})
}

// Rows: 61, 63
func TestPairsRace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		for range 8 {
			h := k.Holder(t, "Sara", "Ekdahl")
			c, _ := k.Active(t, h)
			codes := parallel(6,
				func() error {
					_, err := k.Cards.Block(t.Context(), h.Actor, c.ID, c.Revision, card.ReasonLost, "")
					return err
				},
				func() error {
					_, err := k.Cards.Terminate(t.Context(), k.Orderer, c.ID, c.Revision, card.ReasonLost, "")
					return err
				})
			if codes[""] != 1 || codes["card.changed"] != 5 {
				t.Error("block and terminate", codes)
			}
			w := k.Produced(t, k.Holder(t, "Oskar", "Hägg"))
			holder := actor.Actor{Role: actor.Cardholder, Person: w.Person, Name: "Oskar Hägg"}
			codes = parallel(6,
				func() error {
					_, err := k.Cards.Activate(t.Context(), holder, w.ID, w.Number.LastSix(), time.Now())
					return err
				},
				func() error {
					_, err := k.Cards.Terminate(t.Context(), k.Orderer, w.ID, w.Revision, card.ReasonLost, "")
					return err
				})
			if codes[""] != 1 {
				t.Error("activate and terminate", codes)
			}
			if got := entries(t, d, w); len(got) > 3 {
				t.Error("more than one change is in the journal", got)
			}
		}
	})
}

// Rows: 52
func TestTwoActivationsLeaveOneActiveCard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		for range 8 {
			h := k.Holder(t, "Sara", "Ekdahl")
			a, b := k.Produced(t, h), k.Produced(t, h)
			activate := func(c card.Card) func() error {
				return func() error {
					_, err := k.Cards.Activate(t.Context(), h.Actor, c.ID, c.Number.LastSix(), time.Now())
					return err
				}
			}
			codes := parallel(6, activate(a), activate(b))
			active := 0
			for _, c := range must[[]card.Card](t)(k.Cards.ForPerson(t.Context(), h.Actor)) {
				if c.State == card.Active {
					active++
				}
			}
			if active != 1 {
				t.Error(active, codes)
			}
			for code := range codes {
				if !slices.Contains([]string{"", "card.changed", "card.already_active", "card.terminated"}, code) {
					t.Error(codes)
				}
			}
		}
	})
}

func TestNumbersAreNeverUsedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seen := map[card.Number]bool{}
		for range 50 {
			n := must[card.Number](t)(db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (card.Number, error) {
				return card.ReserveNumberTx(ctx, tx, "ZQ", db.NewID(), db.NewID())
			}))
			if seen[n] || !bytes.HasPrefix([]byte(n), []byte("ZQ-")) {
				t.Fatal(n)
			}
			seen[n] = true
		}
		// A reserved number is no card.
		for n := range seen {
			_, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (card.Card, error) { return card.ByNumberTx(ctx, tx, n) })
			if !errors.Is(err, fault.New(fault.NotFound, "card.unknown")) {
				t.Error(err)
			}
		}
	})
}

// A page that was opened before the card was posted may still block it: the
// letter is a fact beside the card's life, and neither undoes the other.
func TestALetterDoesntBeatABlock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		seen, _ := k.Active(t, k.Holder(t, "Sara", "Ekdahl"))
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			_, err := card.DispatchTx(ctx, tx, actor.System("bureau"), seen.ID, "RR123", db.NewID())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		blocked := must[card.Card](t)(k.Cards.Block(t.Context(), k.Orderer, seen.ID, seen.Revision, card.ReasonLost, ""))
		if blocked.State != card.Blocked {
			t.Error(blocked)
		}
		now := must[card.View](t)(k.Cards.View(t.Context(), k.Orderer, seen.ID))
		if now.Card.Tracking != "RR123" || now.Card.DispatchedAt.IsZero() {
			t.Errorf("the block undid the letter: %+v", now.Card)
		}
		err = db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			_, err := card.DispatchTx(ctx, tx, actor.System("bureau"), seen.ID, "RR456", db.NewID())
			return err
		})
		wants(t, err, "card.changed")
	})
}
