package artwork

import (
	"fmt"
	"strings"
)

// The photo on the front: 24.6 × 33.6 mm.
const (
	photoX, photoY = 44.0, 114.0
	photoW, photoH = 246.0, 336.0
)

// Front draws the side with the portrait.
func Front(c Card) Drawing {
	c = c.clipped()
	p := paletteOf(c)
	sv, _ := words()
	d := Drawing{label: c.label(sv), prefix: c.prefix("f"), photo: c.Photo}
	d.add(ground{from: p.washFrom, to: p.washTo, waveA: p.waveA, waveB: p.waveB, strength: 0.46})
	d.band(c, p, 470, 70)
	d.issuer(c, p)
	d.portrait(c, p)
	d.names(c, p)
	d.foot(c, p)
	if c.State != "" {
		d.stamp(c)
	}
	return d
}

// band is the dark band with its truss, or with stripes.
func (d *Drawing) band(c Card, p palette, y, h float64) {
	d.add(rect{x: 0, y: y, w: Width, h: h, fill: p.band})
	if c.design().hatched {
		d.hatch(p, y, h)
		return
	}
	top, bottom := y, y+14
	if y == 0 { // on the back the truss is at the lower edge
		top, bottom = h-14, h
	}
	var zigzag strings.Builder
	for i := range 63 {
		fmt.Fprintf(&zigzag, "%s%d %g", []string{"M", "L"}[min(i, 1)], 14*i, []float64{bottom, top}[i%2])
	}
	d.add(path{d: outline(zigzag.String(), 0, 0, 1), stroke: p.truss, line: 1.6},
		path{d: outline(fmt.Sprintf("M0 %gL%d %g", top, Width, top), 0, 0, 1), stroke: p.truss, line: 1.6},
		path{d: outline(fmt.Sprintf("M0 %gL%d %g", bottom, Width, bottom), 0, 0, 1), stroke: p.truss, line: 1.6})
}

const (
	markK    = "M12 9.5L12 30.5M28.5 9.5L14.6 20L28.5 30.5"
	radioOne = "M0 9C3.4 15 3.4 25 0 31"
	radioTwo = "M10 3C15.6 13 15.6 27 10 37"
	radioAll = "M20 -3C28 11 28 29 20 43"
)

// radio draws the waves of a card that is read without contact.
func (d *Drawing) radio(p palette, x, y, scale float64) {
	for _, w := range []string{radioOne, radioTwo, radioAll} {
		d.add(path{d: outline(w, x, y, scale), stroke: p.accent, line: 4.2 * scale, round: true})
	}
}

// issuer is the head: mark and name of the scheme, type of the card.
func (d *Drawing) issuer(c Card, p palette) {
	const scale = 1.15
	d.add(rect{x: 44 + scale, y: 36 + scale, w: 38 * scale, h: 38 * scale, r: 10 * scale, fill: p.accent})
	for _, part := range strings.SplitAfter(markK, "30.5")[:2] {
		d.add(path{d: outline(part, 44, 36, scale), stroke: white, line: 4.2 * scale})
	}
	kind, size := c.typeName(), 22.0
	right, ink := textRight, p.accent
	if c.design().plate {
		size, right, ink = 21, textRight-16, p.bandText
		w := bold.width(kind, size, 2.6) + 32
		plate := p.hatch
		d.add(rect{x: textRight - w, y: 36, w: w, h: 48, r: 10, fill: plate})
	}
	if c.hasChip() {
		d.radio(p, 780, 42, 1)
		right -= 52
	}
	y := 70.0
	if c.design().plate {
		y = 67.5
	}
	d.add(text{s: kind, x: right, y: y, size: size, face: bold, fill: ink, spacing: 2.6, anchor: end})
	room := right - bold.width(kind, size, 2.6) - 24 - 104
	if c.design().plate {
		room -= 16
	}
	name := strings.ToUpper(c.scheme())
	size = 23.0
	for size > 12 && bold.width(name, size, size*0.148) > room {
		size--
	}
	d.add(text{s: name, x: 104, y: 58, size: size, face: bold, fill: p.accent, spacing: size * 0.148})
	if c.SchemeTagline != "" {
		size = 15.5
		for size > 9 && regular.width(c.SchemeTagline, size, 0) > room {
			size -= 0.5
		}
		d.add(text{s: c.SchemeTagline, x: 104, y: 79, size: size, face: regular, fill: p.tagline})
	}
}

const (
	sitterShoulders = "M10 322C12 264 44 246 94 234C100 252 136 252 142 234C192 246 224 264 226 322Z"
	sitterHead      = "M64 128C64 84 88 62 118 62C148 62 172 84 172 128C172 176 154 214 118 214C82 214 64 176 64 128Z"
)

