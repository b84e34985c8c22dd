package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
)

type greet struct {
	Name string `json:"name"`
}

func (greet) JobKind() string { return "test.greet" }

func enqueue(t *testing.T, d *db.DB, a job.Args, opts ...job.Option) {
	t.Helper()
	if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return job.EnqueueTx(ctx, tx, a, opts...) }); err != nil {
		t.Fatal(err)
	}
}

func jobs(t *testing.T, d *db.DB, state string) int {
	t.Helper()
	n, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (int, error) {
		return db.Value[int](tx, `SELECT count(*) FROM job WHERE kind LIKE 'test.%' AND state = $1`, state)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func dead(t *testing.T, d *db.DB) []job.DeadJob {
	t.Helper()
	got, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]job.DeadJob, error) { return job.Dead(ctx, tx, 10) })
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestJobsRunOnceAfterTheCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := job.NewRunner(d, dbtest.Log(t))
		var got []string
		job.Handle(r, func(_ context.Context, j *job.Job[greet]) error {
			got = append(got, fmt.Sprint(j.Args.Name, j.Attempt))
			return nil
		})
		undone := errors.New("undone")
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(job.EnqueueTx(ctx, tx, greet{"never"}), undone)
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		enqueue(t, d, greet{"Åsa"})
		enqueue(t, d, greet{"later"}, job.At(d.Clock().Now().Add(time.Hour)))
		for range 2 {
			if err := r.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if fmt.Sprint(got) != "[Åsa1]" {
			t.Errorf("%v", got)
		}
		if err := d.Clock().Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := r.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != "[Åsa1 later1]" || jobs(t, d, "done") != 2 {
			t.Errorf("%v", got)
		}
	})
}

func TestKeysDropRepeats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := job.NewRunner(d, dbtest.Log(t))
		n := 0
		job.Handle(r, func(context.Context, *job.Job[greet]) error { n++; return nil })
		for range 3 {
			enqueue(t, d, greet{"a"}, job.Key("a"))
		}
		if err := r.Drain(t.Context()); err != nil || n != 1 {
			t.Errorf("%d runs, %v", n, err)
		}
		enqueue(t, d, greet{"a"}, job.Key("a")) // the first is done: a new one may come
		if err := r.Drain(t.Context()); err != nil || n != 2 {
			t.Errorf("%d runs, %v", n, err)
		}
	})
}

func TestFailuresAreTriedAgainAndThenDead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := job.NewRunner(d, dbtest.Log(t))
		attempts := 0
		var last time.Time
		job.Handle(r, func(context.Context, *job.Job[greet]) error {
			attempts++
			last = d.Clock().Now()
			if attempts == 2 {
				panic("199001019802 in a panic")
			}
			return fmt.Errorf("mail to 199001019802: %w", fault.New(fault.Unavailable, "notify.refused"))
		})
		enqueue(t, d, greet{"a"}, job.Max(3))
		for i := 1; i <= 3; i++ {
			if err := r.Drain(t.Context()); err == nil {
				t.Error("Drain doesn't tell of the failure")
			}
			if attempts != i {
				t.Fatalf("%d attempts instead of %d", attempts, i)
			}
			if err := r.Drain(t.Context()); err != nil || attempts != i {
				t.Errorf("no pause after attempt %d", i)
			}
			if err := d.Clock().Advance(5 * time.Second); err != nil { // more than 2 s and a fifth
				t.Fatal(err)
			}
		}
		all := dead(t, d)
		if len(all) != 1 || all[0].LastError != "notify.refused" || all[0].Attempts != 3 || all[0].DiedAt.Before(last) {
			t.Fatalf("%+v", all)
		}
		retry := func() error {
			return db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return job.RetryTx(ctx, tx, all[0].ID) })
		}
		if err := retry(); err != nil {
			t.Fatal(err)
		}
		if err := retry(); !fault.Has(err, "job.not_dead") {
			t.Errorf("second retry: %v", err)
		}
		if _ = r.Drain(t.Context()); attempts != 4 {
			t.Errorf("%d attempts after the retry", attempts)
		}
	})
}

