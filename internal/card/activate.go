package card

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/person"
)

// The limits of activation and of showing the PIN.
const (
	FreshFor = 5 * time.Minute  // how old an identification may be
	MaxTries = 5                // wrong digits or numbers before the lock
	LockFor  = 15 * time.Minute // wall time
)

// Activation is an activated card with the PIN that was made for it. The PIN is
// for the page that answers, and nowhere else.
type Activation struct {
	Card Card
	PIN  string
}

// Activate makes a produced card active for its cardholder, who has just been
// identified (fresh, wall time) and reads the last six digits off the card. It
// makes the PIN and ends the older cards of the same person, company and type.
// Errors: card.unknown, card.fresh_identification_needed,
// card.no_activation, card.digits_malformed, card.digits_wrong, card.locked,
// card.already_active, card.blocked, card.terminated, card.expired, card.changed.
func (s *Service) Activate(ctx context.Context, by actor.Actor, id ID, lastSix string, fresh time.Time) (Activation, error) {
	digits := strings.Join(strings.Fields(lastSix), "")
	c, born, err := s.holdersCard(ctx, by, id, ActionActivate, fresh)
	if err != nil {
		return Activation{}, err
	}
	if !c.Kind().Activation {
		return Activation{}, fault.New(fault.Conflict, "card.no_activation")
	}
	if _, refusal := Next(c.State, ActionActivate, c.ValidUntil, clock.DateOf(s.db.Clock().Now())); refusal != nil {
		return Activation{}, refusal
	}
	if !sixDigits(digits) {
		return Activation{}, fault.New(fault.Invalid, "card.digits_malformed").On("digits")
	}
	if err := s.try(ctx, by, c, "digits", same(digits, c.Number.LastSix())); err != nil {
		return Activation{}, err
	}
	// Drawing and sealing are done before the transaction, for the revision that
	// was read; the guard refuses them if the card moved meanwhile.
	pin, err := newPIN(c.Number, born)
	if err != nil {
		return Activation{}, err
	}
	sealed, err := sealPIN(s.keys, c.Number, db.NewID(), pin)
	if err != nil {
		return Activation{}, err
	}
	done, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Card, error) {
		return s.activate(ctx, tx, by, c, sealed)
	})
	if db.IsUnique(err) {
		return Activation{}, changed().Because(err)
	}
	if err != nil {
		return Activation{}, err
	}
	failpoint.Here(failpoint.CardActivated)
	return Activation{Card: done, PIN: pin}, nil
}

func sixDigits(s string) bool {
	_, err := strconv.ParseUint(s, 10, 32)
	return err == nil && len(s) == 6
}

// holdersCard loads the cardholder's own card and birthday, and looks at the
// age of the identification.
func (s *Service) holdersCard(ctx context.Context, by actor.Actor, id ID, a Action, fresh time.Time) (c Card, born clock.Date, err error) {
	c, err = db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Card, error) {
		c, err := found(ctx, tx, by, id, a)
		if err != nil {
			return Card{}, err
		}
		holder, err := person.ByIDTx(ctx, tx, c.Person)
		born = holder.BirthDate
		return c, err
	})
	if err != nil {
		return Card{}, born, err
	}
	if age := s.wall().Sub(fresh); age > FreshFor || age < -time.Minute {
		return Card{}, born, fault.New(fault.Unauthenticated, "card.fresh_identification_needed")
	}
	return c, born, nil
}

func (s *Service) activate(ctx context.Context, tx *db.Tx, by actor.Actor, c Card, pin sealedPIN) (Card, error) {
	after, err := s.become(ctx, tx, by, c, ActionActivate)
	if err != nil {
		return Card{}, err
	}
	_, err = tx.Exec(`INSERT INTO card_pin (card_id, activation_id, sealed, pvv, made_at) VALUES ($1, $2, $3, $4, $5)`,
		c.ID, pin.Activation, pin.Sealed, pin.Check, tx.Now)
	if err != nil {
		return Card{}, err
	}
	// The PIN stands on the page that answers: a showing like the later ones.
	shown := entry(by, "card.pin_shown", after)
	shown.Data = map[string]string{"when": "activation"}
	if err := journal.AppendTx(ctx, tx, shown); err != nil {
		return Card{}, err
	}
	return after, s.tell(ctx, tx, by, ActionActivate, c, after)
}

// become makes a produced card active, and ends the older cards of the same
// person, company and type.
func (s *Service) become(ctx context.Context, tx *db.Tx, by actor.Actor, c Card, a Action) (Card, error) {
	older, err := db.Rows(tx, scanCard, selectCard+`WHERE c.company_id = $1 AND c.person_id = $2 AND c.type = $3 AND c.id <> $4
		AND c.state IN ('produced', 'active', 'blocked') AND (c.produced_at < $5 OR (c.produced_at = $5 AND c.id < $4))
		ORDER BY c.id`, c.Company, c.Person, c.Type, c.ID, c.ProducedAt)
	if err != nil {
		return Card{}, err
	}
	for _, o := range older {
		_, err := s.move(ctx, tx, by, o, ActionReplace, func(tx *db.Tx, o *Card) {
			o.TerminatedAt, o.EndReason, o.Note = tx.Now, ReasonReplaced, ""
		})
		if err != nil {
			return Card{}, err
		}
		if o.State != Produced || c.Predecessor == [16]byte{} {
			c.Predecessor = o.ID
		}
	}
	return s.move(ctx, tx, by, c, a, func(tx *db.Tx, c *Card) { c.ActivatedAt = tx.Now })
}

