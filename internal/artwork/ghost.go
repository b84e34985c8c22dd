package artwork

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"

	"golang.org/x/image/draw"
)

// ghostStrength is how opaque the ghost is where the photo is black.
const ghostStrength = 0.5

// ghost is the second, faint portrait: one colour, as opaque as the photo is dark.
// The SVG does the same by a filter.
func ghost(photo []byte, p picture) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	const scale = 3
	w, h := int(p.w*scale), int(p.h*scale)
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(small, small.Bounds(), src, cover(src.Bounds(), p.w/p.h), draw.Src, nil)
	r, g, b := p.tint.rgb()
	out := image.NewNRGBA(small.Bounds())
	for y := range h {
		for x := range w {
			c := small.RGBAAt(x, y)
			light := (0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B)) / 255
			in := pill(float64(x)+0.5, float64(y)+0.5, float64(w), float64(h), p.r*scale)
			out.SetNRGBA(x, y, color.NRGBA{r, g, b, uint8(math.Round(255 * ghostStrength * (1 - light) * in))})
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, out); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// shaped is the photo, cut to the shape of its frame if it has another: an SVG does
// that by itself, a PDF would stretch it.
func shaped(photo []byte, shape float64) ([]byte, error) {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	if is := float64(cfg.Width) / float64(cfg.Height); math.Abs(is/shape-1) < 0.01 {
		return photo, nil
	}
	src, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	part := cover(src.Bounds(), shape)
	out := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(out, out.Bounds(), src, part.Min, draw.Src)
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, out, &jpeg.Options{Quality: 92}); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// cover is the middle part of a picture that has the wanted shape.
func cover(b image.Rectangle, shape float64) image.Rectangle {
	w, h := float64(b.Dx()), float64(b.Dy())
	if w/h > shape {
		cut := int((w - h*shape) / 2)
		return image.Rect(b.Min.X+cut, b.Min.Y, b.Max.X-cut, b.Max.Y)
	}
	cut := int((h - w/shape) / 2)
	return image.Rect(b.Min.X, b.Min.Y+cut, b.Max.X, b.Max.Y-cut)
}

// pill is how much of a pixel lies inside a rounded rectangle.
func pill(x, y, w, h, r float64) float64 {
	dx := max(r-x, x-(w-r), 0)
	dy := max(r-y, y-(h-r), 0)
	return min(max(r-math.Hypot(dx, dy)+0.5, 0), 1)
}
