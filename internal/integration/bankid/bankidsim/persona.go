package bankidsim

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Persona is somebody with a BankID, and the phone it is on. Two personas with the same personal
// number are two BankIDs of one person, from two banks.
type Persona struct {
	ID             string `json:"id"`
	PersonalNumber string `json:"personal_number"` // 12 digits, serial 238 or 239: kept for tests
	GivenName      string `json:"given_name"`      // as the bank writes it
	Surname        string `json:"surname"`
	PortraitURL    string `json:"portrait_url,omitempty"`
	// Why this persona is there, shown when picking, and the same in English if it differs.
	Note   string `json:"note,omitempty"`
	NoteEn string `json:"note_en,omitempty"`

	Knobs Knobs `json:"knobs"`
}

// Knobs change how a phone behaves.
type Knobs struct {
	OutdatedApp bool   `json:"outdated_app,omitempty"` // orders end with notSupportedByUserApp
	Revoked     bool   `json:"revoked,omitempty"`      // orders end with certificateErr
	Risk        string `json:"risk,omitempty"`         // "low" (default), "moderate", "high"
	NoDocument  bool   `json:"no_document,omitempty"`  // no Swedish passport: the document step can't be done
}

// Name is the common name of the certificate.
func (p Persona) Name() string { return strings.TrimSpace(p.GivenName + " " + p.Surname) }

// Initials stand where a portrait is missing.
func (p Persona) Initials() string {
	out := ""
	for _, word := range []string{p.GivenName, p.Surname} {
		for _, r := range word {
			out += string(r)
			break
		}
	}
	return strings.ToUpper(out)
}

func (p Persona) check() error {
	if p.ID == "" || len(p.ID) > 60 || fileName(p.ID) != p.ID {
		return errors.New("persona: id must be letters, digits and hyphens")
	}
	if p.Name() == "" || len(p.Name()) > 200 {
		return fmt.Errorf("persona %s: a name is needed", p.ID)
	}
	if !validPersonalNumber(p.PersonalNumber) {
		return fmt.Errorf("persona %s: the personal number isn't one", p.ID)
	}
	if serial := p.PersonalNumber[8:11]; serial != "238" && serial != "239" {
		return fmt.Errorf("persona %s: only serials 238 and 239, which are kept for tests", p.ID)
	}
	switch p.Knobs.Risk {
	case "", "low", "moderate", "high":
		return nil
	}
	return fmt.Errorf("persona %s: unknown risk", p.ID)
}

// PersonalNumber makes the test number of a birth day, with its check digit. serial is 238 for a
// woman and 239 for a man.
func PersonalNumber(year int, month time.Month, day, serial int) string {
	digits := fmt.Sprintf("%04d%02d%02d%03d", year, month, day, serial)
	return digits + string(rune('0'+checkDigit(digits[2:])))
}

// checkDigit is Luhn's over the nine digits without the century.
func checkDigit(nine string) int {
	sum := 0
	for i, c := range nine {
		d := int(c - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10 - sum%10) % 10
}

func validPersonalNumber(s string) bool {
	if len(s) != 12 || strings.Trim(s, "0123456789") != "" {
		return false
	}
	_, err := time.Parse("20060102", s[:8]) // a coordination number (day + 60) can't hold a BankID
	return err == nil && int(s[11]-'0') == checkDigit(s[2:11])
}

// SpecialPersonas are the people on whom sign-ins and name comparisons fail: each stands for a kind
// that real banks have.
func SpecialPersonas() []Persona {
	twins := PersonalNumber(1984, time.April, 12, 238)
	return []Persona{
		{ID: "capitals", PersonalNumber: PersonalNumber(1991, time.October, 4, 238), GivenName: "KERSTIN MARIE", Surname: "ÅBERG SJÖ", Note: "capitals-only"},
		{ID: "no-middle-name", PersonalNumber: PersonalNumber(1979, time.November, 30, 239), GivenName: "Lars", Surname: "Pettersson", Note: "no-middle-name"},
		{ID: "hyphen", PersonalNumber: PersonalNumber(1995, time.June, 6, 238), GivenName: "Anna-Karin", Surname: "Lindqvist-Holm", Note: "hyphenated"},
		{ID: "apostrophe", PersonalNumber: PersonalNumber(1988, time.January, 17, 239), GivenName: "Sean", Surname: "O’Connor", Note: "apostrophe"},
		{ID: "polish", PersonalNumber: PersonalNumber(1992, time.September, 9, 239), GivenName: "Paweł Łukasz", Surname: "Żółkiewski", Note: "polish"},
		{ID: "hundred", PersonalNumber: PersonalNumber(1921, time.March, 14, 238), GivenName: "Greta", Surname: "Wallin", Note: "hundred"},
		{ID: "two-banks-1", PersonalNumber: twins, GivenName: "Karin", Surname: "Ek", Note: "two-banks-1"},
		{ID: "two-banks-2", PersonalNumber: twins, GivenName: "KARIN ELISABET", Surname: "EK SUNDIN", Note: "two-banks-2"},
		{ID: "foreign", PersonalNumber: PersonalNumber(1986, time.July, 21, 239), GivenName: "Tomas", Surname: "Kazlauskas", Note: "foreign", Knobs: Knobs{NoDocument: true}},
	}
}
