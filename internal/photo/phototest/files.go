package phototest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
)

// Canary stands in what must not survive: places, names, scripts, other files.
const Canary = "kvcanary"

// What becomes of a file: it is taken in, or refused with this code.
const (
	Taken       = ""
	Format      = "photo.not_jpeg_or_png"
	Undecodable = "photo.undecodable"
	Large       = "photo.too_large_file"
	Pixels      = "photo.too_many_pixels"
	Small       = "photo.too_small"
	Strip       = "photo.strip"
)

// File is one of them.
type File struct {
	Name string
	Data []byte
	Code string // of the refusal; Taken
	W, H int    // of what is kept, upright, when it is taken
	Sent string // the name and the media type that a liar gives it
	Type string
}

const width, height = 320, 440

// Portrait is a grey wall and an ellipse on it.
func Portrait(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			dx, dy := float64(2*x-w)/float64(w), float64(2*y-h)/float64(h)
			c := color.RGBA{225, 226, 228, 255}
			if dx*dx+dy*dy < 0.4 {
				c = color.RGBA{uint8(150 + (x*7+y*3)%40), 120, 100, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// AsJPEG and AsPNG encode.
func AsJPEG(img image.Image) []byte {
	return written(func(b *bytes.Buffer) error { return jpeg.Encode(b, img, nil) })
}

func AsPNG(img image.Image) []byte {
	return written(func(b *bytes.Buffer) error { return png.Encode(b, img) })
}

func written(encode func(*bytes.Buffer) error) []byte {
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		panic(err) // pictures of ours, into memory
	}
	return b.Bytes()
}

// Files makes all of them.
func Files() []File { return append(Light(), greedy()...) }

// Light are those that are quickly made and read: all but the greedy ones.
func Light() []File {
	soundJPEG, soundPNG := AsJPEG(Portrait(width, height)), AsPNG(Portrait(width, height))
	return slices.Concat(sound(soundJPEG, soundPNG), cut(soundJPEG, soundPNG), kinds(), sizes(soundJPEG),
		laden(soundJPEG, soundPNG), polyglots(soundJPEG, soundPNG), foreign(), broken(soundJPEG, soundPNG))
}

func taken(name string, data []byte) File { return File{Name: name, Data: data, W: width, H: height} }

func refused(code, name string, data []byte) File { return File{Name: name, Data: data, Code: code} }

// sound files, some with a name and a type that lie.
func sound(j, p []byte) []File {
	liar := func(name string, data []byte, sent, kind string) File {
		f := taken(name, data)
		f.Sent, f.Type = sent, kind
		return f
	}
	out := []File{
		taken("a JPEG", j), taken("a PNG", p),
		liar("a JPEG called PNG", j, "me.png", "image/png"), liar("a PNG called JPEG", p, "me.jpg", "image/jpeg"),
		liar("a JPEG called a page", j, "me.html", "text/html"), liar("a JPEG called a script", j, "me.svg", "image/svg+xml"),
		liar("a JPEG whose name climbs", j, "../../../../etc/cron.d/kv.jpg", "image/jpeg"),
		liar("a JPEG whose name is a Windows path", j, `C:\Windows\..\con.jpg`, "image/jpeg"),
		liar("a JPEG whose name is markup", j, `"><script>`+Canary+`</script>.jpg`, "image/jpeg"),
		liar("a JPEG whose name is a header", j, "a\r\nSet-Cookie: "+Canary+"=1.jpg", "image/jpeg"),
		liar("a JPEG with a long name", j, strings.Repeat("å", 2000)+".jpg", "image/jpeg"),
		liar("a JPEG without a type", j, "me", ""),
	}
	for o := uint16(0); o <= 9; o++ {
		f := taken(fmt.Sprintf("EXIF orientation %d", o), With(j, 0xE1, EXIF(binary.BigEndian, o, nil)))
		if o >= 5 && o <= 8 {
			f = taken(f.Name, With(AsJPEG(Portrait(height, width)), 0xE1, EXIF(binary.LittleEndian, o, nil)))
		}
		out = append(out, f)
	}
	return out
}

// cut short, at each tenth and at the ends.
func cut(j, p []byte) []File {
	var out []File
	for i := 1; i < 10; i++ {
		out = append(out,
			refused(Undecodable, fmt.Sprintf("a JPEG, %d tenths", i), j[:len(j)*i/10]),
			refused(Undecodable, fmt.Sprintf("a PNG, %d tenths", i), p[:len(p)*i/10]))
	}
	return append(out,
		refused(Format, "nothing", nil), refused(Format, "one byte", []byte{0xFF}), refused(Format, "two bytes", []byte{0xFF, 0xD8}),
		refused(Undecodable, "three bytes", []byte{0xFF, 0xD8, 0xFF}), refused(Undecodable, "the PNG magic", []byte(pngMagic)),
		refused(Undecodable, "a JPEG without its last two bytes", j[:len(j)-2]), refused(Undecodable, "a PNG without its last chunk", p[:len(p)-13]))
}

// kinds of both formats that exist.
func kinds() []File {
	j := func(name, code string, k JPEG) File {
		k.W, k.H = width, height
		return File{Name: name, Data: k.Bytes(), Code: code, W: width, H: height}
	}
	p := func(name, code string, k PNG) File {
		k.W, k.H, k.Pixels = width, height, -1
		return File{Name: name, Data: k.Bytes(), Code: code, W: width, H: height}
	}
	out := []File{
		j("baseline", Taken, JPEG{Adobe: -1}), j("grey", Taken, JPEG{Components: 1, Adobe: -1}),
		j("RGB", Taken, JPEG{Adobe: 0}), j("CMYK", Taken, JPEG{Components: 4, Adobe: 0}), j("YCCK", Taken, JPEG{Components: 4, Adobe: 2}),
		j("extended", Taken, JPEG{Frame: 0xC1, Adobe: -1}), j("with restarts", Taken, JPEG{Restart: 7, Adobe: -1}),
		j("4:2:0", Taken, JPEG{Sampling: []byte{0x22, 0x11, 0x11}, Adobe: -1}), j("4:2:2", Taken, JPEG{Sampling: []byte{0x21, 0x11, 0x11}, Adobe: -1}),
		j("progressive", Taken, JPEG{Frame: 0xC2, Adobe: -1}), j("progressive of ten scans", Taken, JPEG{Frame: 0xC2, Scans: 10, Adobe: -1}),
		j("progressive CMYK", Taken, JPEG{Frame: 0xC2, Components: 4, Adobe: 0}),
		j("12 bits", Undecodable, JPEG{Frame: 0xC1, Precision: 12, Adobe: -1}), j("arithmetic", Undecodable, JPEG{Frame: 0xC9, Adobe: -1}),
		j("progressive arithmetic", Undecodable, JPEG{Frame: 0xCA, Adobe: -1}), j("lossless", Undecodable, JPEG{Frame: 0xC3, Adobe: -1}),
		j("hierarchical", Undecodable, JPEG{Frame: 0xC5, Adobe: -1}), j("two components", Undecodable, JPEG{Components: 2, Adobe: -1}),
		j("five components", Undecodable, JPEG{Components: 5, Adobe: -1}), j("sampled by nothing", Undecodable, JPEG{Sampling: []byte{0x00, 0x11, 0x11}, Adobe: -1, Header: true}),
		p("palette without colours", Undecodable, PNG{Depth: 8, Kind: 3}), p("RGBA of four bits", Undecodable, PNG{Depth: 4, Kind: 6}),
		p("an unknown kind", Undecodable, PNG{Depth: 8, Kind: 5}),
	}
	for _, k := range [][2]int{{1, 0}, {2, 0}, {4, 0}, {8, 0}, {16, 0}, {8, 2}, {16, 2}, {8, 4}, {16, 4}, {8, 6}, {16, 6}} {
		out = append(out,
			p(fmt.Sprintf("PNG of %d bits, kind %d", k[0], k[1]), Taken, PNG{Depth: k[0], Kind: k[1]}),
			p(fmt.Sprintf("interlaced PNG of %d bits, kind %d", k[0], k[1]), Taken, PNG{Depth: k[0], Kind: k[1], Interlaced: true}))
	}
	return out
}

// sizes that a header names, mostly without the pixels for it.
func sizes(j []byte) []File {
	var out []File
	for _, s := range [][2]int{{65500, 65500}, {65535, 65535}, {65535, 1}, {1, 65535}, {8001, 500}, {500, 8001}, {6400, 6450}} {
		name := fmt.Sprintf("%d × %d", s[0], s[1])
		out = append(out,
			refused(Pixels, "JPEG "+name, JPEG{W: s[0], H: s[1], Adobe: -1, Header: true}.whole()),
			refused(Pixels, "progressive "+name, JPEG{Frame: 0xC2, W: s[0], H: s[1], Adobe: -1, Header: true}.whole()),
			refused(Pixels, "PNG "+name, PNG{W: s[0], H: s[1], Depth: 8, Kind: 2}.Bytes()))
	}
	for _, s := range [][2]int{{299, 440}, {320, 409}, {1, 1}, {440, 320}} {
		out = append(out,
			refused(Small, fmt.Sprintf("JPEG %d × %d", s[0], s[1]), JPEG{W: s[0], H: s[1], Adobe: -1}.Bytes()),
			refused(Small, fmt.Sprintf("PNG %d × %d", s[0], s[1]), PNG{W: s[0], H: s[1], Depth: 8, Kind: 2, Pixels: -1}.Bytes()))
	}
	for _, s := range [][2]int{{8000, 410}, {3000, 1000}, {300, 1700}, {410, 8000}} {
		out = append(out, refused(Strip, fmt.Sprintf("a strip of %d × %d", s[0], s[1]), JPEG{W: s[0], H: s[1], Adobe: -1}.Bytes()))
	}
	return append(out,
		refused(Small, "JPEG without height", JPEG{W: width, Adobe: -1}.Bytes()),
		refused(Small, "JPEG without width", JPEG{H: height, Adobe: -1}.Bytes()),
		refused(Undecodable, "PNG of 0 × 0", PNG{Depth: 8, Kind: 2}.Bytes()),
		refused(Undecodable, "PNG of 4294967295 × 4294967295", PNG{W: -1, H: -1, Depth: 8, Kind: 2}.Bytes()),
		refused(Undecodable, "PNG of 2147483647 × 2147483647", PNG{W: 1<<31 - 1, H: 1<<31 - 1, Depth: 16, Kind: 6}.Bytes()),
		refused(Large, "a JPEG and six megabytes", append(slices.Clone(j), make([]byte, 6<<20)...)),
		refused(Large, "six megabytes of nothing", make([]byte, 6<<20)))
}

// whole puts a scan without content behind a header, so that the segments are all there.
func (j JPEG) whole() []byte {
	return append(segment(j.Bytes(), 0xDA, []byte{3, 1, 0, 2, 0, 3, 0, 0, 63, 0}), 0xFF, 0xD9)
}

// greedy files are small and ask for a large memory, or for long work, within the limits of sizes.
func greedy() []File {
	bomb := func(kind, before string) []byte { return Chunk(kind, append([]byte(before), Zeroes(64<<20)...)) }
	flat := PNG{W: width, H: height, Depth: 8, Kind: 2, Pixels: -1}
	text, profile, international := flat, flat, flat
	text.Before = bomb("zTXt", "Comment\x00\x00")
	profile.Before = bomb("iCCP", "icc\x00\x00")
	international.Before = bomb("iTXt", "Comment\x00\x01\x00\x00\x00")
	surplus := flat
	surplus.Pixels = 64 << 20
	f := func(name, code string, w, h int, data []byte) File {
		return File{Name: name, Code: code, W: w, H: h, Data: data}
	}
	return []File{
		taken("a bomb in zTXt", text.Bytes()), taken("a bomb in iCCP", profile.Bytes()), taken("a bomb in iTXt", international.Bytes()),
		refused(Undecodable, "64 MB behind the pixels", surplus.Bytes()),
		f("40 megapixels of 64 bits", Taken, 1025, 1640, PNG{W: 5000, H: 8000, Depth: 16, Kind: 6, Pixels: -1}.Bytes()),
		f("40 megapixels of 64 bits, interlaced", Pixels, 0, 0, PNG{W: 5000, H: 8000, Depth: 16, Kind: 6, Interlaced: true, Pixels: -1}.Bytes()),
		f("40 megapixels, 4:2:0", Taken, 1025, 1640, JPEG{W: 5000, H: 8000, Sampling: []byte{0x22, 0x11, 0x11}, Adobe: -1}.Bytes()),
		f("40 megapixels, progressive 4:4:4", Pixels, 0, 0, JPEG{Frame: 0xC2, W: 5000, H: 8000, Adobe: -1}.Bytes()),
		f("40 megapixels, progressive CMYK", Pixels, 0, 0, JPEG{Frame: 0xC2, W: 5000, H: 8000, Components: 4, Adobe: 0}.Bytes()),
		f("20 megapixels, progressive, a thousand scans", Undecodable, 0, 0,
			JPEG{Frame: 0xC2, W: 4000, H: 5000, Sampling: []byte{0x22, 0x11, 0x11}, Scans: 1000, Adobe: -1}.Bytes()),
	}
}

// laden files carry what nobody should learn.
func laden(j, p []byte) []File {
	thumbnail := AsJPEG(Portrait(16, 22))
	exif := EXIF(binary.BigEndian, 1, thumbnail)
	canary := []byte(Canary)
	text := func(s string) []byte { return append([]byte(s), canary...) }
	return []File{
		taken("GPS, a name and a thumbnail", With(j, 0xE1, exif)),
		taken("the same twice", With(With(j, 0xE1, exif), 0xE1, exif)),
		taken("XMP", With(j, 0xE1, text("http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>"))),
		taken("IPTC", With(j, 0xED, text("Photoshop 3.0\x008BIM\x04\x04"))),
		taken("a colour profile", With(j, 0xE2, text("ICC_PROFILE\x00\x01\x01"))),
		taken("several pictures (MPF)", With(j, 0xE2, text("MPF\x00II*\x00"))),
		taken("a comment", With(j, 0xFE, canary)),
		taken("every application segment", func() []byte {
			all := j
			for m := byte(0xE3); m <= 0xEF; m++ {
				if m != 0xEE {
					all = With(all, m, canary)
				}
			}
			return all
		}()),
		taken("EXIF that points outside", With(j, 0xE1, append(exif[:10:10], 0xFF, 0xFF, 0xFF, 0xF0))),
		taken("EXIF that points at itself", With(j, 0xE1, append(exif[:10:10], 0, 0, 0, 0))),
		taken("EXIF with 65535 entries", With(j, 0xE1, append(exif[:10:10], 0, 0, 0, 8, 0xFF, 0xFF))),
		taken("EXIF of nothing", With(j, 0xE1, []byte("Exif\x00\x00"))),
		taken("PNG with EXIF", behindHeader(p, Chunk("eXIf", exif[6:]))),
		taken("PNG with a name and a script", behindHeader(p, Chunk("tEXt", text("Author\x00")), Chunk("iTXt", text("XML:com.adobe.xmp\x00\x00\x00\x00\x00<script>")))),
		taken("PNG with a time and a place", behindHeader(p, Chunk("tIME", []byte{7, 234, 11, 21, 6, 0, 0}), Chunk("zTXt", text("Place\x00\x00")))),
		taken("animated PNG", behindHeader(p, Chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}),
			Chunk("fcTL", append(make([]byte, 4), 0, 0, 1, 64, 0, 0, 1, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0)))),
		taken("PNG with chunks of nobody's", behindHeader(p, Chunk("kvNx", canary), Chunk("dSIG", canary))),
	}
}

