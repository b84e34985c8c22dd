package audit

import (
	"context"
	"errors"

	"github.com/kortverk/kortverk/internal/db"
)

var errTakenBack = errors.New("taken back")

// Trial audits what a change would leave behind.
func Trial(ctx context.Context, d *db.DB, change func(*db.Tx) error) (r Report, err error) {
	err = db.Do(ctx, d, func(ctx context.Context, tx *db.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		var err error
		if r, err = read(ctx, tx); err != nil {
			return err
		}
		return errTakenBack
	})
	if errors.Is(err, errTakenBack) {
		err = nil
	}
	return r, err
}
