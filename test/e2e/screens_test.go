package e2e

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// The journey as people walk it: each in their own browser, pressing what they
// see. On SQLite every page on the way is examined and photographed.
//
// Rows: 10, 11, 16, 17, 22, 33, 35, 36, 37, 38, 50, 51, 52, 54, 57, 60, 61, 62, 63, 71, 133
func TestJourneyInTheBrowser(t *testing.T) {
	onBoth(t, func(t *testing.T, s *harness.Sandbox, looks bool) {
		w := &walk{t: t, s: s, looks: looks}
		w.orders()
		w.reviews()
		w.approves()
		w.activates()
		w.blocks()
		if looks {
			w.tour()
		}
	})
}

// walk is one journey through the browsers of several people.
type walk struct {
	t     *testing.T
	s     *harness.Sandbox
	looks bool

	alva, tove, jonas *visitor
	order, line       string
	number            string
}

func (w *walk) visitor(screen size) *visitor {
	v := visit(w.s, w.t, screen)
	v.looks = w.looks
	return v
}

func (w *walk) orders() {
	alva, jonas := w.visitor(desktop), w.s.Person("jonas")
	w.alva = alva
	alva.open(w.s.Company("furuborg"))
	alva.at("^/signin$")
	alva.click("BankID on another device", `document.querySelectorAll('form[action="/signin/bankid"] button')[1]`)
	alva.at("^/eid/")
	alva.look("eid-code")
	alva.otherPhone("alva", rightCode)
	alva.at("^" + w.s.Company("furuborg") + "$")
	alva.look("order-home-first")

	alva.pressOn(`form[action$="/orders/new"] button`)
	alva.at("/who$")
	alva.submit()
	alva.at("/who$")
	alva.look("order-who-wrong")
	alva.write("personal_number", "940506-2391")
	alva.submit()
	alva.at("/who$")
	alva.look("order-who-check-digit")
	alva.open(w.s.Company("furuborg"))
	alva.look("order-home-draft")

	alva.newOrder(jonas, portraitFile(w.s, w.t, "jonas"), alva.look)
	if !eval[bool](alva, `[...document.querySelectorAll("main svg")].some(e => e.textContent.includes("Petraitis"))`) {
		alva.fatalf("the card on the page doesn't bear the name")
	}
	w.order, w.line = alva.send()
	alva.look("order-sent")
	alva.pressOn(`main a[href*="/lines/"]`)
	alva.look("line-in-review")
}

func (w *walk) reviews() {
	tove := w.visitor(desktop)
	w.tove = tove
	tove.signIn("tove", "/office/review")
	tove.has("Petraitis")
	tove.look("office-review-queue")
	tove.pressOn(`main a[href*="/office/review/"]`)
	tove.has("Petraitis")
	tove.look("office-review")
	tove.pass(w.line)
	tove.look("office-review-passed")
}

func (w *walk) approves() {
	jonas := w.visitor(phone)
	w.jonas = jonas
	link := w.s.Mail(w.s.Person("jonas").Email, `/a/`)
	w.mails()
	jonas.open(link)
	jonas.hasNot("Petraitis")
	jonas.look("approve-link")
	jonas.pressOn(`form[action="/signin/bankid"] button`)
	jonas.app("jonas")
	jonas.at("^/me/approve/")
	jonas.look("approve")
	jonas.submit()
	jonas.at("^/me/approve/")
	jonas.look("approve-wrong")
	jonas.contact(w.s.Person("jonas").Phone)
	jonas.submit()
	jonas.at("^/eid/")
	jonas.look("eid-sign")
	jonas.leave(func() { jonas.click("the way into the app", byCSS(codeOnPage)) })
	jonas.look("phone-open")
	jonas.pressOn(`button[name=persona][value="jonas"]`)
	jonas.has("Petraitis")
	jonas.look("phone-sign")
	jonas.pressOn(rightCode)
	jonas.until("the app is done", `!!document.querySelector(`+quote(backToPages)+`)`)
	jonas.look("phone-signed")
	jonas.pressOn(backToPages)
	jonas.at("/done$")
	jonas.look("approve-done")
	w.alva.open(w.line)
	w.alva.look("line-approved")
}

// mails looks at the inbox of the world and at one of its mails.
func (w *walk) mails() {
	if !w.looks {
		return
	}
	v := w.visitor(desktop)
	v.open(w.s.World.Mail)
	v.look("world-mail")
	v.pressOn(`main a[href*="mails/"]`)
	v.look("world-mail-open")
}

