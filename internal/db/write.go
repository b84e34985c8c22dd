package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
)

// Write runs fn in a transaction that changes things and commits it when fn returns no error. The result of a
// Write that fails is the zero value. See the package's comment.
func Write[T any](ctx context.Context, d *DB, fn func(ctx context.Context, tx *Tx) (T, error)) (T, error) {
	var out T
	err := Do(ctx, d, func(ctx context.Context, tx *Tx) (err error) {
		out, err = fn(ctx, tx)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}

// Do is Write without a result.
func Do(ctx context.Context, d *DB, fn func(ctx context.Context, tx *Tx) error) error {
	d.refuseNesting(ctx, "Write")
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.readOnly {
		return errReadOnly
	}
	d.before(ctx, "BEGIN")
	run := d.writePostgres
	if !d.postgres {
		run = d.group.write
	}
	tx, err := run(ctx, fn)
	if err != nil {
		return err
	}
	tx.committed()
	return nil
}

// Read runs fn in a transaction that sees one snapshot and can't change anything. It ends when ctx does.
func Read[T any](ctx context.Context, d *DB, fn func(ctx context.Context, tx *Tx) (T, error)) (T, error) {
	var none T
	d.refuseNesting(ctx, "Read")
	var opts *sql.TxOptions // SQLite: one snapshot in any case, and a read-only connection
	if d.postgres {
		opts = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	q, err := d.poolFor(ctx).BeginTx(ctx, opts)
	if err != nil {
		return none, normalise("BEGIN", err)
	}
	defer q.Rollback() //nolint:errcheck // nothing to undo; after a commit it does nothing
	ctx, tx := d.begin(ctx, q, false)
	defer func() { tx.ended = true }()
	out, err := fn(ctx, tx)
	if err == nil {
		err = tx.err
	}
	if err != nil {
		return none, err
	}
	if err := q.Commit(); err != nil {
		return none, normalise("COMMIT", err)
	}
	return out, nil
}

func (d *DB) writePostgres(ctx context.Context, fn func(context.Context, *Tx) error) (_ *Tx, err error) {
	conn, err := d.connection(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close() //nolint:errcheck // back to the pool
	defer func() { err = leaveStandby(conn, err) }()
	ctx = context.WithoutCancel(ctx)
	q, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, normalise("BEGIN", err)
	}
	defer q.Rollback() //nolint:errcheck // also when fn panics; after a commit it does nothing
	tx, err := d.runOne(ctx, q, fn)
	if err != nil {
		return nil, err
	}
	failpoint.Here(failpoint.CommitBefore)
	d.before(ctx, "COMMIT")
	if err := q.Commit(); err != nil {
		return nil, commitFailed(err)
	}
	failpoint.Here(failpoint.CommitAfter)
	return tx, nil
}

// runOne runs one member's function. A transaction that has failed can't end well, whatever fn says.
func (d *DB) runOne(ctx context.Context, q querier, fn func(context.Context, *Tx) error) (*Tx, error) {
	ctx, tx := d.begin(ctx, q, true)
	defer func() { tx.ended = true }()
	err := fn(ctx, tx)
	if err == nil {
		err = tx.err
	}
	return tx, err
}

// commitFailed names what can't be known: the change may have happened. Nothing may run again by itself.
func commitFailed(err error) error {
	var e *Error
	if err = normalise("COMMIT", err); errors.As(err, &e) && e.Problem != Other {
		return err // a deferred constraint: certainly not committed
	}
	return fault.New(fault.Unavailable, "db.commit_unknown").Because(err)
}

// committed tells the listeners.
func (tx *Tx) committed() {
	for _, fn := range tx.after {
		tx.db.hint(fn)
	}
}

func (d *DB) hint(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("a listener panicked after a commit", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	fn()
}

// hub tells this process's subscribers that something may have happened.
type hub struct {
	mu   sync.Mutex
	subs map[string]map[chan struct{}]bool
}

// Subscribe returns a channel that gets a value after a commit that signalled the topic (several may become
// one), and a function that ends it. Other nodes' commits aren't seen: poll as well.
func (d *DB) Subscribe(topic string) (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	d.hub.mu.Lock()
	defer d.hub.mu.Unlock()
	if d.hub.subs == nil {
		d.hub.subs = map[string]map[chan struct{}]bool{}
	}
	if d.hub.subs[topic] == nil {
		d.hub.subs[topic] = map[chan struct{}]bool{}
	}
	d.hub.subs[topic][ch] = true
	return ch, func() {
		d.hub.mu.Lock()
		defer d.hub.mu.Unlock()
		delete(d.hub.subs[topic], ch)
	}
}

func (h *hub) signal(topic string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.subs[topic] {
		select {
		case ch <- struct{}{}:
		default: // it has one waiting already
		}
	}
}
