package order

import (
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Rows: 11
func TestLongestValidity(t *testing.T) {
	d := func(s string) clock.Date {
		v, err := clock.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	rules := []ValidityRule{
		{From: d("2018-01-01"), CardType: cardtype.Standard, Years: 5, Reason: "scheme_limit"},
		{From: d("2027-01-01"), CardType: cardtype.Standard, Years: 3, Reason: "scheme_limit"},
		{From: d("2028-01-01"), CardType: cardtype.Standard, Years: 9, Reason: "scheme_limit"},
		{From: d("2020-01-01"), CardType: "visitor", Years: 1, Reason: "scheme_limit"},
	}
	for _, c := range []struct{ today, until, reason string }{
		{"2017-12-31", "", "no_rule"},
		{"2026-11-30", "2031-11-30", "scheme_limit"},
		{"2024-02-29", "2029-02-28", "scheme_limit"},
		{"2026-12-31", "2031-12-31", "scheme_limit"},
		{"2027-01-01", "2030-01-01", "scheme_limit"}, // the newer rule, from its first day
		{"2028-01-01", "2033-01-01", "card_limit"},   // never longer than the card lives
	} {
		until, why := longest(rules, cardtype.Standard, d(c.today))
		if until.String() != c.until || why.Reason != c.reason {
			t.Errorf("%s: until %s because %s, want %s because %s", c.today, until, why.Reason, c.until, c.reason)
		}
		for _, l := range i18n.Languages() {
			if text := why.Text(i18n.For(l.Lang)); c.until != "" && !strings.Contains(text, c.until) {
				t.Errorf("%s: %q doesn't say until when", c.today, text)
			}
		}
	}
	if until, _ := LongestValidity(cardtype.Standard, d("2026-11-21")); until.String() != "2031-11-21" {
		t.Errorf("the rule in force: %s", until)
	}
}

func TestShownSaysWhoIsWaitedFor(t *testing.T) {
	proven := &Proven{GivenName: "Jonas", Surname: "Petraitis", At: time.Now()}
	for _, c := range []struct {
		line  Line
		code  string
		waits string
	}{
		{Line{State: Draft}, "draft", "orderer"},
		{Line{State: Ordered, Attempts: 1}, "in_review", "reviewer"},
		{Line{State: Ordered, Attempts: 2}, "in_review_again", "reviewer"},
		{Line{State: RejectedByReviewer}, "rejected_by_reviewer", "orderer"},
		{Line{State: RejectedByReviewer, ReturnReason: "PHOTO_WRONG"}, "returned", "orderer"},
		{Line{State: AwaitingCardholder}, "awaiting_cardholder", "cardholder"},
		{Line{State: AwaitingCardholder, Proven: proven, Match: "m1"}, "awaiting_cardholder", "cardholder"},
		{Line{State: AwaitingCardholder, Proven: proven, Match: "mismatch"}, "name_differs", "orderer"},
		{Line{State: RejectedByCardholder}, "rejected_by_cardholder", "orderer"},
		{Line{State: Approved}, "approved", "production"},
		{Line{State: InProduction}, "in_production", "production"},
		{Line{State: Produced}, "produced", ""},
		{Line{State: Cancelled, CancelReason: CancelledByOrderer}, "cancelled", ""},
		{Line{State: Cancelled, CancelReason: CancelledByLapse}, "lapsed", ""},
		{Line{State: "lost"}, "unknown", ""},
	} {
		if d := Shown(c.line); d.Code != c.code || d.WaitsFor != c.waits {
			t.Errorf("%s: %+v, want %s, %q", c.line.State, d, c.code, c.waits)
		}
	}
}

// Every code that pages put together into a key has its words, in every language.
func TestEveryCodeHasWords(t *testing.T) {
	var keys []string
	for _, s := range States() {
		keys = append(keys, "order.state."+string(s), "order.shown."+Shown(Line{State: s}).Code)
		if w := Shown(Line{State: s}).WaitsFor; w != "" {
			keys = append(keys, "order.waits."+w)
		}
	}
	for _, c := range []string{"in_review_again", "name_differs", "returned", "lapsed", "unknown"} {
		keys = append(keys, "order.shown."+c)
	}
	for _, e := range Events() {
		keys = append(keys, "journal."+kinds[e])
	}
	for _, k := range []string{"identified", "contact_completed", "reminded", "lapse_noticed", "number_revealed"} {
		keys = append(keys, "journal.order."+k)
	}
	for _, r := range reviewReasons {
		keys = append(keys, "order.reason."+r.Code, "order.reason."+r.Code+".todo")
	}
	for _, r := range ReturnReasons() {
		keys = append(keys, r.Key())
	}
	for _, a := range []Action{ActionCorrect, ActionReplacePhoto, ActionTakeOverName, ActionRemind, ActionCancel} {
		keys = append(keys, "order.action."+string(a))
	}
	for _, f := range Filters()[1:] {
		keys = append(keys, "order.filter."+string(f))
	}
	for _, f := range (Line{}).Fields() {
		keys = append(keys, "order.field."+f.Name)
	}
	for _, n := range []string{"case", "spelling", "middle_name", "not_verified"} {
		keys = append(keys, "order.note."+n)
	}
	for _, l := range i18n.Languages() {
		t18 := i18n.For(l.Lang)
		for _, k := range keys {
			if !t18.Has(k) {
				t.Errorf("%s: no text %s", l.Lang, k)
			}
		}
	}
}

func TestReasonTextSaysWhatToDo(t *testing.T) {
	got := ReasonText(i18n.For("en"), []string{"photo_light", "other"}, "Outdoors is best.")
	want := "Shadow or uneven light. Take a new photo in front of a light wall, with the light straight from the front. Outdoors is best."
	if got != want {
		t.Errorf("got %q", got)
	}
}
