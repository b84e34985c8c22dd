package model

import (
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// outside is what happens without a command between two steps: days pass, batches close, the bureau works, its receipts
// arrive, get lost and come twice, and a supervisor decides about rejects. Receipts and supervisors lock the batch, so
// each is one step.
func (e *engine) outside(w world) {
	if w.day < 2 {
		c := w
		c.day++
		e.emit(c, step{"clock", "a last day passes", "", -1})
	}
	for n := range w.items {
		for k := range w.items[n] {
			if w.items[n][k].state != 0 {
				e.batch(w, n, k)
				e.bureau(w, n, k)
				e.receipts(w, n, k)
				e.supervisor(w, n, k)
			}
		}
	}
}

func (e *engine) batch(w world, n, k int) {
	i := &w.items[n][k]
	if i.batch == batchOpen {
		c := w
		c.items[n][k].batch, c.items[n][k].job = batchClosed, true
		e.emit(c, step{"job", "close the batch", "ok", int8(n)})
	}
	if !e.asks || i.batch != batchDelivered || !i.owed() && !i.is(production.Produced) {
		return
	}
	c := w
	at := &c.items[n][k]
	s := step{"job", "ask the bureau", "it sends its receipts again", int8(n)}
	switch i.bureau {
	case bureauNothing:
		at.batch, at.job, s.result = batchClosed, true, "it never had the file, which goes again"
	case bureauHas:
		return
	case bureauMade:
		at.air |= airProduced | airDispatched
	default:
		at.air |= airFailed
	}
	e.emit(c, s)
}

// mishap takes one of those that are still to come.
func (w *world) mishap() bool {
	if w.holds == 0 {
		return false
	}
	w.holds--
	return true
}

func (e *engine) bureau(w world, n, k int) {
	set := func(odd bool, what string, to, air uint8) {
		c := w
		if odd && !c.mishap() {
			return
		}
		i := &c.items[n][k]
		i.bureau, i.air = to, i.air|air
		e.emit(c, step{"bureau", what, "", int8(n)})
	}
	switch i := w.items[n][k]; i.bureau {
	case bureauHas:
		set(false, "makes the card and posts it", bureauMade, airProduced|airDispatched)
		if k == 0 { // the last attempt that the model has room for succeeds
			set(true, "spoils the card", bureauSpoiled, airFailed)
			set(true, "can't use the photo or the data", bureauBack, airFailed)
			set(true, "doesn't know what is wrong", bureauAsks, airFailed)
		}
		set(true, "loses the order file", bureauNothing, 0)
	case bureauMade:
		if k == 0 {
			set(true, "says of a card that it made that it failed", bureauMade, airFailed)
		}
	case bureauSpoiled, bureauBack, bureauAsks:
		set(true, "says of a card that failed that it was made", i.bureau, airProduced|airDispatched)
	}
}

var receiptNames = map[uint8]string{airProduced: "receipt: produced", airFailed: "receipt: failed", airDispatched: "receipt: dispatched"}

func (e *engine) receipts(w world, n, k int) {
	for _, bit := range []uint8{airProduced, airFailed, airDispatched} {
		if w.items[n][k].air&bit == 0 {
			continue
		}
		rest := w
		rest.items[n][k].air &^= bit
		e.receive(rest, n, k, bit)
		if again := w; again.mishap() {
			e.receive(again, n, k, bit) // and it comes once more
		}
		if lost := rest; lost.mishap() {
			e.emit(lost, step{"bureau", receiptNames[bit], "gets lost", int8(n)})
		}
	}
}

func (e *engine) receive(w world, n, k int, bit uint8) {
	i, l := &w.items[n][k], &w.lines[n]
	s := step{"bureau", receiptNames[bit], "nothing new, or refused", int8(n)}
	if i.batch == batchOpen {
		e.emit(w, s)
		return
	}
	switch bit {
	case airProduced:
		to, ok := e.itemNext(*i, production.Produce)
		lineTo, may := e.lineNext(*l, order.Produce)
		if !ok || !may || e.oneIssue && w.cards[n].state != 0 {
			break
		}
		e.take("item", string(itemStates[i.state]), string(production.Produce))
		e.take("line", string(lineStates[l.state]), string(order.Produce))
		w.cards[n] = plastic{state: index(cardStates, card.Produced), number: i.number, right: i.right && l.wasSeen && l.wasSaid, twice: w.cards[n].state != 0}
		i.state, l.state, s.result = to, lineTo, "the card exists"
		w.touch(onLine, n, -1)
		if i.kept {
			i.kept = false
			e.dispatch(i)
		}
	case airFailed:
		to, ok := e.itemNext(*i, production.Fail)
		if !ok {
			break
		}
		e.take("item", string(itemStates[i.state]), string(production.Fail))
		i.state, s.result = to, "it failed"
		e.remedy(w, n, k, s)
		return
	case airDispatched:
		if i.owed() {
			i.kept, s.result = true, "kept"
		} else if e.dispatch(i) {
			s.result = "it is in the post"
		}
	}
	e.settle(i)
	e.emit(w, s)
}

func (e *engine) dispatch(i *item) bool {
	to, ok := e.itemNext(*i, production.Dispatch)
	if ok {
		e.take("item", string(itemStates[i.state]), string(production.Dispatch))
		i.state = to
	}
	return ok
}

// remedy is what a reject's code leads to.
func (e *engine) remedy(w world, n, k int, s step) {
	i := &w.items[n][k]
	switch i.bureau {
	case bureauBack:
		s.result = "it failed: back to the orderer"
		e.giveBack(w, n, k, order.ReturnPhoto, s)
		e.giveBack(w, n, k, order.ReturnData, s)
	case bureauAsks:
		e.settle(i)
		s.result = "it failed: a supervisor decides"
		e.emit(w, s)
	default:
		s.result = "it failed: made again"
		e.again(w, n, k, s)
	}
}

func (e *engine) giveBack(w world, n, k int, on order.Event, s step) {
	i, l := &w.items[n][k], &w.lines[n]
	to, ok := e.itemNext(*i, production.GiveBack)
	lineTo, may := e.lineNext(*l, on)
	if !ok || !may {
		return // the transaction is undone
	}
	e.take("item", string(itemStates[i.state]), string(production.GiveBack))
	e.take("line", string(lineStates[l.state]), string(on))
	i.state, l.state, l.undoable = to, lineTo, false
	l.wasSaid = false
	w.touch(onLine, n, -1)
	e.settle(i)
	e.emit(w, s)
}

func (e *engine) again(w world, n, k int, s step) {
	i := &w.items[n][k]
	to, ok := e.itemNext(*i, production.Again)
	slot, full := w.place(n)
	if !ok || full {
		return
	}
	e.take("item", string(itemStates[i.state]), string(production.Again))
	i.state = to
	next := fresh(n, slot, i.right)
	if !e.newNumber {
		next.number = i.number
	}
	w.items[n][slot] = next
	e.settle(i)
	e.emit(w, s)
}

func (e *engine) supervisor(w world, n, k int) {
	if !w.items[n][k].is(production.Failed) {
		return
	}
	e.again(w, n, k, step{"production", "has a failed card made again", "ok", int8(n)})
	s := step{"production", "gives a failed card back to the orderer", "ok", int8(n)}
	e.giveBack(w, n, k, order.ReturnPhoto, s)
	e.giveBack(w, n, k, order.ReturnData, s)
}
