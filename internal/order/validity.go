package order

import (
	"strconv"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// ValidityRule is one row of the dated table that says how long a card may be
// valid. The last row that has begun and is about the card's type holds. Cards
// that exist keep the date that is printed on them.
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
	Until  clock.Date
}

// Text says it in words: "five years at most, from the day of the order".
func (w Why) Text(t *i18n.Texts) string {
	return t.T("validity."+w.Reason, "years", strconv.Itoa(w.Years), "until", w.Until.String())
}

// LongestValidity is the last day that a card ordered today may bear, and why.
// The zero date: no rule lets such a card be ordered on that day.
func LongestValidity(cardType string, today clock.Date) (clock.Date, Why) {
	return longest(validityRules, cardType, today)
}

func longest(rules []ValidityRule, cardType string, today clock.Date) (clock.Date, Why) {
	var rule ValidityRule
	for _, r := range rules {
		if r.CardType == cardType && !r.From.After(today) && !r.From.Before(rule.From) {
			rule = r
		}
	}
	if rule.CardType == "" {
		return clock.Date{}, Why{Reason: "no_rule"}
	}
	years, reason := rule.Years, rule.Reason
	if t, ok := cardtype.ByCode(cardType); ok && t.MaxYears < years {
		years, reason = t.MaxYears, "card_limit"
	}
	until := today.AddYears(years)
	return until, Why{Reason: reason, Years: years, Until: until}
}
