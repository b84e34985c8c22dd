package check

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
)

// Reader is a machine that may ask about cards.
type Reader struct {
	ID        uuid.UUID
	Name      string
	CreatedAt time.Time
	RevokedAt time.Time
}

// keyPrefix lets people and secret scanners recognise a reader key.
const keyPrefix = "kvr_"

// hashKey: keys have 128 random bits, so a plain hash can't be searched.
func hashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func officer(by actor.Actor) error {
	if !by.Is(actor.Officer, actor.SystemRole) {
		return fault.New(fault.Forbidden, "check.not_allowed")
	}
	return nil
}

// CreateKey makes a reader with a new key. The key is returned once and kept
// only as a hash. Errors: check.not_allowed, check.name_missing.
func (s *Service) CreateKey(ctx context.Context, by actor.Actor, name string) (Reader, string, error) {
	name = strings.TrimSpace(name)
	if err := officer(by); err != nil {
		return Reader{}, "", err
	}
	if name == "" || len(name) > 200 {
		return Reader{}, "", fault.New(fault.Invalid, "check.name_missing").On("name")
	}
	key := keyPrefix + rand.Text()
	r, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Reader, error) {
		r := Reader{ID: db.NewID(), Name: name, CreatedAt: tx.Now}
		_, err := tx.Exec(`INSERT INTO reader (id, name, key_hash, created_at) VALUES ($1, $2, $3, $4)`, r.ID, r.Name, hashKey(key), r.CreatedAt)
		if err != nil {
			return Reader{}, err
		}
		return r, journal.AppendTx(ctx, tx, journal.Entry{Kind: "check.reader_added", By: by, Data: map[string]string{"reader": r.ID.String(), "name": name}})
	})
	return r, key, err
}

// RevokeKey ends a reader's right to ask. Errors: check.reader_unknown.
func (s *Service) RevokeKey(ctx context.Context, by actor.Actor, id uuid.UUID) error {
	if err := officer(by); err != nil {
		return err
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		err := tx.Must1(fault.New(fault.NotFound, "check.reader_unknown"),
			`UPDATE reader SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL`, tx.Now, id)
		if err != nil {
			return err
		}
		return journal.AppendTx(ctx, tx, journal.Entry{Kind: "check.reader_revoked", By: by, Data: map[string]string{"reader": id.String()}})
	})
}

func scanReader(r db.Row) (v Reader, err error) {
	err = r.Scan(&v.ID, &v.Name, &v.CreatedAt, &v.RevokedAt)
	return v, err
}

// Readers lists all, newest first.
func (s *Service) Readers(ctx context.Context, by actor.Actor) ([]Reader, error) {
	if err := officer(by); err != nil {
		return nil, err
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Reader, error) {
		return db.Rows(tx, scanReader, `SELECT id, name, created_at, revoked_at FROM reader ORDER BY created_at DESC, id DESC`)
	})
}

// Authenticate finds the reader of a key. Errors: check.key_wrong.
func (s *Service) Authenticate(ctx context.Context, key string) (Reader, error) {
	if !isKey(key) {
		return Reader{}, wrongKey()
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Reader, error) { return authenticate(tx, key) })
}

// isKey spares the database what can't be a key.
func isKey(s string) bool { return strings.HasPrefix(s, keyPrefix) }

func wrongKey() *fault.Error { return fault.New(fault.Unauthenticated, "check.key_wrong") }

func authenticate(tx *db.Tx, key string) (Reader, error) {
	r, err := db.One(tx, scanReader, `SELECT id, name, created_at, revoked_at FROM reader WHERE key_hash = $1 AND revoked_at IS NULL`, hashKey(key))
	if errors.Is(err, db.ErrNoRows) {
		return Reader{}, wrongKey()
	}
	return r, err
}