func TestRetryBesideATwin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := job.NewRunner(d, dbtest.Log(t))
		job.Handle(r, func(context.Context, *job.Job[greet]) error { return job.Drop(errors.New("never")) })
		enqueue(t, d, greet{"a"}, job.Key("a"))
		if err := r.Drain(t.Context()); err == nil {
			t.Error("no failure")
		}
		enqueue(t, d, greet{"a"}, job.Key("a"))
		id := dead(t, d)[0].ID
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return job.RetryTx(ctx, tx, id) })
		if !fault.Has(err, "job.replaced") {
			t.Errorf("%v", err)
		}
	})
}

func TestDropAndLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := job.NewRunner(d, dbtest.Log(t))
		runs := 0
		job.Handle(r, func(_ context.Context, j *job.Job[greet]) error {
			runs++
			if j.Args.Name == "drop" {
				return job.Drop(errors.New("no use"))
			}
			if j.Attempt != 1 {
				t.Errorf("waiting counted as attempt %d", j.Attempt)
			}
			if runs < 30 {
				return fmt.Errorf("not yet: %w", job.Later(time.Minute))
			}
			return nil
		})
		enqueue(t, d, greet{"wait"}, job.Max(2))
		for range 29 {
			if err := r.Drain(t.Context()); err != nil {
				t.Fatalf("waiting is no failure: %v", err)
			}
			if err := d.Clock().Advance(time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Drain(t.Context()); err != nil || jobs(t, d, "done") != 1 {
			t.Errorf("%d done, %v", jobs(t, d, "done"), err)
		}
		enqueue(t, d, greet{"drop"})
		_ = r.Drain(t.Context())
		if all := dead(t, d); len(all) != 1 || all[0].Attempts != 1 || all[0].LastError != "job.failed" {
			t.Errorf("%+v", all)
		}
	})
}

func TestCompletionInTheTransactionOfTheEffect(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := job.NewRunner(d, dbtest.Log(t))
		runs := 0
		undone := errors.New("undone")
		job.Handle(r, func(ctx context.Context, j *job.Job[greet]) error {
			runs++
			err := db.Do(ctx, d, func(ctx context.Context, tx *db.Tx) error {
				if err := j.CompleteTx(ctx, tx); err != nil {
					return err
				}
				if runs == 1 {
					return undone // the completion must go as well
				}
				return nil
			})
			if err == nil {
				return errors.New("too late: the effect stands and the job is done")
			}
			return err
		})
		enqueue(t, d, greet{"a"})
		if err := r.Drain(t.Context()); !errors.Is(err, undone) || jobs(t, d, "waiting") != 1 {
			t.Errorf("%v", err)
		}
		if err := d.Clock().Advance(2 * time.Second); err != nil {
			t.Fatal(err)
		}
		_ = r.Drain(t.Context())
		if runs != 2 || jobs(t, d, "done") != 1 {
			t.Errorf("%d runs, %d done", runs, jobs(t, d, "done"))
		}
	})
}

func TestManyRunnersShareTheWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		const n = 60
		var runs [n]atomic.Int32
		var total atomic.Int32
		finished := make(chan struct{})
		var wg sync.WaitGroup
		for range 3 {
			r := job.NewRunner(d, dbtest.Log(t))
			job.Handle(r, func(_ context.Context, j *job.Job[greet]) error {
				var i int
				if _, err := fmt.Sscan(j.Args.Name, &i); err != nil {
					return err
				}
				runs[i].Add(1)
				if total.Add(1) == n {
					close(finished)
				}
				return nil
			})
			wg.Go(func() {
				if err := r.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range n {
			enqueue(t, d, greet{fmt.Sprint(i)})
		}
		select {
		case <-finished:
		case <-time.After(30 * time.Second):
			t.Error("not all were run")
		}
		cancel()
		wg.Wait()
		for i := range runs {
			if got := runs[i].Load(); got != 1 {
				t.Errorf("job %d ran %d times", i, got)
			}
		}
		if got := jobs(t, d, "done"); got != n {
			t.Errorf("%d done", got)
		}
	})
}

