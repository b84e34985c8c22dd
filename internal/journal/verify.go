package journal

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
)

// verified is one batch of the walk over the whole log.
type verified struct {
	head  int64
	rows  []placed
	after int64
}

type placed struct {
	position int64
	stored
}

// VerifyTree computes all hashes again and compares them with what is stored: an altered, removed or exchanged entry,
// position or hash is the fault journal.tree_differs, with its position. It reads in batches and needs little memory.
func VerifyTree(ctx context.Context, d *db.DB) error {
	// The newest position is read first: what comes later is left for another time.
	head, err := db.Read(ctx, d, Newest)
	if err != nil {
		return err
	}
	var hashes []tlog.Hash // all of them, 64 bytes an entry: needed to build the inner ones independently of the table
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = hashes[index]
		}
		return out, nil
	})
	for after := int64(0); after < head; {
		v, err := db.Read(ctx, d, func(_ context.Context, tx *db.Tx) (verified, error) { return readPlaced(tx, head, after) })
		if err != nil {
			return err
		}
		first := int64(len(hashes))
		for _, p := range v.rows {
			if after++; p.position != after {
				return differs(after)
			}
			data, err := p.encode()
			if err != nil {
				return err
			}
			more, err := tlog.StoredHashesForRecordHash(after-1, tlog.RecordHash(data), reader)
			if err != nil {
				return err
			}
			hashes = append(hashes, more...)
		}
		if len(v.rows) == 0 {
			return differs(after + 1)
		}
		if err := compare(ctx, d, first, hashes[first:], after); err != nil {
			return err
		}
	}
	return nil
}

func readPlaced(tx *db.Tx, head, after int64) (verified, error) {
	rows, err := db.Rows(tx, func(r db.Row) (p placed, err error) {
		p.stored, err = scanStored(db.Prefixed(r, &p.position))
		return p, err
	}, `SELECT p.position, e.id, `+columns+` FROM journal_position p JOIN journal_entry e ON e.id = p.entry_id
		WHERE p.position > $1 AND p.position <= $2 ORDER BY p.position LIMIT $3`, after, head, batchSize)
	return verified{head: head, rows: rows, after: after}, err
}

// compare holds the hashes from index first on against the table.
func compare(ctx context.Context, d *db.DB, first int64, want []tlog.Hash, position int64) error {
	got, err := db.Read(ctx, d, func(_ context.Context, tx *db.Tx) ([][]byte, error) {
		return db.Rows(tx, db.Column[[]byte], `SELECT hash FROM journal_hash WHERE id >= $1 AND id < $2 ORDER BY id`, first, first+int64(len(want)))
	})
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return differs(position)
	}
	for i, h := range want {
		if string(got[i]) != string(h[:]) {
			return differs(position)
		}
	}
	return nil
}

func differs(position int64) error {
	return fault.New(fault.Internal, "journal.tree_differs", "position", fmt.Sprint(position))
}
