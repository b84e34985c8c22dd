package model

import (
	"fmt"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// world is everything that the invariants look at, small enough to be a map's key. Of one person at one company there
// are two order lines of one card type: the second is the order of a replacement.
type world struct {
	day    uint8 // the first line's last day has passed on day 1, the second's on day 2
	hold   bool
	holds  uint8 // of mishaps outside (a lost receipt, a reject), how many are still to come
	lines  [2]line
	items  [2][2]item // of each line, in the order in which they were made
	cards  [2]plastic // of each line
	hands  [2]hand    // what two people, or a person and a job, are in the middle of
	silent bool       // something was done and the journal doesn't say so
}

// line is an order line. What begins with "was" is known to nobody but the model: whether what stands on the line now
// is what somebody has decided about.
type line struct {
	state    uint8
	undoable bool  // nothing has happened since the review
	jobs     uint8 // how many order.approved wait, from signatures
	recheck  bool  // another waits, from production
	notice   bool  // production has been told that it can't be made
	wasSeen  bool  // a reviewer passed this photo
	wasSaid  bool  // the cardholder signed exactly this
}

// item is one attempt to make a card, in a batch of its own.
type item struct {
	state  uint8 // 0: there is none
	batch  uint8
	number uint8
	job    bool  // production.deliver waits
	bureau uint8 // what the bureau did with it
	air    uint8 // receipts under way
	kept   bool  // posted, before it was produced
	right  bool  // it says what was passed and signed
}

// plastic is a card.
type plastic struct {
	state  uint8 // 0: there is none
	number uint8
	right  bool // it says what was passed and signed
	barred bool // somebody was answered that it is blocked
	ended  bool // it was terminated once
	twice  bool // another was made of the same line
}

// hand is a command between two of its steps.
type hand struct {
	kind   uint8
	target uint8
	step   uint8
	from   uint8 // the state that was read
	stale  bool  // somebody else has changed the target since
}

// Batches, the bureau, receipts under way.
const (
	batchOpen = iota
	batchClosed
	batchDelivered
	batchDone
)

const (
	bureauNothing = iota
	bureauHas
	bureauMade
	bureauSpoiled // a reject that is remade
	bureauBack    // a reject for the orderer
	bureauAsks    // a reject that a supervisor decides
)

const (
	airProduced = 1 << iota
	airFailed
	airDispatched
)

// rules are what the product does, as data and switches; a planted fault changes one.
type rules struct {
	line      []order.Transition
	card      []card.Transition
	item      []production.ItemTransition
	cardNext  func(state card.State, a card.Action, expired bool) (card.State, bool)
	decide    func(check.Facts) bool
	revision  bool // an update names the revision that was read
	state     bool // an update names the state that was read
	oneItem   bool // the schema: one live item for a line
	oneLine   bool // the schema: one open line for a person
	oneActive bool // the schema: one active card for a person
	oneIssue  bool // the schema: a number makes one card, a line has one card
	approved  bool // the job looks whether the line is still approved
	takes     bool // the job's update of the line is guarded
	fence     bool // a job that somebody else has finished is not finished again
	replaces  bool // activation ends the cards before
	owed      bool // a batch isn't done while a card is owed
	newNumber bool // a card that is made again gets another number
	asks      bool // a silent bureau is asked
	inOne     bool // a job ends in the transaction of its effect
	journals  bool // the journal's entry is in the transaction of the change
	commits   bool // an answer is given after the commit
	duplicate bool // a second open line is refused
	mishaps   uint8
	settles   bool // the notice of a line that can't be made can be put away with nothing else
	alone     bool // nobody orders a replacement
}

// sound are the rules of the product: its own tables, its own functions.
func sound() *rules {
	r := &rules{
		line: order.Transitions(), card: card.Transitions(), item: production.ItemTransitions(),
		revision: true, state: true, oneItem: true, oneLine: true, oneActive: true, oneIssue: true, approved: true, takes: true, fence: true,
		replaces: true, owed: true, newNumber: true, asks: true, inOne: true, journals: true, commits: true,
		duplicate: true, mishaps: 2,
	}
	r.cardNext = func(s card.State, a card.Action, expired bool) (card.State, bool) {
		until := dayOf(0)
		if !expired {
			until = dayOf(9)
		}
		to, refusal := card.Next(s, a, until, dayOf(1))
		return to, refusal == nil
	}
	r.decide = func(f check.Facts) bool { return check.Decide(f, dayOf(1).Start()).Valid }
	return r
}

var (
	lineStates = append([]order.State{""}, order.States()...)
	cardStates = append([]card.State{""}, card.States()...)
	itemStates = append([]production.ItemState{""}, production.ItemStates()...)
)

func index[S comparable](all []S, s S) uint8 {
	for i, one := range all {
		if one == s {
			return uint8(i)
		}
	}
	panic(fmt.Sprint("no such state: ", s))
}

func (l line) is(s order.State) bool          { return lineStates[l.state] == s }
func (i item) is(s production.ItemState) bool { return itemStates[i.state] == s }
func (c plastic) is(s card.State) bool        { return cardStates[c.state] == s }
func (i item) owed() bool                     { return i.state != 0 && itemStates[i.state].Outstanding() }

// live is an item that still stands for its line, as the schema's index says it.
func (i item) live() bool {
	return i.state != 0 && !i.is(production.Remade) && !i.is(production.Returned)
}

func (w *world) expired(n int) bool { return int(w.day) > n }

// valid is what a reader hears about a card.
func (w *world) valid(r *rules, n int) bool {
	c := w.cards[n]
	until := dayOf(9)
	if w.expired(n) {
		until = dayOf(0)
	}
	return c.state != 0 && r.decide(check.Facts{Known: true, TypeAllowed: true, State: cardStates[c.state], ValidUntil: until, Hold: w.hold})
}

// start is the world before anything: two lines that nobody has sent.
func start(r *rules) world {
	w := world{holds: r.mishaps}
	for n := range w.lines {
		w.lines[n].state = index(lineStates, order.Draft)
	}
	return w
}
