package check

import (
	"context"
	"errors"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/db"
)

// Service reads facts and decides.
type Service struct{ db *db.DB }

// New makes the service.
func New(d *db.DB) *Service { return &Service{db: d} }

// Check answers for a number at this instant.
func (s *Service) Check(ctx context.Context, n card.Number) (Decision, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Decision, error) {
		f, err := facts(tx, n)
		return Decide(f, tx.Now), err
	})
}

// CheckFor answers a reader: whose key it is and what is so of a number, both of one instant and one transaction. Errors:
// check.key_wrong.
func (s *Service) CheckFor(ctx context.Context, key string, n card.Number) (r Reader, d Decision, err error) {
	if !isKey(key) {
		return Reader{}, Decision{}, wrongKey()
	}
	d, err = db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Decision, error) {
		if r, err = authenticate(tx, key); err != nil {
			return Decision{}, err
		}
		f, err := facts(tx, n)
		return Decide(f, tx.Now), err
	})
	return r, d, err
}

// Public answers what anybody may know: whether a card is active. A card that
// may not register attendance by its type can be active all the same.
func (s *Service) Public(ctx context.Context, n card.Number) (bool, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (bool, error) {
		f, err := facts(tx, n)
		f.TypeAllowed = true
		return Decide(f, tx.Now).Valid, err
	})
}

func facts(tx *db.Tx, n card.Number) (Facts, error) {
	f, err := db.One(tx, func(r db.Row) (Facts, error) {
		f := Facts{Known: true, Number: n}
		var state string
		var hold, closed, doubted int64
		err := r.Scan(&f.CardType, &state, &f.ValidUntil, &hold, &closed, &doubted)
		f.State, f.Hold, f.Closed = card.State(state), hold != 0, closed != 0
		f.Known = doubted == 0 // came with a backup, and may have been blocked since
		return f, err
	}, `SELECT c.type, c.state, c.valid_until, CASE WHEN o.hold <> '' THEN 1 ELSE 0 END, CASE WHEN o.closed_at IS NOT NULL THEN 1 ELSE 0 END,
		CASE WHEN d.card_id IS NOT NULL AND c.state IN ('produced', 'active') THEN 1 ELSE 0 END
		FROM card c JOIN company o ON o.id = c.company_id LEFT JOIN restored_card d ON d.card_id = c.id WHERE c.number = $1`, string(n))
	if errors.Is(err, db.ErrNoRows) {
		return Facts{Number: n}, nil
	}
	t, known := cardtype.ByCode(f.CardType)
	f.TypeAllowed = known && t.Attendance
	return f, err
}
