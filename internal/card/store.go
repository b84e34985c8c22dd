package card

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
)

// selectCard reads cards with what lies over them: their company's hold, and a
// restored backup's doubt.
const selectCard = `SELECT c.id, c.number, c.line_id, c.order_id, c.company_id, c.person_id, c.type, c.state, c.revision,
	c.given_name, c.surname, c.company_name, c.organisation_number, c.valid_until, c.photo_id, c.chip_uid, c.tracking,
	c.ordered_by_name, c.order_number, c.predecessor_id, c.produced_at, c.dispatched_at, c.activated_at, c.blocked_at,
	c.terminated_at, c.block_reason, c.blocked_by, c.end_reason, c.note,
	CASE WHEN o.hold <> '' OR o.closed_at IS NOT NULL THEN 1 ELSE 0 END,
	CASE WHEN d.card_id IS NOT NULL AND c.state IN ('produced', 'active') THEN 1 ELSE 0 END
	FROM card c JOIN company o ON o.id = c.company_id LEFT JOIN restored_card d ON d.card_id = c.id `

func scanCard(r db.Row) (Card, error) {
	var c Card
	var number, state, blockReason, blockedBy, endReason string
	var paused, doubted int64
	err := r.Scan(&c.ID, &number, &c.Line, &c.Order, &c.Company, &c.Person, &c.Type, &state, &c.Revision,
		&c.GivenName, &c.Surname, &c.CompanyName, &c.OrganisationNumber, &c.ValidUntil, &c.Photo, &c.ChipUID, &c.Tracking,
		&c.OrderedByName, &c.OrderNumber, &c.Predecessor, &c.ProducedAt, &c.DispatchedAt, &c.ActivatedAt, &c.BlockedAt,
		&c.TerminatedAt, &blockReason, &blockedBy, &endReason, &c.Note, &paused, &doubted)
	c.Number, c.State, c.BlockedBy = Number(number), State(state), actor.Role(blockedBy)
	c.BlockReason, c.EndReason, c.Paused = Reason(blockReason), Reason(endReason), paused != 0
	c.Doubted = doubted != 0
	return c, err
}

func unknown() *fault.Error { return fault.New(fault.NotFound, "card.unknown") }

func one(tx *db.Tx, where string, args ...any) (Card, error) {
	c, err := db.One(tx, scanCard, selectCard+where, args...)
	if errors.Is(err, db.ErrNoRows) {
		return Card{}, unknown()
	}
	return c, err
}

// ByIDTx loads a card. Errors: card.unknown.
func ByIDTx(_ context.Context, tx *db.Tx, id ID) (Card, error) { return one(tx, `WHERE c.id = $1`, id) }

// ByLineTx loads the card that a line became. Errors: card.unknown.
func ByLineTx(_ context.Context, tx *db.Tx, line uuid.UUID) (Card, error) {
	return one(tx, `WHERE c.line_id = $1`, line)
}

// ByNumberTx loads a card by its number; a number that is only reserved is
// unknown. Errors: card.unknown.
func ByNumberTx(_ context.Context, tx *db.Tx, n Number) (Card, error) {
	return one(tx, `WHERE c.number = $1`, string(n))
}

func changed() *fault.Error { return fault.New(fault.Conflict, "card.changed") }

// save writes what changes in a card's life, guarded by the state and the
// revision that were read; a card that moved meanwhile is card.changed.
func save(tx *db.Tx, before, after Card) error {
	return tx.Must1(changed(), `UPDATE card SET state = $1, revision = revision + 1, predecessor_id = $2,
		activated_at = $3, blocked_at = $4, terminated_at = $5, block_reason = $6, blocked_by = $7, end_reason = $8, note = $9
		WHERE id = $10 AND state = $11 AND revision = $12`,
		string(after.State), after.Predecessor, after.ActivatedAt, after.BlockedAt, after.TerminatedAt,
		string(after.BlockReason), string(after.BlockedBy), string(after.EndReason), after.Note,
		before.ID, string(before.State), before.Revision)
}

