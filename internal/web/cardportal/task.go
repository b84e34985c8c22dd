package cardportal

import (
	"strings"
	"unicode"

	"github.com/a-h/templ"
)

func (t task) failed() bool { return t.Refused != nil || t.Form.Failed() }

// firstPart is the number up to the digits that are asked for: "BB-1234-".
func (t task) firstPart() string {
	return strings.TrimRight(t.Card.Number.Masked(), "•")
}

// letters are the two that each of the deployment's numbers begins with.
func (t task) letters() string { return string(t.Card.Number)[:2] }

// wholeNumber is what was typed, with the letters that stand before the field.
// Somebody who types or pastes them as well is understood, too.
func (t task) wholeNumber(typed string) string {
	if strings.ContainsFunc(typed, unicode.IsLetter) {
		return typed
	}
	return t.letters() + typed
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
