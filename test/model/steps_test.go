package model

import (
	"slices"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

func dayOf(n int) clock.Date { return clock.Date{Year: 2026, Month: 6, Day: 10 + n} }

// step is one line of a timeline. Made when a counter-example is told, and cheap enough to be made always.
type step struct {
	who, what, result string
	n                 int8 // which of the two: 0 the first order, 1 the replacement's, -1 neither
}

// Commands between reading and writing. Below queue, a kind is a line's event.
const (
	queue uint8 = iota + 40
	queueAgain
	recheck
	handBack
	deliver
	activate
	block
	unblock
	terminate
	suspend
	release
)

type class uint8

const (
	onLine class = iota
	onItem
	onCard
	onCompany
)

func classOf(kind uint8) class {
	switch {
	case kind == deliver:
		return onItem
	case kind >= suspend:
		return onCompany
	case kind >= activate:
		return onCard
	}
	return onLine
}

// byPeople are the events that somebody, or the job about waiting lines, sets off by a command of its own.
var byPeople = []order.Event{
	order.Send, order.Pass, order.Reject, order.Undo, order.Correct, order.Resubmit, order.ReplacePhoto, order.TakeOverName,
	order.Confirm, order.Decline, order.Cancel, order.Lapse,
}

var who = map[order.Event]string{
	order.Send: "orderer", order.Pass: "reviewer", order.Reject: "reviewer", order.Undo: "reviewer", order.Correct: "orderer",
	order.Resubmit: "orderer", order.ReplacePhoto: "orderer", order.TakeOverName: "cardholder", order.Confirm: "cardholder",
	order.Decline: "cardholder", order.Cancel: "orderer", order.Lapse: "job",
}

var cardActions = []card.Action{card.ActionActivate, card.ActionBlock, card.ActionUnblock, card.ActionTerminate, card.ActionReplace}

// engine walks worlds by rules. used are the arrows that were taken.
type engine struct {
	*rules
	lineTo  [16][32]uint8
	itemTo  [16][16]uint8
	cardTo  [8][8][2]uint8
	leaves  struct{ line, item, card [16]bool } // some arrow leads away
	events  []order.Event
	evIndex map[order.Event]uint8
	itIndex map[production.ItemEvent]uint8
	used    map[string]bool
	emit    func(world, step)
}

func newEngine(r *rules) *engine {
	e := &engine{rules: r, events: order.Events(), evIndex: map[order.Event]uint8{}, itIndex: map[production.ItemEvent]uint8{}, used: map[string]bool{}}
	for i, ev := range e.events {
		e.evIndex[ev] = uint8(i)
	}
	for i, ev := range production.ItemEvents() {
		e.itIndex[ev] = uint8(i)
	}
	for _, t := range slices.Backward(r.line) { // the first row counts
		from := index(lineStates, t.From)
		e.lineTo[from][e.evIndex[t.On]], e.leaves.line[from] = index(lineStates, t.To), true
	}
	for _, t := range slices.Backward(r.item) {
		from := index(itemStates, t.From)
		e.itemTo[from][e.itIndex[t.On]], e.leaves.item[from] = index(itemStates, t.To), true
	}
	for s := range cardStates[1:] {
		for a, action := range cardActions {
			for x := range 2 {
				if to, ok := r.cardNext(cardStates[s+1], action, x == 1); ok {
					e.cardTo[s+1][a][x], e.leaves.card[s+1] = index(cardStates, to), true
				}
			}
		}
	}
	return e
}

func (e *engine) lineNext(l line, on order.Event) (uint8, bool) {
	to := e.lineTo[l.state][e.evIndex[on]]
	return to, to != 0
}

func (e *engine) itemNext(i item, on production.ItemEvent) (uint8, bool) {
	to := e.itemTo[i.state][e.itIndex[on]]
	return to, to != 0
}

func (e *engine) cardStep(w *world, n int, kind uint8) (uint8, bool) {
	x := 0
	if w.expired(n) {
		x = 1
	}
	to := e.cardTo[w.cards[n].state][kind-activate][x]
	return to, to != 0
}

// take notes that an arrow was used.
func (e *engine) take(table, from, on string) { e.used[table+" "+from+" "+on] = true }

// successors emits every world that can come next.
func (e *engine) successors(w world) {
	for h := range w.hands {
		if w.hands[h].kind != 0 {
			e.goOn(w, h)
		}
	}
	if w.hands[0].kind == 0 || w.hands[1].kind == 0 {
		e.begin(w)
	}
	e.outside(w)
	if w.hands[0].kind != 0 || w.hands[1].kind != 0 {
		c := w
		for h := range c.hands {
			c.silent = c.silent || c.hands[h].step == unwritten
			c.hands[h] = hand{}
		}
		e.emit(c, step{"process", "dies, and what it was in the middle of with it", "starts again", -1})
	}
}

// begin has somebody read what a command is about.
func (e *engine) begin(w world) {
	for n := range w.lines {
		l := w.lines[n]
		for _, on := range byPeople {
			if _, ok := e.lineNext(l, on); ok && e.sensible(&w, n, on) {
				e.hold(w, hand{kind: e.evIndex[on] + 1, target: uint8(n), from: l.state}, step{who[on], string(on), "reads", int8(n)})
			}
		}
		e.beginQueue(w, n)
		if l.notice && l.is(order.Approved) {
			e.hold(w, hand{kind: recheck, target: uint8(n), from: l.state}, step{"production", "recheck", "reads", int8(n)})
			e.hold(w, hand{kind: handBack, target: uint8(n), from: l.state}, step{"production", "return to the orderer", "reads", int8(n)})
			if e.settles {
				c := w
				c.lines[n].notice = false
				e.emit(c, step{"production", "put the notice away", "ok", int8(n)})
			}
		}
		for k, i := range w.items[n] {
			if i.job {
				e.hold(w, hand{kind: deliver, target: uint8(2*n + k), from: i.batch}, step{"job", "deliver the order file", "reads", int8(n)})
			}
		}
		e.beginCard(w, n)
	}
	if w.hold {
		e.hold(w, hand{kind: release}, step{"officer", "release the company", "reads", -1})
	} else {
		e.hold(w, hand{kind: suspend}, step{"officer", "put the company on hold", "reads", -1})
	}
}

var doers = map[uint8][2]string{activate: {"cardholder", "activate"}, block: {"orderer", "block"}, unblock: {"orderer", "unblock"}, terminate: {"officer", "terminate"}}

func (e *engine) beginCard(w world, n int) {
	if w.cards[n].state == 0 {
		return
	}
	for kind := activate; kind <= terminate; kind++ {
		if _, ok := e.cardStep(&w, n, kind); ok {
			e.hold(w, hand{kind: kind, target: uint8(n), from: w.cards[n].state}, step{doers[kind][0], doers[kind][1], "reads", int8(n)})
		}
	}
}

// beginQueue takes one of the jobs that wait and that no other hand has: a job's transaction takes the job first.
func (e *engine) beginQueue(w world, n int) {
	l, mine := w.lines[n], w.hands[0]
	for _, kind := range []uint8{queue, queueAgain} {
		waits := l.jobs
		if kind == queueAgain {
			waits = 0
			if l.recheck {
				waits = 1
			}
		}
		if e.fence && mine.kind == kind && int(mine.target) == n {
			waits--
		}
		if waits > 0 {
			e.hold(w, hand{kind: kind, target: uint8(n), from: l.state}, step{"job", "order.approved", "reads", int8(n)})
		}
	}
}

// hold puts a command into the free hand.
//
// The other hand, if it holds one, must be about the same kind of thing: two commands about different things don't read what
// the other writes, so one after the other shows everything that both at once can.
func (e *engine) hold(w world, h hand, s step) {
	free := 0
	if w.hands[0].kind != 0 {
		free = 1
		if classOf(w.hands[0].kind) != classOf(h.kind) {
			return
		}
	}
	w.hands[free] = h
	e.emit(w, s)
}

// sensible is what a command asks beside the table.
func (e *engine) sensible(w *world, n int, on order.Event) bool {
	switch on {
	case order.Send:
		if w.expired(n) || n == 1 && (w.lines[0].is(order.Draft) || e.alone) {
			return false
		}
		return !e.duplicate || !w.open(1-n)
	case order.Undo:
		return w.lines[n].undoable
	}
	return true
}

func (w *world) open(n int) bool { return lineStates[w.lines[n].state].Open() }

// touch makes other hands stale that have read what has just been written.
func (w *world) touch(c class, n, self int) {
	for h := range w.hands {
		if o := &w.hands[h]; h != self && o.kind != 0 && classOf(o.kind) == c && (c == onCompany || int(o.target) == n) {
			o.stale = true
		}
	}
}

// unwritten is the step of a command whose journal entry is still to come, where that is a second transaction.
const unwritten = 9

// goOn takes a command's next step.
func (e *engine) goOn(w world, h int) {
	me := w.hands[h]
	n := int(me.target)
	if me.step == unwritten {
		w.hands[h] = hand{}
		e.emit(w, step{"process", "writes the journal", "ok", -1})
		return
	}
	switch classOf(me.kind) {
	case onItem:
		e.goDeliver(w, h)
		return
	case onCompany:
		w.hands[h] = hand{}
		s := step{"officer", "hold or release", "company.changed_meanwhile", -1}
		if !me.stale || !e.revision {
			w.hold, s.result = me.kind == suspend, "ok"
			w.touch(onCompany, 0, h)
		}
		e.emit(w, s)
		return
	case onCard:
		e.goCard(w, h, n)
		return
	}
	switch me.kind {
	case queue, queueAgain:
		e.goQueue(w, h, n)
	case recheck:
		w.hands[h] = hand{}
		s := step{"production", "recheck", "production.not_approved", int8(n)}
		if l := &w.lines[n]; l.notice && l.is(order.Approved) { // the notice is put away first: of two who decide, one has it
			l.notice, l.recheck, s.result = false, true, "ok"
		}
		e.emit(w, s)
	default:
		e.goLine(w, h, n)
	}
}

// refused says that a guarded update would hit nothing.
func (e *engine) refused(me hand, now uint8) bool {
	return e.revision && me.stale || e.state && now != me.from
}

// done ends a command that has written.
func (e *engine) done(w world, h int, s step) {
	w.hands[h] = hand{}
	if !e.journals {
		w.hands[h] = hand{kind: recheck, step: unwritten}
	}
	s.result = "ok"
	e.emit(w, s)
}
