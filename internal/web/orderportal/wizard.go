package orderportal

import (
	"slices"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// The pages of the order form.
const (
	pageWho      = "who"
	pageCard     = "card"
	pagePhoto    = "photo"
	pageDelivery = "delivery"
	pageReview   = "review"
)

var pages = []string{pageWho, pageCard, pagePhoto, pageDelivery, pageReview}

// draft is a line of an order that hasn't been sent, and the order around it.
type draft struct {
	order order.Order
	line  order.Line
	base  base
	owner company.Company
}

func (d draft) at(page string) string { return d.base.step(d.line.ID, page) }

// step loads the draft of the line in the path. An order that was sent
// meanwhile, by a second press or another tab, leads to its page.
func (d Deps) step(handle func(*web.Visit, draft) error) web.Handler {
	return func(v *web.Visit) error {
		id, err := v.PathID("line")
		if err != nil {
			return err
		}
		o, err := d.Orders.DraftOfLine(v.R.Context(), v.Actor, id)
		if err != nil {
			return err
		}
		if !o.Draft() {
			return v.Redirect(at(v).order(o.ID))
		}
		f, ok := within(v, o, id)
		if !ok {
			return v.NotFound()
		}
		return handle(v, f)
	}
}

func within(v *web.Visit, o order.Order, line uuid.UUID) (draft, bool) {
	i := slices.IndexFunc(o.Lines, func(l order.Line) bool { return l.ID == line })
	if i < 0 {
		return draft{}, false
	}
	return draft{order: o, line: o.Lines[i], base: at(v), owner: v.Company}, true
}

// frame is what the pages of the form have in common.
type frame struct {
	Form     ui.Form
	Wizard   ui.Wizard
	People   []personRow // none when the order has one
	Picture  picture
	Given    string // what the person is called, "" before there is a name
	Revision string
	Back     string
	Preview  string
	Photo    bool // a photo has been added
	base     base
}

// personRow is one of several people of an order.
type personRow struct {
	Name  string
	Href  string
	Now   bool
	State ui.State // ToReview when nothing is missing, else Draft
}

func (d Deps) frame(v *web.Visit, f draft, page string, form ui.Form) frame {
	out := frame{
		Form: form, Wizard: steps(v, f, page), Picture: pictureOf(f.owner, f.line, f.at("photo.jpg")),
		Given: first(f.line.Typed.GivenName), Revision: revision(f.order.Revision), Preview: f.at("preview"),
		Photo: f.line.Photo != uuid.Nil, base: f.base,
	}
	out.Picture.card.GivenName = orElse(out.Picture.card.GivenName, f.line.Typed.GivenName)
	out.Picture.card.Surname = orElse(out.Picture.card.Surname, f.line.Typed.Surname)
	if i := slices.Index(pages, page); i > 0 {
		out.Back = f.at(pages[i-1])
	}
	if v.Query("to") == pageReview {
		out.Back = f.at(pageReview)
	}
	if len(f.order.Lines) > 1 {
		for i, l := range f.order.Lines {
			out.People = append(out.People, personRow{Name: draftName(v, l, i), Href: f.base.step(l.ID, page), Now: l.ID == f.line.ID, State: readiness(l)})
		}
	}
	return out
}

// draftName is what a line of a draft is called.
func draftName(v *web.Visit, l order.Line, i int) string {
	if name := trimJoin(l.Typed.GivenName, l.Typed.Surname); name != "" {
		return name
	}
	return v.T.T("orderportal.person_n", "n", i+1)
}

// readiness is a look at a line of a draft; Problems is the whole truth.
func readiness(l order.Line) ui.State {
	if whoSaved(l) && l.Photo != uuid.Nil {
		return ui.ToReview
	}
	return ui.Draft
}

func whoSaved(l order.Line) bool {
	c := l.Claimed
	return c.GivenName != "" && c.Surname != "" && c.Masked != "" && c.Email != "" && c.Nationality != ""
}

func steps(v *web.Visit, f draft, page string) ui.Wizard {
	now := slices.Index(pages, page)
	whole := readiness(f.line) == ui.ToReview && f.order.Delivery.Line1 != ""
	w := ui.Wizard{Label: v.T.T("orderportal.steps"), Home: f.base.home()}
	for i, p := range pages { // the last step is done when the order is sent, and then there is no form
		w.Steps = append(w.Steps, ui.Step{Label: v.T.T("orderportal.step." + p), Href: f.at(p), Done: i < now || whole && i > now && i < len(pages)-1, Now: i == now})
	}
	return w
}

// onward leads to the page after this one, back to the overview, or out, as the
// pressed button says.
func onward(v *web.Visit, f draft, page string) error {
	if v.Text("action") == "close" {
		return closed(v, f)
	}
	if v.Query("to") == pageReview {
		return v.Redirect(f.at(pageReview))
	}
	return v.Redirect(f.at(pages[slices.Index(pages, page)+1]))
}

func closed(v *web.Visit, f draft) error {
	v.Flash(ui.OK, "orderportal.saved")
	return v.Redirect(f.base.orders())
}

// start is the page behind the phone's button: drafts that wait, or a new order.
func (d Deps) start(v *web.Visit) error {
	drafts, err := d.Orders.Drafts(v.R.Context(), v.Actor)
	if err != nil {
		return err
	}
	return v.Render(startPage(startView{Menu: menu(v, at(v).begin()), Drafts: draftRows(v, drafts), base: at(v)}))
}

// begin makes a draft, or takes the one that the person has just begun and
// typed nothing into. With a card's number the order is about a new card for its
// holder, instead of the old one while that is live.
func (d Deps) begin(v *web.Visit) error {
	ctx := v.R.Context()
	number := v.Text("card")
	if number == "" {
		drafts, err := d.Orders.Drafts(ctx, v.Actor)
		if err != nil {
			return err
		}
		for _, o := range drafts {
			if o.OrderedBy == v.Actor.Account && untouched(o) {
				return v.Redirect(at(v).step(o.Lines[0].ID, pageWho))
			}
		}
	}
	var old card.Card
	if number != "" {
		var err error
		if old, err = d.cardBy(v, number); err != nil {
			return err
		}
	}
	o, err := d.Orders.NewDraft(ctx, v.Actor)
	if err != nil {
		return err
	}
	if number != "" {
		if err := d.prefill(v, o.Lines[0], old); err != nil {
			return err
		}
	}
	return v.Redirect(at(v).step(o.Lines[0].ID, pageWho))
}

func untouched(o order.Order) bool {
	return len(o.Lines) == 1 && o.Lines[0].Typed == order.Who{} && o.Lines[0].Photo == uuid.Nil && o.Lines[0].Replaces == "" && o.Reference == ""
}

// prefill takes over what the company said about the holder the last time. The
// personal number is typed again: opening it is a thing of its own.
func (d Deps) prefill(v *web.Visit, l order.Line, old card.Card) error {
	ctx := v.R.Context()
	before, err := d.Orders.Line(ctx, v.Actor, old.Line)
	if err != nil {
		return err
	}
	w := before.AsTyped()
	w.PersonalNumber, w.BirthDate = "", ""
	if _, err := d.Orders.SetPerson(ctx, v.Actor, l.ID, w); err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	choice := order.CardChoice{Type: old.Type}
	if status := old.Status(today(v)); status != card.StatusTerminated && status != card.StatusExpired {
		choice.Replaces = string(old.Number)
	}
	_, err = d.Orders.SetCard(ctx, v.Actor, l.ID, choice)
	return err
}

// add puts another person into the order: the card's kind, delivery and
// reference stay as they are.
func (d Deps) add(v *web.Visit, f draft) error {
	o, err := d.Orders.AddLine(v.R.Context(), v.Actor, f.order.ID)
	if fault.Has(err, "order.too_many_lines") {
		return d.showReview(v, f, reviewState{refused: err, status: 422})
	}
	if err != nil {
		return err
	}
	l := o.Lines[len(o.Lines)-1]
	choice := order.CardChoice{Type: f.line.CardType, ValidUntil: f.line.ValidUntil.String()}
	if _, err := d.Orders.SetCard(v.R.Context(), v.Actor, l.ID, choice); err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	return v.Redirect(f.base.step(l.ID, pageWho))
}

// remove takes a person out of the order; the last one takes the order along.
func (d Deps) remove(v *web.Visit, f draft) error {
	o, err := d.Orders.RemoveLine(v.R.Context(), v.Actor, f.line.ID)
	if err != nil {
		return err
	}
	if len(o.Lines) == 0 {
		v.Flash(ui.OK, "orderportal.discarded")
		return v.Redirect(f.base.orders())
	}
	v.Flash(ui.OK, "orderportal.removed")
	return v.Redirect(f.base.step(o.Lines[0].ID, pageReview))
}

type discardView struct {
	Menu  ui.Menu
	Draft draftRow
}

func (d Deps) askDiscard(v *web.Visit) error {
	id, err := v.PathID("order")
	if err != nil {
		return err
	}
	o, err := d.Orders.Draft(v.R.Context(), v.Actor, id)
	if err != nil {
		return err
	}
	rows := draftRows(v, []order.Order{o})
	if !o.Draft() || len(rows) == 0 {
		return v.Redirect(at(v).order(id))
	}
	return v.Render(discardPage(discardView{Menu: menu(v, at(v).orders()), Draft: rows[0]}))
}

// discard throws a draft away.
func (d Deps) discard(v *web.Visit) error {
	id, err := v.PathID("order")
	if err != nil {
		return err
	}
	if err := d.Orders.Discard(v.R.Context(), v.Actor, id); err != nil {
		return err
	}
	v.Flash(ui.OK, "orderportal.discarded")
	return v.Redirect(at(v).orders())
}

func (d Deps) draftPicture(v *web.Visit, f draft) error { return d.jpeg(v, f.line.Photo) }

// preview draws the card from what is typed, for the page's script.
func (d Deps) preview(v *web.Visit, f draft) error {
	p := d.frame(v, f, pageWho, ui.Form{}).Picture
	typedOnto(v, &p)
	return v.Render(drawing(p))
}
