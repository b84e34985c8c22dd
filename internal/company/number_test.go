package company

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
)

func TestParseOrganisationNumber(t *testing.T) {
	for _, tc := range []struct {
		in, want string
		sole     bool
		code     string
	}{
		{"556630-4928", "5566304928", false, ""},
		{"5562265719", "5562265719", false, ""},
		{"16559085-2777", "5590852777", false, ""},
		{"165590852777", "5590852777", false, ""},
		{" 202100–5489 ", "2021005489", false, ""},
		{"857209-0606", "8572090606", false, ""},
		{"802005-1952", "8020051952", false, ""},
		{"556016-0680", "5560160680", false, ""},
		{"559999-0016", "5599990016", false, ""},
		{"900203-2382", "9002032382", true, ""},
		{"19900203-2382", "9002032382", true, ""},
		{"701063-2391", "7010632391", true, ""}, // coordination number
		{"090527+1474", "0905271474", true, ""},
		{"000229-2399", "0002292399", true, ""}, // 2000 had the day
		{"", "", false, "company.number_missing"},
		{"556630-492", "", false, "company.number_length"},
		{"175590852777", "", false, "company.number_length"},
		{"556630 4928", "", false, "company.number_malformed"},
		{"5566-304928", "", false, "company.number_malformed"},
		{"556630--4928", "", false, "company.number_malformed"},
		{"SE5566304928", "", false, "company.number_malformed"},
		{"556630-4929", "", false, "company.number_check_digit"},
		{"901303-2382", "", false, "company.number_date"},
		{"16900203-2382", "", false, "company.number_date"},
		{"19559085-2777", "", false, "company.number_date"},
		{"150916-0006", "", false, "company.number_check_digit"},
	} {
		got, err := ParseOrganisationNumber(tc.in)
		if string(got) != tc.want || fault.CodeOf(err) != tc.code || got.SoleTrader() != tc.sole {
			t.Errorf("ParseOrganisationNumber(%q) = %q (sole trader %v), %v, want %q %v %s", tc.in, string(got), got.SoleTrader(), err, tc.want, tc.sole, tc.code)
		}
	}
	_, err := ParseOrganisationNumber("556630-492")
	if e, _ := fault.As(err); e == nil || e.Args["digits"] != "9" {
		t.Errorf("the error doesn't say how many digits there were: %v", err)
	}
}

func TestParseNumber(t *testing.T) {
	for _, tc := range []struct{ country, in, want, code string }{
		{"SE", "556630-4928", "5566304928", ""},
		{"PL", "526-10-40-828", "5261040828", ""},
		{"NO", "923 609 016", "923609016", ""},
		{"DE", "hrb 12345 b", "HRB12345B", ""},
		{"LV", "", "", "company.number_missing"},
		{"PL", "5", "", "company.number_foreign"},
		{"PL", "5261040828_1", "", "company.number_foreign"},
		{"PL", strings.Repeat("1", 21), "", "company.number_foreign"},
		{"QQ", "1", "", "country.unknown"},
	} {
		got, err := ParseNumber(tc.country, tc.in)
		if string(got) != tc.want || fault.CodeOf(err) != tc.code {
			t.Errorf("ParseNumber(%s, %q) = %q, %v, want %q %s", tc.country, tc.in, string(got), err, tc.want, tc.code)
		}
	}
}

func TestNumbersOnPages(t *testing.T) {
	if n := OrganisationNumber("5599990016"); n.Shown() != "559999-0016" || n.Masked() != "559999-0016" {
		t.Error(n.Shown(), n.Masked())
	}
	if n := OrganisationNumber("9002032382"); strings.ContainsAny(n.Masked(), "0123456789") {
		t.Errorf("a sole trader's number is shown: %s", n.Masked())
	}
	if n := OrganisationNumber("HRB12345B"); n.Shown() != "HRB12345B" || n.Masked() != "HRB12345B" {
		t.Error(n.Shown())
	}
}

func FuzzParseOrganisationNumber(f *testing.F) {
	for _, s := range []string{"556630-4928", "16559085-2777", "19900203-2382", "090527+1474"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseOrganisationNumber(s)
		if err != nil {
			if n != "" {
				t.Errorf("%q: a number and an error", s)
			}
			return
		}
		if again, err := ParseOrganisationNumber(n.Shown()); again != n || err != nil {
			t.Errorf("%q reads as %q, which reads as %q, %v", s, string(n), string(again), err)
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	f.Add("PL", "526-10-40-828")
	f.Add("SE", "556630-4928")
	f.Fuzz(func(t *testing.T, country, s string) {
		n, err := ParseNumber(country, s)
		if err != nil {
			return
		}
		if again, err := ParseNumber(country, string(n)); again != n || err != nil {
			t.Errorf("%s %q reads as %q, which reads as %q, %v", country, s, string(n), string(again), err)
		}
	})
}

func TestAddressClean(t *testing.T) {
	a, err := Address{Name: " Bygg  AB ", Line1: "Byggvägen 1", Postcode: "12345", City: "Täby"}.Clean()
	if err != nil || a != (Address{Name: "Bygg AB", Line1: "Byggvägen 1", Postcode: "123 45", City: "Täby", Country: "SE"}) {
		t.Errorf("%+v, %v", a, err)
	}
	a.CareOf, a.Country, a.Postcode = "Lind", "PL", "00-950"
	if got := strings.Join(a.Lines(), "|"); got != "Bygg AB|c/o Lind|Byggvägen 1|00-950 Täby|Poland" {
		t.Error(got)
	}
	_, err = Address{CareOf: "a\x07b", Line1: strings.Repeat("x", 61), Postcode: "1", Country: "SE"}.Clean()
	got := map[string]string{}
	for _, e := range fault.All(err) {
		got[e.Field] = e.Code
	}
	for field, code := range map[string]string{
		"name": "company.address_name_missing", "care_of": "company.unprintable", "line1": "company.address_too_long",
		"postcode": "country.postcode_malformed", "city": "company.address_city_missing",
	} {
		if got[field] != code {
			t.Errorf("%s: %q, want %s", field, got[field], code)
		}
	}
}

func FuzzAddressClean(f *testing.F) {
	f.Add("Bygg AB", "Byggvägen 1", "12345", "Täby", "SE")
	f.Fuzz(func(t *testing.T, name, line1, postcode, city, country string) {
		a, err := Address{Name: name, Line1: line1, Postcode: postcode, City: city, Country: country}.Clean()
		if err != nil {
			return
		}
		if again, err := a.Clean(); again != a || err != nil {
			t.Errorf("%+v cleaned again %+v, %v", a, again, err)
		}
		for _, l := range a.Lines() {
			if l == "" || strings.ContainsAny(l, "\r\n") {
				t.Errorf("line %q of %+v", l, a)
			}
		}
	})
}
