package interleave

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/photo"
)

var floorStaff = actor.System("production")

// lines is a line with everybody who can do something with it.
type lines struct {
	*ordertest.Kit
	h, other ordertest.Holder
	line     order.Line
	sign     eid.ID
}

// claimed is written in another way than proven, so that the name can be taken over.
func newLines(t *testing.T, s *stage) *lines {
	w := &lines{Kit: ordertest.New(t, s.d)}
	w.h, w.other = w.Holder(t, "Jonas", "Petraitis"), w.Holder(t, "Nadja", "Berg")
	return w
}

func (w *lines) who() order.Who { return ordertest.Who("Jonas", "Petráitis", w.h.Number) }

func (w *lines) advance(t *testing.T, d time.Duration) {
	if err := w.DB.Clock().Advance(d); err != nil {
		t.Fatal(err)
	}
}

func second[T any](_ T, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// join puts the proof on the line, and has what an approval needs ready.
func (w *lines) join(t *testing.T) {
	must(t, second(w.Orders.Contact(t.Context(), w.h.Actor, w.line.ID, ordertest.Contact())))
	w.line = w.Line(t, w.line.ID)
}

func (w *lines) signed(t *testing.T) {
	w.sign = w.Sign(t, w.h, w.line)
	w.line = w.Line(t, w.line.ID)
}

// model is what the tables of states say of a line.
type model struct {
	state    order.State
	revision int64
	told     bool // the cardholder was written to within the hour
	decided  int  // who decided just now, -1: nobody
	data     bool // it was rejected for its data
	renumber bool // it is somebody else's number now
	spelled  bool // the proof spells the name in another way
	signed   bool
	lapses   bool
}

// move is one of a line's commands.
type move struct {
	command
	on    func(m model) order.Event // "": it moves nothing
	bound bool                      // the page's revision is named
	may   func(m model, who int) bool
	then  func(m *model, who int)
}

func always(e order.Event) func(model) order.Event { return func(model) order.Event { return e } }

func (w *lines) moves() []move {
	s := w.Orders
	id := func() order.ID { return w.line.ID }
	rev := func() int64 { return w.line.Revision }
	reviewer := func(who int) actor.Actor { return []actor.Actor{w.Reviewer, w.Reviewer2}[who] }
	stepTx := func(ctx context.Context, fn func(ctx context.Context, tx *db.Tx) (order.Line, error)) error {
		return second(db.Write(ctx, w.DB, fn))
	}
	his := func(m model, _ int) bool { return !m.renumber }
	cmd := func(name string, do func(ctx context.Context, who int) error) command {
		return command{name: name, do: do}
	}
	return []move{
		{
			command: cmd("pass", func(ctx context.Context, who int) error { return second(s.Pass(ctx, reviewer(who), id(), rev())) }),
			on:      always(order.Pass), bound: true, then: func(m *model, who int) { m.decided, m.told = who, true },
		},
		{command: cmd("reject photo", func(ctx context.Context, who int) error {
			return second(s.Reject(ctx, reviewer(who), id(), rev(), []string{"photo_light"}, ""))
		}), on: always(order.Reject), bound: true, then: func(m *model, who int) { m.decided, m.data = who, false }},
		{command: cmd("reject data", func(ctx context.Context, who int) error {
			return second(s.Reject(ctx, reviewer(who), id(), rev(), []string{"data_name"}, ""))
		}), on: always(order.Reject), bound: true, then: func(m *model, who int) { m.decided, m.data = who, true }},
		{
			command: cmd("undo", func(ctx context.Context, _ int) error { return second(s.Undo(ctx, w.Reviewer, id())) }),
			on:      always(order.Undo), may: func(m model, _ int) bool { return m.decided == 0 },
		},
		{command: cmd("correct", func(ctx context.Context, _ int) error {
			who := w.line.AsTyped()
			who.Phone = "070-174 06 07"
			return second(s.Correct(ctx, w.Orderer, id(), rev(), who))
		}), on: corrects, bound: true, then: corrected},
		{command: cmd("correct number", func(ctx context.Context, _ int) error {
			who := w.line.AsTyped()
			who.PersonalNumber, who.BirthDate = w.other.Number.Long(), ""
			return second(s.Correct(ctx, w.Orderer, id(), rev(), who))
		}), on: corrects, bound: true, then: func(m *model, who int) { corrected(m, who); m.renumber, m.spelled = true, false }},
		{command: cmd("replace photo", func(ctx context.Context, who int) error {
			return second(s.ReplacePhoto(ctx, w.Orderer, id(), rev(), ordertest.Picture(1+who), photo.Crop{}))
		}), on: always(order.ReplacePhoto), bound: true},
		{
			command: cmd("take over name", func(ctx context.Context, _ int) error { return second(s.TakeOverName(ctx, w.h.Actor, id(), rev())) }),
			on:      always(order.TakeOverName), bound: true, may: func(m model, _ int) bool { return m.spelled && !m.renumber },
			then: func(m *model, _ int) { m.spelled = false },
		},
		{
			command: cmd("confirm", func(ctx context.Context, _ int) error {
				return second(s.Confirm(ctx, w.h.Actor, id(), rev(), w.sign, ordertest.Browser))
			}), on: always(order.Confirm), bound: true, may: func(m model, _ int) bool { return !m.renumber && w.sign != eid.ID{} },
			then: func(m *model, _ int) { m.signed = true },
		},
		{command: cmd("decline", func(ctx context.Context, _ int) error {
			return second(s.RejectByCardholder(ctx, w.h.Actor, id(), rev(), "fel namn"))
		}), on: always(order.Decline), bound: true, may: his},
		{command: cmd("contact", func(ctx context.Context, who int) error {
			c := ordertest.Contact()
			c.Street = fmt.Sprintf("Nygatan %d", 1+who)
			return second(s.Contact(ctx, w.h.Actor, id(), c))
		}), may: his},
		{
			command: cmd("cancel", func(ctx context.Context, _ int) error { return second(s.Cancel(ctx, w.Orderer, id(), rev())) }),
			on:      always(order.Cancel), bound: true,
		},
		{
			command: cmd("remind", func(ctx context.Context, _ int) error { return s.Remind(ctx, w.Orderer, id()) }),
			may:     func(m model, _ int) bool { return m.state == order.AwaitingCardholder && !m.told }, then: func(m *model, _ int) { m.told = true },
		},
		{
			command: command{name: "what is due", do: func(ctx context.Context, _ int) error { return s.Due(ctx) }, quiet: true},
			on: func(m model) order.Event {
				if m.lapses && m.state.Waiting() {
					return order.Lapse
				}
				return ""
			},
		},
		{command: cmd("start production", func(ctx context.Context, _ int) error {
			return stepTx(ctx, func(ctx context.Context, tx *db.Tx) (order.Line, error) {
				return s.StartProductionTx(ctx, tx, floorStaff, id())
			})
		}), on: always(order.StartProduction)},
		{command: cmd("produced", func(ctx context.Context, _ int) error {
			return stepTx(ctx, func(ctx context.Context, tx *db.Tx) (order.Line, error) {
				return s.ProducedTx(ctx, tx, floorStaff, id())
			})
		}), on: always(order.Produce)},
		{command: cmd("back for photo", func(ctx context.Context, _ int) error {
			return stepTx(ctx, func(ctx context.Context, tx *db.Tx) (order.Line, error) {
				return s.BackToOrdererTx(ctx, tx, floorStaff, id(), order.ReturnPhotoWrong, "")
			})
		}), on: always(order.ReturnPhoto), then: func(m *model, _ int) { m.signed = false }},
		{command: cmd("back for data", func(ctx context.Context, _ int) error {
			return stepTx(ctx, func(ctx context.Context, tx *db.Tx) (order.Line, error) {
				return s.BackToOrdererTx(ctx, tx, floorStaff, id(), order.ReturnDataMismatch, "")
			})
		}), on: always(order.ReturnData), then: func(m *model, _ int) { m.signed = false }},
	}
}

func corrects(m model) order.Event {
	if m.state == order.RejectedByReviewer && m.data {
		return order.Resubmit
	}
	return order.Correct
}

func corrected(m *model, _ int) {
	if m.state == order.AwaitingCardholder {
		m.told = true
	}
}

// accept does a move in the model, and says whether it is done. seen is the revision that the page showed.
func (m *model) accept(v move, who int, seen int64) bool {
	if v.name == "confirm" && m.signed && !m.renumber && !m.state.Waiting() && m.state != order.Cancelled {
		return true // safe to call again
	}
	if v.may != nil && !v.may(*m, who) {
		return false
	}
	if v.on == nil || v.on(*m) == "" {
		if v.then != nil {
			v.then(m, who)
		}
		return true
	}
	to, err := order.Next(m.state, v.on(*m))
	if err != nil || v.bound && m.revision != seen {
		return false
	}
	m.state, m.decided = to, -1
	m.revision++
	if v.then != nil {
		v.then(m, who)
	}
	return true
}

// showLine are the facts about a line.
func showLine(id order.ID) func(tx *db.Tx) ([]string, error) {
	return func(tx *db.Tx) ([]string, error) {
		var out []string
		for _, q := range []string{
			`SELECT state || ' ' || revision || ' ' || given_name || ' ' || surname || ' ' || phone || ' ' || personal_number_hash || ' ' || photo_sha256 || ' ' ||
				review_outcome || ' ' || review_reasons || ' ' || reviewed_by_name || ' ' || match_level || ' ' || reject_reason || ' ' || return_reason || ' ' ||
				cancel_reason || ' ' || coalesce(evidence, '-') || ' ' || coalesce(person, '-') || ' ' || attempts || ' ' || reminded || ' ' || changed || ' ' || untold || ' ' ||
				coalesce(told_at, 0) || ' ' || coalesce(due_at, 0) FROM order_line WHERE id = $1`,
			`SELECT 'journal ' || kind || ' ' || actor_name || ' ' || reason || ' ' || data FROM journal_entry WHERE line_id = $1 ORDER BY 1`,
			`SELECT 'job ' || kind || ' ' || state || ' ' || run_at FROM job WHERE $1 <> '' ORDER BY 1`,
			`SELECT 'mail ' || template || ' ' || audience || ' ' || state || ' ' || cancel_key || ' ' || not_before FROM mail WHERE line_id = $1 ORDER BY 1`,
			`SELECT 'person ' || given_name || ' ' || surname || ' ' || street || ' ' || revision FROM person WHERE $1 <> '' ORDER BY 1`,
			`SELECT 'signature ' || state FROM eid_transaction WHERE $1 <> '' ORDER BY 1`,
			`SELECT 'pictures ' || count(*) FROM blob WHERE $1 <> ''`,
		} {
			facts, err := db.Rows(tx, db.Column[string], q, id)
			if err != nil {
				return nil, err
			}
			out = append(out, facts...)
		}
		return out, nil
	}
}

// lineScenes are the states of a line, each reached as people reach it.
var lineScenes = map[string]func(t *testing.T, w *lines) model{
	"ordered": func(t *testing.T, w *lines) model {
		w.line = w.Ordered(t, w.who())
		w.join(t)
		return model{spelled: true}
	},
	"rejected for its photo": func(t *testing.T, w *lines) model {
		w.line = w.Ordered(t, w.who())
		w.join(t)
		must(t, second(w.Orders.Reject(t.Context(), w.Reviewer, w.line.ID, w.line.Revision, []string{"photo_eyes"}, "")))
		return model{spelled: true, decided: 1}
	},
	"rejected for its data": func(t *testing.T, w *lines) model {
		w.line = w.Ordered(t, w.who())
		w.join(t)
		must(t, second(w.Orders.Reject(t.Context(), w.Reviewer, w.line.ID, w.line.Revision, []string{"data_name"}, "")))
		return model{spelled: true, decided: 1, data: true}
	},
	"just passed": func(t *testing.T, w *lines) model {
		w.line = w.Awaiting(t, w.who())
		w.signed(t)
		return model{spelled: true, decided: 1, told: true}
	},
	"awaiting for three days": func(t *testing.T, w *lines) model {
		w.line = w.Awaiting(t, w.who())
		w.advance(t, 73*time.Hour)
		w.signed(t)
		return model{spelled: true}
	},
	"awaiting for too long": func(t *testing.T, w *lines) model {
		w.line = w.Awaiting(t, w.who())
		w.advance(t, order.LapseAfter-order.LapseNotice+time.Hour)
		must(t, w.Orders.Due(t.Context()))
		w.advance(t, order.LapseNotice+time.Hour)
		w.signed(t)
		return model{spelled: true, lapses: true}
	},
	"declined": func(t *testing.T, w *lines) model {
		w.line = w.Awaiting(t, w.who())
		w.join(t)
		must(t, second(w.Orders.RejectByCardholder(t.Context(), w.h.Actor, w.line.ID, w.line.Revision, "fel")))
		return model{spelled: true, told: true}
	},
	"approved": func(t *testing.T, w *lines) model {
		w.line = w.Approved2(t)
		return model{spelled: true, told: true, signed: true}
	},
	"in production": func(t *testing.T, w *lines) model {
		w.line = w.Approved2(t)
		must(t, second(db.Write(t.Context(), w.DB, func(ctx context.Context, tx *db.Tx) (order.Line, error) {
			return w.Orders.StartProductionTx(ctx, tx, floorStaff, w.line.ID)
		})))
		return model{spelled: true, told: true, signed: true}
	},
}

// Approved2 is a line whose holder has signed.
func (w *lines) Approved2(t *testing.T) order.Line {
	l := w.Awaiting(t, w.who())
	w.sign = w.Sign(t, w.h, l)
	l, err := w.Orders.Confirm(t.Context(), w.h.Actor, l.ID, l.Revision, w.sign, ordertest.Browser)
	must(t, err)
	return l
}

func TestLine(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		for name, make := range lineScenes {
			t.Run(engine+"/"+pathOf(name), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, engine)
				w := newLines(t, s)
				start := make(t, w)
				w.line = w.Line(t, w.line.ID)
				start.state, start.revision, start.decided = w.line.State, w.line.Revision, start.decided-1
				sc := &scene{name: "line " + name, stage: s, show: showLine(w.line.ID)}
				byName := map[string]move{}
				for _, v := range w.moves() {
					sc.commands = append(sc.commands, v.command)
					byName[v.name] = v
				}
				sc.expect = func(a, b command, who int) (bool, bool, string) {
					m := start
					ok1 := m.accept(byName[a.name], who, start.revision)
					ok2 := m.accept(byName[b.name], 1-who, start.revision)
					return ok1, ok2, fmt.Sprintf("%s %d ", m.state, m.revision)
				}
				sc.run(t, engine)
			})
		}
	}
}
