package notify

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/i18n"
)

// ID names a mail.
type ID = uuid.UUID

// Audience is to whom a mail about a card or an order speaks. Templates that
// go to both have a text for each, since "your card" and "Piotr's card" are
// different sentences.
type Audience string

// The audiences.
const (
	Cardholder Audience = "cardholder"
	Orderer    Audience = "orderer"
)

// Mail is one mail to one person.
type Mail struct {
	To       string // address, as a person typed it
	ToName   string // shown beside the address, may be ""
	Lang     i18n.Lang
	Template Template
	Audience Audience          // for templates that have a text for each; "" otherwise
	Data     map[string]string // the keys of the template, see templates.go

	Line, Order, Card, Company uuid.UUID // what it is about; uuid.Nil = nothing

	Delay time.Duration // wait this long before sending
	Key   string        // cancels it while it waits (CancelTx); may be ""
}

// Message is a rendered mail, ready for a Sender.
type Message struct {
	From      string // "Name <address>"
	To        string
	ToName    string
	Subject   string
	HTML      string
	Text      string
	MessageID string // without angle brackets; the same each time this mail is sent
	Lang      i18n.Lang
	Template  Template // which mail it is, for mail servers' and the support's filters
}

// Sender hands a message to a mail server. Its errors are faults:
// notify.refused when the server will never take it (Args "reply"),
// notify.unreachable when it may be tried again.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// State is how far a mail has come.
type State string

// The states. Sending is a lease of the job, not news for people: deliveries
// show it as Waiting.
const (
	Waiting   State = "waiting"
	Sending   State = "sending"
	Sent      State = "sent"
	Refused   State = "refused"
	Cancelled State = "cancelled"
)

// Delivery is what became of a mail, for the page of what it is about.
type Delivery struct {
	ID       ID
	Template Template
	Audience Audience
	To       string
	State    State     // Waiting, Sent, Refused or Cancelled
	At       time.Time // when it was sent, refused or cancelled; when it was ordered while it waits
	Reply    string    // the mail server's last words, "550 5.1.1 no such user"
	Attempts int
	Resent   ID // the mail that took the place of this refused one
}
