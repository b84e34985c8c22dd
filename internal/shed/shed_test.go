package shed_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kortverk/kortverk/internal/shed"
)

func rooms(page shed.Size) *shed.Rooms {
	s := shed.Sizes(2)
	s[shed.Page] = page
	return shed.New(s)
}

// work goes in, works and comes out; it answers whether it was let in.
func work(t *testing.T, r *shed.Rooms, room shed.Room, d time.Duration) bool {
	leave, err := r.Enter(t.Context(), room)
	var full *shed.Full
	if errors.As(err, &full) {
		if full.Room != room || full.After < time.Second {
			t.Errorf("refused by %q for %v", full.Room, full.After)
		}
		return false
	}
	if err != nil {
		t.Error(err)
		return false
	}
	time.Sleep(d)
	leave()
	leave() // the second time does nothing
	return true
}

func TestNeverMoreThanPlacesAndAllComeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rooms(shed.Size{Places: 3, Queue: 10, Patience: time.Minute})
		var in, refused atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if !work(t, r, shed.Page, time.Second) {
					refused.Add(1)
					return
				}
				in.Add(1)
			})
		}
		synctest.Wait()
		if l := r.Load(shed.Page); l.Working != 3 || l.Waiting != 10 || l.Shed != 7 {
			t.Errorf("%+v", l)
		}
		all.Wait()
		if l := r.Load(shed.Page); l.Working != 0 || l.Waiting != 0 || in.Load() != 13 || refused.Load() != 7 {
			t.Errorf("%+v, %d in, %d refused", l, in.Load(), refused.Load())
		}
	})
}

func TestRoomsDontTakeEachOthersPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rooms(shed.Size{Places: 1, Queue: 1, Patience: time.Minute})
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { work(t, r, shed.Page, time.Hour) })
		}
		synctest.Wait()
		for _, room := range shed.All() {
			if room != shed.Page && !work(t, r, room, time.Millisecond) {
				t.Errorf("%s has no place while pages are full", room)
			}
		}
		all.Wait()
	})
}

// Work that takes long makes the queue short: nobody waits longer than the patience.
func TestNobodyWaitsLongerThanThePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const patience = 100 * time.Millisecond
		r := rooms(shed.Size{Places: 2, Queue: 1000, Patience: patience})
		for range 100 { // it learns how long work takes
			work(t, r, shed.Page, 20*time.Millisecond)
		}
		var longest atomic.Int64
		var all sync.WaitGroup
		var in atomic.Int64
		for range 500 {
			all.Go(func() {
				began := time.Now()
				leave, err := r.Enter(t.Context(), shed.Page)
				if waited := int64(time.Since(began)); waited > longest.Load() {
					longest.Store(waited)
				}
				if err == nil {
					in.Add(1)
					time.Sleep(20 * time.Millisecond)
					leave()
				}
			})
		}
		all.Wait()
		if d := time.Duration(longest.Load()); d > patience+20*time.Millisecond {
			t.Errorf("somebody waited %v", d)
		}
		if n := in.Load(); n < 10 || n > 14 { // two at work, and 100 ms × 2 / 20 ms in the queue
			t.Errorf("%d were let in", n)
		}
	})
}

func TestInOrderAndGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rooms(shed.Size{Places: 1, Queue: 10, Patience: time.Minute})
		leave, err := r.Enter(t.Context(), shed.Page)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var order []int
		var all sync.WaitGroup
		for i := range 5 {
			ctx, cancel := context.WithCancel(t.Context())
			all.Go(func() {
				leave, err := r.Enter(ctx, shed.Page)
				if err != nil {
					if !errors.Is(err, context.Canceled) || i != 2 {
						t.Error(i, err)
					}
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				leave()
			})
			synctest.Wait()
			if i == 2 {
				cancel()
			}
			defer cancel()
		}
		synctest.Wait()
		leave()
		all.Wait()
		if len(order) != 4 || order[0] != 0 || order[1] != 1 || order[2] != 3 || order[3] != 4 {
			t.Errorf("served in the order %v", order)
		}
		if l := r.Load(shed.Page); l.Working != 0 || l.Waiting != 0 {
			t.Errorf("%+v", l)
		}
	})
}

// A place that is handed over while its taker gives up isn't lost.
func TestNoPlaceIsLost(t *testing.T) {
	r := rooms(shed.Size{Places: 2, Queue: 100, Patience: time.Minute})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for i := range 200 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*10*time.Microsecond)
				if leave, err := r.Enter(ctx, shed.Page); err == nil {
					leave()
				}
				cancel()
			}
		})
	}
	all.Wait()
	if l := r.Load(shed.Page); l.Working != 0 || l.Waiting != 0 {
		t.Errorf("%+v", l)
	}
}

func TestPlacesAreSet(t *testing.T) {
	s, err := shed.WithPlaces(shed.Sizes(2), map[string]int{"page": 40})
	if err != nil || s[shed.Page].Places != 40 || s[shed.Reader] != shed.Sizes(2)[shed.Reader] {
		t.Error(s, err)
	}
	for _, wrong := range []map[string]int{{"pages": 4}, {"page": 0}} {
		if _, err := shed.WithPlaces(shed.Sizes(2), wrong); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}
