package dataset

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// toSQLite fills a migrated file that nobody else has open. It is not durable until it is finished.
type toSQLite struct {
	ctx   context.Context
	pool  *sql.DB
	conn  *sql.Conn
	stmts []driver.Stmt
	args  []driver.NamedValue
}

func openSQLite(ctx context.Context, file string) (*toSQLite, error) {
	pool, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-2000000)&_pragma=locking_mode(EXCLUSIVE)&_pragma=temp_store(MEMORY)&_pragma=threads(2)")
	if err != nil {
		return nil, err
	}
	s := &toSQLite{ctx: ctx, pool: pool, stmts: make([]driver.Stmt, len(tables))}
	if s.conn, err = pool.Conn(ctx); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	if _, err = s.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, errors.Join(err, s.conn.Close(), pool.Close())
	}
	return s, nil
}

// row goes to the driver itself: database/sql would take as long again as SQLite.
func (s *toSQLite) row(t *table, values ...any) error {
	return s.conn.Raw(func(c any) (err error) {
		if s.stmts[t.index] == nil {
			query := "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
			if s.stmts[t.index], err = c.(driver.ConnPrepareContext).PrepareContext(s.ctx, query); err != nil {
				return err
			}
		}
		if len(values) != len(t.columns) {
			return fmt.Errorf("%s has %d columns and got %d values", t.name, len(t.columns), len(values))
		}
		s.args = s.args[:0]
		for i, v := range values {
			s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: v})
		}
		if _, err = s.stmts[t.index].(driver.StmtExecContext).ExecContext(s.ctx, s.args); err != nil {
			return fmt.Errorf("%s %v: %w", t.name, values, err)
		}
		return nil
	})
}

// indexes are those that a statement makes again.
func (s *toSQLite) indexes() (names, statements []string, err error) {
	rows, err := s.conn.QueryContext(s.ctx, `SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return nil, nil, err
		}
		names, statements = append(names, name), append(statements, statement)
	}
	return names, statements, rows.Err()
}

func (s *toSQLite) exec(statement string) error {
	_, err := s.conn.ExecContext(s.ctx, statement)
	if err != nil {
		err = fmt.Errorf("%s: %w", statement, err)
	}
	return err
}

// fill loads with indexes dropped and makes them again as they were.
func (s *toSQLite) fill(load func(sink) error) error {
	names, statements, err := s.indexes()
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := s.exec("DROP INDEX " + n); err != nil {
			return err
		}
	}
	if err := load(s); err != nil {
		return err
	}
	if err := s.exec("UPDATE journal_head SET position = (SELECT coalesce(max(position), 0) FROM journal_position) WHERE id = 1"); err != nil {
		return err
	}
	for _, statement := range statements {
		if err := s.exec(statement); err != nil {
			return err
		}
	}
	return s.exec("COMMIT")
}

func (s *toSQLite) close() error {
	for _, st := range s.stmts {
		if st != nil {
			_ = s.conn.Raw(func(any) error { return st.Close() })
		}
	}
	return errors.Join(s.conn.Close(), s.pool.Close())
}
