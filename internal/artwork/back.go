package artwork

import "strings"

// Back draws the side with the code.
func Back(c Card) Drawing {
	c = c.clipped()
	p := paletteOf(c)
	sv, _ := words()
	d := Drawing{label: sv.T("artwork.back.label"), prefix: c.prefix("b"), photo: c.Photo}
	d.add(ground{from: white, to: white, waveA: p.waveA, waveB: p.waveB, strength: 0.4, back: true})
	d.band(c, p, 0, 74)
	title, inset, y := sv.T(c.design().title), 0.0, 44.0
	if c.design().hatched {
		inset, y = 14, 45.5
		d.add(rect{x: 44, y: 14, w: bold.width(title, 24, 1) + 2*inset, h: 46, r: 8, fill: white})
		w := monoSemibold.width(c.number(), 25, 0) + 2*inset
		d.add(rect{x: textRight - w, y: 14, w: w, h: 46, r: 8, fill: white})
	}
	d.add(text{s: title, x: 44 + inset, y: y, size: 24, face: bold, fill: p.bandText, spacing: 1},
		text{s: c.number(), x: textRight - inset, y: y, size: 25, face: monoSemibold, fill: p.bandText, anchor: end})
	d.check(c, p)
	d.rules(c.design(), p)
	d.found(c, p)
	d.add(rect{x: 44, y: 466, w: 768, h: 1.5, fill: p.rule},
		text{s: both("artwork.back.property"), x: 44, y: 504, size: 17, face: regular, fill: p.soft})
	if c.hasChip() {
		d.radio(p, 780, 486, 0.78)
	}
	return d
}

// both is a short text in Swedish and English.
func both(key string) string {
	sv, en := words()
	return sv.T(key) + " " + en.T(key)
}

// check is the code that answers whether the card is good, now.
func (d *Drawing) check(c Card, p palette) {
	sv, en := words()
	d.add(rect{x: 44, y: 112, w: 238, h: 238, r: 14, fill: white, stroke: p.rule, line: 2})
	if c.CheckURL != "" {
		d.add(code{x: 58, y: 126, size: 210, content: c.CheckURL, fill: p.qr})
	} else {
		d.add(text{s: "•••", x: 163, y: 245, size: 40, face: bold, fill: p.rule, anchor: middle})
	}
	d.add(text{s: sv.T("artwork.back.check"), x: 44, y: 384, size: 20, face: semibold, fill: p.ink},
		text{s: en.T("artwork.back.check"), x: 44, y: 411, size: 18, face: regular, fill: p.soft})
}

func (d *Drawing) rules(look design, p palette) {
	sv, _ := words()
	d.add(text{s: sv.T(look.heading[0]), x: 330, y: 138, size: 25, face: bold, fill: p.ink},
		text{s: sv.T(look.heading[1]), x: 330, y: 170, size: 19, face: regular, fill: p.soft})
	for i, key := range look.rules {
		y := 206 + 44*float64(i)
		d.add(rect{x: 330, y: y, w: 482, h: 36, r: 8, fill: p.plate},
			rect{x: 345, y: y + 13, w: 10, h: 10, r: 5, fill: p.accent},
			text{s: sv.T(key), x: 368, y: y + 25, size: 19, face: semibold, fill: p.ink})
	}
}

// found is what to do with a card that somebody lost.
func (d *Drawing) found(c Card, p palette) {
	sv, en := words()
	d.add(text{s: both("artwork.back.found"), x: 330, y: 384, size: 20, face: semibold, fill: p.ink})
	lines := []string{sv.T("artwork.back.found_company"), en.T("artwork.back.found_company")}
	if c.ReturnAddress != "" {
		lines = []string{both("artwork.back.found_post"), strings.TrimSpace(c.ReturnAddress)}
	}
	for i, s := range lines {
		size := 18.0
		for size > 8 && regular.width(s, size, 0) > 482 {
			size -= 0.5
		}
		d.add(text{s: s, x: 330, y: 411 + 26*float64(i), size: size, face: regular, fill: p.soft})
	}
}
