package model

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"
)

// commands are what a history is made of. "forward" does what is next for a line, so that histories come far.
func (w *walk) commands() map[string]func(*rapid.T) {
	all := map[string]func(*rapid.T){
		"order": func(*rapid.T) { w.order() },
		"review": func(rt *rapid.T) {
			i, l := w.unfinished()
			w.review(i, l, w.seen(l.rev), rapid.IntRange(0, 2).Draw(rt, "by"), rapid.IntRange(0, 2).Draw(rt, "decision"))
		},
		"undo": func(rt *rapid.T) {
			i, l := w.unfinished()
			by := rapid.IntRange(0, 1).Draw(rt, "by")
			w.step(fmt.Sprint("undo ", i), func() string { return w.ref.undoReview(l, by) }, func(r *rig) string {
				return r.code(only(r.Orders.Undo(r.t.Context(), r.reviewer(by, i), r.lines[i])))
			})
		},
		"correct": func(rt *rapid.T) {
			i, l := w.unfinished()
			w.correct(i, l, !w.rarely("foreign"), w.seen(l.rev), rapid.IntRange(0, 3).Draw(rt, "what"))
		},
		"photo": func(*rapid.T) {
			i, l := w.unfinished()
			own, rev := !w.rarely("foreign"), w.seen(l.rev)
			w.step(fmt.Sprint("photo ", i, " own ", own, " at ", rev), func() string { return w.ref.newPhoto(l, own, rev) },
				func(r *rig) string { return r.code(r.photo(i, own, int64(rev))) })
		},
		"cancel": func(*rapid.T) {
			i, l := w.unfinished()
			own, rev := !w.rarely("foreign"), w.seen(l.rev)
			if !w.rarely("really") {
				w.rt.Skip() // it ends too much
			}
			w.step(fmt.Sprint("cancel ", i, " own ", own, " at ", rev), func() string { return w.ref.cancel(l, own, rev) }, func(r *rig) string {
				return r.code(only(r.Orders.Cancel(r.t.Context(), r.orderer(own), r.lines[i], int64(rev))))
			})
		},
		"takeover": func(*rapid.T) {
			i, l := w.unfinished()
			his, rev := !w.rarely("other"), w.seen(l.rev)
			w.step(fmt.Sprint("takeover ", i, " his ", his, " at ", rev), func() string { return w.ref.takeOver(l, his, rev) }, func(r *rig) string {
				return r.code(only(r.Orders.TakeOverName(r.t.Context(), r.holders[whose(l, his)].Actor, r.lines[i], int64(rev))))
			})
		},
		"sign": func(*rapid.T) {
			i, l := w.unfinished()
			w.sign(i, l, !w.rarely("other"), w.seen(l.rev))
		},
		"decline": func(*rapid.T) {
			i, l := w.unfinished()
			his, rev := !w.rarely("other"), w.seen(l.rev)
			w.step(fmt.Sprint("decline ", i, " his ", his, " at ", rev), func() string { return w.ref.decline(l, his, rev) }, func(r *rig) string {
				return r.code(only(r.Orders.RejectByCardholder(r.t.Context(), r.holders[whose(l, his)].Actor, r.lines[i], int64(rev), "fel")))
			})
		},
		"time": func(rt *rapid.T) {
			w.pass(rapid.SampledFrom(spans).Draw(rt, "time"))
		},
		"due":        func(*rapid.T) { w.due() },
		"work":       func(*rapid.T) { w.work() },
		"close":      func(*rapid.T) { w.closeBatch() },
		"notice":     func(rt *rapid.T) { w.notice(rapid.Bool().Draw(rt, "recheck")) },
		"receipt":    func(rt *rapid.T) { w.anyReceipt(rt) },
		"receipts":   func(rt *rapid.T) { w.anyReceipt(rt) },
		"again":      func(*rapid.T) { w.sameReceipt() },
		"elsewhere":  func(*rapid.T) { w.strayReceipt() },
		"supervisor": func(rt *rapid.T) { w.supervisor(rapid.Bool().Draw(rt, "again")) },
		"activate":   func(*rapid.T) { i, l := w.card(); w.activate(i, l, !w.rarely("wrong"), !w.rarely("old")) },
		"pin":        func(*rapid.T) { w.pin() },
		"card":       func(rt *rapid.T) { w.change(rt) },
		"cards":      func(rt *rapid.T) { w.change(rt) },
		"hold": func(rt *rapid.T) {
			on := rapid.Bool().Draw(rt, "on")
			w.step(fmt.Sprint("hold ", on), func() string { return w.ref.hold(on) }, func(r *rig) string { return r.code(r.hold(on)) })
		},
		"shut": func(*rapid.T) {
			if !w.rarely("really") || !w.rarely("for good") {
				w.rt.Skip()
			}
			w.step("shut", w.ref.shutDown, func(r *rig) string { return r.code(only(r.Companies.Close(r.t.Context(), r.boss, r.firm.ID, ""))) })
		},
	}
	for n := range 8 { // as likely as eight others
		all[fmt.Sprint("forward ", n)] = func(*rapid.T) { w.forward(w.line()) }
	}
	return all
}

