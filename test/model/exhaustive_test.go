package model

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// Every world that can be reached keeps the promises, and every arrow of the tables is taken in one of them. With
// KV_LONG=1 two orders meet two mishaps, which takes minutes.
func TestTables(t *testing.T) {
	one, both := sound(), sound()
	one.alone, both.mishaps = true, 1
	if os.Getenv("KV_LONG") != "" {
		one.mishaps, both.mishaps = 3, 2
	}
	used := map[string]bool{}
	for name, r := range map[string]*rules{"one order": one, "an order and its replacement": both} {
		began := time.Now()
		got := search(r)
		t.Logf("%s, %d mishaps: %d states, %d steps, %v", name, r.mishaps, got.states, got.steps, time.Since(began).Round(time.Millisecond))
		if got.why != "" {
			t.Fatalf("%s\n%s", got.why, got.timeline)
		}
		for arrow := range got.used {
			used[arrow] = true
		}
	}
	for _, arrow := range arrows(one) {
		if !used[arrow] {
			t.Errorf("nothing ever takes the arrow of the %s", arrow)
		}
	}
}

// idle are arrows that nothing takes, with the reason.
var idle = map[string]string{
	"line approved return_photo": "an approved line without a photo is given back for it, and no line without a photo is sent",
	"card produced begin":        "the model's cards are of the type that is activated; internal/production walks the others",
}

func arrows(r *rules) []string {
	var out []string
	for _, row := range r.line {
		if arrow := "line " + string(row.From) + " " + string(row.On); idle[arrow] == "" {
			out = append(out, arrow)
		}
	}
	for _, row := range r.card {
		if arrow := "card " + string(row.From) + " " + string(row.Action); idle[arrow] == "" {
			out = append(out, arrow)
		}
	}
	for _, row := range r.item {
		out = append(out, "item "+string(row.From)+" "+string(row.On))
	}
	return out
}

func (r *rules) addLine(rows ...order.Transition) { r.line = slices.Concat(rows, r.line) }

func (r *rules) addItem(rows ...production.ItemTransition) { r.item = slices.Concat(rows, r.item) }

func (r *rules) dropItem(on production.ItemEvent) {
	r.item = slices.DeleteFunc(r.item, func(t production.ItemTransition) bool { return t.On == on })
}

// addCard allows an action in a state.
func (r *rules) addCard(from card.State, a card.Action, to card.State) {
	sound := r.cardNext
	r.cardNext = func(s card.State, on card.Action, expired bool) (card.State, bool) {
		if s == from && on == a {
			return to, true
		}
		return sound(s, on, expired)
	}
}

