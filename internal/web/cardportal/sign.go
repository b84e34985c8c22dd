package cardportal

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/signin"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// lineSubject begins the subjects of signatures; see [order.Subject].
const lineSubject = "line"

// signature is what a signature about a line leads to.
func (d Deps) signature() signin.Finisher {
	return signin.Finisher{
		Finish: d.finish,
		Back:   func(t eid.Transaction) string { return linePath(t) },
		Next:   func(t eid.Transaction) string { return linePath(t) + "/done" },
	}
}

func linePath(t eid.Transaction) string {
	id, _, ok := lineOf(t)
	if !ok {
		return homePath
	}
	return approvePath(id.String())
}

func lineOf(t eid.Transaction) (id uuid.UUID, revision int64, ok bool) {
	_, rest, _ := strings.Cut(t.Subject, ":")
	line, rev, _ := strings.Cut(rest, "@")
	id, err := uuid.Parse(line)
	if err != nil {
		return uuid.Nil, 0, false
	}
	revision, err = strconv.ParseInt(rev, 10, 64)
	return id, revision, err == nil
}

// finish records the signature. Somebody whose session ended while they signed
// signs in and comes back to it: the signature waits.
func (d Deps) finish(v *web.Visit, t eid.Transaction) (string, error) {
	id, rev, ok := lineOf(t)
	if !ok {
		return "", fault.New(fault.NotFound, "eid.transaction_unknown")
	}
	if v.Session == nil {
		return "/signin?next=" + url.QueryEscape("/eid/"+t.ID.String()), nil
	}
	_, err := d.Orders.Confirm(v.R.Context(), v.Actor, id, rev, t.ID, v.Browser())
	if fault.Has(err, "order.identity_mismatch") {
		return linePath(t), nil // which shows both spellings and repairs it
	}
	if err != nil {
		return "", err
	}
	return linePath(t) + "/done", nil
}

// doneView is the page after the signature: what happens now, and what the
// person does next.
type doneView struct {
	approveView
	Where production.LineStatus
	Card  *card.Card // once it exists
}

func (d Deps) done(v *web.Visit) error {
	w, err := d.approval(v)
	if w == nil {
		return err
	}
	if !w.signed() {
		return v.Redirect(w.path())
	}
	x := doneView{approveView: *w}
	if x.Where, err = d.Production.StatusOfLine(v.R.Context(), v.Actor, w.Line.ID); err != nil {
		return err
	}
	c, ok, err := d.Cards.ByLine(v.R.Context(), v.Actor, w.Line.ID)
	if err != nil {
		return err
	}
	if ok {
		x.Card = &c
	}
	return v.Render(donePage(x))
}

// activation reports whether the card will have to be activated.
func (x doneView) activation() bool {
	t, known := cardtype.ByCode(x.Line.CardType)
	return t.Activation || !known
}

// next is where activation is: on the card itself once it exists.
func (x doneView) next() string {
	if x.Card != nil && x.Card.State == card.Produced && x.activation() {
		return cardPath(*x.Card) + "/activate"
	}
	return homePath
}

func (x doneView) stages(t *i18n.Texts) []ui.Stage {
	made, sent := x.Line.State == order.Produced, x.Where.Step == production.StepDispatched
	out := []ui.Stage{
		{Title: t.T("cardportal.done.signed"), Note: t.DayTime(x.Line.SignedAt), Done: true},
		{Title: t.T("cardportal.done.made"), Note: stepText(t, x.Where), Icon: "printer", Done: made, Now: !made},
		{Title: t.T("cardportal.done.sent"), Note: order.AddressLine(x.Order.Delivery), Icon: "truck", Done: sent, Now: made && !sent},
	}
	if x.activation() {
		out = append(out, ui.Stage{Title: t.T("cardportal.done.activate"), Note: t.T("cardportal.way.activate.text"), Icon: "power", Now: sent})
	}
	return out
}
