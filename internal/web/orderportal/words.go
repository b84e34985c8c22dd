package orderportal

import (
	"context"

	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// title is a heading about a person, or about nobody yet.
func title(ctx context.Context, key, given string) string {
	if given == "" {
		return ui.T(ctx, key+".nobody")
	}
	return ui.T(ctx, key, "name", given)
}

// whatComes is what happens after an order is sent.
func whatComes(ctx context.Context, given string, many bool, kind cardtype.Type) []ui.Stage {
	name := given
	if name == "" || many {
		name = ui.T(ctx, "orderportal.holder")
	}
	out := []ui.Stage{
		{Title: ui.T(ctx, "orderportal.next.review"), Note: ui.T(ctx, "orderportal.next.review.note"), Icon: "scan-eye"},
		{Title: ui.T(ctx, "orderportal.next.approve", "name", name), Note: ui.T(ctx, "orderportal.next.approve.note"), Icon: "user-round-check"},
		{Title: ui.T(ctx, "orderportal.next.made"), Icon: "printer"},
	}
	if !many && !kind.Activation {
		out[2].Note = ui.T(ctx, "orderportal.next.made.valid")
		return out
	}
	return append(out, ui.Stage{Title: ui.T(ctx, "orderportal.next.activate", "name", name), Note: ui.T(ctx, "orderportal.next.activate.note"), Icon: "power"})
}

// troubleAttrs make the list of what is missing the first thing after a try to send.
func troubleAttrs(failed bool) templ.Attributes {
	if !failed {
		return templ.Attributes{"aria-labelledby": "missing", "role": "group"}
	}
	return templ.Attributes{"role": "alert", "tabindex": "-1", "aria-labelledby": "missing", "data-kv-focus": true}
}

func altNow(ctx context.Context, given string) string { return altOf(ui.Texts(ctx), given) }

// firstKind gives the weight of the first choice or of another.
func firstKind(is bool) ui.BtnKind {
	if is {
		return ui.Primary
	}
	return ui.Quiet
}

func noteHint(ctx context.Context, a card.Action) string {
	if a == card.ActionUnblock {
		return ""
	}
	return ui.T(ctx, "orderportal.note.hint")
}
