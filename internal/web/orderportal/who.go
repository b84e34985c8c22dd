package orderportal

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// whoForm is the part of the page that ordering and correcting share.
type whoForm struct {
	Form      ui.Form
	Who       order.Who
	Countries []ui.Option
	Short     bool // the name can't be printed as it is: ask for a shorter one
	Birth     bool // something was said about the birth date, which the number has as well
	Masked    bool // the number stays as it is unless another one is typed
}

func makeWhoForm(t *i18n.Texts, w order.Who, form ui.Form) whoForm {
	out := whoForm{Form: form, Who: w, Countries: []ui.Option{{Label: t.T("orderportal.who.nationality.choose")}}}
	for _, c := range person.Countries(t.Lang) {
		out.Countries = append(out.Countries, ui.Option{Value: c.Code, Label: c.Name})
	}
	out.Short = w.ShortGiven != "" || w.ShortSurname != "" || form.Errors.Field("short_given") != nil || form.Errors.Field("short_surname") != nil ||
		form.Value("short_given", "") != "" || form.Value("short_surname", "") != ""
	out.Birth = form.Errors.Field("birth_date") != nil || form.Value("birth_date", w.BirthDate) != ""
	return out
}

// typedWho is what the form says about the person.
func typedWho(v *web.Visit) order.Who {
	return order.Who{
		GivenName: v.Text("given_name"), Surname: v.Text("surname"), ShortGiven: v.Text("short_given"), ShortSurname: v.Text("short_surname"),
		BirthDate: v.Text("birth_date"), Nationality: v.Text("nationality"), PersonalNumber: v.Text("personal_number"),
		Email: v.Text("email"), Phone: v.Text("phone"), Lang: v.Text("lang"),
	}
}

type whoView struct {
	frame
	Who whoForm
}

// whoOrder is the order of the fields on the page; the summary of what is wrong
// has the same.
var whoOrder = []string{"nationality", "personal_number", "birth_date", "given_name", "surname", "short_given", "short_surname", "email", "phone", "lang"}

func sorted(form ui.Form) ui.Form {
	form.Errors = slices.Clone(form.Errors)
	slices.SortStableFunc(form.Errors, func(a, b *fault.Error) int {
		return slices.Index(whoOrder, a.Field) - slices.Index(whoOrder, b.Field)
	})
	return form
}

func (d Deps) whoView(v *web.Visit, f draft, form ui.Form) whoView {
	return whoView{frame: d.frame(v, f, pageWho, form), Who: makeWhoForm(v.T, f.line.Typed, form)}
}

func (d Deps) who(v *web.Visit, f draft) error { return v.Render(whoPage(d.whoView(v, f, ui.Form{}))) }

func (d Deps) saveWho(v *web.Visit, f draft) error {
	if err := v.Sent(); err != nil {
		return err
	}
	o, err := d.Orders.SetPerson(v.R.Context(), v.Actor, f.line.ID, typedWho(v))
	form, wrong := v.Form().With(err)
	form = sorted(form)
	if err != nil && !wrong {
		return err
	}
	if wrong && v.Text("action") == "close" { // it is saved as it is
		return closed(v, f)
	}
	if wrong {
		if now, ok := within(v, o, f.line.ID); ok {
			f = now
		}
		p := d.whoView(v, f, form)
		typedOnto(v, &p.Picture)
		return v.Invalid(whoPage(p))
	}
	return onward(v, f, pageWho)
}

// typedOnto draws what the posted form says over what is saved.
func typedOnto(v *web.Visit, p *picture) {
	sent, c := v.Form().Values, &p.card
	if sent.Has("given_name") || sent.Has("surname") {
		c.GivenName = orElse(v.Text("short_given"), v.Text("given_name"))
		c.Surname = orElse(v.Text("short_surname"), v.Text("surname"))
	}
	if code := v.Text("card_type"); code != "" {
		c.Type = code
	}
	if until, err := clock.ParseDate(v.Text("valid_until")); err == nil {
		c.ValidUntil = until
	}
	c.GivenName, c.Surname = printable(c.GivenName), printable(c.Surname)
}

// printable leaves out letters that the card can't carry: the page asks for
// another spelling.
func printable(name string) string {
	out := map[rune]bool{}
	for _, r := range artwork.Unprintable(name) {
		out[r] = true
	}
	return strings.Map(func(r rune) rune {
		if out[r] {
			return -1
		}
		return r
	}, name)
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func trimJoin(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }

func revision(n int64) string { return strconv.FormatInt(n, 10) }

// readRevision is the revision that the page showed; what isn't a number fits
// none.
func readRevision(v *web.Visit) int64 {
	n, err := strconv.ParseInt(v.Text("revision"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func today(v *web.Visit) clock.Date { return clock.DateOf(v.Now) }
