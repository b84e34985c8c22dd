package card

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

// ID identifies a card inside the system; its number is what people and
// machines outside know.
type ID = uuid.UUID

// Card is one card that the bureau made. Names and company are as printed.
type Card struct {
	ID                 ID
	Number             Number
	Line               uuid.UUID
	Order              uuid.UUID
	Company            uuid.UUID
	Person             uuid.UUID
	Type               string
	State              State
	Revision           int64
	GivenName          string
	Surname            string
	CompanyName        string
	OrganisationNumber string // "" where it isn't printed (sole traders)
	ValidUntil         clock.Date
	Photo              uuid.UUID
	ChipUID            string
	Tracking           string
	OrderedByName      string
	OrderNumber        string
	Predecessor        uuid.UUID // the card that ended when this one was activated

	ProducedAt   time.Time
	DispatchedAt time.Time
	ActivatedAt  time.Time
	BlockedAt    time.Time // of the block in force
	TerminatedAt time.Time

	BlockReason Reason
	BlockedBy   actor.Role
	EndReason   Reason
	Note        string

	Paused  bool // the company is on hold or closed now; nothing is stored on the card
	Doubted bool // it came with a backup and may have been blocked or ended since: readers hear unknown
}

// Name is the cardholder's whole name.
func (c Card) Name() string { return strings.TrimSpace(c.GivenName + " " + c.Surname) }

// Kind is the card's type. One that is no longer known does what the strictest would.
func (c Card) Kind() cardtype.Type {
	if t, ok := cardtype.ByCode(c.Type); ok {
		return t
	}
	return cardtype.Type{Code: c.Type, Activation: true}
}

// Status is what people are told about a card.
type Status string

// The statuses. Expired comes from the last day, which counts.
const (
	StatusNotActivated Status = "not_activated"
	StatusActive       Status = "active"
	StatusBlocked      Status = "blocked"
	StatusTerminated   Status = "terminated"
	StatusExpired      Status = "expired"
)

// Status tells what the card is on a day.
func (c Card) Status(today clock.Date) Status { return shown(c.State, c.ValidUntil, today) }

func shown(s State, validUntil, today clock.Date) Status {
	switch {
	case s == Terminated:
		return StatusTerminated
	case validUntil.Before(today):
		return StatusExpired
	case s == Blocked:
		return StatusBlocked
	case s == Active:
		return StatusActive
	}
	return StatusNotActivated
}

// Live says whether the card can still be used or begin to be used.
func (c Card) Live(today clock.Date) bool {
	return c.State != Terminated && !c.ValidUntil.Before(today)
}

// Reason says why a card was blocked or ended.
type Reason string

// The reasons.
const (
	ReasonLost            Reason = "lost"
	ReasonStolen          Reason = "stolen"
	ReasonLeave           Reason = "leave"
	ReasonDestroyed       Reason = "destroyed"
	ReasonEmploymentEnded Reason = "employment_ended"
	ReasonReplaced        Reason = "replaced" // a newer card was activated
	ReasonOther           Reason = "other"
)

// BlockReasons are those that a block can have.
func BlockReasons() []Reason { return []Reason{ReasonLost, ReasonStolen, ReasonLeave, ReasonOther} }

// TerminateReasons are those that people can end a card for.
func TerminateReasons() []Reason {
	return []Reason{ReasonLost, ReasonStolen, ReasonDestroyed, ReasonEmploymentEnded, ReasonOther}
}

const maxNote = 500

// checkReason looks at what a form sent: one of the reasons, and words when it
// is another.
func checkReason(of []Reason, r Reason, note string) error {
	var errs fault.Errors
	if !slices.Contains(of, r) {
		errs = append(errs, fault.New(fault.Invalid, "card.reason_missing").On("reason"))
	}
	if r == ReasonOther && strings.TrimSpace(note) == "" {
		errs = append(errs, fault.New(fault.Invalid, "card.note_missing").On("note"))
	}
	if err := checkNote(note); err != nil {
		errs = append(errs, err)
	}
	return errs.OrNil()
}

func checkNote(note string) *fault.Error {
	if utf8.RuneCountInString(note) > maxNote || !utf8.ValidString(note) {
		return fault.New(fault.Invalid, "card.note_long").On("note")
	}
	return nil
}
