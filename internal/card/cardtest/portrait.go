package cardtest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"sync"
)

// Portrait is a small JPEG in the shape of the card's photo.
var Portrait = sync.OnceValue(func() []byte {
	m := image.NewRGBA(image.Rect(0, 0, 300, 410))
	for y := range 410 {
		for x := range 300 {
			m.Set(x, y, color.RGBA{uint8(x / 2), uint8(y / 2), 120, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 70}); err != nil {
		panic(err)
	}
	return b.Bytes()
})
