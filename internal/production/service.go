package production

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/order"
)

// Config is what a deployment decides about production.
type Config struct {
	Prefix     string        // two letters that card numbers begin with, default "BB"
	CloseEvery time.Duration // how often the open batch closes, default 15 min
	MaxSize    int           // cards in a batch, default 100
	AskAfter   time.Duration // business time without receipts until the bureau is asked, default 24 h
	AskEvery   time.Duration // how often that is looked at, default 10 min
	CheckURL   string        // what the card's QR code says, the number behind it: "https://example.se/k/"
	Scheme     string        // printed
	Tagline    string        // printed
}

func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = "BB"
	}
	if c.CloseEvery == 0 {
		c.CloseEvery = 15 * time.Minute
	}
	if c.MaxSize == 0 {
		c.MaxSize = 100
	}
	if c.AskAfter == 0 {
		c.AskAfter = 24 * time.Hour
	}
	if c.AskEvery == 0 {
		c.AskEvery = 10 * time.Minute
	}
	return c
}

// Service has the use cases and the jobs.
type Service struct {
	db     *db.DB
	bureau Bureau
	blobs  *blob.Store
	cards  *card.Service
	orders *order.Service
	cfg    Config
	log    *slog.Logger
}

// New makes the service. The prefix must be two capital letters.
func New(d *db.DB, b Bureau, blobs *blob.Store, cards *card.Service, orders *order.Service, cfg Config, log *slog.Logger) (*Service, error) {
	cfg = cfg.withDefaults()
	if len(cfg.Prefix) != 2 || strings.Trim(cfg.Prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return nil, fault.New(fault.Invalid, "production.prefix_malformed")
	}
	return &Service{d, b, blobs, cards, orders, cfg, log}, nil
}

// Deliver is the job that hands a closed batch to the bureau.
type Deliver struct {
	Batch uuid.UUID `json:"batch"`
}

// JobKind names the job.
func (Deliver) JobKind() string { return "production.deliver" }

// Register binds the jobs.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, s.queue)
	job.Handle(r, s.deliver)
	job.Every(r, "production.close", s.cfg.CloseEvery, s.CloseOpen)
	job.Every(r, "production.ask", s.cfg.AskEvery, s.AskOverdue)
}

var (
	system = actor.System("production")
	bureau = actor.System("bureau")
)

func staff(by actor.Actor) error {
	if !by.Is(actor.Production, actor.Officer) {
		return fault.New(fault.Forbidden, "production.not_allowed")
	}
	return nil
}

// Item is one card in a batch.
type Item struct {
	ID                 uuid.UUID
	Batch              uuid.UUID
	BatchNumber        string
	BatchState         BatchState
	Line, Order        uuid.UUID
	Company, Person    uuid.UUID
	Number             card.Number
	State              ItemState
	Revision           int64
	Attempt            int
	RemakeOf           uuid.UUID
	Type               string
	GivenName, Surname string
	CompanyName        string
	OrganisationNumber string
	ValidUntil         clock.Date
	Photo              uuid.UUID
	Address            []string
	OrderedByName      string
	OrderNumber        string
	Artwork            uuid.UUID
	ArtworkSVG         uuid.UUID
	RejectCode         RejectCode
	ChipUID            string
	Tracking           string
	Card               uuid.UUID

	CreatedAt, SentAt, ProducedAt, DispatchedAt, FailedAt time.Time
}

// Name is the cardholder's whole name as printed.
func (i Item) Name() string { return strings.TrimSpace(i.GivenName + " " + i.Surname) }

const selectItem = `SELECT i.id, i.batch_id, b.number, b.state, i.line_id, i.order_id, i.company_id, i.person_id, i.number, i.state, i.revision,
	i.attempt, i.remake_of, i.type, i.given_name, i.surname, i.company_name, i.organisation_number, i.valid_until, i.photo_id,
	i.address, i.ordered_by_name, i.order_number, i.artwork_id, i.artwork_svg_id, i.reject_code, i.chip_uid, i.tracking, i.card_id,
	i.created_at, i.sent_at, i.produced_at, i.dispatched_at, i.failed_at
	FROM batch_item i JOIN batch b ON b.id = i.batch_id `

