package person

import (
	"log/slog"
	"strconv"
	"strings"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/luhn"
)

// PersonalNumber is a Swedish personnummer: twelve digits, YYYYMMDDNNNC. Its String is masked, so that a log or a message
// that prints it shows the birth date only; string(n) are the digits.
type PersonalNumber string

// CoordinationNumber is a samordningsnummer: twelve digits, of which the day is raised by 60.
type CoordinationNumber string

const numberLength = 12

// ParsePersonalNumber reads 10 or 12 digits with or without the hyphen, or plus sign, before the last four. Ten digits
// mean the newest year that isn't in the future, with a plus sign a hundred years before that. Errors, all of kind Invalid:
// person.number_missing, number_length (argument digits: how many were given), number_malformed, number_century (plus sign,
// but not yet 100), number_date (no such day, or in the future), number_check_digit, coordination_number.
func ParsePersonalNumber(s string, today clock.Date) (PersonalNumber, error) {
	digits, err := readNumber(s, today)
	if err != nil {
		return "", err
	}
	if raisedDay(digits) {
		return "", invalid("person.coordination_number")
	}
	return PersonalNumber(digits), nil
}

// ParseCoordinationNumber reads the same forms. Errors: those of [ParsePersonalNumber], and person.not_coordination_number.
func ParseCoordinationNumber(s string, today clock.Date) (CoordinationNumber, error) {
	digits, err := readNumber(s, today)
	if err != nil {
		return "", err
	}
	if !raisedDay(digits) {
		return "", invalid("person.not_coordination_number")
	}
	return CoordinationNumber(digits), nil
}

func invalid(code string, args ...string) *fault.Error {
	return fault.New(fault.Invalid, code, args...)
}

// readNumber gives the twelve digits of either kind of number.
func readNumber(s string, today clock.Date) (string, error) {
	s = strings.TrimSpace(unifyHyphens(s))
	if s == "" {
		return "", invalid("person.number_missing")
	}
	digits, sign, err := splitNumber(s)
	if err != nil {
		return "", err
	}
	if len(digits) == 10 {
		digits = strconv.Itoa(century(digits[:2], sign, today)) + digits
	} else if year, _ := strconv.Atoi(digits[:4]); sign == '+' && year > today.Year-100 {
		return "", invalid("person.number_century")
	}
	born, err := birthDate(digits)
	if err != nil || born.After(today) {
		return "", invalid("person.number_date")
	}
	if digits[8:11] == "000" || !luhn.Valid(digits[2:]) {
		return "", invalid("person.number_check_digit")
	}
	return digits, nil
}

// splitNumber takes the sign before the last four digits out.
func splitNumber(s string) (digits string, sign byte, err error) {
	digits = strings.Map(func(r rune) rune {
		if r == '-' || r == '+' {
			return -1
		}
		return r
	}, s)
	if strings.Trim(digits, "0123456789") != "" {
		return "", 0, invalid("person.number_malformed")
	}
	if len(digits) != 10 && len(digits) != numberLength {
		return "", 0, invalid("person.number_length", "digits", strconv.Itoa(len(digits)))
	}
	switch {
	case len(s) == len(digits):
		return digits, 0, nil
	case len(s) == len(digits)+1 && (s[len(s)-5] == '-' || s[len(s)-5] == '+'):
		return digits, s[len(s)-5], nil
	}
	return "", 0, invalid("person.number_malformed")
}

// century gives the first two digits of the year.
func century(yy string, sign byte, today clock.Date) int {
	n, _ := strconv.Atoi(yy)
	year := today.Year - today.Year%100 + n
	if year > today.Year {
		year -= 100
	}
	if sign == '+' {
		year -= 100
	}
	return year / 100
}

// birthDate reads the date in the first eight digits, of either kind of number.
func birthDate(digits string) (clock.Date, error) {
	if len(digits) < 8 {
		return clock.Date{}, invalid("person.number_date")
	}
	year, month, day := digits[:4], digits[4:6], digits[6:8]
	if raisedDay(digits) {
		day = string(day[0]-6) + day[1:]
	}
	return clock.ParseDate(year + "-" + month + "-" + day)
}

func raisedDay(digits string) bool { return digits[6] >= '6' }

// BirthDate is the day that the number begins with.
func (n PersonalNumber) BirthDate() clock.Date {
	d, _ := birthDate(string(n))
	return d
}

// Long is the number as people write it, "19900203-2382". For pages that may show it.
func (n PersonalNumber) Long() string { return long(string(n), false) }

// Masked is "19900203-••••".
func (n PersonalNumber) Masked() string { return long(string(n), true) }

// String is Masked: what a format verb or a log prints.
func (n PersonalNumber) String() string { return n.Masked() }

// GoString is Masked, for %#v.
func (n PersonalNumber) GoString() string { return n.Masked() }

// LogValue is Masked.
func (n PersonalNumber) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// IsTest tells whether the number is from a range that is never given to a person; production refuses these.
func (n PersonalNumber) IsTest() bool { return isTest(string(n)) }

// BirthDate is the day that the number begins with, the raise taken off.
func (n CoordinationNumber) BirthDate() clock.Date {
	d, _ := birthDate(string(n))
	return d
}

// Long is the number as people write it.
func (n CoordinationNumber) Long() string { return long(string(n), false) }

// Masked hides the last four digits.
func (n CoordinationNumber) Masked() string { return long(string(n), true) }

// String is Masked.
func (n CoordinationNumber) String() string { return n.Masked() }

// GoString is Masked, for %#v.
func (n CoordinationNumber) GoString() string { return n.Masked() }

// LogValue is Masked.
func (n CoordinationNumber) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// IsTest is as for [PersonalNumber].
func (n CoordinationNumber) IsTest() bool { return isTest(string(n)) }

func long(digits string, masked bool) string {
	switch {
	case len(digits) != numberLength:
		return ""
	case masked:
		return digits[:8] + "-••••"
	}
	return digits[:8] + "-" + digits[8:]
}

// isTest: the tax agency's never-assigned numbers have the serials 238 and 239 or 980 to 999, and there is 121212-1212.
func isTest(digits string) bool {
	if len(digits) != numberLength {
		return false
	}
	serial, _ := strconv.Atoi(digits[8:11])
	return serial == 238 || serial == 239 || serial >= 980 || digits == "191212121212"
}
