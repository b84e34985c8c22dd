package orderportal

import (
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// problemOf is what the page begins with when the orderer has to act.
func problemOf(v *web.Visit, l sentLine) *problem {
	t, given := v.T, first(l.Line.Claimed.GivenName)
	p := &problem{Icon: "triangle-alert", Correct: may(l, order.ActionCorrect), Photo: may(l, order.ActionReplacePhoto)}
	switch l.Shown.Code {
	case "name_differs":
		p.Icon, p.Title, p.Photo = "spell-check", t.T("orderportal.differs.title"), false
		p.Texts = []string{t.T("orderportal.differs.text", "name", given, "at", l.Line.Proven.At)}
		p.Diff, p.TakeOver = diff(t, l.Fields), may(l, order.ActionTakeOverName)
		p.Foot = t.T("orderportal.differs.foot", "name", given)
	case "rejected_by_reviewer":
		p.Title, p.Texts = t.T("orderportal.rejected.title"), reasonLines(t, l.Line)
		if l.Line.Review != nil {
			p.Quote = l.Line.Review.Text
		}
		if photoRejected(l.Line) {
			p.Icon = "camera"
		}
		p.Correct = p.Correct && !onlyPhoto(l.Line)
		p.Foot = t.T("orderportal.rejected.foot")
	case "returned":
		p.Icon, p.Title, p.Texts = "printer", t.T("orderportal.returned.title"), []string{returnText(t, l.Line)}
	case "rejected_by_cardholder":
		p.Icon, p.Title, p.Quote = "message-square-warning", t.T("orderportal.declined.title", "name", given), l.Line.RejectReason
		p.Texts = []string{t.T("orderportal.declined.text", "name", given)}
		p.Foot = t.T("orderportal.declined.foot", "name", given)
	default:
		return nil
	}
	return p
}

func may(l sentLine, a order.Action) bool { return slices.Contains(l.Actions, a) }

// diff compares the names; what is the same says so.
func diff(t *i18n.Texts, fields []order.Field) []ui.DiffRow {
	var rows []ui.DiffRow
	for _, f := range fields {
		if f.ProvenParts == nil && f.ClaimedParts == nil {
			continue
		}
		rows = append(rows, ui.DiffRow{Label: t.T("order.field." + f.Name), Before: segments(f.ClaimedParts), After: segments(f.ProvenParts), Same: f.Claimed == f.Proven})
	}
	return rows
}

func segments(parts []person.Segment) []ui.Segment {
	var out []ui.Segment
	for _, p := range parts {
		out = append(out, ui.Segment{Text: p.Text, Differs: p.Differs})
	}
	return out
}

// differenceNote words a difference that the ladder accepts.
func differenceNote(v *web.Visit, l sentLine) string {
	name := (person.Name{Given: l.Line.Proven.GivenName, Surname: l.Line.Proven.Surname}).Recased()
	text := v.T.T("orderportal.note.proven", "name", name.String())
	for _, f := range l.Fields {
		if f.Note != "" && f.Note != "not_verified" {
			return text + " " + v.T.T("order.note."+f.Note)
		}
	}
	return text
}

func needsShort(n person.Name) bool {
	return !artwork.Fits(n.Given, n.Surname) || len(artwork.Unprintable(n.Given+n.Surname)) > 0
}

// reasonLines are a reviewer's reasons, each with what to do.
func reasonLines(t *i18n.Texts, l order.Line) []string {
	if l.Review == nil || l.Review.Outcome != order.Rejected {
		return nil
	}
	var out []string
	for _, r := range l.Review.Reasons {
		out = append(out, t.T("order.reason."+r)+". "+t.T("order.reason."+r+".todo"))
	}
	return out
}

func reasonsText(t *i18n.Texts, l order.Line) string { return strings.Join(reasonLines(t, l), " ") }

// photoRejected reports whether the photo is what a line came back for.
func photoRejected(l order.Line) bool {
	if l.State != order.RejectedByReviewer {
		return false
	}
	if l.ReturnReason != "" {
		return true // only the photo sends a line back here
	}
	return l.Review != nil && slices.ContainsFunc(l.Review.Reasons, aboutPhoto)
}

func onlyPhoto(l order.Line) bool {
	return l.Review != nil && len(l.Review.Reasons) > 0 && !slices.ContainsFunc(l.Review.Reasons, func(r string) bool { return !aboutPhoto(r) })
}

func aboutPhoto(reason string) bool {
	for _, r := range order.ReviewReasons() {
		if r.Code == reason {
			return r.Group == "photo"
		}
	}
	return false
}

func returnText(t *i18n.Texts, l order.Line) string {
	if key := "order.return." + strings.ToLower(l.ReturnReason); t.Has(key) {
		return t.T(key)
	}
	return t.T("order.return.incomplete")
}

// refusedMails are those that never came, to an address that is still in use.
func refusedMails(v *web.Visit, l sentLine) []lost {
	var out []lost
	told := map[string]bool{}
	for _, m := range slices.Backward(l.Mails) {
		if told[m.To] || m.State == notify.Waiting || m.State == notify.Cancelled {
			continue
		}
		told[m.To] = true // only the newest to an address counts
		if m.State != notify.Refused || m.Resent != uuid.Nil {
			continue
		}
		if toHolder(m) && m.Audience == "" && m.To != l.Line.Claimed.Email {
			continue // corrected since
		}
		x := lost{Title: v.T.T("orderportal.lost.title", "to", m.To), Reply: m.Reply}
		switch {
		case !toHolder(m):
			x.Text, x.Verb, x.Href = v.T.T("orderportal.lost.own"), v.T.T("orderportal.lost.own.verb"), "/me/account"
		case may(l, order.ActionCorrect):
			x.Text, x.Verb, x.Href = v.T.T("orderportal.lost.correct"), v.T.T("orderportal.todo.mail.verb"), l.at("correct")+"#email"
		default:
			x.Text = v.T.T("orderportal.lost.theirs", "name", first(l.Line.Claimed.GivenName))
		}
		out = append(out, x)
	}
	return out
}

func lineFacts(v *web.Visit, l sentLine, c *card.Card, number templ.Component) []ui.Fact {
	t := v.T
	facts := []ui.Fact{{Label: t.T("orderportal.fact.number"), Body: number}}
	for _, f := range personFacts(t, l.Line, "") {
		if f.Label != t.T("orderportal.fact.number") && f.Label != t.T("orderportal.fact.name") {
			facts = append(facts, f)
		}
	}
	facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.type"), Value: typeName(t, l.Line.CardType)},
		ui.Fact{Label: t.T("orderportal.fact.until"), Value: l.Line.ValidUntil.String(), Mono: true})
	if l.Line.Replaces != "" {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.replaces"), Value: l.Line.Replaces, Mono: true})
	}
	facts = append(facts, deliveryFacts(t, l.Order)...)
	facts = append(facts, ui.Fact{Label: t.T("orderportal.orders.number"), Value: l.Order.Number, Mono: true, Action: &ui.Link{Label: t.T("orderportal.show"), Href: l.base.order(l.Order.ID)}})
	if c != nil {
		facts = append(facts, ui.Fact{Label: t.T("orderportal.fact.card"), Value: string(c.Number), Mono: true, Action: &ui.Link{Label: t.T("orderportal.show"), Href: l.base.card(c.Number)}})
	}
	return facts
}

