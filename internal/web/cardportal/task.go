package cardportal

import (
	"strings"

	"github.com/a-h/templ"
)

func (t task) failed() bool { return t.Refused != nil || t.Form.Failed() }

// firstPart is the number up to the digits that are asked for: "BB-1234-".
func (t task) firstPart() string {
	return strings.TrimRight(t.Card.Number.Masked(), "•")
}

// describe ties a field that this face draws itself to its hint and error.
func (t task) describe(name string) templ.Attributes {
	for _, e := range t.Form.Errors {
		if e.Field == name {
			return templ.Attributes{"aria-invalid": "true", "aria-describedby": name + "-h " + name + "-e"}
		}
	}
	return templ.Attributes{"aria-describedby": name + "-h"}
}