// planted are mistakes, each with what the checker has to say about it.
var planted = []struct {
	name    string
	mishaps uint8
	both    bool // needs the replacement
	plant   func(*rules)
	why     string
}{
	{
		"a decision about a line doesn't name the revision", 0, false, func(r *rules) { r.revision = false },
		"the cardholder is asked about something that no reviewer has passed",
	},
	{
		"a decision names neither revision nor state", 0, false, func(r *rules) { r.revision, r.state = false, false },
		"the cardholder is asked about something that no reviewer has passed",
	},
	{"an approved line can be corrected", 0, false, func(r *rules) {
		r.addLine(order.Transition{From: order.Approved, On: order.Correct, To: order.Approved})
	}, "approved is something that wasn't passed, or wasn't signed"},
	{"a line in production can get another photo", 0, false, func(r *rules) {
		r.addLine(order.Transition{From: order.InProduction, On: order.ReplacePhoto, To: order.InProduction})
	}, "approved is something that wasn't passed, or wasn't signed"},
	{"a photo that production returned goes past the review", 1, false, func(r *rules) {
		r.addLine(order.Transition{From: order.RejectedByReviewer, On: order.ReplacePhoto, To: order.AwaitingCardholder})
	}, "the cardholder is asked about something that no reviewer has passed"},
	{"an order can be cancelled while its card is made", 0, false, func(r *rules) {
		r.addLine(order.Transition{From: order.Approved, On: order.Cancel, To: order.Cancelled},
			order.Transition{From: order.InProduction, On: order.Cancel, To: order.Cancelled})
	}, "a line is in production without an item, or an item without its line"},
	{
		"a second order for the same card isn't refused", 0, true, func(r *rules) { r.oneLine, r.duplicate = false, false },
		"two open orders for the same card",
	},
	{"the job that queues takes what was queued already", 0, false, func(r *rules) {
		r.approved, r.oneItem, r.fence, r.takes = false, false, false, false
	}, "two items for one line"},
	{"a job is finished before its effect", 0, false, func(r *rules) { r.inOne = false }, "no end can be reached from here"},
	{"nobody asks a silent bureau", 1, false, func(r *rules) { r.asks = false }, "no end can be reached from here"},
	{"a card that was made can fail", 1, false, func(r *rules) {
		r.addItem(production.ItemTransition{From: production.Produced, On: production.Fail, To: production.Failed})
	}, "the cards that were made aren't the cards that exist"},
	{"a card that failed can be made", 2, false, func(r *rules) {
		r.oneIssue = false
		r.addItem(production.ItemTransition{From: production.Remade, On: production.Produce, To: production.Produced})
	}, "two items for one line"},
	{"a repeated receipt makes another card", 1, false, func(r *rules) {
		r.oneIssue = false
		r.addItem(production.ItemTransition{From: production.Dispatched, On: production.Produce, To: production.Produced})
		r.addLine(order.Transition{From: order.Produced, On: order.Produce, To: order.Produced})
	}, "one line has made two cards"},
	{"a card that is made again keeps its number", 1, false, func(r *rules) { r.newNumber = false }, "a number is used for two cards"},
	{
		"a batch ends while a card is owed", 0, false, func(r *rules) { r.owed = false },
		"a batch is done although a card of it is owed or undecided",
	},
	{"nobody can decide about a failed card", 1, false, func(r *rules) {
		r.dropItem(production.Again)
		r.dropItem(production.GiveBack)
	}, "no end can be reached from here"},
	{"the notice of a line that can't be made can be put away", 0, false, func(r *rules) { r.settles = true }, "no end can be reached from here"},
	{
		"activation doesn't end the card before", 0, true, func(r *rules) { r.replaces, r.oneActive = false, false },
		"two live cards of one person: the replacement is in use and the first has not ended",
	},
	{
		"a terminated card can be opened", 0, false, func(r *rules) { r.addCard(card.Terminated, card.ActionUnblock, card.Active) },
		"a terminated card lives again",
	},
	{
		"a blocked card can be activated", 0, false, func(r *rules) { r.addCard(card.Blocked, card.ActionActivate, card.Active) },
		"a card that was answered to be blocked is valid",
	},
	{
		"a block is answered before it is written", 0, false, func(r *rules) { r.commits = false },
		"a card that was answered to be blocked is valid",
	},
	{"the check doesn't know of the hold", 0, false, func(r *rules) {
		sound := r.decide
		r.decide = func(f check.Facts) bool { f.Hold = false; return sound(f) }
	}, "a card is valid although its company is on hold"},
	{"the check doesn't look at the last day", 0, false, func(r *rules) {
		sound := r.decide
		r.decide = func(f check.Facts) bool { f.ValidUntil = dayOf(9); return sound(f) }
	}, "a card is valid after its last day"},
	{
		"the journal is written after the commit", 0, false, func(r *rules) { r.journals = false },
		"something was done that the journal doesn't know of",
	},
}

// A mistake is found, and told by its shortest history.
func TestPlantedFaults(t *testing.T) {
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			r := sound()
			r.mishaps, r.alone = p.mishaps, !p.both
			p.plant(r)
			got := search(r)
			if got.why != p.why || got.timeline == "" {
				t.Fatalf("found %q, expected %q\n%s", got.why, p.why, got.timeline)
			}
			t.Logf("%s (%d states)\n%s", got.why, got.states, got.timeline)
		})
	}
}

// What is guarded twice holds when either guard is gone.
func TestSecondGuards(t *testing.T) {
	for name, drop := range map[string]func(*rules){
		"one active card, by the schema": func(r *rules) { r.oneActive = false },
		"one open line, by the schema":   func(r *rules) { r.oneLine = false },
		"one open line, by the question": func(r *rules) { r.duplicate = false },
		"one live item, by the schema":   func(r *rules) { r.oneItem = false },
		"one card for a number":          func(r *rules) { r.oneIssue = false },
		"the state beside the revision":  func(r *rules) { r.state = false },
	} {
		t.Run(name, func(t *testing.T) {
			r := sound()
			r.mishaps = 0
			drop(r)
			if got := search(r); got.why != "" {
				t.Fatalf("%s\n%s", got.why, got.timeline)
			}
		})
	}
}
