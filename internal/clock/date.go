package clock

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
)

// Date is a calendar day. The zero Date is no day; it is stored as NULL and written as "".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// codeDate is ParseDate's refusal.
const codeDate = "clock.date_malformed"

// ParseDate reads YYYY-MM-DD and takes only days that exist. Its fault is clock.date_malformed.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fault.New(fault.Invalid, codeDate)
	}
	return NewDate(t.Date()), nil
}

// NewDate makes a Date from its parts, overflowing like time.Date (31 November is 1 December).
func NewDate(year int, month time.Month, day int) Date {
	y, m, d := time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Date()
	return Date{y, m, d}
}

// DateOf returns the day that it is in Sweden at t; the zero time gives the zero Date.
func DateOf(t time.Time) Date {
	if t.IsZero() {
		return Date{}
	}
	y, m, d := t.In(Stockholm).Date()
	return Date{y, m, d}
}

// Today returns the day that it is in Sweden by this clock.
func (c *Clock) Today() Date { return DateOf(c.Now()) }

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// String returns YYYY-MM-DD, "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// Compare returns -1, 0 or 1. The zero Date is before every day.
func (d Date) Compare(o Date) int {
	return d.utc().Compare(o.utc())
}

// Before reports whether d is an earlier day than o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// After reports whether d is a later day than o.
func (d Date) After(o Date) bool { return d.Compare(o) > 0 }

// AddDays returns the day n days later (earlier when negative).
func (d Date) AddDays(n int) Date { return NewDate(d.Year, d.Month, d.Day+n) }

// AddMonths returns the same day n months later, or that month's last day where it has no such day:
// a month after 31 January is 28 or 29 February, never March.
func (d Date) AddMonths(n int) Date {
	first := NewDate(d.Year, d.Month+time.Month(n), 1)
	last := NewDate(first.Year, first.Month+1, 0).Day
	return Date{first.Year, first.Month, min(d.Day, last)}
}

// AddYears returns the same day n years later; 29 February becomes 28 in a common year.
func (d Date) AddYears(n int) Date { return d.AddMonths(12 * n) }

// DaysUntil returns the number of days from d to o.
func (d Date) DaysUntil(o Date) int {
	return int(o.utc().Sub(d.utc()) / (24 * time.Hour))
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Start returns the moment at which the day begins in Sweden, in UTC. The day ends at AddDays(1).Start().
func (d Date) Start() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Stockholm).UTC()
}

// utc is the day as a number line: without summer time each day has 24 hours.
func (d Date) utc() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// Value stores the day as ISO text, the zero Date as NULL.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads what Value stored.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case string:
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.UnmarshalText(v)
	}
	return fmt.Errorf("clock: can't read a date from %T", src)
}

// MarshalText makes a Date the same text in JSON as in the database.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Date{}
		return nil
	}
	p, err := ParseDate(string(b))
	if err == nil {
		*d = p
	}
	return err
}
