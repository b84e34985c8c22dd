package cardportal

import (
	"net/http"
	"slices"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// abouts are what people most often find wrong, so that nobody has to type on a
// phone: text "cardportal.reject." + about.
var abouts = []string{"name", "photo", "employer", "not_me", "other"}

func (d Deps) rejectForm(v *web.Visit) error {
	w, err := d.approval(v)
	if w == nil {
		return err
	}
	if w.Line.State != order.AwaitingCardholder {
		return v.Redirect(w.path())
	}
	about := v.Query("about")
	if !slices.Contains(abouts, about) {
		about = ""
	}
	return v.Render(rejectPage(*w, about))
}

func (d Deps) reject(v *web.Visit) error {
	w, err := d.approval(v)
	if w == nil {
		return err
	}
	_, err = d.Orders.RejectByCardholder(v.R.Context(), v.Actor, w.Line.ID, revision(v), w.reason(v.T, v.Text("about"), v.Text("reason")))
	if f, ok := v.Form().With(err); ok {
		w.Form = f
		return v.RenderStatus(http.StatusUnprocessableEntity, rejectPage(*w, ""))
	}
	if fault.KindOf(err) == fault.Conflict {
		return d.changed(v, err)
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "cardportal.rejected", "company", w.Company.Name)
	return v.Redirect(w.path())
}

// reason is what the employer reads: the choice in words, and what was typed.
func (w approveView) reason(t *i18n.Texts, about, typed string) string {
	if about == "other" || !slices.Contains(abouts, about) {
		return typed
	}
	said := t.T("cardportal.reject." + about)
	if about == "name" && w.Mismatch {
		said = t.T("cardportal.reject.name_differs", "proven", w.provenName())
	}
	if typed == "" {
		return said
	}
	return said + " " + typed
}

func (w approveView) abouts(t *i18n.Texts, chosen string) []ui.Option {
	var out []ui.Option
	for _, a := range abouts {
		out = append(out, ui.Option{Value: a, Label: t.T("cardportal.reject." + a), Checked: a == chosen})
	}
	return out
}
