package photo

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strconv"

	"github.com/kortverk/kortverk/internal/fault"
)

// header is what is known of a file before its pixels are decoded.
type header struct {
	jpeg          bool
	width, height int // as stored, before turning
	orientation   int // EXIF, 1 to 8
	model         color.Model
}

var (
	magicJPEG = []byte{0xFF, 0xD8, 0xFF}
	magicPNG  = []byte("\x89PNG\r\n\x1a\n")
)

func readHeader(data []byte) (header, error) {
	h := header{orientation: 1}
	switch {
	case bytes.HasPrefix(data, magicJPEG):
		h.jpeg = true
	case !bytes.HasPrefix(data, magicPNG):
		return h, fault.New(fault.Invalid, "photo.not_jpeg_or_png")
	}
	read := png.DecodeConfig
	if h.jpeg {
		read = jpeg.DecodeConfig
		if err := h.walk(data); err != nil {
			return h, unreadable(err)
		}
	}
	cfg, err := read(bytes.NewReader(data))
	if err != nil {
		return h, unreadable(err)
	}
	h.width, h.height, h.model = cfg.Width, cfg.Height, cfg.ColorModel
	if h.width > MaxSide || h.height > MaxSide || h.width*h.height > MaxPixels {
		return h, fault.New(fault.Invalid, "photo.too_many_pixels",
			"width", strconv.Itoa(h.width), "height", strconv.Itoa(h.height),
			"max", strconv.Itoa(MaxPixels/1_000_000), "side", strconv.Itoa(MaxSide))
	}
	if w, hgt := h.upright(); w < MinWidth || hgt < MinHeight {
		return h, fault.New(fault.Invalid, "photo.too_small",
			"width", strconv.Itoa(w), "height", strconv.Itoa(hgt),
			"minwidth", strconv.Itoa(MinWidth), "minheight", strconv.Itoa(MinHeight))
	}
	return h, nil
}

// walk goes over the segments of a JPEG up to its first scan. It wants exactly
// one frame, so that no decoder can see another size than the one checked, and
// an end, so that a file cut short is not taken for a whole one.
func (h *header) walk(data []byte) error {
	frames := 0
	for i := 2; i+4 <= len(data); {
		if data[i] != 0xFF {
			return errors.New("no marker where one must be")
		}
		m := data[i+1]
		if m == 0xFF { // filling
			i++
			continue
		}
		n := int(data[i+2])<<8 | int(data[i+3])
		if n < 2 || i+2+n > len(data) {
			return errors.New("a segment is longer than the file")
		}
		body := data[i+4 : i+2+n]
		switch {
		case m == 0xDA:
			if frames != 1 || !bytes.Contains(data[i:], []byte{0xFF, 0xD9}) {
				return errors.New("not one whole picture")
			}
			return nil
		case m == 0xE1:
			if o := orientation(body); o != 0 {
				h.orientation = o
			}
		case m >= 0xC0 && m <= 0xCF && m != 0xC4 && m != 0xC8 && m != 0xCC:
			frames++
		}
		i += 2 + n
	}
	return errors.New("no scan")
}

// upright is the size after turning.
func (h header) upright() (w, hgt int) {
	if h.orientation >= 5 {
		return h.height, h.width
	}
	return h.width, h.height
}

// bytes is about what decoding needs.
func (h header) bytes() int {
	per := 4
	switch h.model {
	case color.NRGBA64Model, color.RGBA64Model:
		per = 8
	case color.YCbCrModel:
		per = 3
	}
	return per * h.width * h.height
}

// decode takes the standard library's decoders: they are strict, and a camera's
// 12 megapixels take about a tenth of a second. (A decoder that scales while it
// decodes would be quicker; the one that there is in Go loses contrast at every
// scale but full size, which the verdict must not.)
func (h header) decode(data []byte) (image.Image, error) {
	if !h.jpeg {
		return png.Decode(bytes.NewReader(data))
	}
	return jpeg.Decode(bytes.NewReader(data))
}
