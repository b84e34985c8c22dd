package e2e

import (
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// Every page works without script: sign-in, order with photo, review, approval
// with signature, activation, block.
//
// Rows: 156
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "sqlite")
	alva := visit(s, t, desktop).withoutScript()
	alva.signIn("alva", s.Company("furuborg"))
	alva.newOrder(s.Person("jonas"), portraitFile(s, t, "jonas"), unlooked)
	_, line := alva.send()

	tove := visit(s, t, desktop).withoutScript()
	tove.signIn("tove", "/office/review")
	tove.pass(line)

	jonas := visit(s, t, phone).withoutScript()
	jonas.open(s.Mail(s.Person("jonas").Email, `/a/`))
	jonas.pressOn(`form[action="/signin/bankid"] button`)
	jonas.app("jonas")
	jonas.at("^/me/approve/")
	jonas.contact(s.Person("jonas").Phone)
	jonas.submit()
	jonas.app("jonas")
	jonas.at("/done$")

	number := s.Number("Petraitis")
	jonas.open("/me/cards/" + number)
	jonas.pressOn(`main a[href$="/activate"]`)
	if !eval[bool](jonas, `!!document.querySelector("[name=digits]")`) {
		jonas.pressOn(`main form button`)
		jonas.app("jonas")
	}
	jonas.write("digits", number[len(number)-6:])
	jonas.submit()
	jonas.until("the PIN", `!!document.querySelector("[data-kv-hide]")`)
	if v := s.Check(number); !v.Valid {
		t.Errorf("after activation the reader hears %+v", v)
	}

	// Where script would show a dialog there is a page.
	alva.open(s.Company("furuborg") + "/cards/" + number)
	alva.pressOn(`main a[href$="/block"]`)
	alva.at("/block$")
	alva.choose("reason", "stolen")
	alva.submit()
	alva.at("/cards/[^/]+$")
	if v := s.Check(number); v.Reason != "blocked" {
		t.Errorf("after the block the reader hears %+v", v)
	}
	for _, v := range []*visitor{alva, tove, jonas} {
		v.settled("the last page without script")
	}
}
