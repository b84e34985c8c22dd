package production_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// press is a bureau that remembers what it was handed, as the real one does:
// the same batch with other bytes is a conflict.
type press struct {
	mu     sync.Mutex
	files  map[string]production.OrderFile
	sums   map[string]string
	calls  int
	asked  map[string][]string
	down   bool
	late   bool  // takes the file, and the answer is lost
	no     error // what Ask answers
	refuse error // what Deliver answers
}

func newPress() *press {
	return &press{files: map[string]production.OrderFile{}, sums: map[string]string{}, asked: map[string][]string{}}
}

var errDown = errors.New("the bureau doesn't answer")

func (p *press) Deliver(_ context.Context, f production.OrderFile) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.down {
		return errDown
	}
	if p.refuse != nil {
		return p.refuse
	}
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	if old := p.sums[f.Batch]; old != "" && old != hex.EncodeToString(sum[:]) {
		return errors.New("the same batch with other content")
	}
	p.sums[f.Batch], p.files[f.Batch] = hex.EncodeToString(sum[:]), f
	if p.late {
		return errDown
	}
	return nil
}

func (p *press) Ask(_ context.Context, batch string, cards []string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return errDown
	}
	p.asked[batch] = cards
	return p.no
}

type floor struct {
	*cardtest.Kit
	t      *testing.T
	press  *press
	s      *production.Service
	r      *job.Runner
	staff  actor.Actor
	serial int
}

func newFloor(t *testing.T, d *db.DB, cfg production.Config) *floor {
	t.Helper()
	f := &floor{Kit: cardtest.New(t, d), t: t, press: newPress(), staff: actor.Actor{Role: actor.Production, Name: "Ivar Holm"}}
	cfg.CloseEvery = 24 * time.Hour
	cfg.AskEvery = 24 * time.Hour
	var err error
	if f.s, err = production.New(d, f.press, f.Blobs, f.Cards, f.Orders, cfg, dbtest.Log(t)); err != nil {
		t.Fatal(err)
	}
	f.r = job.NewRunner(d, dbtest.Log(t))
	f.s.Register(f.r)
	f.drain() // the periodic work of this day is done
	return f
}

func (f *floor) drain() {
	f.t.Helper()
	if err := f.r.Drain(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// approve has a line come from order, and production take it.
func (f *floor) approve(h cardtest.Holder) order.Line {
	f.t.Helper()
	l := f.Line(f.t, h, order.Approved)
	f.enqueue(l)
	f.drain()
	return l
}

func (f *floor) enqueue(l order.Line) {
	f.t.Helper()
	err := db.Do(f.t.Context(), f.D, func(ctx context.Context, tx *db.Tx) error {
		return job.EnqueueTx(ctx, tx, order.LineApproved{Line: l.ID})
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// send closes the open batch and delivers it.
func (f *floor) send() {
	f.t.Helper()
	if err := f.s.CloseOpen(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.drain()
}

// sent is a line whose card the bureau has been told to make.
func (f *floor) sent(h cardtest.Holder) order.Line {
	f.t.Helper()
	l := f.approve(h)
	f.send()
	return l
}

func (f *floor) line(id uuid.UUID) order.Line {
	f.t.Helper()
	l, err := db.Read(f.t.Context(), f.D, func(ctx context.Context, tx *db.Tx) (order.Line, error) { return f.Orders.LineTx(ctx, tx, id) })
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// items are a line's, oldest first.
func (f *floor) items(line uuid.UUID) []production.Item {
	f.t.Helper()
	batches, _, err := f.s.Batches(f.t.Context(), f.staff, "", 100)
	if err != nil {
		f.t.Fatal(err)
	}
	var out []production.Item
	for _, b := range slices.Backward(batches) {
		v, err := f.s.Batch(f.t.Context(), f.staff, b.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		if !v.Counts.Holds() {
			f.t.Errorf("batch %s: %+v doesn't add up", v.Number, v.Counts)
		}
		for _, i := range v.Items {
			if i.Line == line {
				out = append(out, i)
			}
		}
	}
	return out
}

func (f *floor) item(line uuid.UUID) production.Item {
	f.t.Helper()
	all := f.items(line)
	if len(all) == 0 {
		f.t.Fatal("no item")
	}
	return all[len(all)-1]
}

func (f *floor) receipt(i production.Item, kind string) production.Receipt {
	f.serial++
	r := production.Receipt{ID: fmt.Sprintf("r-%d", f.serial), Batch: i.BatchNumber, CardID: i.ID.String(), Kind: kind, At: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)}
	switch kind {
	case production.ReceiptProduced:
		r.ChipUID = "04a1" + strings.ReplaceAll(string(i.Number), "-", "")
	case production.ReceiptDispatched:
		r.Tracking = "RR473124829SE"
	}
	return r
}

func (f *floor) receive(r ...production.Receipt) []production.Outcome {
	f.t.Helper()
	out, err := f.s.Receive(f.t.Context(), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

func (f *floor) gets(r production.Receipt, result production.Result, why string) {
	f.t.Helper()
	if o := f.receive(r)[0]; o.Result != result || o.Why != why || o.ID != r.ID {
		f.t.Errorf("%s %s: %+v, expected %s %s", r.ID, r.Kind, o, result, why)
	}
}

func (f *floor) notices() string {
	f.t.Helper()
	list, err := f.s.Notices(f.t.Context(), f.staff, 100)
	if err != nil {
		f.t.Fatal(err)
	}
	var out []string
	for _, n := range list {
		out = append(out, string(n.Kind)+":"+n.Why)
	}
	return strings.Join(out, " ")
}

func (f *floor) cards(line uuid.UUID) int {
	f.t.Helper()
	n, err := db.Read(f.t.Context(), f.D, func(_ context.Context, tx *db.Tx) (int64, error) {
		return db.Value[int64](tx, `SELECT count(*) FROM card WHERE line_id = $1`, line)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return int(n)
}

func (f *floor) mails(line uuid.UUID) []string {
	f.t.Helper()
	list, err := db.Read(f.t.Context(), f.D, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], `SELECT template || ' ' || audience FROM mail WHERE line_id = $1 ORDER BY created_at, id`, line)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}
