package order

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// What stands behind "after" in an address comes back as it was, or is the
// first page; never something that the database can't take.
func FuzzCursor(f *testing.F) {
	f.Add(int64(1_700_000_000_000_000), uuid.NewString(), "")
	f.Add(int64(-1), "", "MTIzLg")
	f.Fuzz(func(t *testing.T, at int64, id, any string) {
		if u, err := uuid.Parse(id); err == nil && at > -1<<55 && at < 1<<55 {
			if a, i := readCursor(cursor(time.UnixMicro(at), u)); a != at || i != u.String() {
				t.Errorf("%d %v reads as %d %q", at, u, a, i)
			}
		}
		_, i := readCursor(any)
		if u, err := uuid.Parse(i); i != "" && (err != nil || u.String() != i) {
			t.Errorf("%q reads as %q", any, i)
		}
	})
}

// A search takes any text apart into words that are letters and digits: no
// wildcard, no syntax, whatever was typed.
func FuzzSplitWords(f *testing.F) {
	for _, s := range []string{"Åsa Öberg", "100%", "a_b", "x' OR 1=1 --", "%00", "ß İ", "e\u0301", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range splitWords(s) {
			if w == "" {
				t.Errorf("%q has an empty word", s)
			}
			for _, r := range w {
				if r == '%' || r == '_' || r == '\'' || r == '\\' || r < '0' {
					t.Errorf("%q has the word %q", s, w)
				}
			}
		}
	})
}
