package artwork

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"rsc.io/qr"

	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

var update = flag.Bool("update", false, "write the golden hashes")

func cardOf(t testing.TB, id string) Card {
	t.Helper()
	p, ok := cast.ByID(id)
	if !ok {
		t.Fatalf("no %s in the cast", id)
	}
	c, _ := cast.CompanyByID(p.CompanyID)
	return Card{
		Type: "standard", GivenName: p.GivenName, Surname: p.Surname, Company: c.Name,
		OrganisationNumber: c.OrganisationNumber, Industry: c.Industry, Number: "BB-0420-118807",
		ValidUntil: clock.Date{Year: 2031, Month: 11, Day: 30}, Photo: p.Portrait(),
		CheckURL: "https://kort.example/k/BB-0420-118807", Scheme: "Kortverk", SchemeTagline: "Demosystem för platskort",
	}
}

// element is anything in an SVG.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []element  `xml:",any"`
}

func parse(t testing.TB, s string) element {
	t.Helper()
	var e element
	if err := xml.Unmarshal([]byte(s), &e); err != nil {
		t.Fatalf("not well formed: %v\n%s", err, s)
	}
	return e
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e element) walk(f func(element)) {
	f(e)
	for _, c := range e.Children {
		c.walk(f)
	}
}

func (e element) texts() string {
	var out []string
	e.walk(func(c element) {
		if c.XMLName.Local == "text" {
			out = append(out, c.Text)
		}
	})
	return strings.Join(out, "|")
}

// Rows: 64
func TestTheCardSaysWhatItShould(t *testing.T) {
	c := cardOf(t, "jonas")
	front, back := parse(t, Front(c).SVG(SVGOptions{})), parse(t, Back(c).SVG(SVGOptions{}))
	for _, want := range []string{"KORTVERK", "STANDARD", "Petraitis", "Jonas", "Furuborg Bygg AB", "559999-0016", "Bygg", "BB-0420-118807", "2031-11-30"} {
		if !strings.Contains("|"+front.texts()+"|", "|"+want+"|") {
			t.Errorf("%q is not on the front: %s", want, front.texts())
		}
	}
	for _, want := range []string{"BB-0420-118807", "Kontrollera kortet", "Check this card", "Hittat kortet? Found this card?"} {
		if !strings.Contains("|"+back.texts()+"|", "|"+want+"|") {
			t.Errorf("%q is not on the back: %s", want, back.texts())
		}
	}
	if l := front.attr("aria-label"); !strings.Contains(l, "Jonas Petraitis") || !strings.Contains(l, "2031-11-30") {
		t.Errorf("read aloud: %q", l)
	}
	p, _ := cast.ByID("jonas")
	if strings.Contains(front.texts()+back.texts(), p.PersonalNumber[2:8]) {
		t.Error("the birth date is on the card")
	}
}

func TestBeforeThereIsANumber(t *testing.T) {
	c := cardOf(t, "jonas")
	c.Number, c.CheckURL, c.Photo, c.ValidUntil, c.OrganisationNumber = "", "", nil, clock.Date{}, ""
	front, back := parse(t, Front(c).SVG(SVGOptions{})), parse(t, Back(c).SVG(SVGOptions{}))
	if !strings.Contains(front.texts(), dots) || !strings.Contains(front.texts(), "|–|") || !strings.Contains(back.texts(), dots) {
		t.Errorf("no dots: %s", front.texts())
	}
	if strings.Contains(front.texts(), "559999") {
		t.Error("an organisation number that wasn't given")
	}
	front.walk(func(e element) {
		if e.XMLName.Local == "image" {
			t.Error("a picture without a photo")
		}
	})
}

func TestBlockedCardsAreGreyAndSaySo(t *testing.T) {
	c := cardOf(t, "jonas")
	accent := string(paletteOf(c).accent)
	for state, word := range map[string]string{"blocked": "Blockerat", "ended": "Avslutat"} {
		c.State = state
		s := Front(c).SVG(SVGOptions{})
		if !strings.Contains(parse(t, s).texts(), word) || strings.Contains(s, accent) || !strings.Contains(s, `filter="url(#`+Front(c).prefix+"grey") {
			t.Errorf("%s: not grey, or without the word %s", state, word)
		}
	}
	c.State = "blocked"
	pdf, err := PDF(c)
	c.State = ""
	live, _ := PDF(c)
	if err != nil || !bytes.Equal(pdf, live) {
		t.Error("what is printed depends on the state")
	}
}

