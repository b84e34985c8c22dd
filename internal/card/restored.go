package card

import (
	"context"
	"strconv"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
)

// Later is a state that a card came into after the backup that was restored.
type Later struct {
	Number   Number
	State    State
	Revision int64 // 0: of another count than the database's
	At       time.Time
	Reason   Reason
}

// ReplayTx brings a restored card to a later state, whatever its last day, with one journal entry; nobody is mailed a second
// time. A card that was activated after the backup isn't: its PIN is lost, so its cardholder activates it again; if it was
// blocked too, it is in doubt. False: there is nothing to do, or no such card in the backup.
func ReplayTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Later) (bool, error) {
	before, err := ByNumberTx(ctx, tx, l.Number)
	if fault.Has(err, "card.unknown") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if before.State == l.State || before.State == Terminated || (l.Revision != 0 && l.Revision <= before.Revision) {
		return false, nil
	}
	after := before
	after.State = l.State
	e := entry(by, "", after)
	switch l.State {
	case Terminated:
		e.Kind, after.TerminatedAt, after.EndReason = "card.terminated", tx.Now, or(l.Reason, ReasonOther)
		e.Reason = string(after.EndReason)
		if _, err := tx.Exec(`DELETE FROM card_pin WHERE card_id = $1`, before.ID); err != nil {
			return false, err
		}
	case Blocked:
		if before.State == Produced {
			return true, doubtTx(tx, `c.id = $2`, before.ID)
		}
		e.Kind, after.BlockedAt, after.BlockReason, after.BlockedBy = "card.blocked", tx.Now, or(l.Reason, ReasonOther), by.Role
		e.Reason = string(after.BlockReason)
	case Active:
		if before.State == Produced {
			return false, nil
		}
		e.Kind, after.BlockedAt, after.BlockReason, after.BlockedBy = "card.unblocked", time.Time{}, "", ""
	default:
		return false, nil
	}
	if err := save(tx, before, after); err != nil {
		return false, err
	}
	e.Data = map[string]string{"restored_from": l.At.UTC().Format(time.RFC3339)}
	return true, journal.AppendTx(ctx, tx, e)
}

func or(r, other Reason) Reason {
	if r == "" {
		return other
	}
	return r
}

func doubtTx(tx *db.Tx, where string, args ...any) error {
	_, err := tx.Exec(`INSERT INTO restored_card (card_id, restored_at) SELECT c.id, CAST($1 AS bigint) FROM card c WHERE `+where+` ON CONFLICT DO NOTHING`,
		append([]any{tx.Now}, args...)...)
	return err
}

// DoubtTx has every card that could have been blocked or ended after the backup answer unknown, and says how many.
func DoubtTx(ctx context.Context, tx *db.Tx, by actor.Actor) (int64, error) {
	if err := doubtTx(tx, `c.state IN ('produced', 'active')`); err != nil {
		return 0, err
	}
	n, err := DoubtedTx(tx)
	if err != nil {
		return 0, err
	}
	return n, journal.AppendTx(ctx, tx, journal.Entry{Kind: "card.doubted", By: by, Data: map[string]string{"cards": strconv.FormatInt(n, 10)}})
}

// DoubtedTx is how many cards wait to be confirmed.
func DoubtedTx(tx *db.Tx) (int64, error) {
	return db.Value[int64](tx, `SELECT count(*) FROM restored_card`)
}

// ConfirmTx ends the doubt about one card. Errors: card.unknown, card.not_doubted.
func ConfirmTx(ctx context.Context, tx *db.Tx, by actor.Actor, n Number) error {
	c, err := ByNumberTx(ctx, tx, n)
	if err != nil {
		return err
	}
	if err := tx.Must1(fault.New(fault.Conflict, "card.not_doubted"), `DELETE FROM restored_card WHERE card_id = $1`, c.ID); err != nil {
		return err
	}
	return journal.AppendTx(ctx, tx, entry(by, "card.confirmed", c))
}

// ConfirmAllTx ends the doubt about all cards, and says how many they were.
func ConfirmAllTx(ctx context.Context, tx *db.Tx, by actor.Actor) (int64, error) {
	n, err := tx.Exec(`DELETE FROM restored_card`)
	if err != nil || n == 0 {
		return n, err
	}
	return n, journal.AppendTx(ctx, tx, journal.Entry{Kind: "card.all_confirmed", By: by, Data: map[string]string{"cards": strconv.FormatInt(n, 10)}})
}
