package bureausim

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kortverk/kortverk/internal/integration/bureau"
	"github.com/kortverk/kortverk/internal/production"
)

// Config of a simulator.
type Config struct {
	Key         ed25519.PrivateKey // the bureau's, signs receipts
	Trust       bureau.Keys        // whose order files are taken
	ReceiptsURL string             // where receipts go: http://localhost:8080/bureau/v1/receipts
	Folder      string             // survives a restart; "" = memory
	Home        string             // address of the page that leads here, for the way back; "" = none
	HTTP        *http.Client       // nil: one of its own
	Log         *slog.Logger

	FrameAncestors []string // sources that may show the pages in a frame; none otherwise
}

// Sim is the bureau.
type Sim struct {
	key      ed25519.PrivateKey
	stranger ed25519.PrivateKey // nobody trusts it
	trust    bureau.Keys
	url      string
	home     string
	frames   []string
	http     *http.Client
	log      *slog.Logger
	wake     chan struct{}

	// One sender at a time: nothing goes out twice by accident, and a button's answer is its own. Taken before mu.
	sending sync.Mutex

	mu    sync.Mutex
	store *store
	state state
}

// New opens the bureau.
func New(c Config) (*Sim, error) {
	if len(c.Key) != ed25519.PrivateKeySize || len(c.Trust) == 0 {
		return nil, errors.New("bureausim: keys are missing")
	}
	if u, err := url.Parse(c.ReceiptsURL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("bureausim: receipts address %q", c.ReceiptsURL)
	}
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &Sim{key: c.Key, stranger: stranger, trust: c.Trust, url: c.ReceiptsURL, home: c.Home, frames: c.FrameAncestors, http: c.HTTP, log: c.Log, wake: make(chan struct{}, 1)}
	if s.http == nil {
		s.http = &http.Client{Timeout: 30 * time.Second}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.store, s.state, err = openStore(c.Folder)
	return s, err
}

// Run makes cards and sends receipts until ctx ends.
func (s *Sim) Run(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		s.work()
		s.sending.Lock()
		s.flush(ctx)
		s.sending.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-s.wake:
		}
	}
}

func (s *Sim) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// change runs fn with the state in hand and keeps what it did.
func (s *Sim) change(fn func(st *state) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := fn(&s.state); err != nil {
		return err
	}
	if err := s.store.save(s.state); err != nil {
		s.log.Error("bureau state not kept", "error", err)
		return err
	}
	return nil
}

// work does in automatic mode what is due.
func (s *Sim) work() {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := &s.state.Knobs
	if !k.Automatic {
		return
	}
	changed := false
	for _, b := range s.state.Batches {
		age := time.Since(b.Received)
		for _, c := range b.Cards {
			if c.Step == Printing && age >= ms(k.ProduceAfterMS) {
				s.finish(b, c)
				changed = true
			}
			if c.Step == Encoded && age >= ms(k.DispatchAfterMS) {
				b.dispatch(c, *k)
				changed = true
			}
		}
	}
	if changed {
		if err := s.store.save(s.state); err != nil {
			s.log.Error("bureau state not kept", "error", err)
		}
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// finish makes a card or, when the knob says so, a reject.
func (s *Sim) finish(b *Batch, c *Card) {
	k := &s.state.Knobs
	if k.FailNext > 0 {
		k.FailNext--
		b.fail(c, k.FailCode, *k)
		return
	}
	b.produce(c, *k)
}

// now is the time on a receipt.
func (b *Batch) now() time.Time {
	return b.Created.Add(time.Since(b.Received)).UTC().Truncate(time.Millisecond)
}

func (b *Batch) receipt(c *Card, kind string, k Knobs) *Receipt {
	r := &Receipt{Receipt: bureau.Receipt{ID: "r-" + strings.ToLower(random(12)), Batch: b.ID, CardID: c.CardID, Kind: kind, At: b.now()}}
	r.Hold, r.Times = c.Lost, 1
	if k.Twice {
		r.Times = 2
	}
	return r
}

func (b *Batch) produce(c *Card, k Knobs) {
	c.Step = Encoded
	if c.Chip {
		c.ChipUID = "04" + random(6) // 04: a maker of chips; seven bytes in all
	}
	r := b.receipt(c, production.ReceiptProduced, k)
	r.ChipUID = c.ChipUID
	r.Hold = r.Hold || k.OutOfOrder // dispatch lets it go, behind its own
	c.Receipts = append(c.Receipts, r)
}

func (b *Batch) fail(c *Card, code string, k Knobs) {
	c.Step, c.RejectCode = Failed, code
	r := b.receipt(c, production.ReceiptFailed, k)
	r.RejectCode = code
	c.Receipts = append(c.Receipts, r)
}

func (b *Batch) dispatch(c *Card, k Knobs) {
	if c.Step == Printing {
		b.produce(c, k)
	}
	c.Step, c.Tracking = Dispatched, tracking()
	r := b.receipt(c, production.ReceiptDispatched, k)
	r.Tracking = c.Tracking
	if !k.OutOfOrder {
		c.Receipts = append(c.Receipts, r)
		return
	}
	c.Receipts = slices.Insert(c.Receipts, 0, r)
	for _, held := range c.Receipts {
		held.Hold = c.Lost
	}
}

// release sends all receipts of a card (again): it was asked for.
func (c *Card) release() {
	c.Lost = false
	for _, r := range c.Receipts {
		r.Hold, r.Times, r.Tries, r.NextTry = false, max(1, r.Times), 0, time.Time{}
	}
}

// random gives n bytes in upper-case hexadecimal.
func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return fmt.Sprintf("%X", b)
}

// tracking is a letter's number as the post has it (UPU S10).
func tracking() string {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		panic(err) // the system has no randomness: nothing works
	}
	digits := fmt.Sprintf("%08d", n)
	sum := 0
	for i, weight := range []int{8, 6, 4, 2, 3, 5, 9, 7} {
		sum += weight * int(digits[i]-'0')
	}
	check := 11 - sum%11
	switch check {
	case 10:
		check = 0
	case 11:
		check = 5
	}
	return fmt.Sprintf("RR%s%dSE", digits, check)
}

func (st *state) batch(id string) *Batch {
	i := slices.IndexFunc(st.Batches, func(b *Batch) bool { return b.ID == id })
	if i < 0 {
		return nil
	}
	return st.Batches[i]
}

func (b *Batch) card(id string) *Card {
	i := slices.IndexFunc(b.Cards, func(c *Card) bool { return c.CardID == id })
	if i < 0 {
		return nil
	}
	return b.Cards[i]
}
