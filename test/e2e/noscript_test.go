package e2e

import "testing"

// Every page works without script: sign-in, order with photo, review, approval
// with signature, activation, block.
//
// Rows: 156
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	s := start(t, "sqlite")
	alva := s.visitor(t, desktop).withoutScript()
	alva.signIn("alva", s.company("furuborg"))
	alva.newOrder(s.person("jonas"), s.portraitFile(t, "jonas"), unlooked)
	_, line := alva.send()

	tove := s.visitor(t, desktop).withoutScript()
	tove.signIn("tove", "/office/review")
	tove.pass(line)

	jonas := s.visitor(t, phone).withoutScript()
	jonas.open(s.mail(s.person("jonas").Email, `/a/`))
	jonas.pressOn(`form[action="/signin/bankid"] button`)
	jonas.app("jonas")
	jonas.at("^/me/approve/")
	jonas.contact(s.person("jonas").Phone)
	jonas.submit()
	jonas.app("jonas")
	jonas.at("/done$")

	number := s.number("Petraitis")
	jonas.open("/me/cards/" + number)
	jonas.pressOn(`main a[href$="/activate"]`)
	if !eval[bool](jonas, `!!document.querySelector("[name=digits]")`) {
		jonas.pressOn(`main form button`)
		jonas.app("jonas")
	}
	jonas.write("digits", number[len(number)-6:])
	jonas.submit()
	jonas.until("the PIN", `!!document.querySelector("[data-kv-hide]")`)
	if v := s.check(number); !v.Valid {
		t.Errorf("after activation the reader hears %+v", v)
	}

	// Where script would show a dialog there is a page.
	alva.open(s.company("furuborg") + "/cards/" + number)
	alva.pressOn(`main a[href$="/block"]`)
	alva.at("/block$")
	alva.choose("reason", "stolen")
	alva.submit()
	alva.at("/cards/[^/]+$")
	if v := s.check(number); v.Reason != "blocked" {
		t.Errorf("after the block the reader hears %+v", v)
	}
	for _, v := range []*visitor{alva, tove, jonas} {
		v.settled("the last page without script")
	}
}
