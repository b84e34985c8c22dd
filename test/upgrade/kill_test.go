package upgrade

import (
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/test/harness"
)

// A process that is killed between any two statements of a migration leaves all of that migration or nothing, and the
// next start goes on from there. The migrations are those of testdata/next, on a database full of data; each
// stops in the middle of the statement where it is to be killed.
func TestMigrationsKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := restore(t, engine, "schema9")
			p.must("", "migrate")
			today := p.version()
			p.exec(`CREATE TABLE upgrade_halt (step bigint NOT NULL)`)
			p.exec(`CREATE TABLE upgrade_halted (step bigint NOT NULL)`)
			// The step in which it stops, and what stands before it: steps 1–3 are in one migration, 4 and 5, and 6.
			for step, stands := range []int64{1: today, today, today, 9001, 9001, 9002} {
				if step == 0 {
					continue
				}
				p.exec(`DELETE FROM upgrade_halt`)
				p.exec(fmt.Sprintf(`INSERT INTO upgrade_halt (step) VALUES (%d)`, step))
				cmd := p.next()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				p.halted(step)
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				p.whole(step, stands)
			}
			p.exec(`DELETE FROM upgrade_halt`)
			p.mustNext()
			p.whole(7, 9003)
			if n := p.value(`SELECT count(*) FROM order_line WHERE next_note <> state`); n != 0 {
				t.Errorf("%d lines aren't filled in", n)
			}
			p.todays()
			p.must("", "audit")
		})
	}
}

// todays says that the schema is today's, whose audit reads no other.
func (p *place) todays() {
	p.t.Helper()
	p.exec(`DELETE FROM goose_db_version WHERE version_id > 9000`)
}

