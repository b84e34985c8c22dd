package artwork

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/clock"
)

// Whatever somebody is called, the drawing is well-formed, has only the
// elements that drawings have, and sets no text outside its place.
func FuzzDrawing(f *testing.F) {
	for _, s := range []string{"Jonas", "Łukasz-Ōé", "</text><script>kv()</script>", `" onload="kv()`, "]]>&amp;", strings.Repeat("W", 90), strings.Repeat("- ", 60), "\u202e\u0000", "e\u0301\u0302\u0303", "😀"} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, given, surname, company string) {
		if !utf8.ValidString(given) || !utf8.ValidString(surname) || !utf8.ValidString(company) {
			return // the database refuses it
		}
		c := Card{
			Type: "standard", GivenName: given, Surname: surname, Company: company, OrganisationNumber: "556000-4615", Industry: company,
			ValidUntil: clock.NewDate(2031, 11, 30), CheckURL: "https://kort.example/k/", Scheme: "Kortverk", ReturnAddress: company,
		}
		for _, d := range []Drawing{Front(c), Back(c)} {
			wellFormed(t, d.SVG(SVGOptions{}))
		}
		if Fits(given, surname) {
			lines, _ := surnameLines(surname)
			name, _ := givenLine(given, 34)
			for _, l := range append(lines, name) {
				if w := l.face.width(l.s, l.size, l.tight); w > textWidth || l.size < 34 {
					t.Errorf("%q is set %.0f wide in size %.0f", l.s, w, l.size)
				}
			}
		}
	})
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		s, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch s.Name.Local {
		case "svg", "defs", "g", "clipPath", "rect", "path", "text", "tspan", "image", "circle", "ellipse", "line", "polygon", "polyline", "linearGradient",
			"radialGradient", "stop", "use", "pattern", "mask", "filter", "feColorMatrix", "symbol", "title":
		default:
			t.Errorf("the drawing has <%s>", s.Name.Local)
		}
		for _, a := range s.Attr {
			if name := strings.ToLower(a.Name.Local); strings.HasPrefix(name, "on") || name == "style" || name == "href" && !strings.HasPrefix(a.Value, "#") && !strings.HasPrefix(a.Value, "data:image/") {
				t.Errorf("the drawing has %s=%q", name, a.Value)
			}
		}
	}
}
