package order_test

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
)

// What is typed is kept also when it is wrong, but nobody fills the database, or the list of drafts, with books.
func TestABookIsNotKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		o := must[order.Order](t)(k.Orders.NewDraft(t.Context(), k.Orderer))
		book := strings.Repeat("Ж", 50_000)
		o, err := k.Orders.SetPerson(t.Context(), k.Orderer, o.Lines[0].ID, order.Who{
			GivenName: book, Surname: book, ShortGiven: book, ShortSurname: book, BirthDate: book, Nationality: book,
			PersonalNumber: book, Email: book, Phone: book, Lang: book,
		})
		wantCode(t, err, "person.name_length")
		w := o.Lines[0].Typed
		for _, s := range []string{
			w.GivenName, w.Surname, w.ShortGiven, w.ShortSurname, w.BirthDate, w.Nationality, w.PersonalNumber, w.Email,
			w.Phone, w.Lang, o.Lines[0].ShortGiven, o.Lines[0].ShortSurname,
		} {
			if s == "" || len(s) > 1000 {
				t.Errorf("%d bytes are kept", len(s))
			}
		}
	})
}

func TestReferencesAreOneLine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		o := must[order.Order](t)(k.Orders.NewDraft(t.Context(), k.Orderer))
		o = must[order.Order](t)(k.Orders.SetDelivery(t.Context(), k.Orderer, o.ID, order.Delivery{
			Reference: " Kv.\r\nEken \t 7 ", CostCentre: "\n41\n00",
		}))
		if o.Reference != "Kv. Eken 7" || o.CostCentre != "41 00" {
			t.Errorf("%q, %q", o.Reference, o.CostCentre)
		}
	})
}
