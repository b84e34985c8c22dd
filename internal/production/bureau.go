package production

import (
	"context"
	"time"
)

// Bureau is the order bureau: the firm that prints, codes and posts the
// cards. It is declared here and spoken to by an adapter, so that production
// knows cards and receipts and nothing of protocols. Both calls are made by
// jobs, never inside a transaction or a request, and both may be repeated.
type Bureau interface {
	// Deliver hands over an order file. It is idempotent by Batch: the bureau
	// answers the same for the same content and a conflict for other content.
	// Faults of the kinds Invalid and Conflict mean that trying again can't help.
	Deliver(ctx context.Context, b OrderFile) error
	// Ask asks for the receipts of cards that are outstanding; the answers
	// arrive as receipts. Errors: bureau.batch_unknown (never received),
	// bureau.card_unknown (the batch is there, some of the cards aren't).
	Ask(ctx context.Context, batch string, cards []string) error
}

// OrderFile is one batch as the bureau gets it. Its bytes depend only on
// stored rows, so a repeated delivery carries the same content.
type OrderFile struct {
	Version   int
	Batch     string
	CreatedAt time.Time
	Cards     []OrderCard
}

// OrderCard is one card of an order file. CardID is the batch item, which is
// what receipts name: a card made again is another item with another number.
type OrderCard struct {
	CardID             string
	Number             string
	Type               string
	Chip               bool
	GivenName          string
	Surname            string
	Company            string
	OrganisationNumber string // "" where it may not be printed
	ValidUntil         string // YYYY-MM-DD
	ArtworkSHA256      string
	Artwork            []byte // PDF, two pages: front and back
	ArtworkSVG         []byte // the front from the same drawing, for screens at the bureau; may be nil
	PhotoSHA256        string
	Photo              []byte   // JPEG
	Address            []string // the lines of the letter's address
	OrderRef           string
}

// The kinds of a receipt.
const (
	ReceiptProduced   = "produced"
	ReceiptFailed     = "failed"
	ReceiptDispatched = "dispatched"
)

// Receipt is what the bureau says about one card. ID makes it idempotent:
// the same receipt may arrive any number of times and in any order.
type Receipt struct {
	ID         string
	Batch      string
	CardID     string
	Kind       string
	ChipUID    string
	RejectCode string
	Tracking   string
	At         time.Time
}
