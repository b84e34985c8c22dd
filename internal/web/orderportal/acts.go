package orderportal

import (
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// How an action looks and which word of the address it has.
var looks = map[card.Action]struct {
	Icon string
	Tone ui.Tone
	Kind ui.BtnKind
}{
	card.ActionBlock:     {"ban", ui.Stop, ui.Confirm},
	card.ActionUnblock:   {"unlock", ui.OK, ui.Primary},
	card.ActionTerminate: {"circle-x", ui.Stop, ui.Confirm},
}

// cardActions are the ones that are possible now, each with what it brings.
func cardActions(v *web.Visit, view card.View) []ui.Row {
	var out []ui.Row
	for _, a := range view.Actions {
		look, ok := looks[a.Action]
		if !ok || !a.Allowed {
			continue
		}
		out = append(out, ui.Row{
			Icon: look.Icon, Tone: look.Tone, Title: v.T.T("card.action." + string(a.Action)), Text: joined(v.T, a.Consequences),
			Href: at(v).card(view.Card.Number, string(a.Action)), Dialog: true,
		})
	}
	if view.Status == card.StatusActive || view.Status == card.StatusBlocked || view.Status == card.StatusNotActivated {
		out = append(out, ui.Row{
			Icon: "copy-plus", Tone: ui.Off, Title: v.T.T("orderportal.replace"), Text: v.T.T("orderportal.replace.text"),
			Href: at(v).card(view.Card.Number, "replace"),
		})
	}
	return out
}

func joined(t *i18n.Texts, list []card.Consequence) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Text(t))
	}
	return strings.Join(out, " ")
}

func cardFacts(v *web.Visit, view card.View, number templ.Component) []ui.Fact {
	t, c := v.T, view.Card
	facts := []ui.Fact{{Label: t.T("orderportal.fact.number"), Body: number}, {Label: t.T("orderportal.fact.card"), Value: string(c.Number), Mono: true}, {Label: t.T("orderportal.fact.employer"), Value: c.CompanyName}}
	add := func(key, value string) {
		if value != "" {
			facts = append(facts, ui.Fact{Label: t.T(key), Value: value})
		}
	}
	add("orderportal.fact.made", t.DayTime(c.ProducedAt))
	add("orderportal.fact.sent", t.DayTime(c.DispatchedAt))
	if c.Tracking != "" {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.where.tracking"), Value: c.Tracking, Mono: true})
	}
	add("orderportal.fact.activated", t.DayTime(c.ActivatedAt))
	if view.Status == card.StatusBlocked {
		add("orderportal.fact.blocked", t.DayTime(c.BlockedAt)+", "+t.T("card.reason."+string(c.BlockReason)))
	}
	if view.Status == card.StatusTerminated {
		add("orderportal.fact.ended", t.DayTime(c.TerminatedAt)+", "+t.T("card.reason."+string(c.EndReason)))
	}
	add("orderportal.fact.cost", costText(t, view))
	facts = append(facts, ui.Fact{
		Label: t.T("orderportal.orders.number"), Value: c.OrderNumber, Mono: true,
		Action: &ui.Link{Label: t.T("orderportal.show"), Href: at(v).line(c.Order, c.Line)},
	})
	add("orderportal.orders.by", c.OrderedByName)
	return facts
}

// costText is what the card costs now, by the schedule in force.
func costText(t *i18n.Texts, view card.View) string {
	if view.Status == card.StatusExpired || !view.Fee.Bills(view.Card.Kind(), view.Card.State) {
		return t.T("orderportal.fact.cost.none")
	}
	return t.T("orderportal.fact.cost.year", "fee", t.Money(view.Fee.PerYearOre))
}

func cardEvents(t *i18n.Texts, list []card.Event) []ui.Event {
	var out []ui.Event
	for _, e := range list {
		if !t.Has("journal."+e.Kind) || doubled[e.Kind] {
			continue
		}
		note := t.DayTime(e.At) + ", " + e.Who(t)
		if why := e.Why(t); why != "" {
			note += ". " + why
		}
		if e.Note != "" {
			note += ": " + e.Note
		}
		out = append(out, ui.Event{Icon: eventIcon(e.Kind), Title: e.Text(t), Note: note})
	}
	return out
}

