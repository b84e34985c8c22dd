package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
)

// turnTime is how long a Write waits for its turn. Something is wrong then: a disk that hangs, a server without connections.
var turnTime = 10 * time.Second

var errNoTurn = fault.New(fault.Unavailable, "db.busy").Because(errors.New("db: no turn to write within the time"))

type reserveKey struct{}

// Reserve marks what has connections of its own: it never waits behind those of others. For what must go on while all
// else is slow, such as checks and blocks.
func Reserve(ctx context.Context) context.Context { return context.WithValue(ctx, reserveKey{}, true) }

func (d *DB) poolFor(ctx context.Context) *sql.DB {
	if d.kept != nil && ctx.Value(reserveKey{}) != nil {
		return d.kept
	}
	return d.pool
}

// connection waits for one to write on; waiting is what the caller may give up.
func (d *DB) connection(ctx context.Context) (*sql.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	conn, err := d.poolFor(ctx).Conn(wait)
	if err != nil && wait.Err() != nil && ctx.Err() == nil {
		return nil, errNoTurn
	}
	return conn, normalise("connect", err)
}
