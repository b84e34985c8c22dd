package production

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
)

// deliver hands a closed batch to the bureau. It may run any number of times:
// the file is built from what is stored, and a batch that was taken is left
// alone.
func (s *Service) deliver(ctx context.Context, j *job.Job[Deliver]) error {
	b, items, err := s.load(ctx, j.Args.Batch)
	if err != nil {
		return err
	}
	if b.State == Closed {
		file, err := s.orderFile(ctx, b, items)
		if err != nil {
			return err
		}
		if err := s.bureau.Deliver(ctx, file); err != nil {
			return hopeless(err)
		}
		failpoint.Here(failpoint.BatchHandedOver)
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		if err := j.CompleteTx(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Exec(`UPDATE batch SET state = 'delivered', delivered_at = $1 WHERE id = $2 AND state = 'closed'`, tx.Now, b.ID)
		if err != nil || rows == 0 {
			return err
		}
		if err := s.sentTx(ctx, tx, b.ID, items); err != nil {
			return err
		}
		if err := journal.AppendTx(ctx, tx, journal.Entry{Kind: "production.delivered", By: system, Batch: b.ID}); err != nil {
			return err
		}
		return s.settle(ctx, tx, b.ID)
	})
}

// sentTx moves the cards of a batch that the bureau has taken. Receipts may have been faster: only what is still reserved
// is sent now.
func (s *Service) sentTx(ctx context.Context, tx *db.Tx, batch uuid.UUID, items []Item) error {
	to, err := Next(Reserved, Send)
	if err != nil {
		return err
	}
	sent, err := db.Rows(tx, db.Column[uuid.UUID], `UPDATE batch_item SET state = $1, sent_at = $2, revision = revision + 1
		WHERE batch_id = $3 AND state = $4 RETURNING id`, string(to), tx.Now, batch, string(Reserved))
	if err != nil {
		return err
	}
	for _, i := range items {
		if !slices.Contains(sent, i.ID) {
			continue
		}
		if err := appendItem(ctx, tx, system, "production.sent", i, "", nil); err != nil {
			return err
		}
	}
	return nil
}

// hopeless puts a delivery that the bureau will never take among the dead jobs
// at once, where somebody sees it.
func hopeless(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && (f.Kind == fault.Invalid || f.Kind == fault.Conflict) {
		return job.Drop(err)
	}
	return err
}

func (s *Service) load(ctx context.Context, id uuid.UUID) (b Batch, items []Item, err error) {
	b, err = db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Batch, error) {
		b, err := batchByID(tx, id)
		if err != nil {
			return Batch{}, err
		}
		items, err = db.Rows(tx, scanItem, selectItem+`WHERE i.batch_id = $1 ORDER BY i.number`, id)
		return b, err
	})
	return b, items, err
}

// orderFile builds what the bureau gets. Everything in it is stored, so the
// same batch always makes the same file.
func (s *Service) orderFile(ctx context.Context, b Batch, items []Item) (OrderFile, error) {
	file := OrderFile{Version: 1, Batch: b.Number, CreatedAt: b.ClosedAt.UTC().Truncate(time.Second)}
	for _, i := range items {
		picture, err := s.blobs.Get(ctx, i.Photo)
		if err != nil {
			return OrderFile{}, err
		}
		pdf, svg, err := s.artwork(ctx, i, picture)
		if err != nil {
			return OrderFile{}, err
		}
		kind, _ := cardtype.ByCode(i.Type)
		file.Cards = append(file.Cards, OrderCard{
			CardID: i.ID.String(), Number: string(i.Number), Type: i.Type, Chip: kind.Chip, GivenName: i.GivenName,
			Surname: i.Surname, Company: i.CompanyName, OrganisationNumber: i.OrganisationNumber, ValidUntil: i.ValidUntil.String(),
			ArtworkSHA256: digest(pdf), Artwork: pdf, ArtworkSVG: svg, PhotoSHA256: digest(picture.Data), Photo: picture.Data,
			Address: i.Address, OrderRef: i.OrderNumber,
		})
	}
	return file, nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// artwork gives the stored drawing of an item, which is made the first time: a
// new version of the program between two tries must not change the bytes.
func (s *Service) artwork(ctx context.Context, i Item, picture blob.Blob) (pdf, svg []byte, err error) {
	if i.Artwork == uuid.Nil {
		drawn := artwork.Card{
			Type: i.Type, GivenName: i.GivenName, Surname: i.Surname, Company: i.CompanyName,
			OrganisationNumber: i.OrganisationNumber, Number: string(i.Number), ValidUntil: i.ValidUntil, Photo: picture.Data,
			CheckURL: s.cfg.CheckURL + string(i.Number), Scheme: s.cfg.Scheme, SchemeTagline: s.cfg.Tagline,
		}
		if pdf, err = artwork.PDF(drawn); err != nil {
			return nil, nil, err
		}
		svg = []byte(artwork.Front(drawn).SVG(artwork.SVGOptions{Title: string(i.Number)}))
		if err := s.keepArtwork(ctx, i, pdf, svg); err != nil {
			return nil, nil, err
		}
		failpoint.Here(failpoint.BatchDrawn)
		i, err = db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Item, error) { return itemByID(tx, i.ID) })
		if err != nil {
			return nil, nil, err
		}
	}
	front, err := s.blobs.Get(ctx, i.ArtworkSVG)
	if err != nil {
		return nil, nil, err
	}
	print, err := s.blobs.Get(ctx, i.Artwork)
	return print.Data, front.Data, err
}

