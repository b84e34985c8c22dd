package journal_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
)

func add(t *testing.T, d *db.DB, e journal.Entry) {
	t.Helper()
	if e.By.Role == "" {
		e.By = actor.System("test")
	}
	if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
		return journal.AppendTx(ctx, tx, e)
	}); err != nil {
		t.Fatal(err)
	}
}

func feed(t *testing.T, d *db.DB, after int64, limit int) []journal.Positioned {
	t.Helper()
	got, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]journal.Positioned, error) {
		return journal.Feed(ctx, tx, after, limit)
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func newest(t *testing.T, d *db.DB) int64 {
	t.Helper()
	n, err := db.Read(t.Context(), d, journal.Newest)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// drain runs steps until nothing is pending.
func drain(t *testing.T, s *journal.Sequencer) {
	t.Helper()
	for {
		n, err := s.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func TestAnEntryComesBackWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		want := journal.Entry{
			Kind: "order.submitted", Company: db.NewID(), Person: db.NewID(), Order: db.NewID(), Line: db.NewID(), Card: db.NewID(), Batch: db.NewID(),
			By: actor.Actor{
				Role: actor.Orderer, Account: db.NewID(), Person: db.NewID(), Company: db.NewID(), Name: "Åsa Öberg", Session: "s1", IP: "192.0.2.1",
			},
			Reason: `"<&>"`, Data: map[string]string{"b": "2", "a": "é"},
		}
		before := time.Now().Add(-time.Second)
		add(t, d, want)
		for _, s := range []journal.Subject{
			journal.OfCompany(want.Company), journal.OfPerson(want.Person), journal.OfOrder(want.Order),
			journal.OfLine(want.Line), journal.OfCard(want.Card), journal.OfBatch(want.Batch),
		} {
			got, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]journal.Record, error) {
				return journal.Of(ctx, tx, s)
			})
			if err != nil || len(got) != 1 {
				t.Fatalf("%s: %v %v", s.Column, got, err)
			}
			e := got[0].Entry
			if !maps.Equal(e.Data, want.Data) || e.By != want.By || e.Reason != want.Reason || e.Kind != want.Kind || e.Company != want.Company ||
				e.Person != want.Person || e.Order != want.Order || e.Line != want.Line || e.Card != want.Card || e.Batch != want.Batch {
				t.Errorf("%s: got %+v, want %+v", s.Column, e, want)
			}
			if got[0].At.Before(before) || got[0].ID == 0 {
				t.Errorf("id %d at %v", got[0].ID, got[0].At)
			}
		}
	})
}

func TestTimelinesJoinSubjectsWithoutRepeats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		line, card := db.NewID(), db.NewID()
		add(t, d, journal.Entry{Kind: "a.one", Line: line})
		add(t, d, journal.Entry{Kind: "a.two", Line: line, Card: card})
		add(t, d, journal.Entry{Kind: "a.three", Card: card})
		add(t, d, journal.Entry{Kind: "a.foreign", Card: db.NewID()})
		company := db.NewID()
		add(t, d, journal.Entry{Kind: "a.company", By: actor.Actor{Role: actor.Orderer, Company: company}})
		kinds := func(s ...journal.Subject) string {
			got, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]journal.Record, error) { return journal.Of(ctx, tx, s...) })
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			for _, r := range got {
				out += r.Kind + " "
			}
			return out
		}
		if got := kinds(journal.OfCard(card), journal.OfLine(line)); got != "a.one a.two a.three " {
			t.Errorf("%q", got)
		}
		if got := kinds(journal.OfCompany(company)); got != "a.company " {
			t.Errorf("the actor's company is the default: %q", got)
		}
		if got := kinds(); got != "" {
			t.Errorf("of nothing: %q", got)
		}
		if got := kinds(journal.OfCard(uuid.Nil)); got != "" {
			t.Errorf("of no card: %q", got)
		}
	})
}

func TestIncompleteEntriesAreRefused(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	for _, e := range []journal.Entry{{Kind: "a.b"}, {By: actor.System("x")}} {
		if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return journal.AppendTx(ctx, tx, e) }); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
}

