package production

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
)

// remakeTx has a failed card made again under a new number: a reject that leaks
// must not be taken for the card.
func (s *Service) remakeTx(ctx context.Context, tx *db.Tx, by actor.Actor, i Item) error {
	old, err := move(tx, i, Again, func(*Item) {})
	if err != nil {
		return err
	}
	next := old
	next.RemakeOf, next.Attempt = old.ID, old.Attempt+1
	next.RejectCode, next.ChipUID, next.Tracking, next.Card = "", "", "", uuid.Nil
	if next, err = s.addTx(ctx, tx, next); err != nil {
		return err
	}
	if err := appendItem(ctx, tx, by, "production.remade", next, string(old.RejectCode), nil); err != nil {
		return err
	}
	holder, orderers, err := card.RecipientsTx(ctx, tx, old.unborn())
	if err != nil {
		return err
	}
	return s.cards.MailTx(ctx, tx, old.unborn(), notify.CardRemade, func(r card.Recipient, words *i18n.Texts) map[string]string {
		return map[string]string{
			notify.KeyPath: r.Path, notify.KeyName: old.Name(), notify.KeyCompany: old.CompanyName,
			notify.KeyOrder: old.OrderNumber, notify.KeyReason: RejectText(words, old.RejectCode),
		}
	}, append([]card.Recipient{holder}, orderers...)...)
}

// RejectText is a reject code in words; a code that the bureau made up is shown
// as it is to nobody but production.
func RejectText(words *i18n.Texts, code RejectCode) string {
	if _, known := remedies[code]; !known {
		return words.T("production.reject.other")
	}
	return words.T("production.reject." + strings.ToLower(string(code)))
}

// giveBack ends an item and gives its line back to the orderer, who puts the
// photo or the data right; order tells them.
func (s *Service) giveBack(ctx context.Context, tx *db.Tx, by actor.Actor, i Item, reason order.ReturnReason, note string) error {
	i, err := move(tx, i, GiveBack, func(*Item) {})
	if err != nil {
		return err
	}
	if _, err := s.orders.BackToOrdererTx(ctx, tx, by, i.Line, reason, note); err != nil {
		return err
	}
	return appendItem(ctx, tx, by, "production.returned", i, string(reason), nil)
}

// decide is what a supervisor does with a failed card.
func (s *Service) decide(ctx context.Context, by actor.Actor, item uuid.UUID, do func(ctx context.Context, tx *db.Tx, i Item) error) error {
	if err := staff(by); err != nil {
		return err
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		i, err := lockItem(tx, item)
		if err != nil {
			return err
		}
		if i.State != Failed {
			return fault.New(fault.Conflict, "production.decided")
		}
		if err := do(ctx, tx, i); err != nil {
			return err
		}
		return s.settle(ctx, tx, i.Batch)
	})
}

// Remake has a card made again that failed too often to be remade by itself.
// Errors: production.not_allowed, production.item_unknown, production.decided.
func (s *Service) Remake(ctx context.Context, by actor.Actor, item uuid.UUID) error {
	return s.decide(ctx, by, item, func(ctx context.Context, tx *db.Tx, i Item) error { return s.remakeTx(ctx, tx, by, i) })
}

// ReturnToOrderer gives a failed card's line back, with words for the orderer.
// A reject that isn't about the photo is about the data. Errors: as Remake.
func (s *Service) ReturnToOrderer(ctx context.Context, by actor.Actor, item uuid.UUID, note string) error {
	note = strings.TrimSpace(note)
	if note == "" || len(note) > 1000 {
		return fault.New(fault.Invalid, "production.note_missing").On("note")
	}
	return s.decide(ctx, by, item, func(ctx context.Context, tx *db.Tx, i Item) error {
		reason := order.ReturnReason(DataMismatch)
		if i.RejectCode == PhotoWrong {
			reason = order.ReturnReason(PhotoWrong)
		}
		return s.giveBack(ctx, tx, by, i, reason, note)
	})
}
