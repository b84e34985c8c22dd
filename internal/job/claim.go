package job

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/kortverk/kortverk/internal/db"
)

// claim takes up to n due jobs of the kinds that this runner has workers for.
func (r *Runner) claim(ctx context.Context, n int) ([]*claimed, error) {
	if n <= 0 || ctx.Err() != nil {
		return nil, ctx.Err()
	}
	kinds := slices.Sorted(maps.Keys(r.handlers))
	// Looking costs no write: on SQLite that would be everybody's turn, twice a second, for nothing.
	due, err := db.Read(ctx, r.db, func(_ context.Context, tx *db.Tx) (bool, error) {
		return db.Value[bool](tx, `SELECT EXISTS (SELECT 1 FROM job WHERE state = 'waiting' AND run_at <= $1 AND kind IN (`+db.List(3, len(kinds))+`))
			OR EXISTS (SELECT 1 FROM job WHERE state = 'running' AND lease_until < $2)`, append([]any{tx.Now, time.Now()}, db.Anys(kinds)...)...)
	})
	if err != nil || !due {
		return nil, err
	}
	return db.Write(ctx, r.db, func(_ context.Context, tx *db.Tx) ([]*claimed, error) {
		if err := bury(tx); err != nil {
			return nil, err
		}
		if err := free(tx); err != nil {
			return nil, err
		}
		return r.take(tx, kinds, n)
	})
}

// bury ends jobs whose last attempt took their process with it.
func bury(tx *db.Tx) error {
	_, err := tx.Exec(`UPDATE job SET state = 'dead', done_at = $1, lease_token = '', lease_until = NULL, last_error = $2
		WHERE state = 'running' AND lease_until < $3 AND attempts >= max_attempts`, tx.Now, errLost.Code, time.Now())
	return err
}

// free puts back jobs whose lease has ended.
func free(tx *db.Tx) error {
	_, err := tx.Exec(`UPDATE job SET state = 'waiting', lease_token = '', lease_until = NULL, last_error = $1
		WHERE state = 'running' AND lease_until < $2`, errLost.Code, time.Now())
	return err
}

// take claims. Materialized, since PostgreSQL may otherwise run the inner query more than once and pass the limit.
func (r *Runner) take(tx *db.Tx, kinds []string, n int) ([]*claimed, error) {
	skip := ""
	if tx.Postgres() {
		skip = " FOR UPDATE SKIP LOCKED" // SQLite has one writer
	}
	token := db.NewID().String()
	args := append([]any{token, time.Now().Add(r.lease.hold), tx.Now, n}, db.Anys(kinds)...)
	return db.Rows(tx, func(row db.Row) (*claimed, error) {
		c := &claimed{token: token, db: r.db}
		err := row.Scan(&c.id, &c.kind, &c.args, &c.attempts, &c.most)
		return c, err
	}, `WITH due AS MATERIALIZED (SELECT id FROM job WHERE state = 'waiting' AND run_at <= $3 AND kind IN (`+db.List(5, len(kinds))+`)
			ORDER BY run_at, id LIMIT $4`+skip+`)
		UPDATE job SET state = 'running', attempts = attempts + 1, lease_token = $1, lease_until = $2
		WHERE state = 'waiting' AND id IN (SELECT id FROM due)
		RETURNING id, kind, args, attempts, max_attempts`, args...)
}
