package journal

import (
	"context"
	"log/slog"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
)

// errCursor says that another follower of the same name was faster.
var errCursor = fault.New(fault.Conflict, "journal.cursor_moved")

// SaveCursorTx moves the named reader from one position to a later one. It belongs into the transaction of what
// the reader did with the records between; journal.cursor_moved says that another has been here.
func SaveCursorTx(_ context.Context, tx *db.Tx, name string, from, to int64) error {
	if _, err := tx.Exec(`INSERT INTO journal_cursor (name, position) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING`, name); err != nil {
		return err
	}
	return tx.Must1(errCursor, `UPDATE journal_cursor SET position = $1 WHERE name = $2 AND position = $3`, to, name, from)
}

// FollowStep hands the next records after the named cursor to fn, in the transaction that moves the cursor: each record counts
// exactly once for what fn writes. It returns how many there were.
func FollowStep(ctx context.Context, d *db.DB, name string, limit int, fn func(ctx context.Context, tx *db.Tx, records []Positioned) error) (int, error) {
	type todo struct {
		from    int64
		records []Positioned
	}
	next, err := db.Read(ctx, d, func(ctx context.Context, tx *db.Tx) (t todo, err error) {
		if t.from, err = Cursor(ctx, tx, name); err != nil {
			return t, err
		}
		t.records, err = Feed(ctx, tx, t.from, limit)
		return t, err
	})
	if err != nil || len(next.records) == 0 {
		return 0, err
	}
	n := len(next.records)
	return n, db.Do(ctx, d, func(ctx context.Context, tx *db.Tx) error {
		if err := SaveCursorTx(ctx, tx, name, next.from, next.records[n-1].Position); err != nil {
			return err
		}
		return fn(ctx, tx, next.records)
	})
}

// Follow runs FollowStep whenever there is something new, until ctx ends. An error is logged and tried again.
func Follow(ctx context.Context, d *db.DB, log *slog.Logger, name string, fn func(ctx context.Context, tx *db.Tx, records []Positioned) error) error {
	wake, cancel := d.Subscribe(PositionTopic)
	defer cancel()
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	for {
		n, err := FollowStep(ctx, d, name, batchSize, fn)
		if err != nil && ctx.Err() == nil && !fault.Has(err, errCursor.Code) {
			log.Error("a follower of the journal failed, and tries again", "name", name, "err", err)
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-tick.C:
		}
	}
}
