package artwork

import (
	"fmt"
	"math"

	"github.com/signintech/gopdf"
	"rsc.io/qr"

	"github.com/kortverk/kortverk/internal/fault"
)

// The page is ID-1 exactly; the field is as large, rounded to tenths of a millimetre.
const (
	pageWidth  = 85.60
	pageHeight = 53.98
	point      = 72.0 / 254 // points of a tenth of a millimetre
)

// sheet is the PDF being written, in the units of the drawing.
type sheet struct {
	pdf   *gopdf.GoPdf
	ready map[face]bool // fonts already in the file
	lost  []rune        // letters that no font had
	spot  colour        // stroke colour set last
	pen   float64
}

// PDF draws front and back of each card, a page each. The same cards give the same bytes.
func PDF(cards ...Card) ([]byte, error) {
	var sides []Drawing
	for _, c := range cards {
		c.State = "" // how a card stands is shown on screens, not printed
		sides = append(sides, Front(c), Back(c))
	}
	return paper(sides)
}

// paper makes a page of each drawing.
func paper(sides []Drawing) ([]byte, error) {
	if len(sides) == 0 {
		return nil, fault.New(fault.Invalid, "artwork.no_cards")
	}
	s := &sheet{pdf: &gopdf.GoPdf{}, ready: map[face]bool{}}
	s.pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: pageWidth * 72 / 25.4, H: pageHeight * 72 / 25.4}})
	s.pdf.SetMargins(0, 0, 0, 0)
	s.pdf.SetCompressLevel(9)
	for _, d := range sides {
		s.pdf.AddPage()
		s.spot, s.pen = "", 0
		for _, sh := range d.shapes {
			if err := s.shape(d, sh); err != nil {
				return nil, fault.New(fault.Internal, "artwork.not_drawn").Because(err)
			}
		}
	}
	if len(s.lost) > 0 {
		return nil, fault.New(fault.Invalid, "artwork.unprintable", "letters", string(s.lost))
	}
	out, err := s.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, fault.New(fault.Internal, "artwork.not_drawn").Because(err)
	}
	return out, nil
}

func (s *sheet) shape(d Drawing, sh shape) error {
	switch v := sh.(type) {
	case ground:
		s.ground(v)
	case rect:
		s.path(path{d: rounded(v), fill: v.fill, stroke: v.stroke, line: v.line})
	case path:
		s.path(v)
	case text:
		return s.text(v)
	case picture:
		return s.picture(v, d.photo)
	case code:
		s.code(v)
	}
	return nil
}

func pt(x, y float64) gopdf.Point { return gopdf.Point{X: x * point, Y: y * point} }

// rounded is a rectangle as a path.
func rounded(v rect) []command {
	r := min(v.r, v.w/2, v.h/2)
	k := r * (1 - 0.5522847)
	l, t, rt, b := v.x, v.y, v.x+v.w, v.y+v.h
	if r == 0 {
		return outline(fmt.Sprintf("M%g %gL%g %gL%g %gL%g %gZ", l, t, rt, t, rt, b, l, b), 0, 0, 1)
	}
	return outline(fmt.Sprintf("M%g %gL%g %gC%g %g %g %g %g %gL%g %gC%g %g %g %g %g %gL%g %gC%g %g %g %g %g %gL%g %gC%g %g %g %g %g %gZ",
		l+r, t, rt-r, t, rt-k, t, rt, t+k, rt, t+r, rt, b-r, rt, b-k, rt-k, b, rt-r, b,
		l+r, b, l+k, b, l, b-k, l, b-r, l, t+r, l, t+k, l+k, t, l+r, t), 0, 0, 1)
}

// flatten gives the pieces of a path as points, and whether each is closed.
func flatten(d []command) (pieces [][]gopdf.Point, closed []bool) {
	var cur []gopdf.Point
	var x, y float64
	flush := func(c bool) {
		if len(cur) > 1 {
			pieces, closed = append(pieces, cur), append(closed, c)
		}
		cur = nil
	}
	for _, c := range d {
		switch c.op {
		case 'M':
			flush(false)
			x, y = c.p[0], c.p[1]
			cur = append(cur, pt(x, y))
		case 'L':
			x, y = c.p[0], c.p[1]
			cur = append(cur, pt(x, y))
		case 'C':
			n := 4 + int(math.Hypot(c.p[4]-x, c.p[5]-y)/6)
			for i := 1; i <= n; i++ {
				t := float64(i) / float64(n)
				u := 1 - t
				a, b, e, f := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
				cur = append(cur, pt(a*x+b*c.p[0]+e*c.p[2]+f*c.p[4], a*y+b*c.p[1]+e*c.p[3]+f*c.p[5]))
			}
			x, y = c.p[4], c.p[5]
		case 'Z':
			flush(true)
		}
	}
	flush(false)
	return pieces, closed
}

