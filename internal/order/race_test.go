package order_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
)

// Two orders for the same person sent at the same moment: one wins.
func TestDuplicateOrdersRace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		w := ordertest.Who("Jonas", "Petraitis", k.Number())
		a, b := k.Filled(t, k.Orderer, w), k.Filled(t, k.Orderer, w)
		errs := race(
			func() error { _, err := k.Orders.Submit(t.Context(), k.Orderer, a.ID, a.Revision); return err },
			func() error { _, err := k.Orders.Submit(t.Context(), k.Orderer, b.ID, b.Revision); return err },
		)
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one of the two is sent: %v", errs)
		}
		wantCode(t, errors.Join(errs...), "order.duplicate_line")
	})
}

// The line becomes a card while a second order for the same person is looked at: it is the one or the other all the
// time, never neither. SQLite has one writer, so only PostgreSQL can show it.
func TestLineBecomesCardWhileASecondIsSent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		if !k.DB.Postgres() {
			return
		}
		ctx := t.Context()
		w := ordertest.Who("Jonas", "Petraitis", k.Number())
		first, o := k.Ordered(t, w), k.Filled(t, k.Orderer, w)
		k.Cards.Answered = func() {
			err := db.Do(ctx, k.DB, func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec("UPDATE order_line SET state = 'produced' WHERE id = $1", first.ID)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			k.Cards.Give(k.Company.ID, first.Claimed.NumberHash, "standard", "BB-1234-567897")
		}
		if _, err := k.Orders.Submit(ctx, k.Orderer, o.ID, o.Revision); !fault.Has(err, "order.duplicate_line") && !fault.Has(err, "order.duplicate_card") {
			t.Errorf("a second card was ordered: %v", err)
		}
	})
}

// Two tabs on one draft: what both do is kept, and on one and the same line the last save wins.
func TestTwoTabsOnOneDraft(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		o := k.Filled(t, k.Orderer, ordertest.Who("Jonas", "Petraitis", k.Number()))
		add := func() error { return second(k.Orders.AddLine(ctx, k.Orderer, o.ID)) }
		w := ordertest.Who("Nadja", "Berg", k.Number())
		save := func() error { return second(k.Orders.SetPerson(ctx, k.Orderer, o.Lines[0].ID, w)) }
		if err := errors.Join(race(add, add, add, add, save, save, save, save)...); err != nil {
			t.Error(err)
		}
		now := must[order.Order](t)(k.Orders.Draft(ctx, k.Orderer, o.ID))
		seen := map[int]bool{}
		for _, l := range now.Lines {
			seen[l.Position] = true
		}
		if len(now.Lines) != 5 || len(seen) != 5 || now.Lines[0].Claimed.GivenName != "Nadja" {
			t.Errorf("%d lines at %v, %s", len(now.Lines), seen, now.Lines[0].Claimed.GivenName)
		}
	})
}

// A node that was thought dead comes back while another does its periodic work: everybody is reminded once.
func TestTwoNodesRemindOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		advance(t, k, 73*time.Hour)
		due := func() error { return k.Orders.Due(t.Context()) }
		if err := errors.Join(race(due, due, due, due)...); err != nil {
			t.Error(err)
		}
		n, err := db.Read(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) (int64, error) {
			return db.Value[int64](tx, "SELECT count(*) FROM mail WHERE line_id = $1 AND template = $2", l.ID, string(notify.OrderReminder))
		})
		if err != nil || n != 1 {
			t.Errorf("%d reminders, %v", n, err)
		}
	})
}

func race(fns ...func() error) []error {
	errs := make([]error, len(fns))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, fn := range fns {
		wg.Go(func() { <-start; errs[i] = fn() })
	}
	close(start)
	wg.Wait()
	return errs
}

// What is written beside a line's moves (the proof, a reminder) isn't overwritten by a move that read the line before.
func TestMoveDoesntUndoWhatWasWrittenMeanwhile(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(t *testing.T, k *ordertest.Kit, h ordertest.Holder, l order.Line) error{
		"proof": func(t *testing.T, k *ordertest.Kit, h ordertest.Holder, _ order.Line) error {
			return second(k.Orders.ForPerson(t.Context(), h.Actor))
		},
		"reminder": func(t *testing.T, k *ordertest.Kit, _ ordertest.Holder, l order.Line) error {
			advance(t, k, 2*time.Hour)
			return k.Orders.Remind(t.Context(), k.Orderer, l.ID)
		},
		"due": func(t *testing.T, k *ordertest.Kit, _ ordertest.Holder, _ order.Line) error {
			advance(t, k, 73*time.Hour)
			return k.Orders.Due(t.Context())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, k *ordertest.Kit) {
				h := k.Holder(t, "Jonas", "Petraitis")
				read := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", h.Number))
				read = k.Line(t, read.ID)
				if err := write(t, k, h, read); err != nil {
					t.Fatal(err)
				}
				err := db.Do(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) error { return second(order.SaveTx(tx, read, read)) })
				wantCode(t, err, "order.changed")
				now := k.Line(t, read.ID)
				err = db.Do(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) error { return second(order.SaveTx(tx, now, now)) })
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}
