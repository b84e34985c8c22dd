package cast

import "image/color"

// The shapes of the portraits, in the field of 236 × 322.
const (
	neck      = "M96 186h44v48l-22 26-22-26Z"
	throat    = "M96 218C96 228 94 231 91 235C100 260 136 260 145 235C142 231 140 228 140 218Z" // between neck and collar
	shoulders = "M10 322c2-58 34-76 84-88 6 18 42 18 48 0 50 12 82 30 84 88Z"
	collar    = "M90 233c8 28 48 28 56 0l10 3c-12 42-64 42-76 0Z"
	head      = "M64 128c0-44 24-66 54-66s54 22 54 66c0 48-18 86-54 86s-54-38-54-86Z"
	smile     = "M104 187c8 7 20 7 28 0"
	brows     = "M84 130q12-8 24-2M128 128q12-6 24 2"
	nose      = "M119 148c-2 10-6 15-4 19 2 2 6 2 9 1"
	beard     = "M66 150c2 40 20 66 52 66s50-26 52-66c-8 22-18 28-30 26-12-6-32-6-44 0-12 2-22-4-30-26Z"
	mouth     = "M102 186c8 6 24 6 32 0-4 10-28 10-32 0Z"
	scarf     = "M56 214c18 34 106 34 124 0 18 10 14 40-62 44-76-4-80-34-62-44Z"
	frames    = "M89 131h14q11 0 11 11v7q0 11-11 11h-14q-11 0-11-11v-7q0-11 11-11M133 131h14q11 0 11 11v7q0 11-11 11h-14q-11 0-11-11v-7q0-11 11-11M114 143q4-3 8 0M78 142l-14-4M158 142l14-4"
)

// behind is the hair behind the head, front the hair over the forehead.
var behind = map[hair]string{
	long:  "M56 130C48 66 84 40 118 40s72 24 64 92c2 44 8 70 14 92-24 12-132 12-156 0 8-22 14-50 16-94Z",
	curls: "M58 150c-16-8-16-30-6-38-8-18 4-34 18-36 4-18 24-26 38-18 12-12 34-8 40 4 16-4 32 10 30 28 12 8 14 26 4 34 4 14-4 24-10 26Z",
	veil:  "M44 150C38 76 72 44 118 44s80 32 74 106c-2 40 6 66 18 92-30 22-154 22-184 0 12-26 20-52 18-92Z",
}

var front = map[hair]string{
	short: "M63 138C52 80 80 54 121 54c40 0 64 26 52 86-2-20-8-34-18-42-24 10-56 8-72 0-12 10-16 24-20 40Z",
	long:  "M64 140C60 84 86 58 118 58s60 26 54 84c-6-26-18-40-40-50-12 20-44 26-68 48Z",
	bun:   "M64 134C58 82 84 58 118 58s62 24 55 76c-8-24-26-36-55-36s-46 12-54 36Z",
	curls: "M66 128c-8-30 10-54 28-54 10-10 38-10 48 0 20 2 36 24 28 56-6-18-14-24-24-28-18 8-40 8-54 0-12 4-20 12-26 26Z",
	veil:  "M62 134c2-44 24-68 56-68s54 24 56 68c-8-30-26-46-56-46s-48 16-56 46Z",
}

// crown covers the top of the head under hair that begins further down.
var crown = map[hair]string{
	curls: "M66 112C66 80 88 58 118 58s52 22 52 54c-30-14-74-14-104 0Z",
	veil:  "M66 108C70 74 90 58 118 58s48 16 52 50c-10-16-28-24-52-24s-42 8-52 24Z",
}

func (l look) paint(c canvas) {
	cloth, brow := l.clothes, l.tone
	hairTone := l.tone
	if l.hair == veil {
		hairTone = l.clothes
	}
	if l.hair == bun {
		c.ellipse(118, 40, 24, 24, hairTone)
	}
	if s, ok := behind[l.hair]; ok {
		c.fill(s, hairTone)
	}
	c.fill(neck, l.skin.shade)
	c.fill(throat, l.skin.shade)
	c.fill(shoulders, cloth)
	c.fill(collar, darker(cloth))
	if l.hair == veil {
		c.fill(scarf, darker(cloth))
	} else {
		c.ellipse(63, 148, 9, 16, l.skin.shade)
		c.ellipse(173, 148, 9, 16, l.skin.shade)
	}
	c.fill(head, l.skin.face)
	if l.beard {
		c.fill(beard, l.tone)
		c.fill(mouth, l.skin.shade)
	} else {
		c.stroke(smile, 5, l.skin.shade)
	}
	if s, ok := crown[l.hair]; ok {
		c.fill(s, hairTone)
	}
	if s, ok := front[l.hair]; ok {
		c.fill(s, hairTone)
	}
	c.stroke(brows, 5, brow)
	l.eyes(c)
	c.stroke(nose, 4.5, l.skin.shade)
	if l.glasses {
		c.stroke(frames, 4, rgb(0x2B3236))
	}
}

func (l look) eyes(c canvas) {
	for _, x := range []float64{97, 139} {
		c.ellipse(x, 145, 5.2, 6, rgb(0x22282B))
		c.ellipse(x+1.6, 143, 1.5, 1.6, rgb(0xFFFFFF))
	}
}

func darker(c color.NRGBA) color.NRGBA {
	d := func(v uint8) uint8 { return uint8(int(v) * 79 / 100) }
	return color.NRGBA{d(c.R), d(c.G), d(c.B), 255}
}
