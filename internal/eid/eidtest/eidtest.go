// Package eidtest has a provider for tests of packages above eid, where the real protocol would
// only be in the way: it answers as it is told.
package eidtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/seal"
)

// Person is who identifies or signs.
type Person struct {
	PersonalNumber, GivenName, Surname string
}

// Provider is an eid.Provider. Its zero value isn't usable; see New.
type Provider struct {
	mu       sync.Mutex
	orders   map[string]*Order
	StartErr error // the next Start fails with it, once
}

// Order is what was started.
type Order struct {
	Request   eid.Request
	Result    eid.Result
	Err       error // what Collect answers instead, until it is cleared
	Collected bool  // the final answer has been given
	Cancelled bool
}

// New makes a provider without orders.
func New() *Provider { return &Provider{orders: map[string]*Order{}} }

// Name is "test".
func (p *Provider) Name() string { return "test" }

// Start begins an order that stays pending until Approve or Fail.
func (p *Provider) Start(_ context.Context, r eid.Request) (eid.Started, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.StartErr; err != nil {
		p.StartErr = nil
		return eid.Started{}, err
	}
	ref := uuid.NewString()
	p.orders[ref] = &Order{Request: r, Result: eid.Result{Status: eid.Pending, Hint: "outstandingTransaction"}}
	return eid.Started{Ref: ref, AutoStartToken: uuid.NewString(), QRToken: uuid.NewString(), QRSecret: uuid.NewString()}, nil
}

// Collect gives a final answer once, as real providers do.
func (p *Provider) Collect(_ context.Context, ref string) (eid.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.orders[ref]
	if o == nil || o.Collected || o.Cancelled {
		return eid.Result{}, fault.New(fault.NotFound, "eid.order_unknown")
	}
	if o.Err != nil {
		return eid.Result{}, o.Err
	}
	o.Collected = o.Result.Status != eid.Pending
	return o.Result, nil
}

// Cancel forgets an order.
func (p *Provider) Cancel(_ context.Context, ref string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.orders[ref]; o != nil {
		o.Cancelled = true
	}
	return nil
}

// Each changes every order that isn't over.
func (p *Provider) Each(change func(o *Order)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.orders {
		if !o.Collected && !o.Cancelled {
			change(o)
		}
	}
}

// Approve lets the person complete everything that is pending.
func (p *Provider) Approve(who Person) {
	p.Each(func(o *Order) {
		o.Result = eid.Result{Status: eid.Complete, Raw: []byte(`{"test":true}`), Assertion: &eid.Assertion{
			Provider: p.Name(), Purpose: o.Request.Purpose,
			PersonalNumber: who.PersonalNumber, GivenName: who.GivenName, Surname: who.Surname, Name: who.GivenName + " " + who.Surname,
			At: time.Now().UTC().Truncate(time.Second), VisibleText: o.Request.VisibleText, Hidden: o.Request.Hidden, Risk: "low",
		}}
	})
}

// Fail ends everything that is pending with a hint.
func (p *Provider) Fail(hint string) {
	p.Each(func(o *Order) { o.Result = eid.Result{Status: eid.Failed, Hint: hint} })
}

// Service is an eid.Service on a test's database with this provider.
func (p *Provider) Service(t testing.TB, d *db.DB, k *seal.Keeper) *eid.Service {
	t.Helper()
	return eid.New(d, k, p, nil)
}

// Complete starts a transaction, lets the person approve it, collects the answer, and returns the
// id, ready for TakeTx with b.Browser and b.Subject.
func (p *Provider) Complete(t testing.TB, s *eid.Service, b eid.Begin, who Person) eid.ID {
	t.Helper()
	if b.IP == "" {
		b.IP = "192.0.2.7"
	}
	started, err := s.Start(t.Context(), b)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	p.Approve(who)
	if _, err := s.Step(t.Context()); err != nil {
		t.Fatalf("collect: %v", err)
	}
	got, err := s.Find(t.Context(), started.ID, b.Browser)
	if err != nil || got.State != eid.StateComplete {
		t.Fatalf("transaction is %s (%s), %v", got.State, got.Hint, err)
	}
	return started.ID
}
