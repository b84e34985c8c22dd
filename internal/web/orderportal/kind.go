package orderportal

import (
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"

	"github.com/a-h/templ"
)

type kindView struct {
	frame
	Types    []ui.Option
	Until    string
	Rule     string // how long at most, and why
	Fee      string
	Replaces string
}

func (d Deps) kindView(v *web.Visit, f draft, form ui.Form) kindView {
	p := kindView{frame: d.frame(v, f, pageCard, form), Until: f.line.ValidUntil.String(), Replaces: f.line.Replaces, Fee: feeText(v.T, d.Cards.Fee(today(v)))}
	for _, t := range cardtype.All() {
		o := ui.Option{Value: t.Code, Label: t.NameIn(v.Lang), Checked: t.Code == f.line.CardType, Picture: smallCard()}
		if key := "orderportal.card.about." + t.Code; v.T.Has(key) {
			o.Hint = v.T.T(key)
		}
		p.Types = append(p.Types, o)
	}
	_, why := order.LongestValidity(f.line.CardType, today(v))
	p.Rule = why.Text(v.T)
	return p
}

// feeText says what a card costs under the schedule in force, and from when.
func feeText(t *i18n.Texts, f card.FeeSchedule) string {
	if f.PerYearOre == 0 {
		return ""
	}
	key := "orderportal.fee.active"
	if f.Bills(card.Produced) {
		key = "orderportal.fee.made"
	}
	return t.T(key, "fee", t.Money(f.PerYearOre))
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
