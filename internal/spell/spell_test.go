package spell

import (
	"strings"
	"testing"
)

func TestCodesAreReadable(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		c := Code(6)
		if len(c) != 6 || strings.Trim(c, Letters) != "" || strings.ContainsAny(c, "01OILU") {
			t.Fatalf("%q", c)
		}
		seen[c] = true
	}
	if len(seen) < 990 {
		t.Errorf("%d different of 1,000", len(seen))
	}
}
