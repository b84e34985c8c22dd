package eid

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
)

// row is a transaction as stored. The three byte fields are sealed; request and started are their
// plain forms.
type row struct {
	ID                        ID
	Browser, Provider         string
	Purpose                   Purpose
	subject                   string // keyed hash
	Lang                      string
	State                     State
	Hint                      string
	asked, handles, assertion []byte
	Evidence                  uuid.UUID
	Restarts                  int
	Revision                  int64
	StartedAt, EndedAt        time.Time

	request asked
	started Started
}

// asked is what the provider was asked, the nonce of the return address, and what it is for: a subject may hold the
// address that somebody is on the way to, a link with a token too.
type asked struct {
	Request
	Nonce   string
	Subject string
}

// Purposes of sealing.
const (
	sealRequest   = "eid.request"
	sealHandles   = "eid.handles"
	sealAssertion = "eid.assertion"
	sealAnswer    = "eid.answer"
	sealAsked     = "eid.asked"
)

const columns = `id, browser_hash, provider, purpose, subject, lang, state, hint, request, handles, assertion, evidence_id,
	restarts, revision, started_at, ended_at`

func scanRow(r db.Row) (row, error) {
	var t row
	err := r.Scan(&t.ID, &t.Browser, &t.Provider, &t.Purpose, &t.subject, &t.Lang, &t.State, &t.Hint, &t.asked, &t.handles, &t.assertion,
		&t.Evidence, &t.Restarts, &t.Revision, &t.StartedAt, &t.EndedAt)
	return t, err
}

func insert(tx *db.Tx, r row) error {
	_, err := tx.Exec(`INSERT INTO eid_transaction (`+columns+`, lease_owner, lease_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, NULL, 0, 1, $11, NULL, '', 0)`,
		r.ID, r.Browser, r.Provider, r.Purpose, r.subject, r.Lang, r.State, r.Hint, r.asked, r.handles, r.StartedAt)
	return err
}

func byID(tx *db.Tx, id ID) (row, error) {
	r, err := db.One(tx, scanRow, `SELECT `+columns+` FROM eid_transaction WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return row{}, errUnknown
	}
	return r, err
}

func (r row) transaction() Transaction {
	return Transaction{
		ID: r.ID, Purpose: r.Purpose, Subject: r.request.Subject, State: r.State, Hint: r.Hint,
		AutoStartToken: r.started.AutoStartToken, Nonce: r.request.Nonce, StartedAt: r.StartedAt,
		VisibleText: r.request.VisibleText, Markdown: r.request.Markdown, Lang: r.Lang,
		Restarts: r.Restarts, Revision: r.Revision,
		qrToken: r.started.QRToken, qrSecret: r.started.QRSecret,
	}
}

// sealRow seals request and handles, before the database transaction.
func (s *Service) sealRow(r *row) (err error) {
	if r.asked, err = s.sealJSON(sealRequest, r.ID, r.request); err != nil {
		return err
	}
	r.handles, err = s.sealJSON(sealHandles, r.ID, r.started)
	return err
}

func (s *Service) unsealRow(r *row) error {
	if err := s.unsealJSON(sealRequest, r.ID, r.asked, &r.request); err != nil {
		return err
	}
	return s.unsealJSON(sealHandles, r.ID, r.handles, &r.started)
}

func (s *Service) unsealAssertion(r row) (Assertion, error) {
	var a Assertion
	err := s.unsealJSON(sealAssertion, r.ID, r.assertion, &a)
	a.Evidence, a.Transaction = r.Evidence, r.ID
	return a, err
}

func (s *Service) sealJSON(purpose string, id uuid.UUID, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("eid: %w", err)
	}
	return s.keeper.Seal(purpose, id.String(), plain)
}

func (s *Service) unsealJSON(purpose string, id uuid.UUID, sealed []byte, v any) error {
	plain, err := s.keeper.Unseal(purpose, id.String(), sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("eid: %w", err)
	}
	return nil
}
