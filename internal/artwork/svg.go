package artwork

import (
	"encoding/base64"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// SVGOptions are what a page decides.
type SVGOptions struct {
	Class    string // of the svg element
	Title    string // instead of Label; what is read aloud
	PhotoURL string // where the photo is served; "" puts it into the drawing
	Prefix   string // of ids, instead of one made from the card
}

// svg is the drawing being written.
type svg struct {
	strings.Builder
	defs   strings.Builder
	prefix string
	photo  string
	known  map[string]bool // definitions already made
}

// SVG is the drawing for a page: text as text, presentation attributes only.
func (d Drawing) SVG(o SVGOptions) string {
	w := &svg{prefix: d.prefix, photo: o.PhotoURL, known: map[string]bool{}}
	if o.Prefix != "" {
		w.prefix = o.Prefix
	}
	if w.photo == "" && d.photo != nil {
		w.photo = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(d.photo)
	}
	w.define("card", func() string {
		return fmt.Sprintf(`<clipPath id="%scard"><rect width="%d" height="%d" rx="%d"/></clipPath>`, w.prefix, Width, Height, corner)
	})
	for _, s := range d.shapes {
		w.shape(s)
	}
	title := o.Title
	if title == "" {
		title = d.label
	}
	class := ""
	if o.Class != "" {
		class = ` class="` + html.EscapeString(o.Class) + `"`
	}
	return fmt.Sprintf(`<svg%s xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s" font-family="%s"><defs>%s</defs><g clip-path="url(#%scard)">%s</g></svg>`,
		class, Width, Height, html.EscapeString(title), html.EscapeString(textFamily), w.defs.String(), w.prefix, w.Builder.String())
}

// num writes a number as short as its hundredth allows.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100+0, 'f', -1, 64)
}

// nums writes name, value, name, value as attributes, leaving out zeroes.
func nums(a ...any) string {
	var b strings.Builder
	for i := 0; i < len(a); i += 2 {
		if v := a[i+1].(float64); v != 0 {
			fmt.Fprintf(&b, ` %s="%s"`, a[i], num(v))
		}
	}
	return b.String()
}

func paint(fill, stroke colour, line float64) string {
	var b strings.Builder
	if fill == "" {
		fill = "none"
	}
	fmt.Fprintf(&b, ` fill="%s"`, fill)
	if stroke != "" {
		fmt.Fprintf(&b, ` stroke="%s" stroke-width="%s"`, stroke, num(line))
	}
	return b.String()
}

// define makes a definition once and gives the reference to it.
func (w *svg) define(name string, make func() string) string {
	if !w.known[name] {
		w.known[name] = true
		w.defs.WriteString(make())
	}
	return "url(#" + w.prefix + name + ")"
}

func (w *svg) shape(s shape) {
	switch s := s.(type) {
	case ground:
		w.ground(s)
	case rect:
		fmt.Fprintf(w, `<rect%s%s/>`, nums("x", s.x, "y", s.y, "width", s.w, "height", s.h, "rx", s.r), paint(s.fill, s.stroke, s.line))
	case path:
		round := ""
		if s.round {
			round = ` stroke-linecap="round"`
		}
		fmt.Fprintf(w, `<path d="%s"%s%s/>`, data(s.d), paint(s.fill, s.stroke, s.line), round)
	case text:
		w.text(s)
	case picture:
		w.picture(s)
	case code:
		w.code(s)
	}
}

func data(d []command) string {
	var b strings.Builder
	for _, c := range d {
		b.WriteByte(c.op)
		for i := range map[byte]int{'M': 2, 'L': 2, 'C': 6}[c.op] {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(num(c.p[i]))
		}
	}
	return b.String()
}

func (w *svg) text(t text) {
	f := faces[t.face]
	place := nums("x", t.x, "y", t.y)
	if t.upwards {
		place = fmt.Sprintf(` transform="translate(%s %s) rotate(-90)"`, num(t.x), num(t.y))
	}
	family, anchor := "", ""
	if f.family != "" {
		family = ` font-family="` + html.EscapeString(f.family) + `"`
	}
	if t.anchor != start {
		anchor = ` text-anchor="` + []string{"", "middle", "end"}[t.anchor] + `"`
	}
	fmt.Fprintf(w, `<text%s font-size="%s" font-weight="%d"%s%s%s fill="%s">%s</text>`,
		place, num(t.size), f.weight, nums("letter-spacing", t.spacing), family, anchor, t.fill, html.EscapeString(t.s))
}