var errDrawn = fault.New(fault.Conflict, "production.drawn_already")

// keepArtwork stores a drawing; of two that draw the same item the first counts.
func (s *Service) keepArtwork(ctx context.Context, i Item, pdf, svg []byte) error {
	err := db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		print, err := s.blobs.PutTx(ctx, tx, "application/pdf", pdf)
		if err != nil {
			return err
		}
		screen, err := s.blobs.PutTx(ctx, tx, "image/svg+xml", svg)
		if err != nil {
			return err
		}
		return tx.Must1(errDrawn, `UPDATE batch_item SET artwork_id = $1, artwork_svg_id = $2 WHERE id = $3 AND artwork_id IS NULL`, print, screen, i.ID)
	})
	if errors.Is(err, errDrawn) {
		return nil
	}
	return err
}

// AskOverdue asks the bureau about batches that have been silent for too long.
// It runs by itself; a bureau that can't be reached is asked the next time.
func (s *Service) AskOverdue(ctx context.Context) error {
	silent := s.db.Clock().Now().Add(-s.cfg.AskAfter)
	overdue, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Batch, error) {
		return db.Rows(tx, scanBatch, selectBatch+`WHERE b.state IN ('delivered', 'acknowledged') AND b.delivered_at <= $1
			AND (b.asked_at IS NULL OR b.asked_at <= $1) ORDER BY b.delivered_at LIMIT 50`, silent)
	})
	if err != nil {
		return err
	}
	var failures []error
	for _, b := range overdue {
		failures = append(failures, s.ask(ctx, b))
	}
	return errors.Join(failures...)
}

func (s *Service) ask(ctx context.Context, b Batch) error {
	cards, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, db.Column[string], `SELECT id FROM batch_item WHERE batch_id = $1 AND state IN ('reserved', 'sent', 'produced') ORDER BY number`, b.ID)
	})
	if err != nil || len(cards) == 0 {
		return err
	}
	missing := ""
	switch err := s.bureau.Ask(ctx, b.Number, cards); {
	case fault.Has(err, "bureau.batch_unknown"):
		return s.sendAgain(ctx, b)
	case fault.Has(err, "bureau.card_unknown"):
		missing = "unknown_at_bureau"
	case err != nil:
		return err
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE batch SET asked_at = $1, asked = asked + 1 WHERE id = $2`, tx.Now, b.ID); err != nil {
			return err
		}
		if missing != "" {
			if err := noteTx(tx, Notice{Kind: NoticeUnknownCard, Why: missing, Said: b.Number}); err != nil {
				return err
			}
		}
		return journal.AppendTx(ctx, tx, journal.Entry{Kind: "production.asked", By: system, Batch: b.ID})
	})
}

// sendAgain delivers a batch that the bureau says it never got, although it
// answered that it had. One whose cards were all made or failed isn't sent
// again: then it is the bureau that is wrong, and somebody has to ask.
func (s *Service) sendAgain(ctx context.Context, b Batch) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE batch SET asked_at = $1, asked = asked + 1 WHERE id = $2`, tx.Now, b.ID)
		if err != nil {
			return err
		}
		rows, err := tx.Exec(`UPDATE batch SET state = 'closed' WHERE id = $1 AND state = 'delivered'`, b.ID)
		if err != nil {
			return err
		}
		if err := noteTx(tx, Notice{Kind: NoticeUnknownCard, Why: "batch_unknown_at_bureau", Said: b.Number}); err != nil || rows == 0 {
			return err
		}
		return job.EnqueueTx(ctx, tx, Deliver{Batch: b.ID}, job.Key("production.deliver:"+b.ID.String()))
	})
}
