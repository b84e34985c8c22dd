package orderportal

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// reviewState is what the page says besides the order.
type reviewState struct {
	failed  bool  // it was to be sent, and can't be
	refused error // why, when that isn't about something that is missing
	status  int
}

type reviewView struct {
	Kind cardtype.Type
	frame
	Persons  []personReview
	Missing  []missing
	Failed   bool
	Refused  string
	Delivery []ui.Fact
	Edit     string // where the delivery is changed
	Fee      string
	Many     bool
	Add      string
}

// personReview is one person of the order.
type personReview struct {
	Name    string
	Person  []ui.Fact
	Card    []ui.Fact
	Short   []ui.Fact // for one of several
	Links   personLinks
	Picture picture
}

type personLinks struct{ Who, Card, Photo, Remove string }

// missing is something that the order lacks, with the page where it is added.
type missing struct{ Text, Href string }

func (d Deps) review(v *web.Visit, f draft) error {
	return d.showReview(v, f, reviewState{status: http.StatusOK})
}

func (d Deps) showReview(v *web.Visit, f draft, s reviewState) error {
	kind, _ := cardtype.ByCode(f.line.CardType)
	p := reviewView{
		frame: d.frame(v, f, pageReview, ui.Form{}), Failed: s.failed, Kind: kind, Fee: feeText(v.T, d.Cards.Fee(today(v)), kind),
		Many: len(f.order.Lines) > 1, Edit: f.at(pageDelivery) + "?to=review", Add: f.at("add"),
	}
	p.Wizard.Close = &ui.Link{Label: v.T.T("orderportal.save_close"), Href: f.base.orders()} // everything is saved here
	if e, ok := fault.As(s.refused); ok {
		p.Refused = v.T.Error(e)
	}
	problems, err := d.Orders.Problems(v.R.Context(), v.Actor, f.order.ID)
	if err != nil {
		return err
	}
	for _, x := range problems {
		p.Missing = append(p.Missing, missingOf(v, f, x))
	}
	for i, l := range f.order.Lines {
		p.Persons = append(p.Persons, reviewOf(v, f, l, i))
	}
	p.Delivery = deliveryFacts(v.T, f.order)
	return v.RenderStatus(s.status, reviewPage(p))
}

func missingOf(v *web.Visit, f draft, x order.Problem) missing {
	line, name := f.line.ID, ""
	for i, l := range f.order.Lines {
		if l.ID == x.Line {
			line, name = l.ID, draftName(v, l, i)
		}
	}
	m := missing{Text: v.T.Error(x.Err), Href: f.base.step(line, string(x.Step)) + "?to=review"}
	if x.Err.Field != "" {
		m.Href += "#" + x.Err.Field
	}
	if name != "" && len(f.order.Lines) > 1 {
		m.Text = name + ": " + m.Text
	}
	return m
}

func reviewOf(v *web.Visit, f draft, l order.Line, i int) personReview {
	t, b := v.T, f.base
	p := personReview{Name: draftName(v, l, i), Picture: pictureOf(f.owner, l, b.step(l.ID, "photo.jpg")), Links: personLinks{
		Who: b.step(l.ID, pageWho) + "?to=review", Card: b.step(l.ID, pageCard) + "?to=review",
		Photo: b.step(l.ID, pagePhoto) + "?to=review", Remove: b.step(l.ID, "remove"),
	}}
	number := orElse(l.Typed.PersonalNumber, "–")
	if n, err := person.ParsePersonalNumber(number, today(v)); err == nil {
		number = n.Long()
	}
	p.Person = personFacts(t, l, number)
	p.Card = []ui.Fact{{Label: t.T("orderportal.fact.type"), Value: typeName(t, l.CardType)}}
	if l.Replaces != "" {
		p.Card = append(p.Card, ui.Fact{Label: t.T("orderportal.fact.replaces"), Value: l.Replaces, Mono: true})
	}
	p.Card = append(p.Card, ui.Fact{Label: t.T("orderportal.fact.until"), Value: l.ValidUntil.String(), Mono: true},
		ui.Fact{Label: t.T("orderportal.fact.photo"), Value: photoWords(t, l), Action: &ui.Link{Label: t.T("orderportal.change"), Href: p.Links.Photo}})
	p.Short = []ui.Fact{
		{Label: t.T("orderportal.fact.number"), Value: number, Mono: true},
		{Label: t.T("orderportal.fact.email"), Value: orElse(l.Typed.Email, "–")},
		{Label: t.T("orderportal.fact.until"), Value: l.ValidUntil.String(), Mono: true},
		{Label: t.T("orderportal.fact.photo"), Value: photoWords(t, l)},
	}
	return p
}

