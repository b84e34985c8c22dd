package clock_test

import (
	"encoding/json"
	"sync"
	"testing"
	"testing/quick"
	"time"

	"github.com/kortverk/kortverk/internal/clock"
)

func TestClockMovesOnlyForward(t *testing.T) {
	c := clock.New()
	before := c.Now()
	if err := c.Advance(-time.Second); err == nil {
		t.Error("went back")
	}
	if err := c.Advance(72 * time.Hour); err != nil {
		t.Fatal(err)
	}
	c.Set(time.Hour) // smaller than now: ignored
	if got := c.Now().Sub(before); got < 72*time.Hour {
		t.Errorf("only %v later", got)
	}
	if c.Offset() != 72*time.Hour {
		t.Errorf("offset %v", c.Offset())
	}
	if now := c.Now(); now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Errorf("%v is not UTC in microseconds", now)
	}
}

func TestClockUnderConcurrentUse(t *testing.T) {
	c := clock.New()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			last := c.Now()
			for range 500 {
				if err := c.Advance(time.Microsecond); err != nil {
					t.Error(err)
				}
				now := c.Now()
				if now.Before(last) {
					t.Error("time went back")
				}
				last = now
			}
		})
	}
	wg.Wait()
	if c.Offset() != 4000*time.Microsecond {
		t.Errorf("offset %v", c.Offset())
	}
}

func TestSwedishDays(t *testing.T) {
	cases := []struct{ utc, day string }{
		{"2026-11-20T22:59:59Z", "2026-11-20"}, // winter: UTC+1
		{"2026-11-20T23:00:00Z", "2026-11-21"},
		{"2026-06-30T21:59:59Z", "2026-06-30"}, // summer: UTC+2
		{"2026-06-30T22:00:00Z", "2026-07-01"},
		{"2026-03-29T00:59:59Z", "2026-03-29"}, // the night of the change
	}
	for _, c := range cases {
		at, err := time.Parse(time.RFC3339, c.utc)
		if err != nil {
			t.Fatal(err)
		}
		if got := clock.DateOf(at).String(); got != c.day {
			t.Errorf("%s is %s, not %s", c.utc, c.day, got)
		}
	}
	if !clock.DateOf(time.Time{}).IsZero() {
		t.Error("no time is a day")
	}
}

func TestParseDate(t *testing.T) {
	for _, good := range []string{"2026-02-28", "2024-02-29", "1899-12-31"} {
		if d, err := clock.ParseDate(good); err != nil || d.String() != good {
			t.Errorf("%s: %v %v", good, d, err)
		}
	}
	for _, bad := range []string{"", "2026-02-29", "2026-2-28", "20260228", "2026-13-01", "2026-02-28 ", "0000-01-01", "2026-02-28T00:00:00Z"} {
		if d, err := clock.ParseDate(bad); err == nil {
			t.Errorf("%q was read as %v", bad, d)
		}
	}
}

func TestDateArithmetic(t *testing.T) {
	day := func(s string) clock.Date {
		d, err := clock.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	cases := []struct{ name, got, want string }{
		{"month end", day("2026-01-31").AddMonths(1).String(), "2026-02-28"},
		{"month end, leap", day("2024-01-31").AddMonths(1).String(), "2024-02-29"},
		{"back over new year", day("2026-01-31").AddMonths(-2).String(), "2025-11-30"},
		{"leap day", day("2024-02-29").AddYears(1).String(), "2025-02-28"},
		{"days over summer time", day("2026-03-28").AddDays(2).String(), "2026-03-30"},
		{"five years", day("2026-11-21").AddYears(5).String(), "2031-11-21"},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", c.name, c.got, c.want)
		}
	}
	if n := day("2026-03-28").DaysUntil(day("2026-03-30")); n != 2 {
		t.Errorf("%d days", n)
	}
	if h := day("2026-03-30").Start().Sub(day("2026-03-29").Start()); h != 23*time.Hour {
		t.Errorf("the day of the change has %v", h)
	}
	if !(clock.Date{}).Before(day("0001-01-02")) || day("2026-01-02").Before(day("2026-01-02")) {
		t.Error("Before")
	}
}

func TestDateProperties(t *testing.T) {
	property := func(n uint16, k int16) bool {
		d := clock.NewDate(1950, 1, 1).AddDays(int(n))
		parsed, err := clock.ParseDate(d.String())
		later := d.AddDays(int(k))
		return err == nil && parsed == d &&
			clock.DateOf(d.Start()) == d && clock.DateOf(d.AddDays(1).Start().Add(-time.Microsecond)) == d &&
			d.DaysUntil(later) == int(k) && later.AddDays(-int(k)) == d && d.Before(later) == (k > 0)
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}

func TestDateInJSONAndSQL(t *testing.T) {
	type paper struct{ Until, From clock.Date }
	in := paper{Until: clock.NewDate(2027, 5, 31)}
	b, err := json.Marshal(in)
	if err != nil || string(b) != `{"Until":"2027-05-31","From":""}` {
		t.Fatalf("%s %v", b, err)
	}
	var out paper
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("%+v %v", out, err)
	}
	v, err := in.Until.Value()
	if err != nil || v != "2027-05-31" {
		t.Errorf("%v %v", v, err)
	}
	if v, _ := in.From.Value(); v != nil {
		t.Errorf("no day is stored as %v", v)
	}
	if err := out.Until.Scan(int64(3)); err == nil {
		t.Error("a number was read as a day")
	}
}