// PostedTx makes a card of a type that nobody activates active, now that the
// bureau has posted it. Any other card, and one that ended or expired on its
// way, stays as it is; and a newer card of the same person, company and type
// that is active already has ended it.
func (s *Service) PostedTx(ctx context.Context, tx *db.Tx, by actor.Actor, c Card) (Card, error) {
	if c.Kind().Activation || c.State != Produced || c.ValidUntil.Before(clock.DateOf(tx.Now)) {
		return c, nil
	}
	return s.become(ctx, tx, by, c, ActionBegin)
}

// ShowPIN gives the PIN to its cardholder, who has just been identified and
// types the whole number. It may be asked for any number of times; each is in
// the journal and told by mail. Errors: card.unknown,
// card.fresh_identification_needed, card.no_pin, card.number_malformed,
// card.number_wrong, card.locked.
func (s *Service) ShowPIN(ctx context.Context, by actor.Actor, id ID, typed string, fresh time.Time) (string, error) {
	c, _, err := s.holdersCard(ctx, by, id, ActionShowPIN, fresh)
	if err != nil {
		return "", err
	}
	if refusal := noPIN(c, clock.DateOf(s.db.Clock().Now())); refusal != nil {
		return "", refusal
	}
	number, err := ParseNumber(typed)
	if err != nil {
		return "", err
	}
	if err := s.try(ctx, by, c, "number", same(string(number), string(c.Number))); err != nil {
		return "", err
	}
	p, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (sealedPIN, error) {
		p, err := db.One(tx, func(r db.Row) (p sealedPIN, err error) {
			err = r.Scan(&p.Activation, &p.Sealed, &p.Check)
			return p, err
		}, `SELECT p.activation_id, p.sealed, p.pvv FROM card_pin p JOIN card c ON c.id = p.card_id
			WHERE p.card_id = $1 AND c.state = 'active'`, c.ID) // it may have been blocked since it was read
		if errors.Is(err, db.ErrNoRows) {
			return p, fault.New(fault.Conflict, "card.no_pin")
		}
		if err != nil {
			return p, err
		}
		if err := journal.AppendTx(ctx, tx, entry(by, "card.pin_shown", c)); err != nil {
			return p, err
		}
		return p, s.tellShown(ctx, tx, c)
	})
	if err != nil {
		return "", err
	}
	return unsealPIN(s.keys, c.Number, p)
}

// noPIN: a PIN lives from activation until the card ends or expires; a blocked
// card keeps its PIN but doesn't show it.
func noPIN(c Card, today clock.Date) *fault.Error {
	if !c.Kind().PIN || c.State != Active || c.ValidUntil.Before(today) {
		return fault.New(fault.Conflict, "card.no_pin")
	}
	return nil
}

// try counts one attempt in a transaction of its own, which commits whatever
// the answer is. The attempt is taken before the comparison counts, so of forty
// at once five are wrong and the rest meet the lock.
func (s *Service) try(ctx context.Context, by actor.Actor, c Card, kind string, right bool) error {
	now := s.wall()
	wrong, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (int64, error) {
		taken, err := db.Rows(tx, db.Column[int64],
			`INSERT INTO card_try (card_id, kind, wrong, locked_until) VALUES ($1, $2, 1, NULL)
			ON CONFLICT (card_id, kind) DO UPDATE SET
				wrong = CASE WHEN card_try.locked_until IS NULL THEN card_try.wrong + 1 ELSE 1 END,
				locked_until = CASE WHEN card_try.locked_until IS NULL AND card_try.wrong + 1 >= CAST($3 AS bigint) THEN CAST($4 AS bigint) ELSE NULL END
			WHERE card_try.locked_until IS NULL OR card_try.locked_until <= CAST($5 AS bigint)
			RETURNING wrong`, c.ID, kind, int64(MaxTries), now.Add(LockFor), now)
		if err != nil || len(taken) == 0 {
			return 0, err
		}
		if right {
			_, err := tx.Exec(`UPDATE card_try SET wrong = 0, locked_until = NULL WHERE card_id = $1 AND kind = $2`, c.ID, kind)
			return -1, err
		}
		if taken[0] == MaxTries {
			e := entry(by, "card.locked", c)
			e.Reason = kind
			return taken[0], journal.AppendTx(ctx, tx, e)
		}
		return taken[0], nil
	})
	switch {
	case err != nil:
		return err
	case wrong < 0:
		return nil
	case wrong == 0:
		return s.locked(ctx, c, kind, now)
	case wrong >= MaxTries:
		return fault.New(fault.TooMany, "card.locked", "minutes", strconv.Itoa(minutes(LockFor)))
	}
	left := strconv.FormatInt(MaxTries-wrong, 10)
	if kind == "digits" {
		return fault.New(fault.Invalid, "card.digits_wrong", "left", left).On(kind)
	}
	return fault.New(fault.Invalid, "card.number_wrong", "left", left).On(kind)
}

// locked says for how long.
func (s *Service) locked(ctx context.Context, c Card, kind string, now time.Time) error {
	until, err := db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (time.Time, error) {
		return db.Value[time.Time](tx, `SELECT locked_until FROM card_try WHERE card_id = $1 AND kind = $2`, c.ID, kind)
	})
	if err != nil {
		return err
	}
	return fault.New(fault.TooMany, "card.locked", "minutes", strconv.Itoa(minutes(until.Sub(now))))
}
