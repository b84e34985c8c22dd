package order

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/photo"
)

// ID names an order or a line.
type ID = uuid.UUID

// Order is what a company sends at one time.
type Order struct {
	ID              ID
	Company         uuid.UUID
	Number          string // shown: "B-7F3K29"
	OrderedBy       uuid.UUID
	OrderedByPerson uuid.UUID
	OrderedByName   string
	Reference       string // the company's own, for the invoice
	CostCentre      string
	Delivery        company.Address // a copy: a later change of the company's address book doesn't move it
	CreatedAt       time.Time
	ChangedAt       time.Time
	SubmittedAt     time.Time
	Revision        int64
	Lines           []Line
}

// Draft reports whether it hasn't been sent.
func (o Order) Draft() bool { return o.SubmittedAt.IsZero() }

// Line is one card for one person.
type Line struct {
	ID       ID
	Order    ID
	Company  uuid.UUID
	Position int
	State    State
	Revision int64

	Claimed      Claimed
	ShortGiven   string // printed instead, where the name doesn't fit or has letters that can't be printed
	ShortSurname string
	Typed        Who // drafts only: as it was typed, also what is wrong

	CardType   string
	ValidUntil clock.Date
	Replaces   string // number of the live card that this one is to replace, "" = none

	Photo         uuid.UUID // blob: cut for the card
	PhotoSHA256   string
	OriginalPhoto uuid.UUID // blob: what the cut was made from
	PreviousPhoto uuid.UUID // blob: the one before, beside it in review
	PhotoVerdict  photo.Verdict
	PhotoCrop     photo.Crop
	PhotoAt       time.Time

	Person            uuid.UUID // joined by proof
	Proven            *Proven   // nil until then
	Match             string    // the ladder's level, "" until then
	NationalityProven bool

	Review       *Review  // the last decision
	Attempts     int      // how many times it came into the queue
	Changed      []string // fields changed since the last decision: text "order.field." + code
	RejectReason string   // the cardholder's words
	ReturnReason string   // production's code, "" = not handed back
	CancelReason string   // CancelledByOrderer or CancelledByLapse

	Evidence uuid.UUID // of the signature
	SignedAt time.Time
	// What of the company was signed, and so is printed: the company may change its name before the card is made.
	SignedCompany       string
	SignedCompanyNumber string // "" for a sole trader

	QueuedAt      time.Time // came into the queue
	ToldAt        time.Time // the cardholder was last written to about its data
	AwaitingSince time.Time
	WaitsSince    time.Time // the time until it lapses counts from here
	CreatedAt     time.Time
	StateAt       time.Time // came into this state

	OrderNumber   string // of its order
	OrderedByName string
	OrderedBy     uuid.UUID
	orderer       uuid.UUID // the person who ordered

	sealed         []byte // personal number
	typed          []byte // sealed Who
	photoHash      uint64
	originalSHA256 string
	originalHash   uint64
	changedAt      time.Time
	untold         []string // fields changed since the cardholder was written to
	toldBeforeAt   time.Time
	reviewRevision int64
	reminded       int
	lapseToldAt    time.Time
	dueAt          time.Time
	writes         int64 // counts every write, also those that leave the revision; see saveTx
}

// Claimed is what the orderer says about the person.
type Claimed struct {
	GivenName   string
	Surname     string
	BirthDate   clock.Date
	Nationality person.Nationality
	Masked      string // the personal number for screens, "" = none yet
	NumberHash  string // keyed, for comparing
	Email       string
	Phone       string
	Lang        i18n.Lang
}

// Who is the same as people type it. Field names are the json names.
type Who struct {
	GivenName      string `json:"given_name,omitempty"`
	Surname        string `json:"surname,omitempty"`
	ShortGiven     string `json:"short_given,omitempty"`
	ShortSurname   string `json:"short_surname,omitempty"`
	BirthDate      string `json:"birth_date,omitempty"`
	Nationality    string `json:"nationality,omitempty"`
	PersonalNumber string `json:"personal_number,omitempty"`
	Email          string `json:"email,omitempty"`
	Phone          string `json:"phone,omitempty"`
	Lang           string `json:"lang,omitempty"`
}

// Proven is what an eID vouched for.
type Proven struct {
	GivenName string
	Surname   string
	BirthDate clock.Date
	By        string // provider
	At        time.Time
}

// Review is a reviewer's decision.
type Review struct {
	At        time.Time
	By        uuid.UUID // account
	ByName    string
	Outcome   string // Passed or Rejected
	Reasons   []string
	Text      string
	UndoUntil time.Time
}

// Outcomes of a review.
const (
	Passed   = "passed"
	Rejected = "rejected"
)

// Values of Line.CancelReason.
const (
	CancelledByOrderer = "orderer"
	CancelledByLapse   = "lapsed"
)

// Periods, in business time.
const (
	UndoFor     = 30 * time.Second / failpoint.Hurry
	DraftFor    = 30 * day
	LapseAfter  = 90 * day
	LapseNotice = 7 * day
	RemindPause = time.Hour        // between reminders that an orderer asks for
	ChangePause = 10 * time.Minute // between mails about changes that an orderer makes
	day         = 24 * time.Hour
)

// remindAfter are the days on which a cardholder who hasn't answered is reminded.
var remindAfter = [...]time.Duration{3 * day, 7 * day, 14 * day}

// Name is the cardholder's whole name as ordered.
func (l Line) Name() string {
	return strings.TrimSpace(l.Claimed.GivenName + " " + l.Claimed.Surname)
}

// PrintedGiven is the given name on the card.
func (l Line) PrintedGiven() string { return orElse(l.ShortGiven, l.Claimed.GivenName) }

// PrintedSurname is the surname on the card.
func (l Line) PrintedSurname() string { return orElse(l.ShortSurname, l.Claimed.Surname) }

// LapsesOn is the last day on which the line can still be approved.
func (l Line) LapsesOn() clock.Date { return clock.DateOf(l.lapseAt()) }

// Again reports whether the line has been in the queue before.
func (l Line) Again() bool { return l.Attempts > 1 }

// lapseAt is when the line goes: never before the orderer has had the notice for its whole time.
func (l Line) lapseAt() time.Time {
	at := l.WaitsSince.Add(LapseAfter)
	if told := l.lapseToldAt.Add(LapseNotice); !l.lapseToldAt.IsZero() && told.After(at) {
		return told
	}
	return at
}

// nextDue is when the periodic job has to look at the line; zero = never.
func (l Line) nextDue() time.Time {
	if !l.State.Waiting() {
		return time.Time{}
	}
	due := l.WaitsSince.Add(LapseAfter - LapseNotice)
	if !l.lapseToldAt.IsZero() {
		due = l.lapseAt()
	}
	if l.State == AwaitingCardholder && l.reminded < len(remindAfter) {
		if r := l.AwaitingSince.Add(remindAfter[l.reminded]); r.Before(due) {
			return r
		}
	}
	return due
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// CardQuestions is what an order has to know about cards. Package card answers.
type CardQuestions interface {
	// LiveCardTx finds the card that is neither terminated nor expired of that person, company and type.
	LiveCardTx(ctx context.Context, tx *db.Tx, company uuid.UUID, personNumberHash, cardType string) (number string, found bool, err error)
}

// LineApproved is the job that starts production.
type LineApproved struct {
	Line uuid.UUID `json:"line"`
}

// JobKind names the job.
func (LineApproved) JobKind() string { return "order.approved" }
