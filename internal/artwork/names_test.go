package artwork

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kortverk/kortverk/internal/cast"
)

// Rows: 25
func TestNamesShrinkBeforeTheyBreak(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		size  float64
		fits  bool
	}{
		{"Ek", []string{"Ek"}, 52, true},
		{"Petraitis", []string{"Petraitis"}, 52, true},
		{"Lindqvist-Bergström", []string{"Lindqvist-Bergström"}, 44, true},
		{"Andersson Lindqvistberg", []string{"Andersson Lindqvistberg"}, 36, true},
		{"Wojciechowska-Brzęczyszczykiewicz", []string{"Wojciechowska-", "Brzęczyszczykiewicz"}, 36, true},
		{"García de la Fuente y Montenegro", []string{"García de la Fuente", "y Montenegro"}, 36, true},
		{strings.Repeat("Mm", 20), nil, 0, false},
	} {
		lines, fits := surnameLines(c.name)
		if fits != c.fits || Fits("Anna", c.name) != c.fits {
			t.Errorf("%s: fits %v", c.name, fits)
		}
		if !fits {
			continue
		}
		var got []string
		for _, l := range lines {
			got = append(got, l.s)
		}
		if strings.Join(got, "|") != strings.Join(c.lines, "|") || lines[0].size != c.size {
			t.Errorf("%s: %q at %v", c.name, got, lines[0].size)
		}
	}
}

func TestMiddleNamesBecomeInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Jonas":               "Jonas",
		"Anna Karolina Sofia": "Anna Karolina Sofia",
		"Anna Karolina Sofia Wilhelmina Elisabet": "Anna K. S. W. E.",
	} {
		l, ok := givenLine(name, 46)
		if !ok || l.s != want {
			t.Errorf("%s: %q, fits %v", name, l.s, ok)
		}
	}
	if Fits("Wolfeschlegelsteinhausenbergerdorff", "Ek") {
		t.Error("a first name that can't be shortened asks for a short form")
	}
}

func TestTheWholeCastFits(t *testing.T) {
	for _, p := range cast.People() {
		if !Fits(p.GivenName, p.Surname) || len(Unprintable(p.Name())) > 0 {
			t.Errorf("%s doesn't fit the card", p.Name())
		}
	}
}

func TestUnprintable(t *testing.T) {
	for name, want := range map[string]string{
		"Jānis Ozols": "", "Ђорђевић": "", "Nguyễn": "", "Žydrūnas": "", "Żółciński": "", "O’Brien": "", "O'Brien": "", "Ștefan Țepeș": "",
		"Юлія": "", "Γιώργος": "", "Đặng": "", "Iʼan": "",
		"王小明": "王小明", "علي": "علي", "Anna 😀😀": "😀", "A\u0301nna": "\u0301", "अनु": "अनु",
	} {
		if got := string(Unprintable(name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Whatever the name, the family name stands there whole and nothing leaves the card.
func TestNamesAreNeverCut(t *testing.T) {
	letter := rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyzåäöłżśćēūţWMÅÖŽ -"))
	rapid.Check(t, func(t *rapid.T) {
		given := rapid.StringOfN(letter, 1, 100, -1).Draw(t, "given")
		surname := rapid.StringOfN(letter, 1, 100, -1).Draw(t, "surname")
		c := Card{GivenName: strings.Join(strings.Fields(given), " "), Surname: strings.Join(strings.Fields(surname), " "), Company: strings.Join(strings.Fields(given+surname), " ")}
		var printed string
		for _, s := range Front(c).shapes {
			v, ok := s.(text)
			if !ok || v.upwards {
				continue
			}
			if v.face == bold && v.fill == paletteOf(c).ink {
				printed += v.s
			}
			if right := v.left() + v.face.width(v.s, v.size, v.spacing); right > textRight+3 || v.left() < 43 {
				t.Fatalf("%q goes from %.0f to %.0f", v.s, v.left(), right)
			}
		}
		squash := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if squash(printed) != squash(c.Surname) {
			t.Fatalf("%q is printed as %q", c.Surname, printed)
		}
	})
}

// A form can be sent with a book in the field for the name. It is told that the name doesn't fit, and setting it on the
// picture beside the form costs no more than a long name does.
func TestABookIsNoName(t *testing.T) {
	book := strings.Repeat("Ж-Å ", 50_000)
	began := time.Now()
	if Fits("Anna", book) || Fits(book, "Ek") {
		t.Error("a book fits")
	}
	c := Card{GivenName: book, Surname: book, Company: book, Industry: book, SchemeTagline: book, ReturnAddress: book}
	for side, d := range map[string]Drawing{"front": Front(c), "back": Back(c)} {
		if n := len(d.SVG(SVGOptions{})); n > 500_000 {
			t.Errorf("the %s has %d bytes", side, n)
		}
	}
	if took := time.Since(began); took > 5*time.Second { // minutes, before
		t.Errorf("setting it took %v", took)
	}
}
