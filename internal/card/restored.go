package card

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
)

// Later is a state that a card came into after the backup that was restored.
type Later struct {
	Number   Number
	State    State
	Revision int64 // 0: of another count than the database's
	At       time.Time
	Reason   Reason
}

// ReplayTx brings a restored card to a later state, whatever its last day, with one journal entry; nobody is mailed a second
// time. A card that was activated after the backup isn't: its PIN is lost, so its cardholder activates it again; if it was
// blocked too, it is in doubt. False: there is nothing to do, or no such card in the backup.
func ReplayTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Later) (bool, error) {
	before, err := ByNumberTx(ctx, tx, l.Number)
	if fault.Has(err, "card.unknown") {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if before.State == l.State || before.State == Terminated || (l.Revision != 0 && l.Revision <= before.Revision) {
		return false, nil
	}
	after := before
	after.State = l.State
	e := entry(by, "", after)
	switch l.State {
	case Terminated:
		e.Kind, after.TerminatedAt, after.EndReason = "card.terminated", tx.Now, or(l.Reason, ReasonOther)
		e.Reason = string(after.EndReason)
	case Blocked:
		if before.State == Produced {
			return true, doubtTx(tx, `c.id = $2`, before.ID)
		}
		e.Kind, after.BlockedAt, after.BlockReason, after.BlockedBy = "card.blocked", tx.Now, or(l.Reason, ReasonOther), by.Role
		e.Reason = string(after.BlockReason)
	case Active:
		if before.State == Produced {
			return false, nil
		}
		e.Kind, after.BlockedAt, after.BlockReason, after.BlockedBy = "card.unblocked", time.Time{}, "", ""
	default:
		return false, nil
	}
	if err := save(tx, before, after); err != nil {
		return false, err
	}
	if after.State == Terminated { // after the card's row, as everybody locks them
		if _, err := tx.Exec(`DELETE FROM card_pin WHERE card_id = $1`, before.ID); err != nil {
			return false, err
		}
	}
	e.Data = map[string]string{"restored_from": l.At.UTC().Format(time.RFC3339)}
	return true, journal.AppendTx(ctx, tx, e)
}

func or(r, other Reason) Reason {
	if r == "" {
		return other
	}
	return r
}

func doubtTx(tx *db.Tx, where string, args ...any) error {
	_, err := tx.Exec(`INSERT INTO restored_card (card_id, restored_at) SELECT c.id, CAST($1 AS bigint) FROM card c WHERE `+where+` ON CONFLICT DO NOTHING`,
		append([]any{tx.Now}, args...)...)
	return err
}

// DoubtTx has every card that could have been blocked or ended after the backup answer unknown, and says how many.
func DoubtTx(ctx context.Context, tx *db.Tx, by actor.Actor) (int64, error) {
	if err := doubtTx(tx, `c.state IN ('produced', 'active')`); err != nil {
		return 0, err
	}
	n, err := DoubtedTx(tx)
	if err != nil {
		return 0, err
	}
	return n, journal.AppendTx(ctx, tx, journal.Entry{Kind: "card.doubted", By: by, Data: map[string]string{"cards": strconv.FormatInt(n, 10)}})
}

// inDoubt: a card that was blocked or ended since it was restored is known to be so.
// CROSS has SQLite begin with the few, or none, that are in doubt: it would begin with all cards.
const inDoubt = `FROM restored_card d CROSS JOIN card c WHERE c.id = d.card_id AND c.state IN ('produced', 'active')`

// DoubtedTx is how many cards wait to be confirmed.
func DoubtedTx(tx *db.Tx) (int64, error) {
	return db.Value[int64](tx, `SELECT count(*) `+inDoubt)
}

// DoubtedUpToTx is DoubtedTx for who looks often: it stops counting at most.
func DoubtedUpToTx(tx *db.Tx, most int) (int64, error) {
	return db.Value[int64](tx, `SELECT count(*) FROM (SELECT 1 `+inDoubt+` LIMIT $1) n`, most)
}

// ConfirmTx ends the doubt about one card. Errors: card.unknown, card.not_doubted.
func ConfirmTx(ctx context.Context, tx *db.Tx, by actor.Actor, n Number, note string) error {
	c, err := ByNumberTx(ctx, tx, n)
	if err != nil {
		return err
	}
	if err := tx.Must1(fault.New(fault.Conflict, "card.not_doubted"), `DELETE FROM restored_card WHERE card_id = $1`, c.ID); err != nil {
		return err
	}
	e := entry(by, "card.confirmed", c)
	e.Data = noted(note)
	return journal.AppendTx(ctx, tx, e)
}

// ConfirmAllTx ends the doubt about a company's cards, or about all (uuid.Nil), and says how many they were.
func ConfirmAllTx(ctx context.Context, tx *db.Tx, by actor.Actor, company uuid.UUID, note string) (int64, error) {
	count, gone, args := `SELECT count(*) `+inDoubt, `DELETE FROM restored_card`, []any(nil)
	if company != uuid.Nil {
		count, gone, args = count+` AND c.company_id = $1`, gone+` WHERE card_id IN (SELECT id FROM card WHERE company_id = $1)`, []any{company}
	}
	n, err := db.Value[int64](tx, count, args...)
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(gone, args...); err != nil || n == 0 {
		return n, err
	}
	data := map[string]string{"cards": strconv.FormatInt(n, 10)}
	maps.Copy(data, noted(note))
	return n, journal.AppendTx(ctx, tx, journal.Entry{Kind: "card.all_confirmed", By: by, Company: company, Data: data})
}

func noted(note string) map[string]string {
	if note == "" {
		return nil
	}
	return map[string]string{"note": note}
}

// InDoubt is a company with cards that wait to be confirmed.
type InDoubt struct {
	Company uuid.UUID
	Name    string
	Cards   int64
}

// CompaniesInDoubt lists the companies whose cards a restored backup can't vouch for, by name, for an officer. after is the
// last company of the page before.
func (s *Service) CompaniesInDoubt(ctx context.Context, by actor.Actor, after uuid.UUID, limit int) ([]InDoubt, error) {
	if !by.Is(actor.Officer) {
		return nil, fault.New(fault.Forbidden, "card.not_allowed")
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]InDoubt, error) {
		return db.Rows(tx, func(r db.Row) (d InDoubt, err error) { return d, r.Scan(&d.Company, &d.Name, &d.Cards) },
			`SELECT o.id, o.name, n.cards FROM (SELECT c.company_id, count(*) AS cards `+inDoubt+` GROUP BY c.company_id) n
			JOIN company o ON o.id = n.company_id
			WHERE $1 = '' OR (o.name, o.id) > (SELECT p.name, p.id FROM company p WHERE p.id = $1) ORDER BY o.name, o.id LIMIT $2`,
			idOrNone(after), limit)
	})
}

