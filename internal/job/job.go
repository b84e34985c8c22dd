package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
)

// Topic is signalled after each commit that has new jobs.
const Topic = "job"

// DefaultAttempts is how often a job is tried: with the pauses between, for about ten hours.
const DefaultAttempts = 20

// Args are what a worker is told. The kind must not depend on the value: the zero value tells it.
type Args interface{ JobKind() string }

type options struct {
	at  time.Time
	key string
	max int
}

// Option changes how a job is enqueued.
type Option func(*options)

// At has the job wait until t, in business time.
func At(t time.Time) Option { return func(o *options) { o.at = t } }

// Key drops the job when one with the same key is waiting or running.
func Key(key string) Option { return func(o *options) { o.key = key } }

// Max sets how often the job is tried.
func Max(attempts int) Option { return func(o *options) { o.max = attempts } }

// EnqueueTx adds a job; it begins once the transaction has committed.
func EnqueueTx(_ context.Context, tx *db.Tx, a Args, opts ...Option) error {
	o := options{at: tx.Now, max: DefaultAttempts}
	for _, opt := range opts {
		opt(&o)
	}
	if o.at.Before(tx.Now) {
		o.at = tx.Now
	}
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("job: args of %s: %w", a.JobKind(), err)
	}
	return insert(tx, a.JobKind(), string(text), o)
}

func insert(tx *db.Tx, kind, args string, o options) error {
	var key any
	if o.key != "" {
		key = o.key
	}
	_, err := tx.Exec(`INSERT INTO job (id, kind, args, state, run_at, attempts, max_attempts, lease_token, dedupe_key, last_error, created_at)
		VALUES ($1, $2, $3, 'waiting', $4, 0, $5, '', $6, '', $7) ON CONFLICT DO NOTHING`,
		db.NewID(), kind, args, o.at, o.max, key, tx.Now)
	if err == nil && !o.at.After(tx.Now) {
		tx.Signal(Topic)
	}
	return err
}

// claimed is a job that this process holds.
type claimed struct {
	id       uuid.UUID
	kind     string
	args     string
	token    string
	attempts int
	most     int
	db       *db.DB
	finished bool // set after the commit of CompleteTx
}

// Job is a job in its worker's hands.
type Job[T Args] struct {
	ID      uuid.UUID
	Args    T
	Attempt int // 1 the first time

	held *claimed
}

var errLost = fault.New(fault.Conflict, "job.lease_lost")

// CompleteTx marks the job done in the transaction of its effect, so that both happen or neither. The
// fault job.lease_lost says that another has taken the job over: the effect must not happen here.
func (j *Job[T]) CompleteTx(_ context.Context, tx *db.Tx) error {
	if err := j.held.complete(tx); err != nil {
		return err
	}
	tx.AfterCommit(func() { j.held.finished = true })
	return nil
}

// HoldTx keeps the job for this worker until the transaction ends, for a change before its last one: the fault job.lease_lost
// says that another has taken the job over, whose work must not be changed from here.
func (j *Job[T]) HoldTx(_ context.Context, tx *db.Tx) error {
	return tx.Must1(errLost, `UPDATE job SET lease_until = lease_until WHERE id = $1 AND state = 'running' AND lease_token = $2`, j.held.id, j.held.token)
}

func (c *claimed) complete(tx *db.Tx) error {
	return tx.Must1(errLost, `UPDATE job SET state = 'done', done_at = $1, lease_token = '', lease_until = NULL, last_error = ''
		WHERE id = $2 AND state = 'running' AND lease_token = $3`, tx.Now, c.id, c.token)
}

// outcomes that are not simply failures
type dropped struct{ cause error }

func (d *dropped) Error() string { return "job: dropped: " + d.cause.Error() }
func (d *dropped) Unwrap() error { return d.cause }

type later struct{ after time.Duration }

func (l *later) Error() string { return "job: again in " + l.after.String() }

// Drop makes the job dead at once: trying again can't help.
func Drop(cause error) error {
	if cause == nil {
		cause = errors.New("no cause given")
	}
	return &dropped{cause}
}

// Later has the job run again after d, without counting this as an attempt. For waiting on something outside.
func Later(d time.Duration) error { return &later{d} }

