package clock

import (
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
)

// A text is one day or none, and only one text is that day.
func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-11-21", "0001-01-01", "9999-12-31", "2024-02-29", "2025-02-29", "2026-1-1", "", "2026-11-21T00:00:00Z", "+2026-11-21", "２０２６-11-21"} {
		f.Add(s, 1)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		d, err := ParseDate(s)
		if err != nil {
			if fault.CodeOf(err) != "clock.date_malformed" || !d.IsZero() {
				t.Errorf("%q: %v, %v", s, d, err)
			}
			return
		}
		if d.String() != s {
			t.Errorf("%q is written %q", s, d)
		}
		var back Date
		if v, err := d.Value(); err != nil || back.Scan(v) != nil || back != d {
			t.Errorf("%v comes back from the database as %v", d, back)
		}
		if n %= 10_000; d.AddDays(n).DaysUntil(d) != -n || DateOf(d.Start()) != d && d.Year > 1900 {
			t.Errorf("%v and %d days is %v; it begins at %v", d, n, d.AddDays(n), d.Start())
		}
		if m := d.AddMonths(n % 100); m.Day > d.Day || m.AddMonths(-(n%100)).Month != d.Month {
			t.Errorf("%v and %d months is %v", d, n%100, m)
		}
	})
}
