package card

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"math/big"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/luhn"
)

// Number is a card number in its one written form, "BB-1234-567897": two
// letters of the deployment, nine random digits, a Luhn digit over the ten.
type Number string

// ParseNumber reads a number as people write it: small letters, blanks and
// missing or unusual hyphens are fine. Errors: card.number_malformed.
func ParseNumber(s string) (Number, error) {
	letters, digits := "", ""
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9' && len(letters) == 2:
			digits += string(r)
		case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
			if digits != "" {
				return "", errMalformed()
			}
			letters += string(unicode.ToUpper(r))
		case r == '-', unicode.Is(unicode.Pd, r), unicode.IsSpace(r), r == '\u2212', r == '\u00ad':
		default:
			return "", errMalformed()
		}
		if len(letters) > 2 || len(digits) > 10 {
			return "", errMalformed()
		}
	}
	if len(letters) != 2 || len(digits) != 10 || !luhn.Valid(digits) {
		return "", errMalformed()
	}
	return format(letters, digits), nil
}

func errMalformed() *fault.Error {
	return fault.New(fault.Invalid, "card.number_malformed").On("number")
}

func format(prefix, digits string) Number {
	return Number(prefix + "-" + digits[:4] + "-" + digits[4:])
}

// Digits are the ten digits without prefix and hyphens.
func (n Number) Digits() string {
	return strings.ReplaceAll(strings.TrimLeft(string(n), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "-", "")
}

// LastSix are the digits that activation asks for.
func (n Number) LastSix() string { return string(n)[len(n)-6:] }

// Masked is the number without its last six digits, for the page that asks
// for them.
func (n Number) Masked() string { return string(n)[:len(n)-6] + "••••••" }

// same compares in constant time.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// randomNumber draws a number that has never been looked at.
func randomNumber(prefix string) (Number, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		return "", err
	}
	s := n.String()
	s = strings.Repeat("0", 9-len(s)) + s
	check, _ := luhn.Digit(s) // digits only
	return format(prefix, s+string(check)), nil
}

// ReserveNumberTx takes a number that no card has had and never will have
// again, for one batch item of a line.
func ReserveNumberTx(_ context.Context, tx *db.Tx, prefix string, line, item uuid.UUID) (Number, error) {
	// A collision is one in a thousand with a million cards; ten in a row
	// means that something else is wrong.
	for range 10 {
		n, err := randomNumber(prefix)
		if err != nil {
			return "", err
		}
		rows, err := tx.Exec(`INSERT INTO card_number (number, line_id, item_id, reserved_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (number) DO NOTHING`, string(n), line, item, tx.Now)
		if err != nil {
			return "", err
		}
		if rows == 1 {
			return n, nil
		}
	}
	return "", fault.New(fault.Internal, "card.no_number_left")
}
