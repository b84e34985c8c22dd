package orderportal

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// sentLine is a line of an order that was sent.
type sentLine struct {
	order.View
	base base
}

func (l sentLine) at(sub ...string) string { return l.base.line(l.Line.Order, l.Line.ID, sub...) }

// sent loads the line of the path. Drafts are not here, and neither is a line
// under another order's address.
func (d Deps) sent(handle func(*web.Visit, sentLine) error) web.Handler {
	return func(v *web.Visit) error {
		id, err := v.PathID("line")
		if err != nil {
			return err
		}
		view, err := d.Orders.View(v.R.Context(), v.Actor, id)
		if err != nil {
			return err
		}
		if view.Line.Order.String() != strings.ToLower(v.Path("order")) || view.Line.State == order.Draft {
			return v.NotFound()
		}
		return handle(v, sentLine{View: view, base: at(v)})
	}
}

type lineView struct {
	Menu     ui.Menu
	Line     sentLine
	Given    string
	State    ui.State
	Words    string
	Lead     string
	Picture  picture
	Off      bool
	Problem  *problem
	Note     string // a difference that counts as none, in words
	Refused  []lost
	Stages   []ui.Stage
	Facts    []ui.Fact
	Events   []ui.Event
	Number   string // the whole personal number, after it was asked for
	More     []ui.Link
	Remind   bool
	TakeOver bool
	Card     *card.Card
	Where    whereView
	Revision string
}

// problem is what the orderer has to do something about.
type problem struct {
	Icon, Title string
	Texts       []string
	Quote       string // what somebody wrote
	Diff        []ui.DiffRow
	TakeOver    bool
	Correct     bool
	Photo       bool
	Foot        string
}

// lost is a mail that never came, and what to do.
type lost struct{ Title, Text, Reply, Verb, Href string }

// linePage is the page of a line; see lines for why its address is looked at here.
func (d Deps) linePage(v *web.Visit) error {
	if v.Path("lines") != "lines" {
		return v.NotFound()
	}
	return d.sent(func(v *web.Visit, l sentLine) error { return d.showLine(v, l, "") })(v)
}

func (d Deps) showLine(v *web.Visit, l sentLine, number person.PersonalNumber) error {
	p := lineView{
		Menu: menu(v, l.base.orders()), Line: l, Given: first(l.Line.Claimed.GivenName), State: lineState(l.Shown),
		Words: v.T.T("order.shown." + l.Shown.Code), Picture: pictureOf(v.Company, l.Line, l.at("photo.jpg")), Off: l.Line.State == order.Cancelled,
		Revision: revision(l.Line.Revision), Problem: problemOf(v, l), Refused: refusedMails(v, l),
	}
	p.Remind = p.Problem == nil && slices.Contains(l.Actions, order.ActionRemind)
	p.Lead = v.T.T("orderportal.line.lead", "number", l.Order.Number, "type", strings.ToLower(typeName(v.T, l.Line.CardType)), "at", l.Order.SubmittedAt, "by", l.Order.OrderedByName)
	if number != "" {
		p.Number = number.Long()
	}
	if p.Problem == nil && l.Line.MayTakeOverName() {
		p.TakeOver, p.Note = true, differenceNote(v, l)
	}
	for _, a := range []struct {
		action order.Action
		sub    string
	}{{order.ActionCorrect, "correct"}, {order.ActionReplacePhoto, "photo"}, {order.ActionCancel, "cancel"}} {
		if slices.Contains(l.Actions, a.action) {
			p.More = append(p.More, ui.Link{Label: v.T.T("order.action." + string(a.action)), Href: l.at(a.sub)})
		}
	}
	if err := d.made(v, l, &p); err != nil {
		return err
	}
	p.Facts, p.Events = lineFacts(v, l, p.Card, numberValue(l.Line.Claimed.Masked, p.Number, l.at("reveal"))), events(v.T, l.Events)
	p.Stages = stages(v, l, p.Where, p.Card)
	return v.Render(linePageT(p))
}

