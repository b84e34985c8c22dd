package order

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
)

// Step is a page of the order form.
type Step string

// The steps.
const (
	StepWho      Step = "who"
	StepCard     Step = "card"
	StepPhoto    Step = "photo"
	StepDelivery Step = "delivery"
)

// Problem is something that an order lacks before it can be sent.
type Problem struct {
	Line ID // Nil for StepDelivery
	Step Step
	Err  *fault.Error
}

// Problems lists what is left to do before the order can be sent.
func (s *Service) Problems(ctx context.Context, by actor.Actor, order ID) ([]Problem, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) ([]Problem, error) {
		o, err := s.draftTx(tx, by, order)
		if err != nil {
			return nil, err
		}
		return s.problemsTx(ctx, tx, by, o)
	})
}

func (s *Service) problemsTx(ctx context.Context, tx *db.Tx, by actor.Actor, o Order) ([]Problem, error) {
	c, err := company.ByIDTx(ctx, tx, o.Company)
	if err != nil {
		return nil, err
	}
	var out []Problem
	seen := map[string]string{} // number hash → name
	today := clock.DateOf(tx.Now)
	for _, l := range o.Lines {
		for _, e := range s.lineErrorsTx(ctx, tx, by, l) {
			out = append(out, Problem{l.ID, StepWho, e})
		}
		if first, ok := seen[l.Claimed.NumberHash]; ok && l.Claimed.NumberHash != "" {
			out = append(out, Problem{l.ID, StepWho, fault.New(fault.Invalid, "order.twice_in_order", "name", first).On("personal_number")})
		}
		seen[l.Claimed.NumberHash] = l.Name()
		out = append(out, cardProblems(l, today)...)
		if l.Photo == uuid.Nil {
			out = append(out, Problem{l.ID, StepPhoto, fault.New(fault.Invalid, "order.photo_missing").On("photo")})
		}
		if err := s.duplicateTx(ctx, tx, l, l.Claimed.NumberHash); err != nil {
			e, ok := fault.As(err)
			if !ok || e.Kind != fault.Conflict {
				return nil, err
			}
			out = append(out, Problem{l.ID, StepWho, e.On("personal_number")})
		}
	}
	if o.Delivery.Line1 == "" {
		out = append(out, Problem{Step: StepDelivery, Err: fault.New(fault.Invalid, "order.address_missing").On("address")})
	}
	if c.ReferenceRequired && o.Reference == "" {
		out = append(out, Problem{Step: StepDelivery, Err: errReference.With("company", c.Name)})
	}
	return out, nil
}

// lineErrorsTx checks what was typed again: rules and neighbours may have changed since the step was saved.
func (s *Service) lineErrorsTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Line) fault.Errors {
	c := s.check(l.Typed, clock.DateOf(tx.Now))
	s.checkEmailTx(ctx, tx, by, l, &c)
	return c.errs
}

func cardProblems(l Line, today clock.Date) []Problem {
	if _, ok := cardtype.ByCode(l.CardType); !ok {
		return []Problem{{l.ID, StepCard, fault.New(fault.Invalid, "order.card_type_unknown").On("card_type")}}
	}
	longest, _ := LongestValidity(l.CardType, today)
	if e, ok := fault.As(checkValidUntil(l.ValidUntil, longest, today)); ok {
		return []Problem{{l.ID, StepCard, e}}
	}
	return nil
}

