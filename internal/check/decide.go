package check

import (
	"time"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
)

// Reason says why a card is valid or not. It is part of the readers' protocol.
type Reason string

// The reasons in the order in which they are looked at: the first that applies
// is the answer.
const (
	Unknown            Reason = "unknown"
	CardTypeNotAllowed Reason = "card_type_not_allowed"
	VisualOnly         Reason = "visual_only"
	Terminated         Reason = "terminated"
	Expired            Reason = "expired"
	Blocked            Reason = "blocked"
	NotActivated       Reason = "not_activated"
	CompanySuspended   Reason = "company_suspended"
	CompanyClosed      Reason = "company_closed"
	OK                 Reason = "ok"
)

// Reasons lists all, first to last.
func Reasons() []Reason {
	return []Reason{Unknown, CardTypeNotAllowed, VisualOnly, Terminated, Expired, Blocked, NotActivated, CompanySuspended, CompanyClosed, OK}
}

// Facts are what is known about a number.
type Facts struct {
	Known       bool // a card has it; reserved numbers have none
	Number      card.Number
	CardType    string
	TypeAllowed bool // the type may register attendance
	Visual      bool // the number of a picture on a phone, not of a card
	State       card.State
	ValidUntil  clock.Date
	Hold        bool // the company is on hold
	Closed      bool // the company is closed
}

// Decision is the answer.
type Decision struct {
	Number     card.Number
	CardType   string // "" when unknown
	Valid      bool
	Reason     Reason
	ValidUntil clock.Date // the last day; zero when unknown
	AsOf       time.Time  // when this was known to be true
}

// Decide answers for an instant. A state it doesn't know is not valid.
func Decide(f Facts, at time.Time) Decision {
	d := Decision{Number: f.Number, AsOf: at}
	if f.Known {
		d.CardType, d.ValidUntil = f.CardType, f.ValidUntil
	}
	d.Reason = reason(f, clock.DateOf(at))
	d.Valid = d.Reason == OK
	return d
}

func reason(f Facts, today clock.Date) Reason {
	switch {
	case !f.Known:
		return Unknown
	case !f.TypeAllowed:
		return CardTypeNotAllowed
	case f.Visual:
		return VisualOnly
	case f.State == card.Terminated:
		return Terminated
	case f.ValidUntil.Before(today):
		return Expired
	case f.State == card.Blocked:
		return Blocked
	case f.State != card.Active:
		return NotActivated
	case f.Hold:
		return CompanySuspended
	case f.Closed:
		return CompanyClosed
	}
	return OK
}
