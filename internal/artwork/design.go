package artwork

import "fmt"

// design is what differs between the kinds of cards, named by the type's Design.
// A design that isn't here is drawn as a card of the scheme.
type design struct {
	colours func(hue float64) palette
	plate   bool     // the word of the type stands on a plate
	hatched bool     // the band is hatched, with plates for number and validity
	line    string   // text under everything on the front
	title   string   // of the back
	heading []string // of the back: the rules' heading and the sentence under it
	rules   []string
}

const (
	brassPlate colour = "#f2c14e"
	brassInk   colour = "#2c1d00"
)

var siteDesign = design{
	colours: siteColours, line: "artwork.competences", title: "artwork.back.title",
	heading: []string{"artwork.back.heading", "artwork.back.scan"},
	rules:   []string{"artwork.back.rule_personal", "artwork.back.rule_visible", "artwork.back.rule_return"},
}

var designs = map[string]design{
	"standard": siteDesign,
	"visitor": {
		colours: brassColours, plate: true, hatched: true, line: "artwork.visitor.line", title: "artwork.visitor.title",
		heading: []string{"artwork.visitor.heading", "artwork.back.scan"},
		rules:   []string{"artwork.visitor.rule_host", "artwork.visitor.rule_closed", "artwork.visitor.rule_return"},
	},
}

func (c Card) design() design {
	if d, ok := designs[c.kind().Design]; ok {
		return d
	}
	return siteDesign
}

func siteColours(hue float64) palette {
	a, b := oklch(0.41, 0.078, hue), oklch(0.30, 0.055, hue+2)
	p := tints(a, b)
	p.ink, p.soft, p.mute = "#11191c", "#2d3a3e", "#46555a"
	p.bandText = white
	return p
}

// brassColours are the same for every issuer: a visitor is seen from afar.
func brassColours(float64) palette {
	p := tints("#7a4f00", "#4a3000")
	p.ink, p.soft, p.mute = "#11191c", "#3d3423", "#5a4a2c"
	p.washTo, p.waveA, p.waveB = "#fbf1dc", "#c9973a", "#d9b97a"
	p.bandText, p.hatch = brassInk, brassPlate
	return p
}

// hatch draws stripes from the lower left to the upper right over a band.
func (d *Drawing) hatch(p palette, y, h float64) {
	for x := -h; x < Width; x += 40 {
		// What goes beyond the card's edge is cut by the card's own shape.
		d.add(path{d: outline(fmt.Sprintf("M%g %gL%g %gL%g %gL%g %gZ", x, y+h, x+h, y, x+h+20, y, x+20, y+h), 0, 0, 1), fill: p.hatch})
	}
}