// polyglots are something else as well.
func polyglots(j, p []byte) []File {
	zip := "PK\x03\x04\x14\x00" + Canary + "PK\x05\x06" + strings.Repeat("\x00", 18)
	html := "<html><body><script>" + Canary + "</script>"
	behind := func(data []byte, s string) []byte { return append(slices.Clone(data), s...) }
	comment := func(s string) []byte { return With(j, 0xFE, []byte(s)) }
	return []File{
		taken("JPEG and page", behind(j, html)), taken("page in a JPEG's comment", comment("--><"+html)),
		taken("JPEG and zip", behind(j, zip)), taken("JPEG and jar", behind(j, zip+"META-INF/MANIFEST.MF")),
		taken("JPEG and PDF", behind(j, "%PDF-1.7 "+Canary)), taken("PDF in a JPEG's comment", comment("%PDF-1.4 "+Canary)),
		taken("JPEG and PHP", comment("<?php "+Canary+" ?>")), taken("JPEG and shell", behind(j, "\n#!/bin/sh\n"+Canary)),
		taken("JPEG and another JPEG", append(slices.Clone(j), comment(Canary)...)),
		taken("JPEG and script", comment("*/="+Canary+";/*")),
		taken("PNG and page", behind(p, html)), taken("PNG and zip", behind(p, zip)),
		taken("PNG with a page in tEXt", behindHeader(p, Chunk("tEXt", []byte("Comment\x00"+html)))),
		refused(Format, "GIF and jar", append(foreignGIF(), zip...)), refused(Format, "zip and JPEG", append([]byte(zip), j...)),
		refused(Format, "page and JPEG", append([]byte(html), j...)), refused(Format, "PDF and JPEG", append([]byte("%PDF-1.7\n"), j...)),
		refused(Format, "a blank and a JPEG", append([]byte(" "), j...)), refused(Format, "a byte order mark and a PNG", append([]byte("\xEF\xBB\xBF"), p...)),
	}
}

