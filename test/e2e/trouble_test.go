package e2e

import (
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// What goes wrong on the way, on a phone: names that differ from the proof, a
// photo that is rejected, a link that reached somebody else, a BankID that is
// cancelled or another person's. Nothing that was typed is lost.
//
// Rows: 38, 39, 41, 42, 51, 52, 54
func TestTroubleInTheBrowser(t *testing.T) {
	t.Parallel()
	w := &walk{t: t, s: harness.Start(t, "sqlite"), looks: true}
	w.alva, w.tove = visit(w.s, t, desktop), visit(w.s, t, desktop)
	w.alva.signIn("alva", w.s.Company("furuborg"))
	lines := map[string]string{}
	for _, id := range []string{"piotr", "darius", "amina"} {
		p := w.s.Person(id)
		p.Surname = map[string]string{"piotr": "Wisniewski", "darius": "Kazlaukas", "amina": "Warsame"}[id]
		w.alva.newOrder(p, portraitFile(w.s, t, id), unlooked)
		_, lines[id] = w.alva.send()
	}
	w.tove.signIn("tove", "/office/review")
	w.rejectsPhoto(lines["amina"])
	for _, id := range []string{"piotr", "darius", "amina"} {
		w.tove.pass(lines[id])
	}
	w.spelling(lines["piotr"])
	w.mismatch(lines["darius"])
	w.notYours(lines["amina"])
}

// rejectsPhoto is a photo sent back with reasons, and another one on the same
// line, which comes back to the queue marked.
func (w *walk) rejectsPhoto(line string) {
	alva, tove := w.alva, w.tove
	alva.looks, tove.looks = true, true
	defer func() { alva.looks, tove.looks = false, false }()
	tove.open("/office/review/" + lineID(line))
	tove.pressOn(`form[action$="/reject"] button.btn-error`)
	tove.look("office-reject-wrong")
	reason := eval[string](tove, `document.querySelector("[name=reason]").value`)
	tove.choose("reason", reason)
	if eval[string](tove, `document.querySelector("[name=text]").value`) == "" {
		tove.fatalf("the reason's sentence isn't in the message")
	}
	tove.pressOn(`form[action$="/reject"] button.btn-error`)
	tove.look("office-rejected")

	link := w.s.Mail(w.s.Person("alva").Email, lineID(line))
	alva.open(link)
	alva.look("line-rejected")
	alva.pressOn(`main a[href$="/photo"]`)
	alva.look("line-photo")
	alva.attachSomehow(portraitFile(w.s, w.t, "samuel"))
	alva.look("line-photo-new")
	alva.pressOn(`main form button[value=use], main form button.btn-primary`)
	alva.at("/lines/[0-9a-f-]+$")
	alva.look("line-again-in-review")
	tove.open("/office/review/" + lineID(line))
	tove.look("office-review-again")
}

// attachSomehow chooses a photo for a line; the script sends it at once.
func (v *visitor) attachSomehow(file string) {
	v.t.Helper()
	v.leave(func() { v.attach("photo", file) })
}

// spelling is a name without its Polish letters: right by the ladder, and
// taken over with one press. The first signature is cancelled in the app.
func (w *walk) spelling(line string) {
	piotr := w.visitor(phone)
	piotr.open(w.s.Mail(w.s.Person("piotr").Email, `/a/`))
	piotr.pressOn(`form[action="/signin/bankid"] button`)
	piotr.app("piotr")
	piotr.at("^/me/approve/")
	piotr.look("approve-spelling")
	piotr.pressOn(`form[action$="/name"] button`)
	piotr.has("Wiśniewski")
	piotr.hasNot("Wisniewski")
	piotr.look("approve-taken-over")
	piotr.contact(w.s.Person("piotr").Phone)
	piotr.submit()
	eid := piotr.path()
	piotr.leave(func() { piotr.click("the way into the app", byCSS(codeOnPage)) })
	piotr.pressOn(`button[name=persona][value="piotr"]`)
	piotr.pressOn(`button[name=do][value=cancel]`)
	piotr.open(eid)
	piotr.until("the page knows", `!document.querySelector("[data-autostart]") && !document.querySelector("[data-kv-poll]")`)
	piotr.look("eid-cancelled")
	piotr.pressOn(`main a.btn-primary`)
	piotr.at("^/me/approve/")
	piotr.submit()
	piotr.app("piotr")
	piotr.at("/done$")
	w.alva.open(line)
	w.alva.has("Wiśniewski")
	w.alva.looks = true
	w.alva.look("line-name-taken-over")
	w.alva.looks = false
}

// mismatch is a name that the ladder doesn't match.
func (w *walk) mismatch(line string) {
	darius := w.visitor(phone)
	darius.open(w.s.Mail(w.s.Person("darius").Email, `/a/`))
	darius.pressOn(`form[action="/signin/bankid"] button`)
	darius.app("darius")
	darius.at("^/me/approve/")
	darius.has("Kazlaukas")
	darius.look("approve-mismatch")
	darius.pressOn(`main a[href*="/reject"]`)
	darius.look("approve-reject")
	darius.choose("about", "other")
	darius.submit()
	darius.look("approve-reject-wrong")
	darius.open("/me/approve/" + lineID(line))
	darius.pressOn(`form[action$="/name"] button`)
	darius.has("Kazlauskas")
	darius.contact(w.s.Person("darius").Phone)
	darius.submit()
	darius.app("darius")
	darius.at("/done$")
}

// notYours is a link that was forwarded, and a signature with somebody else's BankID.
func (w *walk) notYours(line string) {
	v := w.visitor(phone)
	v.open(w.s.Mail(w.s.Person("amina").Email, `/a/`))
	v.hasNot("Amina")
	v.pressOn(`form[action="/signin/bankid"] button`)
	v.app("samuel")
	v.at("^/me/approve/")
	v.hasNot("Amina")
	v.hasNot("Warsame")
	v.look("approve-not-yours")
	v.pressOn(`form[action="/signin/bankid"] button`)
	v.app("amina")
	v.at("^/me/approve/" + lineID(line))
	v.has("Warsame")
	v.contact(w.s.Person("amina").Phone)
	v.submit()
	eid := v.path()
	v.leave(func() { v.click("the way into the app", byCSS(codeOnPage)) })
	v.pressOn(`button[name=persona][value="samuel"]`)
	v.open(eid)
	v.until("the page knows", `!document.querySelector("[data-autostart]") && !document.querySelector("[data-kv-poll]")`)
	v.look("eid-wrong-person")
	v.pressOn(`main a.btn-primary`)
	v.at("^/me/approve/")
	v.submit()
	v.app("amina")
	v.at("/done$")
}
