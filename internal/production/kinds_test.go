package production_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// approveKind is approve for a card of another type.
func (f *floor) approveKind(h cardtest.Holder, kind string) order.Line {
	f.t.Helper()
	l := f.Line(f.t, h, order.Approved)
	if err := db.Do(f.t.Context(), f.D, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE order_line SET card_type = $1, valid_until = $2 WHERE id = $3`, kind, last(f.t, kind, clock.DateOf(tx.Now)), l.ID)
		return err
	}); err != nil {
		f.t.Fatal(err)
	}
	f.enqueue(l)
	f.drain()
	return f.line(l.ID)
}

func last(t *testing.T, kind string, today clock.Date) clock.Date {
	t.Helper()
	until, _ := order.LongestValidity(kind, today)
	if until.IsZero() {
		t.Fatalf("a card of type %s can't be ordered", kind)
	}
	return until
}

func (f *floor) card(line order.Line) card.Card {
	f.t.Helper()
	c, ok, err := f.Cards.ByLine(f.t.Context(), actor.System("test"), line.ID)
	if err != nil || !ok {
		f.t.Fatal(ok, err)
	}
	return c
}

// told is what the public and a reader are told of a card.
func told(t *testing.T, d *db.DB, n card.Number) (public bool, reader check.Decision) {
	t.Helper()
	s := check.New(d)
	public, err := s.Public(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	reader, err = s.Check(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return public, reader
}

// A visitor's card: no chip in the order file and none in the receipt, active by
// being posted, no activation, no PIN, active for everybody who asks, and
// refused at every reader.
//
// Rows: 72, 73
func TestVisitorCardIsActiveByDispatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		h := f.Holder(t, "Sara", "Ekdahl")
		l := f.approveKind(h, "visitor")
		f.send()
		i := f.item(l.ID)
		if file := f.press.files[i.BatchNumber]; file.Cards[0].Chip || file.Cards[0].Type != "visitor" || !strings.Contains(string(file.Cards[0].ArtworkSVG), "VISITOR") {
			t.Errorf("the order file: %+v", file.Cards[0])
		}
		f.gets(f.receipt(i, production.ReceiptProduced), production.Refused, "chip_unexpected")
		made := f.receipt(i, production.ReceiptProduced)
		made.ChipUID = ""
		f.gets(made, production.Applied, "")
		c := f.card(l)
		if public, reader := told(t, d, c.Number); public || reader.Valid || c.State != card.Produced {
			t.Errorf("before it is posted: %s, %v, %+v", c.State, public, reader)
		}
		f.gets(f.receipt(i, production.ReceiptDispatched), production.Applied, "")
		f.gets(f.receipt(i, production.ReceiptDispatched), production.Repeated, "")
		c = f.card(l)
		if c.State != card.Active || c.ActivatedAt.IsZero() || !c.ActivatedAt.Equal(c.DispatchedAt) || c.ChipUID != "" {
			t.Errorf("after it is posted: %+v", c)
		}
		if public, reader := told(t, d, c.Number); !public || reader.Valid || reader.Reason != check.CardTypeNotAllowed {
			t.Errorf("public %v, reader %+v", public, reader)
		}
		if got := strings.Join(f.mails(l.ID), ","); !strings.Contains(got, "card_sent cardholder,card_sent orderer") || strings.Contains(got, "card_dispatched") || strings.Contains(got, "card_activated") {
			t.Errorf("mails: %s", got)
		}
		if _, err := f.Cards.Activate(t.Context(), h.Actor, c.ID, c.Number.LastSix(), time.Now()); !fault.Has(err, "card.no_activation") {
			t.Errorf("activating it: %v", err)
		}
		if _, err := f.Cards.ShowPIN(t.Context(), h.Actor, c.ID, string(c.Number), time.Now()); !fault.Has(err, "card.no_pin") {
			t.Errorf("showing its PIN: %v", err)
		}
		for _, p := range card.ActionsFor(c, h.Actor, c.ValidUntil, f.Cards.Fee(c.ValidUntil)) {
			if p.Action == card.ActionActivate || p.Action == card.ActionShowPIN {
				t.Errorf("its page offers %s", p.Action)
			}
		}
		if f.Cards.Fee(c.ValidUntil).Bills(c.Kind(), c.State) {
			t.Error("it costs the yearly fee")
		}
		// It is blocked as any other.
		if _, err := f.Cards.Block(t.Context(), h.Actor, c.ID, c.Revision, card.ReasonLost, ""); err != nil {
			t.Fatal(err)
		}
		if public, reader := told(t, d, c.Number); public || reader.Reason != check.CardTypeNotAllowed {
			t.Errorf("blocked: public %v, reader %+v", public, reader)
		}
	})
}

// A visitor's card that the bureau posts before it says that it is made, one
// that was ended on its way, and one that is ordered anew.
//
// Rows: 72
func TestVisitorCardInOddOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		h := f.Holder(t, "Sara", "Ekdahl")
		first := f.approveKind(h, "visitor")
		f.send()
		i := f.item(first.ID)
		f.gets(f.receipt(i, production.ReceiptDispatched), production.Kept, "not_produced_yet")
		made := f.receipt(i, production.ReceiptProduced)
		made.ChipUID = ""
		f.gets(made, production.Applied, "")
		if c := f.card(first); c.State != card.Active {
			t.Errorf("posted before it was made: %s", c.State)
		}

		// The next one for the same person ends the first when it is posted.
		second := f.approveKind(h, "visitor")
		f.send()
		i = f.item(second.ID)
		made = f.receipt(i, production.ReceiptProduced)
		made.ChipUID = ""
		f.gets(made, production.Applied, "")
		f.gets(f.receipt(i, production.ReceiptDispatched), production.Applied, "")
		if a, b := f.card(first), f.card(second); a.State != card.Terminated || a.EndReason != card.ReasonReplaced || b.State != card.Active || b.Predecessor != a.ID {
			t.Errorf("first %s (%s), second %s", a.State, a.EndReason, b.State)
		}

		third := f.approveKind(f.Holder(t, "Oskar", "Hägg"), "visitor")
		f.send()
		i = f.item(third.ID)
		made = f.receipt(i, production.ReceiptProduced)
		made.ChipUID = ""
		f.gets(made, production.Applied, "")
		c := f.card(third)
		if _, err := f.Cards.Terminate(t.Context(), actor.Actor{Role: actor.Officer, Name: "Ivar"}, c.ID, c.Revision, card.ReasonLost, ""); err != nil {
			t.Fatal(err)
		}
		f.gets(f.receipt(i, production.ReceiptDispatched), production.Applied, "")
		if c := f.card(third); c.State != card.Terminated {
			t.Errorf("ended on its way: %s", c.State)
		}
	})
}

// A third type is nothing but its data: with a chip, without activation, let in
// at readers, and valid for a week.
//
// Rows: 72, 73
func TestThirdTypeIsOnlyData(t *testing.T) {
	remove, err := cardtype.Register(cardtype.Type{
		Code: "daypass", Programme: "site", Name: map[i18n.Lang]string{"sv": "Veckokort", "en": "Week card"},
		Printed: "VECKOKORT", Chip: true, Attendance: true, MaxDays: 7, Design: "visitor",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	t.Run("walk", func(t *testing.T) {
		dbtest.Each(t, func(t *testing.T, d *db.DB) {
			f := newFloor(t, d, production.Config{})
			h := f.Holder(t, "Sara", "Ekdahl")
			l := f.approveKind(h, "daypass")
			if want := clock.DateOf(time.Now()).AddDays(7); l.ValidUntil != want {
				t.Errorf("valid until %s, want %s", l.ValidUntil, want)
			}
			f.send()
			i := f.item(l.ID)
			if file := f.press.files[i.BatchNumber]; !file.Cards[0].Chip || !strings.Contains(string(file.Cards[0].ArtworkSVG), "VECKOKORT") {
				t.Errorf("the order file: %+v", file.Cards[0])
			}
			f.gets(f.receipt(i, production.ReceiptProduced), production.Applied, "")
			f.gets(f.receipt(i, production.ReceiptDispatched), production.Applied, "")
			c := f.card(l)
			if public, reader := told(t, d, c.Number); !public || !reader.Valid || reader.CardType != "daypass" || c.ChipUID == "" {
				t.Errorf("public %v, reader %+v, %+v", public, reader, c)
			}
		})
	})
}
