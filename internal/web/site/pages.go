package site

import (
	"math"
	"strconv"
	"time"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// front is the first page: the ways in, or for somebody who is signed in the
// places to go. With one place there is nothing to choose.
func (f face) front(v *web.Visit) error {
	if v.Session == nil {
		v.Browser() // the cookie that binds the sign-in is set before it is needed
		return v.Render(frontPage(f.Scheme))
	}
	if !v.Session.Staff() && len(v.Session.Companies()) == 0 {
		return v.Redirect("/me")
	}
	return v.Render(placesPage(places(v.T, *v.Session)))
}

// places are where a person with several roles can go.
func places(t *i18n.Texts, s account.Session) []ui.Row {
	var out []ui.Row
	for _, g := range s.Companies() {
		out = append(out, ui.Row{Icon: "building-2", Tone: ui.Wait, Title: g.CompanyName, Text: t.T("site.place.company"), Href: "/o/" + g.Company.String()})
	}
	if s.Staff() {
		out = append(out, ui.Row{Icon: "clipboard-check", Tone: ui.Wait, Title: t.T("site.place.office"), Text: t.T("site.place.office.text"), Href: "/office"})
	}
	return append(out, ui.Row{Icon: "id-card", Tone: ui.Wait, Title: t.T("site.place.me"), Text: t.T("site.place.me.text"), Href: "/me"})
}

func (f face) form(v *web.Visit) error { return v.Render(checkPage(ui.Form{}, "")) }

func (f face) ask(v *web.Visit) error {
	return f.answer(v, v.Text("number"), v.Form())
}

// scanned is where the code on the card's back leads.
func (f face) scanned(v *web.Visit) error {
	return f.answer(v, v.Path("number"), ui.Form{})
}

func (f face) answer(v *web.Visit, typed string, form ui.Form) error {
	n, err := card.ParseNumber(typed)
	if e, ok := fault.As(err); ok {
		form, _ = form.With(e.On("number"))
		return v.Invalid(checkPage(form, typed))
	}
	if ok, wait := f.asked.Allow(v.IP); !ok {
		return fault.New(fault.TooMany, "site.too_many_checks", "retry_after", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	active, err := f.Checks.Public(v.R.Context(), n)
	if err != nil {
		return err
	}
	return v.Render(answerPage(screen(v.T, n, active, v.Now)))
}

// screen says whether the card is active. Everything that isn't active reads the
// same, so that nothing is told about why.
func screen(t *i18n.Texts, n card.Number, active bool, now time.Time) ui.Screen {
	s := ui.Screen{
		Answer: ui.Stopped, Clock: t.Clock(now), Word: t.T("site.check.stop"), Line: t.T("site.check.stop.line"),
		Company: string(n), Advice: t.T("site.check.stop.advice"), Age: t.T("site.check.age", "at", t.Clock(now)),
		Next:  ui.Link{Label: t.T("site.check.next"), Href: "/check"},
		Other: &ui.Link{Label: t.T("site.check.mine"), Href: "/me/cards/" + string(n)},
	}
	if active {
		s.Answer, s.Word, s.Line, s.Advice, s.Other = ui.Valid, t.T("site.check.valid"), t.T("site.check.valid.line"), t.T("site.check.valid.advice"), nil
	}
	return s
}

func (f face) found(v *web.Visit) error { return v.Render(foundPage(f.Deps)) }

func (f face) accessibility(v *web.Visit) error { return v.Render(accessibilityPage(f.Deps)) }

func (f face) privacy(v *web.Visit) error { return v.Render(privacyPage(f.Deps)) }

// phoneHref is the number as an address that dials it.
func phoneHref(phone string) string {
	out := []byte("tel:")
	for i := range len(phone) {
		if c := phone[i]; c >= '0' && c <= '9' || c == '+' {
			out = append(out, c)
		}
	}
	return string(out)
}
