package order

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/internal/seal"
)

// Deps are the neighbours of the service.
type Deps struct {
	Cards     CardQuestions
	Companies *company.Service
	EID       *eid.Service
	Blobs     *blob.Store
	Scheme    string // name of the scheme, in the text that is signed

	// Cut cuts a picture for the card; nil is [photo.Cut]. It takes longer than everything else that is done with a
	// line, so tests that do it a thousand times remember what came out.
	Cut func(ctx context.Context, jpeg []byte, crop photo.Crop) (photo.Picture, error)
}

// Service has the use cases.
type Service struct {
	db   *db.DB
	keep *seal.Keeper
	Deps
}

// New makes a Service.
func New(d *db.DB, k *seal.Keeper, deps Deps) *Service {
	if deps.Cut == nil {
		deps.Cut = photo.Cut
	}
	return &Service{db: d, keep: k, Deps: deps}
}

// kinds are the journal's words for what happened.
var kinds = map[Event]string{
	Send:            "order.submitted",
	Pass:            "order.review_passed",
	Reject:          "order.review_rejected",
	Undo:            "order.review_undone",
	Correct:         "order.corrected",
	Resubmit:        "order.corrected",
	ReplacePhoto:    "order.photo_replaced",
	TakeOverName:    "order.name_taken_over",
	Confirm:         "order.approved",
	Decline:         "order.rejected_by_cardholder",
	Cancel:          "order.cancelled",
	Lapse:           "order.lapsed",
	StartProduction: "order.in_production",
	Produce:         "order.produced",
	ReturnPhoto:     "order.returned",
	ReturnData:      "order.returned",
}

// moveTx is how every line changes: Next, what the caller changes, what follows from the new state, the guarded
// update, and the journal entry.
func (s *Service) moveTx(ctx context.Context, tx *db.Tx, by actor.Actor, before Line, on Event, e journal.Entry, change func(*Line)) (Line, error) {
	to, err := Next(before.State, on)
	if err != nil {
		return Line{}, err
	}
	after := before
	if change != nil {
		change(&after)
	}
	after.Revision = before.Revision + 1
	if after.State = to; to != before.State {
		after.StateAt = tx.Now
		arrive(&after, on, tx)
	}
	if before.State == AwaitingCardholder && to != before.State {
		if _, err := notify.CancelTx(ctx, tx, changeKey(before.ID)); err != nil { // it asks for what can't be done now
			return Line{}, err
		}
	}
	after.dueAt = after.nextDue()
	if after, err = saveTx(tx, before, after); err != nil {
		return Line{}, err
	}
	return after, s.recordTx(ctx, tx, by, after, kinds[on], e)
}

// arrive sets what goes with a new state.
func arrive(l *Line, on Event, tx *db.Tx) {
	switch {
	case l.State == Ordered && on != Undo:
		l.QueuedAt = tx.Now
		l.Attempts++
	case l.State == AwaitingCardholder:
		l.AwaitingSince, l.reminded = tx.Now, 0
	}
}

// recordTx writes an entry about a line.
func (s *Service) recordTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Line, kind string, e journal.Entry) error {
	e.Kind, e.By, e.Company, e.Order, e.Line, e.Person = kind, by, l.Company, l.Order, l.ID, l.Person
	if e.Data == nil {
		e.Data = map[string]string{}
	}
	e.Data["revision"] = strconv.FormatInt(l.Revision, 10)
	return journal.AppendTx(ctx, tx, e)
}

var errForbidden = fault.New(fault.Forbidden, "order.not_allowed")

// ownLineTx is a line of the orderer's company. Another company's is unknown, the same as one that doesn't exist.
func ownLineTx(tx *db.Tx, by actor.Actor, id ID) (Line, error) {
	if !by.Is(actor.Orderer) {
		return Line{}, errForbidden
	}
	l, err := lineTx(tx, id)
	if err == nil && !by.For(l.Company) {
		err = errUnknown
	}
	if err != nil {
		return Line{}, err
	}
	return l, nil
}

func ownOrderTx(tx *db.Tx, by actor.Actor, id ID) (Order, error) {
	if !by.Is(actor.Orderer) {
		return Order{}, errForbidden
	}
	o, err := wholeTx(tx, id)
	if err == nil && !by.For(o.Company) {
		err = errUnknown
	}
	if err != nil {
		return Order{}, err
	}
	return o, nil
}

// sentLineTx is a line of the orderer's company that has been sent and that the page showed at this revision.
func sentLineTx(tx *db.Tx, by actor.Actor, id ID, revision int64) (Line, error) {
	l, err := ownLineTx(tx, by, id)
	if err != nil {
		return Line{}, err
	}
	if l.State == Draft {
		return Line{}, errUnknown
	}
	return l, atRevision(l, revision)
}

func atRevision(l Line, revision int64) error {
	if l.Revision != revision {
		return errChanged
	}
	return nil
}

// seeLineTx is a line that by may read: the own company's, or any that was sent for staff.
func seeLineTx(tx *db.Tx, by actor.Actor, id ID) (Line, error) {
	if by.Is(actor.Orderer) {
		return ownLineTx(tx, by, id)
	}
	if !by.Is(actor.Reviewer, actor.Production, actor.Support, actor.Officer) {
		return Line{}, errForbidden
	}
	l, err := lineTx(tx, id)
	if err == nil && l.State == Draft {
		err = errUnknown
	}
	return l, err
}

// Line is one line, for the company's orderers and for staff.
func (s *Service) Line(ctx context.Context, by actor.Actor, id ID) (Line, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Line, error) { return seeLineTx(tx, by, id) })
}

// Order is one order with its lines, for the company's orderers and for staff.
func (s *Service) Order(ctx context.Context, by actor.Actor, id ID) (Order, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Order, error) {
		if by.Is(actor.Orderer) {
			return ownOrderTx(tx, by, id)
		}
		if !by.Is(actor.Reviewer, actor.Production, actor.Support, actor.Officer) {
			return Order{}, errForbidden
		}
		o, err := wholeTx(tx, id)
		if err == nil && o.Draft() {
			err = errUnknown
		}
		return o, err
	})
}

func newID() uuid.UUID { return db.NewID() }