// picture shows the photo. The ghost is the same picture with a filter that makes
// it one colour, as opaque as it is dark: a white wall disappears.
func (w *svg) picture(p picture) {
	name := "photo"
	if p.ghost {
		name = "ghost"
	}
	clip := w.define(name, func() string {
		return fmt.Sprintf(`<clipPath id="%s%s"><rect%s/></clipPath>`, w.prefix, name, nums("x", p.x, "y", p.y, "width", p.w, "height", p.h, "rx", p.r))
	})
	filter := ""
	switch {
	case p.ghost:
		filter = w.define("tint", func() string {
			r, g, b := p.tint.rgb()
			return fmt.Sprintf(`<filter id="%stint" color-interpolation-filters="sRGB"><feColorMatrix values="0 0 0 0 %s 0 0 0 0 %s 0 0 0 0 %s %s %s %s 0 %s"/></filter>`,
				w.prefix, num(float64(r)/255), num(float64(g)/255), num(float64(b)/255),
				num(-ghostStrength*0.299), num(-ghostStrength*0.587), num(-ghostStrength*0.114), num(ghostStrength))
		})
	case p.grey:
		filter = w.define("grey", func() string {
			return fmt.Sprintf(`<filter id="%sgrey" color-interpolation-filters="sRGB"><feColorMatrix values=".18 .35 .07 0 .38 .18 .35 .07 0 .38 .18 .35 .07 0 .38 0 0 0 1 0"/></filter>`, w.prefix)
		})
	}
	if filter != "" {
		filter = ` filter="` + filter + `"`
	}
	fmt.Fprintf(w, `<g clip-path="%s"><image href="%s"%s preserveAspectRatio="xMidYMid slice"%s/></g>`,
		clip, html.EscapeString(w.photo), nums("x", p.x, "y", p.y, "width", p.w, "height", p.h), filter)
}

// code draws each row's dark modules as one piece.
func (w *svg) code(c code) {
	q, err := qr.Encode(c.content, qr.M)
	if err != nil {
		return // an address that is too long for any code; the page shows the number
	}
	var b strings.Builder
	eachBar(q, func(x, y, n int) { fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, n, n) })
	fmt.Fprintf(w, `<path transform="translate(%s %s) scale(%s)" shape-rendering="crispEdges" fill="%s" d="%s"/>`,
		num(c.x), num(c.y), strconv.FormatFloat(c.size/float64(q.Size), 'f', 6, 64), c.fill, b.String())
}

// eachBar gives the runs of dark modules of each row.
func eachBar(q *qr.Code, emit func(x, y, n int)) {
	for y := range q.Size {
		for x := 0; x < q.Size; x++ {
			n := 0
			for x+n < q.Size && q.Black(x+n, y) {
				n++
			}
			if n > 0 {
				emit(x, y, n)
				x += n
			}
		}
	}
}

func (w *svg) ground(g ground) {
	wash := w.define("wash", func() string {
		return fmt.Sprintf(`<linearGradient id="%swash" x2="1" y2="1"><stop stop-color="%s"/><stop offset="1" stop-color="%s"/></linearGradient>`, w.prefix, g.from, g.to)
	})
	fmt.Fprintf(w, `<rect width="%d" height="%d" fill="%s"/>`, Width, Height, wash)
	mask := w.define("mask", func() string {
		ends := `x1="0" y1="1" x2="1" y2="0"><stop offset=".12"/><stop offset=".95" stop-color="#fff"/>`
		if g.back {
			ends = `x1="1" y1="1" x2="0" y2="0"><stop offset=".2"/><stop offset="1" stop-color="#fff"/>`
		}
		return fmt.Sprintf(`<linearGradient id="%sfade" %s</linearGradient><mask id="%smask"><rect width="%d" height="%d" fill="url(#%sfade)"/></mask>`,
			w.prefix, ends, w.prefix, Width, Height, w.prefix)
	})
	fmt.Fprintf(w, `<g mask="%s" opacity="%s">`, mask, num(g.strength))
	for i, v := range waves {
		name := "wave" + strconv.Itoa(i)
		ref := w.define(name, func() string { return w.wave(name, v, []colour{g.waveA, g.waveB}[i]) })
		fmt.Fprintf(w, `<rect width="%d" height="%d" fill="%s"/>`, Width, Height, ref)
	}
	w.WriteString(`</g>`)
}

// wave is one tile of a family of waves, with those of its neighbours that reach into it.
func (w *svg) wave(name string, v wave, ink colour) string {
	var b strings.Builder
	reach := math.Ceil(math.Abs(v.amplitude)*0.75/v.step) * v.step
	for y := -reach; y <= v.tile()+reach; y += v.step {
		h := v.halves(0, y)
		fmt.Fprintf(&b, "M0 %sC%s %s %s %s %s %sS%s %s %s %s", num(y),
			num(h[0][2]), num(h[0][3]), num(h[0][4]), num(h[0][5]), num(h[0][6]), num(h[0][7]),
			num(h[1][4]), num(h[1][5]), num(h[1][6]), num(h[1][7]))
	}
	turn := ""
	if v.turn != 0 {
		turn = fmt.Sprintf(` patternTransform="rotate(%s)"`, num(v.turn))
	}
	return fmt.Sprintf(`<pattern id="%s%s" width="%s" height="%s" patternUnits="userSpaceOnUse"%s><path d="%s" fill="none" stroke="%s" stroke-width="%s"/></pattern>`,
		w.prefix, name, num(v.period), num(v.tile()), turn, b.String(), ink, num(v.line))
}
