package company

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/fault"
)

// ID is a company's.
type ID = uuid.UUID

// The reasons of a hold.
const (
	Unpaid    = "unpaid"    // a fee is unpaid: the cards work again when it is paid
	Agreement = "agreement" // the agreement with the scheme was broken
	Other     = "other"
)

// HoldReasons lists the reasons in the order of a page.
func HoldReasons() []string { return []string{Unpaid, Agreement, Other} }

// Company is an organisation that orders cards.
type Company struct {
	ID                 ID
	Name               string
	OrganisationNumber OrganisationNumber // "" for a sole trader: the number is the owner's personal number
	Country            string             // two letters
	SoleTrader         bool
	Address            Address // where cards go unless an order says otherwise; zero ID when there is none
	Hold               string  // "" when not on hold
	HeldAt             time.Time
	HeldBy             uuid.UUID // account
	HoldNote           string
	ReferenceRequired  bool // each order must have a reference
	Revision           int64
	ClosedAt           time.Time

	sortKey string // its place in lists
}

// ShownNumber is the number for pages; a sole trader's is masked.
func (c Company) ShownNumber() string {
	if c.SoleTrader {
		return hiddenNumber
	}
	return c.OrganisationNumber.Shown()
}

// PrintedNumber is the number for cards and letters: none for a sole trader.
func (c Company) PrintedNumber() string {
	if c.SoleTrader {
		return ""
	}
	return c.OrganisationNumber.Shown()
}

// Closed tells whether the company has left the scheme for good.
func (c Company) Closed() bool { return !c.ClosedAt.IsZero() }

// Address is where cards are sent.
type Address struct {
	ID       uuid.UUID
	Name     string // whom to: the company, a site, a person
	CareOf   string
	Line1    string // street and number, or box
	Postcode string
	City     string
	Country  string
}

// Lines is the address as it stands on an envelope; the country only when it isn't Sweden.
func (a Address) Lines() []string {
	lines := []string{a.Name}
	if a.CareOf != "" {
		lines = append(lines, "c/o "+a.CareOf)
	}
	lines = append(lines, a.Line1, strings.TrimSpace(a.Postcode+" "+a.City))
	if a.Country != "SE" {
		lines = append(lines, country.Name("en", a.Country))
	}
	return lines
}

const (
	maxName = 100
	maxLine = 60 // what an envelope's window shows
	maxNote = 500
)

// Clean gives the address in its stored form. The error is a fault.Errors with the fields name, care_of, line1, postcode,
// city, country; the cleaned address then holds what was typed there.
func (a Address) Clean() (Address, error) {
	var errs fault.Errors
	if a.Country == "" {
		a.Country = "SE"
	}
	errs.Clean("name", &a.Name, line("company.address_name_missing"))
	if strings.TrimSpace(a.CareOf) != "" {
		errs.Clean("care_of", &a.CareOf, line(""))
	}
	errs.Clean("line1", &a.Line1, line("company.address_line_missing"))
	errs.Clean("country", &a.Country, country.Parse)
	if country.Valid(a.Country) {
		errs.Clean("postcode", &a.Postcode, func(s string) (string, error) { return country.ParsePostcode(a.Country, s) })
	}
	errs.Clean("city", &a.City, line("company.address_city_missing"))
	return a, errs.OrNil()
}

func line(missing string) func(string) (string, error) {
	return func(s string) (string, error) {
		s, ok := tidy(s)
		switch {
		case s == "":
			return "", invalid(missing)
		case !ok:
			return "", invalid("company.unprintable")
		case utf8.RuneCountInString(s) > maxLine:
			return "", invalid("company.address_too_long", "max", strconv.Itoa(maxLine))
		}
		return s, nil
	}
}

func cleanName(s string) (string, error) {
	s, ok := tidy(s)
	switch {
	case s == "":
		return "", invalid("company.name_missing")
	case !ok:
		return "", invalid("company.unprintable")
	case utf8.RuneCountInString(s) > maxName:
		return "", invalid("company.name_length", "max", strconv.Itoa(maxName))
	}
	return s, nil
}

// tidy takes superfluous blanks out; printable is false when there are control or invisible characters.
func tidy(s string) (tidied string, printable bool) {
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	return s, utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
