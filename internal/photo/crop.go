package photo

import (
	"image"
	"math"
)

// Crop says which part of a picture the card shows, in steps of the buttons that
// move it. The zero value is the largest part of the card's shape, from the
// middle. X to the right and Y downwards move by a twentieth of the part, each
// Zoom makes it a tenth smaller.
type Crop struct {
	X    int `json:"x,omitempty"`
	Y    int `json:"y,omitempty"`
	Zoom int `json:"zoom,omitempty"`
}

const (
	maxZoom   = 10
	moveParts = 20
)

// Within gives the crop that has the same effect on a picture of that size
// without steps beyond its edges, so that the button back answers at once.
func (c Crop) Within(w, h int) Crop {
	c.Zoom = c.zoom(w, h)
	size := c.size(w, h)
	steps := func(v, slack, part int) int {
		most := int(math.Ceil(float64(slack) / 2 / (float64(part) / moveParts)))
		return min(max(v, -most), most)
	}
	c.X = steps(c.X, w-size.X, size.X)
	c.Y = steps(c.Y, h-size.Y, size.Y)
	return c
}

// zoom goes no further than the pixels that the card needs.
func (c Crop) zoom(w, h int) int {
	z := min(max(c.Zoom, 0), maxZoom)
	for z > 0 && (Crop{Zoom: z}).size(w, h).X < MinWidth {
		z--
	}
	return z
}

// size is the size of the part shown, without regard to the limits of zoom.
func (c Crop) size(w, h int) image.Point {
	fw := min(float64(w), float64(h)*CutWidth/CutHeight) * math.Pow(0.9, float64(c.Zoom))
	return image.Pt(max(1, int(fw)), max(1, min(h, int(math.Round(fw*CutHeight/CutWidth)))))
}

func (c Crop) box(w, h int) image.Rectangle {
	c = c.Within(w, h)
	size := c.size(w, h)
	place := func(steps, slack, part int) int {
		v := float64(slack)/2 + float64(steps)*float64(part)/moveParts
		return min(max(int(math.Round(v)), 0), slack)
	}
	at := image.Pt(place(c.X, w-size.X, size.X), place(c.Y, h-size.Y, size.Y))
	return image.Rectangle{Min: at, Max: at.Add(size)}
}

// source is the size of a picture as it came.
type source struct{ w, h int }

// portrait is the size of the part that the card shows without any cropping.
func (s source) portrait() image.Point { return Crop{}.box(s.w, s.h).Size() }