// head brings a first line some way, so that histories begin everywhere.
func (w *walk) head() {
	steps := rapid.IntRange(0, 9).Draw(w.rt, "head")
	if steps == 0 {
		return
	}
	w.order()
	for range steps - 1 {
		w.forward(0, w.ref.lines[0])
	}
}

// spans are the times that pass: within the time to undo and after it, a day, a validity, a notice.
var spans = []time.Duration{time.Second, time.Minute, time.Minute, 24 * time.Hour, 24 * time.Hour, 25 * 24 * time.Hour, 85 * 24 * time.Hour}

// whose is the cardholder of a line, or the other one.
func whose(l *refLine, his bool) int {
	if his {
		return l.who
	}
	return 1 - l.who
}

func (w *walk) order() {
	who, names := rapid.IntRange(0, 1).Draw(w.rt, "who"), rapid.Bool().Draw(w.rt, "replaces")
	replaces := -1
	if names {
		replaces = w.ref.live(who)
	}
	w.step(fmt.Sprint("order for ", who, " replaces ", replaces), func() string { return w.ref.send(who, replaces) },
		func(r *rig) string { return r.code(r.send(who, replaces)) })
}

// forward does what comes next on the way to an active card.
func (w *walk) forward(i int, l *refLine) {
	switch l.state {
	case "ordered":
		w.review(i, l, l.rev, 0, 0)
	case "awaiting_cardholder":
		w.sign(i, l, true, l.rev)
	case "approved":
		w.work()
	case "in_production":
		k := len(l.items) - 1
		switch b := w.ref.batches[l.items[k].batch]; b.state {
		case "open":
			w.closeBatch()
		case "closed":
			w.work()
		default:
			w.receipt(i, l, k, "produced", "", false)
		}
	case "produced":
		if l.card.state == "produced" && w.ref.stopped(l.card) == "" {
			w.activate(i, l, true, true)
		} else {
			w.order()
		}
	case "rejected_by_reviewer", "rejected_by_cardholder":
		w.correct(i, l, true, l.rev, 3)
	default:
		w.order()
	}
}

// correct: 0 nothing, 1 another address, 2 a wrong name, 3 the right name.
func (w *walk) correct(i int, l *refLine, own bool, rev, what int) {
	w.step(fmt.Sprint("correct ", i, " what ", what, " own ", own, " at ", rev), func() string { return w.ref.correct(l, own, rev, what) },
		func(r *rig) string { return r.code(r.correct(i, own, int64(rev), what, l.who)) })
}

// review: 0 passes, 1 rejects the photo, 2 the data.
func (w *walk) review(i int, l *refLine, rev, by, decision int) {
	w.step(fmt.Sprint("review ", i, " decision ", decision, " by ", by, " at ", rev), func() string { return w.ref.judgeLine(l, rev, by, decision == 0, decision == 2) },
		func(r *rig) string {
			who := r.reviewer(by, i)
			if decision == 0 {
				return r.code(only(r.Orders.Pass(r.t.Context(), who, r.lines[i], int64(rev))))
			}
			return r.code(only(r.Orders.Reject(r.t.Context(), who, r.lines[i], int64(rev), []string{[]string{"photo_light", "data_name"}[decision-1]}, "")))
		})
}

func (w *walk) sign(i int, l *refLine, his bool, rev int) {
	w.step(fmt.Sprint("sign ", i, " his ", his, " at ", rev), func() string { return w.ref.sign(l, his, rev) },
		func(r *rig) string { return r.code(r.sign(i, whose(l, his), int64(rev))) })
}

func (w *walk) pass(d time.Duration) {
	w.step(fmt.Sprint("time ", d), func() string { w.ref.now += d; return "" }, func(r *rig) string { return r.code(r.clock.Advance(d)) })
}

func (w *walk) due() {
	w.step("due", func() string { w.ref.due(); return "" }, func(r *rig) string { return r.code(r.Orders.Due(r.t.Context())) })
}

func (w *walk) work() {
	w.step("work", func() string { w.ref.work(); return "" }, func(r *rig) string { r.work(); return "" })
}

