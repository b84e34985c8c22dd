package orderportal

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

type homeView struct {
	Menu   ui.Menu
	Hello  string
	Lead   string
	Hold   string // why the company's cards are paused, "" when they aren't
	Todo   []todo
	Way    []onWay
	Tiles  []tile
	Empty  bool // no card and no order yet
	Drafts []draftRow
	base   base
}

// todo is something that only the orderer can do.
type todo struct {
	Icon        string
	Tone        ui.Tone
	Title, Text string
	Verb, Href  string
}

// onWay is a card that others are working on.
type onWay struct {
	Name, Text, Since, Photo, Href string
	Done                           int // of parts
}

const wayParts = 5

type tile struct {
	Icon        string
	Tone        ui.Tone
	Count       string
	Label, Href string
}

const onHome = 8 // of each kind; the lists have the rest

// home is the work list: what only you can do, what is on its way, how many.
func (d Deps) home(v *web.Visit) error {
	ctx, b := v.R.Context(), at(v)
	cards, err := d.Cards.Search(ctx, v.Actor, card.Query{Limit: 1})
	if err != nil {
		return err
	}
	counts, err := d.Orders.Counts(ctx, v.Actor)
	if err != nil {
		return err
	}
	drafts, err := d.Orders.Drafts(ctx, v.Actor)
	if err != nil {
		return err
	}
	p := homeView{Menu: menu(v, b.home()), Hello: v.T.T("orderportal.home."+partOfDay(v), "name", v.Session.Given), base: b, Drafts: draftRows(v, drafts)}
	if v.Company.Hold != "" {
		p.Hold = v.T.T("orderportal.hold." + v.Company.Hold)
	}
	if err := d.todo(v, &p, cards.Counts); err != nil {
		return err
	}
	if err := d.onTheWay(v, &p); err != nil {
		return err
	}
	p.Tiles = tiles(v, cards.Counts, counts)
	p.Empty = len(cards.Rows) == 0 && len(drafts) == 0
	p.Lead = v.T.T("orderportal.home.lead", "day", capital(v.T.Day(today(v))), "n", len(p.Todo))
	return v.Render(homePage(p))
}

func partOfDay(v *web.Visit) string {
	switch h := v.Now.In(clock.Stockholm).Hour(); {
	case h < 10:
		return "morning"
	case h < 18:
		return "day"
	default:
		return "evening"
	}
}

func (d Deps) todo(v *web.Visit, p *homeView, counts map[card.Filter]int) error {
	page, err := d.Orders.Lines(v.R.Context(), v.Actor, order.LineQuery{Filter: order.FilterCorrect, Limit: onHome})
	if err != nil {
		return err
	}
	for _, l := range page.Lines {
		p.Todo = append(p.Todo, todoOf(v, l))
	}
	if page.Next != "" {
		p.Todo = append(p.Todo, todo{
			Icon: "triangle-alert", Tone: ui.Act, Title: v.T.T("orderportal.todo.more"), Text: v.T.T("orderportal.todo.more.text"),
			Verb: v.T.T("orderportal.todo.show"), Href: at(v).cards() + "?status=" + string(card.FilterCorrect),
		})
	}
	waiting, err := d.Orders.Lines(v.R.Context(), v.Actor, order.LineQuery{Filter: order.FilterCardholder, Limit: 25})
	if err != nil {
		return err
	}
	for _, l := range waiting.Lines {
		view, err := d.Orders.View(v.R.Context(), v.Actor, l.ID)
		if err != nil {
			return err
		}
		if m, ok := lostMail(view); ok {
			p.Todo = append(p.Todo, todo{
				Icon: "mail-x", Tone: ui.Act, Title: v.T.T("orderportal.todo.mail", "name", l.Name()),
				Text: v.T.T("orderportal.todo.mail.text", "to", m.To), Verb: v.T.T("orderportal.todo.mail.verb"), Href: at(v).line(l.Order, l.ID, "correct"),
			})
		}
	}
	if n := counts[card.FilterExpiring]; n > 0 {
		p.Todo = append(p.Todo, todo{
			Icon: "calendar-clock", Tone: ui.Wait, Title: v.T.T("orderportal.todo.expiring", "n", n),
			Text: v.T.T("orderportal.todo.expiring.text"), Verb: v.T.T("orderportal.todo.show"), Href: at(v).cards() + "?status=" + string(card.FilterExpiring),
		})
	}
	return nil
}