// The content policy forbids inline styles and scripts; names may hold anything.
func TestSVGKeepsToTheContentPolicy(t *testing.T) {
	c := cardOf(t, "jonas")
	c.Surname, c.Company = `<script>"&'`, `Berg & Dal <AB>`
	for _, d := range []Drawing{Front(c), Back(c)} {
		s := d.SVG(SVGOptions{Class: `a" onload="x`, Title: `"><b>`, PhotoURL: `/p?a=1&b="2"`})
		parse(t, s).walk(func(e element) {
			switch e.XMLName.Local {
			case "style", "script", "b":
				t.Errorf("a %s element", e.XMLName.Local)
			}
			if e.attr("style") != "" || e.attr("onload") != "" {
				t.Error("an inline style or script")
			}
		})
	}
}

// Several cards on one page don't take each other's clips and patterns.
func TestIdsDoNotCollide(t *testing.T) {
	seen := map[string]bool{}
	other := cardOf(t, "jonas")
	other.State = "blocked"
	for _, c := range []Card{cardOf(t, "jonas"), cardOf(t, "piotr"), other} {
		for _, d := range []Drawing{Front(c), Back(c)} {
			here := map[string]bool{}
			s := d.SVG(SVGOptions{PhotoURL: "/photo"})
			parse(t, s).walk(func(e element) {
				if id := e.attr("id"); id != "" {
					if seen[id] {
						t.Errorf("id %s stands twice", id)
					}
					seen[id], here[id] = true, true
				}
			})
			for _, ref := range regexp.MustCompile(`url\(#([^)]+)\)`).FindAllStringSubmatch(s, -1) {
				if !here[ref[1]] {
					t.Errorf("nothing has the id %s", ref[1])
				}
			}
		}
	}
	if s := Front(cardOf(t, "jonas")).SVG(SVGOptions{Prefix: "mine-"}); !strings.Contains(s, `id="mine-card"`) {
		t.Error("the page's own prefix is not used")
	}
}

func TestPhotoByAddressOrInside(t *testing.T) {
	c := cardOf(t, "jonas")
	if s := Front(c).SVG(SVGOptions{PhotoURL: "/photo/1"}); strings.Count(s, `href="/photo/1"`) != 2 || strings.Contains(s, "data:") {
		t.Error("portrait and ghost must come from the address")
	}
	if s := Front(c).SVG(SVGOptions{}); strings.Count(s, `href="data:image/jpeg;base64,`) != 2 {
		t.Error("portrait and ghost must be inside")
	}
}

