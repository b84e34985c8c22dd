package production

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
)

// NoticeKind says what somebody in production has to look at.
type NoticeKind string

// The kinds.
const (
	NoticeUnknownCard NoticeKind = "unknown_card" // a receipt for a card that isn't in that batch
	NoticeRefused     NoticeKind = "refused"      // a receipt that doesn't fit what is known
	NoticeMessage     NoticeKind = "message"      // something that wasn't a receipt: forged, cut off
	NoticeIncomplete  NoticeKind = "incomplete"   // an approved line that can't be made yet
	NoticeTerminated  NoticeKind = "terminated"   // a card in the post that has been ended
)

// Notice is one such thing. Why is a code (codes with commas between for
// incomplete lines); Said is what the message said, without personal data.
type Notice struct {
	ID        uuid.UUID
	Kind      NoticeKind
	Why       string
	Line      uuid.UUID
	Item      uuid.UUID
	Receipt   string
	Said      string
	CreatedAt time.Time
	SettledAt time.Time
	SettledBy string
}

// Words say what was wrong. A code without words is shown as it is.
func (n Notice) Words(t *i18n.Texts) string {
	var out []string
	for code := range strings.SplitSeq(n.Why, ",") {
		if key := "production.why." + code; code != "" && t.Has(key) {
			code = t.T(key)
		}
		out = append(out, code)
	}
	return strings.Join(out, ", ")
}

func noteTx(tx *db.Tx, n Notice) error {
	_, err := tx.Exec(`INSERT INTO production_notice (id, kind, why, line_id, item_id, receipt_id, said, created_at, settled_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')`, db.NewID(), string(n.Kind), n.Why, n.Line, n.Item, n.Receipt, n.Said, tx.Now)
	return err
}

// describe is a receipt in one line: ids and codes, nothing about people.
func describe(r Receipt) string {
	return clip(fmt.Sprintf("%s %s %s %s", r.Kind, r.Batch, r.CardID, r.RejectCode))
}

func clip(s string) string {
	clean := make([]rune, 0, 200)
	for _, r := range s {
		if len(clean) == 200 {
			break
		}
		if r < ' ' || r == '\uFFFD' {
			r = '?'
		}
		clean = append(clean, r)
	}
	return string(clean)
}

// RefusedMessage notes a message to the receipts' address that was refused
// before it was a receipt. why is a code of the receipts' protocol:
// signature_invalid, malformed, too_large.
// A storm of them is one notice an hour for each code.
func (s *Service) RefusedMessage(ctx context.Context, why string) error {
	return db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
		recent, err := db.Value[int64](tx, `SELECT count(*) FROM production_notice WHERE kind = $1 AND why = $2 AND settled_at IS NULL AND created_at > $3`,
			string(NoticeMessage), clip(why), tx.Now.Add(-time.Hour))
		if err != nil || recent > 0 {
			return err
		}
		return noteTx(tx, Notice{Kind: NoticeMessage, Why: clip(why)})
	})
}

func scanNotice(r db.Row) (n Notice, err error) {
	var kind string
	err = r.Scan(&n.ID, &kind, &n.Why, &n.Line, &n.Item, &n.Receipt, &n.Said, &n.CreatedAt, &n.SettledAt, &n.SettledBy)
	n.Kind = NoticeKind(kind)
	return n, err
}

// Notices lists what isn't settled, oldest first.
func (s *Service) Notices(ctx context.Context, by actor.Actor, limit int) ([]Notice, error) {
	if err := staff(by); err != nil {
		return nil, err
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Notice, error) {
		return db.Rows(tx, scanNotice, `SELECT id, kind, why, line_id, item_id, receipt_id, said, created_at, settled_at, settled_by
			FROM production_notice WHERE settled_at IS NULL ORDER BY created_at, id LIMIT $1`, min(max(limit, 1), 200))
	})
}

// Settle puts a notice away. One about a line that can't be made is put away by deciding about the line (Recheck,
// ReturnIncomplete): without it nobody would know that the line waits. Errors: production.notice_unknown,
// production.notice_undecided.
func (s *Service) Settle(ctx context.Context, by actor.Actor, notice uuid.UUID) error {
	if err := staff(by); err != nil {
		return err
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		settled, err := settleTx(ctx, tx, by, `id = $3`, notice)
		switch {
		case err != nil:
			return err
		case len(settled) == 0:
			return fault.New(fault.NotFound, "production.notice_unknown")
		case settled[0].Kind == NoticeIncomplete:
			return fault.New(fault.Conflict, "production.notice_undecided")
		}
		return nil
	})
}

// settleTx puts away what isn't settled of the notices that where, with its one
// argument $3, names.
func settleTx(ctx context.Context, tx *db.Tx, by actor.Actor, where string, arg any) ([]Notice, error) {
	settled, err := db.Rows(tx, scanNotice, `UPDATE production_notice SET settled_at = $1, settled_by = $2 WHERE settled_at IS NULL AND `+where+`
		RETURNING id, kind, why, line_id, item_id, receipt_id, said, created_at, settled_at, settled_by`, tx.Now, by.Name, arg)
	if err != nil {
		return nil, err
	}
	for _, n := range settled {
		err := journal.AppendTx(ctx, tx, journal.Entry{
			Kind: "production.notice_settled", By: by, Reason: n.Why,
			Data: map[string]string{"notice": n.ID.String(), "kind": string(n.Kind)},
		}) // no line: its company reads what the line's entries say
		if err != nil {
			return nil, err
		}
	}
	return settled, nil
}
