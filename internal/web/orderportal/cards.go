package orderportal

import (
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

type listView struct {
	Menu   ui.Menu
	Form   ui.Form
	Search string // what was searched for
	Chips  []ui.Chip
	Rows   []cardRow
	Filter card.Filter
	Pages  ui.Pages
	Next   string // cursors of a search, which is posted
	Prev   string
	Empty  bool // the company has nothing at all
	base   base
}

type cardRow struct {
	Href, Name, Masked, Number, Type, Until, By, Photo string
	State                                              ui.State
}

// list is the page of cards and of lines that will become cards.
func (d Deps) list(v *web.Visit) error {
	return d.showList(v, card.Query{Filter: card.Filter(v.Query("status")), After: v.Query("after"), Before: v.Query("before")})
}

// search is the same for what was typed, which never stands in an address.
func (d Deps) search(v *web.Visit) error {
	if v.Text("q") == "" {
		return v.Redirect(at(v).cards())
	}
	return d.showList(v, card.Query{Text: v.Text("q"), After: v.Text("after"), Before: v.Text("before")})
}

func (d Deps) showList(v *web.Visit, q card.Query) error {
	page, err := d.Cards.Search(v.R.Context(), v.Actor, q)
	p := listView{Menu: menu(v, at(v).cards()), Search: q.Text, Filter: q.Filter, base: at(v)}
	status := http.StatusOK
	if err != nil && q.Text != "" && fault.KindOf(err) == fault.Invalid {
		p.Form, _ = v.Form().With(err)
		status = http.StatusUnprocessableEntity
		page, err = d.Cards.Search(v.R.Context(), v.Actor, card.Query{Limit: 1}) // for the counts
		page.Rows, page.Next, page.Prev = nil, "", ""
	}
	if fault.Has(err, "card.filter_unknown") || fault.Has(err, "card.page_malformed") {
		return v.Redirect(at(v).cards())
	}
	if err != nil {
		return err
	}
	p.Chips = chips(v, page.Counts, q)
	p.Empty = page.Counts[card.FilterAll] == 0
	for _, r := range page.Rows {
		p.Rows = append(p.Rows, cardRowOf(v, r))
	}
	if q.Text != "" {
		p.Next, p.Prev = page.Next, page.Prev
	} else {
		p.Pages = ui.Pages{
			Next: cardsLink(at(v), q.Filter, "after", page.Next), Prev: cardsLink(at(v), q.Filter, "before", page.Prev),
			Text: v.T.T("orderportal.cards.count", "shown", len(page.Rows), "all", v.T.CountCapped(page.Counts[q.Filter])),
		}
	}
	return v.RenderStatus(status, listPage(p))
}

func cardsLink(b base, f card.Filter, name, cursor string) string {
	q := url.Values{}
	if f != card.FilterAll {
		q.Set("status", string(f))
	}
	if name != "" {
		if cursor == "" {
			return ""
		}
		q.Set(name, cursor)
	}
	if len(q) == 0 {
		return b.cards()
	}
	return b.cards() + "?" + q.Encode()
}

func chips(v *web.Visit, counts map[card.Filter]int, q card.Query) []ui.Chip {
	var out []ui.Chip
	for _, f := range card.Filters() {
		out = append(out, ui.Chip{
			Label: v.T.T("card.filter." + orElse(string(f), "all")), Count: v.T.CountCapped(counts[f]),
			Href: cardsLink(at(v), f, "", ""), Current: q.Text == "" && f == q.Filter,
		})
	}
	return out
}

func cardRowOf(v *web.Visit, r card.Row) cardRow {
	b := at(v)
	out := cardRow{
		Name: trimJoin(r.GivenName, r.Surname), Masked: r.Masked, Number: orElse(string(r.Number), "–"), Type: typeName(v.T, r.Type),
		Until: orElse(r.ValidUntil.String(), "–"), By: r.OrderedByName, State: rowState(r), Href: b.line(r.Order, r.Line), Photo: b.line(r.Order, r.Line, "photo.jpg"),
	}
	if r.Card != uuid.Nil {
		out.Href, out.Photo = b.card(r.Number), b.card(r.Number, "photo.jpg")
	}
	return out
}

// cardBy is the company's card with the number of a path or form. A number that
// can't be one is not there.
func (d Deps) cardBy(v *web.Visit, typed string) (card.Card, error) {
	n, err := card.ParseNumber(typed)
	if err != nil {
		return card.Card{}, v.NotFound()
	}
	return d.Cards.ByNumber(v.R.Context(), v.Actor, n)
}

func (d Deps) cardPicture(v *web.Visit) error {
	c, err := d.cardBy(v, v.Path("number"))
	if err != nil {
		return err
	}
	return d.jpeg(v, c.Photo)
}

type cardView struct {
	Menu    ui.Menu
	View    card.View
	State   ui.State
	Lead    string
	Picture picture
	Off     bool
	Paused  string
	Actions []ui.Row
	New     bool // the card has ended: the way to another one
	Facts   []ui.Fact
	Number  string // personal, after it was asked for
	Events  []ui.Event
	base    base
}

func (d Deps) card(v *web.Visit) error {
	c, err := d.cardBy(v, v.Path("number"))
	if err != nil {
		return err
	}
	return d.showCard(v, c, "")
}

func (d Deps) reveal(v *web.Visit) error {
	c, err := d.cardBy(v, v.Path("number"))
	if err != nil {
		return err
	}
	n, err := d.Cards.RevealNumber(v.R.Context(), v.Actor, c.ID)
	if err != nil {
		return err
	}
	return d.showCard(v, c, n)
}

func (d Deps) showCard(v *web.Visit, c card.Card, number person.PersonalNumber) error {
	view, err := d.Cards.View(v.R.Context(), v.Actor, c.ID)
	if err != nil {
		return err
	}
	p := cardView{
		Menu: menu(v, at(v).cards()), View: view, State: cardState(view.Card, view.Status), base: at(v), Picture: d.cardDrawing(v, view),
		Off: view.Status == card.StatusExpired, Events: cardEvents(v.T, view.Events),
	}
	p.New = view.Status == card.StatusTerminated || view.Status == card.StatusExpired
	p.Lead = v.T.T("orderportal.cards.lead", "type", typeName(v.T, view.Card.Type), "until", view.Card.ValidUntil.String())
	if view.Card.Paused {
		p.Paused = v.T.T("orderportal.hold." + orElse(v.Company.Hold, "other"))
	}
	if number != "" {
		p.Number = number.Long()
	}
	p.Actions, p.Facts = cardActions(v, view), cardFacts(v, view, numberValue(view.Masked, p.Number, at(v).card(view.Card.Number, "reveal")))
	return v.Render(cardPage(p))
}

func (d Deps) cardDrawing(v *web.Visit, view card.View) picture {
	c := view.Card
	p := picture{check: d.checkURL(v), photo: at(v).card(c.Number, "photo.jpg")}
	p.card.Type, p.card.GivenName, p.card.Surname = c.Type, c.GivenName, c.Surname
	p.card.Company, p.card.OrganisationNumber = c.CompanyName, c.OrganisationNumber
	p.card.Number, p.card.ValidUntil = string(c.Number), c.ValidUntil
	switch view.Status {
	case card.StatusBlocked:
		p.card.State = "blocked"
	case card.StatusTerminated:
		p.card.State = "ended"
	}
	return p
}
