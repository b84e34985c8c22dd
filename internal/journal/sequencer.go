package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
)

const (
	batchSize = 500
	leaseTime = 10 * time.Second / failpoint.Hurry
	pollTime  = 500 * time.Millisecond
)

// errMoved says that another sequencer was faster; its positions stand.
var errMoved = fault.New(fault.Conflict, "journal.head_moved")

// Sequencer gives positions to committed entries.
type Sequencer struct {
	db    *db.DB
	log   *slog.Logger
	token string
}

// NewSequencer makes a sequencer; several may run on one database.
func NewSequencer(d *db.DB, log *slog.Logger) *Sequencer {
	return &Sequencer{db: d, log: log, token: db.NewID().String()}
}

// Run gives positions until ctx ends, whenever it holds the lease.
func (s *Sequencer) Run(ctx context.Context) error {
	wake, cancel := s.db.Subscribe(Topic)
	defer cancel()
	tick := time.NewTicker(pollTime)
	defer tick.Stop()
	held := time.Time{} // wall time until which the lease is ours
	for {
		if err := s.round(ctx, &held); err != nil && ctx.Err() == nil {
			s.log.Error("the journal's sequencer failed, and tries again", "err", err)
		}
		select {
		case <-ctx.Done():
			if err := s.release(context.WithoutCancel(ctx)); err != nil { // it runs out by itself
				s.log.Warn("the journal's sequencer couldn't hand back its lease", "err", err)
			}
			return nil
		case <-wake:
		case <-tick.C:
		}
	}
}

// round renews the lease when less than half of it is left, and empties the pending table. Nothing is written
// when there is nothing to do.
func (s *Sequencer) round(ctx context.Context, held *time.Time) error {
	for {
		waiting, err := s.pending(ctx)
		if err != nil || !waiting {
			return err
		}
		if time.Until(*held) < leaseTime/2 {
			until := time.Now().Add(leaseTime)
			ok, err := s.lease(ctx, until)
			if err != nil || !ok {
				return err
			}
			*held = until
		}
		if _, err := s.Step(ctx); err != nil {
			if errors.Is(err, errMoved) {
				*held = time.Time{}
				return nil
			}
			return err
		}
	}
}

func (s *Sequencer) pending(ctx context.Context) (bool, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (bool, error) {
		return db.Value[bool](tx, `SELECT EXISTS (SELECT 1 FROM journal_pending)`)
	})
}

// lease takes or renews the lease. Wall time: it is about processes, not business.
func (s *Sequencer) lease(ctx context.Context, until time.Time) (bool, error) {
	return db.Write(ctx, s.db, func(_ context.Context, tx *db.Tx) (bool, error) {
		n, err := tx.Exec(`UPDATE journal_head SET lease_token = $1, lease_until = $2
			WHERE id = 1 AND (lease_token = $1 OR lease_until < $3)`, s.token, until, time.Now())
		return n == 1, err
	})
}

func (s *Sequencer) release(ctx context.Context) error {
	return db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE journal_head SET lease_token = '', lease_until = 0 WHERE id = 1 AND lease_token = $1`, s.token)
		return err
	})
}

// batch is what one step will write.
type batch struct {
	head    int64 // the newest position before it
	entries []stored
	first   int64 // index of the first new hash
	hashes  []tlog.Hash
}

// Step gives positions to one batch of entries and returns how many. It takes no lease: the compare-and-set on
// the head is what makes it safe; journal.head_moved says that another was faster.
func (s *Sequencer) Step(ctx context.Context) (int, error) {
	// Read and hashed outside the write, which everybody else waits for.
	b, err := db.Read(ctx, s.db, prepare)
	if err != nil || len(b.entries) == 0 {
		return 0, err
	}
	failpoint.Here(failpoint.JournalHashed)
	if err := db.Do(ctx, s.db, b.write); err != nil {
		return 0, err
	}
	failpoint.Here(failpoint.JournalPositioned)
	return len(b.entries), nil
}

func prepare(ctx context.Context, tx *db.Tx) (b batch, err error) {
	if b.head, err = Newest(ctx, tx); err != nil {
		return b, err
	}
	if b.entries, err = db.Rows(tx, scanStored, `SELECT e.id, `+columns+` FROM journal_pending p
		JOIN journal_entry e ON e.id = p.entry_id ORDER BY e.id LIMIT $1`, batchSize); err != nil {
		return b, err
	}
	b.first = tlog.StoredHashCount(b.head)
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return b.read(tx, indexes) })
	for i, e := range b.entries {
		data, err := e.encode()
		if err != nil {
			return b, err
		}
		hashes, err := tlog.StoredHashesForRecordHash(b.head+int64(i), tlog.RecordHash(data), reader)
		if err != nil {
			return b, err
		}
		b.hashes = append(b.hashes, hashes...)
	}
	return b, nil
}

// read finds hashes that are stored already or made in this batch.
func (b *batch) read(tx *db.Tx, indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= b.first {
			out[i] = b.hashes[index-b.first]
			continue
		}
		h, err := storedHash(tx, index)
		if err != nil {
			return nil, err
		}
		out[i] = h
	}
	return out, nil
}

func storedHash(tx *db.Tx, index int64) (h tlog.Hash, err error) {
	raw, err := db.Value[[]byte](tx, `SELECT hash FROM journal_hash WHERE id = $1`, index)
	if err != nil {
		return h, fmt.Errorf("journal: hash %d: %w", index, err)
	}
	if len(raw) != len(h) {
		return h, fmt.Errorf("journal: hash %d has %d bytes", index, len(raw))
	}
	return tlog.Hash(raw), nil
}

// write moves the head, or finds that another has done so.
func (b *batch) write(_ context.Context, tx *db.Tx) error {
	n := int64(len(b.entries))
	if err := tx.Must1(errMoved, `UPDATE journal_head SET position = $1 WHERE id = 1 AND position = $2`, b.head+n, b.head); err != nil {
		return err
	}
	positions := make([]any, 0, 2*n)
	ids := make([]any, 0, n)
	for i, e := range b.entries {
		positions = append(positions, b.head+int64(i)+1, e.ID)
		ids = append(ids, e.ID)
	}
	if err := insertPairs(tx, `INSERT INTO journal_position (position, entry_id) VALUES `, positions); err != nil {
		return err
	}
	hashes := make([]any, 0, 2*len(b.hashes))
	for i, h := range b.hashes {
		hashes = append(hashes, b.first+int64(i), h[:])
	}
	if err := insertPairs(tx, `INSERT INTO journal_hash (id, hash) VALUES `, hashes); err != nil {
		return err
	}
	// By id and not by range: a lower number may have become visible since.
	if _, err := tx.Exec(`DELETE FROM journal_pending WHERE entry_id IN (`+db.List(1, len(ids))+`)`, ids...); err != nil {
		return err
	}
	tx.Signal(PositionTopic)
	return nil
}

// insertPairs inserts rows of two columns, many at once.
func insertPairs(tx *db.Tx, insert string, values []any) error {
	const most = 1000
	for len(values) > 0 {
		part := values[:min(most, len(values))]
		values = values[len(part):]
		rows := make([]string, len(part)/2)
		for i := range rows {
			rows[i] = "(" + db.List(2*i+1, 2) + ")"
		}
		if _, err := tx.Exec(insert+strings.Join(rows, ", "), part...); err != nil {
			return err
		}
	}
	return nil
}