// duplicateTx refuses a second live card, and a second line that will become one, for the same person, company and
// type. A line that replaces the live card is allowed. Lines are looked at before cards: one that becomes a card in
// between is then seen as a card, and in the other order as neither.
func (s *Service) duplicateTx(ctx context.Context, tx *db.Tx, l Line, hash string) error {
	if hash == "" {
		return nil
	}
	open, err := db.Rows(tx, db.Column[string], `SELECT o.number FROM order_line l JOIN card_order o ON o.id = l.order_id
		WHERE l.company = $1 AND l.personal_number_hash = $2 AND l.card_type = $3 AND l.id <> $4
		AND l.state IN ('ordered', 'rejected_by_reviewer', 'awaiting_cardholder', 'rejected_by_cardholder', 'approved', 'in_production')`,
		l.Company, hash, l.CardType, l.ID)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return fault.New(fault.Conflict, "order.duplicate_line", "name", l.Name(), "order", open[0])
	}
	number, found, err := s.Cards.LiveCardTx(ctx, tx, l.Company, hash, l.CardType)
	if err != nil {
		return err
	}
	if found && number != l.Replaces {
		return fault.New(fault.Conflict, "order.duplicate_card", "name", l.Name(), "number", number)
	}
	return nil
}

// Submit sends a draft. revision is the order's as the page showed it: what was looked through is what is sent. Sending
// twice is sending once: an order that was sent is returned as it is. Errors: fault.Errors with everything that Problems
// lists, order.changed, order.company_closed, order.duplicate_line when somebody was quicker.
func (s *Service) Submit(ctx context.Context, by actor.Actor, order ID, revision int64) (Order, error) {
	sent, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Order, error) {
		o, err := s.draftTx(tx, by, order)
		if err != nil || !o.Draft() {
			return o, err
		}
		c, err := company.ByIDTx(ctx, tx, o.Company)
		if err != nil {
			return Order{}, err
		}
		if c.Closed() {
			return Order{}, fault.New(fault.Conflict, "order.company_closed")
		}
		n, err := tx.Exec("UPDATE card_order SET submitted_at = $3, changed_at = $3, revision = revision + 1 WHERE id = $1 AND revision = $2 AND submitted_at IS NULL",
			o.ID, revision, tx.Now)
		if err != nil {
			return Order{}, err
		}
		if n == 0 {
			return sentAlreadyTx(tx, by, o.ID)
		}
		problems, err := s.problemsTx(ctx, tx, by, o)
		if err != nil {
			return Order{}, err
		}
		if len(problems) > 0 {
			var errs fault.Errors
			for _, p := range problems {
				errs = append(errs, p.Err)
			}
			return Order{}, errs
		}
		return s.sendTx(ctx, tx, by, o, c)
	})
	failpoint.After(err, failpoint.OrderSubmitted)
	return sent, err
}

// sentAlreadyTx is the order that another request has just sent, or the news that it was changed.
func sentAlreadyTx(tx *db.Tx, by actor.Actor, id ID) (Order, error) {
	o, err := ownOrderTx(tx, by, id)
	if err == nil && o.Draft() {
		err = errChanged
	}
	return o, err
}

func (s *Service) sendTx(ctx context.Context, tx *db.Tx, by actor.Actor, o Order, c company.Company) (Order, error) {
	for _, l := range o.Lines {
		l, err := s.moveTx(ctx, tx, by, l, Send, journal.Entry{}, func(l *Line) {
			l.typed, l.Typed = nil, Who{}
			l.WaitsSince = tx.Now
		})
		if err != nil {
			return Order{}, err
		}
		if err := wordsTx(tx, l); err != nil {
			return Order{}, err
		}
	}
	if err := s.confirmationTx(ctx, tx, o, c); err != nil {
		return Order{}, err
	}
	return ownOrderTx(tx, by, o.ID)
}

func (s *Service) confirmationTx(ctx context.Context, tx *db.Tx, o Order, c company.Company) error {
	to, err := account.OrderersTx(tx, o.Company, o.OrderedBy)
	if err != nil {
		return err
	}
	for _, r := range to {
		err := notify.EnqueueTx(ctx, tx, s.keep, notify.Mail{
			To: r.Email, ToName: r.Name, Lang: r.Lang, Template: notify.OrderConfirmation, Order: o.ID, Company: o.Company,
			Data: map[string]string{
				notify.KeyPath: orderPath(o), notify.KeyOrder: o.Number, notify.KeyCards: strconv.Itoa(len(o.Lines)),
				notify.KeyCompany: c.Name, notify.KeyDelivery: AddressLine(o.Delivery),
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
