package cardportal

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// approveView is the page on which somebody looks at what the employer ordered.
type approveView struct {
	order.Approval
	Picture picture
	Form    ui.Form
	Ask     bool         // the contact fields stand open
	Refused *fault.Error // somebody was first, or the name can't be taken over
	Lang    i18n.Lang
}

// kind is the type of the card that is approved.
func (w approveView) kind() cardtype.Type {
	t, _ := cardtype.ByCode(w.Line.CardType)
	return t
}

// approval loads a line of the visitor's. Another person's answers for itself:
// then there is no view.
func (d Deps) approval(v *web.Visit) (*approveView, error) {
	id, err := v.PathID("line")
	if err != nil {
		return nil, err
	}
	a, err := d.Orders.Approval(v.R.Context(), v.Actor, id)
	if fault.Has(err, "order.not_yours") {
		return nil, v.RenderStatus(http.StatusForbidden, notYoursPage(v.Session.Name, approvePath(id.String())))
	}
	if err != nil {
		return nil, err
	}
	return d.approveView(v, a), nil
}

func (d Deps) approveView(v *web.Visit, a order.Approval) *approveView {
	w := &approveView{Approval: a, Lang: v.Lang, Ask: len(a.Missing) > 0}
	if a.Mismatch { // the card as it becomes
		name := person.Name{Given: w.proven("given_name"), Surname: w.proven("surname")}
		a.Line.Claimed.GivenName, a.Line.Claimed.Surname, a.Line.ShortGiven, a.Line.ShortSurname = name.Given, name.Surname, "", ""
	}
	w.Picture = d.ofLine(a.Line, a.Company)
	return w
}

// signed reports whether the line is past the approval.
func (w approveView) signed() bool {
	return slices.Contains([]order.State{order.Approved, order.InProduction, order.Produced}, w.Line.State)
}

func (w approveView) path() string { return approvePath(w.Line.ID.String()) }

func (d Deps) approveForm(v *web.Visit) error {
	w, err := d.approval(v)
	if w == nil {
		return err
	}
	if w.signed() {
		return v.Redirect(w.path() + "/done")
	}
	w.Ask = w.Ask || v.Query("contact") != ""
	return d.show(v, http.StatusOK, w)
}

// show is the page that fits the line: to be approved, to be repaired, or to
// wait for somebody else.
func (d Deps) show(v *web.Visit, status int, w *approveView) error {
	switch {
	case w.Line.State != order.AwaitingCardholder:
		return v.RenderStatus(status, waitingPage(*w))
	case w.Mismatch:
		return v.RenderStatus(status, mismatchPage(*w))
	}
	return v.RenderStatus(status, approvePage(*w))
}

// approve keeps the contact details that stand on the page, and starts the
// signature: one press for both.
func (d Deps) approve(v *web.Visit) error {
	w, err := d.approval(v)
	if w == nil {
		return err
	}
	if w.signed() {
		return v.Redirect(w.path() + "/done")
	}
	if v.Form().Values.Has("phone") {
		if ok, err := d.keepContact(v, w); !ok {
			return err
		}
	}
	begin, err := d.Orders.SignText(v.R.Context(), v.Actor, w.Line.ID, revision(v), v.Lang)
	if f, ok := v.Form().With(named(err)); ok {
		w.Form, w.Ask = f, true
		return v.Invalid(approvePage(*w))
	}
	if fault.KindOf(err) == fault.Conflict {
		return d.changed(v, err)
	}
	if err != nil {
		return err
	}
	return d.Flow.Begin(v, begin)
}

// keepContact stores the contact fields. When they are wrong it has answered.
func (d Deps) keepContact(v *web.Visit, w *approveView) (bool, error) {
	_, err := d.Orders.Contact(v.R.Context(), v.Actor, w.Line.ID, person.Contact{
		Phone: v.Text("phone"), Street: v.Text("street"), Postcode: v.Text("postcode"), City: v.Text("city"), Country: v.Text("country"), Lang: v.Lang,
	})
	if err == nil {
		return true, nil
	}
	if f, ok := v.Form().With(named(err)); ok {
		w.Form, w.Ask = f, true
		return false, v.Invalid(approvePage(*w))
	}
	return false, err
}

// contactOrder is the order of the fields on the page.
var contactOrder = []string{"phone", "street", "postcode", "city", "country"}

// missingCodes say of a detail that is missing which one it is.
var missingCodes = map[string]string{
	"phone": "person.phone_missing", "street": "person.street_missing", "postcode": "cardportal.postcode_missing",
	"city": "person.city_missing", "country": "country.unknown",
}

// named lets each missing contact detail say which one it is, and puts what is
// wrong in the order of the page.
func named(err error) error {
	var errs fault.Errors
	if !errors.As(err, &errs) {
		return err
	}
	out := slices.Clone(errs)
	for i, e := range out {
		if code := missingCodes[e.Field]; e.Code == "order.contact_missing" && code != "" {
			out[i] = fault.New(fault.Invalid, code).On(e.Field)
		}
	}
	slices.SortStableFunc(out, func(a, b *fault.Error) int {
		return slices.Index(contactOrder, a.Field) - slices.Index(contactOrder, b.Field)
	})
	return out
}

// changed shows the line as it is now, and says that somebody was first.
func (d Deps) changed(v *web.Visit, err error) error {
	w, err2 := d.approval(v)
	if w == nil {
		return err2
	}
	w.Refused, _ = fault.As(err)
	return d.show(v, http.StatusConflict, w)
}

// contact keeps the contact details without signing.
func (d Deps) contact(v *web.Visit) error {
	w, err := d.approval(v)
	if w == nil {
		return err
	}
	if ok, err := d.keepContact(v, w); !ok {
		return err
	}
	v.Flash(ui.OK, "cardportal.approve.contact_saved")
	return v.Redirect(w.path())
}

func (d Deps) takeOverName(v *web.Visit) error {
	w, err := d.approval(v)
	if w == nil {
		return err
	}
	l, err := d.Orders.TakeOverName(v.R.Context(), v.Actor, w.Line.ID, revision(v))
	switch {
	case fault.Has(err, "order.nothing_to_take_over"): // pressed twice
		return v.Redirect(w.path())
	case fault.KindOf(err) == fault.Conflict:
		return d.changed(v, err)
	case err != nil:
		return err
	}
	v.Flash(ui.OK, "cardportal.mismatch.done", "name", l.Name())
	return v.Redirect(w.path())
}

// revision is the one that the page showed. A missing one fits nothing.
func revision(v *web.Visit) int64 {
	n, err := strconv.ParseInt(v.Text("revision"), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

func revisionText(n int64) string { return strconv.FormatInt(n, 10) }
