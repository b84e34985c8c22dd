package order

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
)

// Delivery is where the cards of an order go and what stands on the invoice.
type Delivery struct {
	Address    uuid.UUID        // one of the company's; Nil with New
	New        *company.Address // another one
	Keep       bool             // keep the new one among the company's
	Reference  string
	CostCentre string
}

const maxReference = 60

// SetDelivery saves delivery and references. Errors: order.address_unknown (field address), those of
// company.Address.Clean, order.reference_missing, order.reference_long (fields reference, cost_centre). What is right is saved.
func (s *Service) SetDelivery(ctx context.Context, by actor.Actor, order ID, d Delivery) (Order, error) {
	var errs fault.Errors
	o, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Order, error) {
		o, err := ownOrderTx(tx, by, order)
		if err != nil {
			return Order{}, err
		}
		if err := touchTx(tx, o.ID); err != nil {
			return Order{}, err
		}
		c, err := company.ByIDTx(ctx, tx, o.Company)
		if err != nil {
			return Order{}, err
		}
		address, err := s.addressTx(ctx, tx, by, o, d)
		if errs = fault.All(err); err != nil && len(errs) == 0 {
			return Order{}, err
		}
		if err != nil {
			address = o.Delivery
		}
		o.Reference, o.CostCentre = cut(d.Reference), cut(d.CostCentre)
		errs = append(errs, checkReference(c, d)...)
		_, err = tx.Exec(`UPDATE card_order SET reference = $2, cost_centre = $3, address = $4, address_name = $5, line1 = $6, care_of = $7,
			postcode = $8, city = $9, country = $10 WHERE id = $1 AND submitted_at IS NULL`, o.ID, o.Reference, o.CostCentre,
			address.ID, address.Name, address.Line1, address.CareOf, address.Postcode, address.City, address.Country)
		if err != nil {
			return Order{}, err
		}
		return s.draftTx(tx, by, o.ID)
	})
	if err != nil {
		return Order{}, err
	}
	return o, errs.OrNil()
}

// cut makes a reference one line of what fits: it stands in lists.
func cut(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	return string(r[:min(len(r), maxReference)])
}

func checkReference(c company.Company, d Delivery) fault.Errors {
	var errs fault.Errors
	for _, f := range []struct{ name, value string }{{"reference", d.Reference}, {"cost_centre", d.CostCentre}} {
		if len([]rune(strings.TrimSpace(f.value))) > maxReference {
			errs = append(errs, fault.New(fault.Invalid, "order.reference_long", "max", "60").On(f.name))
		}
	}
	if c.ReferenceRequired && strings.TrimSpace(d.Reference) == "" {
		errs = append(errs, errReference.With("company", c.Name))
	}
	return errs
}

var errReference = fault.New(fault.Invalid, "order.reference_missing").On("reference")

// addressTx is the address that was chosen or typed. No choice leaves the order's own.
func (s *Service) addressTx(ctx context.Context, tx *db.Tx, by actor.Actor, o Order, d Delivery) (company.Address, error) {
	if d.New != nil {
		a, err := d.New.Clean()
		if err != nil || !d.Keep {
			a.ID = uuid.Nil
			return a, err
		}
		return s.Companies.AddAddressTx(ctx, tx, by, o.Company, a, false)
	}
	if d.Address == uuid.Nil {
		return o.Delivery, nil
	}
	a, err := company.AddressTx(ctx, tx, o.Company, d.Address)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return company.Address{}, fault.New(fault.Invalid, "order.address_unknown").On("address")
	}
	return a, err
}