func TestRolledBackEntriesLeaveNoGap(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		add(t, d, journal.Entry{Kind: "a.kept"})
		undone := errors.New("undone")
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			return errors.Join(journal.AppendTx(ctx, tx, journal.Entry{Kind: "a.undone", By: actor.System("test")}), undone)
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		add(t, d, journal.Entry{Kind: "a.kept"})
		drain(t, journal.NewSequencer(d, dbtest.Log(t)))
		got := feed(t, d, 0, 10)
		if len(got) != 2 || got[0].Position != 1 || got[1].Position != 2 || got[1].Kind != "a.kept" {
			t.Errorf("%+v", got)
		}
	})
}

// An entry that becomes visible after a younger one has its position comes behind it, and no cursor skips it.
func TestALateCommitIsNotSkipped(t *testing.T) {
	d := dbtest.New(t, dbtest.Postgres)
	s := journal.NewSequencer(d, dbtest.Log(t))
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			err := journal.AppendTx(ctx, tx, journal.Entry{Kind: "a.late", By: actor.System("test")})
			close(inside)
			<-leave
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	<-inside
	add(t, d, journal.Entry{Kind: "a.early"})
	drain(t, s)
	if got := feed(t, d, 0, 10); len(got) != 1 || got[0].Kind != "a.early" {
		t.Fatalf("%+v", got)
	}
	close(leave)
	wg.Wait()
	drain(t, s)
	got := feed(t, d, 1, 10)
	if len(got) != 1 || got[0].Kind != "a.late" || got[0].Position != 2 || got[0].ID >= feed(t, d, 0, 1)[0].ID {
		t.Errorf("%+v", got)
	}
	if err := journal.VerifyTree(t.Context(), d); err != nil {
		t.Error(err)
	}
}

// Writers and three sequencers at once: every entry gets one position, without gaps, and the tree is right.
func TestManySequencers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var sequencers, writers sync.WaitGroup
		for range 3 {
			sequencers.Go(func() {
				s := journal.NewSequencer(d, dbtest.Log(t))
				for ctx.Err() == nil {
					if _, err := s.Step(ctx); err != nil && ctx.Err() == nil && !fault.Has(err, "journal.head_moved") {
						t.Error(err)
						return
					}
				}
			})
		}
		const each = 25
		for w := range 4 {
			writers.Go(func() {
				for i := range each {
					add(t, d, journal.Entry{Kind: fmt.Sprintf("a.of_%d", w), Data: map[string]string{"i": fmt.Sprint(i)}})
				}
			})
		}
		writers.Wait()
		for deadline := time.Now().Add(20 * time.Second); newest(t, d) < 4*each; {
			if time.Now().After(deadline) {
				t.Fatalf("%d positions", newest(t, d))
			}
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
		sequencers.Wait()
		got := feed(t, d, 0, 1000)
		next := map[string]int{}
		for i, p := range got {
			if p.Position != int64(i+1) {
				t.Fatalf("position %d at %d", p.Position, i)
			}
			if p.Data["i"] != fmt.Sprint(next[p.Kind]) {
				t.Errorf("%s is out of order: %s instead of %d", p.Kind, p.Data["i"], next[p.Kind])
			}
			next[p.Kind]++
		}
		if len(got) != 4*each {
			t.Errorf("%d of %d", len(got), 4*each)
		}
		if err := journal.VerifyTree(t.Context(), d); err != nil {
			t.Error(err)
		}
	})
}

func TestRunHoldsTheLeaseAndHandsItOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for round := range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			moved, end := d.Subscribe(journal.PositionTopic)
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					if err := journal.NewSequencer(d, dbtest.Log(t)).Run(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			add(t, d, journal.Entry{Kind: "a.b"})
			select {
			case <-moved:
			case <-time.After(5 * time.Second): // less than the lease: the first round's was released
				t.Errorf("round %d: no position", round)
			}
			cancel()
			wg.Wait()
			end()
		}
		if n := newest(t, d); n != 2 {
			t.Errorf("newest %d", n)
		}
	})
}

