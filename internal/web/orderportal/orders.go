package orderportal

import (
	"net/url"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

type startView struct {
	Menu   ui.Menu
	Drafts []draftRow
	base   base
}

// draftRow is an order that waits to be sent.
type draftRow struct {
	Title, Note string
	Href, Throw string
	State       ui.State
}

func draftRows(v *web.Visit, drafts []order.Order) []draftRow {
	var out []draftRow
	for _, o := range drafts {
		if len(o.Lines) == 0 {
			continue
		}
		name := draftName(v, o.Lines[0], 0)
		if n := len(o.Lines) - 1; n > 0 {
			name = v.T.T("orderportal.and_more", "name", name, "n", n)
		}
		line, to, state := o.Lines[0].ID, pageReview, ui.ToReview
		for _, l := range o.Lines {
			if readiness(l) == ui.Draft {
				line, to, state = l.ID, nextPage(l), ui.Draft
				break
			}
		}
		out = append(out, draftRow{
			Title: name, Note: v.T.T("orderportal.draft.note", "by", o.OrderedByName, "at", o.ChangedAt),
			Href: at(v).step(line, to), Throw: at(v).order(o.ID) + "/discard", State: state,
		})
	}
	return out
}

// nextPage is where a draft was left.
func nextPage(l order.Line) string {
	switch {
	case !whoSaved(l):
		return pageWho
	case l.Photo == uuid.Nil:
		return pagePhoto
	}
	return pageReview
}

type ordersView struct {
	Menu   ui.Menu
	Drafts []draftRow
	Chips  []ui.Chip
	Rows   []orderRow
	Open   bool
	Pages  ui.Pages
	base   base
}

type orderRow struct {
	Href, Number, People, Day, By string
	States                        []stateCount
}

// stateCount says how many of an order's lines are in a state; 0 for the only one.
type stateCount struct {
	State ui.State
	Count int
}

func (d Deps) orders(v *web.Visit) error {
	ctx, b := v.R.Context(), at(v)
	open := v.Query("show") == "open"
	page, err := d.Orders.Orders(ctx, v.Actor, order.OrderQuery{Open: open, After: v.Query("after"), Before: v.Query("before")})
	if err != nil {
		return err
	}
	p := ordersView{Menu: menu(v, b.orders()), Open: open, base: b, Chips: []ui.Chip{
		{Label: v.T.T("orderportal.orders.all"), Href: b.orders(), Current: !open},
		{Label: v.T.T("orderportal.orders.open"), Href: b.orders() + "?show=open", Current: open},
	}}
	if v.Query("after") == "" && v.Query("before") == "" {
		drafts, err := d.Orders.Drafts(ctx, v.Actor)
		if err != nil {
			return err
		}
		p.Drafts = draftRows(v, drafts)
	}
	for _, o := range page.Orders {
		p.Rows = append(p.Rows, orderRow{
			Href: b.order(o.ID), Number: o.Number, People: peopleOf(v.T, o), Day: v.T.DayTime(o.SubmittedAt),
			By: o.OrderedByName, States: statesOf(o),
		})
	}
	p.Pages = ui.Pages{Prev: pageLink(b.orders(), "before", page.Prev, open), Next: pageLink(b.orders(), "after", page.Next, open)}
	return v.Render(ordersPage(p))
}

func pageLink(path, name, cursor string, open bool) string {
	if cursor == "" {
		return ""
	}
	q := url.Values{name: {cursor}}
	if open {
		q.Set("show", "open")
	}
	return path + "?" + q.Encode()
}

// peopleOf names the people of an order, two of them and how many more.
func peopleOf(t *i18n.Texts, o order.Order) string {
	switch n := len(o.Lines); n {
	case 0:
		return "–"
	case 1:
		return o.Lines[0].Name()
	case 2:
		return t.List(o.Lines[0].Name(), o.Lines[1].Name())
	default:
		return t.T("orderportal.and_more", "name", o.Lines[0].Name(), "n", n-1)
	}
}

func statesOf(o order.Order) []stateCount {
	var out []stateCount
	for _, l := range o.Lines {
		s := lineState(order.Shown(l))
		i := 0
		for i < len(out) && out[i].State != s {
			i++
		}
		if i == len(out) {
			out = append(out, stateCount{State: s})
		}
		out[i].Count++
	}
	if len(out) == 1 && len(o.Lines) == 1 {
		out[0].Count = 0
	}
	return out
}

type orderView struct {
	Menu     ui.Menu
	Title    string
	Lead     string
	Lines    []lineRow
	Delivery []ui.Fact
	Many     bool
	Kind     cardtype.Type // of its card, when there is one line
	Given    string
	New      bool // nobody has looked at it yet: say what comes
	base     base
}

type lineRow struct {
	Href, Name, Number, Photo string
	Type                      string
	State                     ui.State
	Words, Waits              string
}

func (d Deps) order(v *web.Visit) error {
	id, err := v.PathID("order")
	if err != nil {
		return err
	}
	o, err := d.Orders.Order(v.R.Context(), v.Actor, id)
	if err != nil {
		return err
	}
	b := at(v)
	if o.Draft() {
		if len(o.Lines) == 0 {
			return v.NotFound()
		}
		return v.Redirect(b.step(o.Lines[0].ID, pageReview))
	}
	p := orderView{
		Menu: menu(v, b.orders()), Title: v.T.T("orderportal.order.title", "number", o.Number), Many: len(o.Lines) > 1, base: b,
		Lead: v.T.T("orderportal.order.lead", "n", len(o.Lines), "at", o.SubmittedAt, "by", o.OrderedByName), Delivery: deliveryFacts(v.T, o), New: true,
	}
	for _, l := range o.Lines {
		p.Lines = append(p.Lines, lineRowOf(v, l))
		p.New = p.New && l.State == order.Ordered
		p.Given = first(l.Claimed.GivenName)
		p.Kind, _ = cardtype.ByCode(l.CardType)
	}
	return v.Render(orderPage(p))
}

func lineRowOf(v *web.Visit, l order.Line) lineRow {
	shown, b := order.Shown(l), at(v)
	r := lineRow{
		Href: b.line(l.Order, l.ID), Name: l.Name(), Number: l.Claimed.Masked, Type: typeName(v.T, l.CardType),
		State: lineState(shown), Words: v.T.T("order.shown." + shown.Code),
	}
	if l.Photo != uuid.Nil {
		r.Photo = b.line(l.Order, l.ID, "photo.jpg") + "?v=" + l.Photo.String()
	}
	if shown.WaitsFor != "" {
		r.Waits = v.T.T("order.waits." + shown.WaitsFor)
	}
	return r
}

// more is the phone's menu, for those without script as well.
func (d Deps) more(v *web.Visit) error {
	b, t := at(v), v.T
	return v.Render(morePage(menu(v, b.more()), []ui.Link{
		{Label: t.T("orderportal.more.order"), Href: b.begin(), Icon: "circle-plus"},
		{Label: t.T("orderportal.nav.cards"), Href: b.cards(), Icon: "id-card"},
		{Label: t.T("orderportal.nav.orders"), Href: b.orders(), Icon: "list"},
		{Label: t.T("orderportal.more.me"), Href: "/me", Icon: "user-round"},
		{Label: t.T("orderportal.more.account"), Href: "/me/account", Icon: "settings"},
		{Label: t.T("orderportal.more.check"), Href: "/check", Icon: "scan-line"},
	}))
}
