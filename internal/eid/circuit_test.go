package eid

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
)

// silent is a provider that doesn't answer while it is down.
type silent struct {
	Provider
	down  bool
	err   error
	calls int
}

func (p *silent) Start(ctx context.Context, _ Request) (Started, error) {
	p.calls++
	if !p.down {
		return Started{Ref: "r"}, p.err
	}
	<-ctx.Done()
	return Started{}, fault.New(fault.Unavailable, "eid.unreachable").Because(ctx.Err())
}

// Three wait for a provider that doesn't answer; the others are told at once,
// until one is let through and gets an answer.
func TestSilentProviderCostsNobodyElseTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &silent{down: true}
		s := &Service{provider: p, starts: newBreaker(slog.New(slog.DiscardHandler))}
		start := func(ctx context.Context, wantCode string, most time.Duration) {
			t.Helper()
			began := time.Now()
			_, err := s.startOrder(ctx, Request{})
			if (wantCode == "") != (err == nil) || (wantCode != "" && !fault.Has(err, wantCode)) {
				t.Errorf("%v, want %q", err, wantCode)
			}
			if took := time.Since(began); took > most {
				t.Errorf("took %v, at most %v", took, most)
			}
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel() // they closed their windows, which says nothing about the provider
		for range 2 * missedStarts {
			start(gone, "eid.unreachable", 0)
		}
		if p.calls != 2*missedStarts {
			t.Error("the circuit opened because of people who went away")
		}
		for range missedStarts { // and they don't hide it from the others
			start(gone, "eid.unreachable", 0)
			start(t.Context(), "eid.unreachable", startWithin)
		}
		calls := p.calls
		start(t.Context(), "eid.unreachable", 0)
		if p.calls != calls {
			t.Error("the provider was asked although the circuit is open")
		}
		time.Sleep(restsFor + time.Millisecond)
		start(t.Context(), "eid.unreachable", startWithin) // the one that looks
		start(t.Context(), "eid.unreachable", 0)
		p.down = false
		time.Sleep(restsFor + time.Millisecond)
		start(t.Context(), "", 0)
		p.err = fault.New(fault.Conflict, "eid.already_in_progress")
		for range 2 * missedStarts {
			start(t.Context(), "eid.already_in_progress", 0)
		}
	})
}