func TestTheCodeLeadsToTheCheckPage(t *testing.T) {
	c := cardOf(t, "jonas")
	q, err := qr.Encode(c.CheckURL, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	var d string
	parse(t, Back(c).SVG(SVGOptions{})).walk(func(e element) {
		if e.attr("shape-rendering") != "" {
			d = e.attr("d")
		}
	})
	drawn := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`).FindAllStringSubmatch(d, -1) {
		var x, y, n int
		fmt.Sscan(m[1]+" "+m[2]+" "+m[3], &x, &y, &n)
		for i := range n {
			drawn[[2]int{x + i, y}] = true
		}
	}
	for y := range q.Size {
		for x := range q.Size {
			if q.Black(x, y) != drawn[[2]int{x, y}] {
				t.Fatalf("module %d, %d is wrong", x, y)
			}
		}
	}
}

func TestPDFIsValid(t *testing.T) {
	api.DisableConfigDir()
	pdf, err := PDF(cardOf(t, "jonas"), cardOf(t, "piotr"))
	if err != nil {
		t.Fatal(err)
	}
	if err := api.Validate(bytes.NewReader(pdf), nil); err != nil {
		t.Errorf("not a valid PDF: %v", err)
	}
	if n, err := api.PageCount(bytes.NewReader(pdf), nil); err != nil || n != 4 {
		t.Errorf("%d pages, %v", n, err)
	}
	dims, err := api.PageDims(bytes.NewReader(pdf), nil)
	if err != nil || len(dims) != 4 {
		t.Fatal(err)
	}
	for _, d := range dims {
		if w, h := d.Width/72*25.4, d.Height/72*25.4; w < 85.59 || w > 85.61 || h < 53.97 || h > 53.99 {
			t.Errorf("a page of %.2f × %.2f mm", w, h)
		}
	}
}

func TestPDFRefuses(t *testing.T) {
	if _, err := PDF(); !fault.Has(err, "artwork.no_cards") {
		t.Errorf("no cards: %v", err)
	}
	c := cardOf(t, "jonas")
	c.Photo = []byte("no picture")
	if _, err := PDF(c); !fault.Has(err, "artwork.not_drawn") {
		t.Errorf("a broken photo: %v", err)
	}
	c = cardOf(t, "jonas")
	c.Surname = "王"
	if _, err := PDF(c); !fault.Has(err, "artwork.unprintable") {
		t.Errorf("a letter that no font has: %v", err)
	}
}

// A photo of another shape is cut, not stretched.
func TestPhotoOfAnotherShape(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 800, 600)), nil); err != nil {
		t.Fatal(err)
	}
	cut, err := shaped(b.Bytes(), photoW/photoH)
	if err != nil {
		t.Fatal(err)
	}
	cfg, _ := jpeg.DecodeConfig(bytes.NewReader(cut))
	if r := float64(cfg.Width) / float64(cfg.Height); r < 0.725 || r > 0.739 {
		t.Errorf("%d × %d", cfg.Width, cfg.Height)
	}
}

// The same card gives the same bytes: artwork is compared by its hash all the way
// to the bureau. Run with -update after changing the drawing, and look at it.
func TestGolden(t *testing.T) {
	const file = "testdata/golden.txt"
	var lines []string
	note := func(name string, b []byte) {
		sum := sha256.Sum256(b)
		lines = append(lines, name+" "+hex.EncodeToString(sum[:]))
	}
	for _, id := range []string{"jonas", "wojciech", "visitor"} {
		c := cardOf(t, "jonas")
		if id == "visitor" {
			c.Type = id
		} else {
			c = cardOf(t, id)
		}
		note(id+" front", []byte(Front(c).SVG(SVGOptions{PhotoURL: "/photo"})))
		note(id+" back", []byte(Back(c).SVG(SVGOptions{})))
		pdf, err := PDF(c)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := PDF(c)
		if !bytes.Equal(pdf, again) {
			t.Errorf("%s: the PDF is another each time", id)
		}
		note(id+" pdf", pdf)
	}
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the drawing has changed:\n%s", got)
	}
}

// A visitor's card is another object than a worker's: it says so on both sides,
// has no waves, and bears no colour of the other's.
//
// Rows: 72, 73
func TestVisitorCardIsPlainlyAnother(t *testing.T) {
	c := cardOf(t, "jonas")
	worker := Front(c).SVG(SVGOptions{PhotoURL: "/p"}) + Back(c).SVG(SVGOptions{})
	c.Type = "visitor"
	visitor := Front(c).SVG(SVGOptions{PhotoURL: "/p"}) + Back(c).SVG(SVGOptions{})
	for _, want := range []string{"BESÖKSKORT / VISITOR", "Endast i sällskap med värd. Öppnar inga grindar.", "Alltid i sällskap med en värd"} {
		if !strings.Contains(visitor, want) || strings.Contains(worker, want) {
			t.Errorf("%q must stand on the visitor's card, and on no other", want)
		}
	}
	for _, not := range []string{"STANDARD", "PLATSKORT", string(paletteOf(cardOf(t, "jonas")).band), string(paletteOf(cardOf(t, "jonas")).accent)} {
		if strings.Contains(visitor, not) || !strings.Contains(worker, not) {
			t.Errorf("%q must not be on the visitor's card", not)
		}
	}
	if n := strings.Count(worker, "stroke-linecap") - strings.Count(visitor, "stroke-linecap"); n != 6 {
		t.Errorf("%d waves fewer on the visitor's card, want 6", n)
	}
}
