package cardtype_test

import (
	"testing"

	"github.com/kortverk/kortverk/internal/cardtype"
)

func TestStandardIsOffered(t *testing.T) {
	s, ok := cardtype.ByCode(cardtype.Standard)
	if !ok {
		t.Fatal("no standard card")
	}
	if !s.Chip || !s.PIN || !s.Activation || !s.Attendance {
		t.Errorf("a standard card has chip, PIN, activation and attendance: %+v", s)
	}
	for _, lang := range []string{"sv", "en"} {
		found := false
		for l, name := range s.Name {
			found = found || string(l) == lang && name != ""
		}
		if !found {
			t.Errorf("no name in %s", lang)
		}
	}
}

func TestUnknownCodeIsNoType(t *testing.T) {
	if _, ok := cardtype.ByCode("Standard"); ok {
		t.Error("codes are exact")
	}
}

func TestCallersCannotChangeTheData(t *testing.T) {
	all := cardtype.All()
	all[0].Name["sv"] = "annat"
	again, _ := cardtype.ByCode(all[0].Code)
	if again.Name["sv"] == "annat" {
		t.Error("the type's own map was handed out")
	}
}
