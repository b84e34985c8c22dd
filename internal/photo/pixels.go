package photo

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// fit brings any decoded picture to eight bits on white, no larger than w × h.
func fit(src image.Image, w, h int) *image.RGBA {
	b := src.Bounds()
	n := 1
	for b.Dx()/(n+1) >= w || b.Dy()/(n+1) >= h {
		n++
	}
	img := reduce(src, n)
	if iw, ih := img.Bounds().Dx(), img.Bounds().Dy(); iw > w || ih > h {
		if iw*h > ih*w { // wider than the frame
			return scale(img, w, max(1, (ih*w+iw/2)/iw))
		}
		return scale(img, max(1, (iw*h+ih/2)/ih), h)
	}
	return img
}

// reduce draws the picture on white and takes the mean of each n × n square. It
// goes band by band, so that the full-size picture is never held twice.
func reduce(src image.Image, n int) *image.RGBA {
	b := src.Bounds()
	w, h := max(1, b.Dx()/n), max(1, b.Dy()/n)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	band := image.NewRGBA(image.Rect(0, 0, w*n, n))
	sums := make([]int, 3*w)
	for y := range h {
		draw.Draw(band, band.Bounds(), image.White, image.Point{}, draw.Src)
		draw.Draw(band, band.Bounds(), src, image.Pt(b.Min.X, b.Min.Y+y*n), draw.Over)
		clear(sums)
		for by := range n {
			row := band.Pix[by*band.Stride:]
			for x := range w * n {
				s := sums[3*(x/n):]
				s[0] += int(row[4*x])
				s[1] += int(row[4*x+1])
				s[2] += int(row[4*x+2])
			}
		}
		out := dst.Pix[y*dst.Stride:]
		for x := range w {
			for c := range 3 {
				out[4*x+c] = uint8((sums[3*x+c] + n*n/2) / (n * n))
			}
			out[4*x+3] = 255
		}
	}
	return dst
}

func scale(src *image.RGBA, w, h int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	if src.Bounds().Dx() == w && src.Bounds().Dy() == h {
		draw.Draw(dst, dst.Bounds(), src, src.Bounds().Min, draw.Src)
		return dst
	}
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// crop shares the pixels of src.
func crop(src *image.RGBA, r image.Rectangle) *image.RGBA {
	return src.SubImage(r.Add(src.Bounds().Min)).(*image.RGBA)
}

// orient turns and mirrors as the EXIF orientation o says.
func orient(src *image.RGBA, o int) *image.RGBA {
	if o <= 1 || o > 8 {
		return src
	}
	w, h := src.Bounds().Dx(), src.Bounds().Dy()
	dw, dh := w, h
	if o >= 5 {
		dw, dh = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range dh {
		for x := range dw {
			sx, sy := x, y
			switch o {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(dst.Pix[y*dst.Stride+4*x:][:4], src.Pix[sy*src.Stride+4*sx:])
		}
	}
	return dst
}

// grey is a picture's brightness, 0 to 255, row by row.
type grey struct {
	w, h int
	v    []float64
}

func brightness(img *image.RGBA) grey {
	b := img.Bounds()
	g := grey{b.Dx(), b.Dy(), make([]float64, b.Dx()*b.Dy())}
	for y := range g.h {
		row := img.Pix[y*img.Stride:]
		for x := range g.w {
			yy, _, _ := color.RGBToYCbCr(row[4*x], row[4*x+1], row[4*x+2])
			g.v[y*g.w+x] = float64(yy)
		}
	}
	return g
}

// part is a rectangle given in per cent of the picture.
func (g grey) part(x0, y0, x1, y1 int) grey {
	l, t, r, b := x0*g.w/100, y0*g.h/100, x1*g.w/100, y1*g.h/100
	out := grey{r - l, b - t, make([]float64, 0, (r-l)*(b-t))}
	for y := t; y < b; y++ {
		out.v = append(out.v, g.v[y*g.w+l:y*g.w+r]...)
	}
	return out
}
