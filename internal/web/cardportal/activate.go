package cardportal

import (
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// task is one of the pages that need an identification a few minutes old and
// something that stands on the card.
type task struct {
	cardView
	Fresh   bool
	Form    ui.Form
	Refused *fault.Error // about the whole, not about a field
	Older   bool         // another card ends by this one
}

// activateForm asks for the identification first if it is too old, so that
// nobody types digits that are then asked for again.
func (d Deps) activateForm(v *web.Visit) error {
	c, err := d.view(v)
	if err != nil {
		return err
	}
	if !c.may(card.ActionActivate) {
		return v.Redirect(cardPath(c.Card)) // which says why
	}
	older, err := d.older(v, c.Card)
	if err != nil {
		return err
	}
	return v.Render(activatePage(task{cardView: c, Fresh: v.Fresh(), Older: older}))
}

// older reports whether the person has another card that ends with this one's
// activation.
func (d Deps) older(v *web.Visit, c card.Card) (bool, error) {
	all, err := d.Cards.ForPerson(v.R.Context(), v.Actor)
	for _, o := range all {
		if o.ID != c.ID && o.Company == c.Company && o.Type == c.Type && o.Live(clock.DateOf(v.Now)) {
			return true, err
		}
	}
	return false, err
}

func (d Deps) activate(v *web.Visit) error {
	c, err := d.view(v)
	if err != nil {
		return err
	}
	path := cardPath(c.Card) + "/activate"
	if !v.Fresh() {
		return d.Flow.Fresh(v, path)
	}
	done, err := d.Cards.Activate(v.R.Context(), v.Actor, c.Card.ID, v.Text("digits"), v.Session.AuthAt)
	if err == nil {
		return v.Render(pinPage(pinView{Card: done.Card, PIN: done.PIN, Activated: true}))
	}
	older, err2 := d.older(v, c.Card)
	if err2 != nil {
		return err2
	}
	return d.refused(v, task{cardView: c, Fresh: true, Form: v.Form(), Older: older}, path, err, activatePage)
}

// pinView is the page with the digits of a PIN.
type pinView struct {
	Card      card.Card
	PIN       string
	Activated bool
}
