package photo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/photo/phototest"
)

// quadrants is a picture whose corners are red, green, blue and yellow, clockwise.
func quadrants(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{230, 20, 20, 255}
			switch {
			case x >= w/2 && y < h/2:
				c = color.RGBA{20, 200, 20, 255}
			case x >= w/2:
				c = color.RGBA{20, 20, 230, 255}
			case y >= h/2:
				c = color.RGBA{230, 220, 20, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func corner(img image.Image, right, bottom bool) string {
	b := img.Bounds()
	x, y := b.Dx()/8, b.Dy()/8
	if right {
		x = b.Dx() - x
	}
	if bottom {
		y = b.Dy() - y
	}
	r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
	switch {
	case r > 0x8000 && g > 0x8000:
		return "yellow"
	case r > 0x8000:
		return "red"
	case g > 0x8000:
		return "green"
	case bl > 0x8000:
		return "blue"
	}
	return "?"
}

func exif(order binary.ByteOrder, o uint16) []byte {
	b := []byte("Exif\x00\x00")
	head := "II*\x00"
	if order == binary.ByteOrder(binary.BigEndian) {
		head = "MM\x00*"
	}
	b = append(b, head...)
	u16 := func(v uint16) { b = order.(binary.AppendByteOrder).AppendUint16(b, v) }
	u32 := func(v uint32) { b = order.(binary.AppendByteOrder).AppendUint32(b, v) }
	u32(8)
	u16(2)
	u16(0x0100)
	u16(4)
	u32(1)
	u32(1234)
	u16(0x0112)
	u16(3)
	u32(1)
	u16(o)
	u16(0)
	u32(0)
	return append(b, "GPS 59.3293 N"...)
}

func withAPP1(data, body []byte) []byte {
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, byte((len(body)+2)>>8), byte(len(body)+2))
	return append(append(out, body...), data[2:]...)
}

func chunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func pngHeader(w, h uint32, depth, kind byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, w)
	b = binary.BigEndian.AppendUint32(b, h)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(b, depth, kind, 0, 0, 0))...)
}

func encodePNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Rows: 26
func TestRefusals(t *testing.T) {
	jonas, _ := cast.ByID("jonas")
	good := jonas.Portrait()
	huge := append([]byte{}, good...)
	huge = append(huge, make([]byte, HardMaxBytes)...)
	twoFrames := withAPP1(good, []byte("nothing"))
	sof := bytes.Index(twoFrames, []byte{0xFF, 0xC0})
	second := append([]byte{}, twoFrames[sof:sof+19]...)
	binary.BigEndian.PutUint16(second[5:], 60000)
	twoFrames = append(append(append([]byte{}, twoFrames[:sof+19]...), second...), twoFrames[sof+19:]...)
	for _, c := range []struct {
		name string
		data []byte
		code string
	}{
		{"empty", nil, "photo.not_jpeg_or_png"},
		{"pdf called jpg", []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "photo.not_jpeg_or_png"},
		{"gif", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "photo.not_jpeg_or_png"},
		{"page with a script", []byte("<html><script>alert(1)</script>"), "photo.not_jpeg_or_png"},
		{"picture behind a zip", append([]byte("PK\x03\x04"), good...), "photo.not_jpeg_or_png"},
		{"six megabytes", huge, "photo.too_large_file"},
		{"30,000 × 30,000", pngHeader(30000, 30000, 8, 2), "photo.too_many_pixels"},
		{"41 megapixels", pngHeader(6400, 6450, 8, 2), "photo.too_many_pixels"},
		{"long strip", pngHeader(8001, 500, 8, 2), "photo.too_many_pixels"},
		{"small", encode(t, quadrants(299, 500)), "photo.too_small"},
		{"low", encode(t, quadrants(400, 409)), "photo.too_small"},
		{"small when upright", withAPP1(encode(t, quadrants(420, 300)), exif(binary.BigEndian, 1)), "photo.too_small"},
		{"magic only", []byte{0xFF, 0xD8, 0xFF}, "photo.undecodable"},
		{"cut in half", good[:len(good)/2], "photo.undecodable"},
		{"cut in the header", good[:200], "photo.undecodable"},
		{"png without pixels", pngHeader(400, 600, 8, 2), "photo.undecodable"},
		{"png cut in half", func() []byte { b := encodePNG(t, quadrants(400, 600)); return b[:len(b)/2] }(), "photo.undecodable"},
		{"two frames", twoFrames, "photo.undecodable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Accept(context.Background(), bytes.NewReader(c.data), -1)
			if !fault.Has(err, c.code) {
				t.Errorf("%v, want %s", err, c.code)
			}
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("kind %v", fault.KindOf(err))
			}
		})
	}
}

