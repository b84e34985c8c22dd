package i18n

import (
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/clock"
)

const (
	thin    = "\u202f" // narrow no-break space, between thousands
	noBreak = "\u00a0"
	minus   = "\u2212"
)

// format is how a language writes numbers and times. Words are CLDR's abbreviations without full stops.
type format struct {
	thousands, decimal string
	clock              string // layout of time.Format
	dayTime            string // between day and clock
	and                string
	weekdays           [7]string
	months             [12]string
}

var formats = map[Lang]format{
	Swedish: {
		thousands: thin, decimal: ",", clock: "15.04", dayTime: " kl." + noBreak, and: " och ",
		weekdays: [7]string{"sön", "mån", "tis", "ons", "tors", "fre", "lör"},
		months:   [12]string{"jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"},
	},
	English: {
		thousands: ",", decimal: ".", clock: "15:04", dayTime: ", ", and: " and ",
		weekdays: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		months:   [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	},
}

// Day is "ons 25 nov" or "Wed 25 Nov", "" for no date.
func (t *Texts) Day(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return t.format.weekdays[d.Weekday()] + " " + strconv.Itoa(d.Day) + " " + t.format.months[d.Month-1]
}

// DayYear is [Texts.Day] with the year, for dates further away: "ons 25 nov 2026".
func (t *Texts) DayYear(d clock.Date) string {
	if d.IsZero() {
		return ""
	}
	return t.Day(d) + " " + strconv.Itoa(d.Year)
}

// Clock is the time of day in Sweden: "06.58" or "06:58", "" for no time.
func (t *Texts) Clock(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(clock.Stockholm).Format(t.format.clock)
}

// DayTime is day and time in Sweden: "ons 25 nov kl. 06.58" or "Wed 25 Nov, 06:58", "" for no time.
func (t *Texts) DayTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return t.Day(clock.DateOf(at)) + t.format.dayTime + t.Clock(at)
}

// Number is a whole number with its thousands apart: "1 234 567" (narrow no-break spaces) or "1,234,567".
func (t *Texts) Number(n int) string { return t.number(int64(n)) }

func (t *Texts) number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = minus, digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(t.format.thousands)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// countCap is where lists stop counting.
const countCap = 1000

// CountCapped is the length of a list whose counting stopped at the cap: "987", and "1 000+" from 1 001 on.
func (t *Texts) CountCapped(n int) string {
	if n > countCap {
		return t.Number(countCap) + "+"
	}
	return t.Number(n)
}

// Money is an amount of öre in kronor: "1 199,00 kr" or "1,199.00 kr".
func (t *Texts) Money(ore int64) string {
	sign := ""
	kronor, rest := ore/100, ore%100
	if ore < 0 {
		sign, kronor, rest = minus, -kronor, -rest
	}
	cents := strconv.FormatInt(rest, 10)
	if rest < 10 {
		cents = "0" + cents
	}
	return sign + t.number(kronor) + t.format.decimal + cents + noBreak + "kr"
}

// List joins words: "a", "a och b", "a, b och c".
func (t *Texts) List(items ...string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + t.format.and + items[last]
}
