package order

import (
	"strconv"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// ValidityRule is one row of the dated table that says how long a card may be
// valid. The last row that has begun and is about the card's type holds; of a
// type without rows the type's own limit holds. Cards that exist keep the date
// that is printed on them.
type ValidityRule struct {
	From     clock.Date // holds for cards ordered from this day on
	CardType string
	Years    int
	Reason   string // text key "validity." + Reason
}

var validityRules = []ValidityRule{
	{From: clock.Date{Year: 2018, Month: 1, Day: 1}, CardType: cardtype.Standard, Years: 5, Reason: "scheme_limit"},
}

// ValidityRules is the table, for the pages that show it.
func ValidityRules() []ValidityRule { return append([]ValidityRule(nil), validityRules...) }

// Why is the reason of a latest day.
type Why struct {
	Reason string
	Years  int
	Days   int // of types that live for less than a year
	Until  clock.Date
}

// Text says it in words: "five years at most, from the day of the order".
func (w Why) Text(t *i18n.Texts) string {
	return t.T("validity."+w.Reason, "years", strconv.Itoa(w.Years), "days", strconv.Itoa(w.Days), "until", w.Until.String())
}

// LongestValidity is the last day that a card ordered today may bear, and why.
// The zero date: no rule lets such a card be ordered on that day.
func LongestValidity(cardType string, today clock.Date) (clock.Date, Why) {
	return longest(validityRules, cardType, today)
}

func longest(rules []ValidityRule, cardType string, today clock.Date) (clock.Date, Why) {
	kind, known := cardtype.ByCode(cardType)
	var rule ValidityRule
	ruled := false
	for _, r := range rules {
		if r.CardType != cardType {
			continue
		}
		ruled = true
		if !r.From.After(today) && !r.From.Before(rule.From) {
			rule = r
		}
	}
	switch {
	case !known || ruled && rule.CardType == "":
		return clock.Date{}, Why{Reason: "no_rule"}
	case !ruled && kind.MaxYears == 0:
		until := kind.Last(today)
		return until, Why{Reason: "card_days", Days: kind.MaxDays, Until: until}
	case !ruled || kind.MaxYears < rule.Years:
		until := kind.Last(today)
		return until, Why{Reason: "card_limit", Years: kind.MaxYears, Until: until}
	}
	until := today.AddYears(rule.Years)
	return until, Why{Reason: rule.Reason, Years: rule.Years, Until: until}
}
