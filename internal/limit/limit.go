// Package limit slows down who asks too often: sign-in tries from one address, card checks by one reader. Limits live in
// the memory of one node and are forgotten at a restart; what must hold for certain (five wrong card numbers lock for
// fifteen minutes) is counted in the database instead.
//
// A [Limiter] lets n events through at once and then refills evenly, one each per/n. It follows wall time, never the
// deployment's business time: moving the clock of a sandbox must not open a lock.
package limit

import (
	"sync"
	"time"
)

// maxKeys bounds the memory: about 20 MB. Somebody who invents keys faster than they run out pushes out others' records,
// which lets a few events through, and never fills the machine.
const maxKeys = 200_000

// Limiter counts events per key. It is safe for concurrent use.
type Limiter struct {
	per   time.Duration
	step  time.Duration
	mu    sync.Mutex
	full  map[string]time.Time // key → when its allowance is whole again
	swept time.Time
}

// New allows n events per key and period. It panics on n < 1 or per < n nanoseconds.
func New(n int, per time.Duration) *Limiter {
	if n < 1 || per < time.Duration(n) {
		panic("limit: n and per must be positive")
	}
	return &Limiter{per: per, step: per / time.Duration(n), full: map[string]time.Time{}, swept: time.Now()}
}

// Allow takes one event from the key's allowance. When that is empty, nothing is taken and retryAfter says when the next
// one is there.
func (l *Limiter) Allow(key string) (ok bool, retryAfter time.Duration) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	whole := l.full[key]
	if whole.Before(now) {
		whole = now
	}
	whole = whole.Add(l.step)
	if over := whole.Sub(now) - l.per; over > 0 {
		return false, over
	}
	l.makeRoom(key)
	l.full[key] = whole
	return true, 0
}

// Forget gives a key its whole allowance back, as after a sign-in that succeeded.
func (l *Limiter) Forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.full, key)
}

// sweep drops what has its whole allowance, once a period.
func (l *Limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < l.per {
		return
	}
	l.swept = now
	for key, whole := range l.full {
		if !whole.After(now) {
			delete(l.full, key)
		}
	}
}

func (l *Limiter) makeRoom(key string) {
	if _, known := l.full[key]; known || len(l.full) < maxKeys {
		return
	}
	for other := range l.full { // any one
		delete(l.full, other)
		return
	}
}
