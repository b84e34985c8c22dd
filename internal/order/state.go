package order

import (
	"slices"

	"github.com/kortverk/kortverk/internal/fault"
)

// State is where a line stands. Values are stored.
type State string

// The states.
const (
	Draft                State = "draft"
	Ordered              State = "ordered" // waits for review
	RejectedByReviewer   State = "rejected_by_reviewer"
	AwaitingCardholder   State = "awaiting_cardholder"
	RejectedByCardholder State = "rejected_by_cardholder"
	Approved             State = "approved" // waits for a batch
	InProduction         State = "in_production"
	Produced             State = "produced" // the card exists; package card goes on
	Cancelled            State = "cancelled"
)

// States lists every state in the order of the walk.
func States() []State {
	return []State{
		Draft, Ordered, RejectedByReviewer, AwaitingCardholder, RejectedByCardholder,
		Approved, InProduction, Produced, Cancelled,
	}
}

// Event is what somebody does to a line.
type Event string

// The events.
const (
	Send            Event = "send"     // the orderer sends the draft
	Pass            Event = "pass"     // the reviewer passes it
	Reject          Event = "reject"   // the reviewer rejects it
	Undo            Event = "undo"     // the reviewer takes the decision back
	Correct         Event = "correct"  // the orderer corrects data that the review isn't about
	Resubmit        Event = "resubmit" // the orderer corrects the data that the reviewer rejected
	ReplacePhoto    Event = "replace_photo"
	TakeOverName    Event = "take_over_name" // the proven name becomes the line's
	Confirm         Event = "confirm"        // the cardholder signs
	Decline         Event = "decline"        // the cardholder says what is wrong
	Cancel          Event = "cancel"
	Lapse           Event = "lapse" // nobody did anything for too long
	StartProduction Event = "start_production"
	Produce         Event = "produce"      // the bureau's receipt
	ReturnPhoto     Event = "return_photo" // production can't use the photo
	ReturnData      Event = "return_data"  // production can't use the data
)

// Events lists every event.
func Events() []Event {
	return []Event{
		Send, Pass, Reject, Undo, Correct, Resubmit, ReplacePhoto, TakeOverName, Confirm,
		Decline, Cancel, Lapse, StartProduction, Produce, ReturnPhoto, ReturnData,
	}
}

// Transition is one allowed step.
type Transition struct {
	From State
	On   Event
	To   State
}

//go:generate go test . -run TestPictureIsMadeFromTheTransitions -update

var transitions = []Transition{
	{Draft, Send, Ordered},

	{Ordered, Pass, AwaitingCardholder},
	{Ordered, Reject, RejectedByReviewer},
	{Ordered, Correct, Ordered},
	{Ordered, ReplacePhoto, Ordered},
	{Ordered, TakeOverName, Ordered},
	{Ordered, Cancel, Cancelled},
	{Ordered, Lapse, Cancelled},

	{RejectedByReviewer, Undo, Ordered},
	{RejectedByReviewer, Correct, RejectedByReviewer},
	{RejectedByReviewer, Resubmit, Ordered},
	{RejectedByReviewer, ReplacePhoto, Ordered},
	{RejectedByReviewer, TakeOverName, RejectedByReviewer},
	{RejectedByReviewer, Cancel, Cancelled},
	{RejectedByReviewer, Lapse, Cancelled},

	{AwaitingCardholder, Undo, Ordered},
	{AwaitingCardholder, Correct, AwaitingCardholder},
	{AwaitingCardholder, ReplacePhoto, Ordered},
	{AwaitingCardholder, TakeOverName, AwaitingCardholder},
	{AwaitingCardholder, Confirm, Approved},
	{AwaitingCardholder, Decline, RejectedByCardholder},
	{AwaitingCardholder, Cancel, Cancelled},
	{AwaitingCardholder, Lapse, Cancelled},

	{RejectedByCardholder, Correct, AwaitingCardholder},
	{RejectedByCardholder, ReplacePhoto, Ordered},
	{RejectedByCardholder, TakeOverName, AwaitingCardholder},
	{RejectedByCardholder, Cancel, Cancelled},
	{RejectedByCardholder, Lapse, Cancelled},

	{Approved, StartProduction, InProduction},
	{Approved, ReturnPhoto, RejectedByReviewer},
	{Approved, ReturnData, RejectedByCardholder},

	{InProduction, Produce, Produced},
	{InProduction, ReturnPhoto, RejectedByReviewer},
	{InProduction, ReturnData, RejectedByCardholder},
}

// Transitions is a copy of all allowed steps.
func Transitions() []Transition { return slices.Clone(transitions) }

// Next is the state that an event leads to. Whatever isn't listed is refused.
func Next(from State, on Event) (State, error) {
	for _, t := range transitions {
		if t.From == from && t.On == on {
			return t.To, nil
		}
	}
	return "", refused(from, on)
}

// refused says in the words of the event why it can't be.
func refused(from State, on Event) *fault.Error {
	code := "order.not_possible"
	switch {
	case from == Cancelled:
		code = "order.cancelled"
	case locked(from) && slices.Contains([]Event{Correct, Resubmit, ReplacePhoto, TakeOverName, Cancel}, on):
		code = "order.locked"
	case on == Confirm || on == Decline:
		code = "order.not_awaiting_cardholder"
	case on == Pass || on == Reject:
		code = "order.not_in_review"
	case on == Undo:
		code = "order.undo_too_late"
	}
	return fault.New(fault.Conflict, code, "state", string(from))
}

// Valid reports whether it is a state at all.
func (s State) Valid() bool { return slices.Contains(States(), s) }

// Waiting reports whether somebody still has to act before the card may be made; such a line lapses.
func (s State) Waiting() bool {
	_, err := Next(s, Lapse)
	return err == nil
}

// Open reports whether a card will still come of it.
func (s State) Open() bool { return s.Waiting() || s == Approved || s == InProduction }

func locked(s State) bool { return s == Approved || s == InProduction || s == Produced }