func TestVerifyTreeFindsEveryChange(t *testing.T) {
	changes := map[string]string{
		"text altered":      `UPDATE journal_entry SET reason = 'other' WHERE id = 3`,
		"time altered":      `UPDATE journal_entry SET at = at + 1 WHERE id = 3`,
		"position removed":  `DELETE FROM journal_position WHERE position = 3`,
		"last one removed":  `DELETE FROM journal_position WHERE position = 7`,
		"hash altered":      `UPDATE journal_hash SET hash = (SELECT hash FROM journal_hash WHERE id = 0) WHERE id = 4`,
		"inner hash gone":   `DELETE FROM journal_hash WHERE id = 2`,
		"entries exchanged": `UPDATE journal_position SET entry_id = CASE entry_id WHEN 3 THEN -4 ELSE -3 END WHERE entry_id IN (3, 4)`,
	}
	d := dbtest.New(t, dbtest.SQLite)
	for i := range 7 {
		add(t, d, journal.Entry{Kind: "a.b", Reason: fmt.Sprint(i)})
	}
	drain(t, journal.NewSequencer(d, dbtest.Log(t)))
	if err := journal.VerifyTree(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for name, change := range changes {
		altered := dbtest.New(t, dbtest.SQLite)
		for i := range 7 {
			add(t, altered, journal.Entry{Kind: "a.b", Reason: fmt.Sprint(i)})
		}
		drain(t, journal.NewSequencer(altered, dbtest.Log(t)))
		if err := db.Do(t.Context(), altered, func(_ context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(`PRAGMA defer_foreign_keys = 1`); err != nil {
				return err
			}
			if n, err := tx.Exec(change); err != nil || n == 0 {
				return fmt.Errorf("changed %d: %w", n, err)
			}
			_, err := tx.Exec(`UPDATE journal_position SET entry_id = -entry_id WHERE entry_id < 0`)
			return err
		}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := journal.VerifyTree(t.Context(), altered); !fault.Has(err, "journal.tree_differs") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFollowersSeeEachRecordOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i := range 10 {
			add(t, d, journal.Entry{Kind: "a.b", Reason: fmt.Sprint(i)})
		}
		drain(t, journal.NewSequencer(d, dbtest.Log(t)))
		var seen []string
		var batch []string
		fail := true
		step := func() (int, error) {
			n, err := journal.FollowStep(t.Context(), d, "test", 4, func(_ context.Context, _ *db.Tx, records []journal.Positioned) error {
				batch = nil
				for _, r := range records {
					batch = append(batch, r.Reason)
				}
				if fail = !fail; fail { // every second time
					return errors.New("not now")
				}
				return nil
			})
			if err == nil {
				seen, batch = append(seen, batch...), nil
			}
			return n, err
		}
		for {
			if n, err := step(); n == 0 && err == nil {
				break
			}
		}
		if got := fmt.Sprint(seen); got != "[0 1 2 3 4 5 6 7 8 9]" {
			t.Errorf("%s", got)
		}
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return journal.SaveCursorTx(ctx, tx, "test", 4, 8) })
		if !fault.Has(err, "journal.cursor_moved") {
			t.Errorf("a stalled follower: %v", err)
		}
	})
}

func TestFollowWakesUp(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan string, 10)
	var wg sync.WaitGroup
	wg.Go(func() { _ = journal.NewSequencer(d, dbtest.Log(t)).Run(ctx) })
	wg.Go(func() {
		_ = journal.Follow(ctx, d, dbtest.Log(t), "test", func(_ context.Context, _ *db.Tx, records []journal.Positioned) error {
			for _, r := range records {
				got <- r.Kind
			}
			return nil
		})
	})
	for _, kind := range []string{"a.one", "a.two"} {
		add(t, d, journal.Entry{Kind: kind})
		select {
		case k := <-got:
			if k != kind {
				t.Errorf("%s instead of %s", k, kind)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing came")
		}
	}
	cancel()
	wg.Wait()
}
