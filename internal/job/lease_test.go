package job

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
)

type slow struct{}

func (slow) JobKind() string { return "test.slow" }

func add(t *testing.T, d *db.DB, opts ...Option) {
	t.Helper()
	if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return EnqueueTx(ctx, tx, slow{}, opts...) }); err != nil {
		t.Fatal(err)
	}
}

// claimOne claims, as a process would that is killed right afterwards.
func claimOne(t *testing.T, r *Runner) *claimed {
	t.Helper()
	got, err := r.claim(t.Context(), 1)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d claimed, %v", len(got), err)
	}
	return got[0]
}

func short(d *db.DB, t *testing.T) *Runner {
	r := NewRunner(d, dbtest.Log(t))
	r.lease = leases{hold: 60 * time.Millisecond, renew: 15 * time.Millisecond}
	return r
}

// A stalled worker whose job was taken over must not complete it, nor settle it.
func TestAnOvertakenWorkerIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := short(d, t)
		Handle(r, func(context.Context, *Job[slow]) error { return nil })
		add(t, d)
		old := claimOne(t, r)
		time.Sleep(80 * time.Millisecond) // its lease ends
		r.lease.hold = time.Minute
		young := claimOne(t, r)
		if young.id != old.id || young.attempts != 2 || young.token == old.token {
			t.Fatalf("%+v after %+v", young, old)
		}
		stalled := &Job[slow]{ID: old.id, held: old}
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return stalled.CompleteTx(ctx, tx) })
		if !fault.Has(err, "job.lease_lost") || old.finished {
			t.Errorf("the old one completed: %v", err)
		}
		err = db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return stalled.HoldTx(ctx, tx) })
		if !fault.Has(err, "job.lease_lost") {
			t.Errorf("the old one holds on: %v", err)
		}
		working := &Job[slow]{ID: young.id, held: young}
		if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return working.HoldTx(ctx, tx) }); err != nil {
			t.Errorf("the young one can't hold on: %v", err)
		}
		if err := r.settle(t.Context(), old, errors.New("late")); err != nil {
			t.Error(err)
		}
		current := &Job[slow]{ID: young.id, held: young}
		if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return current.CompleteTx(ctx, tx) }); err != nil {
			t.Errorf("the new one can't complete: %v", err)
		}
	})
}

// A running worker keeps its job for much longer than one lease.
func TestLeasesAreRenewed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := short(d, t)
		r.lease = leases{hold: 400 * time.Millisecond, renew: 50 * time.Millisecond}
		runs := 0
		Handle(r, func(ctx context.Context, _ *Job[slow]) error {
			runs++
			other := NewRunner(d, dbtest.Log(t))
			Handle(other, func(context.Context, *Job[slow]) error { t.Error("taken away"); return nil })
			for began := time.Now(); time.Since(began) < time.Second; time.Sleep(50 * time.Millisecond) {
				if err := other.Drain(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		add(t, d)
		if err := r.Drain(t.Context()); err != nil || runs != 1 {
			t.Errorf("%d runs, %v", runs, err)
		}
	})
}

// When the job is taken away all the same, the worker's context ends with the reason.
func TestALostLeaseEndsTheWorker(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := short(d, t)
		Handle(r, func(ctx context.Context, j *Job[slow]) error {
			if err := db.Do(ctx, d, func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE job SET lease_token = 'another' WHERE id = $1`, j.ID)
				return err
			}); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(10 * time.Second):
				return errors.New("still running")
			}
		})
		add(t, d)
		if err := r.Drain(t.Context()); !errors.Is(err, errLost) {
			t.Errorf("%v", err)
		}
	})
}

// A job that takes its process with it each time doesn't do so for ever.
func TestAJobThatKillsItsProcessDies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := short(d, t)
		Handle(r, func(context.Context, *Job[slow]) error { return nil })
		add(t, d, Max(2))
		for range 2 {
			claimOne(t, r)
			time.Sleep(80 * time.Millisecond)
		}
		if got, err := r.claim(t.Context(), 1); err != nil || len(got) != 0 {
			t.Errorf("claimed again: %v %v", got, err)
		}
		all, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]DeadJob, error) { return Dead(ctx, tx, 5) })
		if err != nil || len(all) != 1 || all[0].LastError != "job.lease_lost" {
			t.Errorf("%+v %v", all, err)
		}
	})
}

func TestBackoff(t *testing.T) {
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 12: 2048 * time.Second, 13: time.Hour, 99: time.Hour} {
		for range 50 {
			if got := backoff(attempt); got < want*79/100 || got > want*121/100 {
				t.Errorf("attempt %d: %v", attempt, got)
			}
		}
	}
}
