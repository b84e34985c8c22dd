package cardportal

import (
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

func (d Deps) blockForm(v *web.Visit) error {
	c, err := d.view(v)
	if err != nil {
		return err
	}
	if !c.may(card.ActionBlock) {
		return v.Redirect(cardPath(c.Card))
	}
	return v.Render(blockPage(c, ui.Form{}))
}

func (d Deps) block(v *web.Visit) error {
	c, err := d.view(v)
	if err != nil {
		return err
	}
	if c.Status == card.StatusBlocked { // pressed twice: it is as it should be
		return v.Redirect(cardPath(c.Card))
	}
	form := v.Form()
	_, err = d.Cards.Block(v.R.Context(), v.Actor, c.Card.ID, revision(v), card.Reason(v.Text("reason")), v.Text("note"))
	if f, ok := form.With(err); ok {
		return v.Invalid(blockPage(c, f))
	}
	if err != nil {
		return err
	}
	v.Flash(ui.OK, "cardportal.blocked")
	return v.Redirect(cardPath(c.Card))
}

func blockReasons(t *i18n.Texts) []ui.Option {
	var out []ui.Option
	for _, r := range card.BlockReasons() {
		out = append(out, ui.Option{Value: string(r), Label: t.T("card.reason." + string(r))})
	}
	return out
}
