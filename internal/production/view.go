package production

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/order"
)

// Counts are a batch's cards. OrderFile is what was sent or will be.
type Counts struct {
	OrderFile   int
	Produced    int // dispatched ones included
	Dispatched  int
	Failed      int // remade and returned ones included
	Waiting     int // of the failed: for a supervisor's decision
	Outstanding int
}

// Holds is the invariant: every card of the order file was made, failed, or is
// owed.
func (c Counts) Holds() bool { return c.OrderFile == c.Produced+c.Failed+c.Outstanding }

// Batch is what goes to the bureau together.
type Batch struct {
	ID     uuid.UUID
	Number string // "26-0001"
	State  BatchState
	Counts Counts

	OpenedAt, ClosedAt, DeliveredAt, AskedAt, DoneAt time.Time
	Asked                                            int // how often the bureau was asked
}

const selectBatch = `SELECT b.id, b.number, b.state, b.size, b.opened_at, b.closed_at, b.delivered_at, b.asked_at, b.asked, b.done_at,
	(SELECT count(*) FROM batch_item i WHERE i.batch_id = b.id AND i.state IN ('produced', 'dispatched')),
	(SELECT count(*) FROM batch_item i WHERE i.batch_id = b.id AND i.state = 'dispatched'),
	(SELECT count(*) FROM batch_item i WHERE i.batch_id = b.id AND i.state IN ('failed', 'remade', 'returned')),
	(SELECT count(*) FROM batch_item i WHERE i.batch_id = b.id AND i.state = 'failed'),
	(SELECT count(*) FROM batch_item i WHERE i.batch_id = b.id AND i.state IN ('reserved', 'sent'))
	FROM batch b `

func scanBatch(r db.Row) (b Batch, err error) {
	var state string
	err = r.Scan(&b.ID, &b.Number, &state, &b.Counts.OrderFile, &b.OpenedAt, &b.ClosedAt, &b.DeliveredAt, &b.AskedAt, &b.Asked, &b.DoneAt,
		&b.Counts.Produced, &b.Counts.Dispatched, &b.Counts.Failed, &b.Counts.Waiting, &b.Counts.Outstanding)
	b.State = BatchState(state)
	return b, err
}