// todoOf words what a line waits for.
func todoOf(v *web.Visit, l order.Line) todo {
	t, b := v.T, at(v)
	out := todo{Icon: "triangle-alert", Tone: ui.Act, Href: b.line(l.Order, l.ID), Verb: t.T("orderportal.todo.look")}
	switch shown := order.Shown(l).Code; shown {
	case "rejected_by_reviewer":
		out.Title, out.Text = t.T("orderportal.todo.rejected", "name", l.Name()), reasonsText(t, l)
		if photoRejected(l) {
			out.Icon, out.Title, out.Verb, out.Href = "camera", t.T("orderportal.todo.photo", "name", l.Name()), t.T("orderportal.photo.change"), b.line(l.Order, l.ID, "photo")
		}
	case "name_differs":
		out.Icon, out.Verb = "spell-check", t.T("orderportal.todo.differs.verb")
		out.Title, out.Text = t.T("orderportal.todo.differs", "name", l.Name()), t.T("orderportal.todo.differs.text")
	case "returned":
		out.Icon, out.Title = "printer", t.T("orderportal.todo.returned", "name", l.Name())
		out.Text = returnText(t, l)
	default:
		out.Icon = "message-square-warning"
		out.Title, out.Text = t.T("orderportal.todo.declined", "name", l.Name()), l.RejectReason
	}
	return out
}

func (d Deps) onTheWay(v *web.Visit, p *homeView) error {
	var lines []order.Line
	for _, f := range []order.Filter{order.FilterReview, order.FilterCardholder, order.FilterProduction} {
		page, err := d.Orders.Lines(v.R.Context(), v.Actor, order.LineQuery{Filter: f, Limit: onHome})
		if err != nil {
			return err
		}
		lines = append(lines, page.Lines...)
	}
	slices.SortStableFunc(lines, func(a, b order.Line) int { return cmp.Compare(b.StateAt.UnixMicro(), a.StateAt.UnixMicro()) })
	for _, l := range lines[:min(len(lines), onHome)] {
		row := lineRowOf(v, l)
		w := onWay{Name: l.Name(), Text: row.Words, Photo: row.Photo, Href: row.Href, Since: v.T.T("orderportal.since", "day", v.T.Day(clock.DateOf(l.StateAt)))}
		switch l.State {
		case order.Ordered:
			w.Done = 1
		case order.AwaitingCardholder:
			w.Done, w.Text = 2, v.T.T("orderportal.way.cardholder", "name", first(l.Claimed.GivenName))
		default:
			w.Done = 3
		}
		p.Way = append(p.Way, w)
	}
	return nil
}

func tiles(v *web.Visit, cards map[card.Filter]int, lines map[order.Filter]int) []tile {
	t, to := v.T, at(v).cards()+"?status="
	return []tile{
		{"circle-check", ui.OK, t.CountCapped(cards[card.FilterActive]), t.T("orderportal.tile.active", "n", cards[card.FilterActive]), to + string(card.FilterActive)},
		{"user-round-check", ui.Wait, t.CountCapped(lines[order.FilterCardholder]), t.T("orderportal.tile.cardholder"), to + string(card.FilterUnderWay)},
		{"printer", ui.Wait, t.CountCapped(lines[order.FilterProduction]), t.T("orderportal.tile.production"), to + string(card.FilterUnderWay)},
		{"power", ui.Act, t.CountCapped(cards[card.FilterNotActivated]), t.T("orderportal.tile.not_activated", "n", cards[card.FilterNotActivated]), to + string(card.FilterNotActivated)},
	}
}

// lostMail is a mail that the line's cardholder never got: the newest one to
// the address that the line still has, refused for good.
func lostMail(view order.View) (notify.Delivery, bool) {
	for _, m := range slices.Backward(view.Mails) {
		if toHolder(m) && m.To == view.Line.Claimed.Email {
			return m, m.State == notify.Refused && m.Resent == uuid.Nil
		}
	}
	return notify.Delivery{}, false
}

// toHolder says whether a mail was for the cardholder, not for those who order.
func toHolder(m notify.Delivery) bool {
	switch m.Template {
	case notify.OrderAwaitingCardholder, notify.OrderChanged, notify.OrderReminder, notify.PINShown:
		return true
	}
	return m.Audience == notify.Cardholder
}