// made adds what production and the card say.
func (d Deps) made(v *web.Visit, l sentLine, p *lineView) error {
	var err error
	if p.Where, err = d.whereOf(v, l); err != nil {
		return err
	}
	c, ok, err := d.Cards.ByLine(v.R.Context(), v.Actor, l.Line.ID)
	if err != nil || !ok {
		return err
	}
	p.Card = &c
	p.State = cardState(c, c.Status(today(v)))
	p.Words = v.T.T("ui.state." + string(p.State))
	p.Picture.card.Number = string(c.Number)
	return nil
}

type whereView struct {
	Step   production.Step
	Title  string
	Facts  []ui.Fact
	URL    string // to ask again, "" when nothing more comes
	Status production.LineStatus
}

// whereOf says where production is; the zero view before an approval.
func (d Deps) whereOf(v *web.Visit, l sentLine) (whereView, error) {
	s, err := d.Production.StatusOfLine(v.R.Context(), v.Actor, l.Line.ID)
	if err != nil || s.Step == production.StepNone {
		return whereView{}, err
	}
	t := v.T
	w := whereView{Step: s.Step, Title: t.T("production.step." + string(s.Step)), Status: s}
	if !s.Since.IsZero() {
		w.Facts = append(w.Facts, ui.Fact{Label: t.T("orderportal.where.since"), Value: t.DayTime(s.Since)})
	}
	if s.Batch != "" {
		w.Facts = append(w.Facts, ui.Fact{Label: t.T("orderportal.where.batch"), Value: s.Batch, Mono: true})
	}
	if s.Attempt > 1 {
		w.Facts = append(w.Facts, ui.Fact{Label: t.T("orderportal.where.attempt"), Value: t.T("orderportal.where.attempt.n", "n", s.Attempt)})
	}
	if s.Number != "" {
		w.Facts = append(w.Facts, ui.Fact{Label: t.T("orderportal.fact.card"), Value: string(s.Number), Mono: true})
	}
	if s.Tracking != "" {
		w.Facts = append(w.Facts, ui.Fact{Label: t.T("orderportal.where.tracking"), Value: s.Tracking, Mono: true})
	}
	if len(s.Address) > 0 {
		w.Facts = append(w.Facts, ui.Fact{Label: t.T("orderportal.where.address"), Value: strings.Join(s.Address, ", ")})
	}
	if s.Step != production.StepDispatched && s.Step != production.StepReturned {
		w.URL = l.at("where") + "?step=" + string(s.Step)
	}
	return w, nil
}

// where is the part of the page that changes while a card is made. At a new
// step the whole page is different.
func (d Deps) where(v *web.Visit, l sentLine) error {
	if !v.Fragment() {
		return v.Redirect(l.at() + "#where")
	}
	w, err := d.whereOf(v, l)
	if err != nil {
		return err
	}
	if v.Query("step") != string(w.Step) {
		v.W.Header().Set("Kv-Location", l.at())
	}
	return v.Render(where(w))
}

func (d Deps) linePicture(v *web.Visit, l sentLine) error { return d.jpeg(v, l.Line.Photo) }

func (d Deps) revealLine(v *web.Visit, l sentLine) error {
	n, err := d.Orders.RevealNumber(v.R.Context(), v.Actor, l.Line.ID)
	if err != nil {
		return err
	}
	if l.View, err = d.Orders.View(v.R.Context(), v.Actor, l.Line.ID); err != nil { // with the entry about it
		return err
	}
	return d.showLine(v, l, n)
}

// takeOver makes the proven name the line's. A name that needs a short form for
// the card goes to the form that asks for it.
func (d Deps) takeOver(v *web.Visit, l sentLine) error {
	_, err := d.Orders.TakeOverName(v.R.Context(), v.Actor, l.Line.ID, readRevision(v))
	if fault.Has(err, "order.take_over_needs_short") {
		v.Flash(ui.Act, "orderportal.name.short")
		return v.Redirect(l.at("correct"))
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "orderportal.name.taken")
	return v.Redirect(l.at())
}

func (d Deps) remind(v *web.Visit, l sentLine) error {
	err := d.Orders.Remind(v.R.Context(), v.Actor, l.Line.ID)
	switch {
	case fault.Has(err, "order.reminded_recently"):
		v.Flash(ui.Wait, "orderportal.reminded.recently")
	case err != nil:
		return err
	default:
		v.Flash(ui.OK, "orderportal.reminded", "email", l.Line.Claimed.Email)
	}
	return v.Redirect(l.at())
}

