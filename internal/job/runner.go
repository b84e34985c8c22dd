package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
)

const (
	pollTime  = 500 * time.Millisecond
	keepDone  = 7 * 24 * time.Hour
	sweepTime = time.Hour
)

// leases is how long jobs are held; tests make it short.
type leases struct {
	hold  time.Duration
	renew time.Duration
}

// Runner runs jobs of the kinds that it has handlers for. Register everything before Run.
type Runner struct {
	// Workers is how many jobs run at once; 8 unless changed before Run.
	Workers int
	// Grace is how long Run waits for running jobs when it is told to end; 10 seconds unless changed before Run.
	Grace time.Duration

	db       *db.DB
	log      *slog.Logger
	handlers map[string]handler
	periods  map[string]time.Duration // by kind
	lease    leases
}

type handler func(ctx context.Context, c *claimed) error

// NewRunner makes a runner; several may run on one database.
func NewRunner(d *db.DB, log *slog.Logger) *Runner {
	r := &Runner{
		Workers: 8, Grace: 10 * time.Second, db: d, log: log,
		handlers: map[string]handler{}, periods: map[string]time.Duration{},
		lease: leases{hold: 20 * time.Second / failpoint.Hurry, renew: 5 * time.Second / failpoint.Hurry},
	}
	Every(r, "job.sweep", sweepTime, r.sweep)
	return r
}

// Handle registers the worker of T's kind. A kind has one worker.
func Handle[T Args](r *Runner, fn func(ctx context.Context, j *Job[T]) error) {
	var zero T
	r.register(zero.JobKind(), func(ctx context.Context, c *claimed) error {
		j := &Job[T]{ID: c.id, Attempt: c.attempts, held: c}
		if err := json.Unmarshal([]byte(c.args), &j.Args); err != nil {
			return Drop(fmt.Errorf("args: %w", err))
		}
		return fn(ctx, j)
	})
}

// Every has fn run once in each period, by one of the nodes. Its error is logged, and tried again in the next period.
func Every(r *Runner, name string, period time.Duration, fn func(ctx context.Context) error) {
	if period <= 0 {
		panic("job: the period of " + name + " is not positive")
	}
	kind := "every:" + name
	r.periods[kind] = period
	r.register(kind, func(ctx context.Context, _ *claimed) error { return fn(ctx) })
}

func (r *Runner) register(kind string, h handler) {
	if kind == "" || r.handlers[kind] != nil {
		panic("job: two workers for kind " + kind)
	}
	r.handlers[kind] = h
}

// Run claims and runs jobs until ctx ends, then waits for those that run.
func (r *Runner) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	wake, unsubscribe := r.db.Subscribe(Topic)
	defer unsubscribe()
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	free := make(chan struct{}, r.Workers) // tells the loop that a worker has become free
	var running sync.WaitGroup
	slots := make(chan struct{}, r.Workers)
	for ensured := (time.Time{}); ; {
		if time.Since(ensured) > time.Minute {
			ensured = r.ensureLogged(ctx)
		}
		claimed, err := r.claim(ctx, cap(slots)-len(slots))
		if err != nil && ctx.Err() == nil {
			r.log.Error("jobs can't be claimed; trying again", "err", err)
		}
		for _, c := range claimed {
			slots <- struct{}{}
			running.Go(func() {
				_ = r.one(work, c)
				<-slots
				select {
				case free <- struct{}{}:
				default:
				}
			})
		}
		select {
		case <-ctx.Done():
			r.finish(&running, cancel)
			return nil
		case <-wake:
		case <-free:
		case <-tick.C:
		}
	}
}

// finish waits for running jobs, first kindly; whatever runs after Grace has its context ended and is run again later.
func (r *Runner) finish(running *sync.WaitGroup, cancel context.CancelFunc) {
	t := time.AfterFunc(r.Grace, cancel)
	defer t.Stop()
	running.Wait()
}

// Drain runs what is due, one after the other, until nothing is, periodic work included. It returns the errors of
// the runs that failed. For tests.
func (r *Runner) Drain(ctx context.Context) error {
	if err := r.ensure(ctx); err != nil {
		return err
	}
	var failed []error
	for {
		got, err := r.claim(ctx, 1)
		if err != nil || len(got) == 0 {
			return errors.Join(append(failed, err)...)
		}
		if err := r.one(ctx, got[0]); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", got[0].kind, err))
		}
	}
}

