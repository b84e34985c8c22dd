// Package blob keeps pictures and documents in the database, sealed: a copy of the database shows no portrait.
//
// A blob never changes. Who needs other bytes puts another one and deletes the old. Whether somebody may see a blob is
// the question of the capability that holds its id; ids are not secrets and no right.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/seal"
)

const purpose = "blob"

// Store puts and gets blobs.
type Store struct {
	db   *db.DB
	keep *seal.Keeper
}

// New makes a Store.
func New(d *db.DB, k *seal.Keeper) *Store { return &Store{d, k} }

// Blob is a picture or document as it was put.
type Blob struct {
	ID        uuid.UUID
	MediaType string // "image/jpeg"
	SHA256    string // of Data, hexadecimal
	CreatedAt time.Time
	Data      []byte
}

// PutTx keeps data and returns its id. Sealing runs inside the transaction because it needs the id: a megabyte takes
// less than a millisecond.
func (s *Store) PutTx(_ context.Context, tx *db.Tx, mediaType string, data []byte) (uuid.UUID, error) {
	if mediaType == "" || len(data) == 0 {
		return uuid.Nil, errors.New("blob: a media type and data are needed")
	}
	id := db.NewID()
	sealed, err := s.keep.Seal(purpose, id.String(), data)
	if err != nil {
		return uuid.Nil, err
	}
	sum := sha256.Sum256(data)
	_, err = tx.Exec(`INSERT INTO blob (id, sha256, media_type, size, sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, hex.EncodeToString(sum[:]), mediaType, len(data), sealed, tx.Now)
	return id, err
}

// Get reads one in a transaction of its own. Error: blob.unknown.
func (s *Store) Get(ctx context.Context, id uuid.UUID) (Blob, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Blob, error) { return s.GetTx(ctx, tx, id) })
}

// GetTx reads one. Error: blob.unknown.
func (s *Store) GetTx(_ context.Context, tx *db.Tx, id uuid.UUID) (Blob, error) {
	b, err := db.One(tx, scan, `SELECT id, media_type, sha256, created_at, sealed FROM blob WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return Blob{}, fault.New(fault.NotFound, "blob.unknown")
	}
	if err != nil {
		return Blob{}, err
	}
	if b.Data, err = s.keep.Unseal(purpose, id.String(), b.Data); err != nil {
		return Blob{}, fmt.Errorf("blob %s: %w", id, err)
	}
	return b, nil
}

// SameTx lists the blobs that have the same bytes, oldest first, so that a reviewer learns of a portrait that is used for
// two people.
func (s *Store) SameTx(_ context.Context, tx *db.Tx, sha256 string) ([]uuid.UUID, error) {
	return db.Rows(tx, db.Column[uuid.UUID], `SELECT id FROM blob WHERE sha256 = $1 ORDER BY id`, sha256)
}

// DeleteTx removes one; that it is gone already is no error.
func (s *Store) DeleteTx(_ context.Context, tx *db.Tx, id uuid.UUID) error {
	_, err := tx.Exec(`DELETE FROM blob WHERE id = $1`, id)
	return err
}

func scan(r db.Row) (Blob, error) {
	var b Blob
	err := r.Scan(&b.ID, &b.MediaType, &b.SHA256, &b.CreatedAt, &b.Data)
	return b, err
}
