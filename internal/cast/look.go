package cast

import "image/color"

// look is how a person is drawn.
type look struct {
	skin    skin
	hair    hair
	tone    color.NRGBA // hair, or the cloth of a veil
	clothes color.NRGBA
	beard   bool
	glasses bool
}

type skin struct{ face, shade color.NRGBA }

type hair uint8

const (
	short hair = iota
	long
	bun
	curls
	bald
	veil
)

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

var (
	fair  = skin{rgb(0xF3D3BC), rgb(0xE0B99D)}
	rosy  = skin{rgb(0xF2D0B7), rgb(0xDFB698)}
	warm  = skin{rgb(0xE9BE9C), rgb(0xD2A07B)}
	tan   = skin{rgb(0xECC3A4), rgb(0xD6A581)}
	brown = skin{rgb(0x8A5A3C), rgb(0x70452B)}
	dark  = skin{rgb(0x6E4630), rgb(0x573420)}

	straw    = rgb(0xB08A54)
	honey    = rgb(0xD8B26A)
	chestnut = rgb(0x7A4A2B)
	copper   = rgb(0xC9703A)
	umber    = rgb(0x4A3526)
	night    = rgb(0x2A2320)
	black    = rgb(0x1E1916)
	silver   = rgb(0xA9AEB2)

	petrol = rgb(0x2F4858)
	sea    = rgb(0x31536B)
	moss   = rgb(0x6B7F55)
	slate  = rgb(0x4B5563)
	brick  = rgb(0x8A3B2E)
	plum   = rgb(0x5A4A73)
	ochre  = rgb(0xC08A2E)
)
