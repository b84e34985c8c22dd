package card

import (
	"slices"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// FeeSet names one of the fee models a scheme can run on.
type FeeSet string

// The models that ship.
const (
	FeeActive FeeSet = "active_cards" // active cards are billed
	FeeLive   FeeSet = "live_cards"   // produced and blocked ones too, and reopening a suspended company costs
)

// FeeSchedule is one dated row: what a card costs from a day on, and in which
// states. Amounts are öre without VAT.
type FeeSchedule struct {
	Set        FeeSet
	From       clock.Date
	PerYearOre int64
	Billed     []State
	ReopenOre  int64 // a suspended company's reopening; 0 = none
}

// feeSchedules are sorted by set and day. A change is a new row with its day.
var feeSchedules = []FeeSchedule{
	{FeeActive, clock.Date{Year: 2018, Month: 1, Day: 1}, 80_00, []State{Active}, 0},
	{FeeLive, clock.Date{Year: 2018, Month: 1, Day: 1}, 80_00, []State{Produced, Active, Blocked}, 1200_00},
}

// FeeSchedules are all rows of a set, oldest first.
func FeeSchedules(set FeeSet) []FeeSchedule {
	var out []FeeSchedule
	for _, f := range feeSchedules {
		if f.Set == set {
			out = append(out, f)
		}
	}
	return out
}

// Fee is the row of a set in force on a day; ok is false before the first.
func Fee(set FeeSet, on clock.Date) (f FeeSchedule, ok bool) {
	for _, row := range FeeSchedules(set) {
		if !on.Before(row.From) {
			f, ok = row, true
		}
	}
	return f, ok
}

// Bills says whether a card of this type costs its yearly fee in this state.
func (f FeeSchedule) Bills(t cardtype.Type, s State) bool {
	return t.YearlyFee && slices.Contains(f.Billed, s)
}

// Consequence is one thing that an action brings, as a code and, where money
// is meant, an amount in öre.
type Consequence struct {
	Code string
	Ore  int64
}

// Text is the consequence in words.
func (c Consequence) Text(t *i18n.Texts) string {
	return t.T("card.consequence."+c.Code, "fee", t.Money(c.Ore))
}

// Consequences tells what an action does to a card in a state, the fee under
// the given schedule included. A card that opens no gate stops at none.
func Consequences(a Action, from State, f FeeSchedule, t cardtype.Type) []Consequence {
	var out []Consequence
	add := func(codes ...string) {
		for _, code := range codes {
			out = append(out, Consequence{Code: code})
		}
	}
	starts, stops := "works_at_once", "stops_at_once"
	if !t.Attendance {
		starts, stops = "valid_at_once", "invalid_at_once"
	}
	to := from
	switch a {
	case ActionActivate:
		to = Active
		add(starts, "pin_made", "predecessor_ends")
	case ActionBlock:
		to = Blocked
		add(stops, "can_be_unblocked")
	case ActionUnblock:
		to = Active
		add(starts)
	case ActionTerminate, ActionReplace:
		to = Terminated
		add(stops, "final", "new_card_is_ordered")
	case ActionShowPIN:
		add("showing_recorded")
		return out
	}
	switch before, after := f.Bills(t, from), f.Bills(t, to); {
	case before && after:
		out = append(out, Consequence{"fee_goes_on", f.PerYearOre})
	case before:
		out = append(out, Consequence{"fee_stops", f.PerYearOre})
	case after:
		out = append(out, Consequence{"fee_begins", f.PerYearOre})
	case t.YearlyFee:
		out = append(out, Consequence{"fee_none", 0})
	}
	return out
}