// halted waits until the migration hangs in its statement.
func (p *place) halted(step int) {
	p.t.Helper()
	d := p.open()
	defer d.Close()
	held := 0
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if p.engine == dbtest.Postgres {
			var n int
			if err := d.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'
				AND query LIKE '%step = ` + fmt.Sprint(step) + ` AND%'`).Scan(&n); err != nil {
				p.t.Fatal(err)
			}
			if n > 0 {
				return
			}
			continue
		}
		// What a program does at its start holds the lock for a moment; what hangs holds it on.
		if held++; !locked(p.t, p.file()) {
			held = 0
		}
		if held == 15 {
			return
		}
	}
	p.t.Fatalf("step %d wasn't reached", step)
}

// locked says whether somebody is writing.
func locked(t *testing.T, file string) bool {
	t.Helper()
	d, err := sql.Open("sqlite", "file:"+file+"?_txlock=immediate&_pragma=busy_timeout(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	tx, err := d.Begin()
	if err != nil {
		return true
	}
	_ = tx.Rollback()
	return false
}

// whole asks whether exactly the migrations up to a version are there, each with all that it makes.
func (p *place) whole(step int, version int64) {
	p.t.Helper()
	if p.engine == dbtest.Postgres { // the server notices within a second that nobody waits any more
		end := time.Now().Add(30 * time.Second)
		for p.value(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`) > 0 {
			if time.Now().After(end) {
				p.t.Fatalf("step %d: the session of the killed process goes on", step)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	if got := p.version(); got != version {
		p.t.Errorf("killed in step %d: version %d, want %d", step, got, version)
	}
	for _, made := range []struct {
		by    int64
		query string
	}{
		{9001, `SELECT count(next_note) FROM order_line`},
		{9001, `SELECT count(*) FROM next_visit`},
		{9003, `SELECT count(next_colour) FROM card`},
	} {
		d := p.open()
		var n int64
		err := d.QueryRow(made.query).Scan(&n)
		_ = d.Close()
		if (err == nil) != (made.by <= version) {
			p.t.Errorf("killed in step %d, version %d: %s: %v", step, version, made.query, err)
		}
	}
	if version >= 9001 {
		if n := p.value(`SELECT count(*) FROM next_visit`); (n > 0) != (version >= 9002) {
			p.t.Errorf("killed in step %d, version %d: %d visits", step, version, n)
		}
	}
}

func (p *place) version() int64 {
	p.t.Helper()
	return p.value(`SELECT max(version_id) FROM goose_db_version WHERE is_applied`)
}

func (p *place) value(query string) (n int64) {
	p.t.Helper()
	d := p.open()
	defer d.Close()
	if err := d.QueryRow(query).Scan(&n); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// The released migrations, on an empty database, killed at moments all over the time that they take.
func TestFirstMigrationsKilledAnywhere(t *testing.T) {
	t.Parallel()
	const kills = 8
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			want, took := schemaOf(t, engine, nil)
			moments := make([]time.Duration, kills)
			for i := range moments {
				moments[i] = took * time.Duration(i+1) / (kills + 1)
			}
			got, _ := schemaOf(t, engine, moments)
			if !slices.Equal(got, want) {
				t.Errorf("after %d kills the schema is\n%s\nwithout\n%s", kills, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// schemaOf migrates an empty database, killing it that long after each start, and answers what it then has.
func schemaOf(t *testing.T, engine string, moments []time.Duration) (schema []string, took time.Duration) {
	t.Helper()
	p := &place{t: t, engine: engine, dir: t.TempDir()}
	query := `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1`
	if engine == dbtest.Postgres {
		p.url = dbtest.Empty(t)
		query = `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns WHERE table_schema = 'public'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
			UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1`
	}
	for _, moment := range moments {
		cmd := p.command("", "migrate")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(moment)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	began := time.Now()
	p.must("", "migrate")
	took = time.Since(began)
	p.must("", "audit")
	d := p.open()
	rows, err := d.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		schema = append(schema, line)
	}
	if len(schema) < 50 {
		t.Fatalf("only %d things in the schema", len(schema))
	}
	return schema, took
}

// Nodes that start together migrate once; SQLite has one process, and the second is told so.
func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := restore(t, engine, "schema9")
			p.exec(`CREATE TABLE upgrade_halt (step bigint NOT NULL)`)
			p.exec(`CREATE TABLE upgrade_halted (step bigint NOT NULL)`)
			var all sync.WaitGroup
			out, errs := make([]string, 3), make([]error, 3)
			for i := range out {
				cmd := p.next()
				all.Go(func() {
					b, err := cmd.CombinedOutput()
					out[i], errs[i] = string(b), err
				})
			}
			all.Wait()
			for i, err := range errs {
				_, exited := err.(*exec.ExitError)
				told := strings.Contains(out[i], "another process is using this database")
				if err != nil && !(engine == dbtest.SQLite && exited && told) {
					t.Errorf("one of three: %v\n%s", err, out[i])
				}
			}
			if !slices.Contains(errs, nil) {
				t.Error("nobody migrated")
			}
			if n := p.value(`SELECT count(*) - count(DISTINCT version_id) FROM goose_db_version`); n != 0 {
				t.Errorf("%d migrations are there twice", n)
			}
			if v := p.version(); v != 9003 {
				t.Errorf("version %d", v)
			}
		})
	}
}

// The schema of the next release serves the release before: on PostgreSQL it is brought in while today's nodes work, on
// both engines today's program can be started on it, and says what it found.
func TestTodayOnTheNextSchema(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := restore(t, engine, "schema9")
			p.exec(`CREATE TABLE upgrade_halt (step bigint NOT NULL)`)
			p.exec(`CREATE TABLE upgrade_halted (step bigint NOT NULL)`)
			if engine == dbtest.SQLite {
				p.mustNext()
			}
			s := p.serve("")
			alva := s.SignIn("alva")
			if engine == dbtest.Postgres {
				longest := p.during(s, alva, func() { p.mustNext() })
				t.Logf("while it was migrated: longest check %s, longest new order %s", longest[0], longest[1])
				s.Stop()
				s.Again()
				s.Wait("the product again", s.Ready)
			}
			if v := p.version(); v != 9003 {
				t.Errorf("version %d", v)
			}
			if !strings.Contains(s.Log.String(), "newer than this program") {
				t.Error("it doesn't say that the schema is newer")
			}
			p.asThen(s)
			alva.Order("sean")
			p.todays()
		})
	}
}

// during has readers ask and orders begun until fn has ended, and answers how long the longest of each took. A failed one
// fails the test.
func (p *place) during(s *harness.Sandbox, alva *harness.Program, fn func()) (longest [2]time.Duration) {
	p.t.Helper()
	ctx, stop := context.WithCancel(p.t.Context())
	var all sync.WaitGroup
	for i, act := range []func(){
		func() { s.Check(p.Number(p.t, "jonas")) },
		func() { alva.Post(s.Company("furuborg")+"/orders/new", nil) },
	} {
		all.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				act()
				longest[i] = max(longest[i], time.Since(began))
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	fn()
	time.Sleep(300 * time.Millisecond)
	stop()
	all.Wait()
	return longest
}
