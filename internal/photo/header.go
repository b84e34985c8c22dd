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
	memory        int // bytes that decoding needs for sixteen pixels
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
	h.width, h.height = cfg.Width, cfg.Height
	if !h.jpeg {
		h.memory = pngMemory(data, cfg.ColorModel)
	}
	// What would need more than both places together is no camera's picture.
	most := min(MaxPixels, 2*placeBytes/h.memory*16)
	if h.width > MaxSide || h.height > MaxSide || h.width*h.height > most {
		return h, fault.New(fault.Invalid, "photo.too_many_pixels",
			"width", strconv.Itoa(h.width), "height", strconv.Itoa(h.height),
			"max", strconv.Itoa(most/1_000_000), "side", strconv.Itoa(MaxSide))
	}
	if w, hgt := h.upright(); w < MinWidth || hgt < MinHeight {
		return h, fault.New(fault.Invalid, "photo.too_small",
			"width", strconv.Itoa(w), "height", strconv.Itoa(hgt),
			"minwidth", strconv.Itoa(MinWidth), "minheight", strconv.Itoa(MinHeight))
	} else if w > hgt*KeptWidth/MinHeight || hgt > w*KeptHeight/MinWidth { // brought down, nothing of it would be left
		return h, fault.New(fault.Invalid, "photo.strip", "width", strconv.Itoa(w), "height", strconv.Itoa(hgt))
	}
	return h, nil
}

// maxScans is many times what any program writes. Each may go over all pixels
// again in a few bytes.
const maxScans = 100

// walk goes over the segments of a JPEG. It wants exactly one frame, before the
// first scan, so that no decoder can see another size than the one checked; few
// scans, so that a small file can't ask for long work; and an end, so that a
// file cut short is not taken for a whole one.
func (h *header) walk(data []byte) error {
	frames, scans := 0, 0
	for i := 2; i+2 <= len(data); {
		if data[i] != 0xFF || data[i+1] == 0xFF || scans > 0 && inScan(data[i+1]) {
			if scans == 0 && data[i] != 0xFF {
				return errors.New("no marker where one must be")
			}
			i++ // filling, or the coded pixels
			continue
		}
		m := data[i+1]
		if m == 0xD9 && scans > 0 {
			return nil
		}
		if i+4 > len(data) {
			break
		}
		n := int(data[i+2])<<8 | int(data[i+3])
		if n < 2 || i+2+n > len(data) {
			return errors.New("a segment is longer than the file")
		}
		body := data[i+4 : i+2+n]
		switch {
		case m == 0xDA:
			if scans++; frames != 1 || scans > maxScans {
				return errors.New("not one picture, or one in too many layers")
			}
		case m == 0xE1 && scans == 0:
			if o := orientation(body); o != 0 {
				h.orientation = o
			}
		case m >= 0xC0 && m <= 0xCF && m != 0xC4 && m != 0xC8 && m != 0xCC:
			frames++
			h.memory = jpegMemory(m, body)
		}
		i += 2 + n
	}
	return errors.New("not one whole picture")
}

// inScan: what may follow 0xFF among coded pixels.
func inScan(m byte) bool { return m == 0 || m >= 0xD0 && m <= 0xD7 }

// jpegMemory is the memory for sixteen pixels: a byte for each sample, four more
// for its coefficient while a progressive picture comes layer by layer, and for
// other colours than YCbCr the picture that is made of them.
func jpegMemory(marker byte, frame []byte) int {
	samples, components, hmax, vmax := 0, 0, 1, 1
	for c := frame; len(c) >= 9; c = c[3:] { // the frame's own six bytes, then three a component
		hor, ver := int(c[7]>>4), int(c[7]&15)
		samples, components, hmax, vmax = samples+hor*ver, components+1, max(hmax, hor), max(vmax, ver)
	}
	if components == 1 {
		hmax, vmax, samples = 1, 1, 1
	}
	need := (16*samples + hmax*vmax - 1) / (hmax * vmax)
	const progressive = 0xC2
	if marker == progressive {
		need *= 5
	}
	if components == 4 || samples == components && components == 3 {
		need += 16 * 4 // 4:4:4 may be RGB
	}
	return max(16, need)
}

// pngMemory is the same for a PNG. An interlaced one is put together from its
// passes, the largest of which is half the picture.
func pngMemory(data []byte, model color.Model) int {
	need := 16 * 4
	if model == color.NRGBA64Model || model == color.RGBA64Model {
		need = 16 * 8
	}
	const interlace = 28
	if data[interlace] != 0 {
		need += need / 2
	}
	return need
}

// upright is the size after turning.
func (h header) upright() (w, hgt int) {
	if h.orientation >= 5 {
		return h.height, h.width
	}
	return h.width, h.height
}

// bytes is about what decoding needs.
func (h header) bytes() int { return h.memory * h.width * h.height / 16 }

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
