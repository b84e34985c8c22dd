package company

import (
	"context"
	"slices"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
)

// Later is what a company came to be after the backup that was restored.
type Later struct {
	ID       ID
	Closed   bool
	Hold     string
	Revision int64 // 0: of another count than the database's
	At       time.Time
}

// ReplayTx brings a restored company to its later hold, release or end, with one journal entry. False: there is nothing to do,
// or no such company in the backup.
func ReplayTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Later) (bool, error) {
	c, err := ByIDTx(ctx, tx, l.ID)
	if fault.Has(err, "company.unknown") {
		return false, nil
	}
	if err != nil || c.Closed() || (l.Revision != 0 && l.Revision <= c.Revision) {
		return false, err
	}
	if l.Hold != "" && !slices.Contains(HoldReasons(), l.Hold) {
		l.Hold = Other
	}
	e := journal.Entry{By: by, Company: c.ID, Data: map[string]string{"restored_from": l.At.UTC().Format(time.RFC3339)}}
	switch {
	case l.Closed:
		e.Kind = "company.closed"
		err = tx.Must1(changedMeanwhile(), `UPDATE company SET closed_at = $1, revision = revision + 1 WHERE id = $2 AND revision = $3`, tx.Now, c.ID, c.Revision)
	case l.Hold == c.Hold:
		return false, nil
	case l.Hold != "":
		e.Kind, e.Reason = "company.held", l.Hold
		err = tx.Must1(changedMeanwhile(), `UPDATE company SET hold = $1, held_at = $2, revision = revision + 1 WHERE id = $3 AND revision = $4`,
			l.Hold, tx.Now, c.ID, c.Revision)
	default:
		e.Kind, e.Reason = "company.released", c.Hold
		err = tx.Must1(changedMeanwhile(), `UPDATE company SET hold = '', held_at = NULL, held_by = NULL, hold_note = '', revision = revision + 1
			WHERE id = $1 AND revision = $2`, c.ID, c.Revision)
	}
	if err != nil {
		return false, err
	}
	return true, journal.AppendTx(ctx, tx, e)
}