// events words the journal, newest first. What a company has no need to know of,
// such as which of the scheme's people did it, is left out.
func events(t *i18n.Texts, records []journal.Record) []ui.Event {
	var out []ui.Event
	for _, r := range slices.Backward(records) {
		key := "journal." + r.Kind
		if !t.Has(key) || doubled[r.Kind] {
			continue
		}
		args := make([]any, 0, 2*len(r.Data))
		for k, value := range r.Data {
			args = append(args, k, value)
		}
		who := r.By.Name
		if who == "" || r.By.Role.Staff() || r.By.Role == actor.SystemRole {
			who = t.T("card.by." + string(r.By.Role))
		}
		out = append(out, ui.Event{Icon: eventIcon(r.Kind), Title: t.T(key, args...), Note: t.DayTime(r.At) + ", " + who})
	}
	return out
}

// doubled are entries that say of a line what another one says of its card.
var doubled = map[string]bool{"order.in_production": true, "order.produced": true}

var eventIcons = map[string]string{
	"order.submitted": "send", "order.review_passed": "shield-check", "order.review_rejected": "triangle-alert", "order.review_undone": "undo-2",
	"order.corrected": "pencil", "order.photo_replaced": "camera", "order.name_taken_over": "spell-check", "order.identified": "id-card",
	"order.contact_completed": "map-pin", "order.approved": "user-round-check", "order.rejected_by_cardholder": "message-square-warning",
	"order.cancelled": "undo-2", "order.lapsed": "calendar-x", "order.reminded": "bell", "order.lapse_noticed": "bell", "order.number_revealed": "eye",
	"order.in_production": "printer", "order.produced": "printer", "card.produced": "printer", "card.dispatched": "truck", "card.begun": "circle-check", "card.activated": "power",
	"card.pin_shown": "key-round", "card.blocked": "ban", "card.unblocked": "unlock", "card.terminated": "circle-x", "card.locked": "lock",
	"card.personal_number_shown": "eye", "production.failed": "triangle-alert", "production.remade": "refresh-cw", "production.returned": "undo-2",
}