// portrait is the photo with its edge of small print, and its ghost.
func (d *Drawing) portrait(c Card, p palette) {
	d.add(rect{x: photoX, y: photoY, w: photoW, h: photoH, r: 14, fill: p.photoGround})
	if c.Photo == nil {
		for _, s := range []string{sitterShoulders, sitterHead} {
			d.add(path{d: outline(s, photoX, photoY, photoW/236), fill: "#d3dadb"})
		}
	} else {
		d.add(picture{x: photoX, y: photoY, w: photoW, h: photoH, r: 14, grey: c.State != "", ground: p.washFrom},
			picture{x: 716, y: 312, w: 96, h: 131, r: 48, ghost: true, tint: p.ghost})
	}
	d.add(rect{x: photoX, y: photoY, w: photoW, h: photoH, r: 14, stroke: p.photoEdge, line: 2})
	d.add(text{s: smallPrint(c), x: 309, y: photoY + photoH, size: 8.4, face: regular, fill: p.micro, spacing: 1.3, upwards: true})
}

// smallPrint repeats the scheme and the number along the photo, whole letters only.
func smallPrint(c Card) string {
	unit := []rune(strings.ToUpper(c.scheme()) + "·")
	if c.Number != "" {
		unit = append(unit, []rune(c.Number+"·")...)
	}
	var out []rune
	for regular.width(string(out), 8.4, 1.3) < photoH-8 {
		out = append(out, unit[len(out)%len(unit)])
	}
	return string(out[:len(out)-1])
}

// names is the middle: who, for whom, in what.
func (d *Drawing) names(c Card, p palette) {
	for _, l := range nameLines(c) {
		d.add(text{s: l.s, x: textLeft, y: l.y, size: l.size, face: l.face, fill: p.ink, spacing: l.tight})
	}
	for _, l := range companyLines(c.Company) {
		d.add(text{s: l.s, x: textLeft, y: l.y, size: l.size, face: l.face, fill: p.ink, spacing: l.tight})
	}
	if c.OrganisationNumber != "" {
		d.add(text{s: hyphened(c.OrganisationNumber), x: textLeft, y: 320, size: 23, face: mono, fill: p.soft})
	}
	sv, _ := words()
	if c.Industry != "" {
		d.add(text{s: sv.T("artwork.industry"), x: textLeft, y: 378, size: 17, face: regular, fill: p.mute})
		l, _ := semibold.lineOf(c.Industry, 25)
		for l.size > 12 && semibold.width(l.s, l.size, 0) > 360 {
			l.size--
		}
		d.add(text{s: l.s, x: textLeft, y: 406, size: l.size, face: semibold, fill: p.ink})
	}
	d.add(text{s: sv.T(c.design().line), x: textLeft, y: 446, size: 17, face: regular, fill: p.mute})
}

// hyphened writes ten digits as 559999-0016.
func hyphened(n string) string {
	if len(n) == 10 && !strings.Contains(n, "-") {
		return n[:6] + "-" + n[6:]
	}
	return n
}

// foot is what stands in the band: number and validity. On stripes they have plates.
func (d *Drawing) foot(c Card, p palette) {
	sv, _ := words()
	date, until := c.validUntil(), sv.T("artwork.valid_until")
	left := textRight - semibold.width(date, 26, 0) - 7
	y, inset := 522.0, 0.0
	if c.design().hatched {
		y, inset = 515, 14
		wide := monoSemibold.width(c.number(), 30, 0.4)
		from := left - inset - regular.width(until, 21, 0)
		d.add(rect{x: 44, y: 480, w: wide + 2*inset, h: 50, r: 8, fill: white},
			rect{x: from - inset, y: 480, w: textRight - from + inset, h: 50, r: 8, fill: white})
	}
	d.add(text{s: c.number(), x: 44 + inset, y: y, size: 30, face: monoSemibold, fill: p.bandText, spacing: 0.4},
		text{s: date, x: textRight - inset, y: y - 1, size: 26, face: semibold, fill: p.bandText, anchor: end},
		text{s: until, x: left - inset, y: y - 1, size: 21, face: regular, fill: p.bandText, anchor: end})
}

// stamp is the word on a card that is not to be used: grey alone says too little.
func (d *Drawing) stamp(c Card) {
	sv, _ := words()
	word := sv.T("artwork.state.ended")
	ink, fill, edge := colour("#3c4548"), colour("#eef0f0"), colour("#9aa4a7")
	if c.State == "blocked" {
		word = sv.T("artwork.state.blocked")
		ink, fill, edge = "#8c1d13", "#fde8e5", "#e9a59d"
	}
	w := semibold.width(word, 28, 0) + 84
	x := textRight - w
	d.add(rect{x: x, y: 226, w: w, h: 56, r: 12, fill: fill, stroke: edge, line: 2},
		path{d: outline("M2 12C2 6.48 6.48 2 12 2C17.52 2 22 6.48 22 12C22 17.52 17.52 22 12 22C6.48 22 2 17.52 2 12ZM4.93 4.93L19.07 19.07", x+18, 239, 1.25), stroke: ink, line: 2.8},
		text{s: word, x: x + 60, y: 264, size: 28, face: semibold, fill: ink})
}
