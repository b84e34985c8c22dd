package eid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/seal"
)

// Service keeps transactions. Several nodes may run it on one database.
type Service struct {
	db       *db.DB
	keeper   *seal.Keeper
	provider Provider
	log      *slog.Logger
	node     string           // owner of leases
	now      func() time.Time // wall time
	every    time.Duration
	starts   *gobreaker.CircuitBreaker[Started]
}

const (
	collectEvery = 2 * time.Second
	leaseFor     = 20 * time.Second / failpoint.Hurry // outlives a collect call (startWithin)
	parallel     = 16
	startWithin  = 12 * time.Second
	useWithin    = 10 * time.Minute // a complete transaction that nobody used in this time is void
	giveUpAfter  = 15 * time.Minute // a pending one that the provider never answered about
	keepRows     = 24 * time.Hour

	// A provider that doesn't answer costs everybody who presses the button twelve seconds and a place among the requests.
	// After so many in a row the next ones are told at once; then one is let through to see.
	missedStarts = 3
	restsFor     = 5 * time.Second
)

// New makes the service. log may be nil.
func New(d *db.DB, k *seal.Keeper, p Provider, log *slog.Logger) *Service {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Service{db: d, keeper: k, provider: p, log: log, node: db.NewID().String(), now: time.Now, every: collectEvery, starts: newBreaker(log)}
}

func newBreaker(log *slog.Logger) *gobreaker.CircuitBreaker[Started] {
	return gobreaker.NewCircuitBreaker[Started](gobreaker.Settings{
		Name: "eid", Timeout: restsFor,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= missedStarts },
		// Whoever closes the window says nothing about the provider; one that refuses is there.
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
		IsSuccessful: func(err error) bool { return !fault.Has(err, "eid.unreachable") },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			log.Warn("eid: the provider's circuit is " + to.String())
		},
	})
}

// Errors of this package that callers may meet.
var (
	errUnknown    = fault.New(fault.NotFound, "eid.transaction_unknown")
	errChanged    = fault.New(fault.Conflict, "eid.transaction_changed")
	errSubject    = fault.New(fault.Conflict, "eid.wrong_subject")
	errUsed       = fault.New(fault.Conflict, "eid.already_used")
	errPending    = fault.New(fault.Conflict, "eid.not_complete")
	errFailed     = fault.New(fault.Conflict, "eid.failed")
	errUnresolved = fault.New(fault.Conflict, "eid.unresolved")
	errTooOld     = fault.New(fault.Conflict, "eid.too_old")
	errReturn     = fault.New(fault.Forbidden, "eid.return_mismatch")
	errNoRetry    = fault.New(fault.Conflict, "eid.no_retry")
)

// Start asks the provider for an order, outside any transaction, and stores it. Errors:
// eid.unreachable, eid.already_in_progress, eid.refused, eid.provider_failed.
func (s *Service) Start(ctx context.Context, b Begin) (Transaction, error) {
	if b.Browser == "" || b.Subject == "" {
		return Transaction{}, fault.New(fault.Internal, "eid.refused").Because(errors.New("eid: a transaction needs a browser and a subject"))
	}
	r := row{
		ID: db.NewID(), Browser: s.hashBrowser(b.Browser), Provider: s.provider.Name(), Purpose: b.Purpose, subject: s.hashSubject(b.Subject),
		Lang: b.Lang, State: StatePending, Revision: 1,
	}
	var err error
	if r.request, err = s.request(r.ID, b); err != nil {
		return Transaction{}, err
	}
	if r.started, err = s.startOrder(ctx, r.request.Request); err != nil {
		return Transaction{}, err
	}
	failpoint.Here(failpoint.EIDStarted)
	r.StartedAt = s.now()
	if err := s.sealRow(&r); err != nil {
		return Transaction{}, err
	}
	err = db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error { return insert(tx, r) })
	if err != nil {
		s.cancelOrder(ctx, r.started.Ref) // nobody would ever ask for its answer
		return Transaction{}, err
	}
	return r.transaction(), nil
}