func TestTheSettingLimitsTheSize(t *testing.T) {
	data := encode(t, quadrants(900, 1230))
	if _, err := (Rules{MaxBytes: 1000}).Accept(context.Background(), bytes.NewReader(data), -1); !fault.Has(err, "photo.too_large_file") {
		t.Errorf("a larger file than the setting: %v", err)
	}
	if _, err := Accept(context.Background(), failing{}, 7<<20); !fault.Has(err, "photo.too_large_file") {
		t.Errorf("a file that says that it is too large is not read: %v", err)
	}
	if _, err := Accept(context.Background(), failing{}, -1); !fault.Has(err, "photo.undecodable") {
		t.Errorf("a broken upload: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the line broke") }

// Every orientation, in both byte orders, comes out as the same upright picture.
func TestOrientation(t *testing.T) {
	upright := quadrants(400, 600)
	for o := 1; o <= 8; o++ {
		// The picture as a camera held that way stores it: turned back.
		inverse := map[int]int{6: 8, 8: 6}[o]
		if inverse == 0 {
			inverse = o
		}
		stored := encode(t, orient(upright, inverse))
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			p := accept(t, withAPP1(stored, exif(order, uint16(o))))
			img, err := jpeg.Decode(bytes.NewReader(p.JPEG))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join([]string{corner(img, false, false), corner(img, true, false), corner(img, true, true), corner(img, false, true)}, " ")
			if got != "red green blue yellow" || p.Width != 400 || p.Height != 600 {
				t.Errorf("orientation %d %v: %s, %d × %d", o, order, got, p.Width, p.Height)
			}
		}
	}
}

func TestNothingOfTheOriginalFileSurvives(t *testing.T) {
	data := append(withAPP1(encode(t, quadrants(400, 600)), exif(binary.BigEndian, 1)), "<script>alert(1)</script>PK\x03\x04"...)
	p := accept(t, data)
	for _, trace := range []string{"Exif", "GPS", "script", "PK\x03\x04"} {
		if bytes.Contains(p.JPEG, []byte(trace)) {
			t.Errorf("%q is still there", trace)
		}
	}
	if again := accept(t, data); again.SHA256 != p.SHA256 || len(p.SHA256) != 64 {
		t.Error("the same upload does not give the same picture")
	}
}

// Pictures of every kind of pixel come out in the right colours.
func TestKindsOfPixels(t *testing.T) {
	src := quadrants(400, 600)
	deep := image.NewNRGBA64(src.Bounds())
	clear := image.NewNRGBA(src.Bounds()) // quadrants on transparent ground
	grey := image.NewGray16(src.Bounds())
	indexed := image.NewPaletted(src.Bounds(), color.Palette{color.RGBA{230, 20, 20, 255}, color.RGBA{20, 200, 20, 255}, color.RGBA{20, 20, 230, 255}, color.RGBA{230, 220, 20, 255}})
	for y := range 600 {
		for x := range 400 {
			deep.Set(x, y, src.At(x, y))
			grey.Set(x, y, src.At(x, y))
			indexed.Set(x, y, src.At(x, y))
			if x < 200 {
				clear.Set(x, y, src.At(x, y))
			}
		}
	}
	animated := encodePNG(t, src)
	animated = append(append(append([]byte{}, animated[:33]...), chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0})...), animated[33:]...)
	for name, data := range map[string][]byte{"16 bits": encodePNG(t, deep), "palette": encodePNG(t, indexed), "animated": animated} {
		img, _ := jpeg.Decode(bytes.NewReader(accept(t, data).JPEG))
		if got := corner(img, false, false) + corner(img, true, true); got != "redblue" {
			t.Errorf("%s: %s", name, got)
		}
	}
	img, _ := jpeg.Decode(bytes.NewReader(accept(t, encodePNG(t, clear)).JPEG))
	if r, g, b, _ := img.At(300, 300).RGBA(); r < 0xF000 || g < 0xF000 || b < 0xF000 {
		t.Errorf("what is transparent is not white but %x %x %x", r>>8, g>>8, b>>8)
	}
	if p := accept(t, encodePNG(t, grey)); p.Width != 400 {
		t.Error("16 bits grey")
	}
}

