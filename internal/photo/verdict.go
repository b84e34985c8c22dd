package photo

import (
	"image"
	"math"
	"slices"
	"strconv"
)

// Level says how much a finding matters.
type Level string

// The levels. Refused is for schemes that refuse by machine; Accept itself
// refuses by an error and otherwise only advises.
const (
	OK      Level = "ok"
	Advice  Level = "advice"
	Refused Level = "refused"
)

// Check is one finding about a picture.
type Check struct {
	Code  string            `json:"code"` // the finding: "light_dark"
	Level Level             `json:"level"`
	Args  map[string]string `json:"args,omitempty"`
}

// TitleKey is the key of the finding in words, TodoKey of what to do about it
// (only for Advice and Refused). Both take Args.
func (c Check) TitleKey() string { return "photo.check." + c.Code }

// TodoKey is the key of what to do.
func (c Check) TodoKey() string { return "photo.todo." + c.Code }

// Params are the arguments of both texts, as i18n takes them.
func (c Check) Params() []any {
	out := make([]any, 0, 2*len(c.Args))
	for k, v := range c.Args {
		out = append(out, k, v)
	}
	return out
}

// Verdict is what can be said about a picture by measuring. It is kept as JSON.
type Verdict struct {
	OK     bool    `json:"ok"` // nothing to advise
	Checks []Check `json:"checks"`
}

// TitleKey is the key of the verdict in one sentence: that the picture looks
// good, or the first thing that doesn't. It takes Params.
func (v Verdict) TitleKey() string {
	if c, ok := v.first(); ok {
		return c.TitleKey()
	}
	return "photo.verdict.ok"
}

// Params are the arguments of TitleKey.
func (v Verdict) Params() []any {
	c, _ := v.first()
	return c.Params()
}

func (v Verdict) first() (Check, bool) {
	i := slices.IndexFunc(v.Checks, func(c Check) bool { return c.Level != OK })
	if i < 0 {
		return Check{}, false
	}
	return v.Checks[i], true
}

// Thresholds, measured at the size of print. TestMeasures prints what the
// portraits and their spoilt copies come to.
const (
	goodWidth     = 400  // original pixels across the part shown
	darkTop       = 130  // a lit picture has a tenth of its pixels above this
	darkFace      = 40   // mean brightness of the face
	blownPart     = 0.30 // of the face near white
	sharpAtLeast  = 0.012
	evenAtMost    = 0.20 // difference between the halves of the face
	paleAtLeast   = 180  // mean brightness of the corners
	calmAtMost    = 16   // spread inside a corner
	sameAtMost    = 30   // difference between the corners
	shapeLostMost = 0.35 // of the picture cut away
)

// measures is what is measured of a picture.
type measures struct {
	top, face, blown, sharp, uneven float64
	pale, spread, corners, lost     float64
}

func measure(part *image.RGBA, w, h int) measures {
	g := brightness(scale(part, MinWidth, MinHeight))
	face := g.part(28, 24, 72, 66)
	left, right := g.part(0, 0, 16, 14), g.part(84, 0, 100, 14)
	var m measures
	m.top = quantile(g, 0.9)
	m.face, _ = stats(face)
	m.blown = share(face, func(v float64) bool { return v >= 250 })
	m.sharp = sharpness(g.part(20, 18, 80, 75))
	fl, _ := stats(g.part(32, 36, 48, 64))
	fr, _ := stats(g.part(52, 36, 68, 64))
	m.uneven = math.Abs(fl-fr) / max(fl, fr, 1)
	ml, sl := stats(left)
	mr, sr := stats(right)
	m.pale, m.spread, m.corners = (ml+mr)/2, max(sl, sr), math.Abs(ml-mr)
	b := part.Bounds()
	m.lost = 1 - float64(b.Dx()*b.Dy())/float64(w*h)
	return m
}

// judge says what is to be said about the part that the card shows. shown is its
// size in original pixels, w × h the picture it was taken from.
func judge(part *image.RGBA, shown image.Point, w, h int) Verdict {
	m := measure(part, w, h)
	var v Verdict
	add := func(good, bad string, isBad bool, args ...string) {
		c := Check{Code: good, Level: OK}
		if isBad {
			c = Check{Code: bad, Level: Advice}
		}
		for i := 0; i+1 < len(args); i += 2 {
			if c.Args == nil {
				c.Args = map[string]string{}
			}
			c.Args[args[i]] = args[i+1]
		}
		v.Checks = append(v.Checks, c)
	}
	isDark := m.top < darkTop || m.face < darkFace
	switch {
	case isDark:
		add("", "light_dark", true)
	default:
		add("light_ok", "light_bright", m.blown > blownPart)
	}
	add("sharp_ok", "sharp_blurred", m.sharp < sharpAtLeast)
	if !isDark { // in the dark, neither shadows nor walls can be judged
		add("even_ok", "even_shadow", m.uneven > evenAtMost)
		bad := "background_dark"
		if m.pale >= paleAtLeast {
			bad = "background_uneven"
		}
		add("background_ok", bad, m.pale < paleAtLeast || m.spread > calmAtMost || m.corners > sameAtMost)
	}
	add("shape_ok", "shape_wrong", m.lost > shapeLostMost)
	add("size_ok", "size_small", shown.X < goodWidth,
		"width", strconv.Itoa(shown.X), "height", strconv.Itoa(shown.Y))
	v.OK = !slices.ContainsFunc(v.Checks, func(c Check) bool { return c.Level != OK })
	return v
}

// sharpness is the variance of the Laplacian against the variance of the
// brightness: the contrast of a picture must not pass for sharpness.
func sharpness(g grey) float64 {
	lap := grey{g.w - 2, g.h - 2, make([]float64, 0, (g.w-2)*(g.h-2))}
	for y := 1; y < g.h-1; y++ {
		for x := 1; x < g.w-1; x++ {
			i := y*g.w + x
			lap.v = append(lap.v, g.v[i-1]+g.v[i+1]+g.v[i-g.w]+g.v[i+g.w]-4*g.v[i])
		}
	}
	_, spread := stats(lap)
	_, contrast := stats(g)
	return spread * spread / (contrast*contrast + 1)
}

func stats(g grey) (mean, deviation float64) {
	var sum, squares float64
	for _, v := range g.v {
		sum += v
		squares += v * v
	}
	n := float64(max(1, len(g.v)))
	mean = sum / n
	return mean, math.Sqrt(max(0, squares/n-mean*mean))
}

func share(g grey, is func(float64) bool) float64 {
	n := 0
	for _, v := range g.v {
		if is(v) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(g.v)))
}

func quantile(g grey, q float64) float64 {
	s := slices.Clone(g.v)
	slices.Sort(s)
	return s[int(q*float64(len(s)-1))]
}
