package db_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/quick"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
)

var errConflict = fault.New(fault.Conflict, "test.conflict")

func put(ctx context.Context, d *db.DB, id string, then func() error) error {
	return db.Do(ctx, d, func(_ context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO scratch (id) VALUES ($1)`, id); err != nil {
			return err
		}
		return then()
	})
}

// 40 racers read a state and move it; the guard lets exactly one win. Without the guard several win on PostgreSQL.
func TestExactlyOneOfFortyRacersWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		if err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO scratch (id, state, n) VALUES ('x', 'a', 0)`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var won, lost atomic.Int32
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
					if _, err := db.Value[string](tx, `SELECT state FROM scratch WHERE id = 'x'`); err != nil {
						return err
					}
					return tx.Must1(errConflict, `UPDATE scratch SET state = 'b', n = n + 1 WHERE id = 'x' AND state = 'a' AND n = 0`)
				})
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, errConflict):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 || lost.Load() != 39 {
			t.Errorf("%d won, %d lost", won.Load(), lost.Load())
		}
	})
}

// Members that fail, panic, end their goroutine or break their transaction undo themselves and nobody else.
func TestMembersFailAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		boom := errors.New("boom")
		var good, failed, panicked, gone, broken atomic.Int32
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				id := fmt.Sprint(i)
				defer func() {
					if p := recover(); p != nil {
						if fmt.Sprint(p) != "of "+id {
							t.Errorf("%s recovered %v", id, p)
						}
						panicked.Add(1)
					}
				}()
				switch i % 5 {
				case 0:
					if err := put(t.Context(), d, id, func() error { return nil }); err != nil {
						t.Errorf("%s: %v", id, err)
					}
					good.Add(1)
				case 1:
					if err := put(t.Context(), d, id, func() error { return boom }); !errors.Is(err, boom) {
						t.Errorf("%s: %v", id, err)
					}
					failed.Add(1)
				case 2:
					_ = put(t.Context(), d, id, func() error { panic("of " + id) })
				case 3:
					defer gone.Add(1)
					_ = put(t.Context(), d, id, func() error { runtime.Goexit(); return nil })
				case 4:
					err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
						_, err := tx.Exec(`INSERT INTO scratch (id) VALUES ($1), ($1)`, id)
						return err
					})
					if !db.IsUnique(err) {
						t.Errorf("%s: %v", id, err)
					}
					broken.Add(1)
				}
			})
		}
		wg.Wait()
		for _, n := range []*atomic.Int32{&good, &failed, &panicked, &gone, &broken} {
			if n.Load() != 40 {
				t.Errorf("%d of 40", n.Load())
			}
		}
		if n := count(t, d); n != 40 {
			t.Errorf("%d rows are left of 40", n)
		}
	})
}

// What is kept is what was answered with success, whatever the mix.
func TestKeptIsWhatWasAnswered(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	scratch(t, d)
	round := 0
	property := func(outcomes []bool) bool {
		round++
		var want atomic.Int32
		before := count(t, d)
		var wg sync.WaitGroup
		for i, ok := range outcomes {
			wg.Go(func() {
				err := put(t.Context(), d, fmt.Sprintf("%d-%d", round, i), func() error {
					if ok {
						return nil
					}
					return errConflict
				})
				if err == nil {
					want.Add(1)
				}
				if (err == nil) != ok {
					t.Errorf("answered %v", err)
				}
			})
		}
		wg.Wait()
		return count(t, d)-before == int(want.Load())
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 40}); err != nil {
		t.Error(err)
	}
}

