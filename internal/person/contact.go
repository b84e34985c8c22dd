package person

import (
	"net/mail"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"

	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Nationality is a country's two letters, as in the passport.
type Nationality string

// Sweden is the nationality that a Swedish personal number with BankID can prove.
const Sweden Nationality = "SE"

// Country is one entry of a list to choose from.
type Country = country.Country

// Countries lists every country in the alphabetical order of the language.
func Countries(l i18n.Lang) []Country { return country.All(l) }

// Valid tells whether the code is a country's.
func Valid(code string) bool { return country.Valid(code) }

// ParseNationality reads a country code. Error: person.nationality_unknown.
func ParseNationality(s string) (Nationality, error) {
	code, err := country.Parse(s)
	if err != nil {
		return "", invalid("person.nationality_unknown")
	}
	return Nationality(code), nil
}

// ParsePostcode is [country.ParsePostcode].
func ParsePostcode(countryCode, s string) (string, error) {
	return country.ParsePostcode(countryCode, s)
}

const (
	maxPhone = 40
	maxLine  = 100
)

// ParsePhone reads a telephone number, Swedish unless it begins with a country code, and gives E.164 ("+46701740605").
// Errors: person.phone_missing, person.phone_malformed.
func ParsePhone(s string) (string, error) {
	n, err := readPhone(s)
	if err != nil {
		return "", err
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// ParseMobile is ParsePhone for a number that gets SMS. Error besides: person.phone_not_mobile.
func ParseMobile(s string) (string, error) {
	n, err := readPhone(s)
	if err != nil {
		return "", err
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE: // some countries don't tell them apart
		return phonenumbers.Format(n, phonenumbers.E164), nil
	}
	return "", invalid("person.phone_not_mobile")
}

func readPhone(s string) (*phonenumbers.PhoneNumber, error) {
	s = strings.TrimSpace(unifyHyphens(s))
	if s == "" {
		return nil, invalid("person.phone_missing")
	}
	if len(s) > maxPhone {
		return nil, invalid("person.phone_malformed")
	}
	n, err := phonenumbers.Parse(s, "SE")
	if err != nil || !phonenumbers.IsValidNumber(n) || n.GetExtension() != "" {
		return nil, invalid("person.phone_malformed")
	}
	return n, nil
}

// ParseEmail reads one e-mail address without a display name. The domain comes back in small letters and, if it has other
// than ASCII letters, in the form that mail servers know (xn--…); the part before the @ stays as typed. Errors:
// person.email_missing, person.email_malformed.
func ParseEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", invalid("person.email_missing")
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 || !utf8.ValidString(s) {
		return "", invalid("person.email_malformed")
	}
	domain, ok := asciiDomain(s[at+1:])
	if !ok {
		return "", invalid("person.email_malformed")
	}
	address := s[:at] + "@" + domain
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || parsed.Name != "" || strings.ContainsAny(s[:at], "\" \t<>()\\") || !isASCII(s[:at]) || len(address) > 254 {
		return "", invalid("person.email_malformed")
	}
	return address, nil
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// asciiDomain checks a domain name of at least two labels and encodes those that need it.
func asciiDomain(s string) (string, bool) {
	labels := strings.Split(strings.ToLower(norm.NFKC.String(s)), ".")
	for i, l := range labels {
		if !isASCII(l) {
			encoded, ok := punycode(l)
			if !ok {
				return "", false
			}
			l = "xn--" + encoded
		}
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", false
		}
		labels[i] = l
	}
	last := labels[len(labels)-1]
	return strings.Join(labels, "."), len(labels) > 1 && len(last) > 1 && strings.Trim(last, "0123456789") != ""
}

// Contact is how to reach a person. Empty fields are unknown.
type Contact struct {
	Phone, Street, Postcode, City, Country string
	Lang                                   i18n.Lang
}

// Clean gives the contact in its stored form. What is empty may stay so, but an address is whole or missing. The error is
// a fault.Errors with the fields phone, street, postcode, city, country; the cleaned contact then holds what was typed there.
func (c Contact) Clean() (Contact, error) {
	var errs fault.Errors
	if strings.TrimSpace(c.Phone) != "" {
		errs.Clean("phone", &c.Phone, ParsePhone)
	}
	if c.Country == "" {
		c.Country = string(Sweden)
	}
	errs.Clean("country", &c.Country, country.Parse)
	if strings.TrimSpace(c.Street+c.Postcode+c.City) != "" {
		errs.Clean("street", &c.Street, line("person.street_missing"))
		if country.Valid(c.Country) {
			errs.Clean("postcode", &c.Postcode, func(s string) (string, error) { return country.ParsePostcode(c.Country, s) })
		}
		errs.Clean("city", &c.City, line("person.city_missing"))
	}
	return c, errs.OrNil()
}

// line reads one line of an address.
func line(missing string) func(string) (string, error) {
	return func(s string) (string, error) {
		s = tidy(s)
		switch {
		case s == "":
			return "", invalid(missing)
		case utf8.RuneCountInString(s) > maxLine:
			return "", invalid("person.line_too_long", "max", strconv.Itoa(maxLine))
		}
		return s, nil
	}
}
