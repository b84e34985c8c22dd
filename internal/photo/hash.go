package photo

import (
	"image"
	"math/bits"
)

// hash is a perceptual hash of a portrait. All portraits are much alike in shape
// (a wall, a head in the middle, shoulders), so that the usual difference hash
// takes strangers for each other. Here 40 bits are differences of brightness
// between neighbours in the middle of the picture, and 24 say how light and of
// which colour hair, face and clothes are: a copy of a picture has the same
// light and colours, another person in the same pose hardly has.
func hash(img *image.RGBA) uint64 {
	middle := scale(crop(img, percent(img, 15, 10, 85, 85)), 6, 8)
	g := brightness(middle)
	var out uint64
	bit := func(set bool) {
		out <<= 1
		if set {
			out |= 1
		}
	}
	const calm = 3 // a plain wall must not give random bits
	for y := range 8 {
		for x := range 5 {
			bit(g.v[y*6+x] > g.v[y*6+x+1]+calm)
		}
	}
	for _, r := range []image.Rectangle{
		percent(img, 40, 19, 60, 26), percent(img, 36, 38, 64, 62), percent(img, 20, 86, 80, 97),
	} {
		light, blue, red := tone(crop(img, r))
		// Steps, not digits: a small difference changes one bit at most.
		for _, step := range []float64{55, 90, 140, 190} {
			bit(light > step)
		}
		bit(blue > -24)
		bit(blue > 8)
		bit(red > 8)
		bit(red > 40)
	}
	return out
}

// tone is the mean brightness of a part, and how much more blue and red than green it is.
func tone(img *image.RGBA) (light, blue, red float64) {
	b := img.Bounds()
	for y := range b.Dy() {
		row := img.Pix[y*img.Stride:]
		for x := range b.Dx() {
			r, g, bl := float64(row[4*x]), float64(row[4*x+1]), float64(row[4*x+2])
			light += 0.299*r + 0.587*g + 0.114*bl
			blue += bl - g
			red += r - g
		}
	}
	n := float64(max(1, b.Dx()*b.Dy()))
	return light / n, blue / n, red / n
}

func percent(img *image.RGBA, x0, y0, x1, y1 int) image.Rectangle {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	return image.Rect(x0*w/100, y0*h/100, x1*w/100, y1*h/100)
}

// alikeBits is how many bits may differ between two copies of one picture.
const alikeBits = 2

// Alike tells whether two hashes are of the same picture, scaled or compressed
// otherwise. It may be wrong about strangers: it is a hint for a person who looks.
func Alike(a, b uint64) bool { return bits.OnesCount64(a^b) <= alikeBits }
