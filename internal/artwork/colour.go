package artwork

import (
	"fmt"
	"math"
	"strconv"
)

// colour is "#rrggbb", or "" for none.
type colour string

const (
	white colour = "#ffffff"
	// DefaultHue is the petrol of the sandbox scheme.
	DefaultHue = 222
)

// palette is all colours of one card.
type palette struct {
	accent, band     colour // marks and lines; the band with the number
	waveA, waveB     colour // the two patterns of the ground
	washFrom, washTo colour
	truss            colour
	tagline, micro   colour
	ink, soft, mute  colour // names; numbers; labels
	photoEdge, plate colour
	photoGround      colour
	ghost            colour
	rule, qr         colour
	bandText, hatch  colour // on the band; its stripes, where it has some
}

func paletteOf(c Card) palette {
	if c.State != "" {
		return greyPalette(c.design())
	}
	hue := float64(c.Hue)
	if c.Hue == 0 {
		hue = DefaultHue
	}
	return c.design().colours(hue)
}

func greyPalette(d design) palette {
	p := tints("#6f6f6c", "#666663")
	p.ink, p.soft, p.mute = "#5f5f5c", "#6a6a67", "#6a6a67"
	p.qr, p.bandText = "#6a6a67", white
	if d.hatched {
		p.bandText, p.hatch = p.ink, "#a3a3a0"
	}
	return p
}

func tints(a, b colour) palette {
	return palette{
		accent: a, band: b,
		waveA: mix(a, white, 0.58), waveB: mix(a, white, 0.40),
		washFrom: white, washTo: mix(a, white, 0.09),
		truss: mix(a, white, 0.48), tagline: mix(a, white, 0.88), micro: mix(a, white, 0.78),
		photoEdge: mix(a, white, 0.36), plate: mix(a, white, 0.09),
		photoGround: "#f1f3f3", ghost: mix(b, white, 0.9),
		rule: mix(a, white, 0.40), qr: "#0c1518",
	}
}

func (c colour) rgb() (r, g, b uint8) {
	v, err := strconv.ParseUint(string(c[1:]), 16, 32)
	if err != nil {
		panic("artwork: colour " + string(c))
	}
	return uint8(v >> 16), uint8(v >> 8), uint8(v)
}

func ofRGB(r, g, b uint8) colour { return colour(fmt.Sprintf("#%02x%02x%02x", r, g, b)) }

// lerp goes from a (0) to b (1) as a screen blends opacity.
func lerp(a, b colour, t float64) colour {
	ar, ag, ab := a.rgb()
	br, bg, bb := b.rgb()
	f := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + t*(float64(y)-float64(x)))) }
	return ofRGB(f(ar, br), f(ag, bg), f(ab, bb))
}

// mix takes part t of a and the rest of b, in OKLab, where tints keep their hue.
func mix(a, b colour, t float64) colour {
	la, aa, ba := oklab(a)
	lb, ab, bb := oklab(b)
	return fromOKLab(t*la+(1-t)*lb, t*aa+(1-t)*ab, t*ba+(1-t)*bb)
}

func oklch(l, c, hue float64) colour {
	s, co := math.Sincos(hue * math.Pi / 180)
	return fromOKLab(l, c*co, c*s)
}

func oklab(c colour) (l, a, b float64) {
	r8, g8, b8 := c.rgb()
	lin := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	r, g, bl := lin(r8), lin(g8), lin(b8)
	lc := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*bl)
	mc := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*bl)
	sc := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*bl)
	return 0.2104542553*lc + 0.7936177850*mc - 0.0040720468*sc,
		1.9779984951*lc - 2.4285922050*mc + 0.4505937099*sc,
		0.0259040371*lc + 0.7827717662*mc - 0.8086757660*sc
}

func fromOKLab(l, a, b float64) colour {
	cube := func(v float64) float64 { return v * v * v }
	lc := cube(l + 0.3963377774*a + 0.2158037573*b)
	mc := cube(l - 0.1055613458*a - 0.0638541728*b)
	sc := cube(l - 0.0894841775*a - 1.2914855480*b)
	gamma := func(v float64) uint8 {
		v = min(max(v, 0), 1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		return uint8(math.Round(255 * v))
	}
	return ofRGB(gamma(4.0767416621*lc-3.3077115913*mc+0.2309699292*sc),
		gamma(-1.2684380046*lc+2.6097574011*mc-0.3413193965*sc),
		gamma(-0.0041960863*lc-0.7034186147*mc+1.7076147010*sc))
}
