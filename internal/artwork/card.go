package artwork

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Card is what is drawn. The personal number is not part of it and never will be.
type Card struct {
	Type                        string // code of the card type
	GivenName, Surname, Company string
	OrganisationNumber          string // "" for a sole trader's, which is a personal number
	Industry                    string
	Number                      string // "" before there is one: dots
	ValidUntil                  clock.Date
	Photo                       []byte // JPEG in the card's shape, nil for a silhouette
	CheckURL                    string // behind the QR code
	Scheme, SchemeTagline       string
	State                       string // "" live, "blocked", "ended": grey, with the word
	Hue                         int    // of the issuer, 0 for DefaultHue
	ReturnAddress               string // on the back, for who finds the card; "" for the company's
}

const dots = "•••• •••• ••••"

// words are the texts on the card. They are Swedish wherever the card is shown;
// the back says the most important ones in English too.
func words() (sv, en *i18n.Texts) { return i18n.For("sv"), i18n.For("en") }

// clipped is the card with no text longer than what is set.
func (c Card) clipped() Card {
	for _, s := range []*string{&c.GivenName, &c.Surname, &c.Company, &c.Industry, &c.Scheme, &c.SchemeTagline, &c.ReturnAddress} {
		*s = clip(*s)
	}
	return c
}

func (c Card) number() string {
	if c.Number == "" {
		return dots
	}
	return c.Number
}

func (c Card) validUntil() string {
	if c.ValidUntil.IsZero() {
		return "–"
	}
	return c.ValidUntil.String()
}

func (c Card) scheme() string {
	if c.Scheme == "" {
		return "Kortverk"
	}
	return c.Scheme
}

// kind is the card's type: that of an order that has none yet is the first that people are offered.
func (c Card) kind() cardtype.Type {
	if c.Type == "" {
		return cardtype.All()[0]
	}
	if t, ok := cardtype.ByCode(c.Type); ok {
		return t
	}
	return cardtype.Type{Code: c.Type, Printed: strings.ToUpper(c.Type)}
}

// hasChip tells whether the card type is read by radio; the waves say so.
func (c Card) hasChip() bool { return c.kind().Chip }

func (c Card) typeName() string { return c.kind().Printed }

// prefix begins the ids of the card's drawings: the same for the same card, so
// that pages are the same each time, another for each other.
func (c Card) prefix(side string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %q %q %q %s %d ", c.Type, c.GivenName, c.Surname, c.Company, c.Number, c.State, c.CheckURL, c.ValidUntil, c.Hue)
	h.Write(c.Photo)
	return "k" + hex.EncodeToString(h.Sum(nil)[:5]) + side
}

func (c Card) label(t *i18n.Texts) string {
	return t.T("artwork.label", "type", c.typeName(), "number", c.number(),
		"name", strings.TrimSpace(c.GivenName+" "+c.Surname), "company", c.Company, "date", c.validUntil())
}