type actView struct {
	Menu         ui.Menu
	Form         ui.Form
	Action       card.Action
	Card         card.Card
	Consequences []ui.Consequence
	Reasons      []ui.Option
	Revision     string
	base         base
}

// ask is the page before an action. What can't be done now says why.
func (d Deps) ask(a card.Action) web.Handler {
	return func(v *web.Visit) error {
		c, err := d.cardBy(v, v.Path("number"))
		if err != nil {
			return err
		}
		p, err := d.actView(v, c, a, ui.Form{})
		if err != nil {
			return insteadOf(v, err, at(v).card(c.Number))
		}
		return v.Render(actPage(p))
	}
}

func (d Deps) actView(v *web.Visit, c card.Card, a card.Action, form ui.Form) (actView, error) {
	view, err := d.Cards.View(v.R.Context(), v.Actor, c.ID)
	if err != nil {
		return actView{}, err
	}
	i := slices.IndexFunc(view.Actions, func(p card.Possible) bool { return p.Action == a })
	if i < 0 {
		return actView{}, v.NotFound()
	}
	if !view.Actions[i].Allowed {
		return actView{}, view.Actions[i].Why
	}
	p := actView{Menu: menu(v, at(v).cards()), Form: form, Action: a, Card: view.Card, Revision: revision(view.Card.Revision), base: at(v)}
	for _, x := range view.Actions[i].Consequences {
		p.Consequences = append(p.Consequences, ui.Consequence{Icon: consequenceIcon(x.Code), Text: x.Text(v.T)})
	}
	reasons := map[card.Action][]card.Reason{card.ActionBlock: card.BlockReasons(), card.ActionTerminate: card.TerminateReasons()}
	for _, r := range reasons[a] {
		p.Reasons = append(p.Reasons, ui.Option{Value: string(r), Label: v.T.T("card.reason." + string(r))})
	}
	return p, nil
}

func consequenceIcon(code string) string {
	switch {
	case strings.HasPrefix(code, "fee"):
		return "piggy-bank"
	case code == "stops_at_once":
		return "door-closed"
	case code == "works_at_once":
		return "door-open"
	case code == "can_be_unblocked":
		return "rotate-ccw"
	case code == "final":
		return "circle-x"
	}
	return "id-card"
}

// do blocks, opens or ends a card.
func (d Deps) do(a card.Action) web.Handler {
	return func(v *web.Visit) error {
		c, err := d.cardBy(v, v.Path("number"))
		if err != nil {
			return err
		}
		after, err := d.act(v, c.ID, a)
		if form, ok := v.Form().With(err); ok {
			p, err := d.actView(v, c, a, form)
			if err != nil {
				return err
			}
			return v.Invalid(actPage(p))
		}
		if err != nil {
			return err
		}
		v.Flash(ui.OK, "orderportal.done."+string(a), "name", after.Name())
		return v.Redirect(at(v).card(c.Number))
	}
}

func (d Deps) act(v *web.Visit, id uuid.UUID, a card.Action) (card.Card, error) {
	ctx, n, reason, note := v.R.Context(), readRevision(v), card.Reason(v.Text("reason")), v.Text("note")
	switch a {
	case card.ActionBlock:
		return d.Cards.Block(ctx, v.Actor, id, n, reason, note)
	case card.ActionUnblock:
		return d.Cards.Unblock(ctx, v.Actor, id, n, note)
	case card.ActionTerminate:
		return d.Cards.Terminate(ctx, v.Actor, id, n, reason, note)
	}
	return card.Card{}, fault.New(fault.NotFound, "card.unknown")
}

type replacementView struct {
	Menu    ui.Menu
	Card    card.Card
	Live    bool
	Picture picture
	base    base
}

// replacement says what ordering a card instead of this one means, and begins it.
func (d Deps) replacement(v *web.Visit) error {
	c, err := d.cardBy(v, v.Path("number"))
	if err != nil {
		return err
	}
	return v.Render(replacementPage(replacementView{Menu: menu(v, at(v).cards()), Card: c, Live: c.Live(today(v)), base: at(v)}))
}
