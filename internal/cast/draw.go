package cast

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/image/vector"
)

// The portraits are drawn on a field of 236 × 322, the field of the printed
// material, and rendered at 900 × 1230.
const (
	fieldWidth = 236
	width      = 900
	height     = 1230
	scale      = float64(width) / fieldWidth
)

// canvas fills and strokes paths in field units onto the picture.
type canvas struct{ img *image.NRGBA }

func newCanvas() canvas {
	c := canvas{image.NewNRGBA(image.Rect(0, 0, width, height))}
	// A wall lit from the front: a little lighter above than below.
	for y := range height {
		v := uint8(246 - 8*y/height)
		draw.Draw(c.img, image.Rect(0, y, width, y+1), image.NewUniform(color.NRGBA{v, v + 1, v + 1, 255}), image.Point{}, draw.Src)
	}
	return c
}

// fill fills the path. Only the box around it is rasterised: most shapes are
// small, and a portrait has about twenty of them.
func (c canvas) fill(path string, col color.NRGBA) {
	area := c.around(path, 0)
	r := vector.NewRasterizer(area.Dx(), area.Dy())
	walk(path, func(op byte, p []float64) {
		at := func(i int) (float32, float32) {
			return float32(p[i]*scale - float64(area.Min.X)), float32(p[i+1]*scale - float64(area.Min.Y))
		}
		switch op {
		case 'M':
			r.MoveTo(at(0))
		case 'L':
			r.LineTo(at(0))
		case 'C':
			ax, ay := at(0)
			bx, by := at(2)
			ex, ey := at(4)
			r.CubeTo(ax, ay, bx, by, ex, ey)
		case 'Z':
			r.ClosePath()
		}
	})
	r.Draw(c.img, area, image.NewUniform(col), image.Point{})
}

// stroke draws the path with a round pen, as discs close to each other.
func (c canvas) stroke(path string, pen float64, col color.NRGBA) {
	area := c.around(path, pen/2)
	r := vector.NewRasterizer(area.Dx(), area.Dy())
	for _, p := range flatten(path) {
		circle(r, p[0]*scale-float64(area.Min.X), p[1]*scale-float64(area.Min.Y), pen/2*scale)
	}
	r.Draw(c.img, area, image.NewUniform(col), image.Point{})
}

// around is the box of pixels around the path and its pen. Control points lie
// outside their curve, so it may be too large and is never too small; the
// rasteriser itself must not be cut at the picture's edge, only its drawing.
func (c canvas) around(path string, margin float64) image.Rectangle {
	lo, hi := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	walk(path, func(_ byte, p []float64) {
		for i, v := range p {
			lo[i%2], hi[i%2] = min(lo[i%2], v), max(hi[i%2], v)
		}
	})
	px := func(v float64) int { return int(math.Floor(v * scale)) }
	return image.Rect(px(lo[0]-margin)-1, px(lo[1]-margin)-1, px(hi[0]+margin)+2, px(hi[1]+margin)+2)
}

func (c canvas) ellipse(cx, cy, rx, ry float64, col color.NRGBA) {
	const k = 0.5522847
	n := func(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) + " " }
	c.fill("M"+n(cx-rx)+n(cy)+
		"C"+n(cx-rx)+n(cy-k*ry)+n(cx-k*rx)+n(cy-ry)+n(cx)+n(cy-ry)+
		"C"+n(cx+k*rx)+n(cy-ry)+n(cx+rx)+n(cy-k*ry)+n(cx+rx)+n(cy)+
		"C"+n(cx+rx)+n(cy+k*ry)+n(cx+k*rx)+n(cy+ry)+n(cx)+n(cy+ry)+
		"C"+n(cx-k*rx)+n(cy+ry)+n(cx-rx)+n(cy+k*ry)+n(cx-rx)+n(cy)+"Z", col)
}

func circle(r *vector.Rasterizer, x, y, radius float64) {
	const sides = 16
	for i := range sides {
		s, c := math.Sincos(2 * math.Pi * float64(i) / sides)
		px, py := float32(x+radius*c), float32(y+radius*s)
		if i == 0 {
			r.MoveTo(px, py)
		} else {
			r.LineTo(px, py)
		}
	}
	r.ClosePath()
}

// flatten gives points along the path, close enough for a round pen.
func flatten(path string) [][2]float64 {
	var out [][2]float64
	var x, y float64
	add := func(n int, at func(t float64) (float64, float64)) {
		for i := range n + 1 {
			px, py := at(float64(i) / float64(n))
			out = append(out, [2]float64{px, py})
		}
	}
	walk(path, func(op byte, p []float64) {
		switch op {
		case 'L':
			x0, y0 := x, y
			add(1+int(math.Hypot(p[0]-x0, p[1]-y0)*2), func(t float64) (float64, float64) { return x0 + t*(p[0]-x0), y0 + t*(p[1]-y0) })
		case 'C':
			x0, y0 := x, y
			add(60, func(t float64) (float64, float64) {
				u := 1 - t
				a, b, c, d := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
				return a*x0 + b*p[0] + c*p[2] + d*p[4], a*y0 + b*p[1] + c*p[3] + d*p[5]
			})
		}
		if len(p) > 0 {
			x, y = p[len(p)-2], p[len(p)-1]
		}
	})
	return out
}

