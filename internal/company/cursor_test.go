package company

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"
)

// What stands behind "after" in an address comes back as it was, or is the
// first page; never something that the database can't take.
func FuzzCursor(f *testing.F) {
	f.Add("furuborg", uuid.NewString(), "")
	f.Add("a b", uuid.NewString(), "AAAA")
	f.Add("", "", cursor("\xff\x00", uuid.New()))
	f.Fuzz(func(t *testing.T, key, id, any string) {
		if u, err := uuid.Parse(id); err == nil && !strings.Contains(key, " ") && utf8.ValidString(key) && !strings.Contains(key, "\x00") {
			if k, i, ok := readCursor(cursor(key, u)); !ok || k != key || i != u.String() {
				t.Errorf("%q %v reads as %q %q %v", key, u, k, i, ok)
			}
		}
		k, i, ok := readCursor(any)
		if !ok {
			return
		}
		if u, err := uuid.Parse(i); err != nil || u.String() != i || !utf8.ValidString(k) || strings.Contains(k, "\x00") {
			t.Errorf("%q reads as %q, %q", any, k, i)
		}
	})
}
