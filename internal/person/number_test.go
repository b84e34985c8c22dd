package person

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

var today = clock.Date{Year: 2026, Month: 11, Day: 21}

// Rows: 43
func TestParsePersonalNumber(t *testing.T) {
	for _, tc := range []struct{ in, want, code string }{
		{"199002032382", "199002032382", ""},
		{"19900203-2382", "199002032382", ""},
		{" 19900203–2382 ", "199002032382", ""},
		{"900203-2382", "199002032382", ""},
		{"9002032382", "199002032382", ""},
		{"090527+1474", "190905271474", ""},
		{"19090527+1474", "190905271474", ""},
		{"200002292399", "200002292399", ""},
		{"195704289999", "195704289999", ""},
		{"194608239986", "194608239986", ""},
		{"190901219931", "190901219931", ""},
		{"200004059937", "200004059937", ""},
		{"640823-3234", "196408233234", ""},
		{"900101-0017", "199001010017", ""},

		{"", "", "person.number_missing"},
		{"  ", "", "person.number_missing"},
		{"19900203238", "", "person.number_length"},
		{"1990020323823", "", "person.number_length"},
		{"-", "", "person.number_length"},
		{"19090527 1474", "", "person.number_malformed"},
		{"20000101T220", "", "person.number_malformed"},
		{"1990-02032382", "", "person.number_malformed"},
		{"19900203--2382", "", "person.number_malformed"},
		{"1990-0203-2382", "", "person.number_malformed"},
		{"19900203٢382", "", "person.number_malformed"},
		{"19880320+0016", "", "person.number_century"},
		{"199002302382", "", "person.number_date"},
		{"199013032382", "", "person.number_date"},
		{"199002002382", "", "person.number_date"},
		{"199002922382", "", "person.number_date"},
		{"000002032382", "", "person.number_date"},
		{"202611222387", "", "person.number_date"}, // tomorrow
		{"201509160006", "", "person.number_check_digit"},
		{"197004289895", "", "person.number_check_digit"},
		{"194205669899", "", "person.number_check_digit"},
		{"196004309886", "", "person.number_check_digit"},
		{"197302889931", "", "person.coordination_number"},
		{"202107919967", "", "person.coordination_number"},
		{"701063-2391", "", "person.coordination_number"},
		{"198506772394", "", "person.coordination_number"},
	} {
		got, err := ParsePersonalNumber(tc.in, today)
		if string(got) != tc.want || fault.CodeOf(err) != tc.code {
			t.Errorf("ParsePersonalNumber(%q) = %q, %v, want %q %s", tc.in, string(got), err, tc.want, tc.code)
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: kind %v", tc.in, fault.KindOf(err))
		}
	}
}

// Rows: 43
func TestWrongLengthSaysHowManyDigitsWereGiven(t *testing.T) {
	_, err := ParsePersonalNumber("1990-0203-238", today)
	e, _ := fault.As(err)
	if e == nil || e.Args["digits"] != "11" {
		t.Errorf("%v, want 11 digits", e)
	}
}

func TestTenDigitsMeanTheNewestYear(t *testing.T) {
	for in, want := range map[string]string{"000229-2399": "2000-02-29", "260101-2384": "2026-01-01", "270101-2383": "1927-01-01", "260101+2384": "1926-01-01"} {
		n, err := ParsePersonalNumber(in, today)
		if err != nil || n.BirthDate().String() != want {
			t.Errorf("%s: born %s, %v, want %s", in, n.BirthDate(), err, want)
		}
	}
}

func TestParseCoordinationNumber(t *testing.T) {
	for in, born := range map[string]string{"197302889931": "1973-02-28", "202107919967": "2021-07-31", "701063-2391": "1970-10-03"} {
		n, err := ParseCoordinationNumber(in, today)
		if err != nil || n.BirthDate().String() != born {
			t.Errorf("%s: %v born %s, want %s", in, err, n.BirthDate(), born)
		}
	}
	if _, err := ParseCoordinationNumber("199002032382", today); !fault.Has(err, "person.not_coordination_number") {
		t.Error(err)
	}
}

func TestNumberIsNeverPrintedByAccident(t *testing.T) {
	n, c := PersonalNumber("199002032382"), CoordinationNumber("197302889931")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "n", n, "c", c)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "n", n, "c", c)
	type holder struct{ N PersonalNumber }
	all := fmt.Sprintf("%v %s %+v %#v %v %v %#v", n, n, holder{n}, holder{n}, c, fmt.Errorf("bad %s", n), c) + log.String()
	if strings.Contains(all, "2382") || strings.Contains(all, "9931") {
		t.Errorf("the last four digits are shown: %s", all)
	}
	if n.Masked() != "19900203-••••" || n.Long() != "19900203-2382" || c.Masked() != "19730288-••••" || c.Long() != "19730288-9931" {
		t.Error(n.Masked(), c.Masked())
	}
	if empty := PersonalNumber(""); empty.Masked() != "" || empty.Long() != "" || !empty.BirthDate().IsZero() || empty.IsTest() {
		t.Error("an empty number must show nothing")
	}
}

func TestTestNumbers(t *testing.T) {
	for n, want := range map[PersonalNumber]bool{
		"191212121212": true, "199908072391": true, "200211242383": true, "199002032382": true, "195704289999": true, "194608239986": true, "196408233234": false, "199001010017": false,
	} {
		if n.IsTest() != want {
			t.Errorf("%s: IsTest = %v", n, !want)
		}
	}
	if !CoordinationNumber("197302889931").IsTest() {
		t.Error("a coordination number has the same ranges")
	}
}

func FuzzParsePersonalNumber(f *testing.F) {
	for _, s := range []string{"19900203-2382", "090527+1474", "701063-2391", "20000101T220", "9002032382"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParsePersonalNumber(s, today)
		c, cerr := ParseCoordinationNumber(s, today)
		if err == nil && cerr == nil {
			t.Fatalf("%q is both kinds of number", s)
		}
		if cerr == nil && (len(c) != 12 || c.BirthDate().IsZero()) {
			t.Errorf("coordination number %q has no date", string(c))
		}
		if err != nil {
			if n != "" {
				t.Errorf("%q: a number and an error", s)
			}
			return
		}
		if again, err := ParsePersonalNumber(n.Long(), today); again != n || err != nil {
			t.Errorf("%q reads as %q, which reads as %q, %v", s, string(n), string(again), err)
		}
		if born := n.BirthDate(); born.IsZero() || born.After(today) {
			t.Errorf("%q: born %s", s, born)
		}
	})
}