// pen remembers where the path stands while its commands are read.
type pen struct{ x, y, cx, cy, sx, sy float64 }

// walk reads the part of SVG path data that the portraits use (M L H V C S Q Z,
// relative forms as well) and gives it as absolute M, L, C and Z.
func walk(path string, emit func(op byte, p []float64)) {
	var at pen
	for len(path) > 0 {
		op := path[0]
		end := strings.IndexFunc(path[1:], func(r rune) bool { return strings.ContainsRune("MLHVCSQZmlhvcsqz", r) })
		body := path[1:]
		if end >= 0 {
			body = path[1 : 1+end]
		}
		path = path[1+len(body):]
		args := numbers(body)
		for first := true; first || len(args) > 0; first = false {
			n := map[byte]int{'m': 2, 'l': 2, 'h': 1, 'v': 1, 'c': 6, 's': 4, 'q': 4, 'z': 0}[op|0x20]
			at.step(op, args[:n], emit)
			args = args[n:]
			if n == 0 {
				break
			}
		}
	}
}

func (at *pen) step(op byte, v []float64, emit func(op byte, p []float64)) {
	var bx, by float64
	if op >= 'a' {
		bx, by = at.x, at.y
	}
	p := make([]float64, len(v))
	for i := range v {
		p[i] = v[i] + []float64{bx, by}[i%2]
	}
	to := func(x, y float64) { at.x, at.y = x, y }
	curve := func(c []float64) {
		emit('C', c)
		at.cx, at.cy = c[2], c[3]
		to(c[4], c[5])
	}
	switch op | 0x20 {
	case 'm':
		to(p[0], p[1])
		at.sx, at.sy = p[0], p[1]
		emit('M', p)
	case 'l':
		to(p[0], p[1])
		emit('L', p)
	case 'h':
		to(v[0]+bx, at.y)
		emit('L', []float64{at.x, at.y})
	case 'v':
		to(at.x, v[0]+by)
		emit('L', []float64{at.x, at.y})
	case 'c':
		curve(p)
		return
	case 's':
		curve([]float64{2*at.x - at.cx, 2*at.y - at.cy, p[0], p[1], p[2], p[3]})
		return
	case 'q':
		x, y := at.x, at.y
		curve([]float64{x + 2*(p[0]-x)/3, y + 2*(p[1]-y)/3, p[2] + 2*(p[0]-p[2])/3, p[3] + 2*(p[1]-p[3])/3, p[2], p[3]})
	case 'z':
		to(at.sx, at.sy)
		emit('Z', nil)
	}
	at.cx, at.cy = at.x, at.y
}

func numbers(s string) []float64 {
	var out []float64
	for _, f := range strings.Fields(strings.NewReplacer(",", " ", "-", " -").Replace(s)) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			panic("cast: path data: " + err.Error())
		}
		out = append(out, v)
	}
	return out
}

// fault is what went wrong when the photo was taken.
type fault uint8

const (
	plain fault = iota
	blurred
	underexposed
)

// drawn keeps the portraits, because tests and the sandbox ask for the same few
// again and again.
var drawn sync.Map

func (l look) jpeg(f fault) []byte {
	key := struct {
		look
		fault
	}{l, f}
	if b, ok := drawn.Load(key); ok {
		return slices.Clone(b.([]byte))
	}
	b := l.render(f)
	drawn.Store(key, b)
	return slices.Clone(b)
}

func (l look) render(f fault) []byte {
	c := newCanvas()
	l.paint(c)
	img := c.img
	switch f {
	case blurred:
		for range 3 {
			img = box(img, 9)
		}
	case underexposed:
		for i := range img.Pix {
			if i%4 != 3 {
				img.Pix[i] = uint8(int(img.Pix[i]) * 22 / 100)
			}
		}
	}
	var b bytes.Buffer
	// Writing into memory does not fail.
	_ = jpeg.Encode(&b, img, &jpeg.Options{Quality: 90})
	return b.Bytes()
}

// box blurs by the mean of a square of 2r+1, rows first.
func box(src *image.NRGBA, r int) *image.NRGBA {
	return boxColumns(boxRows(src, r), r)
}

func boxRows(src *image.NRGBA, r int) *image.NRGBA {
	dst := image.NewNRGBA(src.Rect)
	for y := range height {
		mean(src.Pix[y*src.Stride:], dst.Pix[y*dst.Stride:], width, 4, r)
	}
	return dst
}

func boxColumns(src *image.NRGBA, r int) *image.NRGBA {
	dst := image.NewNRGBA(src.Rect)
	for x := range width {
		mean(src.Pix[4*x:], dst.Pix[4*x:], height, src.Stride, r)
	}
	return dst
}

func mean(src, dst []uint8, n, step, r int) {
	for ch := range 4 {
		sum := 0
		pick := func(i int) int { return int(src[min(max(i, 0), n-1)*step+ch]) }
		for i := -r; i <= r; i++ {
			sum += pick(i)
		}
		for i := range n {
			dst[i*step+ch] = uint8(sum / (2*r + 1))
			sum += pick(i+r+1) - pick(i-r)
		}
	}
}
