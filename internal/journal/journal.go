package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
)

// Topic is signalled after each commit that has entries, for db.DB.Subscribe.
const Topic = "journal"

// PositionTopic is signalled after entries of this node's sequencer got their positions.
const PositionTopic = "journal.position"

// Entry is what happened.
type Entry struct {
	Kind    string // "capability.past", stable for ever
	By      actor.Actor
	Company uuid.UUID // the subjects; Company defaults to By.Company
	Person  uuid.UUID
	Order   uuid.UUID
	Line    uuid.UUID
	Card    uuid.UUID
	Batch   uuid.UUID
	Reason  string            // a code, or what somebody wrote
	Data    map[string]string // a few facts more
}

// Record is an entry as it was written.
type Record struct {
	ID int64
	At time.Time
	Entry
}

// Positioned is a record with its place in the feed.
type Positioned struct {
	Position int64
	Record
}

// Subject is something that entries are about.
type Subject struct {
	Column string
	ID     uuid.UUID
}

// OfCompany is a company as the subject of entries.
func OfCompany(id uuid.UUID) Subject { return Subject{"company_id", id} }

// OfPerson is a person as the subject of entries.
func OfPerson(id uuid.UUID) Subject { return Subject{"person_id", id} }

// OfOrder is an order as the subject of entries.
func OfOrder(id uuid.UUID) Subject { return Subject{"order_id", id} }

// OfLine is an order line as the subject of entries.
func OfLine(id uuid.UUID) Subject { return Subject{"line_id", id} }

// OfCard is a card as the subject of entries.
func OfCard(id uuid.UUID) Subject { return Subject{"card_id", id} }

// OfBatch is a batch as the subject of entries.
func OfBatch(id uuid.UUID) Subject { return Subject{"batch_id", id} }

var subjectColumns = map[string]bool{
	"company_id": true, "person_id": true, "order_id": true, "line_id": true, "card_id": true, "batch_id": true,
}

const columns = `e.at, e.kind, e.actor_role, e.actor_account, e.actor_person, e.actor_company, e.actor_name, e.actor_session,
	e.company_id, e.person_id, e.order_id, e.line_id, e.card_id, e.batch_id, e.reason, e.data, e.ip`

// AppendTx writes an entry. Call it after the guarded update.
func AppendTx(_ context.Context, tx *db.Tx, e Entry) error {
	if e.Kind == "" || e.By.Role == "" {
		return fmt.Errorf("journal: an entry needs a kind and an actor (%q by %q)", e.Kind, e.By.Role)
	}
	if e.Company == uuid.Nil {
		e.Company = e.By.Company
	}
	data, err := encodeData(e.Data)
	if err != nil {
		return err
	}
	id, err := db.Value[int64](tx, `INSERT INTO journal_entry (at, kind, actor_role, actor_account, actor_person, actor_company,
		actor_name, actor_session, company_id, person_id, order_id, line_id, card_id, batch_id, reason, data, ip)
		VALUES (`+db.List(1, 17)+`) RETURNING id`,
		tx.Now, e.Kind, e.By.Role, e.By.Account, e.By.Person, e.By.Company, e.By.Name, e.By.Session,
		e.Company, e.Person, e.Order, e.Line, e.Card, e.Batch, e.Reason, data, e.By.IP)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO journal_pending (entry_id) VALUES ($1)`, id); err != nil {
		return err
	}
	tx.Signal(Topic)
	return nil
}

// encodeData writes sorted keys, so that the same facts are the same text.
func encodeData(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(m)
	return string(b), err
}

// Of returns the entries about any of the subjects, oldest first: a timeline.
func Of(_ context.Context, tx *db.Tx, subjects ...Subject) ([]Record, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	// One indexed query each, since an OR over columns would read the whole table on a bad day; UNION drops what is found twice.
	var queries []string
	var args []any
	for i, s := range subjects {
		if !subjectColumns[s.Column] {
			return nil, fmt.Errorf("journal: no subject %q", s.Column)
		}
		queries = append(queries, `SELECT id FROM journal_entry WHERE `+s.Column+` = $`+strconv.Itoa(i+1))
		args = append(args, s.ID)
	}
	return db.Rows(tx, scanRecord, `SELECT e.id, `+columns+` FROM journal_entry e WHERE e.id IN (`+
		strings.Join(queries, " UNION ")+`) ORDER BY e.id`, args...)
}

// NewestTx returns the newest records, n of them at most, the newest last.
func NewestTx(_ context.Context, tx *db.Tx, n int) ([]Record, error) {
	return db.Rows(tx, scanRecord, `SELECT e.id, `+columns+` FROM journal_entry e
		WHERE e.id IN (SELECT id FROM journal_entry ORDER BY id DESC LIMIT $1) ORDER BY e.id`, n)
}

// Feed returns up to limit records after a position, in order.
func Feed(_ context.Context, tx *db.Tx, after int64, limit int) ([]Positioned, error) {
	return db.Rows(tx, func(r db.Row) (p Positioned, err error) {
		p.Record, err = scanRecord(db.Prefixed(r, &p.Position))
		return p, err
	}, `SELECT p.position, e.id, `+columns+` FROM journal_position p JOIN journal_entry e ON e.id = p.entry_id
		WHERE p.position > $1 ORDER BY p.position LIMIT $2`, after, limit)
}

// Newest returns the newest position, 0 when there is none.
func Newest(_ context.Context, tx *db.Tx) (int64, error) {
	return db.Value[int64](tx, `SELECT position FROM journal_head WHERE id = 1`)
}

// Cursor returns how far the named reader has come, 0 at its beginning.
func Cursor(_ context.Context, tx *db.Tx, name string) (int64, error) {
	all, err := db.Rows(tx, db.Column[int64], `SELECT position FROM journal_cursor WHERE name = $1`, name)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0], nil
}

func scanRecord(r db.Row) (rec Record, err error) {
	s, err := scanStored(r)
	if err != nil {
		return Record{}, err
	}
	return s.record()
}

// Lag is how long the oldest entry has waited for its position; what follows the journal is that late.
func Lag(_ context.Context, tx *db.Tx) (time.Duration, error) {
	waiting, err := db.Rows(tx, db.Column[time.Time], `SELECT e.at FROM journal_pending p JOIN journal_entry e ON e.id = p.entry_id
		ORDER BY p.entry_id LIMIT 1`)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	return max(0, tx.Now.Sub(waiting[0])), nil
}