func TestRunIsWokenByTheCommit(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	ctx, cancel := context.WithCancel(t.Context())
	r := job.NewRunner(d, dbtest.Log(t))
	ran := make(chan time.Time, 1)
	job.Handle(r, func(context.Context, *job.Job[greet]) error { ran <- time.Now(); return nil })
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.Run(ctx) })
	best := time.Hour
	for range 8 { // the poll alone would need a quarter of a second on average, and once in many be fast
		time.Sleep(30 * time.Millisecond)
		began := time.Now()
		enqueue(t, d, greet{"a"})
		took := (<-ran).Sub(began)
		best = min(best, took)
		if took > 400*time.Millisecond {
			t.Logf("took %v", took)
		}
	}
	cancel()
	wg.Wait()
	if best > 100*time.Millisecond {
		t.Errorf("the quickest took %v", best)
	}
}

func TestEveryRunsOncePerPeriod(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		runs := 0
		var nodes []*job.Runner
		for range 3 {
			r := job.NewRunner(d, dbtest.Log(t))
			job.Every(r, "remind", 24*time.Hour, func(context.Context) error {
				runs++
				if runs == 2 {
					return errors.New("a failure waits for the next period")
				}
				return nil
			})
			nodes = append(nodes, r)
		}
		for day := 1; day <= 4; day++ {
			for _, r := range nodes {
				_ = r.Drain(t.Context())
			}
			if runs != day {
				t.Errorf("day %d: %d runs", day, runs)
			}
			if err := d.Clock().Advance(24 * time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Clock().Advance(30 * 24 * time.Hour); err != nil { // missed periods are run once
			t.Fatal(err)
		}
		for _, r := range nodes {
			_ = r.Drain(t.Context())
		}
		if runs != 5 {
			t.Errorf("%d runs after a long pause", runs)
		}
	})
}

func TestOldJobsAreSwept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := job.NewRunner(d, dbtest.Log(t))
		job.Handle(r, func(_ context.Context, j *job.Job[greet]) error {
			if j.Args.Name == "bad" {
				return job.Drop(errors.New("bad"))
			}
			return nil
		})
		enqueue(t, d, greet{"good"})
		enqueue(t, d, greet{"bad"})
		_ = r.Drain(t.Context())
		if err := d.Clock().Advance(8 * 24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		_ = r.Drain(t.Context())
		if jobs(t, d, "done") != 0 || jobs(t, d, "dead") != 1 {
			t.Errorf("%d done, %d dead", jobs(t, d, "done"), jobs(t, d, "dead"))
		}
	})
}

func TestARunningJobIsFinishedOnStop(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, patient := range []bool{true, false} {
			ctx, stop := context.WithCancel(t.Context())
			r := job.NewRunner(d, dbtest.Log(t))
			if !patient {
				r.Grace = 20 * time.Millisecond
			}
			job.Handle(r, func(ctx context.Context, _ *job.Job[greet]) error {
				stop()
				if patient {
					time.Sleep(50 * time.Millisecond)
					return ctx.Err()
				}
				<-ctx.Done()
				return ctx.Err()
			})
			enqueue(t, d, greet{"a"})
			if err := r.Run(ctx); err != nil {
				t.Error(err)
			}
			if patient && jobs(t, d, "done") != 1 {
				t.Error("the job wasn't finished")
			}
			if !patient && jobs(t, d, "waiting") != 1 {
				t.Error("the job wasn't put back")
			}
		}
	})
}

func TestTwoWorkersForAKindPanic(t *testing.T) {
	r := job.NewRunner(dbtest.New(t, dbtest.SQLite), dbtest.Log(t))
	fn := func(context.Context, *job.Job[greet]) error { return nil }
	job.Handle(r, fn)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	job.Handle(r, fn)
}

func TestLookCountsWhatIsDueAndDead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (int, error) {
			for _, after := range []time.Duration{0, time.Minute, 3 * time.Hour} {
				if err := job.EnqueueTx(ctx, tx, looked{}, job.At(tx.Now.Add(after))); err != nil {
					return 0, err
				}
			}
			return 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Clock().Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		got, err := db.Read(t.Context(), d, job.Look)
		if err != nil || got.Due != 2 || got.Dead != 0 || got.Oldest < time.Hour || got.Oldest > time.Hour+time.Minute {
			t.Errorf("got %+v, %v; want two due, the oldest for an hour", got, err)
		}
	})
}

type looked struct{}

func (looked) JobKind() string { return "test.looked" }