// personFacts are what is known of the person; number is shown as given.
func personFacts(t *i18n.Texts, l order.Line, number string) []ui.Fact {
	c := l.Claimed
	facts := []ui.Fact{{Label: t.T("orderportal.fact.name"), Value: orElse(trimJoin(orElse(c.GivenName, l.Typed.GivenName), orElse(c.Surname, l.Typed.Surname)), "–")}}
	if l.ShortGiven != "" || l.ShortSurname != "" {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.printed"), Value: trimJoin(l.PrintedGiven(), l.PrintedSurname())})
	}
	facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.number"), Value: number, Mono: true})
	if !c.BirthDate.IsZero() {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.birth"), Value: c.BirthDate.String(), Mono: true})
	}
	nationality := orElse(countryName(t, string(c.Nationality)), "–")
	if c.Nationality != "" {
		proven := "orderportal.not_verified"
		if l.NationalityProven {
			proven = "orderportal.verified"
		}
		nationality = t.T(proven, "country", nationality)
	}
	facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.nationality"), Value: nationality},
		ui.Fact{Label: t.T("orderportal.fact.email"), Value: orElse(orElse(c.Email, l.Typed.Email), "–")})
	if phone := orElse(c.Phone, l.Typed.Phone); phone != "" {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.phone"), Value: phone, Mono: true})
	}
	return append(facts, ui.Fact{Label: t.T("orderportal.fact.lang"), Value: languageName(c.Lang)})
}

func languageName(lang i18n.Lang) string {
	for _, l := range i18n.Languages() {
		if l.Lang == lang {
			return l.Name
		}
	}
	return string(lang)
}

func photoWords(t *i18n.Texts, l order.Line) string {
	switch {
	case l.Photo == uuid.Nil:
		return t.T("orderportal.photo.none")
	case l.PhotoVerdict.OK:
		return t.T("orderportal.photo.good")
	default:
		return t.T(l.PhotoVerdict.TitleKey(), l.PhotoVerdict.Params()...)
	}
}

func deliveryFacts(t *i18n.Texts, o order.Order) []ui.Fact {
	facts := []ui.Fact{{Label: t.T("orderportal.fact.address"), Value: orElse(addressLine(o.Delivery), "–")}}
	if o.Reference != "" {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.reference"), Value: o.Reference})
	}
	if o.CostCentre != "" {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.cost_centre"), Value: o.CostCentre})
	}
	return facts
}

// send sends the order as the page showed it.
func (d Deps) send(v *web.Visit, f draft) error {
	o, err := d.Orders.Submit(v.R.Context(), v.Actor, f.order.ID, readRevision(v))
	switch {
	case err == nil:
		v.Flash(ui.OK, "orderportal.sent", "n", len(o.Lines))
		return v.Redirect(f.base.order(o.ID))
	case fault.KindOf(err) == fault.Invalid:
		return d.showReview(v, f, reviewState{failed: true, status: http.StatusUnprocessableEntity})
	case fault.KindOf(err) == fault.Conflict:
		return d.showReview(v, f, reviewState{failed: true, refused: err, status: http.StatusConflict})
	}
	return err
}