func (w *walk) closeBatch() {
	w.step("close", func() string { w.ref.closeBatch(); return "" }, func(r *rig) string { return r.code(r.closeBatch()) })
}

func (w *walk) notice(again bool) {
	i, l := w.line()
	w.step(fmt.Sprint("notice ", i, " recheck ", again), func() string {
		if again {
			return w.ref.recheck(l)
		}
		return w.ref.giveUp(l)
	}, func(r *rig) string {
		if again {
			return r.code(r.made.Recheck(r.t.Context(), r.staff, r.lines[i]))
		}
		return r.code(r.made.ReturnIncomplete(r.t.Context(), r.staff, r.lines[i]))
	})
}

// item draws a line that has been in a batch, and one of its items.
func (w *walk) item() (int, *refLine, int) {
	i, l := w.line()
	if len(l.items) == 0 {
		w.rt.Skip()
	}
	return i, l, rapid.IntRange(0, len(l.items)-1).Draw(w.rt, "item")
}

func (w *walk) anyReceipt(rt *rapid.T) {
	i, l, k := w.item()
	kind := rapid.SampledFrom([]string{"produced", "failed", "dispatched"}).Draw(rt, "kind")
	code := rapid.SampledFrom([]string{"JAM", "JAM", "PHOTO_WRONG", "DATA_MISMATCH", "NEW_CODE"}).Draw(rt, "code")
	w.receipt(i, l, k, kind, code, w.rarely("chip"))
}

func (w *walk) receipt(i int, l *refLine, k int, kind, code string, otherChip bool) {
	if kind == "produced" && l.items[k].state != "produced" && l.items[k].state != "dispatched" {
		otherChip = false // the first one says which it is
	}
	w.step(fmt.Sprint("receipt ", i, " item ", k, " ", kind, " ", code, " other ", otherChip), func() string { return w.ref.receipt(l, l.items[k], kind, code, otherChip) },
		func(r *rig) string { return r.receipt(i, k, kind, code, otherChip) })
}

func (w *walk) sameReceipt() {
	if w.rigs[0].lastReceipt.ID == "" {
		w.rt.Skip()
	}
	w.step("again", func() string { return "repeated " }, func(r *rig) string { return r.give(r.lastReceipt) })
}

// strayReceipt is one for a batch that the card isn't in.
func (w *walk) strayReceipt() {
	i, _, k := w.item()
	w.step(fmt.Sprint("elsewhere ", i), func() string { w.ref.notices++; return "unknown_card " }, func(r *rig) string {
		it := r.items(i)[k]
		p := r.lastReceipt
		p.ID, p.Batch, p.CardID, p.Kind, p.ChipUID = "stray "+it.id+fmt.Sprint(w.steps), "99-9999", it.id, "dispatched", ""
		return r.give(p)
	})
}

func (w *walk) supervisor(again bool) {
	i, l, k := w.item()
	w.step(fmt.Sprint("supervisor ", i, " item ", k, " again ", again), func() string { return w.ref.supervise(l, l.items[k], again) },
		func(r *rig) string { return r.code(r.supervise(i, k, again)) })
}

func (w *walk) activate(i int, l *refLine, right, fresh bool) {
	w.step(fmt.Sprint("activate ", i, " right ", right, " fresh ", fresh), func() string { return w.ref.activate(l, right, fresh) },
		func(r *rig) string { return r.code(r.activate(i, l.who, right, fresh)) })
}

func (w *walk) pin() {
	i, l := w.card()
	w.step(fmt.Sprint("pin ", i), func() string { return w.ref.refusal(l.card, "show_pin") }, func(r *rig) string { return r.code(r.showPIN(i, l.who)) })
}

// change blocks, unblocks or terminates, by somebody who may or may not.
func (w *walk) change(rt *rapid.T) {
	i, l := w.card()
	action := rapid.SampledFrom([]string{"block", "block", "unblock", "unblock", "terminate"}).Draw(rt, "action")
	role := rapid.SampledFrom([]string{"orderer", "orderer", "officer", "cardholder", "stranger", "somebody", "support"}).Draw(rt, "role")
	rev := w.seen(l.card.rev)
	w.step(fmt.Sprint(action, " ", i, " by ", role, " at ", rev), func() string {
		switch {
		case slices.Contains([]string{"stranger", "somebody"}, role):
			return "card.unknown"
		case role == "support", role == "cardholder" && action != "block":
			return "card.not_allowed"
		}
		return w.ref.change(l.card, rev, action)
	}, func(r *rig) string { return r.code(r.change(i, r.role(role, l.who), int64(rev), action)) })
}