type cancelView struct {
	Menu     ui.Menu
	Line     sentLine
	Revision string
}

func (d Deps) cancel(v *web.Visit, l sentLine) error {
	if !slices.Contains(l.Actions, order.ActionCancel) {
		_, err := order.Next(l.Line.State, order.Cancel)
		return insteadOf(v, err, l.at())
	}
	return v.Render(cancelPage(cancelView{Menu: menu(v, l.base.orders()), Line: l, Revision: revision(l.Line.Revision)}))
}

func (d Deps) doCancel(v *web.Visit, l sentLine) error {
	if _, err := d.Orders.Cancel(v.R.Context(), v.Actor, l.Line.ID, readRevision(v)); err != nil {
		return err
	}
	v.Flash(ui.OK, "orderportal.cancelled", "name", l.Line.Name())
	return v.Redirect(l.at())
}

type correctView struct {
	Menu     ui.Menu
	Line     sentLine
	Who      whoForm
	Picture  picture
	Conflict string
	Preview  string
	Revision string
	Locked   bool
}

func (d Deps) correctView(v *web.Visit, l sentLine, form ui.Form) correctView {
	w := l.Line.AsTyped()
	w.BirthDate = "" // the number has it
	p := correctView{
		Menu: menu(v, l.base.orders()), Line: l, Who: makeWhoForm(v.T, w, form), Picture: pictureOf(v.Company, l.Line, l.at("photo.jpg")),
		Preview: l.at("preview"), Revision: revision(l.Line.Revision),
	}
	p.Who.Masked = true
	if l.Line.Proven != nil && l.Line.MayTakeOverName() && form.Values == nil {
		d.offerShort(l, &p)
	}
	return p
}

// offerShort shows the fields for the printed form when the proven name needs
// one: then taking it over led here.
func (d Deps) offerShort(l sentLine, p *correctView) {
	name := (person.Name{Given: l.Line.Proven.GivenName, Surname: l.Line.Proven.Surname}).Recased()
	if needsShort(name) {
		p.Who.Who.GivenName, p.Who.Who.Surname, p.Who.Short = name.Given, name.Surname, true
	}
}

func (d Deps) correct(v *web.Visit, l sentLine) error {
	if _, err := order.Next(l.Line.State, order.Correct); err != nil {
		return insteadOf(v, err, l.at())
	}
	return v.Render(correctPage(d.correctView(v, l, ui.Form{})))
}

func (d Deps) saveCorrect(v *web.Visit, l sentLine) error {
	after, err := d.Orders.Correct(v.R.Context(), v.Actor, l.Line.ID, readRevision(v), typedWho(v))
	if form, ok := v.Form().With(err); ok {
		p := d.correctView(v, l, sorted(form))
		typedOnto(v, &p.Picture)
		return v.Invalid(correctPage(p))
	}
	if e, ok := fault.As(err); ok && e.Kind == fault.Conflict {
		if _, locked := order.Next(l.Line.State, order.Correct); locked == nil { // what was typed is kept, beside what happened
			p := d.correctView(v, l, v.Form())
			p.Conflict = v.T.Error(e)
			return v.RenderStatus(http.StatusConflict, correctPage(p))
		}
	}
	if err != nil {
		return err
	}
	key := "orderportal.corrected"
	if after.Revision == l.Line.Revision {
		key = "orderportal.corrected.nothing"
	} else if after.State == order.AwaitingCardholder {
		key = "orderportal.corrected.told"
	}
	v.Flash(ui.OK, key)
	return v.Redirect(l.at())
}

func (d Deps) correctPreview(v *web.Visit, l sentLine) error {
	p := pictureOf(v.Company, l.Line, l.at("photo.jpg"))
	typedOnto(v, &p)
	return v.Render(drawing(p))
}

// hasPhoto says whether there is a picture to show.
func hasPhoto(l order.Line) bool { return l.Photo != uuid.Nil }
