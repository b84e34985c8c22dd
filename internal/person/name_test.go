package person

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/fault"
)

func TestCleanName(t *testing.T) {
	for _, tc := range []struct{ in, want, code string }{
		{"  Åsa   Marie ", "Åsa Marie", ""},
		{"A\u030asa", "Åsa", ""}, // decomposed
		{"Anna‑Karin", "Anna-Karin", ""},
		{"O’Brien", "O’Brien", ""},
		{"Wójcik", "Wójcik", ""},
		{"Мар'яна", "Мар'яна", ""},
		{"d'Arc Jr.", "d'Arc Jr.", ""},
		{"Nguyễn", "Nguyễn", ""},
		{"李", "李", ""},
		{strings.Repeat("Å", 100), strings.Repeat("Å", 100), ""},
		{"", "", "person.name_missing"},
		{"\u00a0 \t", "", "person.name_missing"},
		{strings.Repeat("a", 101), "", "person.name_length"},
		{"R2D2", "", "person.name_characters"},
		{"Anna<script>", "", "person.name_characters"},
		{"Anna\x00", "", "person.name_characters"},
		{"Anna\xff", "", "person.name_characters"},
		{"Anna, Maria", "", "person.name_characters"},
		{"Z" + strings.Repeat("\u0335", 4), "", "person.name_characters"},
		{"-", "", "person.name_letters"},
		{". '", "", "person.name_letters"},
	} {
		got, err := CleanName(tc.in)
		if got != tc.want || fault.CodeOf(err) != tc.code {
			t.Errorf("CleanName(%q) = %q, %v, want %q %s", tc.in, got, err, tc.want, tc.code)
		}
	}
	_, err := CleanName("a1b2\x01<1")
	if e, _ := fault.As(err); e == nil || e.Args["characters"] != "1 2 U+0001 <" {
		t.Errorf("characters told: %v", err)
	}
}

func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"Åsa  Öberg", "A\u030a", "O’Brien–Łuk", "x\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := CleanName(s)
		if err != nil {
			return
		}
		if again, err := CleanName(got); again != got || err != nil {
			t.Errorf("CleanName(%q) = %q, cleaned again %q, %v", s, got, again, err)
		}
		if n := utf8.RuneCountInString(got); n < 1 || n > MaxName || !utf8.ValidString(got) {
			t.Errorf("CleanName(%q) = %q", s, got)
		}
	})
}

// Rows: 44
func TestMatchLadder(t *testing.T) {
	for _, tc := range []struct {
		given, surname   string
		pgiven, psurname string
		want             Level
	}{
		{"Åsa", "Öberg", "Åsa", "Öberg", M0},
		{" Åsa ", "O’Brien", "Åsa", "O'Brien", M0},
		{"A\u030asa", "Öberg", "Åsa", "Öberg", M0},
		{"Åsa", "Öberg", "ÅSA", "ÖBERG", M1},
		{"Anna Karin", "Öberg", "ANNA-KARIN", "ÖBERG", M2},
		{"Sean", "OBrien", "SEAN", "O'BRIEN", M2},
		{"Jose", "Garcia", "José", "García", M2},
		{"Łukasz", "Wójcik", "LUKASZ", "WOJCIK", M2},
		{"Li", "Van der Berg", "LI", "VANDERBERG", M2},
		{"Anna", "Lind", "ANNA MARIA", "LIND", M4},
		{"Maria", "Lind", "ANNA MARIA", "LIND", M4},
		{"Anna Eva", "Lind", "ANNA MARIA EVA", "LIND", M4},
		{"Anna-Karin", "Lind", "ANNA KARIN MARIA", "LIND", M4},
		{"Åsa", "Oberg", "ÅSA", "ÖBERG", Mismatch}, // ö is a letter of its own
		{"Asa", "Öberg", "ÅSA", "ÖBERG", Mismatch},
		{"Anna Maria", "Lind", "ANNA", "LIND", Mismatch}, // more than is proven
		{"Eva Anna", "Lind", "ANNA EVA", "LIND", Mismatch},
		{"Ann", "Lind", "ANNA MARIA", "LIND", Mismatch}, // part of a name is no name
		{"", "Lind", "ANNA", "LIND", Mismatch},
		{"Anna", "Lindh", "ANNA", "LIND", Mismatch},
		{"Anna", "", "ANNA", "LIND", Mismatch},
		{"", "", "", "", Mismatch},
		{"", "Suharto", "", "SUHARTO", M1},
	} {
		if got := Match(Name{tc.given, tc.surname}, Name{tc.pgiven, tc.psurname}); got != tc.want {
			t.Errorf("Match(%s %s, %s %s) = %s, want %s", tc.given, tc.surname, tc.pgiven, tc.psurname, got, tc.want)
		}
	}
}

