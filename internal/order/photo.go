package order

import (
	"bytes"
	"context"
	"image"
	_ "image/jpeg" // what is kept is always JPEG
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/photo"
)

var zero time.Time

const jpeg = "image/jpeg"

// pair are the ids of a photo's two blobs.
type pair struct{ original, cut uuid.UUID }

func (s *Service) putPhotosTx(ctx context.Context, tx *db.Tx, original, cut photo.Picture) (pair, error) {
	var p pair
	var err error
	if p.original, err = s.Blobs.PutTx(ctx, tx, jpeg, original.JPEG); err != nil {
		return p, err
	}
	p.cut, err = s.Blobs.PutTx(ctx, tx, jpeg, cut.JPEG)
	return p, err
}

// setPhoto puts a picture on the line. Both pictures' hashes are kept: the same photo may come back whole or cut.
func (l *Line) setPhoto(tx *db.Tx, ids pair, original, cut photo.Picture, crop photo.Crop) {
	l.OriginalPhoto, l.originalSHA256, l.originalHash = ids.original, original.SHA256, original.Hash
	l.setCut(tx, ids.cut, cut, crop.Within(original.Width, original.Height))
}

func (l *Line) setCut(tx *db.Tx, id uuid.UUID, cut photo.Picture, crop photo.Crop) {
	l.Photo, l.PhotoSHA256, l.photoHash = id, cut.SHA256, cut.Hash
	l.PhotoVerdict, l.PhotoCrop, l.PhotoAt = cut.Verdict, crop, tx.Now
}

// dropPhotosTx removes pictures that nothing shows any more.
func (s *Service) dropPhotosTx(ctx context.Context, tx *db.Tx, ids ...uuid.UUID) error {
	for _, id := range ids {
		if id == uuid.Nil {
			continue
		}
		if err := s.Blobs.DeleteTx(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf reads the size of a kept picture without decoding it.
func sizeOf(data []byte) (width, height int, err error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	return c.Width, c.Height, err
}
