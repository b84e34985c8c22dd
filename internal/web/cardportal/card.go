package cardportal

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// cardView is a card's page.
type cardView struct {
	cardItem
	View   card.View
	Where  production.LineStatus
	Menu   ui.Menu
	Number string
}

// paused reports a company's hold, as long as it matters to the card.
func (i cardItem) paused() bool { return i.Card.Paused && i.Card.Live(i.today()) }

// today only tells live from ended, which the status already has.
func (i cardItem) today() clock.Date {
	if i.Status == card.StatusExpired {
		return i.Card.ValidUntil.AddDays(1)
	}
	return i.Card.ValidUntil
}

// own finds the card in the path, by its id or its number, if it is the visitor's.
func (d Deps) own(v *web.Visit) (card.Card, error) {
	if id, err := uuid.Parse(v.Path("number")); err == nil {
		full, err := d.Cards.View(v.R.Context(), v.Actor, id)
		return full.Card, err
	}
	n, err := card.ParseNumber(v.Path("number"))
	if err != nil {
		return card.Card{}, v.NotFound()
	}
	return d.Cards.ByNumber(v.R.Context(), v.Actor, n)
}

// view loads everything that a card's page or one of its tasks shows.
func (d Deps) view(v *web.Visit) (cardView, error) {
	c, err := d.own(v)
	if err != nil {
		return cardView{}, err
	}
	full, err := d.Cards.View(v.R.Context(), v.Actor, c.ID)
	if err != nil {
		return cardView{}, err
	}
	return cardView{
		cardItem: cardItem{Card: full.Card, Status: full.Status, Picture: d.ofCard(full.Card, full.Status)},
		View:     full, Menu: menu(v.T, ""), Number: shownNumber(full.Card, full.Status),
	}, nil
}

func (d Deps) card(v *web.Visit) error {
	c, err := d.view(v)
	if err != nil {
		return err
	}
	if c.Where, err = d.Production.StatusOfLine(v.R.Context(), v.Actor, c.Card.Line); err != nil {
		return err
	}
	return v.Render(cardPage(c))
}

// may finds an action that can be done now.
func (c cardView) may(a card.Action) bool {
	for _, p := range c.View.Actions {
		if p.Action == a {
			return p.Allowed
		}
	}
	return false
}

// actions are what the person can do besides activating, which has a button of
// its own.
func (c cardView) actions(t *i18n.Texts) []ui.Row {
	var out []ui.Row
	if c.may(card.ActionShowPIN) {
		out = append(out, ui.Row{Icon: "key-round", Tone: ui.Wait, Title: t.T("cardportal.pin.row"), Text: t.T("cardportal.pin.row.text"), Href: cardPath(c.Card) + "/pin"})
	}
	if c.may(card.ActionBlock) {
		out = append(out, ui.Row{Icon: "ban", Tone: ui.Stop, Title: t.T("cardportal.block.row"), Text: t.T("cardportal.block.row.text"), Href: cardPath(c.Card) + "/block", Dialog: true})
	}
	return out
}

// consequences are those of an action that matter to the person: the fee is the
// company's, and an older card ends only if there is one.
func (c cardView) consequences(t *i18n.Texts, a card.Action, older bool) []ui.Consequence {
	var out []ui.Consequence
	for _, p := range c.View.Actions {
		if p.Action != a {
			continue
		}
		for _, q := range p.Consequences {
			if strings.HasPrefix(q.Code, "fee_") || (q.Code == "predecessor_ends" && !older) {
				continue
			}
			out = append(out, ui.Consequence{Icon: consequenceIcons[q.Code], Text: q.Text(t), Tone: ui.Wait})
		}
	}
	return out
}

var consequenceIcons = map[string]string{
	"works_at_once": "door-open", "valid_at_once": "circle-check", "invalid_at_once": "circle-x", "pin_made": "key-round", "predecessor_ends": "circle-x", "stops_at_once": "door-closed",
	"can_be_unblocked": "rotate-ccw", "showing_recorded": "history",
}

// why is what stands in the way of the card, and who can do something about it.
type why struct {
	Tone        ui.Tone
	Title, Text string
}

