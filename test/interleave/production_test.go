package interleave

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// press is a bureau that takes everything and, asked about it, knows nothing.
type press struct{}

func (press) Deliver(context.Context, production.OrderFile) error { return nil }
func (press) Ask(context.Context, string, []string) error {
	return fault.New(fault.NotFound, "bureau.batch_unknown")
}

// floor is a line in production, with two nodes that take jobs and a second line that comes in between.
type floor struct {
	*cardtest.Kit
	s       *production.Service
	nodes   [2]*job.Runner
	staff   [2]actor.Actor
	h, late cardtest.Holder
	line    order.Line
	item    production.Item
	card    card.Card
}

func newFloor(t *testing.T, s *stage) *floor {
	f := &floor{Kit: cardtest.New(t, s.d), staff: [2]actor.Actor{{Role: actor.Production, Name: "Ivar Holm"}, {Role: actor.Officer, Name: "Maj Ström"}}}
	var err error
	f.s, err = production.New(s.d, press{}, f.Blobs, f.Cards, f.Orders, production.Config{CloseEvery: 24 * time.Hour, AskEvery: 24 * time.Hour}, dbtest.Log(t))
	must(t, err)
	for i := range f.nodes {
		f.nodes[i] = job.NewRunner(s.d, dbtest.Log(t))
		f.s.Register(f.nodes[i])
		must(t, f.nodes[i].Drain(t.Context())) // today's periodic work is done
	}
	f.h, f.late = f.Holder(t, "Piotr", "Wiśniewski"), f.Holder(t, "Sara", "Ekdahl")
	return f
}

func (f *floor) approved(t *testing.T) {
	f.line = f.Line(t, f.h, order.Approved)
	must(t, f.enqueue(t.Context(), f.line))
}

func (f *floor) enqueue(ctx context.Context, l order.Line) error {
	return db.Do(ctx, f.D, func(ctx context.Context, tx *db.Tx) error {
		return job.EnqueueTx(ctx, tx, order.LineApproved{Line: l.ID})
	})
}

func (f *floor) drain(t *testing.T) { must(t, f.nodes[0].Drain(t.Context())) }

func (f *floor) reserved(t *testing.T) {
	f.approved(t)
	f.drain(t)
	f.read(t)
}

func (f *floor) closed(t *testing.T) {
	f.reserved(t)
	must(t, f.s.CloseOpen(t.Context()))
}

func (f *floor) sent(t *testing.T) {
	f.closed(t)
	f.drain(t)
}

// read loads the line's newest item.
func (f *floor) read(t *testing.T) {
	batches, _, err := f.s.Batches(t.Context(), f.staff[0], "", 10)
	must(t, err)
	for _, b := range batches {
		v, err := f.s.Batch(t.Context(), f.staff[0], b.ID)
		must(t, err)
		for _, i := range v.Items {
			if i.Line == f.line.ID && i.Attempt > f.item.Attempt {
				f.item = i
			}
		}
	}
}

func (f *floor) gets(t *testing.T, r production.Receipt) {
	out, err := f.s.Receive(t.Context(), []production.Receipt{r})
	must(t, err)
	if out[0].Result != production.Applied {
		t.Fatal(out)
	}
}

func (f *floor) receipt(id, kind, detail string) production.Receipt {
	r := production.Receipt{ID: id, Batch: f.item.BatchNumber, CardID: f.item.ID.String(), Kind: kind, At: time.Unix(1_800_000_000, 0)}
	switch kind {
	case production.ReceiptProduced:
		r.ChipUID = detail
	case production.ReceiptFailed:
		r.RejectCode = detail
	case production.ReceiptDispatched:
		r.Tracking = detail
	}
	return r
}

func (f *floor) commands() []command {
	receive := func(name, id, kind, detail string) command {
		// Nobody waits for the answer: what becomes of a receipt stands beside it.
		return command{name: name, quiet: true, do: func(ctx context.Context, _ int) error {
			return second(f.s.Receive(ctx, []production.Receipt{f.receipt(id, kind, detail)}))
		}}
	}
	cmd := func(name string, do func(ctx context.Context, who int) error) command {
		return command{name: name, do: do}
	}
	own := func(name string, do func(ctx context.Context, who int) error) command {
		return command{name: name, do: do, quiet: true}
	}
	return []command{
		{name: "take jobs", quiet: true, series: true, do: func(ctx context.Context, who int) error { return f.nodes[who].Drain(ctx) }},
		own("close the batch", func(ctx context.Context, _ int) error { return f.s.CloseOpen(ctx) }),
		own("ask the bureau", func(ctx context.Context, _ int) error { return f.s.AskOverdue(ctx) }),
		receive("receipt: produced", "r1", production.ReceiptProduced, "04A1"),
		receive("receipt: produced, another", "r2", production.ReceiptProduced, "04A2"),
		receive("receipt: jam", "r3", production.ReceiptFailed, "JAM"),
		receive("receipt: wrong photo", "r4", production.ReceiptFailed, "PHOTO_WRONG"),
		receive("receipt: unheard of", "r5", production.ReceiptFailed, "GREMLIN"),
		receive("receipt: posted", "r6", production.ReceiptDispatched, "RR473124829SE"),
		cmd("make again", func(ctx context.Context, who int) error { return f.s.Remake(ctx, f.staff[who], f.item.ID) }),
		cmd("give back", func(ctx context.Context, who int) error {
			return f.s.ReturnToOrderer(ctx, f.staff[who], f.item.ID, "Ny bild, tack.")
		}),
		cmd("look again", func(ctx context.Context, who int) error { return f.s.Recheck(ctx, f.staff[who], f.line.ID) }),
		cmd("give back what is incomplete", func(ctx context.Context, who int) error { return f.s.ReturnIncomplete(ctx, f.staff[who], f.line.ID) }),
		cmd("activate", func(ctx context.Context, _ int) error {
			if f.card.ID == (card.ID{}) {
				return fault.New(fault.NotFound, "card.unknown")
			}
			return second(f.Cards.Activate(ctx, f.h.Actor, f.card.ID, f.card.Number.LastSix(), time.Now()))
		}),
		cmd("terminate", func(ctx context.Context, _ int) error {
			if f.card.ID == (card.ID{}) {
				return fault.New(fault.NotFound, "card.unknown")
			}
			return second(f.Cards.Terminate(ctx, f.Orderer, f.card.ID, f.card.Revision, card.ReasonLost, ""))
		}),
	}
}