func (w *walk) activates() {
	jonas := w.jonas
	w.number = w.s.Number("Petraitis")
	jonas.open("/me")
	jonas.look("me-to-activate")
	jonas.open("/me/cards/" + w.number)
	jonas.look("me-card-to-activate")
	jonas.pressOn(`main a[href$="/activate"]`)
	if !eval[bool](jonas, `!!document.querySelector("[name=digits]")`) {
		jonas.look("activate-identify")
		jonas.pressOn(`main form button`)
		jonas.app("jonas")
	}
	jonas.look("activate")
	jonas.write("digits", "000000")
	jonas.submit()
	jonas.look("activate-wrong")
	jonas.write("digits", w.number[len(w.number)-6:])
	jonas.submit()
	jonas.until("the PIN", `!!document.querySelector("[data-kv-hide]")`)
	jonas.look("pin")
	jonas.pressOn(`main a.btn[href^="/me/cards/"]`)
	jonas.look("me-card-active")
	if v := w.s.Check(w.number); !v.Valid {
		w.t.Errorf("after activation the reader hears %+v", v)
	}
	gate := w.visitor(phone)
	gate.hold(w.number, "Välkommen")
	gate.look("world-reader-valid")
	gate.open("/k/" + w.number)
	gate.look("card-active")
}

func (w *walk) blocks() {
	alva := w.alva
	page := w.s.Company("furuborg") + "/cards/" + w.number
	alva.open(w.s.Company("furuborg") + "/cards")
	alva.look("cards")
	alva.write("q", "petraitis")
	alva.leave(func() { alva.do(enter) })
	alva.has("Petraitis")
	alva.look("cards-found")
	alva.open(page)
	alva.look("card")
	// With script the question comes as a dialog over the card.
	alva.click("block", byCSS(`main a[href$="/block"]`))
	alva.until("the dialog", `!!document.querySelector("dialog[open]")`)
	alva.look("card-block-dialog")
	alva.choose("reason", "lost")
	alva.submit()
	alva.at("/cards/[^/]+$")
	alva.look("card-blocked")
	if v := w.s.Check(w.number); v.Reason != "blocked" {
		w.t.Errorf("after the block the reader hears %+v", v)
	}
	gate := w.visitor(phone)
	gate.hold(w.number, "Stopp")
	gate.look("world-reader-stop")
	gate.open("/k/" + w.number)
	gate.look("card-not-active")
	w.jonas.open("/me")
	w.jonas.look("me-blocked")
}

// tour visits what the journey didn't pass.
func (w *walk) tour() {
	base, card := w.s.Company("furuborg"), w.s.Company("furuborg")+"/cards/"+w.number
	for path, name := range map[string]string{
		base: "order-home", base + "/orders": "orders", w.order: "order", w.line: "line-done", w.line + "/where": "line-where",
		base + "/more": "order-more", base + "/cards?status=blocked": "cards-blocked", card + "/unblock": "card-unblock",
		card + "/terminate": "card-terminate", card + "/block": "card-not-possible",
		base + "/orders/00000000-0000-7000-8000-000000000000": "order-not-found", "/me": "me-empty",
	} {
		w.visit(w.alva, path, name)
	}
	for path, name := range map[string]string{
		"/me/cards/" + w.number + "/block": "me-block", "/me/cards/" + w.number + "/pin": "me-pin", "/me/account": "me-account", "/me/approve/" + lineID(w.line): "approve-again",
	} {
		w.visit(w.jonas, path, name)
	}
	w.visit(w.tove, "/office/review", "office-review-empty")
	ivar, maj := w.visitor(desktop), w.visitor(desktop)
	maj.signIn("maj", "/office/batches")
	maj.look("office-batches")
	maj.pressOn(`main a[href*="/office/batches/"]`)
	maj.look("office-batch")
	ivar.signIn("ivar", "/office/companies")
	for path, name := range map[string]string{
		"/office/companies": "office-companies", "/office/companies/new": "office-company-new", "/office/staff": "office-staff",
		"/office/jobs": "office-jobs", "/office/events": "office-events", "/office/readers": "office-readers", "/office/restored": "office-restored-empty", "/office/companies/" + strings.TrimPrefix(base, "/o/"): "office-company",
	} {
		w.visit(ivar, path, name)
	}
	gate := w.visitor(phone)
	gate.open(w.s.World.Bureau)
	gate.look("world-bureau")
	gate.pressOn(`main a[href*="batches/"]`)
	gate.look("world-bureau-batch")
	gate.open(w.s.World.URL)
	gate.look("world-done")
}

func (w *walk) visit(v *visitor, path, name string) {
	if status := v.open(path); status >= 500 {
		w.t.Errorf("%s answers %d", path, status)
	}
	v.look(name)
}
