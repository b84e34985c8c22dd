package dataset

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// toPostgres copies into a migrated database, a connection for each table.
type toPostgres struct {
	ctx     context.Context
	group   *errgroup.Group
	streams []chan [][]any
	parts   [][][]any
}

const copyPart = 1000 // rows that are handed over at a time

// settings: nobody reads while the set is made, and what a crash loses is made again.
const settings = `SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET statement_timeout = 0`

func fillPostgres(ctx context.Context, url string, load func(sink) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, settings); err != nil {
		return err
	}
	statements, err := dropIndexes(ctx, conn)
	if err != nil {
		return err
	}
	if err := copyAll(ctx, url, load); err != nil {
		return err
	}
	statements = append(
		statements,
		"UPDATE journal_head SET position = (SELECT coalesce(max(position), 0) FROM journal_position) WHERE id = 1",
		"SELECT setval(pg_get_serial_sequence('journal_entry', 'id'), greatest(1, (SELECT max(id) FROM journal_entry)))",
		"VACUUM ANALYZE", "CHECKPOINT",
	)
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// dropIndexes leaves those of constraints and answers what makes the others again.
func dropIndexes(ctx context.Context, conn *pgx.Conn) (statements []string, err error) {
	rows, err := conn.Query(ctx, `SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema()
		AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) ORDER BY i.indexname`)
	if err != nil {
		return nil, err
	}
	type index struct{ Name, Def string }
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if _, err := conn.Exec(ctx, "DROP INDEX "+pgx.Identifier{i.Name}.Sanitize()); err != nil {
			return nil, err
		}
		statements = append(statements, i.Def)
	}
	return statements, nil
}

func copyAll(ctx context.Context, url string, load func(sink) error) error {
	group, ctx := errgroup.WithContext(ctx)
	p := &toPostgres{ctx: ctx, group: group, streams: make([]chan [][]any, len(tables)), parts: make([][][]any, len(tables))}
	for i, t := range tables {
		stream := make(chan [][]any, 4)
		p.streams[i] = stream
		group.Go(func() error { return copyTable(ctx, url, t, stream) })
	}
	err := load(p)
	for i, stream := range p.streams {
		if err == nil && len(p.parts[i]) > 0 {
			err = p.send(i)
		}
		close(stream)
	}
	return errors.Join(err, group.Wait())
}

func (p *toPostgres) row(t *table, values ...any) error {
	p.parts[t.index] = append(p.parts[t.index], values)
	if len(p.parts[t.index]) < copyPart {
		return nil
	}
	return p.send(t.index)
}

func (p *toPostgres) send(i int) error {
	select {
	case p.streams[i] <- p.parts[i]:
		p.parts[i] = make([][]any, 0, copyPart)
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}

func copyTable(ctx context.Context, url string, t *table, stream <-chan [][]any) error {
	part, ok := <-stream
	if !ok {
		return nil // nothing for this table
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, settings); err != nil {
		return err
	}
	at := 0
	_, err = conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromFunc(func() ([]any, error) {
		for at == len(part) {
			if part, ok = <-stream; !ok {
				return nil, nil
			}
			at = 0
		}
		at++
		return part[at-1], nil
	}))
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}
