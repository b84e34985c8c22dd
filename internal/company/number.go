package company

import (
	"strconv"
	"strings"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/luhn"
)

// OrganisationNumber is a Swedish organisationsnummer as ten digits, or a foreign company's number as capital letters and
// digits. A sole trader's is a personal number and must not be shown.
type OrganisationNumber string

func invalid(code string, args ...string) *fault.Error {
	return fault.New(fault.Invalid, code, args...)
}

// ParseOrganisationNumber reads a Swedish number: ten digits with or without the hyphen before the last four, or twelve
// that begin with 16. A sole trader's personal or coordination number is read as well, with ten or twelve digits. Errors,
// all of kind Invalid: company.number_missing, number_malformed, number_length (argument digits: how many were given),
// number_date (the third digit is below 2 and it is no personal number either), number_check_digit.
func ParseOrganisationNumber(s string) (OrganisationNumber, error) {
	s = strings.TrimSpace(strings.NewReplacer("–", "-", "‑", "-", "−", "-").Replace(s))
	if s == "" {
		return "", invalid("company.number_missing")
	}
	digits := strings.Map(func(r rune) rune {
		if r == '-' || r == '+' {
			return -1
		}
		return r
	}, s)
	if strings.Trim(digits, "0123456789") != "" {
		return "", invalid("company.number_malformed")
	}
	if len(digits) != 10 && (len(digits) != 12 || !strings.Contains("16 18 19 20", digits[:2])) {
		return "", invalid("company.number_length", "digits", strconv.Itoa(len(digits)))
	}
	if signs := len(s) - len(digits); signs > 1 || signs == 1 && s[len(s)-5] != '-' && s[len(s)-5] != '+' {
		return "", invalid("company.number_malformed")
	}
	n := OrganisationNumber(digits[len(digits)-10:])
	company := len(digits) == 10 || digits[:2] == "16"
	person := len(digits) == 10 || digits[:2] != "16"
	if n.SoleTrader() && (!person || !n.hasDate()) || !n.SoleTrader() && !company {
		return "", invalid("company.number_date")
	}
	if !luhn.Valid(string(n)) || n.SoleTrader() && n[6:9] == "000" {
		return "", invalid("company.number_check_digit")
	}
	return n, nil
}

// SoleTrader tells whether the ten digits are a person's number: only there is the third digit, the month's first, below 2.
func (n OrganisationNumber) SoleTrader() bool {
	return len(n) == 10 && strings.Trim(string(n), "0123456789") == "" && n[2] < '2'
}

// hasDate tells whether the first six digits are a day in some century.
func (n OrganisationNumber) hasDate() bool {
	day := string(n[4:6])
	if day[0] >= '6' {
		day = string(day[0]-6) + day[1:]
	}
	for _, century := range []string{"19", "20"} { // a 29 February of 1900 and 2000 makes the difference
		if _, err := clock.ParseDate(century + string(n[:2]) + "-" + string(n[2:4]) + "-" + day); err == nil {
			return true
		}
	}
	return false
}

// Shown is the number as people write it: "559999-0016", a foreign one as it is.
func (n OrganisationNumber) Shown() string {
	if len(n) == 10 && strings.Trim(string(n), "0123456789") == "" {
		return string(n[:6]) + "-" + string(n[6:])
	}
	return string(n)
}

const hiddenNumber = "••••••-••••"

// Masked is Shown, but a sole trader's shows nothing.
func (n OrganisationNumber) Masked() string {
	if n.SoleTrader() {
		return hiddenNumber
	}
	return n.Shown()
}

// ParseNumber reads the number of a company in any country; outside Sweden 2 to 20 letters and digits, without blanks,
// hyphens, slashes and full stops. Errors: those of [ParseOrganisationNumber], company.number_foreign, country.unknown.
func ParseNumber(countryCode, s string) (OrganisationNumber, error) {
	if !country.Valid(countryCode) {
		return "", invalid("country.unknown")
	}
	if countryCode == "SE" {
		return ParseOrganisationNumber(s)
	}
	s = strings.ToUpper(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" -./\u00a0", r) }), ""))
	if s == "" {
		return "", invalid("company.number_missing")
	}
	if len(s) < 2 || len(s) > 20 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "", invalid("company.number_foreign")
	}
	return OrganisationNumber(s), nil
}
