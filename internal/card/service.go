package card

import (
	"context"
	"sync"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/seal"
)

// Config is what a deployment decides about its cards.
type Config struct {
	FeeSet FeeSet // "" = FeeActive
}

// Service has the use cases.
type Service struct {
	db   *db.DB
	keys *seal.Keeper
	cfg  Config
	wall func() time.Time // locks and fresh identification are about wall time

	mu        sync.RWMutex
	listeners []func(Card)
}

// New makes the service.
func New(d *db.DB, k *seal.Keeper, cfg Config) *Service {
	if cfg.FeeSet == "" {
		cfg.FeeSet = FeeActive
	}
	return &Service{db: d, keys: k, cfg: cfg, wall: time.Now}
}

// OnChange adds a listener that hears of every changed card after the commit.
// It is a hint with the card's revision: a late one must not undo a newer.
func (s *Service) OnChange(fn func(Card)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, fn)
}

// TellTx tells the listeners after the commit.
func (s *Service) TellTx(tx *db.Tx, c Card) {
	tx.AfterCommit(func() {
		s.mu.RLock()
		defer s.mu.RUnlock()
		for _, fn := range s.listeners {
			fn(c)
		}
	})
}

// Fee is the schedule in force on a day.
func (s *Service) Fee(on clock.Date) FeeSchedule {
	f, _ := Fee(s.cfg.FeeSet, on)
	return f
}

// maySee says whether somebody may know of a card at all. Somebody else's card
// is the same as none.
func maySee(by actor.Actor, c Card) error {
	switch {
	case by.Is(actor.Cardholder) && c.Person == by.Person && by.Person != [16]byte{}:
	case by.Is(actor.Orderer) && by.For(c.Company):
	case by.Is(actor.Officer, actor.Support, actor.Production, actor.SystemRole):
	default:
		return unknown()
	}
	return nil
}

// found loads a card that somebody may do something with.
func found(ctx context.Context, tx *db.Tx, by actor.Actor, id ID, a Action) (Card, error) {
	c, err := ByIDTx(ctx, tx, id)
	if err != nil {
		return Card{}, err
	}
	if err := maySee(by, c); err != nil {
		return Card{}, err
	}
	if !mayDo(by.Role, a) {
		return Card{}, fault.New(fault.Forbidden, "card.not_allowed")
	}
	return c, nil
}

// Block stops a card so that it can be opened again. Errors: card.unknown,
// card.not_allowed, card.not_active, card.already_blocked, card.terminated,
// card.expired, card.changed, and field errors.
func (s *Service) Block(ctx context.Context, by actor.Actor, id ID, revision int64, reason Reason, note string) (Card, error) {
	if err := checkReason(BlockReasons(), reason, note); err != nil {
		return Card{}, err
	}
	return s.change(ctx, by, id, revision, ActionBlock, func(tx *db.Tx, c *Card) {
		c.BlockedAt, c.BlockReason, c.BlockedBy, c.Note = tx.Now, reason, by.Role, note
	})
}

// Unblock opens a blocked card. Errors: as Block, and card.not_blocked.
func (s *Service) Unblock(ctx context.Context, by actor.Actor, id ID, revision int64, note string) (Card, error) {
	if err := checkNote(note); err != nil {
		return Card{}, err
	}
	return s.change(ctx, by, id, revision, ActionUnblock, func(_ *db.Tx, c *Card) {
		c.BlockedAt, c.BlockReason, c.BlockedBy, c.Note = time.Time{}, "", "", note
	})
}

// Terminate ends a card for good, and its PIN with it. Errors: as Block.
func (s *Service) Terminate(ctx context.Context, by actor.Actor, id ID, revision int64, reason Reason, note string) (Card, error) {
	if err := checkReason(TerminateReasons(), reason, note); err != nil {
		return Card{}, err
	}
	return s.change(ctx, by, id, revision, ActionTerminate, func(tx *db.Tx, c *Card) {
		c.TerminatedAt, c.EndReason, c.Note = tx.Now, reason, note
	})
}

var kinds = map[Action]string{
	ActionActivate: "card.activated", ActionBlock: "card.blocked", ActionUnblock: "card.unblocked",
	ActionTerminate: "card.terminated", ActionReplace: "card.terminated", ActionBegin: "card.begun",
}

// change is the one shape of block, unblock and terminate.
func (s *Service) change(ctx context.Context, by actor.Actor, id ID, revision int64, a Action, set func(*db.Tx, *Card)) (Card, error) {
	after, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Card, error) {
		before, err := found(ctx, tx, by, id, a)
		if err != nil {
			return Card{}, err
		}
		if before.Revision != revision {
			return Card{}, changed()
		}
		after, err := s.move(ctx, tx, by, before, a, set)
		if err != nil {
			return Card{}, err
		}
		return after, s.tell(ctx, tx, by, a, before, after)
	})
	failpoint.After(err, failpoint.CardChanged)
	return after, err
}

// move does one transition: the table of states, the guarded update, the
// journal, and the PIN's end where the card ends.
func (s *Service) move(ctx context.Context, tx *db.Tx, by actor.Actor, before Card, a Action, set func(*db.Tx, *Card)) (Card, error) {
	to, refusal := Next(before.State, a, before.ValidUntil, clock.DateOf(tx.Now))
	if refusal != nil {
		return Card{}, refusal
	}
	after := before
	after.State = to
	set(tx, &after)
	if err := save(tx, before, after); err != nil {
		return Card{}, err
	}
	after.Revision++
	if to == Terminated {
		if _, err := tx.Exec(`DELETE FROM card_pin WHERE card_id = $1`, before.ID); err != nil {
			return Card{}, err
		}
	}
	e := entry(by, kinds[a], after)
	switch a {
	case ActionBlock:
		e.Reason = string(after.BlockReason)
	case ActionTerminate, ActionReplace:
		e.Reason = string(after.EndReason)
	}
	if after.Note != "" && a != ActionActivate {
		e.Data = map[string]string{"note": after.Note}
	}
	if err := journal.AppendTx(ctx, tx, e); err != nil {
		return Card{}, err
	}
	s.TellTx(tx, after)
	return after, nil
}
