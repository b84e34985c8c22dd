package order

import (
	"context"
	"slices"
	"strings"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
)

// ReturnReason is why production hands a line back: text "order.return." + lower-case code.
type ReturnReason string

// The reasons: those of the bureau's codes that a new attempt can't help, and what the check before a batch finds.
const (
	ReturnPhotoWrong     ReturnReason = "PHOTO_WRONG"
	ReturnDataMismatch   ReturnReason = "DATA_MISMATCH"
	ReturnLetterMismatch ReturnReason = "LETTER_MISMATCH"
	ReturnIncomplete     ReturnReason = "INCOMPLETE"
	ReturnValidUntil     ReturnReason = "VALID_UNTIL"    // the last day of validity has passed
	ReturnLetters        ReturnReason = "LETTERS"        // a name that can't be printed
	ReturnCompanyClosed  ReturnReason = "COMPANY_CLOSED" // nothing can be made for it any more
)

// ReturnReasons lists them.
func ReturnReasons() []ReturnReason {
	return []ReturnReason{
		ReturnPhotoWrong, ReturnDataMismatch, ReturnLetterMismatch, ReturnIncomplete, ReturnValidUntil, ReturnLetters,
		ReturnCompanyClosed,
	}
}

// Key is the reason's text key.
func (r ReturnReason) Key() string { return "order.return." + strings.ToLower(string(r)) }

// LineTx loads a line. Error: order.unknown.
func (s *Service) LineTx(_ context.Context, tx *db.Tx, id ID) (Line, error) { return lineTx(tx, id) }

// OrderTx loads an order without its lines. Error: order.unknown.
func (s *Service) OrderTx(_ context.Context, tx *db.Tx, id ID) (Order, error) { return orderTx(tx, id) }

// StartProductionTx says that the line is in a batch. Error: order.not_possible unless it is approved.
func (s *Service) StartProductionTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID) (Line, error) {
	return s.stepTx(ctx, tx, by, id, StartProduction, journal.Entry{}, nil)
}

// ProducedTx says that the bureau made the card.
func (s *Service) ProducedTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID) (Line, error) {
	return s.stepTx(ctx, tx, by, id, Produce, journal.Entry{}, nil)
}

func (s *Service) stepTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID, on Event, e journal.Entry, change func(*Line)) (Line, error) {
	l, err := lineTx(tx, id)
	if err != nil {
		return Line{}, err
	}
	return s.moveTx(ctx, tx, by, l, on, e, change)
}

// BackToOrdererTx hands a line back because something about it must be corrected: a photo goes through review again,
// other data back to the cardholder. The signature is void. note may be empty; the orderer reads it.
func (s *Service) BackToOrdererTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID, code ReturnReason, note string) (Line, error) {
	if !slices.Contains(ReturnReasons(), code) {
		return Line{}, fault.New(fault.Invalid, "order.return_reason_unknown")
	}
	on := ReturnData
	if code == ReturnPhotoWrong {
		on = ReturnPhoto
	}
	e := journal.Entry{Reason: string(code), Data: map[string]string{"note": note}}
	l, err := s.stepTx(ctx, tx, by, id, on, e, func(l *Line) {
		l.unsign()
		l.ReturnReason = string(code)
		l.WaitsSince, l.lapseToldAt = tx.Now, zero // the ninety days begin again: the delay isn't theirs
	})
	if err != nil {
		return Line{}, err
	}
	return l, s.toOrdererTx(ctx, tx, l, notify.Mail{Template: notify.OrderRejectedByReviewer}, func(t *i18n.Texts) map[string]string {
		data := map[string]string{notify.KeyName: l.Name()}
		inBoth(data, notify.KeyReason, t.Lang, func(t *i18n.Texts) string {
			return strings.TrimSpace(t.T(code.Key()) + " " + note)
		})
		return data
	})
}
