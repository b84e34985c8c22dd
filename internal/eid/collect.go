package eid

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
)

// Run asks for the answers of all pending transactions every two seconds, until ctx ends. Calls
// that are under way when it ends are waited for: an answer that has been given is stored.
func (s *Service) Run(ctx context.Context) error {
	var busy sync.Map // a slow call for one person doesn't hold up the others
	var wait sync.WaitGroup
	defer wait.Wait()
	slots := make(chan struct{}, parallel)
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		mine, err := s.lease(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("eid: pending transactions not read", "error", err)
		}
		for _, r := range mine {
			if _, running := busy.LoadOrStore(r.ID, true); running {
				continue
			}
			wait.Go(func() {
				defer busy.Delete(r.ID)
				slots <- struct{}{}
				defer func() { <-slots }()
				s.collectLogged(context.WithoutCancel(ctx), r)
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step asks once about everything pending and waits for the answers; n is how many were asked about.
func (s *Service) Step(ctx context.Context) (n int, err error) {
	mine, err := s.lease(ctx)
	if err != nil {
		return 0, err
	}
	var g errgroup.Group
	g.SetLimit(parallel)
	for _, r := range mine {
		g.Go(func() error {
			s.collectLogged(context.WithoutCancel(ctx), r)
			return nil
		})
	}
	return len(mine), g.Wait()
}

// lease takes pending rows that nobody holds, renews those of this node that have used up half
// their time, and returns all that this node may ask about. Without anything pending it only reads.
func (s *Service) lease(ctx context.Context) ([]row, error) {
	now := s.now()
	free, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (int, error) {
		return db.Value[int](tx, `SELECT COUNT(*) FROM eid_transaction WHERE state = 'pending'
			AND (lease_until < $1 OR lease_owner = $2 AND lease_until < $3)`, now, s.node, now.Add(leaseFor/2))
	})
	if err != nil {
		return nil, err
	}
	if free > 0 {
		err = db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE eid_transaction SET lease_owner = $1, lease_until = $2 WHERE state = 'pending'
				AND (lease_until < $3 OR lease_owner = $1 AND lease_until < $4)`, s.node, now.Add(leaseFor), now, now.Add(leaseFor/2))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]row, error) {
		return db.Rows(tx, scanRow, `SELECT `+columns+` FROM eid_transaction
			WHERE state = 'pending' AND lease_owner = $1 AND lease_until > $2 ORDER BY started_at`, s.node, now)
	})
}

func (s *Service) collectLogged(ctx context.Context, r row) {
	if err := s.collect(ctx, r); err != nil {
		s.log.Error("eid: answer not collected", "transaction", r.ID, "error", err)
	}
}

// collect asks about one order and stores what it hears.
func (s *Service) collect(ctx context.Context, r row) error {
	if err := s.unsealRow(&r); err != nil {
		return err
	}
	call, cancel := context.WithTimeout(ctx, startWithin)
	result, err := s.provider.Collect(call, r.started.Ref)
	cancel()
	switch {
	case fault.Has(err, "eid.order_unknown"):
		// The provider has forgotten the order or has given its answer to somebody who lost it.
		return s.end(ctx, r, StateUnresolved, HintAnswerLost)
	case err != nil:
		return err // asked again at the next turn: collect changes nothing at the provider, except that a final answer may be lost
	}
	switch result.Status {
	case Pending:
		return s.hint(ctx, r, result.Hint)
	case Failed:
		return s.end(ctx, r, StateFailed, result.Hint)
	case Complete:
		failpoint.Here(failpoint.EIDCollected)
		return s.complete(ctx, r, result)
	}
	return fmt.Errorf("eid: provider says %q", result.Status)
}

func (s *Service) hint(ctx context.Context, r row, hint string) error {
	if hint == r.Hint {
		return nil
	}
	return db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE eid_transaction SET hint = $1, revision = revision + 1
			WHERE id = $2 AND state = 'pending' AND restarts = $3 AND lease_owner = $4 AND hint <> $1`, hint, r.ID, r.Restarts, s.node)
		return err
	})
}

func (s *Service) end(ctx context.Context, r row, state State, hint string) error {
	return db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE eid_transaction SET state = $1, hint = $2, ended_at = $3, revision = revision + 1
			WHERE id = $4 AND state = 'pending' AND restarts = $5`, state, hint, s.now(), r.ID, r.Restarts)
		return err
	})
}

// complete stores the whole answer and what it means in one transaction: nobody is told of an
// answer that isn't kept, and one that can't be used is kept as well.
func (s *Service) complete(ctx context.Context, r row, result Result) error {
	state, hint := StateComplete, ""
	if hint = unusable(r.request, result); hint != "" {
		state = StateFailed
		s.log.Warn("eid: answer can't be used", "transaction", r.ID, "hint", hint, "cause", result.Cause)
	}
	evidence := db.NewID()
	answer, err := s.keeper.Seal(sealAnswer, evidence.String(), result.Raw)
	if err != nil {
		return err
	}
	question, err := s.sealJSON(sealAsked, evidence, r.request.Request)
	if err != nil {
		return err
	}
	var sealed []byte
	if state == StateComplete {
		if sealed, err = s.sealJSON(sealAssertion, r.ID, result.Assertion); err != nil {
			return err
		}
	}
	now := s.now()
	store := func(_ context.Context, tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE eid_transaction SET state = $1, hint = $2, assertion = $3, evidence_id = $4, ended_at = $5, revision = revision + 1
			WHERE id = $6 AND state = 'pending' AND restarts = $7`, state, hint, sealed, evidence, now, r.ID, r.Restarts)
		if err != nil || n == 0 { // cancelled meanwhile: the person's wish counts
			return err
		}
		_, err = tx.Exec(`INSERT INTO eid_evidence (id, transaction_id, provider, purpose, at, answer, asked) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			evidence, r.ID, r.Provider, r.Purpose, now, answer, question)
		return err
	}
	return s.insist(ctx, store)
}

// insist tries a few times, since the answer can't be had again.
func (s *Service) insist(ctx context.Context, fn func(context.Context, *db.Tx) error) (err error) {
	for wait := 100 * time.Millisecond; wait < 4*time.Second; wait *= 2 {
		if err = db.Do(ctx, s.db, fn); err == nil || !retriable(err) {
			failpoint.After(err, failpoint.EIDKept)
			return err
		}
		time.Sleep(wait)
	}
	return err
}

// retriable: the store is guarded by the state, so doing it twice does no harm.
func retriable(err error) bool { return fault.KindOf(err) == fault.Unavailable }

// unusable compares the answer with the question; the hint says what differs.
func unusable(q asked, result Result) (hint string) {
	a := result.Assertion
	switch {
	case a == nil && result.Hint != "":
		return result.Hint
	case a == nil:
		return HintSignatureInvalid
	case a.Purpose != q.Purpose, a.VisibleText != q.VisibleText, string(a.Hidden) != string(q.Hidden):
		return HintContentDiffers
	case q.PersonalNumber != "" && a.PersonalNumber != q.PersonalNumber:
		return HintOtherPerson
	case a.Risk == "high":
		return HintHighRisk
	}
	return ""
}

// Evidence is a kept answer.
type Evidence struct {
	ID, Transaction ID
	Provider        string
	Purpose         Purpose
	At              time.Time
	Answer          []byte // as received
	Asked           Request
}

// Evidence gives a kept answer, for a dispute or an audit. Error: eid.evidence_unknown.
func (s *Service) Evidence(ctx context.Context, id ID) (Evidence, error) {
	type stored struct {
		Evidence
		answer, asked []byte
	}
	e, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (stored, error) {
		return db.One(tx, func(r db.Row) (e stored, err error) {
			err = r.Scan(&e.ID, &e.Transaction, &e.Provider, &e.Purpose, &e.At, &e.answer, &e.asked)
			return e, err
		}, `SELECT id, transaction_id, provider, purpose, at, answer, asked FROM eid_evidence WHERE id = $1`, id)
	})
	if errors.Is(err, db.ErrNoRows) {
		return Evidence{}, fault.New(fault.NotFound, "eid.evidence_unknown")
	}
	if err != nil {
		return Evidence{}, err
	}
	if e.Answer, err = s.keeper.Unseal(sealAnswer, e.ID.String(), e.answer); err != nil {
		return Evidence{}, err
	}
	err = s.unsealJSON(sealAsked, e.ID, e.asked, &e.Asked)
	return e.Evidence, err
}
