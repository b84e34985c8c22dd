package ui

import (
	"context"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/fault"
)

// Form is what somebody typed, and what is wrong with it. The zero Form is one that nobody has
// sent yet: fields then show the values they are given by the page.
type Form struct {
	Values url.Values // as posted; nil when nothing was posted
	Errors fault.Errors
}

// Failed reports whether there is anything to correct. Give it to [Page].Failed.
func (f Form) Failed() bool { return len(f.Errors) > 0 }

// With returns the form with the errors of err. It reports false when err is not about
// what was typed; the handler then returns err.
func (f Form) With(err error) (Form, bool) {
	switch e := err.(type) { //nolint:errorlint // both are looked for in the chain below
	case fault.Errors:
		f.Errors = e
		return f, len(e) > 0
	default:
		if one, ok := fault.As(e); ok && one.Kind == fault.Invalid {
			f.Errors = fault.Errors{one}
			return f, true
		}
		return f, false
	}
}

// Value is what was typed into the field, or the page's own value before that.
func (f Form) Value(name, own string) string {
	if f.Values == nil {
		return own
	}
	return f.Values.Get(name)
}

// Has reports whether a box with this name and value was ticked, or is ticked by the page.
func (f Form) Has(name, value string, own bool) bool {
	if f.Values == nil {
		return own
	}
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Error is the sentence about a field, or "".
func (f Form) Error(ctx context.Context, name string) string {
	for _, e := range f.Errors {
		if e.Field == name {
			return Texts(ctx).Error(e)
		}
	}
	return ""
}

// Width of a field fits what is typed into it.
type Width string

// The widths of fields.
const (
	Full   Width = ""
	Short  Width = "short"  // postcode, six digits
	Medium Width = "medium" // personal number, date, phone
	Long   Width = "long"   // names of countries
)

// Field is one thing to fill in. Its id is the name, unless ID says otherwise.
type Field struct {
	Name, ID     string
	Label        string
	LabelHidden  bool // the label is read, not shown; only where a heading says the same
	Hint         string
	Value        string // shown until something was typed
	Type         string // text, email, tel, search …; text if empty
	Optional     bool   // marked in words; everything else is required
	Width        Width
	Mono         bool // numbers that are read digit by digit
	InputMode    string
	AutoComplete string // "off" if empty: most data here is about somebody else
	MaxLength    int
	Rows         int    // of a text area
	Accept       string // of an upload
	Capture      string // of an upload: "user" opens the camera of a phone
	Attrs        templ.Attributes
}

// Option is one of several answers.
type Option struct {
	Value, Label, Hint string
	Note               string // a price or the like beside the label
	Checked            bool   // until something was typed
	Fill               string // sentence that ticking the box writes into the field named by data-kv-into
	Picture            templ.Component
}

// Group is a question with several answers.
type Group struct {
	Name, Legend, Hint string
	LegendHidden       bool
	Many               bool // boxes instead of radio buttons
	Columns            bool // two beside each other
	Compact            bool // small rows, for short answers
	Options            []Option
}

func (x Field) id() string {
	if x.ID != "" {
		return x.ID
	}
	return x.Name
}

func (x Field) kind() string {
	if x.Type == "" {
		return "text"
	}
	return x.Type
}

func (x Field) complete() string {
	if x.AutoComplete == "" {
		return "off"
	}
	return x.AutoComplete
}

// describedBy names the elements that explain a field, in the order in which they are read.
func describedBy(id, hint, err string) string {
	var ids []string
	if hint != "" {
		ids = append(ids, id+"-h")
	}
	if err != "" {
		ids = append(ids, id+"-e")
	}
	return strings.Join(ids, " ")
}

// describe adds aria attributes for hint and error; empty ones are left out.
func describe(id, hint, err string) templ.Attributes {
	a := templ.Attributes{}
	if d := describedBy(id, hint, err); d != "" {
		a["aria-describedby"] = d
	}
	if err != "" {
		a["aria-invalid"] = "true"
	}
	return a
}

func (x Field) attrs(err string) templ.Attributes {
	a := describe(x.id(), x.Hint, err)
	if x.InputMode != "" {
		a["inputmode"] = x.InputMode
	}
	if x.MaxLength > 0 {
		a["maxlength"] = itoa(x.MaxLength)
	}
	if x.Capture != "" {
		a["capture"] = x.Capture
	}
	if x.Accept != "" {
		a["accept"] = x.Accept
	}
	for k, v := range x.Attrs {
		a[k] = v
	}
	return a
}

func dateField(x Field) Field {
	x.Mono = true
	if x.Width == Full {
		x.Width = Medium
	}
	if x.InputMode == "" {
		x.InputMode = "numeric"
	}
	return x
}

func rowsOf(x Field) int {
	if x.Rows > 0 {
		return x.Rows
	}
	return 4
}

func optionID(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "-" + itoa(i)
}

// attrs of a box: what explains it, and the sentence that it stands for.
func (o Option) attrs(g Group, err string) templ.Attributes {
	a := describe(g.Name, "", err)
	if o.Fill != "" {
		a["data-kv-fill"] = o.Fill
	}
	return a
}
