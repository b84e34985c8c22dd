package order_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/person"
)

// addressed lists to whom the mails of a template went.
func addressed(t *testing.T, k *ordertest.Kit, line order.ID, template notify.Template) []string {
	t.Helper()
	all := must[[]notify.Delivery](t)(db.Read(t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) ([]notify.Delivery, error) {
		return notify.OfLine(ctx, tx, k.Keeper, line)
	}))
	var out []string
	for _, m := range all {
		if m.Template == template {
			out = append(out, m.To)
		}
	}
	slices.Sort(out)
	return out
}

// Mails of an order go to the address that its orderer was invited at, and to the company's other orderers when that
// person no longer is one.
func TestWhoGetsTheOrderersMails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		do := func(fn func(ctx context.Context, tx *db.Tx) error) {
			t.Helper()
			if err := db.Do(ctx, k.DB, fn); err != nil {
				t.Fatal(err)
			}
		}
		do(func(ctx context.Context, tx *db.Tx) error {
			return person.SetEmailTx(ctx, tx, k.Orderer.Person, "alva.privat@post.example")
		})
		reject := func(want ...string) {
			t.Helper()
			l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
			must[order.Line](t)(k.Orders.Reject(ctx, k.Reviewer, l.ID, l.Revision, []string{"photo_light"}, ""))
			if got := addressed(t, k, l.ID, notify.OrderRejectedByReviewer); !slices.Equal(got, want) {
				t.Errorf("mailed %v, want %v", got, want)
			}
			undone := must[order.Line](t)(k.Orders.Undo(ctx, k.Reviewer, l.ID))
			if undone.State != order.Ordered || len(want) > 0 && !slices.Contains(mails(t, k, l.ID), "~order_rejected_by_reviewer") {
				t.Errorf("undone: %s, %v", undone.State, mails(t, k, l.ID))
			}
		}
		reject("alva1@furuborg.example")
		bo, eva := k.Holder(t, "Bo", "Ek"), k.Holder(t, "Eva", "Ask")
		k.Enrol(t, k.Company, bo, "bo@furuborg.example")
		k.Enrol(t, k.Company, eva, "eva@furuborg.example")
		reject("alva1@furuborg.example")
		revoke := func(where string, args ...any) {
			do(func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec("UPDATE account_grant SET revoked_at = $1 WHERE "+where, append([]any{tx.Now}, args...)...)
				return err
			})
		}
		revoke("account_id = $2", k.Orderer.Account)
		reject("bo@furuborg.example", "eva@furuborg.example")
		revoke("company_id = $2 AND revoked_at IS NULL", k.Company.ID)
		reject()
	})
}

// However often an orderer corrects, the cardholder gets a mail in ten minutes, with everything that is new.
func TestManyCorrectionsAreFewMails(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		correct := func(change func(*order.Who)) {
			t.Helper()
			w := l.AsTyped()
			change(&w)
			l = must[order.Line](t)(k.Orders.Correct(t.Context(), k.Orderer, l.ID, l.Revision, w))
		}
		has := func(want ...string) {
			t.Helper()
			if got := mails(t, k, l.ID); !slices.Equal(got, append([]string{"order_awaiting_cardholder"}, want...)) {
				t.Errorf("mails: %v", got)
			}
		}
		correct(func(w *order.Who) { w.Phone = "070-174 06 06" })
		has("order_changed")
		advance(t, k, time.Minute)
		correct(func(w *order.Who) { w.Phone = "070-174 06 07" })
		advance(t, k, time.Minute)
		correct(func(w *order.Who) { w.GivenName = "Joonas" })
		has("order_changed", "~order_changed", "order_changed")
		if got := order.Untold(k.Line(t, l.ID)); !slices.Equal(got, []string{"phone", "given_name"}) {
			t.Errorf("the mail names %v", got)
		}
		times := must[[]time.Time](t)(db.Read(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) ([]time.Time, error) {
			return db.Rows(tx, db.Column[time.Time], "SELECT not_before FROM mail WHERE line_id = $1 AND template = 'order_changed' AND state = 'waiting' ORDER BY id", l.ID)
		}))
		if len(times) != 2 || times[1].Sub(times[0]) != order.ChangePause {
			t.Errorf("sent at %v", times)
		}
		advance(t, k, 20*time.Minute)
		correct(func(w *order.Who) { w.Surname = "Petraites" })
		has("order_changed", "~order_changed", "order_changed", "order_changed")
		if got := order.Untold(k.Line(t, l.ID)); !slices.Equal(got, []string{"surname"}) {
			t.Errorf("the mail names %v", got)
		}
		correct(func(w *order.Who) { w.Phone = "" })
		must[order.Line](t)(k.Orders.Cancel(t.Context(), k.Orderer, l.ID, l.Revision))
		has("~order_changed", "~order_changed", "~order_changed", "~order_changed", "~order_changed") // none has been sent yet
	})
}