func TestNestingPanics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		nested := func(name string, outer func(func(context.Context)) error, inner func(context.Context) error) {
			err := outer(func(ctx context.Context) {
				defer func() {
					if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "inside a transaction") {
						t.Errorf("%s: recovered %v", name, p)
					}
				}()
				_ = inner(ctx)
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		write := func(fn func(context.Context)) error {
			return db.Do(t.Context(), d, func(ctx context.Context, _ *db.Tx) error { fn(ctx); return nil })
		}
		read := func(fn func(context.Context)) error {
			_, err := db.Read(t.Context(), d, func(ctx context.Context, _ *db.Tx) (int, error) { fn(ctx); return 0, nil })
			return err
		}
		again := func(ctx context.Context) error {
			return db.Do(ctx, d, func(context.Context, *db.Tx) error { return nil })
		}
		look := func(ctx context.Context) error {
			_, err := db.Read(ctx, d, func(context.Context, *db.Tx) (int, error) { return 0, nil })
			return err
		}
		nested("write in write", write, again)
		nested("read in write", write, look)
		nested("write in read", read, again)
		nested("read in read", read, look)

		// A context that outlives its transaction is harmless.
		var kept context.Context
		if err := write(func(ctx context.Context) { kept = ctx }); err != nil {
			t.Fatal(err)
		}
		if err := again(kept); err != nil {
			t.Error(err)
		}
	})
}

func TestCancelledCallers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		// Once it runs it can't be cancelled.
		err := db.Do(ctx, d, func(ctx context.Context, tx *db.Tx) error {
			cancel()
			if ctx.Err() != nil {
				t.Error("the transaction's context has ended")
			}
			_, err := tx.Exec(`INSERT INTO scratch (id) VALUES ('x')`)
			return err
		})
		if err != nil || count(t, d) != 1 {
			t.Errorf("%v", err)
		}
		if err := put(ctx, d, "y", func() error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("began although cancelled: %v", err)
		}
	})
}

func TestWaitingCallersGiveUp(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	scratch(t, d)
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := put(t.Context(), d, "first", func() error { close(inside); <-leave; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := put(ctx, d, "second", func() error { t.Error("ran"); return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(leave)
	wg.Wait()
	if n := count(t, d); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestAfterCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		scratch(t, d)
		heard, end := d.Subscribe("topic")
		defer end()
		var told []string
		err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			tx.AfterCommit(func() { told = append(told, fmt.Sprint(count(t, d))) }) // sees the commit
			tx.AfterCommit(func() { panic("a bad listener") })
			tx.AfterCommit(func() { told = append(told, "last") })
			tx.Signal("topic")
			tx.Signal("topic")
			_, err := tx.Exec(`INSERT INTO scratch (id) VALUES ('x')`)
			return err
		})
		if err != nil || strings.Join(told, " ") != "1 last" {
			t.Errorf("%v: told %q", err, told)
		}
		select {
		case <-heard:
		default:
			t.Error("the subscriber heard nothing")
		}
		_ = put(t.Context(), d, "y", func() error { return errConflict })
		err = db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			tx.Signal("topic")
			tx.AfterCommit(func() { t.Error("told of what didn't happen") })
			return errConflict
		})
		select {
		case <-heard:
			t.Error("heard of what didn't happen")
		default:
		}
		if !errors.Is(err, errConflict) {
			t.Error(err)
		}
	})
}

func TestClosedDatabase(t *testing.T) {
	d, err := db.Open(t.Context(), db.Options{Path: t.TempDir() + "/kv.db"})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Do(t.Context(), d, func(context.Context, *db.Tx) error { t.Error("ran"); return nil }); err == nil {
		t.Error("wrote to a closed database")
	}
}

// A violation that the engine finds only at COMMIT fails the whole group on SQLite, and nobody is told of success.
func TestAFailedCommitFailsTheGroup(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	scratch(t, d)
	if err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`CREATE TABLE child (parent text REFERENCES scratch (id) DEFERRABLE INITIALLY DEFERRED)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	inside, leave := make(chan struct{}), make(chan struct{})
	errs := make(chan error, 2)
	go func() {
		errs <- db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			close(inside)
			<-leave
			_, err := tx.Exec(`INSERT INTO child (parent) VALUES ('nobody')`)
			return err
		})
	}()
	<-inside
	go func() { errs <- put(t.Context(), d, "good", func() error { return nil }) }()
	time.Sleep(10 * time.Millisecond) // the second waits in the queue now; if not, it just succeeds by itself
	close(leave)
	failed := 0
	for range 2 {
		if err := <-errs; err != nil {
			failed++
		}
	}
	if failed == 0 || count(t, d) != 2-failed {
		t.Errorf("%d failed, %d rows", failed, count(t, d))
	}
	if err := put(t.Context(), d, "next", func() error { return nil }); err != nil {
		t.Errorf("the next group: %v", err)
	}
}
