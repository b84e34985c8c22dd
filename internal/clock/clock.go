// Package clock is the time that a deployment believes in, and the Swedish calendar day.
//
// Business time (validity, reminders, fees, lapses) comes from a Clock: the machine's time plus an
// offset. The offset is zero in production and can be moved in the sandbox, only forward, since things
// that have happened can't unhappen. Leases, sessions, rate limits and TLS use the machine's time.
//
// A Date is a calendar day in Sweden, without a time. Days, unlike moments, are what people and the law
// speak of: "valid until 2027-05-31" ends at midnight in Stockholm. The time zone's data is embedded, so
// that the answer doesn't depend on the machine.
package clock

import (
	"errors"
	"sync"
	"time"
	_ "time/tzdata" // days must not depend on what the machine has installed
)

// Stockholm is the time zone of Swedish days.
var Stockholm = func() *time.Location {
	l, err := time.LoadLocation("Europe/Stockholm")
	if err != nil {
		panic("clock: embedded time zone data: " + err.Error())
	}
	return l
}()

// Clock is business time. It is safe for concurrent use and never goes back, not even when the machine's does.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	last   time.Time
	wall   func() time.Time
}

// New returns a clock that shows the machine's time.
func New() *Clock { return &Clock{wall: time.Now} }

// NewAt returns a clock that stands still at t until it is advanced. For tests of dates.
func NewAt(t time.Time) *Clock {
	return &Clock{wall: func() time.Time { return t }}
}

// Now returns the business time: UTC, whole microseconds (as it is stored), never before an earlier answer.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Round drops the monotonic reading: it would disagree with what comes back from the database.
	now := c.wall().Add(c.offset).Round(0).UTC().Truncate(time.Microsecond)
	if now.Before(c.last) {
		return c.last
	}
	c.last = now
	return now
}

// Offset returns how far the clock is ahead of the machine.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// ErrBackward is the refusal to move a clock back.
var ErrBackward = errors.New("clock: business time moves only forward")

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) error {
	if d < 0 {
		return ErrBackward
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
	return nil
}

// Set puts the offset to what was saved, at start. A smaller offset than the present one is ignored.
func (c *Clock) Set(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = max(c.offset, offset)
}