func idOrNone(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// CardsInDoubt lists a company's cards that wait to be confirmed, by number, for an officer.
func (s *Service) CardsInDoubt(ctx context.Context, by actor.Actor, company uuid.UUID, after Number, limit int) ([]Card, error) {
	if !by.Is(actor.Officer) {
		return nil, fault.New(fault.Forbidden, "card.not_allowed")
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Card, error) {
		return db.Rows(tx, scanCard, selectCard+`WHERE c.company_id = $1 AND d.card_id IS NOT NULL AND c.state IN ('produced', 'active')
			AND c.number > $2 ORDER BY c.number LIMIT $3`, company, string(after), limit)
	})
}

// Doubted is how many cards wait to be confirmed, counted up to most.
func (s *Service) Doubted(ctx context.Context, most int) (int, error) {
	n, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (int64, error) {
		return DoubtedUpToTx(tx, most)
	})
	return int(n), err
}

// Vouch is whom an officer confirms cards for: one card, a company's, or all when neither is named.
type Vouch struct {
	Number  Number
	Company uuid.UUID
	Note    string // on whose word; asked for
}

// Confirm ends the doubt about restored cards and says how many they were. Errors: card.vouch_missing, card.note_long,
// card.unknown, card.not_doubted.
func (s *Service) Confirm(ctx context.Context, by actor.Actor, v Vouch) (int64, error) {
	if !by.Is(actor.Officer) {
		return 0, fault.New(fault.Forbidden, "card.not_allowed")
	}
	if strings.TrimSpace(v.Note) == "" {
		return 0, fault.New(fault.Invalid, "card.vouch_missing").On("note")
	}
	if err := checkNote(v.Note); err != nil {
		return 0, err
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (int64, error) {
		if v.Number != "" {
			return 1, ConfirmTx(ctx, tx, by, v.Number, v.Note)
		}
		return ConfirmAllTx(ctx, tx, by, v.Company, v.Note)
	})
}