func foreignGIF() []byte {
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black})
	return written(func(b *bytes.Buffer) error { return gif.Encode(b, img, nil) })
}

// foreign formats, by what they begin with.
func foreign() []File {
	var out []File
	for name, data := range map[string]string{
		"GIF": string(foreignGIF()), "WebP": "RIFF\x24\x00\x00\x00WEBPVP8 ", "HEIC": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
		"AVIF": "\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", "BMP": "BM\x36\x00\x00\x00", "TIFF": "II*\x00\x08\x00\x00\x00", "big TIFF": "MM\x00\x2b",
		"JPEG 2000": "\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG XL": "\xFF\x0A\x00", "icon": "\x00\x00\x01\x00", "PDF": "%PDF-1.7\n",
		"SVG":             `<svg xmlns="http://www.w3.org/2000/svg" onload="` + Canary + `"/>`,
		"SVG of entities": `<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "` + Canary + `"><!ENTITY b "&a;&a;">]><svg>&b;</svg>`,
		"page":            "<html><script>" + Canary + "</script>", "text": "Hej", "zip": "PK\x03\x04", "program": "\x7fELF\x02\x01\x01", "Windows program": "MZ\x90\x00",
		"PostScript": "%!PS-Adobe-3.0", "video": "\x00\x00\x00\x20ftypisom", "ImageMagick script": "push graphic-context\nfill 'url(https://127.0.0.1/" + Canary + ")'",
	} {
		out = append(out, refused(Format, name, []byte(data)))
	}
	slices.SortFunc(out, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// broken files have parts that lie.
func broken(j, p []byte) []File {
	longer := slices.Clone(p)
	copy(longer[8:], []byte{0x7F, 0xFF, 0xFF, 0xFF})
	pixels := bytes.Index(p, []byte("IDAT")) - 4
	huge := slices.Clone(p)
	copy(huge[pixels:], []byte{0xFF, 0xFF, 0xFF, 0xF0})
	sum := slices.Clone(p)
	sum[pixels+12] ^= 0x55
	scan := bytes.Index(j, []byte{0xFF, 0xDA})
	noise := slices.Clone(j)
	for i := scan + 14; i < len(noise)-2; i += 3 {
		noise[i] = byte(i * 7)
	}
	frame := bytes.Index(j, []byte{0xFF, 0xC0})
	second := slices.Insert(slices.Clone(j), frame, j[frame:frame+19]...)
	table := slices.Clone(j)
	copy(table[bytes.Index(j, []byte{0xFF, 0xC4})+5:], bytes.Repeat([]byte{0xFF}, 16))
	return []File{
		refused(Undecodable, "PNG whose header is longer than the file", longer), refused(Undecodable, "PNG whose pixels are longer than the file", huge),
		refused(Undecodable, "PNG with a wrong sum", sum), refused(Undecodable, "PNG with two headers", behindHeader(p, p[8:33])),
		refused(Undecodable, "PNG without pixels", append(slices.Clone(p[:pixels]), Chunk("IEND", nil)...)),
		refused(Undecodable, "PNG of noise", append(append(slices.Clone(p[:pixels]), Chunk("IDAT", []byte("not compressed"))...), Chunk("IEND", nil)...)),
		refused(Undecodable, "JPEG of noise", noise), refused(Undecodable, "JPEG with two frames", second),
		refused(Undecodable, "JPEG with overlong tables", table), refused(Undecodable, "JPEG without a frame", slices.Delete(slices.Clone(j), frame, frame+19)),
		refused(Undecodable, "JPEG whose segment is longer than the file", With(j, 0xE1, []byte("x"))[:4]),
		refused(Undecodable, "JPEG of markers", bytes.Repeat([]byte{0xFF, 0xD8}, 1000)),
		refused(Undecodable, "JPEG of filling", append([]byte{0xFF, 0xD8}, bytes.Repeat([]byte{0xFF}, 1<<20)...)),
		refused(Undecodable, "JPEG of empty segments", append([]byte{0xFF, 0xD8}, bytes.Repeat([]byte{0xFF, 0xFE, 0, 2}, 1<<18)...)),
	}
}
