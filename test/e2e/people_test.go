package e2e

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// The steps that people take, pressing what they see. Journeys are made of them.

const (
	bankIDHere  = `form button[type=submit]:not([name]), form button` // the first: BankID on this device
	mainButton  = `:is(main, dialog) form :is(button.btn-primary, button.btn-success, button.btn-error)`
	codeOnPage  = `[data-autostart]`
	rightCode   = `button[name=do][value=right]`
	backToPages = `a.button.wide`
)

// signIn opens a page that asks who one is, and signs in with the BankID app on
// the same device: the simulated app opens in the same tab and leads back.
func (v *visitor) signIn(who, page string) {
	v.t.Helper()
	v.open(page)
	v.at("^/signin$")
	v.pressOn(`form[action="/signin/bankid"] button`)
	v.app(who)
	v.until(page, `document.readyState === "complete" && location.pathname.startsWith(`+quote(page)+`)`)
}

// app is at the page of an eID transaction: it opens the app on this device,
// lets the person enter the right code, and comes back.
func (v *visitor) app(who string) {
	v.t.Helper()
	v.at("^/eid/")
	v.leave(func() { v.click("the way into the app", byCSS(codeOnPage)) })
	v.pressOn(`button[name=persona][value="` + who + `"]`)
	v.pressOn(rightCode)
	v.until("the app is done", `!!document.querySelector(`+quote(backToPages)+`)`)
	v.pressOn(backToPages)
	v.until("the page after the app", `document.readyState === "complete" && !location.pathname.startsWith("/eid/")`)
}

// otherPhone scans the code that the visitor's screen shows with the phone of a
// person, which is another device, and enters the right code there.
func (v *visitor) otherPhone(who string, press string) {
	v.t.Helper()
	p := visit(v.s, v.t, phone)
	p.open(strings.TrimSuffix(v.s.World.Phone, "/") + "/phone/" + who)
	p.pressOn(`form.order button`)
	p.pressOn(press)
}

// submit presses the form's main button.
func (v *visitor) submit() { v.t.Helper(); v.pressOn(mainButton) }

// newOrder walks the order form for a person of the cast, up to the page where
// it is sent. looked is called at each page, before it is left.
func (v *visitor) newOrder(who harness.Person, photo string, looked func(name string)) {
	v.t.Helper()
	v.open(v.s.Company("furuborg"))
	v.pressOn(`form[action$="/orders/new"] button`)
	v.at("/who$")
	looked("order-who-empty")
	v.who(who)
	looked("order-who")
	v.submit()
	v.at("/card$")
	looked("order-card")
	v.submit()
	v.at("/photo$")
	looked("order-photo-empty")
	v.photo(photo)
	looked("order-photo")
	v.pressOn(`button[name=action][value=use]`)
	v.at("/delivery$")
	looked("order-delivery")
	v.write("reference", "KV-EKEN")
	v.submit()
	v.at("/review$")
	v.has(who.Surname)
	looked("order-review")
}

// who fills in the page about the person.
func (v *visitor) who(p harness.Person) {
	v.t.Helper()
	v.choose("nationality", p.Nationality)
	v.write("personal_number", p.PersonalNumber)
	v.write("given_name", p.GivenName)
	v.write("surname", p.Surname)
	v.write("email", p.Email)
	v.write("phone", p.Phone)
	v.choose("lang", p.Lang)
}

// photo chooses a picture. With script that sends it; without, a button does.
func (v *visitor) photo(file string) {
	v.t.Helper()
	if v.script {
		v.leave(func() { v.attach("photo", file) })
	} else {
		v.attach("photo", file)
		v.pressOn(`button[name=action][value=upload]`)
	}
}

// send sends the order and answers its path and the line's.
func (v *visitor) send() (order, line string) {
	v.t.Helper()
	v.submit()
	v.at(`/orders/[0-9a-f-]{36}$`)
	order = v.path()
	line = eval[string](v, `document.querySelector("main a[href*='/lines/']").getAttribute("href")`)
	return order, line
}

func lineID(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// pass is the reviewer's press on a line, found in the queue.
func (v *visitor) pass(line string) {
	v.t.Helper()
	v.open("/office/review/" + lineID(line))
	v.pressOn(`form[action$="/pass"] button, button[formaction$="/pass"]`)
}

// contact fills in what only the cardholder knows.
func (v *visitor) contact(phone string) {
	v.t.Helper()
	v.write("phone", phone)
	v.write("street", "Ekvägen 12")
	v.write("postcode", "111 22")
	v.write("city", "Exempelstad")
	v.choose("country", "SE")
}

// hold holds a card to the reader of the world, by typing its number.
func (v *visitor) hold(number, want string) {
	v.t.Helper()
	v.open(v.s.World.Reader)
	v.write("number", number)
	v.submit()
	v.has(want)
}

// unlooked is for those who don't look.
func unlooked(string) {}

// onBoth runs a test in a browser on each engine; only on SQLite the pages are
// examined in all variants, since the engine doesn't show on them.
func onBoth(t *testing.T, fn func(t *testing.T, s *harness.Sandbox, looks bool)) {
	harness.Engines(t, func(t *testing.T, s *harness.Sandbox) { fn(t, s, strings.HasSuffix(t.Name(), "/sqlite")) })
}