// backoff is the pause after the nth failed attempt: 1, 2, 4 … seconds, at most an hour, a fifth more or less.
func backoff(attempt int) time.Duration {
	pause := time.Hour
	if attempt < 13 {
		pause = min(pause, time.Second<<max(0, attempt-1))
	}
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}

// settle writes what became of a run. A job that is no longer ours is left alone.
func (c *claimed) settle(tx *db.Tx, err error) error {
	const held = ` WHERE id = $1 AND state = 'running' AND lease_token = $2`
	var again *later
	var drop *dropped
	var exec error
	switch {
	case err == nil:
		if e := c.complete(tx); e != nil && !fault.Has(e, errLost.Code) {
			return e
		}
		return nil
	case errors.As(err, &again):
		_, exec = tx.Exec(`UPDATE job SET state = 'waiting', run_at = $3, attempts = attempts - 1, lease_token = '', lease_until = NULL`+held,
			c.id, c.token, tx.Now.Add(again.after))
	case errors.As(err, &drop) || c.attempts >= c.most:
		_, exec = tx.Exec(`UPDATE job SET state = 'dead', done_at = $3, lease_token = '', lease_until = NULL, last_error = $4`+held,
			c.id, c.token, tx.Now, kept(err))
	default:
		_, exec = tx.Exec(`UPDATE job SET state = 'waiting', run_at = $3, lease_token = '', lease_until = NULL, last_error = $4`+held,
			c.id, c.token, tx.Now.Add(backoff(c.attempts)), kept(err))
	}
	return exec
}

// kept is what may be stored of an error: texts could carry personal data, codes don't.
func kept(err error) string {
	if code := fault.CodeOf(err); code != "" {
		return code
	}
	return "job.failed"
}

// DeadJob is a job that is tried no more.
type DeadJob struct {
	ID        uuid.UUID
	Kind      string
	Args      string
	Attempts  int
	LastError string // a fault code
	CreatedAt time.Time
	DiedAt    time.Time
}

// Dead returns the oldest dead jobs.
func Dead(_ context.Context, tx *db.Tx, limit int) ([]DeadJob, error) {
	return db.Rows(tx, func(r db.Row) (d DeadJob, err error) {
		err = r.Scan(&d.ID, &d.Kind, &d.Args, &d.Attempts, &d.LastError, &d.CreatedAt, &d.DiedAt)
		return d, err
	}, `SELECT id, kind, args, attempts, last_error, created_at, done_at FROM job WHERE state = 'dead' ORDER BY created_at, id LIMIT $1`, limit)
}

// RetryTx has a dead job tried again from the beginning. The fault job.not_dead says that it isn't dead (any more), and
// job.replaced that one with the same key is waiting already.
func RetryTx(_ context.Context, tx *db.Tx, id uuid.UUID) error {
	twin, err := db.Value[bool](tx, `SELECT EXISTS (SELECT 1 FROM job d JOIN job o ON o.dedupe_key = d.dedupe_key
		WHERE d.id = $1 AND o.state IN ('waiting', 'running'))`, id)
	if err != nil {
		return err
	}
	if twin {
		return fault.New(fault.Conflict, "job.replaced")
	}
	tx.Signal(Topic)
	return tx.Must1(fault.New(fault.Conflict, "job.not_dead"), `UPDATE job SET state = 'waiting', run_at = $1, attempts = 0, done_at = NULL
		WHERE id = $2 AND state = 'dead'`, tx.Now, id)
}

// Backlog is how the table stands, for whoever watches a deployment.
type Backlog struct {
	Due    int64         // waiting although their time has come
	Dead   int64         // gave up; somebody has to look
	Oldest time.Duration // how long the oldest due one has waited, business time
}

// Look counts the backlog.
func Look(_ context.Context, tx *db.Tx) (Backlog, error) {
	return db.One(tx, func(r db.Row) (Backlog, error) {
		var b Backlog
		var oldest time.Time
		err := r.Scan(&b.Due, &oldest, &b.Dead)
		if !oldest.IsZero() {
			b.Oldest = tx.Now.Sub(oldest)
		}
		return b, err
	}, `SELECT count(*), min(run_at), (SELECT count(*) FROM job WHERE state = 'dead')
		FROM job WHERE state = 'waiting' AND run_at <= $1`, tx.Now)
}
