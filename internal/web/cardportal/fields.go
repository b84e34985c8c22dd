package cardportal

import (
	"strings"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/web/ui"
)

func (w approveView) field(name string) order.Field {
	for _, f := range w.Fields {
		if f.Name == name {
			return f
		}
	}
	return order.Field{Name: name}
}

func (w approveView) proven(name string) string { return w.field(name).Proven }

// provenName is the name as the eID has it, cased as on the card.
func (w approveView) provenName() string {
	return person.Name{Given: w.proven("given_name"), Surname: w.proven("surname")}.String()
}

// facts are every field of the card and of the order.
func (w approveView) facts(t *i18n.Texts) []ui.Fact {
	l, c := w.Line, w.Line.Claimed
	out := []ui.Fact{{Label: t.T("cardportal.fact.name"), Value: l.Name()}}
	if printed := w.printedName(); printed != l.Name() {
		out = append(out, ui.Fact{Label: t.T("cardportal.fact.printed"), Value: printed})
	}
	nationality := country.Name(t.Lang, string(c.Nationality))
	if note := w.field("nationality").Note; note != "" {
		nationality += ". " + t.T("order.note."+note)
	}
	out = append(out,
		ui.Fact{Label: t.T("cardportal.fact.personal_number"), Value: c.Masked, Mono: true},
	)
	if !strings.HasPrefix(c.Masked, strings.ReplaceAll(c.BirthDate.String(), "-", "")) { // else the number says it
		out = append(out, ui.Fact{Label: t.T("cardportal.fact.birth_date"), Value: c.BirthDate.String(), Mono: true})
	}
	out = append(out,
		ui.Fact{Label: t.T("cardportal.fact.nationality"), Value: nationality},
		ui.Fact{Label: t.T("cardportal.fact.employer"), Value: w.employer()},
		ui.Fact{Label: t.T("cardportal.fact.card"), Value: typeName(t, l.CardType)},
		ui.Fact{Label: t.T("cardportal.fact.valid_until"), Value: l.ValidUntil.String(), Mono: true},
		ui.Fact{Label: t.T("cardportal.fact.delivery"), Value: order.AddressLine(w.Order.Delivery)},
		ui.Fact{Label: t.T("cardportal.fact.ordered_by"), Value: l.OrderedByName + ", " + l.OrderNumber},
		ui.Fact{Label: t.T("cardportal.fact.email"), Value: c.Email},
	)
	if w.Ask {
		return out
	}
	change := &ui.Link{Label: t.T("cardportal.approve.change"), Href: w.path() + "?contact=1#contact"}
	return append(out,
		ui.Fact{Label: t.T("cardportal.fact.phone"), Value: w.Contact.Phone, Mono: true, Action: change},
		ui.Fact{Label: t.T("cardportal.fact.address"), Value: w.address(t), Action: change},
	)
}

func (w approveView) employer() string {
	if n := w.Company.PrintedNumber(); n != "" {
		return w.Company.Name + ", " + n
	}
	return w.Company.Name
}

func (w approveView) address(t *i18n.Texts) string {
	c := w.Contact
	return strings.Join([]string{c.Street, c.Postcode + " " + c.City, country.Name(t.Lang, c.Country)}, ", ")
}

func typeName(t *i18n.Texts, code string) string {
	if ct, ok := cardtype.ByCode(code); ok {
		return ct.NameIn(t.Lang)
	}
	return code
}

func (w approveView) countries() []ui.Option {
	var out []ui.Option
	for _, c := range country.All(w.Lang) {
		out = append(out, ui.Option{Value: c.Code, Label: c.Name})
	}
	return out
}

func (w approveView) printedName() string {
	return person.Name{Given: w.Line.PrintedGiven(), Surname: w.Line.PrintedSurname()}.String()
}

// spelledOtherwise reports that the eID spells the name in another way that is
// accepted.
func (w approveView) spelledOtherwise() bool {
	return w.MayTakeOver && (w.field("surname").Note != "" || w.field("given_name").Note != "")
}

// diff are the two spellings, field by field.
func (w approveView) diff(t *i18n.Texts) []ui.DiffRow {
	var out []ui.DiffRow
	for _, name := range []string{"given_name", "surname"} {
		f := w.field(name)
		row := ui.DiffRow{Label: t.T("order.field." + name), Before: segments(f.ClaimedParts), After: segments(f.ProvenParts), Same: f.Claimed == f.Proven}
		out = append(out, row)
	}
	return out
}

func segments(parts []person.Segment) []ui.Segment {
	out := make([]ui.Segment, 0, len(parts))
	for _, p := range parts {
		out = append(out, ui.Segment{Text: p.Text, Differs: p.Differs})
	}
	return out
}

// changes names what the employer changed after the last decision. A name that
// is as the eID has it needs no second look, and the person may have taken it
// over just now.
func (w approveView) changes(t *i18n.Texts) string {
	var names []string
	for _, code := range w.Line.Changed {
		if f := w.field(code); (code == "given_name" || code == "surname") && f.Claimed == f.Proven {
			continue
		}
		names = append(names, strings.ToLower(t.T("order.field."+code)))
	}
	return t.List(names...)
}
