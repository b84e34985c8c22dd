package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
)

// A group takes in members while it runs, up to these limits, so that the first doesn't wait for ever.
const (
	groupMembers = 128
	groupTime    = 20 * time.Millisecond
	slowMember   = time.Second
)

// group commits SQLite's writes. One goroutine owns the connection and hands it from member to member; a
// member's function runs in its caller's own goroutine, so that its panic (or the end of its goroutine) is its own.
type group struct {
	db    *DB
	queue chan *member // unbuffered: who isn't taken yet can still give up
	stop  chan struct{}
	ended chan struct{}
}

// member is one waiting Write.
type member struct {
	turn  chan turn  // group → member: your savepoint is open
	ended chan error // member → group: this is how it went
	done  chan error // group → member: this is what became of it
	err   error
}

type turn struct {
	conn *sql.Conn
	err  error
}

var (
	errClosed = fault.New(fault.Unavailable, "db.unavailable").Because(errors.New("db: the database is closed"))
	errGone   = errors.New("db: the function panicked or its goroutine ended")
)

func newGroup(d *DB) *group {
	g := &group{db: d, queue: make(chan *member), stop: make(chan struct{}), ended: make(chan struct{})}
	go g.run()
	return g
}

func (g *group) close() {
	close(g.stop)
	<-g.ended
}

// write is the member's side.
func (g *group) write(ctx context.Context, fn func(context.Context, *Tx) error) (*Tx, error) {
	m := &member{turn: make(chan turn, 1), ended: make(chan error, 1), done: make(chan error, 1)}
	patience := time.NewTimer(turnTime)
	defer patience.Stop()
	select {
	case g.queue <- m:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-patience.C:
		return nil, errNoTurn
	case <-g.stop:
		return nil, errClosed
	}
	t := <-m.turn
	if t.err != nil {
		return nil, t.err
	}
	returned := false
	defer func() {
		if !returned { // a panic or runtime.Goexit passes through here and goes on afterwards
			m.ended <- errGone
			<-m.done
		}
	}()
	tx, err := g.db.runOne(context.WithoutCancel(ctx), t.conn, fn)
	returned = true
	m.ended <- err
	return tx, <-m.done
}

// run is the owner's side.
func (g *group) run() {
	defer close(g.ended)
	for {
		select {
		case m := <-g.queue:
			g.transaction(m)
		case <-g.stop:
			return
		}
	}
}

// transaction runs one group, beginning with its first member.
func (g *group) transaction(first *member) {
	ctx := context.Background()
	conn, err := g.db.writer.Conn(ctx)
	if err != nil {
		first.turn <- turn{err: normalise("connect", err)}
		return
	}
	defer conn.Close() //nolint:errcheck // back to the pool of one
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		first.turn <- turn{err: normalise("BEGIN IMMEDIATE", err)}
		return
	}
	members, err := g.serveAll(ctx, conn, first)
	if err == nil {
		failpoint.Here(failpoint.CommitBefore)
		if _, err = conn.ExecContext(ctx, "COMMIT"); err != nil {
			err = commitFailed(err)
		} else {
			failpoint.Here(failpoint.CommitAfter)
		}
	}
	if err != nil {
		g.abandon(ctx, conn, err)
	}
	for _, m := range members {
		if err != nil {
			m.done <- err
		} else {
			m.done <- m.err
		}
	}
}

// serveAll serves members until nobody waits or the group is full. Its error has failed the group.
func (g *group) serveAll(ctx context.Context, conn *sql.Conn, m *member) (members []*member, err error) {
	began := time.Now()
	for m != nil {
		members = append(members, m)
		if err := g.serve(ctx, conn, m); err != nil {
			return members, err
		}
		if len(members) >= groupMembers || time.Since(began) > groupTime {
			break
		}
		select {
		case m = <-g.queue:
		default:
			m = nil
		}
	}
	return members, nil
}

// serve gives one member its turn, in a savepoint.
func (g *group) serve(ctx context.Context, conn *sql.Conn, m *member) error {
	if _, err := conn.ExecContext(ctx, "SAVEPOINT member"); err != nil {
		err = groupFailed("SAVEPOINT", err)
		m.turn <- turn{conn: conn, err: err}
		return err
	}
	began := time.Now()
	m.turn <- turn{conn: conn}
	m.err = <-m.ended
	if d := time.Since(began); d > slowMember {
		g.db.log.Warn("a slow Write kept all others waiting", "took", d)
	}
	end := "RELEASE member"
	if m.err != nil {
		end = "ROLLBACK TO member"
	}
	if _, err := conn.ExecContext(ctx, end); err != nil {
		return groupFailed(end, err)
	}
	if m.err == nil {
		return nil
	}
	if _, err := conn.ExecContext(ctx, "RELEASE member"); err != nil {
		return groupFailed("RELEASE member", err)
	}
	return nil
}

// groupFailed is certain: nothing of the group is committed.
func groupFailed(what string, err error) error {
	return fault.New(fault.Unavailable, "db.unavailable").Because(fmt.Errorf("%s: %w", what, err))
}

// abandon rolls the group back; a connection that can't do even this is thrown away.
func (g *group) abandon(ctx context.Context, conn *sql.Conn, why error) {
	g.db.log.Error("a group of writes failed", "err", why)
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}