func batchByID(tx *db.Tx, id uuid.UUID) (Batch, error) {
	b, err := db.One(tx, scanBatch, selectBatch+`WHERE b.id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return Batch{}, fault.New(fault.NotFound, "production.batch_unknown")
	}
	return b, err
}

// Batches lists batches, newest first; next is "" at the end.
func (s *Service) Batches(ctx context.Context, by actor.Actor, after string, limit int) (list []Batch, next string, err error) {
	if err := staff(by); err != nil {
		return nil, "", err
	}
	if limit <= 0 || limit > 100 {
		limit = 25
	}
	list, err = db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Batch, error) {
		if after == "" {
			return db.Rows(tx, scanBatch, selectBatch+`ORDER BY b.year DESC, b.seq DESC LIMIT $1`, limit+1)
		}
		return db.Rows(tx, scanBatch, selectBatch+`WHERE (b.year, b.seq) < (SELECT year, seq FROM batch WHERE number = $1)
			ORDER BY b.year DESC, b.seq DESC LIMIT $2`, after, limit+1)
	})
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Number
	}
	return list, next, err
}

// BatchView is a batch's page.
type BatchView struct {
	Batch
	Items   []Item
	Remakes []Remake
	Events  []journal.Record // newest last
}

// Remake is a card of the batch that failed, and what took its place.
type Remake struct {
	Item Item
	Next *Item // nil: went back to the orderer, or waits for a decision
}

// Batch loads a batch's page. Errors: production.not_allowed,
// production.batch_unknown.
func (s *Service) Batch(ctx context.Context, by actor.Actor, id uuid.UUID) (BatchView, error) {
	if err := staff(by); err != nil {
		return BatchView{}, err
	}
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (BatchView, error) {
		b, err := batchByID(tx, id)
		if err != nil {
			return BatchView{}, err
		}
		v := BatchView{Batch: b}
		if v.Items, err = db.Rows(tx, scanItem, selectItem+`WHERE i.batch_id = $1 ORDER BY i.number`, id); err != nil {
			return BatchView{}, err
		}
		next, err := db.Rows(tx, scanItem, selectItem+`WHERE i.remake_of IN (SELECT id FROM batch_item WHERE batch_id = $1)`, id)
		if err != nil {
			return BatchView{}, err
		}
		v.Remakes = remakes(v.Items, next)
		v.Events, err = journal.Of(ctx, tx, journal.OfBatch(id))
		return v, err
	})
}

func remakes(items, next []Item) []Remake {
	var out []Remake
	for _, i := range items {
		if i.FailedAt.IsZero() {
			continue
		}
		r := Remake{Item: i}
		for n := range next {
			if next[n].RemakeOf == i.ID {
				r.Next = &next[n]
			}
		}
		out = append(out, r)
	}
	return out
}

// Waiting lists failed cards that need a decision, oldest first.
func (s *Service) Waiting(ctx context.Context, by actor.Actor) ([]Item, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Item, error) {
		return db.Rows(tx, scanItem, selectItem+`WHERE i.state = 'failed' ORDER BY i.failed_at, i.id LIMIT 200`)
	})
}

// Step is where a line's card is, for people.
type Step string

// The steps. None: the line isn't approved yet, or was cancelled.
const (
	StepNone       Step = ""
	StepWaiting    Step = "waiting"   // approved, not in a batch yet
	StepQueued     Step = "queued"    // in the open batch
	StepAtBureau   Step = "at_bureau" // ordered from the bureau
	StepAgain      Step = "again"     // failed once, being made again
	StepFailed     Step = "failed"    // failed, the scheme looks at it
	StepProduced   Step = "produced"
	StepDispatched Step = "dispatched"
	StepReturned   Step = "returned" // the orderer has something to put right
)

// LineStatus says where it is.
type LineStatus struct {
	Step     Step
	Since    time.Time
	Number   card.Number // once the card exists
	Batch    string
	Tracking string
	Attempt  int
	Address  []string // where the letter goes
}

// StatusOfLine tells the line's company, its cardholder and staff where the
// card is. Errors: order.unknown.
func (s *Service) StatusOfLine(ctx context.Context, by actor.Actor, line uuid.UUID) (LineStatus, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (LineStatus, error) {
		l, err := s.orders.LineTx(ctx, tx, line)
		if err != nil {
			return LineStatus{}, err
		}
		own := (by.Is(actor.Orderer) && by.For(l.Company)) || (by.Is(actor.Cardholder) && by.Person != uuid.Nil && by.Person == l.Person)
		if !own && !by.Role.Staff() && !by.Is(actor.SystemRole) {
			return LineStatus{}, fault.New(fault.NotFound, "order.unknown")
		}
		items, err := db.Rows(tx, scanItem, selectItem+`WHERE i.line_id = $1 ORDER BY i.created_at DESC, i.attempt DESC LIMIT 1`, line)
		if err != nil {
			return LineStatus{}, err
		}
		return status(l, items), nil
	})
}

// status is pure: the line's state first, since a returned line may be on its
// second way.
func status(l order.Line, newest []Item) LineStatus {
	switch l.State {
	case order.Approved:
		return LineStatus{Step: StepWaiting, Since: l.StateAt}
	case order.InProduction, order.Produced:
	case order.RejectedByReviewer, order.RejectedByCardholder:
		if l.ReturnReason == "" {
			return LineStatus{}
		}
		return LineStatus{Step: StepReturned, Since: l.StateAt}
	default:
		return LineStatus{}
	}
	if len(newest) == 0 {
		return LineStatus{Step: StepWaiting, Since: l.StateAt}
	}
	i := newest[0]
	out := LineStatus{Batch: i.BatchNumber, Tracking: i.Tracking, Attempt: i.Attempt, Address: i.Address}
	switch i.State {
	case Dispatched:
		out.Step, out.Since, out.Number = StepDispatched, i.DispatchedAt, i.Number
	case Produced:
		out.Step, out.Since, out.Number = StepProduced, i.ProducedAt, i.Number
	case Failed:
		out.Step, out.Since = StepFailed, i.FailedAt
	case Returned, Remade:
		out.Step, out.Since = StepReturned, i.FailedAt
	case Reserved, Sent:
		out.Step, out.Since = StepAtBureau, i.SentAt
		if i.BatchState == Open {
			out.Step = StepQueued
		}
		if out.Since.IsZero() {
			out.Since = i.CreatedAt
		}
		if i.Attempt > 1 {
			out.Step = StepAgain
		}
	}
	return out
}

// Patience is how long a bureau may take to accept an order file before people are told.
const Patience = 2 * time.Minute

// Unsent lists the batches that the bureau should have accepted by now, the oldest first, twenty at most.
func (s *Service) Unsent(ctx context.Context, by actor.Actor) ([]Batch, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Batch, error) {
		return db.Rows(tx, scanBatch, selectBatch+`WHERE b.state = 'closed' AND b.closed_at < $1 ORDER BY b.closed_at LIMIT 20`, tx.Now.Add(-Patience))
	})
}

// UnsentFor is how long the oldest closed batch has waited for the bureau to accept it.
func UnsentFor(_ context.Context, tx *db.Tx) (time.Duration, error) {
	closed, err := db.Rows(tx, db.Column[time.Time], `SELECT closed_at FROM batch WHERE state = 'closed' ORDER BY closed_at LIMIT 1`)
	if err != nil || len(closed) == 0 {
		return 0, err
	}
	return max(0, tx.Now.Sub(closed[0])), nil
}
