package world

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	gateEvery = 200 * time.Millisecond // how often the gate asks about the card that is held to it
	gateSleep = 3 * time.Second        // nobody has looked for so long: it stops asking
	gateReach = 5 * time.Second        // a change of the answer comes from a press at most so long before
	gateLag   = 2 * time.Second        // the gate may know before the press is answered, at most so long
)

// gate is a reader that a card is held to until another one is.
//
// It asks the product again and again, over the readers' API, while somebody
// looks. A change of the answer is laid beside the presses that the witness
// saw: the time between the moment in which the product answered the press and
// the moment in which the gate had the other answer is what the page tells. The
// wait for the gate's next question is part of it.
type gate struct {
	mu      sync.Mutex
	number  string // that is held
	chosen  bool   // by somebody; otherwise the newest printed card is held
	looked  time.Time
	answer  readerAnswer
	change  *change
	presses []press
}

// press is a button that somebody pressed, and was answered.
type press struct {
	verb, number string // number: "" when it concerns every card
	name         string // of the screen
	at           time.Time
}

// change is a moment in which the gate's answer became another.
type change struct {
	answer readerAnswer
	at     time.Time
}

func (g *gate) press(p press) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.presses = append(g.presses, p)
	if len(g.presses) > 20 {
		g.presses = slices.Clone(g.presses[len(g.presses)-20:])
	}
}

// choose holds another card to the gate.
func (g *gate) choose(number string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.holds(number)
	g.chosen = number != ""
}

// look notes that somebody looks, and tells what there is to see.
func (g *gate) look(now time.Time) gateView {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.looked = now
	v := gateView{Number: g.number, Answer: g.answer}
	if g.change != nil {
		v.Flight = g.flight(*g.change)
	}
	return v
}

// held is the number to ask about now, "" for none.
func (g *gate) held(now time.Time) (number string, chosen bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.looked) > gateSleep {
		return "", true
	}
	return g.number, g.chosen
}

// hear takes an answer in.
func (g *gate) hear(number string, a readerAnswer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if number != g.number {
		return // another card is held meanwhile
	}
	before := g.answer
	g.answer = a
	if before.Reason != "" && before.Reason != a.Reason && before.word() != "failed" && a.word() != "failed" {
		g.change = &change{answer: a, at: a.At}
	}
}

// flight finds the press that a change came from. The gate may have its answer
// before the press has its own: both come from the same transaction, by two ways.
func (g *gate) flight(c change) *flight {
	f := &flight{Valid: c.answer.Valid, Reason: c.answer.Reason, Asked: c.answer.Millis, At: c.at}
	for _, p := range slices.Backward(g.presses) {
		late := c.at.Sub(p.at)
		if (p.number == "" || p.number == c.answer.Number) && late < gateReach && late > -gateLag {
			f.Verb, f.Screen, f.Before, f.Millis = p.verb, screenWord(p.name), late < 0, millis(max(late, 0))
			break
		}
	}
	return f
}

func screenWord(name string) string {
	switch name {
	case laptopName:
		return "laptop"
	case phoneName:
		return "phone"
	}
	return "window"
}

func millis(d time.Duration) string {
	return strconv.FormatInt(d.Round(time.Millisecond).Milliseconds(), 10)
}

// gateView is what the gate shows.
type gateView struct {
	Number string
	Answer readerAnswer
	Cards  []printed
	Flight *flight
}

// Known reports whether there is an answer.
func (v gateView) Known() bool { return v.Answer.Reason != "" }

// mark is another for each change.
func (v gateView) mark() string {
	if v.Flight == nil {
		return ""
	}
	return strconv.FormatInt(v.Flight.At.UnixMicro(), 36)
}

// flight is a press on its way to the gate.
type flight struct {
	Verb, Screen string // "" when no press was seen
	Valid        bool
	Reason       string
	Before       bool // the gate had its answer before the press had its own
	Millis       string
	Asked        string // of these, the gate's own question
	At           time.Time
}

// watch lets the gate ask while somebody looks.
func (w *World) watch(ctx context.Context) error {
	tick := time.NewTicker(gateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		number, chosen := w.gate.held(time.Now())
		if !chosen { // the newest card is held until somebody chooses
			if cards := w.printed(ctx); len(cards) > 0 {
				number = w.gate.newest(cards[0].Number)
			}
		}
		if number != "" {
			w.gate.hear(number, w.hold(ctx, number))
		}
	}
}

// newest holds the newest card, unless somebody has chosen one meanwhile, and tells which is held.
func (g *gate) newest(number string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.chosen {
		g.holds(number)
	}
	return g.number
}

func (g *gate) holds(number string) {
	if number != g.number {
		g.number, g.answer, g.change = number, readerAnswer{}, nil
	}
}