func eventIcon(kind string) string {
	if i, ok := eventIcons[kind]; ok {
		return i
	}
	return "circle-check"
}

// stages are the way to the card: what is done, what goes on, what comes.
func stages(v *web.Visit, l sentLine, w whereView, c *card.Card) []ui.Stage {
	t, x := v.T, l.Line
	given := first(x.Claimed.GivenName)
	out := []ui.Stage{{Title: t.T("orderportal.stage.ordered"), Note: t.T("orderportal.stage.at_by", "at", l.Order.SubmittedAt, "by", l.Order.OrderedByName), Done: true}}
	if x.State == order.Cancelled {
		key := "orderportal.stage.cancelled"
		if x.CancelReason == order.CancelledByLapse {
			key = "orderportal.stage.lapsed"
		}
		return append(out, ui.Stage{Title: t.T(key), Note: t.DayTime(x.StateAt), Icon: "undo-2", Done: true, Now: true})
	}
	reviewed, signed, cardMade := x.State != order.Ordered && x.State != order.RejectedByReviewer, !x.SignedAt.IsZero(), c != nil
	review := ui.Stage{Title: t.T("orderportal.next.review"), Icon: "scan-eye", Done: reviewed, Now: !reviewed}
	switch {
	case reviewed && x.Review != nil:
		review.Title, review.Note = t.T("orderportal.stage.review"), t.DayTime(x.Review.At)
	case x.State == order.Ordered:
		review.Note = t.T("orderportal.stage.review.queue", "at", x.QueuedAt)
	case !reviewed:
		review.Icon, review.Note = "triangle-alert", t.T("orderportal.stage.review.back", "at", x.StateAt)
	}
	approve := ui.Stage{Title: t.T("orderportal.next.approve", "name", given), Icon: "user-round-check", Done: signed, Now: reviewed && !signed}
	switch {
	case signed:
		approve.Note = t.DayTime(x.SignedAt)
	case approve.Now:
		approve.Note = approveNote(t, x, given)
	}
	made := ui.Stage{Title: t.T("orderportal.stage.made"), Icon: "printer", Done: cardMade, Now: signed && !cardMade}
	if made.Now && w.Title != "" {
		made.Note = w.Title
	} else if cardMade {
		made.Note = t.DayTime(c.ProducedAt)
	}
	out = append(out, review, approve, made, posted(v, l, w, c))
	if kind, known := cardtype.ByCode(x.CardType); known && !kind.Activation {
		return out
	}
	return append(out, activation(v, given, c))
}

func approveNote(t *i18n.Texts, x order.Line, given string) string {
	if x.Proven != nil && order.Shown(x).Code == "name_differs" {
		return t.T("orderportal.stage.differs", "at", x.Proven.At)
	}
	if x.State == order.RejectedByCardholder {
		return t.T("orderportal.stage.declined", "at", x.StateAt)
	}
	return t.T("orderportal.stage.mailed", "at", x.AwaitingSince, "email", x.Claimed.Email, "until", x.LapsesOn().String(), "name", given)
}

func posted(v *web.Visit, l sentLine, w whereView, c *card.Card) ui.Stage {
	s := ui.Stage{Title: v.T.T("orderportal.stage.posted"), Icon: "truck", Note: addressLine(l.Order.Delivery)}
	if c != nil {
		s.Done = !c.DispatchedAt.IsZero()
		s.Now = !s.Done && c.State == card.Produced
	}
	if s.Done {
		s.Note = v.T.DayTime(c.DispatchedAt)
		if w.Step == production.StepDispatched && w.Status.Tracking != "" {
			s.Note += ", " + w.Status.Tracking
		}
	}
	return s
}

func activation(v *web.Visit, given string, c *card.Card) ui.Stage {
	s := ui.Stage{Title: v.T.T("orderportal.next.activate", "name", given), Icon: "power", Note: v.T.T("orderportal.stage.activate.note")}
	if c == nil {
		return s
	}
	s.Done = !c.ActivatedAt.IsZero()
	s.Now = !s.Done && !c.DispatchedAt.IsZero() && c.State == card.Produced
	if s.Done {
		s.Note = v.T.DayTime(c.ActivatedAt)
	}
	return s
}
