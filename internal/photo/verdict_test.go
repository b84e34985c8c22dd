package photo

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/kortverk/kortverk/internal/cast"
)

func accept(t *testing.T, data []byte) Picture {
	t.Helper()
	p, err := Accept(context.Background(), bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	return p
}

func encode(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// spoilt is a portrait with each pixel changed.
func spoilt(t *testing.T, p cast.Person, change func(x, y float64, v uint8) int) []byte {
	t.Helper()
	src, err := jpeg.Decode(bytes.NewReader(p.Portrait()))
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(src.Bounds())
	draw.Draw(img, img.Bounds(), src, image.Point{}, draw.Src)
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	for y := range h {
		for x := range w {
			px := img.Pix[y*img.Stride+4*x:]
			for c := range 3 {
				px[c] = uint8(min(max(change(float64(x)/float64(w), float64(y)/float64(h), px[c]), 0), 255))
			}
		}
	}
	return encode(t, img)
}

func codes(v Verdict) []string {
	var out []string
	for _, c := range v.Checks {
		if c.Level != OK {
			out = append(out, c.Code)
		}
	}
	return out
}

func show(t *testing.T, name string, data []byte) {
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	img := fit(src, KeptWidth, KeptHeight)
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	m := measure(crop(img, Crop{}.box(w, h)), w, h)
	t.Logf("%-18s top %3.0f face %3.0f blown %.2f sharp %.4f uneven %.2f pale %3.0f spread %4.1f corners %4.1f lost %.2f",
		name, m.top, m.face, m.blown, m.sharp, m.uneven, m.pale, m.spread, m.corners, m.lost)
}

// Rows: 27
func TestMeasures(t *testing.T) {
	want := func(p cast.Person, name string, data []byte, finding string) {
		t.Helper()
		show(t, p.ID+" "+name, data)
		v := accept(t, data).Verdict
		if finding == "" {
			if !v.OK || len(codes(v)) > 0 {
				t.Errorf("%s: a good portrait is advised against: %v", p.ID, codes(v))
			}
			return
		}
		if v.OK || !slices.Contains(codes(v), finding) {
			t.Errorf("%s %s: found %v, want %s", p.ID, name, codes(v), finding)
		}
	}
	for i, p := range cast.People() {
		want(p, "good", p.Portrait(), "")
		if i%3 != 0 {
			continue // the spoilt copies of every third person are enough
		}
		want(p, "blurred", p.BlurredPortrait(), "sharp_blurred")
		want(p, "dark", p.DarkPortrait(), "light_dark")
		want(p, "bright", spoilt(t, p, func(_, _ float64, v uint8) int { return int(v)*3 + 120 }), "light_bright")
		want(p, "shadow", spoilt(t, p, func(x, _ float64, v uint8) int {
			if x < 0.5 {
				return int(v)
			}
			return int(v) * 6 / 10
		}), "even_shadow")
		want(p, "grey wall", spoilt(t, p, func(_, _ float64, v uint8) int {
			if v > 240 {
				return 120
			}
			return int(v)
		}), "background_dark")
		want(p, "brick wall", spoilt(t, p, func(x, y float64, v uint8) int {
			if v > 240 && int(x*40)%2 == int(y*40)%2 {
				return 185
			}
			return int(v)
		}), "background_uneven")
	}
}

func TestShapeAndSizeAreAdvice(t *testing.T) {
	p, _ := cast.ByID("jonas")
	src, _ := jpeg.Decode(bytes.NewReader(p.Portrait()))
	small := encode(t, scale(fit(src, 900, 1230), 310, 424))
	if got := codes(accept(t, small).Verdict); !slices.Contains(got, "size_small") {
		t.Errorf("310 × 424 is small, found %v", got)
	}
	wide := image.NewRGBA(image.Rect(0, 0, 1800, 900))
	draw.Draw(wide, wide.Bounds(), image.NewUniform(color.Gray{240}), image.Point{}, draw.Src)
	if got := codes(accept(t, encode(t, wide)).Verdict); !slices.Contains(got, "shape_wrong") {
		t.Errorf("a picture lying on its side loses its sides, found %v", got)
	}
}

func TestVerdictIsKeptAsJSON(t *testing.T) {
	p, _ := cast.ByID("jonas")
	v := accept(t, p.DarkPortrait()).Verdict
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var back Verdict
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if got, want := codes(back), codes(v); !slices.Equal(got, want) || back.OK != v.OK || back.TitleKey() != "photo.check.light_dark" {
		t.Errorf("came back as %s", b)
	}
}

func TestHashTellsPicturesApart(t *testing.T) {
	var hashes []uint64
	people := cast.People()
	for _, p := range people {
		data := p.Portrait()
		h := accept(t, data).Hash
		src, _ := jpeg.Decode(bytes.NewReader(data))
		var b bytes.Buffer
		_ = jpeg.Encode(&b, scale(fit(src, 900, 1230), 480, 656), &jpeg.Options{Quality: 55})
		if again := accept(t, b.Bytes()).Hash; !Alike(h, again) {
			t.Errorf("%s: a smaller copy is not recognised, %016x %016x", p.ID, h, again)
		}
		for i, other := range hashes {
			if Alike(h, other) {
				t.Errorf("%s and %s are taken for one picture", p.ID, people[i].ID)
			}
		}
		hashes = append(hashes, h)
	}
}
