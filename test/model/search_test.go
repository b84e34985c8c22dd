package model

import (
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// broken names the invariant that a world breaks, or "".
func (e *engine) broken(w *world) string {
	if w.silent {
		return "something was done that the journal doesn't know of"
	}
	if w.open(0) && w.open(1) {
		return "two open orders for the same card"
	}
	for n := range w.lines {
		if why := e.brokenLine(w, n); why != "" {
			return why
		}
		if why := e.brokenCard(w, n); why != "" {
			return why
		}
	}
	return w.brokenPair()
}

func (e *engine) brokenLine(w *world, n int) string {
	l := w.lines[n]
	live, made := 0, 0
	for k, i := range w.items[n] {
		if i.state == 0 {
			continue
		}
		if i.live() {
			live++
		}
		if i.is(production.Produced) || i.is(production.Dispatched) {
			made++
		}
		if i.batch == batchDone && (i.owed() || i.is(production.Failed)) {
			return "a batch is done although a card of it is owed or undecided"
		}
		if k == 1 && i.number == w.items[n][0].number {
			return "a number is used for two cards"
		}
	}
	has := w.cards[n].state != 0
	switch {
	case made > 1 || has != (made == 1):
		return "the cards that were made aren't the cards that exist"
	case live > 1:
		return "two items for one line"
	case l.is(order.InProduction) != (live == 1 && made == 0):
		return "a line is in production without an item, or an item without its line"
	case l.is(order.Produced) != has:
		return "a produced line without a card, or a card without a produced line"
	case (l.is(order.AwaitingCardholder) || l.is(order.RejectedByCardholder)) && !l.wasSeen:
		return "the cardholder is asked about something that no reviewer has passed"
	case (l.is(order.Approved) || l.is(order.InProduction) || l.is(order.Produced)) && (!l.wasSeen || !l.wasSaid):
		return "approved is something that wasn't passed, or wasn't signed"
	}
	return ""
}

func (e *engine) brokenCard(w *world, n int) string {
	c := w.cards[n]
	if c.state == 0 {
		return ""
	}
	valid := w.valid(e.rules, n)
	switch {
	case c.twice:
		return "one line has made two cards"
	case !c.right:
		return "the card says something else than what was approved"
	case c.ended && !c.is(card.Terminated):
		return "a terminated card lives again"
	case valid && c.barred:
		return "a card that was answered to be blocked is valid"
	case valid && w.hold:
		return "a card is valid although its company is on hold"
	case valid && w.expired(n):
		return "a card is valid after its last day"
	case valid && !c.is(card.Active):
		return "a card is valid that isn't active"
	}
	return ""
}

func (w *world) brokenPair() string {
	a, b := w.cards[0], w.cards[1]
	living := func(c plastic) bool { return c.is(card.Active) || c.is(card.Blocked) }
	switch {
	case a.state == 0 || b.state == 0:
		return ""
	case living(b) && !a.is(card.Terminated):
		return "two live cards of one person: the replacement is in use and the first has not ended"
	case a.number == b.number:
		return "a number is used for two cards"
	}
	return ""
}

// quiet is a world in which nothing is left to do.
func (w *world) quiet() bool {
	if w.hands[0].kind != 0 || w.hands[1].kind != 0 {
		return false
	}
	for n, l := range w.lines {
		if l.jobs > 0 || l.recheck || l.notice || !l.is(order.Draft) && !l.is(order.Cancelled) && !l.is(order.Produced) {
			return false
		}
		if c := w.cards[n]; c.state != 0 && !c.is(card.Terminated) && !w.expired(n) {
			return false
		}
		for _, i := range w.items[n] {
			if i.job || i.state != 0 && (i.owed() || i.is(production.Failed) || i.is(production.Produced)) {
				return false
			}
		}
	}
	return true
}

// plain takes out of a world what can't matter any more, so that fewer differ: commands that are sure to be refused,
// the past of what no arrow leads away from, and which hand holds which command.
func (e *engine) plain(w *world) {
	for h := range w.hands {
		me := &w.hands[h]
		if me.kind != 0 && me.stale && e.revision && me.step == 0 && me.kind != recheck && me.kind != deliver && me.kind != queue && me.kind != queueAgain {
			*me = hand{}
		}
	}
	if a, b := w.hands[0], w.hands[1]; a.kind < b.kind || a.kind == b.kind && (a.target < b.target || a.target == b.target && a.step < b.step) {
		w.hands[0], w.hands[1] = b, a
	}
	for n := range w.lines {
		if l := &w.lines[n]; !e.leaves.line[l.state] && !l.is(order.Draft) {
			seen := l.is(order.Produced)
			*l = line{state: l.state, jobs: l.jobs, recheck: l.recheck, wasSeen: seen, wasSaid: seen}
		}
		if c := &w.cards[n]; c.state != 0 && !e.leaves.card[c.state] {
			c.barred = false
		}
		for k := range w.items[n] {
			i := &w.items[n][k]
			if i.state == 0 || e.leaves.item[i.state] || i.owed() || i.is(production.Failed) {
				continue
			}
			i.air, i.kept, i.bureau = 0, false, bureauNothing
			if !i.job {
				i.batch = batchDone
			}
		}
	}
}

// report is what a search found.
type report struct {
	states, steps int
	why           string // "" when all holds
	timeline      string // the shortest history that leads there
	used          map[string]bool
}

// search walks breadth first from the start. The first world that breaks an invariant ends it; when none does, it looks
// for worlds from which no quiet one can be reached.
func search(r *rules) report {
	e := newEngine(r)
	first := start(r)
	worlds, parents := []world{first}, []int32{-1}
	seen := newIndex()
	seen.find(first, worlds)
	var edges []int32
	offsets := []int32{0}
	out := report{used: e.used}
	at, bad := int32(0), int32(-1)
	e.emit = func(w world, _ step) {
		out.steps++
		why := e.broken(&w)
		e.plain(&w)
		id := seen.find(w, worlds)
		if int(id) == len(worlds) {
			worlds, parents = append(worlds, w), append(parents, at)
		}
		edges = append(edges, id)
		if why != "" && bad < 0 {
			bad, out.why = id, why
		}
	}
	for ; int(at) < len(worlds) && bad < 0; at++ {
		e.successors(worlds[at])
		offsets = append(offsets, int32(len(edges)))
	}
	out.states = len(worlds)
	if bad < 0 {
		if bad = stuck(worlds, edges, offsets); bad >= 0 {
			out.why = "no end can be reached from here"
		}
	}
	if bad >= 0 {
		out.timeline = e.tell(worlds, parents, bad)
	}
	return out
}

// stuck is the first world from which no quiet one can be reached, or -1.
func stuck(worlds []world, edges, offsets []int32) int32 {
	good := make([]bool, len(worlds))
	for i := range worlds {
		good[i] = worlds[i].quiet()
	}
	for changed := true; changed; {
		changed = false
		for i := len(worlds) - 1; i >= 0; i-- {
			for _, to := range edges[offsets[i]:offsets[i+1]] {
				if good[i] {
					break
				}
				good[i] = good[to]
				changed = changed || good[i]
			}
		}
	}
	for i, ok := range good {
		if !ok {
			return int32(i)
		}
	}
	return -1
}

// tell writes the history that leads to a world.
func (e *engine) tell(worlds []world, parents []int32, id int32) string {
	var path []int32
	for ; id >= 0; id = parents[id] {
		path = append([]int32{id}, path...)
	}
	var b strings.Builder
	for i := 1; i < len(path); i++ {
		target, told := worlds[path[i]], false
		e.emit = func(w world, s step) {
			before := w
			if e.plain(&w); told || w != target {
				return
			}
			told = true
			fmt.Fprintf(&b, "%3d. %-10s %-46s %-44s %s\n", i, s.who, s.what+[]string{"", " (first order)", " (replacement)"}[s.n+1], s.result, before.facts())
		}
		e.successors(worlds[path[i-1]])
	}
	return b.String()
}

// facts is what a world looks like, in one line.
func (w *world) facts() string {
	var out []string
	for n, l := range w.lines {
		if l.is(order.Draft) {
			continue
		}
		text := string(lineStates[l.state])
		for _, i := range w.items[n] {
			if i.state != 0 {
				text += " item:" + string(itemStates[i.state])
			}
		}
		if c := w.cards[n]; c.state != 0 {
			text += " card:" + string(cardStates[c.state])
		}
		out = append(out, text)
	}
	if w.hold {
		out = append(out, "on hold")
	}
	return "[" + strings.Join(out, " | ") + "]"
}

// ids finds worlds among those that are known: a table of places in a list, which a map of such large keys is too slow for.
type ids struct {
	seed  maphash.Seed
	table []int32 // place + 1
	held  int
}

func newIndex() *ids { return &ids{seed: maphash.MakeSeed(), table: make([]int32, 1<<16)} }

// find is the place of a world in the list, or the list's end, where the caller then puts it.
func (x *ids) find(w world, worlds []world) int32 {
	mask := uint64(len(x.table) - 1)
	at := maphash.Comparable(x.seed, w) & mask
	for ; x.table[at] != 0; at = (at + 1) & mask {
		if id := x.table[at] - 1; worlds[id] == w {
			return id
		}
	}
	if x.held == 0 { // the first world is in the list already
		x.table[at], x.held = 1, 1
		return 0
	}
	id := int32(len(worlds))
	x.table[at] = id + 1
	if x.held++; 2*x.held > len(x.table) {
		x.grow(append(worlds[:id:id], w))
	}
	return id
}

func (x *ids) grow(worlds []world) {
	x.table = make([]int32, 4*len(x.table))
	mask := uint64(len(x.table) - 1)
	for id, w := range worlds {
		at := maphash.Comparable(x.seed, w) & mask
		for x.table[at] != 0 {
			at = (at + 1) & mask
		}
		x.table[at] = int32(id) + 1
	}
}
