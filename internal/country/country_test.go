package country

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

func TestEveryCountryHasANameInEveryLanguage(t *testing.T) {
	for _, l := range i18n.Languages() {
		all := All(l.Lang)
		if len(all) != 250 {
			t.Errorf("%s: %d countries, want ISO's 249 and Kosovo", l.Lang, len(all))
		}
		seen := map[string]string{}
		for _, c := range all {
			if !Valid(c.Code) || c.Name == "" || c.Name == c.Code || seen[c.Name] != "" {
				t.Errorf("%s: %q is named %q, as is %q", l.Lang, c.Code, c.Name, seen[c.Name])
			}
			seen[c.Name] = c.Code
		}
	}
}

func TestNamesAndOrder(t *testing.T) {
	for _, tc := range []struct {
		lang       i18n.Lang
		code, want string
	}{
		{"sv", "SE", "Sverige"}, {"en", "SE", "Sweden"}, {"sv", "PL", "Polen"}, {"sv", "AT", "Österrike"}, {"en", "UA", "Ukraine"}, {"sv", "ZZ", "ZZ"},
	} {
		if got := Name(tc.lang, tc.code); got != tc.want {
			t.Errorf("Name(%s, %s) = %q, want %q", tc.lang, tc.code, got, tc.want)
		}
	}
	sv := All("sv")
	if last := sv[len(sv)-1].Name; !strings.HasPrefix(last, "Ö") {
		t.Errorf("the Swedish list ends with %s, want a country with Ö", last)
	}
	sv[0].Name = "changed"
	if All("sv")[0].Name == "changed" {
		t.Error("callers can change the list")
	}
}

func TestValidAndParse(t *testing.T) {
	for _, bad := range []string{"", "S", "se", "ZZ", "SU", "DD", "E ", " A", "SWE", "A\x00"} {
		if Valid(bad) {
			t.Errorf("Valid(%q)", bad)
		}
	}
	if code, err := Parse(" se "); code != "SE" || err != nil {
		t.Error(code, err)
	}
	if _, err := Parse("xx"); !fault.Has(err, "country.unknown") {
		t.Error(err)
	}
}

func TestParsePostcode(t *testing.T) {
	for _, tc := range []struct{ country, in, want, code string }{
		{"SE", "12345", "123 45", ""},
		{"SE", " 123  45 ", "123 45", ""},
		{"SE", "SE-123 45", "123 45", ""},
		{"SE", "1234", "", "country.postcode_malformed"},
		{"SE", "02345", "", "country.postcode_malformed"},
		{"SE", "", "", "country.postcode_missing"},
		{"PL", "00950", "00-950", ""},
		{"PL", "00–950", "00-950", ""},
		{"LV", "1050", "LV-1050", ""},
		{"LV", "lv-1050", "LV-1050", ""},
		{"LT", "LT-01100", "LT-01100", ""},
		{"NO", "0150", "0150", ""},
		{"FI", "00100", "00100", ""},
		{"GB", "sw1a 1aa", "SW1A 1AA", ""},
		{"GB", "SW1A_1AA", "", "country.postcode_malformed"},
		{"IE", "", "", ""},
		{"QQ", "1", "", "country.unknown"},
	} {
		got, err := ParsePostcode(tc.country, tc.in)
		if got != tc.want || fault.CodeOf(err) != tc.code {
			t.Errorf("ParsePostcode(%s, %q) = %q, %v, want %q %s", tc.country, tc.in, got, err, tc.want, tc.code)
		}
	}
}

func FuzzParsePostcode(f *testing.F) {
	for _, s := range []string{"SE123 45", "LVLV-1050", "GBSW1A 1AA", "PL00-950"} {
		f.Add(s[:2], s[2:])
	}
	f.Fuzz(func(t *testing.T, country, s string) {
		got, err := ParsePostcode(country, s)
		if err != nil {
			return
		}
		if again, err := ParsePostcode(country, got); err != nil || again != got {
			t.Errorf("ParsePostcode(%q, %q) = %q, which parses to %q, %v", country, s, got, again, err)
		}
		for l := range postcodes {
			if l == country && got == "" {
				t.Errorf("%s: nothing accepted", country)
			}
		}
	})
}
