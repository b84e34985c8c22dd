package orderportal

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

type kindView struct {
	frame
	Types    []ui.Option
	Until    string
	Rule     string // how long at most, and why
	Replaces string
}

func (d Deps) kindView(v *web.Visit, f draft, form ui.Form) kindView {
	p := kindView{frame: d.frame(v, f, pageCard, form), Until: f.line.ValidUntil.String(), Replaces: f.line.Replaces}
	for _, t := range cardtype.All() {
		_, why := order.LongestValidity(t.Code, today(v))
		p.Types = append(p.Types, ui.Option{
			Value: t.Code, Label: t.NameIn(v.Lang), Checked: t.Code == f.line.CardType, Picture: smallCard(t),
			Hint: strings.Join([]string{t.AboutIn(v.Lang), feeText(v.T, d.Cards.Fee(today(v)), t), why.Text(v.T)}, " "),
		})
	}
	_, why := order.LongestValidity(f.line.CardType, today(v))
	p.Rule = why.Text(v.T)
	return p
}

// feeText says what a card costs under the schedule in force, and from when.
func feeText(t *i18n.Texts, f card.FeeSchedule, kind cardtype.Type) string {
	switch {
	case f.PerYearOre == 0 || !f.Bills(kind, card.Active):
		return t.T("orderportal.fee.none")
	case f.Bills(kind, card.Produced):
		return t.T("orderportal.fee.made", "fee", t.Money(f.PerYearOre))
	}
	return t.T("orderportal.fee.active", "fee", t.Money(f.PerYearOre))
}

func (d Deps) kind(v *web.Visit, f draft) error {
	return v.Render(kindPage(d.kindView(v, f, ui.Form{})))
}

func (d Deps) saveKind(v *web.Visit, f draft) error {
	_, err := d.Orders.SetCard(v.R.Context(), v.Actor, f.line.ID, order.CardChoice{
		Type: v.Text("card_type"), ValidUntil: v.Text("valid_until"), Replaces: f.line.Replaces,
	})
	if form, ok := v.Form().With(err); ok {
		p := d.kindView(v, f, form)
		typedOnto(v, &p.Picture)
		return v.Invalid(kindPage(p))
	}
	if err != nil {
		return err
	}
	return onward(v, f, pageCard)
}

// nowAttr marks where one is.
func nowAttr(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

func langOptions(chosen string) []ui.Option {
	var out []ui.Option
	for _, l := range i18n.Languages() {
		out = append(out, ui.Option{Value: string(l.Lang), Label: l.Name, Checked: string(l.Lang) == orElse(chosen, string(i18n.Swedish))})
	}
	return out
}
