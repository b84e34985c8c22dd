package order

import (
	"flag"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/states/line.svg and line.md")

// The picture and the table of the walk in docs/states are made from the transitions: go test ./internal/order -update
func TestPictureIsMadeFromTheTransitions(t *testing.T) {
	for name, content := range map[string]string{"line.svg": drawStates(), "line.md": describeStates()} {
		path := filepath.Join("..", "..", "docs", "states", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil || string(have) != content {
			t.Errorf("%s isn't what the transitions say (%v); run: go test ./internal/order -update", path, err)
		}
	}
}

func describeStates() string {
	var b strings.Builder
	b.WriteString("# States of an order line\n\nMade from `internal/order/state.go` by `go test ./internal/order -update`. What isn't listed is refused.\n\n" +
		"![The walk of a line](line.svg)\n\n| from | event | to |\n|---|---|---|\n")
	for _, tr := range transitions {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", tr.From, tr.On, tr.To)
	}
	return b.String()
}

type point struct{ x, y float64 }

const (
	boxWidth, boxHeight = 190.0, 56.0
	stepX, stepY        = 310.0, 190.0
	margin              = 40.0
)

// places are columns and rows.
var places = map[State]point{
	Draft: {-0.35, 1}, Ordered: {1, 1}, AwaitingCardholder: {2, 1}, Approved: {3, 1}, InProduction: {4, 1}, Produced: {5, 1},
	RejectedByReviewer: {0.7, 0}, RejectedByCardholder: {2.2, 2}, Cancelled: {0.85, 2},
}

// bends are the arrows that must go round a box, as parts of their length.
var bends = map[[2]State]float64{
	{Approved, RejectedByReviewer}: -0.22, {InProduction, RejectedByReviewer}: -0.24, {RejectedByReviewer, Cancelled}: -0.27,
	{AwaitingCardholder, Cancelled}: 0.28, {RejectedByCardholder, Ordered}: 0.02, {RejectedByCardholder, Cancelled}: 0.02,
}

func (p point) centre() point {
	return point{margin + boxWidth/2 + (p.x+0.35)*stepX, margin + boxHeight/2 + p.y*stepY}
}

func drawStates() string {
	var b strings.Builder
	width, height := 2*margin+boxWidth+5.35*stepX, 2*margin+boxHeight+2*stepY
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="14" text-anchor="middle">`+"\n", width, height)
	b.WriteString("<title>The walk of an order line</title>\n" +
		`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#44505c"/></marker></defs>` + "\n" +
		`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	edges := map[[2]State][]string{}
	var keys [][2]State
	for _, tr := range transitions {
		k := [2]State{tr.From, tr.To}
		if edges[k] == nil {
			keys = append(keys, k)
		}
		edges[k] = append(edges[k], string(tr.On))
	}
	for _, k := range keys {
		if k[0] != k[1] {
			drawEdge(&b, k, edges[k])
		}
	}
	for _, s := range States() {
		drawState(&b, s, edges[[2]State{s, s}])
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func drawState(b *strings.Builder, s State, loops []string) {
	c := places[s].centre()
	fill := map[bool]string{true: "#e3f1e6", false: "#eef2f6"}[s == Produced]
	fmt.Fprintf(b, `<rect x="%.0f" y="%.0f" width="%.0f" height="%.0f" rx="10" fill="%s" stroke="#44505c"/>`+"\n", c.x-boxWidth/2, c.y-boxHeight/2, boxWidth, boxHeight, fill)
	y := c.y + 5
	if len(loops) > 0 {
		y = c.y - 5
		fmt.Fprintf(b, `<text x="%.0f" y="%.0f" font-size="10" fill="#44505c">↻ %s</text>`+"\n", c.x, c.y+16, html.EscapeString(strings.Join(loops, ", ")))
	}
	fmt.Fprintf(b, `<text x="%.0f" y="%.0f" font-weight="bold" fill="#16202a">%s</text>`+"\n", c.x, y, s)
}

// drawEdge bends each arrow to its left, so that there and back don't cover each other; a longer one bends more.
func drawEdge(b *strings.Builder, k [2]State, events []string) {
	from, to := places[k[0]].centre(), places[k[1]].centre()
	dx, dy := to.x-from.x, to.y-from.y
	length := math.Hypot(dx, dy)
	bend := 0.16*length + 8
	if b, ok := bends[k]; ok {
		bend = b * length
	} else if forward := dy == 0 && dx > 0 && dx < stepX+1; forward {
		bend = 0
	}
	mid := point{(from.x+to.x)/2 + dy/length*bend, (from.y+to.y)/2 - dx/length*bend}
	start, end := border(from, mid), border(to, mid)
	fmt.Fprintf(b, `<path d="M%.0f %.0f Q%.0f %.0f %.0f %.0f" fill="none" stroke="#44505c" marker-end="url(#tip)"/>`+"\n", start.x, start.y, mid.x, mid.y, end.x, end.y)
	at := point{(start.x + 2*mid.x + end.x) / 4, (start.y + 2*mid.y + end.y) / 4}
	for i, e := range events {
		fmt.Fprintf(b, `<text x="%.0f" y="%.0f" font-size="11" fill="#0b4f8a" stroke="#ffffff" stroke-width="3" paint-order="stroke">%s</text>`+"\n",
			at.x, at.y+4+float64(i)*13-float64(len(events)-1)*6.5, e)
	}
}

// border is where the line from the middle of a box towards a point leaves the box.
func border(c, towards point) point {
	dx, dy := towards.x-c.x, towards.y-c.y
	scale := math.Min((boxWidth/2+3)/math.Max(math.Abs(dx), 1e-9), (boxHeight/2+3)/math.Max(math.Abs(dy), 1e-9))
	return point{c.x + dx*scale, c.y + dy*scale}
}

func TestEveryStateHasItsPlaceInThePicture(t *testing.T) {
	for _, s := range States() {
		if _, ok := places[s]; !ok {
			t.Errorf("%s isn't in the picture", s)
		}
	}
	if len(places) != len(States()) || slices.Contains(States(), "") {
		t.Error("the picture has states that there are not")
	}
}
