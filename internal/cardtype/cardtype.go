// Package cardtype holds what kinds of cards there are, as data.
//
// A card type says to which programme it belongs, whether it has a chip and a
// PIN, whether its holder has to activate it, whether it counts for attendance,
// whether it costs the yearly fee, how long it may be valid at most, and which
// design it is printed with. Code that treats cards differently asks these
// fields; it never compares codes, and a test in this package reads the whole
// source to see that nobody does.
//
// A type without activation is active from the moment in which the bureau has
// posted it. A PIN is made at activation, so one without the other is no type.
//
// How long a card may be valid on a given day is a dated rule and belongs to
// the order; MaxYears and MaxDays here are the card body's own limit.
package cardtype

import (
	"errors"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Standard is the code of the card for people who work on sites. It is what an
// order begins with.
const Standard = "standard"

// Type is one kind of card.
type Type struct {
	Code       string // stored, and told to readers
	Programme  string // "site": the scheme's own cards
	Name       map[i18n.Lang]string
	About      map[i18n.Lang]string // what it is for, in a sentence
	Printed    string               // the word on the card
	Chip       bool
	PIN        bool
	Activation bool // does nothing until its holder has activated it
	Attendance bool // may open gates and register attendance
	YearlyFee  bool // costs the fee of the schedule in force
	MaxYears   int
	MaxDays    int    // of types that live for less than a year
	Design     string // of artwork
}

var types atomic.Pointer[[]Type]

func init() {
	types.Store(&[]Type{{
		Code:      Standard,
		Programme: "site",
		Name:      map[i18n.Lang]string{"sv": "Standardkort", "en": "Standard card"},
		About: map[i18n.Lang]string{
			"sv": "Öppnar grindar och registrerar i personalliggaren. Har chip och PIN-kod.",
			"en": "Opens gates and registers attendance. Has a chip and a PIN.",
		},
		Printed: "STANDARD",
		Chip:    true, PIN: true, Activation: true, Attendance: true, YearlyFee: true,
		MaxYears: 5,
		Design:   "standard",
	}, {
		Code:      "visitor",
		Programme: "site",
		Name:      map[i18n.Lang]string{"sv": "Besökskort", "en": "Visitor card"},
		About: map[i18n.Lang]string{
			"sv": "Inget chip, öppnar inget. Besökaren går alltid med en värd som har standardkort.",
			"en": "No chip, opens nothing. The visitor always walks with a host who has a standard card.",
		},
		Printed: "BESÖKSKORT / VISITOR",
		MaxDays: 30,
		Design:  "visitor",
	}})
}

// ErrType is a type that can't be.
var ErrType = errors.New("cardtype: a type needs a code of its own, a name, a longest validity, and a PIN exactly when it is activated")

// Register adds a type, before anything is served. It is answered with how to
// take it away again.
func Register(t Type) (remove func(), err error) {
	_, taken := ByCode(t.Code)
	if t.Code == "" || taken || t.Name["en"] == "" || t.PIN != t.Activation || t.MaxYears <= 0 && t.MaxDays <= 0 {
		return nil, ErrType
	}
	with := append(slices.Clone(*types.Load()), t.clone())
	types.Store(&with)
	return func() {
		without := slices.DeleteFunc(slices.Clone(*types.Load()), func(o Type) bool { return o.Code == t.Code })
		types.Store(&without)
	}, nil
}

// ByCode finds a type.
func ByCode(code string) (Type, bool) {
	for _, t := range *types.Load() {
		if t.Code == code {
			return t.clone(), true
		}
	}
	return Type{}, false
}

// All are the types that can be ordered, in the order in which people are offered them.
func All() []Type {
	var out []Type
	for _, t := range *types.Load() {
		out = append(out, t.clone())
	}
	return out
}

// NameIn is the name in a language, in English where there is none.
func (t Type) NameIn(lang i18n.Lang) string { return in(t.Name, lang) }

// AboutIn is what the type is for, likewise.
func (t Type) AboutIn(lang i18n.Lang) string { return in(t.About, lang) }

func in(words map[i18n.Lang]string, lang i18n.Lang) string {
	if n, ok := words[lang]; ok {
		return n
	}
	return words["en"]
}

// Last is the last day that a card made on a day can bear.
func (t Type) Last(from clock.Date) clock.Date {
	if t.MaxYears > 0 {
		return from.AddYears(t.MaxYears)
	}
	return from.AddDays(t.MaxDays)
}

func (t Type) clone() Type {
	t.Name, t.About = maps.Clone(t.Name), maps.Clone(t.About)
	return t
}
