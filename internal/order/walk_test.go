package order_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/photo"
)

// A line that everybody does everything to, at random: each step is one of the transitions or a refusal in words, the
// revision never goes back, and what is approved is signed and was passed.
func TestRandomWalk(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		for range 3 {
			walk(t, k, r)
		}
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
}

func walk(t *testing.T, k *ordertest.Kit, r *rand.Rand) {
	ctx, s, bureau := t.Context(), k.Orders, actor.System("production")
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", h.Number))
	step := func(fn func(ctx context.Context, tx *db.Tx) (order.Line, error)) error {
		return second(db.Write(ctx, k.DB, fn))
	}
	var trace []string
	for i := range 40 {
		stale := l.Revision
		if r.IntN(8) == 0 {
			stale--
		}
		what, err := "", error(nil)
		switch what = []string{"pass", "reject", "undo", "correct", "photo", "name", "cancel", "sign", "decline", "start", "produced", "back", "wait"}[r.IntN(13)]; what {
		case "pass":
			err = second(s.Pass(ctx, k.Reviewer, l.ID, stale))
		case "reject":
			err = second(s.Reject(ctx, k.Reviewer, l.ID, stale, []string{[]string{"photo_light", "data_name"}[r.IntN(2)]}, ""))
		case "undo":
			err = second(s.Undo(ctx, k.Reviewer, l.ID))
		case "correct":
			w := l.AsTyped()
			w.Surname, w.Email = []string{"Petraitis", "Petriatis"}[r.IntN(2)], fmt.Sprintf("jonas%d.%s@post.example", i, string(h.Number)[2:8])
			err = second(s.Correct(ctx, k.Orderer, l.ID, stale, w))
		case "photo":
			err = second(s.ReplacePhoto(ctx, k.Orderer, l.ID, stale, ordertest.Picture(i), photo.Crop{}))
		case "name":
			err = second(s.TakeOverName(ctx, h.Actor, l.ID, stale))
		case "cancel":
			if i > 30 {
				err = second(s.Cancel(ctx, k.Orderer, l.ID, stale))
			}
		case "sign":
			if a, e := s.Contact(ctx, h.Actor, l.ID, ordertest.Contact()); e == nil && a.CanSign {
				err = second(s.Confirm(ctx, h.Actor, l.ID, l.Revision, k.Sign(t, h, l), ordertest.Browser))
			}
		case "decline":
			err = second(s.RejectByCardholder(ctx, h.Actor, l.ID, stale, "fel"))
		case "start":
			err = step(func(ctx context.Context, tx *db.Tx) (order.Line, error) {
				return s.StartProductionTx(ctx, tx, bureau, l.ID)
			})
		case "produced":
			if i > 25 {
				err = step(func(ctx context.Context, tx *db.Tx) (order.Line, error) { return s.ProducedTx(ctx, tx, bureau, l.ID) })
			}
		case "back":
			code := order.ReturnReasons()[r.IntN(len(order.ReturnReasons()))]
			err = step(func(ctx context.Context, tx *db.Tx) (order.Line, error) {
				return s.BackToOrdererTx(ctx, tx, bureau, l.ID, code, "")
			})
		case "wait":
			advance(t, k, time.Duration(r.IntN(40))*time.Second)
		}
		now := k.Line(t, l.ID)
		trace = append(trace, fmt.Sprintf("%s: %s %d", what, now.State, now.Revision))
		if bad := broken(l, now, err); bad != "" {
			t.Fatalf("%s (%v)\n%s", bad, err, strings.Join(trace, "\n"))
		}
		l = now
	}
}

// broken says which promise a step broke.
func broken(before, now order.Line, err error) string {
	if err != nil && (fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Forbidden || now.Revision != before.Revision) {
		return "a refusal in words that changes nothing was expected"
	}
	if now.Revision < before.Revision || now.Revision > before.Revision+1 {
		return "the revision jumped"
	}
	if now.State != before.State {
		known := false
		for _, tr := range order.Transitions() {
			known = known || tr.From == before.State && tr.To == now.State
		}
		if !known || now.Revision == before.Revision {
			return "that step isn't a transition"
		}
	}
	signed := now.State == order.Approved || now.State == order.InProduction || now.State == order.Produced
	if signed != (now.Evidence != uuid.Nil) && now.State != order.Cancelled {
		return "signed and approved go together"
	}
	if signed && (now.Review == nil || now.Review.Outcome != order.Passed || now.Proven == nil || now.Match == "mismatch") {
		return "approved without review or proof"
	}
	return ""
}