func (s *Service) startOrder(ctx context.Context, r Request) (Started, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	started, err := s.starts.Execute(func() (Started, error) { return s.provider.Start(ctx, r) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = fault.New(fault.Unavailable, "eid.unreachable").Because(err)
	}
	return started, err
}

// request puts our id and a nonce into the return address.
func (s *Service) request(id ID, b Begin) (asked, error) {
	a := asked{Subject: b.Subject, Request: Request{
		Purpose: b.Purpose, EndUserIP: b.IP, VisibleText: b.VisibleText, Markdown: b.Markdown, Hidden: b.Hidden,
		PersonalNumber: b.PersonalNumber, UserAgent: b.UserAgent, Device: s.device(b.Browser),
	}}
	if b.ReturnURL == "" {
		return a, nil
	}
	u, err := url.Parse(b.ReturnURL)
	if err != nil {
		return asked{}, fault.New(fault.Internal, "eid.refused").Because(fmt.Errorf("eid: return address: %w", err))
	}
	a.Nonce = secret()
	q := u.Query()
	q.Set("transaction", id.String())
	q.Set("nonce", a.Nonce)
	u.RawQuery = q.Encode()
	a.ReturnURL = u.String()
	return a, nil
}

func secret() string {
	b := make([]byte, 16)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashBrowser: the cookie is 128 random bits or more, so a plain keyed hash is enough.
func (s *Service) hashBrowser(browser string) string { return s.keeper.Hash("eid.browser", browser) }

func (s *Service) hashSubject(subject string) string { return s.keeper.Hash("eid.subject", subject) }

// device tells the provider's risk engine that it is the same browser again, and nothing else.
func (s *Service) device(browser string) string {
	sum := sha256.Sum256([]byte(s.keeper.Hash("eid.device", browser)))
	return hex.EncodeToString(sum[:16])
}

// Find gives the transaction to the browser that started it; to others it doesn't exist.
func (s *Service) Find(ctx context.Context, id ID, browser string) (Transaction, error) {
	r, err := s.find(ctx, id, browser)
	return r.transaction(), err
}

func (s *Service) find(ctx context.Context, id ID, browser string) (row, error) {
	r, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (row, error) { return byID(tx, id) })
	if err != nil {
		return row{}, err
	}
	if r.Browser != s.hashBrowser(browser) {
		return row{}, errUnknown
	}
	if r.State == StateComplete && s.now().Sub(r.EndedAt) > useWithin {
		r.State, r.Hint = StateFailed, "expiredTransaction"
	}
	err = s.unsealRow(&r)
	return r, err
}

// Returned gives the transaction that a return address names, when it comes back to the browser
// that started it and carries the right nonce. Errors: eid.transaction_unknown, eid.return_mismatch.
func (s *Service) Returned(ctx context.Context, id ID, browser, nonce string) (Transaction, error) {
	t, err := s.Find(ctx, id, browser)
	if err != nil {
		return Transaction{}, err
	}
	if !t.Returned(nonce) {
		return Transaction{}, errReturn
	}
	return t, nil
}

// QR is Find together with the QR code's content of this moment.
func (s *Service) QR(ctx context.Context, id ID, browser string) (content string, t Transaction, err error) {
	t, err = s.Find(ctx, id, browser)
	if err != nil {
		return "", Transaction{}, err
	}
	return t.QR(s.now()), t, nil
}

// Cancel ends a pending transaction at the person's wish. What the provider may still answer then
// counts for nothing. Cancelling one that is over does nothing.
func (s *Service) Cancel(ctx context.Context, id ID, browser string) error {
	r, err := s.find(ctx, id, browser)
	if err != nil {
		return err
	}
	n, err := db.Write(ctx, s.db, func(_ context.Context, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE eid_transaction SET state = 'failed', hint = 'userCancel', ended_at = $1, revision = revision + 1
			WHERE id = $2 AND state = 'pending'`, s.now(), id)
	})
	if err != nil || n == 0 {
		return err
	}
	s.cancelOrder(ctx, r.started.Ref)
	return nil
}

// cancelOrder tidies up at the provider; if that fails, the order runs out by itself.
func (s *Service) cancelOrder(ctx context.Context, ref string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startWithin)
	defer cancel()
	if err := s.provider.Cancel(ctx, ref); err != nil && !fault.Has(err, "eid.order_unknown") {
		s.log.Info("eid: order not cancelled", "error", err)
	}
}

// RetryQR starts a new order in the same transaction after nobody scanned the code in time
// (startFailed), at most MaxRestarts times. Called again meanwhile, it answers the running one.
// Errors: eid.no_retry, and those of Start.
func (s *Service) RetryQR(ctx context.Context, id ID, browser string) (Transaction, error) {
	r, err := s.find(ctx, id, browser)
	if err != nil {
		return Transaction{}, err
	}
	if r.State == StatePending {
		return r.transaction(), nil
	}
	if !r.transaction().MayRetry() {
		return Transaction{}, errNoRetry
	}
	if r.started, err = s.startOrder(ctx, r.request.Request); err != nil {
		return Transaction{}, err
	}
	if err := s.sealRow(&r); err != nil {
		return Transaction{}, err
	}
	r.StartedAt = s.now()
	n, err := db.Write(ctx, s.db, func(_ context.Context, tx *db.Tx) (int64, error) {
		return tx.Exec(`UPDATE eid_transaction SET state = 'pending', hint = '', handles = $1, started_at = $2, ended_at = NULL,
			restarts = restarts + 1, revision = revision + 1, lease_owner = '', lease_until = 0
			WHERE id = $3 AND state = 'failed' AND hint = 'startFailed' AND revision = $4`, r.handles, r.StartedAt, id, r.Revision)
	})
	if err != nil || n == 0 { // another tab was first: its order is the one that counts
		s.cancelOrder(ctx, r.started.Ref)
	}
	if err != nil {
		return Transaction{}, err
	}
	return s.Find(ctx, id, browser)
}

// TakeTx uses a complete transaction, once, in the caller's database transaction: for the browser
// and the subject that it was started with. Errors: eid.transaction_unknown, eid.wrong_subject,
// eid.already_used, eid.not_complete, eid.failed, eid.unresolved, eid.too_old.
func (s *Service) TakeTx(_ context.Context, tx *db.Tx, id ID, browser, subject string) (Assertion, error) {
	now := s.now()
	since := now.Add(-useWithin)
	hash, subject := s.hashBrowser(browser), s.hashSubject(subject)
	n, err := tx.Exec(`UPDATE eid_transaction SET state = 'used', used_at = $1, revision = revision + 1
		WHERE id = $2 AND browser_hash = $3 AND subject = $4 AND state = 'complete' AND ended_at > $5`,
		now, id, hash, subject, since)
	if err != nil {
		return Assertion{}, err
	}
	r, err := byID(tx, id)
	if err != nil {
		return Assertion{}, err
	}
	if n == 0 {
		return Assertion{}, whyNot(r, hash, subject, since)
	}
	return s.unsealAssertion(r)
}

func whyNot(r row, hash, subject string, since time.Time) error {
	switch {
	case r.Browser != hash:
		return errUnknown
	case r.subject != subject:
		return errSubject
	}
	switch r.State {
	case StateUsed:
		return errUsed
	case StatePending:
		return errPending
	case StateFailed:
		return errFailed
	case StateUnresolved:
		return errUnresolved
	case StateComplete:
		if r.EndedAt.After(since) { // since a moment ago
			return errPending
		}
		return errTooOld
	}
	return errChanged
}

// Purge removes old transactions, and ends pending ones that the provider never answered about.
// Evidence stays.
func (s *Service) Purge(ctx context.Context) error {
	now := s.now()
	return db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE eid_transaction SET state = 'unresolved', hint = $1, ended_at = $2, revision = revision + 1
			WHERE state = 'pending' AND started_at < $3`, HintAnswerLost, now, now.Add(-giveUpAfter))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM eid_transaction WHERE started_at < $1`, now.Add(-keepRows))
		return err
	})
}