// one runs a job and writes what became of it. Its result is the worker's failure.
func (r *Runner) one(ctx context.Context, c *claimed) error {
	began := time.Now()
	failpoint.Here(failpoint.JobClaimed)
	err := r.work(ctx, c)
	failpoint.Here(failpoint.JobEffect)
	var again *later
	stopped := ctx.Err() != nil && errors.Is(err, context.Canceled)
	switch {
	case stopped: // we are told to end: not the job's fault
		err = Later(0)
	case c.finished && err != nil:
		r.log.Warn("a worker failed after its job was complete", "kind", c.kind, "job", c.id, "err", err)
		err = nil
	case err != nil && !errors.As(err, &again):
		r.log.Warn("job failed", "kind", c.kind, "job", c.id, "attempt", c.attempts, "took", time.Since(began), "err", err)
	}
	if !c.finished {
		if e := r.settle(context.WithoutCancel(ctx), c, err); e != nil {
			r.log.Error("the outcome of a job can't be written; its lease will end", "kind", c.kind, "job", c.id, "err", e)
		}
	}
	if stopped || errors.As(err, &again) {
		return nil
	}
	return err
}

// work runs the handler with a lease that is renewed. A panic is a failure.
func (r *Runner) work(ctx context.Context, c *claimed) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var renewing sync.WaitGroup
	stop := make(chan struct{})
	renewing.Go(func() { r.keep(ctx, c, stop, cancel) })
	defer renewing.Wait()
	defer close(stop)
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("a job's worker panicked", "kind", c.kind, "job", c.id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return r.handlers[c.kind](ctx, c)
}

// keep renews the lease until stop; when the job isn't ours any more, the worker's context ends.
func (r *Runner) keep(ctx context.Context, c *claimed, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(r.lease.renew)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		err := db.Do(context.WithoutCancel(ctx), r.db, func(_ context.Context, tx *db.Tx) error {
			return tx.Must1(errLost, `UPDATE job SET lease_until = $1 WHERE id = $2 AND state = 'running' AND lease_token = $3`,
				time.Now().Add(r.lease.hold), c.id, c.token)
		})
		if errors.Is(err, errLost) { // also when the worker has just completed it: then this does no harm
			cancel(err)
			return
		}
	}
}

func (r *Runner) settle(ctx context.Context, c *claimed, err error) error {
	return db.Do(ctx, r.db, func(_ context.Context, tx *db.Tx) error {
		period, periodic := r.periods[c.kind]
		if !periodic {
			return c.settle(tx, err)
		}
		next := tx.Now.Truncate(period).Add(period)
		var again *later
		if errors.As(err, &again) {
			next = tx.Now.Add(again.after)
		}
		last := ""
		if err != nil {
			last = kept(err)
		}
		_, e := tx.Exec(`UPDATE job SET state = 'waiting', run_at = $1, attempts = 0, lease_token = '', lease_until = NULL, last_error = $2
			WHERE id = $3 AND state = 'running' AND lease_token = $4`, next, last, c.id, c.token)
		return e
	})
}

func (r *Runner) ensureLogged(ctx context.Context) time.Time {
	if err := r.ensure(ctx); err != nil {
		if ctx.Err() == nil {
			r.log.Error("periodic work can't be entered; trying again", "err", err)
		}
		return time.Time{}
	}
	return time.Now()
}

// ensure enters the periodic work that isn't there yet.
func (r *Runner) ensure(ctx context.Context) error {
	there, err := db.Read(ctx, r.db, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], `SELECT dedupe_key FROM job WHERE state IN ('waiting', 'running') AND dedupe_key LIKE 'every:%'`)
	})
	if err != nil {
		return err
	}
	var missing []string
	for kind := range r.periods {
		if !slices.Contains(there, kind) {
			missing = append(missing, kind)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return db.Do(ctx, r.db, func(_ context.Context, tx *db.Tx) error {
		for _, kind := range missing {
			// Never dead: what fails is tried again in the next period.
			if err := insert(tx, kind, "{}", options{at: tx.Now, key: kind, max: 1 << 30}); err != nil {
				return err
			}
		}
		return nil
	})
}

// sweep removes jobs that were done long ago.
func (r *Runner) sweep(ctx context.Context) error {
	for {
		n, err := db.Write(ctx, r.db, func(_ context.Context, tx *db.Tx) (int64, error) {
			return tx.Exec(`DELETE FROM job WHERE id IN (SELECT id FROM job WHERE state = 'done' AND done_at < $1 LIMIT 500)`, tx.Now.Add(-keepDone))
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
