package cardportal

import (
	"bytes"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

// photoWidth is enough for the photo on the drawn card on the sharpest phone: it
// is shown less than 100 wide there. What is stored is made for print, ten times
// as heavy, and a phone at a site has a bad connection.
const photoWidth = 300

// scaling lets two photos be made small at a time: it takes memory.
var scaling = make(chan struct{}, 2)

// small brings a photo down to what a page shows. One that is small already
// stays as it is.
func small(data []byte) ([]byte, error) {
	scaling <- struct{}{}
	defer func() { <-scaling }()
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := src.Bounds()
	if b.Dx() <= photoWidth {
		return data, nil
	}
	dst := image.NewRGBA(image.Rect(0, 0, photoWidth, b.Dy()*photoWidth/b.Dx()))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, b, draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 80}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
