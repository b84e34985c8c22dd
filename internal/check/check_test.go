package check_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

// valid are the facts of a card that may come in on 20 November 2026, its last
// day.
func valid() check.Facts {
	return check.Facts{
		Known: true, Number: "BB-1234-567897", CardType: "standard", TypeAllowed: true, State: card.Active,
		ValidUntil: clock.Date{Year: 2026, Month: 11, Day: 20},
	}
}

// Rows: 54
func TestDecide(t *testing.T) {
	lastMoment := time.Date(2026, 11, 20, 22, 59, 59, 0, time.UTC) // 23.59.59 in Stockholm
	if d := check.Decide(valid(), lastMoment); !d.Valid || d.Reason != check.OK || !d.AsOf.Equal(lastMoment) || d.CardType != "standard" {
		t.Error("the last day counts to its end", d)
	}
	if d := check.Decide(valid(), lastMoment.Add(time.Second)); d.Valid || d.Reason != check.Expired {
		t.Error("the day after doesn't count", d)
	}
	// Each makes the facts worse; the reasons must come in their order, so the
	// one set last, which stands earlier, wins over all before.
	worse := []struct {
		set    func(*check.Facts)
		reason check.Reason
	}{
		{func(f *check.Facts) { f.Closed = true }, check.CompanyClosed},
		{func(f *check.Facts) { f.Hold = true }, check.CompanySuspended},
		{func(f *check.Facts) { f.State = card.Produced }, check.NotActivated},
		{func(f *check.Facts) { f.State = card.Blocked }, check.Blocked},
		{func(f *check.Facts) { f.ValidUntil = f.ValidUntil.AddDays(-1) }, check.Expired},
		{func(f *check.Facts) { f.State = card.Terminated }, check.Terminated},
		{func(f *check.Facts) { f.Visual = true }, check.VisualOnly},
		{func(f *check.Facts) { f.TypeAllowed = false }, check.CardTypeNotAllowed},
		{func(f *check.Facts) { f.Known = false }, check.Unknown},
	}
	f := valid()
	for i, w := range worse {
		w.set(&f)
		if d := check.Decide(f, lastMoment); d.Valid || d.Reason != w.reason {
			t.Errorf("%d: %s, expected %s", i, d.Reason, w.reason)
		}
		alone := valid()
		w.set(&alone)
		if d := check.Decide(alone, lastMoment); d.Valid || d.Reason != w.reason {
			t.Errorf("%d alone: %s, expected %s", i, d.Reason, w.reason)
		}
		if want := check.Reasons()[len(worse)-1-i]; want != w.reason {
			t.Errorf("Reasons has %s where %s belongs", want, w.reason)
		}
	}
	if d := check.Decide(f, lastMoment); d.CardType != "" || !d.ValidUntil.IsZero() {
		t.Error("nothing is told of an unknown card", d)
	}
	odd := valid()
	odd.State = "melted"
	if check.Decide(odd, lastMoment).Valid {
		t.Error("a state that nobody knows is valid")
	}
}

func TestReasonsHaveWords(t *testing.T) {
	for _, l := range i18n.Languages() {
		for _, r := range check.Reasons() {
			if !i18n.For(l.Lang).Has("check.reason." + string(r)) {
				t.Error(l, r)
			}
		}
	}
}

// Rows: 49, 54, 61, 62, 63
func TestCheckFollowsTheCard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		s := check.New(d)
		h := k.Holder(t, "Sara", "Ekdahl")
		is := func(n card.Number, want check.Reason) {
			t.Helper()
			got, err := s.Check(t.Context(), n)
			if err != nil || got.Reason != want || got.Valid != (want == check.OK) || got.Number != n {
				t.Errorf("%v, %v, expected %s", got, err, want)
			}
			public, err := s.Public(t.Context(), n)
			if err != nil || public != (want == check.OK) {
				t.Errorf("public %v, %v at %s", public, err, want)
			}
		}
		is("BB-1234-567897", check.Unknown)
		waiting := k.Produced(t, k.Holder(t, "Oskar", "Hägg"))
		is(waiting.Number, check.NotActivated)
		c, _ := k.Active(t, h)
		is(c.Number, check.OK)
		c, err := k.Cards.Block(t.Context(), h.Actor, c.ID, c.Revision, card.ReasonLost, "")
		if err != nil {
			t.Fatal(err)
		}
		is(c.Number, check.Blocked)
		if c, err = k.Cards.Unblock(t.Context(), k.Orderer, c.ID, c.Revision, ""); err != nil {
			t.Fatal(err)
		}
		is(c.Number, check.OK)
		if _, err := k.Companies.Hold(t.Context(), k.Officer, k.Company.ID, "unpaid", ""); err != nil {
			t.Fatal(err)
		}
		is(c.Number, check.CompanySuspended)
		is(waiting.Number, check.NotActivated)
		if _, err := k.Companies.Release(t.Context(), k.Officer, k.Company.ID, ""); err != nil {
			t.Fatal(err)
		}
		is(c.Number, check.OK)
		k.Expire(t, waiting)
		is(waiting.Number, check.Expired)
		if _, err := k.Cards.Terminate(t.Context(), k.Orderer, c.ID, c.Revision, card.ReasonLost, ""); err != nil {
			t.Fatal(err)
		}
		is(c.Number, check.Terminated)
	})
}

func TestReaderKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		s := check.New(d)
		_, _, err := s.CreateKey(t.Context(), k.Orderer, "Grind 2")
		if fault.CodeOf(err) != "check.not_allowed" {
			t.Error(err)
		}
		_, _, err = s.CreateKey(t.Context(), k.Officer, " ")
		if fault.CodeOf(err) != "check.name_missing" {
			t.Error(err)
		}
		r, key, err := s.CreateKey(t.Context(), k.Officer, "Grind 2")
		if err != nil || !strings.HasPrefix(key, "kvr_") || len(key) < 28 {
			t.Fatal(r, len(key), err)
		}
		if got, err := s.Authenticate(t.Context(), key); err != nil || got.ID != r.ID {
			t.Error(got, err)
		}
		for _, wrong := range []string{"", "kvr_", key + "x", key[:len(key)-1], strings.ToLower(key)} {
			if _, err := s.Authenticate(t.Context(), wrong); fault.CodeOf(err) != "check.key_wrong" {
				t.Error(err)
			}
		}
		if err := s.RevokeKey(t.Context(), k.Officer, r.ID); err != nil {
			t.Error(err)
		}
		if _, err := s.Authenticate(t.Context(), key); fault.CodeOf(err) != "check.key_wrong" {
			t.Error(err)
		}
		if err := s.RevokeKey(t.Context(), k.Officer, r.ID); fault.CodeOf(err) != "check.reader_unknown" {
			t.Error(err)
		}
		list, err := s.Readers(t.Context(), k.Officer)
		if err != nil || len(list) != 1 || list[0].RevokedAt.IsZero() {
			t.Error(list, err)
		}
	})
}
