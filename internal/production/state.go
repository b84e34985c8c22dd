package production

import (
	"slices"

	"github.com/kortverk/kortverk/internal/fault"
)

// ItemState is where one card is in production.
type ItemState string

// The item states. Remade and returned end an item without a card: another item
// takes over, or the line goes back to the orderer.
const (
	Reserved   ItemState = "reserved"
	Sent       ItemState = "sent"
	Produced   ItemState = "produced"
	Dispatched ItemState = "dispatched"
	Failed     ItemState = "failed"
	Remade     ItemState = "remade"
	Returned   ItemState = "returned"
)

// ItemStates lists them.
func ItemStates() []ItemState {
	return []ItemState{Reserved, Sent, Produced, Dispatched, Failed, Remade, Returned}
}

// ItemEvent is what happens to an item.
type ItemEvent string

// The item events.
const (
	Send     ItemEvent = "send"     // the bureau took the order file
	Produce  ItemEvent = "produce"  // receipt
	Dispatch ItemEvent = "dispatch" // receipt
	Fail     ItemEvent = "fail"     // receipt
	Again    ItemEvent = "remake"   // another item with a new number takes over
	GiveBack ItemEvent = "return"   // the line goes back to the orderer
)

// ItemEvents lists them.
func ItemEvents() []ItemEvent { return []ItemEvent{Send, Produce, Dispatch, Fail, Again, GiveBack} }

// ItemTransition is one arrow.
type ItemTransition struct {
	From ItemState
	On   ItemEvent
	To   ItemState
}

// A receipt can be faster than the answer to the delivery: a reserved item of a
// closed batch takes receipts as a sent one does.
//go:generate go test . -run TestPictureIsUpToDate -update

var itemTransitions = []ItemTransition{
	{Reserved, Send, Sent},
	{Reserved, Produce, Produced},
	{Reserved, Fail, Failed},
	{Sent, Produce, Produced},
	{Sent, Fail, Failed},
	{Produced, Dispatch, Dispatched},
	{Failed, Again, Remade},
	{Failed, GiveBack, Returned},
}

// ItemTransitions are an item's life as data; docs/states/batch_item.md is made
// from it.
func ItemTransitions() []ItemTransition { return slices.Clone(itemTransitions) }

// Next is the state that an event leads to. Errors: production.not_possible.
func Next(from ItemState, on ItemEvent) (ItemState, error) {
	for _, t := range itemTransitions {
		if t.From == from && t.On == on {
			return t.To, nil
		}
	}
	return "", fault.New(fault.Conflict, "production.not_possible")
}

// Outstanding says whether the bureau owes a receipt that the card was made or
// failed.
func (s ItemState) Outstanding() bool { return s == Reserved || s == Sent }

// BatchState is how far a batch has come.
type BatchState string

// The batch states. Acknowledged: every card was made or failed. Done: every
// card is in the post or settled.
const (
	Open         BatchState = "open"
	Closed       BatchState = "closed"
	Delivered    BatchState = "delivered"
	Acknowledged BatchState = "acknowledged"
	Done         BatchState = "done"
)

// RejectCode says why the bureau couldn't make a card.
type RejectCode string

// The codes. An unknown one waits for a supervisor.
const (
	PrintColour    RejectCode = "PRINT_COLOUR"
	PrintShift     RejectCode = "PRINT_SHIFT"
	Laminate       RejectCode = "LAMINATE"
	Scratch        RejectCode = "SCRATCH"
	ChipNoATR      RejectCode = "CHIP_NO_ATR"
	ChipWrite      RejectCode = "CHIP_WRITE"
	ChipVerify     RejectCode = "CHIP_VERIFY"
	LetterMismatch RejectCode = "LETTER_MISMATCH"
	DoubleFeed     RejectCode = "DOUBLE_FEED"
	Jam            RejectCode = "JAM"
	PhotoWrong     RejectCode = "PHOTO_WRONG"
	DataMismatch   RejectCode = "DATA_MISMATCH"
)

// remedy is what a reject code leads to.
type remedy uint8

const (
	ask    remedy = iota // somebody decides
	remake               // the same card under a new number
	back                 // the orderer has something to put right
)

var remedies = map[RejectCode]remedy{
	PrintColour: remake, PrintShift: remake, Laminate: remake, Scratch: remake, ChipNoATR: remake, ChipWrite: remake,
	ChipVerify: remake, LetterMismatch: remake, DoubleFeed: remake, Jam: remake,
	PhotoWrong: back, DataMismatch: back,
}

// RejectCodes lists all known codes.
func RejectCodes() []RejectCode {
	return []RejectCode{
		PrintColour, PrintShift, Laminate, Scratch, ChipNoATR, ChipWrite, ChipVerify, PhotoWrong, DataMismatch,
		LetterMismatch, DoubleFeed, Jam,
	}
}

// maxRemakes happen by themselves; after them a supervisor decides.
const maxRemakes = 2
