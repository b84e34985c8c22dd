package backoffice

import (
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

const (
	shownDoubted = 50
	countDoubted = 1001 // one more than a count shows
)

// doubtedView is the page after a restore: the companies whose cards wait, or one company's cards.
type doubtedView struct {
	Menu      ui.Menu
	Total     int
	Companies []card.InDoubt
	Company   company.Company
	Cards     []card.Card
	Prev      string
	Next      string
	Form      ui.Form
}

func doubtedAt(id uuid.UUID) string { return atRestored + "/" + id.String() }

// restored lists the companies whose cards wait to be confirmed.
func (d Deps) restored(v *web.Visit) error {
	p, err := d.doubted(v)
	if err != nil {
		return err
	}
	return v.Render(doubtedPage(p))
}

func (d Deps) doubted(v *web.Visit) (p doubtedView, err error) {
	ctx := v.R.Context()
	if p.Total, err = d.Cards.Doubted(ctx, countDoubted); err != nil {
		return p, err
	}
	after, _ := uuid.Parse(v.Query("after")) // what isn't an id is the beginning
	if p.Companies, err = d.Cards.CompaniesInDoubt(ctx, v.Actor, after, shownDoubted+1); err != nil {
		return p, err
	}
	if len(p.Companies) > shownDoubted {
		p.Companies = p.Companies[:shownDoubted]
		p.Next = nextPage(p.Companies[shownDoubted-1].Company.String(), atRestored)
	}
	p.Prev = firstPage(v.Query("after"), atRestored)
	p.Menu, err = d.rail(v, atRestored)
	return p, err
}

// restoredCompany lists a company's cards that wait.
func (d Deps) restoredCompany(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	p, err := d.doubtedCards(v, id)
	if err != nil {
		return err
	}
	return v.Render(doubtedCardsPage(p))
}

func (d Deps) doubtedCards(v *web.Visit, id uuid.UUID) (p doubtedView, err error) {
	ctx := v.R.Context()
	if p.Company, err = d.Companies.ByID(ctx, id); err != nil {
		return p, err
	}
	after := v.Query("after")
	if p.Cards, err = d.Cards.CardsInDoubt(ctx, v.Actor, id, card.Number(after), shownDoubted+1); err != nil {
		return p, err
	}
	if len(p.Cards) > shownDoubted {
		p.Cards = p.Cards[:shownDoubted]
		p.Next = nextPage(string(p.Cards[shownDoubted-1].Number), doubtedAt(id))
	}
	p.Prev = firstPage(after, doubtedAt(id))
	p.Menu, err = d.rail(v, atRestored)
	return p, err
}

// confirmAll ends the doubt about every card.
func (d Deps) confirmAll(v *web.Visit) error {
	n, err := d.Cards.Confirm(v.R.Context(), v.Actor, card.Vouch{Note: v.Text("note")})
	if err == nil {
		return d.confirmed(v, n, atRestored)
	}
	form, ok := v.Form().With(err)
	if !ok {
		return err
	}
	p, err := d.doubted(v)
	if err != nil {
		return err
	}
	p.Form = form
	return v.Invalid(doubtedPage(p))
}

// confirmCards ends the doubt about a company's cards, or about the one whose
// number was typed.
func (d Deps) confirmCards(v *web.Visit) error {
	id, err := v.PathID("id")
	if err != nil {
		return err
	}
	what := card.Vouch{Company: id, Note: v.Text("note")}
	var n int64
	if typed := v.Text("number"); typed != "" {
		what.Number, err = d.numberOf(v, id, typed)
	}
	if err == nil {
		n, err = d.Cards.Confirm(v.R.Context(), v.Actor, what)
	}
	if err == nil {
		next := atRestored
		if what.Number != "" {
			next = doubtedAt(id)
		}
		return d.confirmed(v, n, next)
	}
	form, ok := v.Form().With(err)
	if !ok {
		return err
	}
	p, err := d.doubtedCards(v, id)
	if err != nil {
		return err
	}
	p.Form = form
	return v.Invalid(doubtedCardsPage(p))
}

// numberOf is the number of a card of the company whose page it is.
func (d Deps) numberOf(v *web.Visit, id uuid.UUID, typed string) (card.Number, error) {
	n, err := card.ParseNumber(typed)
	if err != nil {
		return "", err
	}
	c, err := d.Cards.ByNumber(v.R.Context(), v.Actor, n)
	if fault.Has(err, "card.unknown") || (err == nil && c.Company != id) {
		err = fault.New(fault.Invalid, "card.unknown").On("number")
	}
	return n, err
}

func (d Deps) confirmed(v *web.Visit, n int64, next string) error {
	v.Flash(ui.OK, "backoffice.restored.confirmed", "n", int(n))
	return v.Redirect(next)
}

func (d Deps) toConfirm(v *web.Visit) (int, error) {
	return d.Cards.Doubted(v.R.Context(), countDoubted)
}

// restoredRoutes are there always; the menu names them while cards wait.
func (d Deps) restoredRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /office/restored", Right: officers, Handle: d.restored},
		{Pattern: "POST /office/restored", Right: officers, Handle: d.confirmAll},
		{Pattern: "GET /office/restored/{id}", Right: officers, Handle: d.restoredCompany},
		{Pattern: "POST /office/restored/{id}", Right: officers, Handle: d.confirmCards},
	}
}
