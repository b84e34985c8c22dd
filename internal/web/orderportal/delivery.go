package orderportal

import (
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

const newAddress = "new"

type deliveryView struct {
	frame
	Addresses []ui.Option
	Countries []ui.Option
	New       company.Address // one that isn't among the company's
	Reference string
	Cost      string
	Required  string // the company that asks for a reference, "" when it doesn't
}

func (d Deps) deliveryView(v *web.Visit, f draft, form ui.Form) (deliveryView, error) {
	list, err := d.Companies.Addresses(v.R.Context(), v.Company.ID)
	if err != nil {
		return deliveryView{}, err
	}
	now := f.order.Delivery
	p := deliveryView{frame: d.frame(v, f, pageDelivery, form), Reference: f.order.Reference, Cost: f.order.CostCentre, New: company.Address{Country: "SE"}}
	known := false
	for _, a := range list {
		chosen := a.ID == now.ID && now.ID != uuid.Nil
		known = known || chosen
		hint := company.Address{CareOf: a.CareOf, Line1: a.Line1, Postcode: a.Postcode, City: a.City}
		p.Addresses = append(p.Addresses, ui.Option{Value: a.ID.String(), Label: a.Name, Hint: addressLine(hint), Checked: chosen})
	}
	own := !known && now.Line1 != ""
	if own {
		p.New = now
	}
	p.Addresses = append(p.Addresses, ui.Option{Value: newAddress, Label: v.T.T("orderportal.delivery.new"), Checked: own || len(list) == 0})
	for _, c := range country.All(v.Lang) {
		p.Countries = append(p.Countries, ui.Option{Value: c.Code, Label: c.Name})
	}
	if v.Company.ReferenceRequired {
		p.Required = v.Company.Name
	}
	return p, nil
}

func (d Deps) delivery(v *web.Visit, f draft) error {
	p, err := d.deliveryView(v, f, ui.Form{})
	if err != nil {
		return err
	}
	return v.Render(deliveryPage(p))
}

func (d Deps) saveDelivery(v *web.Visit, f draft) error {
	choice := order.Delivery{Reference: v.Text("reference"), CostCentre: v.Text("cost_centre"), Keep: v.Bool("keep")}
	if v.Text("address") == newAddress {
		choice.New = &company.Address{
			Name: v.Text("name"), CareOf: v.Text("care_of"), Line1: v.Text("line1"),
			Postcode: v.Text("postcode"), City: v.Text("city"), Country: orElse(v.Text("country"), "SE"),
		}
	} else if typed := v.Text("address"); typed != "" {
		id, err := uuid.Parse(typed)
		if err != nil {
			id = uuid.Max // no address has it: the same answer as for one that is gone
		}
		choice.Address = id
	}
	_, err := d.Orders.SetDelivery(v.R.Context(), v.Actor, f.order.ID, choice)
	form, wrong := v.Form().With(err)
	if err != nil && !wrong {
		return err
	}
	if wrong && v.Text("action") != "close" {
		p, err := d.deliveryView(v, f, form)
		if err != nil {
			return err
		}
		return v.Invalid(deliveryPage(p))
	}
	return onward(v, f, pageDelivery)
}
