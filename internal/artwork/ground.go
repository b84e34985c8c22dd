package artwork

import "math"

// ground is the card's ground: a wash, and two families of waves that cross to a
// moiré and fade from one corner to the other. It is one shape because the back
// ends make it in their own ways: the SVG with patterns and a mask, which is
// short, the PDF with each line drawn, which is sharp.
type ground struct {
	from, to     colour // the wash, from top left to bottom right
	waveA, waveB colour
	strength     float64
	back         bool // fades the other way round
}

// wave is a family of parallel waves of two half periods.
type wave struct {
	period, step, amplitude, turn float64 // turn in degrees
	line                          float64
}

// Amplitude is that of the control points; the curve itself goes to three quarters of it.
var waves = [2]wave{
	{period: 220, step: 11, amplitude: -54, line: 1.1},
	{period: 164, step: 12, amplitude: 40, turn: -9, line: 1},
}

// tile is the height after which the pattern of an SVG repeats.
func (w wave) tile() float64 { return 6 * w.step }

// halves gives the four control points of each half of a wave that begins at x, y.
func (w wave) halves(x, y float64) [2][8]float64 {
	h, a := w.period/2, w.amplitude
	return [2][8]float64{
		{x, y, x + 0.36*h, y + a, x + 0.64*h, y + a, x + h, y},
		{x + h, y, x + 1.36*h, y - a, x + 1.64*h, y - a, x + 2*h, y},
	}
}

// fade is how strong the waves are at a point, 0 to strength.
func (g ground) fade(x, y float64) float64 {
	t := (x/Width + 1 - y/Height) / 2 // from bottom left to top right
	lo, hi := 0.12, 0.95
	if g.back { // from bottom right to top left
		t = (1 - x/Width + 1 - y/Height) / 2
		lo, hi = 0.2, 1
	}
	return g.strength * min(max((t-lo)/(hi-lo), 0), 1)
}

// wash is the colour of the ground at a point.
func (g ground) wash(x, y float64) colour {
	return lerp(g.from, g.to, min(max((x/Width+y/Height)/2, 0), 1))
}

// fadeSteps is into how many strengths the PDF divides the fading.
const fadeSteps = 24

// stroke is a piece of a wave, short enough to carry one colour.
type stroke struct {
	p    [8]float64
	c    colour
	line float64
}

// strokes gives every piece of the waves that touches the card, the palest first,
// so that a back end sets each colour once.
func (g ground) strokes() []stroke {
	var out []stroke
	middle := g.wash(Width*0.6, Height*0.4)
	for i, w := range waves {
		ink := []colour{g.waveA, g.waveB}[i]
		var levels [fadeSteps + 1][]stroke
		w.each(func(p [8]float64) {
			level := int(math.Round(g.fade((p[0]+p[6])/2, (p[1]+p[7])/2) / g.strength * fadeSteps))
			c := lerp(middle, ink, g.strength*float64(level)/fadeSteps)
			levels[level] = append(levels[level], stroke{p, c, w.line})
		})
		for _, l := range levels[1:] {
			out = append(out, l...)
		}
	}
	return out
}

// each gives the quarters of all waves that touch the card, turned.
func (w wave) each(emit func(p [8]float64)) {
	const reach = 1200 // beyond every corner, also when turned
	s, c := math.Sincos(w.turn * math.Pi / 180)
	first := -math.Ceil(reach/w.step) * w.step
	left := -math.Ceil(reach/w.period/2) * w.period
	for y := first; y < reach; y += w.step {
		for x := left; x < reach; x += w.period {
			for _, h := range w.halves(x, y) {
				a, b := split(h)
				for _, p := range [2][8]float64{a, b} {
					for k := 0; k < 8; k += 2 {
						p[k], p[k+1] = p[k]*c-p[k+1]*s, p[k]*s+p[k+1]*c
					}
					if touches(p) {
						emit(p)
					}
				}
			}
		}
	}
}

func touches(p [8]float64) bool {
	lx, hx := min(p[0], p[2], p[4], p[6]), max(p[0], p[2], p[4], p[6])
	ly, hy := min(p[1], p[3], p[5], p[7]), max(p[1], p[3], p[5], p[7])
	return hx > 0 && lx < Width && hy > 0 && ly < Height
}

// split cuts a cubic curve in its middle.
func split(p [8]float64) (a, b [8]float64) {
	for i := range 2 {
		p0, p1, p2, p3 := p[i], p[2+i], p[4+i], p[6+i]
		q0, q1, q2 := (p0+p1)/2, (p1+p2)/2, (p2+p3)/2
		r0, r1 := (q0+q1)/2, (q1+q2)/2
		m := (r0 + r1) / 2
		a[i], a[2+i], a[4+i], a[6+i] = p0, q0, r0, m
		b[i], b[2+i], b[4+i], b[6+i] = m, r1, q2, p3
	}
	return a, b
}
