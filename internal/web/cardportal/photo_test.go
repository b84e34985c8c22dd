package cardportal

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// A page gets a photo that a phone can fetch; its shape stays.
func TestPhotoIsBroughtDown(t *testing.T) {
	big := image.NewRGBA(image.Rect(0, 0, 1200, 1640))
	for y := range 1640 {
		for x := range 1200 {
			big.Set(x, y, color.RGBA{uint8(x * y), uint8(x ^ y), uint8(y), 255})
		}
	}
	var stored bytes.Buffer
	if err := jpeg.Encode(&stored, big, nil); err != nil {
		t.Fatal(err)
	}
	out, err := small(stored.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.DecodeConfig(bytes.NewReader(out))
	if err != nil || got.Width != photoWidth || got.Height != 410 {
		t.Errorf("%d × %d, %v, want %d × 410", got.Width, got.Height, err, photoWidth)
	}
	if again, err := small(out); err != nil || !bytes.Equal(again, out) {
		t.Errorf("a small one was made again: %v", err)
	}
	if _, err := small([]byte("no picture")); err == nil {
		t.Error("what is no picture was taken for one")
	}
}
