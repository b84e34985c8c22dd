package ui

import (
	"context"
	"fmt"
	"strings"

	"github.com/a-h/templ"
	"rsc.io/qr"
)

// BtnKind is the weight of a button. One Primary a page.
type BtnKind string

// The kinds of buttons.
const (
	Primary BtnKind = "primary"
	Quiet   BtnKind = "quiet"  // the other choice
	Ghost   BtnKind = "ghost"  // a way out
	Danger  BtnKind = "danger" // leads to something that stops a card
	Confirm BtnKind = "error"  // does it
	Pass    BtnKind = "success"
)

// Btn is a button, or with Href a link that looks like one. The zero kind is Primary.
type Btn struct {
	Label    string
	Kind     BtnKind
	Icon     string
	Href     string
	Name     string // of the value that is posted
	Value    string
	Action   string // where the form goes instead of its own action
	Big      bool   // 56 px, full width: the one thing to do on a phone
	Wide     bool   // full width
	Stop     bool   // words in the stop colour: "No, something is wrong"
	Key      string // single key in a queue, see data-kv-key
	Disabled bool
	Attrs    templ.Attributes
}

func (b Btn) class() string {
	var c []string
	switch b.Kind {
	case Quiet:
		c = append(c, "btn", "kv-quiet")
	case Ghost:
		c = append(c, "btn", "btn-ghost")
	case Danger:
		c = append(c, "btn", "kv-danger")
	case Confirm:
		c = append(c, "btn", "btn-error")
	case Pass:
		c = append(c, "btn", "btn-success")
	default:
		c = append(c, "btn", "btn-primary")
	}
	switch {
	case b.Big:
		c = append(c, "kv-big")
	case b.Wide:
		c = append(c, "w-full")
	default:
		c = append(c, "kv-fit")
	}
	if b.Stop {
		c = append(c, "text-stopf")
	}
	return strings.Join(c, " ")
}

func (b Btn) attrs() templ.Attributes {
	a := templ.Attributes{}
	if b.Name != "" {
		a["name"], a["value"] = b.Name, b.Value
	}
	if b.Action != "" {
		a["formaction"] = b.Action
	}
	if b.Key != "" {
		a["data-kv-key"] = b.Key
	}
	if b.Disabled {
		a["disabled"] = true
	}
	for k, v := range b.Attrs {
		a[k] = v
	}
	return a
}

// Col is a column of a table. From says from which width it is shown ("md", "lg", "xl"); what is folded
// away must be in the first cell as well (see Fold).
type Col struct {
	Label  string
	Hidden bool // the label is read, not shown
	From   string
	Right  bool
	Sorted string // "ascending" or "descending"
}

// Cell says how a cell looks.
type Cell struct {
	From  string
	Mono  bool
	Right bool
}

// Chip is a filter.
type Chip struct {
	Label, Count, Href string
	Current            bool
}

// Stage of a timeline.
type Stage struct {
	Title, Note string
	Icon        string // check if the stage is done
	Done, Now   bool
	Body        templ.Component
}

func (s Stage) icon() string {
	if s.Done && !s.Now {
		return "check"
	}
	return s.Icon
}

// Segment of a text in a comparison.
type Segment struct {
	Text    string
	Differs bool
}

// DiffRow compares one field: what was said, and what is proven.
type DiffRow struct {
	Label  string
	Before []Segment
	After  []Segment
	Same   bool
}

// Fact is a row in a list of facts. Body replaces Value where there is markup.
type Fact struct {
	Label, Value string
	Mono         bool
	Body         templ.Component
	Action       *Link // "Change"; the label is read after it
}

// Check is one of the things that were looked at in a photo.
type Check struct {
	Text, Note string
	Tone       Tone // OK, Act, Stop; Off for what a human decides
}

func (c Check) icon() string {
	switch c.Tone {
	case OK:
		return "check"
	case Stop:
		return "x"
	case Act:
		return "triangle-alert"
	default:
		return "eye"
	}
}

// Verdict is what is said about a photo: word first, then the checks, then what to do.
type Verdict struct {
	Tone   Tone
	Title  string
	Checks []Check
	Advice string
	Label  string // of the list, for those who hear it
}

// Consequence is one thing that happens.
type Consequence struct {
	Icon, Text string
	Tone       Tone
}

// Question is a step that must be confirmed: what, about whom, what happens, verb.
type Question struct {
	Title        string
	Object       string // name
	ObjectNumber string // in digits, after the name
	Consequences []Consequence
	Action       string // where it posts
	Verb         Btn
	Keep         Link // the way out
}

// Event is an entry of an audit list.
type Event struct {
	Icon, Title, Note string
}

// Pages leads to the previous and next page of a list.
type Pages struct {
	Text       string // "25 of 1,000+"
	Prev, Next string
}

// Row is a line that leads somewhere, with an explanation.
type Row struct {
	Icon, Title, Text, Href string
	Tone                    Tone
	Dialog                  bool // opens as a dialog where script runs
}

// noticeIcon is the icon that fits a tone.
func noticeIcon(t Tone) string {
	switch t {
	case OK:
		return "circle-check"
	case Act:
		return "triangle-alert"
	case Stop:
		return "circle-alert"
	default:
		return "info"
	}
}

// qrPath draws a QR code as one path of unit squares. It reports the size of the side.
func qrPath(content string) (path string, size int) {
	code, err := qr.Encode(content, qr.L)
	if err != nil {
		return "", 1 // longer than a QR code can hold: nothing to scan
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			run := 1
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, run, run)
			x += run
		}
	}
	return b.String(), code.Size
}

func qrBox(size int) string { return fmt.Sprintf("-3 -3 %d %d", size+6, size+6) }

func stateWord(ctx context.Context, s State) string { return T(ctx, "ui.state."+string(s)) }

func poll(url string, seconds int) templ.Attributes {
	if url == "" {
		return nil
	}
	return templ.Attributes{"data-kv-poll": url, "data-kv-every": itoa(seconds)}
}

func dialog(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"data-kv-dialog": true}
	}
	return nil
}

func sortedAttr(c Col) templ.Attributes {
	if c.Sorted == "" {
		return nil
	}
	return templ.Attributes{"aria-sort": c.Sorted}
}

// drawing is the inside of an icon. An unknown name draws a question mark, which a test finds.
func drawing(name string) string {
	if d, ok := icons[name]; ok {
		return d
	}
	return icons["circle-help"]
}

// spaced puts blanks between digits, so that they are read one by one.
func spaced(digits string) string { return strings.Join(strings.Split(digits, ""), " ") }
