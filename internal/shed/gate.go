package shed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Full is the error of a room that has neither a place nor room to wait.
type Full struct {
	Room  Room
	After time.Duration // when to come back; spread, so that those who were refused together don't return together
}

func (f *Full) Error() string { return fmt.Sprintf("shed: no place in room %q", f.Room) }

// Size says how much a room holds.
type Size struct {
	Places   int           // at work at once
	Queue    int           // waiting, at most
	Patience time.Duration // nobody is let into the queue who would wait longer
}

// gate is one room.
type gate struct {
	room Room
	size Size

	mu      sync.Mutex
	working int
	queue   []chan struct{} // first in, first out; closed when a place is handed over
	mean    time.Duration
	shed    uint64
}

// enter takes a place, waiting for it if that won't take long.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	g.mu.Lock()
	if g.working < g.size.Places {
		g.working++
		g.mu.Unlock()
		return g.leaver(), nil
	}
	if len(g.queue) >= g.size.Queue || g.expected() > g.size.Patience {
		defer g.mu.Unlock()
		return nil, g.full()
	}
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	g.mu.Unlock()
	return g.wait(ctx, turn)
}

func (g *gate) wait(ctx context.Context, turn chan struct{}) (leave func(), err error) {
	patience := time.NewTimer(2 * g.size.Patience) // work has suddenly become slow
	defer patience.Stop()
	select {
	case <-turn:
		return g.leaver(), nil
	case <-patience.C:
	case <-ctx.Done():
		err = ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-turn: // handed over just now
		return g.leaver(), nil
	default:
	}
	g.queue = slices.DeleteFunc(g.queue, func(c chan struct{}) bool { return c == turn })
	if err != nil {
		return nil, err
	}
	return nil, g.full()
}

// expected is how long the next in the queue would wait.
func (g *gate) expected() time.Duration {
	return g.mean * time.Duration(len(g.queue)+1) / time.Duration(g.size.Places)
}

// full counts a refusal. The caller holds the lock.
func (g *gate) full() error {
	g.shed++
	least := max(time.Second, g.expected())
	return &Full{Room: g.room, After: least + rand.N(4*time.Second)}
}

// leaver gives the place back, once however often it is called.
func (g *gate) leaver() func() {
	began, once := time.Now(), sync.Once{}
	return func() { once.Do(func() { g.leave(time.Since(began)) }) }
}

func (g *gate) leave(took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mean += (took - g.mean) / 16
	if len(g.queue) > 0 { // the place is the next one's
		close(g.queue[0])
		g.queue = slices.Delete(g.queue, 0, 1)
		return
	}
	g.working--
}

// Load is what a room does at the moment, for the metrics.
type Load struct {
	Working, Waiting, Places int
	Shed                     uint64 // since the start
}

func (g *gate) load() Load {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Load{Working: g.working, Waiting: len(g.queue), Places: g.size.Places, Shed: g.shed}
}
