package artwork

import (
	_ "embed"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

//go:embed fonts/Onest-400.ttf
var onest400 []byte

//go:embed fonts/Onest-600.ttf
var onest600 []byte

//go:embed fonts/Onest-700.ttf
var onest700 []byte

//go:embed fonts/JetBrainsMono-400.ttf
var mono400 []byte

//go:embed fonts/JetBrainsMono-600.ttf
var mono600 []byte

//go:embed fonts/NotoSans-Regular.ttf
var noto400 []byte

//go:embed fonts/NotoSans-Bold.ttf
var noto700 []byte

// face is a font of the card.
type face uint8

const (
	regular face = iota
	semibold
	bold
	mono
	monoSemibold
	fallback     // for letters that the regular face lacks
	fallbackBold // for letters that the heavier ones lack
)

// faces is what the back ends need to know of each face.
var faces = [...]struct {
	name, family string
	weight       int
	ttf          *[]byte
}{
	regular:      {"onest400", "", 400, &onest400},
	semibold:     {"onest600", "", 600, &onest600},
	bold:         {"onest700", "", 700, &onest700},
	mono:         {"mono400", monoFamily, 400, &mono400},
	monoSemibold: {"mono600", monoFamily, 600, &mono600},
	fallback:     {"noto400", "", 400, &noto400},
	fallbackBold: {"noto700", "", 700, &noto700},
}

const (
	textFamily = "Onest, 'Noto Sans', sans-serif" // of the whole drawing
	monoFamily = "'JetBrains Mono', 'Noto Sans Mono', monospace"
)

// metrics are a parsed font; sfnt needs a buffer for each reader.
type metrics struct {
	sync.Mutex
	font *sfnt.Font
	buf  sfnt.Buffer
}

var parsed [len(faces)]func() *metrics

func init() {
	for f := range faces {
		parsed[f] = sync.OnceValue(func() *metrics {
			m, err := sfnt.Parse(*faces[f].ttf)
			if err != nil {
				panic("artwork: " + faces[f].name + ": " + err.Error())
			}
			return &metrics{font: m}
		})
	}
}

// advance is the width of a letter at size 1, and whether the face has it.
func (f face) advance(r rune) (float64, bool) {
	m := parsed[f]()
	m.Lock()
	defer m.Unlock()
	g, err := m.font.GlyphIndex(&m.buf, r)
	if err != nil || g == 0 {
		return 0, false
	}
	const em = 1000
	a, err := m.font.GlyphAdvance(&m.buf, g, fixed.I(em), font.HintingNone)
	return float64(a) / 64 / em, err == nil
}

// glyph is the number of the letter in the font, 0 for none.
func (f face) glyph(r rune) sfnt.GlyphIndex {
	m := parsed[f]()
	m.Lock()
	defer m.Unlock()
	g, _ := m.font.GlyphIndex(&m.buf, r)
	return g
}

// alternative is the face for letters that f lacks.
func (f face) alternative() face {
	switch f {
	case regular, mono:
		return fallback
	}
	return fallbackBold
}

// run is a piece of text in one face.
type run struct {
	face face
	s    string
}

// runs cuts a text where the face must change.
func (f face) runs(s string) []run {
	var out []run
	begin, present := 0, f
	for i, r := range s {
		use := f
		if _, ok := f.advance(r); !ok {
			use = f.alternative()
		}
		if i > 0 && use != present {
			out = append(out, run{present, s[begin:i]})
			begin = i
		}
		present = use
	}
	if s == "" {
		return nil
	}
	return append(out, run{present, s[begin:]})
}

// width is the length of a text, with the space after each letter.
func (f face) width(s string, size, spacing float64) float64 {
	var w float64
	for _, r := range f.runs(s) {
		for _, c := range r.s {
			a, _ := r.face.advance(c)
			w += a*size + spacing
		}
	}
	return w
}

// printable tells whether the card can carry the letter. Scripts that need
// shaping, and marks that need to be placed over a letter, are out whatever the
// fonts have.
func printable(r rune) bool {
	if !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic) {
		switch {
		case r == ' ', r == '-', r == '\'', r == '.', r == '’', r == 'ʼ', r == '‐', r == '·', r == 'ʻ':
		case r < 0x80 && unicode.IsPrint(r):
		default:
			return false
		}
	}
	_, ok := regular.advance(r)
	if ok {
		if _, ok = bold.advance(r); ok {
			return true
		}
	}
	if _, ok = fallback.advance(r); !ok {
		return false
	}
	_, ok = fallbackBold.advance(r)
	return ok
}

// Unprintable gives the letters of a name that the card can't carry, each once.
func Unprintable(name string) []rune {
	var out []rune
	seen := map[rune]bool{}
	for _, r := range name {
		if !printable(r) && !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}