var floorFacts = []string{
	`SELECT 'line ' || state || ' ' || revision || ' ' || return_reason FROM order_line ORDER BY id`,
	`SELECT 'batch ' || number || ' ' || state || ' ' || size || ' ' || asked FROM batch ORDER BY number`,
	`SELECT 'item ' || b.number || ' ' || i.attempt || ' ' || i.state || ' ' || i.revision || ' ' || i.reject_code || ' ' || i.chip_uid || ' ' || i.tracking || ' ' ||
		CASE WHEN i.artwork_id IS NULL THEN 'bare' ELSE 'drawn' END FROM batch_item i JOIN batch b ON b.id = i.batch_id ORDER BY 1`,
	`SELECT 'card ' || state || ' ' || revision || ' ' || chip_uid || ' ' || tracking FROM card ORDER BY 1`,
	`SELECT 'numbers ' || count(*) || ' used ' || count(card_id) FROM card_number`,
	`SELECT 'PINs ' || count(*) FROM card_pin`,
	`SELECT 'receipt ' || id || ' ' || result || ' ' || why FROM receipt ORDER BY id`,
	`SELECT 'notice ' || kind || ' ' || why || ' ' || receipt_id || ' ' || CASE WHEN settled_at IS NULL THEN 'open' ELSE 'settled' END FROM production_notice ORDER BY 1`,
	`SELECT 'job ' || kind || ' ' || state FROM job ORDER BY 1`,
	`SELECT 'journal ' || kind || ' ' || reason || ' ' || actor_role FROM journal_entry ORDER BY 1`,
	`SELECT 'mail ' || template || ' ' || audience || ' ' || state FROM mail ORDER BY 1`,
	`SELECT 'blobs ' || count(*) FROM blob`,
}

// facts runs queries without parameters.
func facts(queries []string) func(tx *db.Tx) ([]string, error) {
	return func(tx *db.Tx) ([]string, error) {
		var out []string
		for _, q := range queries {
			found, err := db.Rows(tx, db.Column[string], q)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
		return out, nil
	}
}

var floorScenes = map[string]func(t *testing.T, f *floor){
	"approved": func(t *testing.T, f *floor) { f.approved(t) },
	"in an open batch": func(t *testing.T, f *floor) {
		f.reserved(t)
		must(t, f.enqueue(t.Context(), f.Line(t, f.late, order.Approved)))
	},
	"in a closed batch":    func(t *testing.T, f *floor) { f.closed(t) },
	"at the bureau":        func(t *testing.T, f *floor) { f.sent(t) },
	"silent at the bureau": func(t *testing.T, f *floor) { f.sent(t); must(t, f.D.Clock().Advance(25*time.Hour)) },
	"posted before it is made": func(t *testing.T, f *floor) {
		f.sent(t)
		must(t, second(f.s.Receive(t.Context(), []production.Receipt{f.receipt("r0", production.ReceiptDispatched, "RR473124829SE")})))
	},
	"failed": func(t *testing.T, f *floor) {
		f.sent(t)
		f.gets(t, f.receipt("r0", production.ReceiptFailed, "GREMLIN"))
	},
	"made": func(t *testing.T, f *floor) {
		f.sent(t)
		f.gets(t, f.receipt("r0", production.ReceiptProduced, "04A1"))
		c, err := db.Read(t.Context(), f.D, func(ctx context.Context, tx *db.Tx) (card.Card, error) { return card.ByLineTx(ctx, tx, f.line.ID) })
		must(t, err)
		f.card = c
	},
	"incomplete": func(t *testing.T, f *floor) {
		f.line = f.Line(t, f.h, order.Approved)
		must(t, db.Do(t.Context(), f.D, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE order_line SET valid_until = '2020-01-01' WHERE id = $1`, f.line.ID)
			return err
		}))
		must(t, f.enqueue(t.Context(), f.line))
		f.drain(t)
	},
}

// floorShort are the scenes that always run.
var floorShort = []string{"in an open batch", "at the bureau", "failed", "incomplete"}

func TestFloor(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		for name, make := range floorScenes {
			t.Run(engine+"/"+pathOf(name), func(t *testing.T) {
				t.Parallel()
				if os.Getenv("KV_INTERLEAVE") == "" && (engine == dbtest.SQLite || !slices.Contains(floorShort, name)) {
					t.Skip("batches with drawings take long: KV_INTERLEAVE=all")
				}
				s := newStage(t, engine)
				f := newFloor(t, s)
				make(t, f)
				sc := &scene{name: "floor " + name, stage: s, show: facts(floorFacts)}
				sc.commands = f.commands()
				sc.run(t, engine)
			})
		}
	}
}
