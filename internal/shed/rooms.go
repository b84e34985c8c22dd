package shed

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Room is a sort of work that has places of its own. The zero Room is Page.
type Room string

// The rooms.
const (
	Page    Room = "page"    // everything that isn't said otherwise
	Reader  Room = "reader"  // machines that check cards
	Check   Room = "check"   // people who check a card
	Act     Room = "act"     // blocking, unblocking and ending a card, with the pages that ask
	Upload  Room = "upload"  // pictures: much memory and processor
	Call    Room = "call"    // work that waits for somebody outside, the eID
	Receipt Room = "receipt" // what the bureau tells
	Body    Room = "body"    // receiving something long, before the work on it begins
)

// All lists the rooms.
func All() []Room { return []Room{Reader, Check, Act, Page, Upload, Call, Receipt, Body} }

// Reserved reports whether the room's work uses the database connections that are kept for it.
func (r Room) Reserved() bool { return r == Reader || r == Check || r == Act }

// Sizes are the defaults for so many processors.
func Sizes(procs int) map[Room]Size {
	return map[Room]Size{
		Reader:  {Places: 2*procs + 2, Queue: 512, Patience: time.Second},
		Check:   {Places: procs + 1, Queue: 64, Patience: 2 * time.Second},
		Act:     {Places: 2*procs + 2, Queue: 128, Patience: 5 * time.Second},
		Page:    {Places: 4 * procs, Queue: 64 * procs, Patience: 2 * time.Second},
		Upload:  {Places: max(1, procs/2), Queue: 16, Patience: 10 * time.Second},
		Call:    {Places: 16, Queue: 32, Patience: 5 * time.Second},
		Receipt: {Places: 2, Queue: 8, Patience: 5 * time.Second},
		Body:    {Places: 64}, // how long a line takes can't be known: no queue
	}
}

// Rooms are a node's. The nil Rooms lets everybody in, for tests of something else.
type Rooms struct{ gates map[Room]*gate }

// New makes rooms of the sizes.
func New(sizes map[Room]Size) *Rooms {
	r := &Rooms{gates: map[Room]*gate{}}
	for _, room := range All() {
		s, ok := sizes[room]
		if !ok || s.Places < 1 {
			panic("shed: room without places: " + string(room))
		}
		r.gates[room] = &gate{room: room, size: s}
	}
	return r
}

// WithPlaces are the sizes with other numbers of places; a room that isn't there or a number below 1 is an error.
func WithPlaces(sizes map[Room]Size, places map[string]int) (map[Room]Size, error) {
	out := maps.Clone(sizes)
	for name, n := range places {
		s, ok := out[Room(name)]
		if !ok {
			return nil, fmt.Errorf("there is no room %q; rooms are %s", name, names())
		}
		if n < 1 {
			return nil, fmt.Errorf("room %q must have at least one place", name)
		}
		s.Places = n
		out[Room(name)] = s
	}
	return out, nil
}

func names() string {
	var all []string
	for _, r := range All() {
		all = append(all, string(r))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// Enter takes a place in a room, waiting for one if that won't take long; leave gives it back and may be called more
// than once. The error is a *Full, or the context's.
func (r *Rooms) Enter(ctx context.Context, room Room) (leave func(), err error) {
	if r == nil {
		return func() {}, nil
	}
	if room == "" {
		room = Page
	}
	return r.gates[room].enter(ctx)
}

// Load is what a room does at the moment.
func (r *Rooms) Load(room Room) Load { return r.gates[room].load() }
