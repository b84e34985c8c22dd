package backoffice

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// shownQueue is how much of the queue stands beside a case.
const shownQueue = 25

// reviewView is a case with the queue at its side.
type reviewView struct {
	Menu    ui.Menu
	Queue   order.QueuePage
	Rows    []queueRow
	Case    order.Case
	Checks  []ui.Check
	Form    ui.Form
	Keys    bool   // single keys are on
	Problem string // why the decision didn't count
	Prev    string // addresses, "" for none
	Next    string
	Total   string
	Oldest  string
}

// queueRow is a line of the queue.
type queueRow struct {
	Href, Photo, Name, Note string
	Current                 bool
}

func caseAt(line uuid.UUID) string { return atReview + "/" + line.String() }

func photoAt(l order.Line) string {
	if l.Photo == uuid.Nil {
		return ""
	}
	return caseAt(l.ID) + "/photo.jpg?v=" + l.Photo.String()
}

// queue opens the oldest case that isn't the reviewer's own, or says that there is none.
func (d Deps) queue(v *web.Visit) error {
	q, err := d.Orders.Queue(v.R.Context(), v.Actor, "", shownQueue)
	if err != nil {
		return err
	}
	switch {
	case len(q.Items) > 0 && v.Fragment(): // the empty page asks whether something has come
		v.W.Header().Set("Kv-Location", atReview)
		v.W.WriteHeader(http.StatusNoContent)
		return nil
	case v.Fragment():
		v.W.WriteHeader(http.StatusNoContent)
		return nil
	case len(q.Items) > 0:
		first := max(0, slices.IndexFunc(q.Items, func(i order.QueueItem) bool { return !i.Own }))
		return v.Redirect(caseAt(q.Items[first].Line.ID))
	}
	m, err := d.rail(v, atReview)
	if err != nil {
		return err
	}
	return v.Render(emptyQueuePage(m))
}

// review is the page of a case.
func (d Deps) review(v *web.Visit) error {
	line, err := v.PathID("line")
	if err != nil {
		return err
	}
	p, err := d.reviewView(v, line)
	if err != nil {
		return err
	}
	return v.Render(reviewPage(p))
}

func (d Deps) reviewView(v *web.Visit, line uuid.UUID) (reviewView, error) {
	p := reviewView{Keys: keysOn(v)}
	var err error
	if p.Case, err = d.Orders.Case(v.R.Context(), v.Actor, line); err != nil {
		return p, err
	}
	if p.Queue, err = d.Orders.Queue(v.R.Context(), v.Actor, "", shownQueue); err != nil {
		return p, err
	}
	if p.Menu, err = d.rail(v, atReview); err != nil {
		return p, err
	}
	p.Checks = checks(v.T, p.Case)
	p.Total = v.T.CountCapped(p.Queue.Total)
	if !p.Queue.Oldest.IsZero() {
		p.Oldest = lasted(v.T, v.Now.Sub(p.Queue.Oldest))
	}
	p.place(v, line)
	return p, nil
}

// place finds the case in the queue, and its neighbours.
func (p *reviewView) place(v *web.Visit, line uuid.UUID) {
	for i, item := range p.Queue.Items {
		row := queueRow{Href: caseAt(item.Line.ID), Photo: photoAt(item.Line), Name: item.Line.Name(), Current: item.Line.ID == line}
		kind := kindOf(item.Line)
		if item.Own {
			kind = "backoffice.review.own"
		}
		row.Note = v.T.T(kind) + ", " + lasted(v.T, v.Now.Sub(item.Since))
		if row.Current && i > 0 {
			p.Prev = caseAt(p.Queue.Items[i-1].Line.ID)
		}
		p.Rows = append(p.Rows, row)
	}
	if p.Case.Next != uuid.Nil {
		p.Next = caseAt(p.Case.Next)
	}
}

// kindOf is the key of why a line is in the queue.
func kindOf(l order.Line) string {
	switch {
	case !l.Again():
		return "backoffice.review.first"
	case changed(l, "photo"):
		return "backoffice.review.new_photo"
	default:
		return "backoffice.review.corrected"
	}
}

func changed(l order.Line, field string) bool {
	for _, f := range l.Changed {
		if f == field {
			return true
		}
	}
	return false
}

