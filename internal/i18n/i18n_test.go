package i18n

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

// textsOf makes Texts from lines of a test.
func textsOf(t *testing.T, l Lang, lines string) *Texts {
	t.Helper()
	c, err := readCatalogue(fstest.MapFS{"x/area.txt": {Data: []byte(lines)}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	texts := For(l)
	texts.texts = c
	return texts
}

func TestT(t *testing.T) {
	sv := textsOf(t, Swedish, `
# comment
hello = Hej {name}, a = b
cards = {n, plural, =0{Inga kort} one{# kort} other{# korten}}
who = {role, select, orderer{Beställaren} other{Någon}} har {n, plural, one{ett {size, select, big{stort} other{litet}} kort} other{# kort}}
long = Första raden
  och nästa.\nNy rad
odd = \{inte\} \# \\ 50 #
when = {at} och {day}
`)
	at := time.Date(2026, 11, 25, 5, 58, 0, 0, time.UTC)
	for _, tc := range []struct {
		key  string
		args []any
		want string
	}{
		{"hello", []any{"name", "<b>{x}"}, "Hej <b>{x}, a = b"},
		{"cards", []any{"n", 0}, "Inga kort"},
		{"cards", []any{"n", 1}, "1 kort"},
		{"cards", []any{"n", 12345}, "12\u202f345 korten"},
		{"cards", []any{"n", "2"}, "2 korten"},
		{"who", []any{"role", "orderer", "n", 1, "size", "big"}, "Beställaren har ett stort kort"},
		{"who", []any{"role", "x", "n", int64(7), "size", ""}, "Någon har 7 kort"},
		{"long", nil, "Första raden och nästa.\nNy rad"},
		{"odd", nil, `{inte} # \ 50 #`},
		{"when", []any{"at", at, "day", clock.DateOf(at)}, "ons 25 nov kl.\u00a006.58 och 2026-11-25"},
	} {
		if got := sv.T(tc.key, tc.args...); got != tc.want {
			t.Errorf("T(%s, %v) = %q, want %q", tc.key, tc.args, got, tc.want)
		}
	}
}

func TestMistakesAreLoudInTests(t *testing.T) {
	sv := textsOf(t, Swedish, "hello = Hej {name}\ncards = {n, plural, one{ett} other{fler}}")
	for name, call := range map[string]func(){
		"unknown key":      func() { sv.T("nothing.here") },
		"missing argument": func() { sv.T("hello") },
		"odd arguments":    func() { sv.T("hello", "name") },
		"no number":        func() { sv.T("cards", "n", "many") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
	if sv.Has("nothing.here") || !sv.Has("hello") {
		t.Error("Has is wrong")
	}
}

func TestBrokenFilesSayWhere(t *testing.T) {
	for lines, want := range map[string]string{
		"a = {n":                             "x/area.txt:1",
		"a = x\n\nb":                         "x/area.txt:3",
		"a = x\na = y":                       "stands twice",
		"Å = x":                              "characters",
		"a =":                                "key = text",
		"  a = x":                            "key = text",
		"a = }":                              "unexpected",
		`a = \q`:                             `\q`,
		`a = x\`:                             "backslash",
		"a = {N}":                            "no name",
		"a = {n, plural, one{x}}":            "other",
		"a = {n, plural, lots{x} other{y}}":  "plural form",
		"a = {n, plural, one{x} one{y}}":     "twice",
		"a = {n, number}":                    "plural or select",
		"a = {n, plural, other{x}":           "closing",
		"a = {n, plural, other{x":            "no closing",
		"a = {n, plural, other x}":           "cases",
		"a = {n, select, a{x} {y} other{z}}": "cases",
	} {
		_, err := readCatalogue(fstest.MapFS{"x/area.txt": {Data: []byte(lines)}}, "x")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", lines, err, want)
		}
	}
}

// Rows: 43
func TestErrorsBecomeSentences(t *testing.T) {
	e := fault.New(fault.Invalid, "person.number_length", "digits", "11")
	if got := For(Swedish).Error(e); !strings.HasPrefix(got, "Personnumret har 11 siffror men ska ha 12.") {
		t.Error(got)
	}
	if got := For(English).Error(e); !strings.HasPrefix(got, "The number has 11 digits, it needs 12.") {
		t.Error(got)
	}
	unknown := For(English).T("error.unknown")
	if got := For(English).Error(fault.New(fault.Internal, "nobody.knows")); got != unknown {
		t.Error(got)
	}
	if got := For(English).Error(nil); got != unknown {
		t.Error(got)
	}
}

func TestFormats(t *testing.T) {
	winter, summer := time.Date(2026, 11, 25, 5, 58, 0, 0, time.UTC), time.Date(2026, 7, 1, 22, 5, 0, 0, time.UTC)
	sv, en := For(Swedish), For(English)
	for _, tc := range []struct{ got, want string }{
		{sv.Day(clock.DateOf(winter)), "ons 25 nov"},
		{en.Day(clock.DateOf(winter)), "Wed 25 Nov"},
		{sv.DayYear(clock.DateOf(summer)), "tors 2 juli 2026"},
		{sv.Clock(winter), "06.58"},
		{en.Clock(winter), "06:58"},
		{sv.DayTime(summer), "tors 2 juli kl.\u00a000.05"},
		{en.DayTime(summer), "Thu 2 Jul, 00:05"},
		{sv.Day(clock.Date{}) + sv.DayYear(clock.Date{}) + sv.Clock(time.Time{}) + sv.DayTime(time.Time{}), ""},
		{sv.Number(0), "0"},
		{sv.Number(999), "999"},
		{sv.Number(-1234567), "−1\u202f234\u202f567"},
		{en.Number(1234567), "1,234,567"},
		{sv.CountCapped(1000), "1\u202f000"},
		{sv.CountCapped(1001), "1\u202f000+"},
		{en.CountCapped(5000), "1,000+"},
		{sv.Money(19900), "199,00\u00a0kr"},
		{sv.Money(-123456705), "−1\u202f234\u202f567,05\u00a0kr"},
		{en.Money(5), "0.05\u00a0kr"},
		{sv.List(), ""},
		{sv.List("a"), "a"},
		{sv.List("a", "b"), "a och b"},
		{en.List("a", "b", "c"), "a, b and c"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}

func TestPick(t *testing.T) {
	for _, tc := range []struct {
		cookie, header string
		want           Lang
	}{
		{"en", "sv", English},
		{"xx", "sv-SE,sv;q=0.9,en;q=0.8", Swedish},
		{"", "", Swedish},
		{"", "en-GB", English},
		{"", "pl,en;q=0.5", English},
		{"", "pl", English},
		{"", "de", English},
		{"", "nonsense;;q=x", Swedish},
		{"", "pl;q=0.9,sv;q=0.3", Swedish},
	} {
		if got := Pick(tc.cookie, tc.header); got != tc.want {
			t.Errorf("Pick(%q, %q) = %s, want %s", tc.cookie, tc.header, got, tc.want)
		}
	}
	if For("xx").Lang != English {
		t.Error("an unknown language must be English")
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Åkerström":     "akerstrom",
		"ŁUKASZ":        "lukasz",
		"O'Brien":       "obrien",
		"O’Brien":       "obrien",
		"Anna-Karin":    "anna karin",
		"  Bygg & Co ":  "bygg co",
		"Þóra Æsir":     "thora aesir",
		"Дмитрій":       "дмитріи",
		"100% _rätt_":   "100 ratt",
		"STRAßE İstiña": "strasse istina",
		"":              "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Åsa O'Brien-Łuk %_")
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if strings.ContainsAny(once, `%_\`) {
			t.Errorf("Fold(%q) = %q has a wildcard", s, once)
		}
		if twice := Fold(once); twice != once {
			t.Errorf("Fold(%q) = %q, folded again %q", s, once, twice)
		}
	})
}

func FuzzParseMessage(f *testing.F) {
	f.Add("{n, plural, =0{a} one{#} other{{b} #}} \\n")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := parseMessage(s)
		if err == nil {
			m.placeholders()
		}
	})
}

func TestSortKeyIsTheSwedishAlphabet(t *testing.T) {
	names := []string{"Andersson", "andersson Bygg", "Vik", "Wall", "Zorn", "Åberg", "Ärla", "Öberg"}
	for i := 1; i < len(names); i++ {
		if SortKey(names[i-1]) >= SortKey(names[i]) {
			t.Errorf("%s doesn't sort before %s", names[i-1], names[i])
		}
	}
	if SortKey("ÅBERG") != SortKey("Åberg") {
		t.Error("capitals must not matter")
	}
}