// A print shop's CMYK file comes out red above and blue below, not inverted.
func TestCMYK(t *testing.T) {
	data, err := os.ReadFile("testdata/cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(accept(t, data).JPEG))
	if err != nil {
		t.Fatal(err)
	}
	if got := corner(img, false, false) + corner(img, false, true); got != "redblue" {
		t.Errorf("%s", got)
	}
}

// A camera's picture is brought down, and looks like the same picture.
func TestLargePicturesAreBroughtDown(t *testing.T) {
	jonas, _ := cast.ByID("jonas")
	src, _ := jpeg.Decode(bytes.NewReader(jonas.Portrait()))
	big := image.NewRGBA(image.Rect(0, 0, 3600, 4920))
	small := fit(src, 900, 1230)
	for y := range 4920 {
		for x := range 3600 {
			copy(big.Pix[y*big.Stride+4*x:][:4], small.Pix[(y/4)*small.Stride+4*(x/4):])
		}
	}
	data := encode(t, big)
	p := accept(t, data)
	if p.Width != 1200 || p.Height != 1640 {
		t.Errorf("kept at %d × %d", p.Width, p.Height)
	}
	if !Alike(p.Hash, accept(t, jonas.Portrait()).Hash) || !p.Verdict.OK {
		t.Errorf("it doesn't look like itself any more: %v", codes(p.Verdict))
	}
}

// The largest pictures allowed don't need more than what two of them may.
func TestMemoryIsBounded(t *testing.T) {
	img := image.NewGray16(image.Rect(0, 0, 5000, 8000))
	data := encodePNG(t, img)
	img = nil
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Accept(context.Background(), bytes.NewReader(data), int64(len(data))); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 400 {
		t.Errorf("one picture of 40 megapixels allocated %d MB", used)
	}
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	if err := places.Acquire(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	defer places.Release(2)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Accept(ctx, bytes.NewReader(encode(t, quadrants(400, 600))), -1)
	if !fault.Has(err, "photo.busy") {
		t.Errorf("%v", err)
	}
}

func TestCut(t *testing.T) {
	p := accept(t, encode(t, quadrants(1000, 1200)))
	for _, c := range []struct {
		crop Crop
		want string // colour of the middle of the cut's left and right half
	}{
		{Crop{}, "red green"},
		{Crop{Zoom: 8, X: -40, Y: -40}, "red red"},
		{Crop{Zoom: 8, X: 40, Y: -40}, "green green"},
	} {
		cut, err := Cut(context.Background(), p.JPEG, c.crop)
		if err != nil {
			t.Fatal(err)
		}
		img, _ := jpeg.Decode(bytes.NewReader(cut.JPEG))
		if cut.Width != 600 || cut.Height != 820 || img.Bounds().Dx() != 600 {
			t.Errorf("%v: %d × %d", c.crop, cut.Width, cut.Height)
		}
		if got := corner(img, false, false) + " " + corner(img, true, false); got != c.want {
			t.Errorf("%v shows %s, want %s", c.crop, got, c.want)
		}
	}
}

func TestCropStopsAtTheEdge(t *testing.T) {
	for _, size := range []image.Point{{1200, 1640}, {1200, 900}, {300, 410}, {300, 1640}, {437, 411}} {
		for _, c := range []Crop{{}, {X: 99}, {X: -99, Y: 99, Zoom: 3}, {Zoom: 99}, {Zoom: -5}} {
			in := c.Within(size.X, size.Y)
			if in != in.Within(size.X, size.Y) {
				t.Errorf("%v in %v is not settled: %v", c, size, in)
			}
			b := c.box(size.X, size.Y)
			if !b.In(image.Rectangle{Max: size}) || b.Empty() {
				t.Errorf("%v of %v is %v", c, size, b)
			}
			if ratio := float64(b.Dx()) / float64(b.Dy()); ratio < 0.72 || ratio > 0.743 {
				t.Errorf("%v of %v has the shape %.3f", c, size, ratio)
			}
			if in.X > 0 {
				back := in
				back.X--
				if back.box(size.X, size.Y) == b {
					t.Errorf("%v of %v: the way back does nothing", in, size)
				}
			}
		}
	}
}

func FuzzOrientation(f *testing.F) {
	for o := range uint16(10) {
		f.Add(exif(binary.LittleEndian, o))
		f.Add(exif(binary.BigEndian, o))
	}
	whole := exif(binary.BigEndian, 6)
	for i := range whole {
		f.Add(whole[:i])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 0 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

func FuzzAccept(f *testing.F) {
	jonas, _ := cast.ByID("jonas")
	f.Add(jonas.Portrait())
	f.Add(pngHeader(400, 600, 8, 2))
	for _, file := range phototest.Light() {
		if len(file.Data) < 2500 {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Accept(context.Background(), bytes.NewReader(b), -1)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("refused as if it were our fault: %v", err)
			}
			return
		}
		again, err := Accept(context.Background(), bytes.NewReader(p.JPEG), -1)
		if err != nil || again.Width != p.Width || again.Height != p.Height {
			t.Errorf("what was kept is not taken in as it is: %v", err)
		}
		if p.Width > KeptWidth || p.Height > KeptHeight {
			t.Errorf("kept at %d × %d", p.Width, p.Height)
		}
	})
}