// checks is what a machine saw, name and value. The picture's being somebody
// else's is one of them.
func checks(t *i18n.Texts, c order.Case) []ui.Check {
	var out []ui.Check
	for _, f := range c.Line.PhotoVerdict.Checks {
		row := ui.Check{Text: t.T(f.TitleKey(), f.Params()...), Tone: ui.Act}
		if f.Level == "ok" {
			row.Tone = ui.OK
		}
		family, _, _ := strings.Cut(f.Code, "_")
		if name := "backoffice.check." + family; t.Has(name) && t.Has("backoffice.value."+f.Code) {
			row.Text, row.Note = t.T(name), t.T("backoffice.value."+f.Code, f.Params()...)
		}
		out = append(out, row)
	}
	unique := ui.Check{Text: t.T("backoffice.check.unique"), Note: t.T("backoffice.value.unique"), Tone: ui.OK}
	if len(c.Same) > 0 {
		unique.Note, unique.Tone = t.T("backoffice.value.same"), ui.Stop
	}
	return append(out, unique)
}

// facts is the order's data, as far as a reviewer needs it.
func (p reviewView) facts(t *i18n.Texts) []ui.Fact {
	l := p.Case.Line
	facts := []ui.Fact{
		{Label: t.T("order.field.given_name"), Value: l.Claimed.GivenName},
		{Label: t.T("order.field.surname"), Value: l.Claimed.Surname},
	}
	if l.PrintedGiven() != l.Claimed.GivenName || l.PrintedSurname() != l.Claimed.Surname {
		facts = append(facts, ui.Fact{Label: t.T("backoffice.review.printed"), Value: l.PrintedGiven() + " " + l.PrintedSurname()})
	}
	facts = append(facts,
		ui.Fact{Label: t.T("order.field.birth_date"), Value: l.Claimed.BirthDate.String(), Mono: true},
		ui.Fact{Label: t.T("order.field.personal_number"), Value: l.Claimed.Masked, Mono: true},
		ui.Fact{Label: t.T("order.field.nationality"), Value: country.Name(t.Lang, string(l.Claimed.Nationality))},
		ui.Fact{Label: t.T("order.field.valid_until"), Value: l.ValidUntil.String(), Mono: true},
		ui.Fact{Label: t.T("backoffice.review.ordered_by"), Value: l.OrderedByName},
		ui.Fact{Label: t.T("backoffice.review.order"), Value: l.OrderNumber, Mono: true},
	)
	if l.Attempts > 1 {
		facts = append(facts, ui.Fact{Label: t.T("backoffice.review.attempt"), Value: t.T("backoffice.review.attempts", "n", l.Attempts)})
	}
	return facts
}

// headline is type and company.
func (p reviewView) headline(t *i18n.Texts) string {
	name := p.Case.Line.CardType
	if k, ok := cardtype.ByCode(name); ok {
		name = k.NameIn(t.Lang)
	}
	return name + ", " + p.Case.Company.Name
}

// before says what was wrong the last time, from the journal.
func (p reviewView) before(t *i18n.Texts) string {
	for i := len(p.Case.Events) - 1; i >= 0; i-- {
		e := p.Case.Events[i]
		if e.Kind != "order.review_rejected" {
			continue
		}
		var parts []string
		for _, code := range strings.Split(e.Data["reasons"], ",") {
			if code != "other" && code != "" {
				parts = append(parts, words(t, "order.reason.", code)+".")
			}
		}
		if e.Reason != "" {
			parts = append(parts, e.Reason)
		}
		return strings.Join(parts, " ")
	}
	return ""
}

// whatChanged names the fields that are new.
func (p reviewView) whatChanged(t *i18n.Texts) string {
	var fields []string
	for _, f := range p.Case.Line.Changed {
		fields = append(fields, strings.ToLower(words(t, "order.field.", f)))
	}
	return t.List(fields...)
}

// open reports whether the case waits for a decision.
func (p reviewView) open() bool { return p.Case.Line.State == order.Ordered }

// decided says what became of it, by whom and when.
func (p reviewView) decided(t *i18n.Texts) string {
	r := p.Case.Line.Review
	if r == nil {
		return t.T("order.state." + string(p.Case.Line.State))
	}
	return t.T("backoffice.review.decided."+r.Outcome, "name", r.ByName, "at", r.At)
}

// lineState is the tag of a line.
func lineState(l order.Line) ui.State {
	switch l.State {
	case order.Ordered:
		return ui.InReview
	case order.AwaitingCardholder:
		return ui.WithCardholder
	case order.RejectedByReviewer, order.RejectedByCardholder:
		return ui.NeedsCorrection
	case order.Approved:
		return ui.Approved
	case order.InProduction, order.Produced:
		return ui.InProduction
	default:
		return ui.Cancelled
	}
}

// key is a single key, unless the person has switched them off.
func (p reviewView) key(k string) string {
	if p.Keys {
		return k
	}
	return ""
}

func (p reviewView) revision() string { return strconv.FormatInt(p.Case.Line.Revision, 10) }