func (s *sheet) path(p path) {
	pieces, closed := flatten(p.d)
	for i, piece := range pieces {
		if p.fill != "" {
			r, g, b := p.fill.rgb()
			s.pdf.SetFillColor(r, g, b)
			s.pdf.Polygon(piece, "F")
		}
		if p.stroke == "" {
			continue
		}
		s.stroke(p.stroke, p.line)
		if closed[i] {
			s.pdf.Polygon(piece, "D")
			continue
		}
		// gopdf closes every polygon: an open line goes there and back.
		there := piece
		for k := len(there) - 2; k > 0; k-- {
			piece = append(piece, there[k])
		}
		s.pdf.Polygon(piece, "D")
		if p.round {
			r, g, b := p.stroke.rgb()
			s.pdf.SetFillColor(r, g, b)
			for _, e := range []gopdf.Point{there[0], there[len(there)-1]} {
				s.pdf.Polygon(disc(e, p.line/2*point), "F")
			}
		}
	}
}

func disc(c gopdf.Point, r float64) []gopdf.Point {
	out := make([]gopdf.Point, 24)
	for i := range out {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(len(out)))
		out[i] = gopdf.Point{X: c.X + r*cos, Y: c.Y + r*sin}
	}
	return out
}

func (s *sheet) stroke(c colour, line float64) {
	if c != s.spot {
		r, g, b := c.rgb()
		s.pdf.SetStrokeColor(r, g, b)
		s.spot = c
	}
	if line != s.pen {
		s.pdf.SetLineWidth(line * point)
		s.pen = line
	}
}

// text draws each run where the one before it ends.
func (s *sheet) text(t text) error {
	r, g, b := t.fill.rgb()
	s.pdf.SetTextColor(r, g, b)
	x, y := t.left(), t.y
	if t.upwards {
		x = t.x
		s.pdf.Rotate(90, t.x*point, t.y*point)
		defer s.pdf.RotateReset()
	}
	for _, run := range t.face.runs(t.s) {
		if err := s.font(run.face, t.size); err != nil {
			return err
		}
		if err := s.pdf.SetCharSpacing(t.spacing * point); err != nil {
			return err
		}
		s.pdf.SetXY(x*point, y*point)
		if err := s.pdf.Text(run.s); err != nil {
			return err
		}
		x += run.face.width(run.s, t.size, t.spacing)
	}
	return nil
}

func (s *sheet) font(f face, size float64) error {
	name := faces[f].name
	if !s.ready[f] {
		err := s.pdf.AddTTFFontDataWithOption(name, *faces[f].ttf, gopdf.TtfOption{
			OnGlyphNotFound: func(r rune) { s.lost = append(s.lost, r) },
		})
		if err != nil {
			return err
		}
		s.ready[f] = true
	}
	return s.pdf.SetFont(name, "", size*point)
}

// picture puts the photo in. There is no clipping here: the corners outside of the
// rounded frame are painted over with the ground.
func (s *sheet) picture(p picture, photo []byte) error {
	data, err := shaped(photo, p.w/p.h)
	if p.ghost {
		data, err = ghost(photo, p)
	}
	if err != nil {
		return err
	}
	h, err := gopdf.ImageHolderByBytes(data)
	if err != nil {
		return err
	}
	if err := s.pdf.ImageByHolder(h, p.x*point, p.y*point, &gopdf.Rect{W: p.w * point, H: p.h * point}); err != nil {
		return err
	}
	if p.ghost {
		return nil // its corners are transparent
	}
	k := p.r * (1 - 0.5522847)
	for _, c := range [4][4]float64{{p.x, p.y, 1, 1}, {p.x + p.w, p.y, -1, 1}, {p.x, p.y + p.h, 1, -1}, {p.x + p.w, p.y + p.h, -1, -1}} {
		x, y, dx, dy := c[0], c[1], c[2], c[3]
		s.path(path{fill: p.ground, d: outline(fmt.Sprintf("M%g %gL%g %gC%g %g %g %g %g %gZ",
			x, y, x+dx*p.r, y, x+dx*k, y, x, y+dy*k, x, y+dy*p.r), 0, 0, 1)})
	}
	return nil
}

func (s *sheet) code(c code) {
	q, err := qr.Encode(c.content, qr.M)
	if err != nil {
		return // see svg.code
	}
	r, g, b := c.fill.rgb()
	s.pdf.SetFillColor(r, g, b)
	m := c.size / float64(q.Size)
	eachBar(q, func(x, y, n int) {
		s.pdf.RectFromUpperLeftWithStyle((c.x+float64(x)*m)*point, (c.y+float64(y)*m)*point, float64(n)*m*point, m*point, "F")
	})
}

// ground lays the wash in bands of one colour step each, and the waves over it.
func (s *sheet) ground(g ground) {
	const bands = 32
	s.path(path{d: rounded(rect{w: Width, h: Height}), fill: g.wash(0, 0)})
	for i := 1; i < bands && g.from != g.to; i++ {
		t := 2 * float64(i) / bands // x/Width + y/Height
		s.path(path{fill: g.wash(t*Width/2, t*Height/2), d: outline(fmt.Sprintf("M%g 0L%g 0L%g %dL%g %dZ",
			t*Width, 2*float64(Width), 2*float64(Width), Height, (t-1)*Width, Height), 0, 0, 1)})
	}
	for _, w := range g.strokes() {
		s.stroke(w.c, w.line)
		p := w.p
		for i := range p {
			p[i] *= point
		}
		s.pdf.Curve(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], "D")
	}
}
