package cardportal

import (
	"net/http"
	"strconv"

	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
)

func (d Deps) pinForm(v *web.Visit) error {
	c, err := d.view(v)
	if err != nil {
		return err
	}
	if !c.may(card.ActionShowPIN) {
		return v.Redirect(cardPath(c.Card))
	}
	return v.Render(askPINPage(task{cardView: c, Fresh: v.Fresh()}))
}

func (d Deps) pin(v *web.Visit) error {
	c, err := d.view(v)
	if err != nil {
		return err
	}
	path := cardPath(c.Card) + "/pin"
	if !v.Fresh() {
		return d.Flow.Fresh(v, path)
	}
	t := task{cardView: c, Fresh: true, Form: v.Form()}
	pin, err := d.Cards.ShowPIN(v.R.Context(), v.Actor, c.Card.ID, t.wholeNumber(v.Text("number")), v.Session.AuthAt)
	if err == nil {
		return v.Render(pinPage(pinView{Card: c.Card, PIN: pin}))
	}
	if fault.Has(err, "card.number_malformed") { // the letters stand there already
		err = fault.New(fault.Invalid, "cardportal.number_malformed", "letters", t.letters()).On("number")
	}
	return d.refused(v, t, path, err, askPINPage)
}

// refused answers an activation or showing that failed: the same page with what
// is wrong, or where the way goes on.
func (d Deps) refused(v *web.Visit, t task, path string, err error, page func(task) templ.Component) error {
	f, ok := fault.As(err)
	switch {
	case !ok:
		return err
	case f.Code == "card.fresh_identification_needed":
		return d.Flow.Fresh(v, path)
	case f.Kind == fault.TooMany:
		t.Refused = f
		if minutes, err := strconv.Atoi(f.Args["minutes"]); err == nil {
			v.W.Header().Set("Retry-After", strconv.Itoa(60*minutes))
		}
		return v.RenderStatus(http.StatusTooManyRequests, page(t))
	case f.Kind == fault.Conflict && f.Code != "card.changed":
		return v.Redirect(cardPath(t.Card)) // its page says what the card is now
	}
	if t.Form, ok = t.Form.With(err); ok {
		return v.Invalid(page(t))
	}
	return err
}
