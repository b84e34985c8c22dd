package card_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
)

// Rows: R21
func TestReplayAndDoubt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		active, _ := k.Active(t, k.Holder(t, "Vera", "Berg"))
		expired, _ := k.Active(t, k.Holder(t, "Olle", "Strand"))
		k.Expire(t, expired)
		blocked := k.Blocked(t, k.Holder(t, "Tyra", "Ek"))
		produced := k.Produced(t, k.Holder(t, "Disa", "Lund"))
		by := actor.System("restore")
		replay := func(c card.Card, to card.State, revision int64) bool {
			t.Helper()
			did, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (bool, error) {
				return card.ReplayTx(ctx, tx, by, card.Later{Number: c.Number, State: to, Revision: revision})
			})
			if err != nil {
				t.Fatal(err)
			}
			return did
		}
		for _, c := range []struct {
			name     string
			card     card.Card
			to       card.State
			revision int64
			did      bool
			then     card.State
		}{
			{"what the backup knows", active, card.Blocked, active.Revision, false, card.Active},
			{"a later block", active, card.Blocked, active.Revision + 2, true, card.Blocked},
			{"the same again", active, card.Blocked, active.Revision + 2, false, card.Blocked},
			{"another count", active, card.Active, 0, true, card.Active},
			{"an end after the last day", expired, card.Terminated, 9, true, card.Terminated},
			{"nothing comes back from its end", expired, card.Active, 0, false, card.Terminated},
			{"an unblocking", blocked, card.Active, 9, true, card.Active},
			{"an activation, whose PIN is lost", produced, card.Active, 9, false, card.Produced},
			{"a state of a later version", active, "melted", 99, false, card.Active},
			{"a card after the backup", card.Card{Number: "BB-1234-567897"}, card.Blocked, 9, false, ""},
		} {
			if did := replay(c.card, c.to, c.revision); did != c.did {
				t.Errorf("%s: %v", c.name, did)
			}
			if c.then == "" {
				continue
			}
			now, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (card.Card, error) { return card.ByIDTx(ctx, tx, c.card.ID) })
			if err != nil || now.State != c.then {
				t.Errorf("%s: %s, %v", c.name, now.State, err)
			}
		}
		if !replay(produced, card.Blocked, 10) {
			t.Error("a card that was activated and blocked is not in doubt")
		}
		doubts(t, d, by, active.Number)
	})
}

// doubts: produced is in doubt already, and two cards are active.
func doubts(t *testing.T, d *db.DB, by actor.Actor, active card.Number) {
	t.Helper()
	n, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (int64, error) { return card.DoubtTx(ctx, tx, by) })
	if err != nil || n != 3 {
		t.Errorf("%d in doubt, %v", n, err)
	}
	confirm := func(n card.Number) error {
		return db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return card.ConfirmTx(ctx, tx, by, n, "") })
	}
	if err := confirm(active); err != nil {
		t.Error(err)
	}
	if err := confirm(active); !fault.Has(err, "card.not_doubted") {
		t.Error(err)
	}
	if err := confirm("BB-1234-567897"); !fault.Has(err, "card.unknown") {
		t.Error(err)
	}
	n, err = db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (int64, error) {
		return card.ConfirmAllTx(ctx, tx, by, uuid.Nil, "")
	})
	if err != nil || n != 2 {
		t.Errorf("%d confirmed, %v", n, err)
	}
}
