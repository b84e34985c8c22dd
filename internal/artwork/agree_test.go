package artwork

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// placed is a text at a place, as a reader of either file finds it.
type placed struct {
	s                string
	x, y, size, tick float64 // in tenths of a millimetre; tick is the space between letters
}

func number(t testing.TB, s string) float64 {
	t.Helper()
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fromSVG reads the texts of an SVG. The width that an anchor needs comes from the
// font named there.
func fromSVG(t testing.TB, s string) []placed {
	var out []placed
	parse(t, s).walk(func(e element) {
		if e.XMLName.Local != "text" {
			return
		}
		p := placed{
			s: e.Text, x: number(t, e.attr("x")), y: number(t, e.attr("y")),
			size: number(t, e.attr("font-size")), tick: number(t, e.attr("letter-spacing")),
		}
		if m := regexp.MustCompile(`translate\(([\d.]+) ([\d.]+)\) rotate\(-90\)`).FindStringSubmatch(e.attr("transform")); m != nil {
			p.x, p.y = number(t, m[1]), number(t, m[2])
		}
		f := map[string]face{"400": regular, "600": semibold, "700": bold}[e.attr("font-weight")]
		if strings.Contains(e.attr("font-family"), "Mono") {
			f = map[string]face{"400": mono, "600": monoSemibold}[e.attr("font-weight")]
		}
		switch w := f.width(p.s, p.size, p.tick); e.attr("text-anchor") {
		case "end":
			p.x -= w
		case "middle":
			p.x -= w / 2
		}
		out = append(out, p)
	})
	return out
}

var (
	objectOf = regexp.MustCompile(`(?s)(\d+) 0 obj\n(.*?)endobj`)
	showText = regexp.MustCompile(`BT\n([-\d.]+) ([-\d.]+) TD\n/F(\d+) ([\d.]+) Tf ([-\d.]+) Tc\n[^\[]*\[<([0-9A-F]*)>\] TJ`)
)

// fromPDF reads the texts of a PDF, page by page, from its bytes: content streams,
// fonts by the name in the file, glyphs by their number in that font.
func fromPDF(t testing.TB, pdf []byte) (pages [][]placed) {
	objects := map[string]string{}
	for _, m := range objectOf.FindAllSubmatch(pdf, -1) {
		objects[string(m[1])] = string(m[2])
	}
	fonts := map[string]face{}
	for _, m := range regexp.MustCompile(`/F(\d+) (\d+) 0 R`).FindAllSubmatch(pdf, -1) {
		base := regexp.MustCompile(`/BaseFont /(\w+)`).FindStringSubmatch(objects[string(m[2])])
		for f := range faces {
			if base != nil && faces[f].name == base[1] {
				fonts[string(m[1])] = face(f)
			}
		}
	}
	for _, m := range regexp.MustCompile(`/Type /Page\n(?s).*?/Contents\s+(\d+) 0 R`).FindAllSubmatch(pdf, -1) {
		pages = append(pages, readPage(t, inflate(t, objects[string(m[1])]), fonts))
	}
	return pages
}

func inflate(t testing.TB, object string) string {
	t.Helper()
	_, body, ok := strings.Cut(object, "stream\n")
	if !ok {
		t.Fatalf("no stream in %.80q", object)
	}
	r, err := zlib.NewReader(bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readPage(t testing.TB, content string, fonts map[string]face) []placed {
	var out []placed
	for _, m := range showText.FindAllStringSubmatch(content, -1) {
		f, ok := fonts[m[3]]
		if !ok {
			t.Fatalf("no font F%s", m[3])
		}
		var s strings.Builder
		for i := 0; i+4 <= len(m[6]); i += 4 {
			g, _ := strconv.ParseUint(m[6][i:i+4], 16, 16)
			s.WriteRune(letterOf(f, int(g)))
		}
		out = append(out, placed{s.String(), number(t, m[1]) / point, 0, number(t, m[4]) / point, number(t, m[5]) / point})
		const height = pageHeight * 72 / 25.4
		out[len(out)-1].y = (height - number(t, m[2])) / point
	}
	return out
}

var letters = map[face]map[int]rune{}

func letterOf(f face, glyph int) rune {
	if letters[f] == nil {
		letters[f] = map[int]rune{}
		for _, area := range [][2]rune{{' ', 0x5FF}, {0x1E00, 0x1FFF}, {0x2000, 0x2030}} {
			for r := area[0]; r <= area[1]; r++ {
				if g := int(f.glyph(r)); g != 0 && letters[f][g] == 0 {
					letters[f][g] = r
				}
			}
		}
	}
	return letters[f][glyph]
}

// differences compares the texts of both files. A text of the SVG may be several in
// the PDF, where the font changes within it.
func differences(screen, paper []placed) (out []string) {
	i := 0
	for _, s := range screen {
		if i == len(paper) {
			return append(out, fmt.Sprintf("%q is on the screen only", s.s))
		}
		p := paper[i]
		for i++; i < len(paper) && len(p.s) < len(s.s) && strings.HasPrefix(s.s, p.s+paper[i].s); i++ {
			p.s += paper[i].s
		}
		far := max(math.Abs(s.x-p.x), math.Abs(s.y-p.y), math.Abs(s.size-p.size), math.Abs(s.tick-p.tick))
		if s.s != p.s || far > 0.2 { // a fiftieth of a millimetre
			out = append(out, fmt.Sprintf("screen %+v, paper %+v", s, p))
		}
	}
	for ; i < len(paper); i++ {
		out = append(out, fmt.Sprintf("%q is on paper only", paper[i].s))
	}
	return out
}

func oddCards(t testing.TB) []Card {
	cards := []Card{cardOf(t, "jonas"), cardOf(t, "wojciech"), cardOf(t, "asa")}
	odd := cardOf(t, "sean")
	odd.GivenName, odd.Surname = "Nguyễn Ða Ħal", "Ђорђевић-Ὀδυσσεύς" // letters of both fonts in one name
	odd.Company = "Aktiebolaget Nordiska Betong- och Markentreprenader i Exempelstad"
	odd.Number, odd.CheckURL, odd.ReturnAddress = "", "", "Kortverk Demo, 000 00 Exempelstad"
	visitor := cardOf(t, "piotr")
	visitor.Type = "visitor"
	return append(cards, odd, visitor)
}

// What people see on the screen is what is printed: every text, at the same place.
func TestScreenAndPaperAgree(t *testing.T) {
	cards := oddCards(t)
	pdf, err := PDF(cards...)
	if err != nil {
		t.Fatal(err)
	}
	pages := fromPDF(t, pdf)
	if len(pages) != 2*len(cards) {
		t.Fatalf("%d pages for %d cards", len(pages), len(cards))
	}
	for i, c := range cards {
		for k, d := range []Drawing{Front(c), Back(c)} {
			screen := fromSVG(t, d.SVG(SVGOptions{PhotoURL: "/photo"}))
			if len(screen) < 8 {
				t.Errorf("only %d texts found on a side", len(screen))
			}
			for _, diff := range differences(screen, pages[2*i+k]) {
				t.Errorf("%s, page %d: %s", c.Surname, 2*i+k+1, diff)
			}
		}
	}
}

// The comparison above finds what it is there to find.
func TestDriftIsFound(t *testing.T) {
	c := cardOf(t, "jonas")
	screen := fromSVG(t, Front(c).SVG(SVGOptions{PhotoURL: "/photo"}))
	for name, change := range map[string]func(*text){
		"moved":   func(s *text) { s.x += 0.5 },
		"lowered": func(s *text) { s.y += 0.5 },
		"larger":  func(s *text) { s.size++ },
		"spaced":  func(s *text) { s.spacing += 0.5 },
		"spelt":   func(s *text) { s.s += "x" },
	} {
		d := Front(c)
		for i, s := range d.shapes {
			if v, ok := s.(text); ok && v.s == "Petraitis" {
				change(&v)
				d.shapes[i] = v
			}
		}
		pdf, err := paper([]Drawing{d})
		if err != nil {
			t.Fatal(err)
		}
		if len(differences(screen, fromPDF(t, pdf)[0])) == 0 {
			t.Errorf("a text that was %s passes", name)
		}
	}
}
