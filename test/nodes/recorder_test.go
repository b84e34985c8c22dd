package nodes

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
)

// recorder writes all the time through the product's own database layer and remembers what it was answered.
type recorder struct {
	mu       sync.Mutex
	expect   map[uuid.UUID]expectation
	answered [][]time.Time // when a write was answered well, by address
	unknown  int           // times that a COMMIT's outcome wasn't known
	repeated int           // of these, tried again
	refused  int           // certain failures
	strange  []error
}

type expectation int

const (
	there   expectation = iota // exactly once
	absent                     // certainly not
	perhaps                    // at most once
)

// writers are those that write at once through one address.
const writers = 4

// record writes through each of the addresses until stop; the answer waits for the writers.
func record(t *testing.T, ctx context.Context, addresses ...string) (r *recorder, wait func()) {
	t.Helper()
	r = &recorder{expect: map[uuid.UUID]expectation{}, answered: make([][]time.Time, len(addresses))}
	var all sync.WaitGroup
	for i, address := range addresses {
		d, err := db.Open(t.Context(), db.Options{URL: address, ReadConns: writers + 2, Log: dbtest.Log(t)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		for range writers {
			all.Go(func() {
				for ctx.Err() == nil {
					r.one(d, i)
					time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
				}
			})
		}
	}
	return r, all.Wait
}

// one is one change with its key, and with an effect that no index would keep from happening twice.
func (r *recorder) one(d *db.DB, address int) {
	id := db.NewID()
	change := func(_ context.Context, tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO failover_key (id) VALUES ($1) ON CONFLICT DO NOTHING`, id)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(`INSERT INTO failover_effect (id) VALUES ($1)`, id)
		return err
	}
	var known expectation
	for again := false; ; again = true {
		err := db.Do(context.Background(), d, change)
		switch {
		case err == nil:
			r.note(id, there, nil)
			r.at(address)
			return
		case fault.Has(err, "db.commit_unknown"):
			r.count(&r.unknown)
			known = perhaps
			if !again && rand.IntN(2) == 0 { // somebody who gives up
				r.note(id, known, nil)
				return
			}
			r.count(&r.repeated)
		case fault.KindOf(err) == fault.Unavailable:
			r.count(&r.refused)
			if known != perhaps { // nothing happened: nor does it later
				r.note(id, absent, nil)
				time.Sleep(20 * time.Millisecond)
				return
			}
			time.Sleep(20 * time.Millisecond)
		default:
			r.note(id, perhaps, err)
			return
		}
	}
}

func (r *recorder) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

func (r *recorder) note(id uuid.UUID, e expectation, strange error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expect[id] = e
	if strange != nil {
		r.strange = append(r.strange, strange)
	}
}

func (r *recorder) at(address int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered[address] = append(r.answered[address], time.Now())
}

// since is how many writes were answered after a moment, at the address where it was fewest.
func (r *recorder) since(t time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	least := 1 << 30
	for _, times := range r.answered {
		n := 0
		for i := len(times) - 1; i >= 0 && times[i].After(t); i-- {
			n++
		}
		least = min(least, n)
	}
	return least
}

// gaps are the longest times without an answered write after a moment and begun before another, by address.
func (r *recorder) gaps(from, to time.Time) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	longest := make([]time.Duration, len(r.answered))
	for address, times := range r.answered {
		for i := 1; i < len(times); i++ {
			a, b := times[i-1], times[i]
			if a.Before(from) {
				a = from
			}
			if a.Before(to) {
				longest[address] = max(longest[address], b.Sub(a))
			}
		}
	}
	return longest
}

// verify compares what was answered with what is there.
func (r *recorder) verify(t *testing.T, d *sql.DB) {
	t.Helper()
	found := map[uuid.UUID]int{}
	rows, err := d.Query(`SELECT k.id, count(e.id) FROM failover_key k LEFT JOIN failover_effect e ON e.id = k.id GROUP BY k.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			t.Fatal(err)
		}
		found[uuid.MustParse(id)] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	var lost, doubled, undead, answered, happened int
	for id, e := range r.expect {
		switch n := found[id]; {
		case n > 1:
			doubled++
		case e == there && n == 0:
			lost++
		case e == absent && n == 1:
			undead++
		case e == perhaps && n == 1:
			happened++
		}
		if e == there {
			answered++
		}
	}
	for i, err := range r.strange {
		if i < 5 {
			t.Errorf("an error that says neither: %v", err)
		}
	}
	what := fmt.Sprintf("%d writes answered, %d lost, %d doubled; %d refused, %d of them done after all; %d commits unknown, %d of them tried again, %d given up and there",
		answered, lost, doubled, r.refused, undead, r.unknown, r.repeated, happened)
	if lost+doubled+undead > 0 || len(found) > len(r.expect) {
		t.Error(what)
	} else {
		t.Log(what)
	}
}
