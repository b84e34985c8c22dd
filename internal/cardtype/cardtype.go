// Package cardtype holds what kinds of cards there are, as data.
//
// A card type says to which programme it belongs, whether it has a chip and a
// PIN, whether its holder has to activate it, whether it counts for attendance,
// how long it may be valid at most, and which design it is printed with. Code
// that treats cards differently asks these fields; it never compares codes.
//
// How long a card may be valid on a given day is a dated rule and belongs to
// the order; MaxYears here is the card body's own limit.
package cardtype

import (
	"maps"

	"github.com/kortverk/kortverk/internal/i18n"
)

// Standard is the code of the card for people who work on sites.
const Standard = "standard"

// Type is one kind of card.
type Type struct {
	Code       string // stored, and told to readers
	Programme  string // "site": the scheme's own cards
	Name       map[i18n.Lang]string
	Chip       bool
	PIN        bool
	Activation bool // does nothing until its holder has activated it
	Attendance bool // may register attendance
	MaxYears   int
	Design     string // of artwork
}

var types = []Type{{
	Code:       Standard,
	Programme:  "site",
	Name:       map[i18n.Lang]string{"sv": "Standardkort", "en": "Standard card"},
	Chip:       true,
	PIN:        true,
	Activation: true,
	Attendance: true,
	MaxYears:   5,
	Design:     Standard,
}}

// ByCode finds a type.
func ByCode(code string) (Type, bool) {
	for _, t := range types {
		if t.Code == code {
			return t.clone(), true
		}
	}
	return Type{}, false
}

// All are the types that can be ordered, in the order in which people are offered them.
func All() []Type {
	out := make([]Type, len(types))
	for i, t := range types {
		out[i] = t.clone()
	}
	return out
}

// NameIn is the name in a language, in English where there is none.
func (t Type) NameIn(lang i18n.Lang) string {
	if n, ok := t.Name[lang]; ok {
		return n
	}
	return t.Name["en"]
}

func (t Type) clone() Type {
	t.Name = maps.Clone(t.Name)
	return t
}