// Issue is what production knows about a card that the bureau made.
type Issue struct {
	Number             Number
	Line, Order        uuid.UUID
	Company, Person    uuid.UUID
	Type               string
	GivenName, Surname string
	CompanyName        string
	OrganisationNumber string
	ValidUntil         clock.Date
	Photo              uuid.UUID
	ChipUID            string
	OrderedByName      string
	OrderNumber        string
	Batch              uuid.UUID
	BatchNumber        string
}

// IssueTx makes the card of a line, once: its number must be reserved for the
// line and unused. Errors: card.number_not_reserved.
func IssueTx(ctx context.Context, tx *db.Tx, by actor.Actor, a Issue) (Card, error) {
	c := Card{
		ID: db.NewID(), Number: a.Number, Line: a.Line, Order: a.Order, Company: a.Company, Person: a.Person, Type: a.Type,
		State: Produced, Revision: 1, GivenName: a.GivenName, Surname: a.Surname, CompanyName: a.CompanyName,
		OrganisationNumber: a.OrganisationNumber, ValidUntil: a.ValidUntil, Photo: a.Photo, ChipUID: strings.ToUpper(a.ChipUID),
		OrderedByName: a.OrderedByName, OrderNumber: a.OrderNumber, ProducedAt: tx.Now,
	}
	err := tx.Must1(fault.New(fault.Conflict, "card.number_not_reserved"),
		`UPDATE card_number SET card_id = $1 WHERE number = $2 AND line_id = $3 AND card_id IS NULL`, c.ID, string(c.Number), c.Line)
	if err != nil {
		return Card{}, err
	}
	_, err = tx.Exec(`INSERT INTO card (id, number, line_id, order_id, company_id, person_id, type, state, revision, given_name,
		surname, company_name, organisation_number, valid_until, photo_id, chip_uid, tracking, ordered_by_name, order_number,
		produced_at, block_reason, blocked_by, end_reason, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11, $12, $13, $14, $15, '', $16, $17, $18, '', '', '', '')`,
		c.ID, string(c.Number), c.Line, c.Order, c.Company, c.Person, c.Type, string(c.State), c.GivenName,
		c.Surname, c.CompanyName, c.OrganisationNumber, c.ValidUntil, c.Photo, c.ChipUID, c.OrderedByName, c.OrderNumber, c.ProducedAt)
	if err != nil {
		return Card{}, err
	}
	e := entry(by, "card.produced", c)
	e.Batch, e.Data = a.Batch, map[string]string{"batch": a.BatchNumber}
	return c, journal.AppendTx(ctx, tx, e)
}

// DispatchTx records that a card was posted. It is a fact beside the card's
// life: a card that ended meanwhile keeps its state, and the revision stays, so
// that nobody's block loses to a letter. Error: card.changed when it was posted before.
func DispatchTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID, tracking string, batch uuid.UUID) (Card, error) {
	before, err := ByIDTx(ctx, tx, id)
	if err != nil {
		return Card{}, err
	}
	after := before
	after.DispatchedAt, after.Tracking = tx.Now, tracking
	err = tx.Must1(changed(), `UPDATE card SET dispatched_at = $1, tracking = $2 WHERE id = $3 AND dispatched_at IS NULL`, tx.Now, tracking, id)
	if err != nil {
		return Card{}, err
	}
	e := entry(by, "card.dispatched", after)
	e.Batch = batch
	if tracking != "" {
		e.Data = map[string]string{"tracking": tracking}
	}
	return after, journal.AppendTx(ctx, tx, e)
}

// ChipTakenTx says whether another card has the chip.
func ChipTakenTx(_ context.Context, tx *db.Tx, chipUID string) (bool, error) {
	n, err := db.Value[int64](tx, `SELECT count(*) FROM card WHERE chip_uid = $1 AND chip_uid <> ''`, strings.ToUpper(chipUID))
	return n > 0, err
}

func entry(by actor.Actor, kind string, c Card) journal.Entry {
	return journal.Entry{Kind: kind, By: by, Company: c.Company, Person: c.Person, Order: c.Order, Line: c.Line, Card: c.ID}
}

// minutes until a time, at least one.
func minutes(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }
