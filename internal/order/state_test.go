package order

import (
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
)

// Every state with every event: what isn't in this table is refused.
func TestEveryStateEveryEvent(t *testing.T) {
	type key struct {
		from State
		on   Event
	}
	want := map[key]State{
		{Draft, Send}: Ordered,

		{Ordered, Pass}: AwaitingCardholder, {Ordered, Reject}: RejectedByReviewer,
		{Ordered, Correct}: Ordered, {Ordered, ReplacePhoto}: Ordered, {Ordered, TakeOverName}: Ordered,
		{Ordered, Cancel}: Cancelled, {Ordered, Lapse}: Cancelled,

		{RejectedByReviewer, Undo}: Ordered, {RejectedByReviewer, Correct}: RejectedByReviewer, {RejectedByReviewer, Resubmit}: Ordered,
		{RejectedByReviewer, ReplacePhoto}: Ordered, {RejectedByReviewer, TakeOverName}: RejectedByReviewer,
		{RejectedByReviewer, Cancel}: Cancelled, {RejectedByReviewer, Lapse}: Cancelled,

		{AwaitingCardholder, Undo}: Ordered, {AwaitingCardholder, Correct}: AwaitingCardholder, {AwaitingCardholder, ReplacePhoto}: Ordered,
		{AwaitingCardholder, TakeOverName}: AwaitingCardholder, {AwaitingCardholder, Confirm}: Approved,
		{AwaitingCardholder, Decline}: RejectedByCardholder, {AwaitingCardholder, Cancel}: Cancelled, {AwaitingCardholder, Lapse}: Cancelled,

		{RejectedByCardholder, Correct}: AwaitingCardholder, {RejectedByCardholder, ReplacePhoto}: Ordered,
		{RejectedByCardholder, TakeOverName}: AwaitingCardholder, {RejectedByCardholder, Cancel}: Cancelled, {RejectedByCardholder, Lapse}: Cancelled,

		{Approved, StartProduction}: InProduction, {Approved, ReturnPhoto}: RejectedByReviewer, {Approved, ReturnData}: RejectedByCardholder,

		{InProduction, Produce}:     Produced,
		{InProduction, ReturnPhoto}: RejectedByReviewer, {InProduction, ReturnData}: RejectedByCardholder,
	}
	for _, from := range append(States(), "", "lost") {
		for _, on := range append(Events(), "", "explode") {
			to, err := Next(from, on)
			if expected, ok := want[key{from, on}]; ok {
				if err != nil || to != expected {
					t.Errorf("%s + %s = %s, %v; want %s", from, on, to, err, expected)
				}
				continue
			}
			if err == nil || fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s + %s = %s, %v; want a refusal", from, on, to, err)
			}
		}
	}
	if len(want) != len(Transitions()) {
		t.Errorf("%d transitions, the table has %d: one is listed twice or can't be reached", len(Transitions()), len(want))
	}
}

func TestEveryStateIsReached(t *testing.T) {
	reached := map[State]bool{Draft: true}
	for range States() {
		for _, tr := range Transitions() {
			if reached[tr.From] {
				reached[tr.To] = true
			}
		}
	}
	for _, s := range States() {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}

// Nobody but production moves a line that is approved, and nothing moves what is over.
// Rows: 137
func TestApprovedIsLocked(t *testing.T) {
	for _, on := range []Event{Correct, Resubmit, ReplacePhoto, TakeOverName, Cancel} {
		for _, from := range []State{Approved, InProduction, Produced} {
			if _, err := Next(from, on); !fault.Has(err, "order.locked") {
				t.Errorf("%s + %s: %v, want order.locked", from, on, err)
			}
		}
	}
	for _, tr := range Transitions() {
		if tr.From == Produced || tr.From == Cancelled {
			t.Errorf("%s is final, and %s leads to %s", tr.From, tr.On, tr.To)
		}
	}
}

func TestEveryEventHasItsWordInTheJournal(t *testing.T) {
	for _, e := range Events() {
		if kinds[e] == "" {
			t.Errorf("%s has no journal kind", e)
		}
	}
}
