package model

import (
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// goLine writes what somebody decided about a line.
func (e *engine) goLine(w world, h, n int) {
	me, l := w.hands[h], &w.lines[n]
	on := order.ReturnData
	if me.kind != handBack {
		on = e.events[me.kind-1]
	}
	s := step{who[on], string(on), "order.changed", int8(n)}
	if s.who == "" {
		s.who = "production"
	}
	if me.kind == handBack && !l.notice { // the other one who decided has put it away
		w.hands[h], s.result = hand{}, "production.not_approved"
		e.emit(w, s)
		return
	}
	if on == order.Send && e.oneLine && w.open(1-n) {
		w.hands[h], s.result = hand{}, "order.duplicate_line"
		e.emit(w, s)
		return
	}
	if e.refused(me, l.state) {
		w.hands[h] = hand{}
		e.emit(w, s)
		return
	}
	to := e.lineTo[me.from][e.evIndex[on]]
	e.take("line", string(lineStates[me.from]), string(on))
	l.undoable = false
	switch on {
	case order.Pass:
		l.wasSeen, l.undoable = !me.stale, true
	case order.Reject:
		l.undoable = true
	case order.Undo:
		l.wasSeen = false
	case order.Correct, order.Resubmit, order.TakeOverName, order.ReturnData:
		l.wasSaid = false
	case order.ReplacePhoto:
		l.wasSaid, l.wasSeen = false, false
	case order.Confirm:
		l.wasSaid, l.jobs = !me.stale, min(l.jobs+1, 3)
	}
	if me.kind == handBack {
		l.notice = false
	}
	l.state = to
	w.touch(onLine, n, h)
	e.done(w, h, s)
}

// goQueue is the job that takes an approved line into a batch.
func (e *engine) goQueue(w world, h, n int) {
	undone := w
	me, l := w.hands[h], &w.lines[n]
	s := step{"job", "order.approved", "was finished by somebody else", int8(n)}
	if !e.inOne && me.step == 0 {
		l.finish(me.kind)
		w.hands[h].step, s.result = 1, "is finished, its effect is to come"
		e.emit(w, s)
		return
	}
	if e.inOne && !l.finish(me.kind) && e.fence {
		w.hands[h] = hand{}
		e.emit(w, s)
		return
	}
	if me.from != index(lineStates, order.Approved) && e.approved {
		w.hands[h], s.result = hand{}, "nothing to do"
		e.emit(w, s)
		return
	}
	if w.expired(n) {
		l.notice = true
		e.done(w, h, s)
		return
	}
	to, ok := e.lineNext(*l, order.StartProduction)
	if !e.approved && !ok {
		to, ok = index(lineStates, order.InProduction), true
	}
	slot, full := w.place(n)
	if e.takes && e.refused(me, l.state) || !ok || full || e.oneItem && w.liveItem(n) {
		w = undone // and the job is tried again
		w.hands[h], s.result = hand{}, "production.changed"
		e.emit(w, s)
		return
	}
	e.take("line", string(lineStates[me.from]), string(order.StartProduction))
	l.state, l.undoable = to, false
	w.items[n][slot] = fresh(n, slot, l.wasSeen && l.wasSaid)
	w.touch(onLine, n, h)
	e.done(w, h, s)
}

// finish takes a job off those that wait.
func (l *line) finish(kind uint8) bool {
	waited := l.jobs > 0
	if kind == queueAgain {
		waited, l.recheck = l.recheck, false
	} else if waited {
		l.jobs--
	}
	return waited
}

func fresh(n, slot int, right bool) item {
	return item{state: index(itemStates, production.Reserved), number: uint8(1 + 2*n + slot), right: right}
}

// place is where the next item of a line goes.
func (w *world) place(n int) (slot int, full bool) {
	for k, i := range w.items[n] {
		if i.state == 0 {
			return k, false
		}
	}
	return 0, true
}

func (w *world) liveItem(n int) bool {
	for _, i := range w.items[n] {
		if i.live() {
			return true
		}
	}
	return false
}

// goDeliver hands the file over, outside any transaction, and then says so.
func (e *engine) goDeliver(w world, h int) {
	me := w.hands[h]
	n, k := int(me.target)/2, int(me.target)%2
	i := &w.items[n][k]
	s := step{"job", "deliver the order file", "the bureau has it", int8(n)}
	if me.step == 0 && me.from == batchClosed {
		if i.bureau == bureauNothing {
			i.bureau = bureauHas
		}
		w.hands[h].step = 1
		e.emit(w, s)
		return
	}
	w.hands[h] = hand{}
	if e.fence && !i.job {
		s.result = "was finished by somebody else"
		e.emit(w, s)
		return
	}
	i.job = false
	if i.batch == batchClosed {
		i.batch = batchDelivered
		if to, ok := e.itemNext(*i, production.Send); ok {
			e.take("item", string(itemStates[i.state]), string(production.Send))
			i.state = to
		}
	}
	e.settle(i)
	s.result = "is delivered"
	e.emit(w, s)
}

// settle ends a batch of which nothing is owed.
func (e *engine) settle(i *item) {
	unfinished := i.owed() || i.is(production.Produced) || i.is(production.Failed)
	if i.batch == batchDelivered && (!unfinished || !e.owed) {
		i.batch = batchDone
	}
}

// goCard writes what somebody decided about a card.
func (e *engine) goCard(w world, h, n int) {
	me, c := w.hands[h], &w.cards[n]
	s := step{doers[me.kind][0], doers[me.kind][1], "card.changed", int8(n)}
	if !e.commits && me.kind == block && me.step == 0 {
		c.barred, w.hands[h].step, s.result = true, 1, "is answered: blocked"
		e.emit(w, s)
		return
	}
	at := c.state
	c.state = me.from // decided on what was read
	to, ok := e.cardStep(&w, n, me.kind)
	c.state = at
	if e.refused(me, at) || !ok {
		w.hands[h] = hand{}
		e.emit(w, s)
		return
	}
	if me.kind == activate && !e.replace(&w, n) {
		w.hands[h] = hand{}
		e.emit(w, s)
		return
	}
	e.take("card", string(cardStates[me.from]), string(cardActions[me.kind-activate]))
	c.state = to
	switch me.kind {
	case block:
		c.barred = true
	case unblock:
		c.barred = false
	case terminate:
		c.ended = true
	}
	if other := w.cards[1-n]; e.oneActive && c.is(card.Active) && other.is(card.Active) {
		c.state = at
		w.hands[h] = hand{}
		e.emit(w, s)
		return
	}
	w.touch(onCard, n, h)
	e.done(w, h, s)
}

// replace ends the card before.
func (e *engine) replace(w *world, n int) bool {
	if n == 0 || w.cards[0].state == 0 || w.cards[0].is(card.Terminated) || !e.replaces {
		return true
	}
	x := 0
	if w.expired(0) {
		x = 1
	}
	old := &w.cards[0]
	to := e.cardTo[old.state][4][x]
	if to == 0 {
		return false
	}
	e.take("card", string(cardStates[old.state]), string(card.ActionReplace))
	old.state, old.ended = to, true
	w.touch(onCard, 0, -1)
	return true
}
