package interleave

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// run is one command on its way through the database.
type run struct {
	stop    int // the statement before which it stops, counted from 0; -1: none
	reached chan struct{}
	resume  chan struct{}
	done    chan struct{}
	err     error

	mu    sync.Mutex
	trace []string // the statements that it came to
}

type runKey struct{}

// before is the hook of the database: it writes down what a run does, and stops it where it is to stop.
func before(ctx context.Context, query string) {
	r, ok := ctx.Value(runKey{}).(*run)
	if !ok {
		return
	}
	r.mu.Lock()
	n := len(r.trace)
	r.trace = append(r.trace, query)
	r.mu.Unlock()
	if n == r.stop {
		close(r.reached)
		<-r.resume
	}
}

// stage is a database in a known state, to which it can be brought back.
type stage struct {
	t      *testing.T
	d      *db.DB
	watch  *sql.DB         // PostgreSQL: sees who waits
	tables []string        // all that there are
	dirty  map[string]bool // those that a run may have written to
}

func newStage(t *testing.T, engine string) *stage {
	t.Helper()
	o := dbtest.Options(t, engine)
	o.Before = before
	o.Clock = clock.NewAt(time.Now()) // it stands still, so that what is compared doesn't depend on how long a stop took
	s := &stage{t: t, dirty: map[string]bool{}}
	if o.URL != "" {
		o.ReadConns = 8
		// A deadlock is found after this long.
		o.URL = with(o.URL, "deadlock_timeout", "20ms")
		var err error
		if s.watch, err = sql.Open("pgx", o.URL); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.watch.Close() })
	}
	var err error
	if s.d, err = db.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.d.Close() })
	return s
}

// with adds a setting to an address of either form.
func with(address, name, value string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return address + " " + name + "=" + value
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// exec runs a script of several statements without arguments.
func (s *stage) exec(script string) {
	s.t.Helper()
	err := db.Do(context.WithoutCancel(s.t.Context()), s.d, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(script)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// keep remembers the state that rewind brings back.
func (s *stage) keep() {
	s.t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	if s.d.Postgres() {
		query = `SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`
	}
	var err error
	s.tables, err = db.Read(s.t.Context(), s.d, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], query)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.tables = slices.DeleteFunc(s.tables, func(t string) bool { return strings.HasPrefix(t, "kept_") || strings.HasPrefix(t, "goose") })
	var script strings.Builder
	for _, t := range s.tables {
		fmt.Fprintf(&script, "CREATE TABLE kept_%s AS SELECT * FROM %s;\n", t, t)
	}
	s.exec(script.String())
}

// rewind brings back what runs have written to.
func (s *stage) rewind() {
	s.t.Helper()
	if len(s.dirty) == 0 {
		return
	}
	script, overriding := strings.Builder{}, ""
	if s.d.Postgres() {
		script.WriteString("SET LOCAL session_replication_role = replica;\n") // no foreign keys meanwhile
		overriding = " OVERRIDING SYSTEM VALUE"
	} else {
		script.WriteString("PRAGMA defer_foreign_keys = ON;\n")
	}
	for t := range s.dirty {
		fmt.Fprintf(&script, "DELETE FROM %s; INSERT INTO %s%s SELECT * FROM kept_%s;\n", t, t, overriding, t)
	}
	s.exec(script.String())
	clear(s.dirty)
}

// stops are the statements of a run before which it is worth stopping while another one does its own: all of them with
// KV_INTERLEAVE=all; otherwise those where the one that was passed since the last stop reads or writes what the other
// writes to. Passing any other one changes nothing for either.
func (s *stage) stops(trace, other []string) []int {
	theirs := map[string]bool{}
	for _, q := range other {
		for t, how := range s.touches(q) {
			theirs[t] = theirs[t] || how != reads
		}
	}
	var out []int
	inside := false
	for k, q := range trace {
		if q == "BEGIN" {
			out, inside = append(out, k), false
			continue
		}
		if !s.d.Postgres() {
			// One writes at a time: wherever it stands in its transaction, the other one waits.
			if !inside {
				out, inside = append(out, k), true
			}
			continue
		}
		passed := trace[k-1]
		telling := passed == "BEGIN" || os.Getenv("KV_INTERLEAVE") == "all"
		for t, how := range s.touches(passed) {
			telling = telling || theirs[t] && how != adds
		}
		if telling {
			out = append(out, k)
		}
	}
	return out
}

// How a statement touches a table.
const (
	reads   = "reads"
	adds    = "adds" // a row that nobody else knows of
	changes = "changes"
)

var tables = regexp.MustCompile(`(?i)\b(FROM|JOIN|INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)`)

func (s *stage) touches(query string) map[string]string {
	out := map[string]string{}
	for _, m := range tables.FindAllStringSubmatch(query, -1) {
		if !slices.Contains(s.tables, m[2]) {
			continue
		}
		switch verb := strings.ToUpper(m[1]); {
		case verb == "INSERT INTO" && !strings.Contains(query, "ON CONFLICT"):
			out[m[2]] = adds
		case verb == "FROM" || verb == "JOIN":
			if out[m[2]] == "" {
				out[m[2]] = reads
			}
		default:
			out[m[2]] = changes
		}
	}
	return out
}

// start lets a command go, up to its stop.
func (s *stage) start(do func(ctx context.Context) error, stop int) *run {
	r := &run{stop: stop, reached: make(chan struct{}), resume: make(chan struct{}), done: make(chan struct{})}
	ctx := context.WithValue(context.WithoutCancel(s.t.Context()), runKey{}, r)
	go func() {
		defer close(r.done)
		r.err = do(ctx)
	}()
	return r
}

// end waits for a run and notes what it may have written.
func (s *stage) end(r *run) {
	<-r.done
	for _, q := range r.trace {
		for t, how := range s.touches(q) {
			if how != reads {
				s.dirty[t] = true
			}
		}
	}
}

// settle waits until a run has ended, or can't go on before the one that is stopped does.
func (s *stage) settle(r, stopped *run) {
	if stopped.trace[stopped.stop] == "BEGIN" { // it holds nothing
		<-r.done
		return
	}
	if !s.d.Postgres() { // one writes at a time: it waits for its turn, or will
		select {
		case <-r.done:
		case <-time.After(time.Millisecond):
		}
		return
	}
	for {
		select {
		case <-r.done:
			return
		case <-time.After(500 * time.Microsecond):
		}
		var waits bool
		err := s.watch.QueryRowContext(context.Background(),
			`SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
		if err != nil {
			s.t.Error(err)
			return
		}
		if waits {
			return
		}
	}
}