func TestLevels(t *testing.T) {
	var forgotten Level
	if forgotten.Matches() {
		t.Error("a comparison that wasn't made must not match")
	}
	for _, l := range []Level{Mismatch, M0, M1, M2, M4} {
		if ParseLevel(l.String()) != l {
			t.Errorf("%s doesn't survive storing", l)
		}
		if l.Noted() != (l == M2 || l == M4) || l.Matches() != (l != Mismatch) {
			t.Errorf("%s: noted %v, matches %v", l, l.Noted(), l.Matches())
		}
	}
	if ParseLevel("m9") != Mismatch {
		t.Error("unknown text must be a mismatch")
	}
}

// Rows: 44
func TestRecase(t *testing.T) {
	for in, want := range map[string]string{
		"ÅSA MARIE ÖBERG LIND": "Åsa Marie Öberg Lind",
		"O'BRIEN":              "O'Brien",
		"O’BRIEN":              "O’Brien",
		"ANNA-KARIN":           "Anna-Karin",
		"VAN DER BERG":         "van der Berg",
		"DE LA CRUZ":           "de la Cruz",
		"VON":                  "Von",
		"МАР'ЯНА":              "Мар'яна",
		"J.P.":                 "J.P.",
		"Åsa":                  "Åsa",
		"McDonald":             "McDonald",
		"李":                    "李",
		"":                     "",
	} {
		if got := Recase(in); got != want {
			t.Errorf("Recase(%q) = %q, want %q", in, got, want)
		}
	}
	if got := (Name{"VAN ANH", "VAN DEN BOSCH"}).Recased(); got != (Name{"Van Anh", "van den Bosch"}) {
		t.Errorf("particles belong to surnames: %v", got)
	}
	if got := (Name{"Anna", "Lind"}).String(); got != "Anna Lind" {
		t.Error(got)
	}
}

// A recased name is still the same name on the ladder.
func FuzzRecaseMatches(f *testing.F) {
	f.Add("ÅSA MARIE", "VAN DER BERG")
	f.Add("ANNA-KARIN", "O'BRIEN")
	f.Fuzz(func(t *testing.T, given, surname string) {
		g, err1 := CleanName(given)
		s, err2 := CleanName(surname)
		if err1 != nil || err2 != nil {
			return
		}
		n := Name{g, s}
		if l := Match(n.Recased(), n); !l.Matches() {
			t.Errorf("%q recased is %q: %s", n, n.Recased(), l)
		}
	})
}

// Rows: 44
func TestDiff(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want []Segment
	}{
		{"Lindh", "LIND", []Segment{{"Lind", false}, {"h", true}}},
		{"LIND", "Lindh", []Segment{{"LIND", false}}},
		{"Oberg", "Öberg", []Segment{{"O", true}, {"berg", false}}},
		{"Anna-Karin", "Anna–Karin", []Segment{{"Anna-Karin", false}}},
		{"Kristian", "Christian", []Segment{{"K", true}, {"ristian", false}}},
		{"", "x", nil},
		{"x", "", []Segment{{"x", true}}},
	} {
		if got := Diff(tc.a, tc.b); !slices.Equal(got, tc.want) {
			t.Errorf("Diff(%q, %q) = %v, want %v", tc.a, tc.b, got, tc.want)
		}
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("Åsa Öberg", "ASA OBERGH")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 200 || len(b) > 200 || !utf8.ValidString(a) {
			return
		}
		whole, _ := CleanName(a)
		var got strings.Builder
		for _, s := range Diff(whole, b) {
			got.WriteString(s.Text)
		}
		if got.String() != whole {
			t.Errorf("the segments of %q make up %q", whole, got.String())
		}
		for _, s := range Diff(a, a) {
			if s.Differs {
				t.Errorf("%q differs from itself", a)
			}
		}
	})
}