func scanItem(r db.Row) (Item, error) {
	var i Item
	var batchState, number, state, address, reject string
	var attempt int64
	err := r.Scan(&i.ID, &i.Batch, &i.BatchNumber, &batchState, &i.Line, &i.Order, &i.Company, &i.Person, &number, &state, &i.Revision,
		&attempt, &i.RemakeOf, &i.Type, &i.GivenName, &i.Surname, &i.CompanyName, &i.OrganisationNumber, &i.ValidUntil, &i.Photo,
		&address, &i.OrderedByName, &i.OrderNumber, &i.Artwork, &i.ArtworkSVG, &reject, &i.ChipUID, &i.Tracking, &i.Card,
		&i.CreatedAt, &i.SentAt, &i.ProducedAt, &i.DispatchedAt, &i.FailedAt)
	i.BatchState, i.Number, i.State = BatchState(batchState), card.Number(number), ItemState(state)
	i.Attempt, i.RejectCode, i.Address = int(attempt), RejectCode(reject), strings.Split(address, "\n")
	return i, err
}

func itemByID(tx *db.Tx, id uuid.UUID) (Item, error) {
	i, err := db.One(tx, scanItem, selectItem+`WHERE i.id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return Item{}, fault.New(fault.NotFound, "production.item_unknown")
	}
	return i, err
}

// lockItem locks the item's batch, then reads the item as it is now: whoever
// changes items of a batch waits here for the one before.
func lockItem(tx *db.Tx, id uuid.UUID) (Item, error) {
	unknown := fault.New(fault.NotFound, "production.item_unknown")
	err := tx.Must1(unknown, `UPDATE batch SET size = size WHERE id = (SELECT batch_id FROM batch_item WHERE id = $1)`, id)
	if err != nil {
		return Item{}, err
	}
	return itemByID(tx, id)
}

// move does one step of an item, guarded by what was read.
func move(tx *db.Tx, before Item, on ItemEvent, set func(*Item)) (Item, error) {
	to, err := Next(before.State, on)
	if err != nil {
		return Item{}, err
	}
	after := before
	after.State = to
	set(&after)
	err = tx.Must1(fault.New(fault.Conflict, "production.changed"), `UPDATE batch_item SET state = $1, revision = revision + 1,
		reject_code = $2, chip_uid = $3, tracking = $4, card_id = $5, sent_at = $6, produced_at = $7, dispatched_at = $8, failed_at = $9
		WHERE id = $10 AND state = $11 AND revision = $12`,
		string(to), string(after.RejectCode), after.ChipUID, after.Tracking, after.Card, after.SentAt, after.ProducedAt,
		after.DispatchedAt, after.FailedAt, before.ID, string(before.State), before.Revision)
	after.Revision++
	return after, err
}

// settle moves a delivered batch on when its last item did, and drops the
// artwork of a batch that is done. The batch's row is locked by the caller.
func (s *Service) settle(ctx context.Context, tx *db.Tx, batch uuid.UUID) error {
	type open struct{ owed, unfinished int64 }
	n, err := db.One(tx, func(r db.Row) (o open, err error) { err = r.Scan(&o.owed, &o.unfinished); return o, err },
		`SELECT coalesce(sum(CASE WHEN state IN ('reserved', 'sent') THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN state IN ('reserved', 'sent', 'produced', 'failed') THEN 1 ELSE 0 END), 0)
		FROM batch_item WHERE batch_id = $1`, batch)
	if err != nil || n.owed > 0 {
		return err
	}
	if n.unfinished > 0 {
		_, err := tx.Exec(`UPDATE batch SET state = 'acknowledged' WHERE id = $1 AND state = 'delivered'`, batch)
		return err
	}
	rows, err := tx.Exec(`UPDATE batch SET state = 'done', done_at = $1 WHERE id = $2 AND state IN ('delivered', 'acknowledged')`, tx.Now, batch)
	if err != nil || rows == 0 {
		return err
	}
	return s.dropArtwork(ctx, tx, batch)
}

// dropArtwork forgets what was printed: the card's drawing can be made again.
func (s *Service) dropArtwork(ctx context.Context, tx *db.Tx, batch uuid.UUID) error {
	ids, err := db.Rows(tx, db.Column[uuid.UUID], `SELECT artwork_id FROM batch_item WHERE batch_id = $1 AND artwork_id IS NOT NULL
		UNION ALL SELECT artwork_svg_id FROM batch_item WHERE batch_id = $1 AND artwork_svg_id IS NOT NULL`, batch)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE batch_item SET artwork_id = NULL, artwork_svg_id = NULL WHERE batch_id = $1`, batch); err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.blobs.DeleteTx(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}
