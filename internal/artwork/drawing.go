package artwork

import (
	"fmt"
	"strings"
)

// The field that cards are drawn on, in tenths of a millimetre.
const (
	Width  = 856
	Height = 540
	corner = 32 // radius of the card's corners
)

// Drawing is one side of a card.
type Drawing struct {
	shapes []shape
	label  string // what the drawing shows, in words
	prefix string // of ids in the SVG
	photo  []byte
}

// shape is one of ground, rect, path, text, picture, code.
type shape interface{ isShape() }

type rect struct {
	x, y, w, h, r float64
	fill, stroke  colour
	line          float64 // width of the stroke
}

// path is a line or an area in absolute M, L, C and Z commands.
type path struct {
	d            []command
	fill, stroke colour
	line         float64
	round        bool // ends of the stroke
}

type command struct {
	op byte
	p  [6]float64
}

type anchor uint8

const (
	start anchor = iota
	middle
	end
)

type text struct {
	s          string
	x, y, size float64
	face       face
	fill       colour
	spacing    float64
	anchor     anchor
	upwards    bool // turned, reading from below
}

// picture is the portrait: as it is, or as the ghost of it.
type picture struct {
	x, y, w, h, r float64
	ghost         bool
	grey          bool
	tint          colour // of the ghost
	ground        colour // around the rounded corners
}

// code is a QR code without its quiet zone.
type code struct {
	x, y, size float64
	content    string
	fill       colour
}

func (ground) isShape()  {}
func (rect) isShape()    {}
func (path) isShape()    {}
func (text) isShape()    {}
func (picture) isShape() {}
func (code) isShape()    {}

func (d *Drawing) add(s ...shape) { d.shapes = append(d.shapes, s...) }

// Label says in words what the drawing shows.
func (d Drawing) Label() string { return d.label }

// left is where a text begins, whatever its anchor.
func (t text) left() float64 {
	switch t.anchor {
	case end:
		return t.x - t.face.width(t.s, t.size, t.spacing)
	case middle:
		return t.x - t.face.width(t.s, t.size, t.spacing)/2
	}
	return t.x
}

// outline reads absolute path data (M, L, C, Z), moved and scaled.
func outline(data string, dx, dy, scale float64) []command {
	var out []command
	fields := strings.Fields(strings.NewReplacer("M", " M ", "L", " L ", "C", " C ", "Z", " Z ").Replace(data))
	for len(fields) > 0 {
		c := command{op: fields[0][0]}
		n := map[byte]int{'M': 2, 'L': 2, 'C': 6}[c.op]
		for i := range n {
			var v float64
			if _, err := fmt.Sscanf(fields[1+i], "%g", &v); err != nil {
				panic("artwork: path data " + data)
			}
			c.p[i] = v*scale + []float64{dx, dy}[i%2]
		}
		fields = fields[1+n:]
		out = append(out, c)
	}
	return out
}