// pass approves photo and data, and opens the next case.
func (d Deps) pass(v *web.Visit) error {
	return d.decide(v, "backoffice.review.passed", func(line uuid.UUID) (order.Line, error) {
		return d.Orders.Pass(v.R.Context(), v.Actor, line, revision(v))
	})
}

// reject sends the line back with its reasons, and opens the next case.
func (d Deps) reject(v *web.Visit) error {
	reasons := v.Texts("reason")
	return d.decide(v, "backoffice.review.rejected", func(line uuid.UUID) (order.Line, error) {
		return d.Orders.Reject(v.R.Context(), v.Actor, line, revision(v), reasons, ownWords(v.Text("text"), reasons))
	})
}

// ownWords is the message without the sentences that the reasons stand for: those
// are sent anyway, to each reader in the own language.
func ownWords(text string, reasons []string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for _, l := range i18n.Languages() {
		t := i18n.For(l.Lang)
		for _, code := range reasons {
			if known(code) {
				text = strings.Replace(text, fill(t, code), "", 1)
			}
		}
	}
	return strings.TrimSpace(text)
}

func known(code string) bool {
	for _, r := range order.ReviewReasons() {
		if r.Code == code && r.Group != order.GroupOther {
			return true
		}
	}
	return false
}

// fill is the sentence that a reason stands for.
func fill(t *i18n.Texts, code string) string { return order.ReasonText(t, []string{code}, "") }

// decide runs a decision: on to the next case, back to the form, or to what
// happened meanwhile.
func (d Deps) decide(v *web.Visit, done string, do func(line uuid.UUID) (order.Line, error)) error {
	line, err := v.PathID("line")
	if err != nil {
		return err
	}
	l, err := do(line)
	if err != nil {
		return d.undecided(v, line, err)
	}
	v.FlashUndo(ui.OK, caseAt(line)+"/undo", "backoffice.review.undo", done, "name", l.Name())
	c, err := d.Orders.Case(v.R.Context(), v.Actor, line)
	if err != nil || c.Next == uuid.Nil {
		return v.Redirect(atReview)
	}
	return v.Redirect(caseAt(c.Next))
}

// undecided shows the case again: with what to correct, or with who was first.
func (d Deps) undecided(v *web.Visit, line uuid.UUID, cause error) error {
	form, wrong := v.Form().With(onFields(cause))
	if !wrong && fault.KindOf(cause) != fault.Conflict {
		return cause
	}
	p, err := d.reviewView(v, line)
	if err != nil {
		return err
	}
	p.Form = form
	if wrong {
		return v.Invalid(reviewPage(p))
	}
	p.Problem = sentence(v.T, cause)
	return v.RenderStatus(http.StatusConflict, reviewPage(p))
}

// onFields names the field as the form does.
func onFields(err error) error {
	var errs fault.Errors
	for _, e := range fault.All(err) {
		if e.Kind != fault.Invalid {
			return err
		}
		if e.Field == "reasons" {
			e = e.On("reason")
		}
		errs = append(errs, e)
	}
	if len(errs) == 0 {
		return err
	}
	return errs
}

// undo takes the own decision back, and opens the case again.
func (d Deps) undo(v *web.Visit) error {
	line, err := v.PathID("line")
	if err != nil {
		return err
	}
	l, err := d.Orders.Undo(v.R.Context(), v.Actor, line)
	if err != nil {
		return d.undecided(v, line, err)
	}
	v.Flash(ui.OK, "backoffice.review.undone", "name", l.Name())
	return v.Redirect(caseAt(line))
}

func (d Deps) photo(v *web.Visit) error {
	return d.picture(v, func(l order.Line) uuid.UUID { return l.Photo })
}

func (d Deps) previousPhoto(v *web.Visit) error {
	return d.picture(v, func(l order.Line) uuid.UUID { return l.PreviousPhoto })
}

// picture answers with a blob of the line; one that the browser has isn't sent
// again.
func (d Deps) picture(v *web.Visit, which func(order.Line) uuid.UUID) error {
	line, err := v.PathID("line")
	if err != nil {
		return err
	}
	l, err := d.Orders.Line(v.R.Context(), as(v, actor.Reviewer), line)
	if err != nil {
		return err
	}
	id := which(l)
	if id == uuid.Nil {
		return v.NotFound()
	}
	tag := `"` + id.String() + `"`
	v.W.Header().Set("ETag", tag)
	if v.R.Header.Get("If-None-Match") == tag {
		v.W.WriteHeader(http.StatusNotModified)
		return nil
	}
	b, err := d.Blobs.Get(v.R.Context(), id)
	if err != nil {
		return err
	}
	return v.Bytes(b.MediaType, b.Data)
}
