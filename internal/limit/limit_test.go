package limit

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAllowsBurstThenRefillsEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(3, 30*time.Second)
		for i := range 3 {
			if ok, _ := l.Allow("a"); !ok {
				t.Fatalf("event %d refused", i+1)
			}
		}
		ok, wait := l.Allow("a")
		if ok || wait != 10*time.Second {
			t.Fatalf("fourth event: %v, wait %v, want refused for 10s", ok, wait)
		}
		if ok, _ := l.Allow("b"); !ok {
			t.Error("another key must have its own allowance")
		}
		time.Sleep(10 * time.Second)
		if ok, _ := l.Allow("a"); !ok {
			t.Error("refused after the wait that was told")
		}
		if ok, _ := l.Allow("a"); ok {
			t.Error("only one event had come back")
		}
	})
}

func TestForgetGivesAllBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(1, time.Minute)
		l.Allow("a")
		l.Forget("a")
		if ok, _ := l.Allow("a"); !ok {
			t.Error("refused after Forget")
		}
	})
}

func TestSweepKeepsOnlyKeysInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New(10, time.Minute)
		for i := range 1000 {
			l.Allow(fmt.Sprint(i))
		}
		time.Sleep(61 * time.Second)
		l.Allow("last")
		if len(l.full) != 1 {
			t.Errorf("%d keys kept, want 1", len(l.full))
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	l := New(1, time.Hour)
	for i := range maxKeys + 100 {
		l.Allow(fmt.Sprint(i))
	}
	if len(l.full) != maxKeys {
		t.Errorf("%d keys, want %d", len(l.full), maxKeys)
	}
}

func TestRacersGetExactlyTheAllowance(t *testing.T) {
	l := New(50, time.Hour)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 400 {
		wg.Go(func() {
			if ok, _ := l.Allow("one"); ok {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 50 {
		t.Errorf("%d passed, want 50", passed.Load())
	}
}
