package blob_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

func put(t *testing.T, d *db.DB, s *blob.Store, data []byte) uuid.UUID {
	t.Helper()
	id, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (uuid.UUID, error) {
		return s.PutTx(ctx, tx, "image/jpeg", data)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPutGetDelete(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := blob.New(d, sealtest.NewTest(t))
		data := bytes.Repeat([]byte("portrait "), 20_000)
		id := put(t, d, s, data)
		got, err := s.Get(t.Context(), id)
		if err != nil || !bytes.Equal(got.Data, data) || got.ID != id || got.MediaType != "image/jpeg" || got.CreatedAt.IsZero() {
			t.Fatalf("got %d bytes of %s, %v", len(got.Data), got.MediaType, err)
		}
		if want := "0ed17b32d6b89445215759792cf82a2a721dec268a583c46bb4b584449d83728"; got.SHA256 != want {
			t.Errorf("sha256 %s, want %s", got.SHA256, want)
		}
		for range 2 { // gone already is no error
			if err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error { return s.DeleteTx(ctx, tx, id) }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Get(t.Context(), id); !fault.Has(err, "blob.unknown") || fault.KindOf(err) != fault.NotFound {
			t.Errorf("after delete: %v", err)
		}
	})
}

func TestDatabaseShowsNoPicture(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := blob.New(d, sealtest.NewTest(t))
		one, two := put(t, d, s, []byte("picture of Åsa")), put(t, d, s, []byte("picture of Wojciech"))
		err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
			sealed, err := db.Value[[]byte](tx, `SELECT sealed FROM blob WHERE id = $1`, one)
			if err != nil {
				return err
			}
			if bytes.Contains(sealed, []byte("picture")) {
				t.Error("the picture lies open in the database")
			}
			_, err = tx.Exec(`UPDATE blob SET sealed = $1 WHERE id = $2`, sealed, two)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), two); !errors.Is(err, seal.ErrNotOpened) {
			t.Errorf("a picture moved to another row opened: %v", err)
		}
	})
}

func TestSameFindsTheSameBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := blob.New(d, sealtest.NewTest(t))
		a, b, _ := put(t, d, s, []byte("a")), put(t, d, s, []byte("a")), put(t, d, s, []byte("b"))
		first, err := s.Get(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]uuid.UUID, error) { return s.SameTx(ctx, tx, first.SHA256) })
		if err != nil || !slices.Equal(ids, []uuid.UUID{a, b}) {
			t.Errorf("same = %v, %v, want %v", ids, err, []uuid.UUID{a, b})
		}
	})
}

func TestNothingIsNoBlob(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := blob.New(d, sealtest.NewTest(t))
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.PutTx(ctx, tx, "image/jpeg", nil)
			return err
		})
		if err == nil {
			t.Error("empty data accepted")
		}
	})
}
