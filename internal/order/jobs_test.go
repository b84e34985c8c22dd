package order_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/photo"
)

const day = 24 * time.Hour

func due(t *testing.T, k *ordertest.Kit) {
	t.Helper()
	if err := k.Orders.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRemindersNoticeAndLapse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		at := time.Duration(0)
		to := func(d time.Duration) { advance(t, k, d-at); at = d; due(t, k); due(t, k) }
		for _, c := range []struct {
			day  time.Duration
			want []string
		}{
			{2 * day, nil},
			{3*day + time.Hour, []string{"order_reminder"}},
			{7*day + time.Hour, []string{"order_reminder"}},
			{14*day + time.Hour, []string{"order_reminder"}},
			{82 * day, nil},
			{83*day + time.Hour, []string{"order_lapsing", "order_lapsing"}},
			{89 * day, nil},
			{90*day + 2*time.Hour, []string{"order_lapsed", "order_lapsed"}},
			{200 * day, nil},
		} {
			before := len(mails(t, k, l.ID))
			to(c.day)
			if got := mails(t, k, l.ID)[before:]; !slices.Equal(got, c.want) && len(got)+len(c.want) > 0 {
				t.Errorf("day %v: %v, want %v", c.day/day, got, c.want)
			}
		}
		l = k.Line(t, l.ID)
		if l.State != order.Cancelled || l.CancelReason != order.CancelledByLapse || order.Shown(l).Code != "lapsed" {
			t.Errorf("lapsed: %+v", l)
		}
	})
}

// After a long stop nobody gets three reminders at once, and nothing lapses without its notice.
func TestAfterALongStop(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		advance(t, k, 20*day)
		due(t, k)
		due(t, k)
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_awaiting_cardholder", "order_reminder"}) {
			t.Errorf("mails: %v", got)
		}
		advance(t, k, 100*day)
		due(t, k)
		if now := k.Line(t, l.ID); now.State != order.AwaitingCardholder {
			t.Errorf("lapsed without notice: %s", now.State)
		}
		advance(t, k, 7*day+time.Minute)
		due(t, k)
		if now := k.Line(t, l.ID); now.State != order.Cancelled {
			t.Errorf("%s, want cancelled", now.State)
		}
	})
}

// A line that waits for the orderer lapses as well; an approved one never does.
func TestWhoLapses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		rejected := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		must[order.Line](t)(k.Orders.Reject(ctx, k.Reviewer, rejected.ID, rejected.Revision, []string{"photo_light"}, ""))
		approved := k.Approved(t, k.Holder(t, "Nadja", "Berg"))
		advance(t, k, 84*day)
		due(t, k)
		advance(t, k, 8*day)
		due(t, k)
		if now := k.Line(t, rejected.ID); now.State != order.Cancelled {
			t.Errorf("rejected: %s", now.State)
		}
		if now := k.Line(t, approved.ID); now.State != order.Approved {
			t.Errorf("approved: %s", now.State)
		}
		if got := mails(t, k, rejected.ID); !slices.Equal(got, []string{"order_rejected_by_reviewer", "order_lapsing", "order_lapsed"}) {
			t.Errorf("a cardholder who was never asked isn't told: %v", got)
		}
	})
}

func TestOrdererReminds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		wantCode(t, k.Orders.Remind(ctx, k.Orderer, l.ID), "order.reminded_recently")
		advance(t, k, order.RemindPause+time.Minute)
		if err := k.Orders.Remind(ctx, k.Orderer, l.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, k.Orders.Remind(ctx, k.Orderer, l.ID), "order.reminded_recently")
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_awaiting_cardholder", "order_reminder"}) {
			t.Errorf("mails: %v", got)
		}
		ordered := k.Ordered(t, ordertest.Who("Nadja", "Berg", k.Number()))
		wantCode(t, k.Orders.Remind(ctx, k.Orderer, ordered.ID), "order.not_awaiting_cardholder")
	})
}