// whyNot says why the card doesn't work, in the order in which a reader asks.
// What a company owes is the company's business.
func (c cardView) whyNot(t *i18n.Texts) *why {
	key, tone := "", ui.Stop
	args := []any{"company", c.Card.CompanyName, "date", c.Card.ValidUntil}
	switch {
	case c.Status == card.StatusTerminated && c.Card.EndReason == card.ReasonReplaced:
		key, tone = "replaced", ui.Off
	case c.Status == card.StatusTerminated:
		key, tone = "terminated", ui.Off
	case c.Status == card.StatusExpired:
		key, tone = "expired", ui.Off
	case c.Status == card.StatusBlocked:
		key = "blocked"
	case c.Card.Doubted:
		key, tone = "doubted", ui.Act
	case c.Status == card.StatusNotActivated && !c.Card.Kind().Activation:
		key, tone = "not_sent", ui.Wait
	case c.Status == card.StatusNotActivated:
		key, tone = "not_activated", ui.Act
	case c.paused():
		key = "paused"
	default:
		return nil
	}
	return &why{Tone: tone, Title: t.T("cardportal.why." + key), Text: t.T("cardportal.why."+key+".text", args...)}
}

// status is what a tag says: a card that nobody activates isn't one that waits for it.
func (i cardItem) status() ui.State {
	if i.Status == card.StatusNotActivated && !i.Card.Kind().Activation {
		return ui.InProduction
	}
	return ui.State(i.Status)
}

// facts are what stands on the card, and who ordered it.
func (c cardView) facts(t *i18n.Texts) []ui.Fact {
	return []ui.Fact{
		{Label: t.T("cardportal.fact.name"), Value: c.Card.Name()},
		{Label: t.T("cardportal.fact.personal_number"), Value: c.View.Masked, Mono: true},
		{Label: t.T("cardportal.fact.employer"), Value: c.Card.CompanyName},
		{Label: t.T("cardportal.fact.number"), Value: c.Number, Mono: true},
		{Label: t.T("cardportal.fact.valid_until"), Value: c.Card.ValidUntil.String(), Mono: true},
		{Label: t.T("cardportal.fact.ordered_by"), Value: c.Card.OrderedByName + ", " + c.Card.OrderNumber},
	}
}

// way is where the letter is, for a card that isn't activated.
func (c cardView) way(t *i18n.Texts) []ui.Stage {
	sent := !c.Card.DispatchedAt.IsZero()
	note := stepText(t, c.Where)
	if sent {
		note = t.DayTime(c.Card.DispatchedAt)
		if c.Card.Tracking != "" {
			note = t.T("cardportal.way.tracking", "at", note, "number", c.Card.Tracking)
		}
	}
	out := []ui.Stage{
		{Title: t.T("cardportal.way.produced"), Note: t.DayTime(c.Card.ProducedAt), Done: true},
		{Title: t.T("cardportal.way.dispatched", "address", c.address()), Note: note, Icon: "truck", Done: sent, Now: !sent},
	}
	if c.Card.Kind().Activation {
		out = append(out, ui.Stage{Title: t.T("cardportal.way.activate"), Note: t.T("cardportal.way.activate.text"), Icon: "power", Now: sent})
	}
	return out
}

// address is where the letter goes: the employer's, if it isn't known here.
func (c cardView) address() string {
	if len(c.Where.Address) == 0 {
		return c.Card.CompanyName
	}
	return strings.Join(c.Where.Address, ", ")
}

func (c cardView) events(t *i18n.Texts) []ui.Event {
	out := make([]ui.Event, 0, len(c.View.Events))
	for _, e := range c.View.Events {
		if slices.Contains(inside, e.Kind) {
			continue
		}
		note := []string{t.DayTime(e.At)}
		if e.Role != actor.SystemRole {
			note = append(note, e.Who(t))
		}
		if w := e.Why(t); w != "" {
			note = append(note, w)
		}
		title := e.Text(t)
		if key := "cardportal.event." + e.Kind; t.Has(key) { // as the person sees it
			title = t.T(key)
		}
		out = append(out, ui.Event{Icon: eventIcon(e.Kind), Title: title, Note: strings.Join(note, ", ")})
	}
	return out
}

// inside are events that say again what others say, or that are about the
// scheme's work with a batch and not about the card. Who looked at the personal
// number is never among them.
var inside = []string{
	"order.produced", "order.in_production", "order.identified", "order.contact_completed", "order.reminded", "order.lapse_noticed",
	"production.queued", "production.sent", "production.closed", "production.delivered", "production.asked",
}

var eventIcons = map[string]string{
	"card.produced": "printer", "card.dispatched": "truck", "card.begun": "circle-check", "card.activated": "power", "card.pin_shown": "key-round", "card.locked": "lock",
	"card.blocked": "ban", "card.unblocked": "unlock", "card.terminated": "circle-x", "card.personal_number_shown": "eye",
	"order.submitted": "send", "order.approved": "stamp", "order.review_passed": "clipboard-check", "order.identified": "user-round-check",
}

func eventIcon(kind string) string {
	if icon, ok := eventIcons[kind]; ok {
		return icon
	}
	if strings.HasPrefix(kind, "production.") {
		return "printer"
	}
	return "history"
}
