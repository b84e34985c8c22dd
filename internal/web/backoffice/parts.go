package backoffice

import (
	"context"
	"strconv"
	"time"
	"unicode"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web/ui"
)

func uuidNil() uuid.UUID { return uuid.Nil }

func currentCase(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

// usual are the reasons that stand open; a reviewer needs the others once a week.
var usual = map[string]bool{
	"photo_light": true, "photo_sharpness": true, "photo_eyes": true, "photo_background": true, "photo_crop": true,
	"photo_headgear": true, "photo_glasses": true, "photo_other_person": true, "other": true,
}

// reasons are the usual ones or the rare ones, in the order of the list.
func reasons(often bool) []order.Reason {
	var out []order.Reason
	for _, r := range order.ReviewReasons() {
		if usual[r.Code] == often {
			out = append(out, r)
		}
	}
	return out
}

// reasonID is the id of a box: the first has the field's name, for the error
// summary's link.
func reasonID(i int, often bool) string {
	switch {
	case often && i == 0:
		return "reason"
	case often:
		return "reason-" + strconv.Itoa(i)
	default:
		return "reason-more-" + strconv.Itoa(i)
	}
}

func anyTicked(f ui.Form, list []order.Reason) bool {
	for _, r := range list {
		if f.Has("reason", r.Code, false) {
			return true
		}
	}
	return false
}

// reasonFill is the sentence that ticking writes into the message.
func reasonFill(ctx context.Context, r order.Reason) templ.Attributes {
	if r.Group == order.GroupOther {
		return nil
	}
	return templ.Attributes{"data-kv-fill": fill(ui.Texts(ctx), r.Code)}
}

func describedReasons(ctx context.Context, f ui.Form) templ.Attributes {
	if f.Error(ctx, "reason") == "" {
		return nil
	}
	return templ.Attributes{"aria-describedby": "reason-e"}
}

func againText(ctx context.Context, before string) string {
	if before == "" {
		return ""
	}
	return ui.T(ctx, "backoffice.review.before", "text", before)
}

// caseEvents is a line's story, newest first.
func caseEvents(t *i18n.Texts, records []journal.Record) []ui.Event {
	out := make([]ui.Event, 0, len(records))
	for i := len(records) - 1; i >= 0; i-- {
		r := records[i]
		out = append(out, ui.Event{Icon: eventIcon(r.Kind), Title: eventText(t, r), Note: t.DayTime(r.At) + ", " + eventBy(t, r)})
	}
	return out
}

func keyList(ctx context.Context) []ui.Link {
	return []ui.Link{
		{Href: "G", Label: ui.T(ctx, "backoffice.keys.pass")},
		{Href: "U", Label: ui.T(ctx, "backoffice.keys.reject")},
		{Href: "J", Label: ui.T(ctx, "backoffice.keys.next")},
		{Href: "K", Label: ui.T(ctx, "backoffice.keys.previous")},
		{Href: "?", Label: ui.T(ctx, "backoffice.keys.all")},
	}
}

func keysVerb(ctx context.Context, on bool) ui.Btn {
	if on {
		return ui.Btn{Label: ui.T(ctx, "backoffice.keys.turn_off"), Name: "keys", Value: "off"}
	}
	return ui.Btn{Label: ui.T(ctx, "backoffice.keys.turn_on"), Name: "keys", Value: "on"}
}

// countriesFirst is every country, with the one that nearly all companies are in
// at the top.
func countriesFirst(ctx context.Context) []ui.Option {
	all := countries(ui.Texts(ctx))
	for i, o := range all {
		if o.Value == "SE" {
			return append([]ui.Option{o}, append(all[:i:i], all[i+1:]...)...)
		}
	}
	return all
}

func holdReasons(ctx context.Context) []ui.Option {
	var out []ui.Option
	for _, r := range company.HoldReasons() {
		out = append(out, ui.Option{Value: r, Label: ui.T(ctx, "backoffice.hold."+r)})
	}
	return out
}

func sinceText(ctx context.Context, email string, at time.Time) string {
	text := ui.T(ctx, "backoffice.since", "day", ui.Texts(ctx).DayYear(clock.DateOf(at)))
	if email == "" {
		return text
	}
	return ", " + text
}

// roleName begins a line, as a word in running text doesn't.
func roleName(ctx context.Context, r actor.Role) string {
	word := []rune(ui.T(ctx, "account.role."+string(r)))
	word[0] = unicode.ToUpper(word[0])
	return string(word)
}