// Rows: 38, 50
func TestProductionTakesOnlyApprovedLines(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		by := actor.System("production")
		step := func(fn func(ctx context.Context, tx *db.Tx) (order.Line, error)) (order.Line, error) {
			return db.Write(t.Context(), k.DB, fn)
		}
		start := func(id order.ID) (order.Line, error) {
			return step(func(ctx context.Context, tx *db.Tx) (order.Line, error) {
				return k.Orders.StartProductionTx(ctx, tx, by, id)
			})
		}
		for _, l := range []order.Line{k.Ordered(t, ordertest.Who("A", "Ek", k.Number())), k.Awaiting(t, ordertest.Who("B", "Ek", k.Number()))} {
			_, err := start(l.ID)
			wantCode(t, err, "order.not_possible")
		}
		h := k.Holder(t, "Nadja", "Berg")
		l := k.Approved(t, h)
		must[order.Line](t)(start(l.ID))
		_, err := start(l.ID)
		wantCode(t, err, "order.not_possible")
		l = must[order.Line](t)(step(func(ctx context.Context, tx *db.Tx) (order.Line, error) {
			return k.Orders.BackToOrdererTx(ctx, tx, by, l.ID, order.ReturnPhotoWrong, "Ansiktet är avskuret.")
		}))
		if l.State != order.RejectedByReviewer || l.Evidence != uuid.Nil || order.Shown(l).Code != "returned" {
			t.Errorf("back to the orderer: %+v", l)
		}
		l = must[order.Line](t)(k.Orders.ReplacePhoto(t.Context(), k.Orderer, l.ID, l.Revision, ordertest.Picture(1), photo.Crop{}))
		l = must[order.Line](t)(k.Orders.Pass(t.Context(), k.Reviewer, l.ID, l.Revision))
		l = must[order.Line](t)(k.Orders.Confirm(t.Context(), h.Actor, l.ID, l.Revision, k.Sign(t, h, l), ordertest.Browser))
		must[order.Line](t)(start(l.ID))
		l = must[order.Line](t)(step(func(ctx context.Context, tx *db.Tx) (order.Line, error) {
			return k.Orders.BackToOrdererTx(ctx, tx, by, l.ID, order.ReturnDataMismatch, "")
		}))
		if l.State != order.RejectedByCardholder || order.Shown(l).Code != "returned" {
			t.Errorf("data: %+v", l)
		}
		l = must[order.Line](t)(k.Orders.Correct(t.Context(), k.Orderer, l.ID, l.Revision, l.AsTyped()))
		if l.State != order.AwaitingCardholder || l.ReturnReason != "" {
			t.Errorf("asked again: %+v", l)
		}
		l = must[order.Line](t)(k.Orders.Confirm(t.Context(), h.Actor, l.ID, l.Revision, k.Sign(t, h, l), ordertest.Browser))
		must[order.Line](t)(start(l.ID))
		l = must[order.Line](t)(step(func(ctx context.Context, tx *db.Tx) (order.Line, error) {
			return k.Orders.ProducedTx(ctx, tx, by, l.ID)
		}))
		if l.State != order.Produced || order.Shown(l).WaitsFor != "" {
			t.Errorf("produced: %+v", l)
		}
		_, err = step(func(ctx context.Context, tx *db.Tx) (order.Line, error) {
			return k.Orders.BackToOrdererTx(ctx, tx, by, l.ID, "MOON", "")
		})
		wantCode(t, err, "order.return_reason_unknown")
	})
}

// Who takes over the name of a line that production gave back has dealt with that: a later no is the cardholder's own.
func TestDeclinedAfterAReturnIsDeclined(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.Awaiting(t, ordertest.Who("JONAS", "PETRAITIS", h.Number))
		l = must[order.Line](t)(k.Orders.Confirm(t.Context(), h.Actor, l.ID, l.Revision, k.Sign(t, h, l), ordertest.Browser))
		l = must[order.Line](t)(db.Write(t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) (order.Line, error) {
			return k.Orders.BackToOrdererTx(ctx, tx, actor.System("production"), l.ID, order.ReturnDataMismatch, "")
		}))
		l = must[order.Line](t)(k.Orders.TakeOverName(t.Context(), h.Actor, l.ID, l.Revision))
		l = must[order.Line](t)(k.Orders.RejectByCardholder(t.Context(), h.Actor, l.ID, l.Revision, "fel efternamn"))
		if got := order.Shown(l).Code; got != "rejected_by_cardholder" {
			t.Errorf("shown as %s", got)
		}
	})
}
