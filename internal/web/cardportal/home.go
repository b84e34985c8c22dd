package cardportal

import (
	"slices"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// homeView is the list of one's cards, with what only the person can do on top.
type homeView struct {
	ToDo   []toDo
	Cards  []cardItem
	Coming []coming
	Ended  []cardItem
}

func (h homeView) empty() bool {
	return len(h.ToDo)+len(h.Cards)+len(h.Coming)+len(h.Ended) == 0
}

// toDo is something that waits for the person.
type toDo struct {
	ID, Icon, Title, Text, Verb, Href string
}

type cardItem struct {
	Card    card.Card
	Status  card.Status
	Picture picture
}

// coming is a card that isn't made yet.
type coming struct {
	Company, Text, Href string
	State               ui.State
}

func (d Deps) home(v *web.Visit) error {
	cards, err := d.Cards.ForPerson(v.R.Context(), v.Actor)
	if err != nil {
		return err
	}
	lines, err := d.Orders.ForPerson(v.R.Context(), v.Actor)
	if err != nil {
		return err
	}
	var h homeView
	for _, l := range lines {
		if err := d.addLine(v, &h, l); err != nil {
			return err
		}
	}
	today := clock.DateOf(v.Now)
	for _, c := range cards {
		h.addCard(v.T, d.item(c, today))
	}
	return v.Render(homePage(h, menu(v.T, homePath)))
}

func (d Deps) item(c card.Card, today clock.Date) cardItem {
	s := c.Status(today)
	return cardItem{Card: c, Status: s, Picture: d.ofCard(c, s)}
}

// addCard puts a card where it belongs. One in the post is something to do as
// soon as it has been sent.
func (h *homeView) addCard(t *i18n.Texts, i cardItem) {
	switch i.Status {
	case card.StatusTerminated, card.StatusExpired:
		h.Ended = append(h.Ended, i)
		return
	case card.StatusNotActivated:
		if i.Card.Kind().Activation && !i.Card.DispatchedAt.IsZero() {
			h.ToDo = append(h.ToDo, toDo{
				ID: "act-" + i.Card.ID.String(), Icon: "power", Title: t.T("cardportal.todo.activate", "company", i.Card.CompanyName),
				Text: t.T("cardportal.todo.activate.text"), Verb: t.T("cardportal.todo.activate.verb"), Href: cardPath(i.Card) + "/activate",
			})
		}
	}
	h.Cards = append(h.Cards, i)
}

// addLine puts an order where it belongs, as long as it isn't a card.
func (d Deps) addLine(v *web.Visit, h *homeView, l order.Line) error {
	if l.State == order.Produced || l.State == order.Cancelled {
		return nil
	}
	a, err := d.Orders.Approval(v.R.Context(), v.Actor, l.ID)
	if err != nil {
		return err
	}
	href := approvePath(l.ID.String())
	if l.State == order.AwaitingCardholder {
		h.ToDo = append(h.ToDo, toDo{
			ID: "app-" + l.ID.String(), Icon: "stamp", Title: v.T.T("cardportal.todo.approve", "company", a.Company.Name),
			Text: v.T.T("cardportal.todo.approve.text"), Verb: v.T.T("cardportal.todo.approve.verb"), Href: href,
		})
		return nil
	}
	c := coming{Company: a.Company.Name, Href: href, State: lineState(l)}
	if c.Text, err = d.where(v, l); err != nil {
		return err
	}
	h.Coming = append(h.Coming, c)
	return nil
}

// where says in a sentence where an order is.
func (d Deps) where(v *web.Visit, l order.Line) (string, error) {
	if !slices.Contains([]order.State{order.Approved, order.InProduction, order.Produced}, l.State) {
		return v.T.T("cardportal.line." + string(l.State)), nil
	}
	s, err := d.Production.StatusOfLine(v.R.Context(), v.Actor, l.ID)
	if err != nil {
		return "", err
	}
	return stepText(v.T, s), nil
}

func stepText(t *i18n.Texts, s production.LineStatus) string {
	if s.Step == production.StepNone {
		s.Step = production.StepWaiting
	}
	return t.T("cardportal.step." + string(s.Step))
}

func lineState(l order.Line) ui.State {
	switch l.State {
	case order.Ordered:
		return ui.InReview
	case order.RejectedByReviewer, order.RejectedByCardholder:
		return ui.NeedsCorrection
	case order.AwaitingCardholder:
		return ui.WithCardholder
	case order.Approved:
		return ui.Approved
	case order.InProduction:
		return ui.InProduction
	}
	return ui.Cancelled
}
