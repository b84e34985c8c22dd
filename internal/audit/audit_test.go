package audit_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/audit"
	"github.com/kortverk/kortverk/internal/audit/audittest"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
)

func run(t *testing.T, d *db.DB) audit.Report {
	t.Helper()
	r, err := audit.Run(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func codes(r audit.Report) []string {
	var out []string
	for _, f := range r.Findings {
		if !slices.Contains(out, f.Code) {
			out = append(out, f.Code)
		}
	}
	slices.Sort(out)
	return out
}

// fault is something that no command does. Its codes must be found, about the subject when one is given.
type fault struct {
	name, sql string
	before    string // what would refuse it
	want      []string
}

var faults = []fault{
	{"a card made active beside the journal", `UPDATE card SET state = 'active', blocked_at = NULL WHERE state = 'blocked'`, "", []string{"card.journal"}},
	{"a card unblocked with a revision", `UPDATE card SET state = 'active', blocked_at = NULL, revision = revision + 1 WHERE state = 'blocked'`, "", []string{"card.journal"}},
	{"a change that the journal doesn't have", `UPDATE card SET revision = revision + 1 WHERE state = 'blocked'`, "", []string{"card.journal"}},
	{
		"two active cards", `UPDATE card SET state = 'active', terminated_at = NULL WHERE end_reason = 'replaced'`, `DROP INDEX card_one_active`,
		[]string{"card.two_live", "card.journal", "card.predecessor"},
	},
	{"a PIN that is gone", `DELETE FROM card_pin WHERE card_id = (SELECT min(card_id) FROM card_pin)`, "", []string{"card.pin_missing"}},
	{"a PIN that was left", `INSERT INTO card_pin (card_id, activation_id, sealed, pvv, made_at) SELECT c.id, p.activation_id, p.sealed, p.pvv, 0
		FROM card c, card_pin p WHERE c.end_reason = 'stolen' AND p.card_id = (SELECT min(card_id) FROM card_pin)`, "", []string{"card.pin_left"}},
	{"a card that changed hands", `UPDATE card SET person_id = (SELECT max(id) FROM person) WHERE state = 'blocked'`, "", []string{"card.line"}},
	{
		"a number with a wrong check digit", `INSERT INTO card_number (number, line_id, item_id, reserved_at) VALUES ('BB-1234-567890', 'x', 'y', 0)`, "",
		[]string{"number.malformed", "number.item"},
	},
	{"a reservation that was moved", `UPDATE card_number SET card_id = NULL WHERE card_id = (SELECT id FROM card WHERE state = 'blocked')`, "", []string{"number.not_reserved"}},
	{"a line set back", `UPDATE order_line SET state = 'approved' WHERE state = 'in_production'`, "", []string{"item.line", "line.journal", "line.nobody_makes"}},
	{
		"a line approved without review", `UPDATE order_line SET state = 'approved', revision = revision + 1 WHERE state = 'ordered'`, "",
		[]string{"line.journal", "line.nobody_makes", "line.signature"},
	},
	{"a line that leaped over its revision", `UPDATE order_line SET revision = revision + 1 WHERE state = 'awaiting_cardholder'`, "", []string{"line.journal"}},
	{"a batch that lost a card", `UPDATE batch SET size = size + 1 WHERE seq = 1`, "", []string{"batch.size"}},
	{"a batch that was never finished", `UPDATE batch SET state = 'done' WHERE seq = 1`, "", []string{"batch.state"}},
	{
		"an item made without a receipt", `DELETE FROM receipt WHERE kind = 'produced' AND item_id = (SELECT id FROM batch_item WHERE card_id = (SELECT id FROM card WHERE state = 'blocked'))`, "",
		[]string{"item.receipt"},
	},
	{"an item that is made again by nobody", `UPDATE batch_item SET state = 'remade' WHERE state = 'failed'`, "", []string{"item.remade", "line.items"}},
	{"an item that failed behind the journal's back", `UPDATE batch_item SET state = 'failed' WHERE state = 'returned'`, "", []string{"item.journal", "item.line"}},
	{"a closed batch without its job", `UPDATE batch SET state = 'closed' WHERE seq = 1`, "", []string{"batch.nobody_delivers"}},
	{"a mail without its job", `DELETE FROM job WHERE kind = 'notify.send' AND id = (SELECT min(id) FROM job WHERE kind = 'notify.send')`, "", []string{"mail.nobody_sends"}},
	{"a job without its mail", `DELETE FROM mail WHERE id = (SELECT min(id) FROM mail)`, "", []string{"job.subject"}},
	{"an approved line without its job", `DELETE FROM job WHERE kind = 'order.approved' AND state = 'waiting'`, "", []string{"line.nobody_makes"}},
	{"a mail about nothing", `UPDATE mail SET line_id = 'nothing' WHERE id = (SELECT min(id) FROM mail)`, "", []string{"mail.subject"}},
	{"a picture that is gone", `DELETE FROM blob WHERE id = (SELECT photo_id FROM card WHERE state = 'blocked')`, "", []string{"card.photo", "item.photo", "line.photo"}},
	{"a signature that is gone", `DELETE FROM eid_evidence WHERE id = (SELECT evidence FROM order_line WHERE state = 'approved')`, "", []string{"line.signature"}},
	{"an altered entry", `UPDATE journal_entry SET actor_name = 'Nobody' WHERE id = 9`, "", []string{"journal.tree_differs"}},
	{"an altered hash", `UPDATE journal_hash SET hash = (SELECT hash FROM journal_hash WHERE id = 3) WHERE id = 4`, "", []string{"journal.tree_differs"}},
	{"a position that is gone", `DELETE FROM journal_position WHERE position = 12`, "", []string{"journal.gap", "journal.unplaced"}},
	{"hashes that were cut off", `DELETE FROM journal_hash WHERE id = (SELECT max(id) FROM journal_hash)`, "", []string{"journal.tree_differs"}},
	{"a head that went back", `UPDATE journal_head SET position = position - 1`, "", []string{"journal.head"}},
	{"a hold without a word", `UPDATE company SET hold = '', held_at = NULL WHERE hold <> ''`, "", []string{"company.journal"}},
	{"a card that was activated at another time", `UPDATE card SET activated_at = activated_at - 1 WHERE state = 'blocked'`, "", []string{"card.when"}},
}

// Rows: R41. A database that the services made is well, and every planted fault is found.
func TestFindsWhatIsPlanted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := audittest.New(t, d)
		s.Fill(t)
		r := run(t, d)
		for _, f := range r.Findings {
			t.Errorf("nothing is wrong, but: %s", f)
		}
		t.Log(r.Well())
		if r.Cards < 8 || r.Entries < 100 || r.Waiting != 0 {
			t.Errorf("read too little: %+v", r)
		}
		for _, f := range faults {
			plant(t, d, f)
		}
		if r := run(t, d); len(r.Findings) > 0 {
			t.Errorf("not everything was taken back: %v", r.Findings)
		}
	})
}

// plant does it, looks, and takes it back: all in a transaction of its own that fails.
func plant(t *testing.T, d *db.DB, f fault) {
	t.Helper()
	got, err := audit.Trial(t.Context(), d, func(tx *db.Tx) error {
		if !tx.Postgres() {
			if _, err := tx.Exec(`PRAGMA defer_foreign_keys = 1`); err != nil {
				return err
			}
		}
		if f.before != "" {
			if _, err := tx.Exec(f.before); err != nil {
				return err
			}
		}
		n, err := tx.Exec(f.sql)
		if n == 0 {
			t.Errorf("%s: the fault changed nothing", f.name)
		}
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", f.name, err)
	}
	for _, want := range f.want {
		if !slices.Contains(codes(got), want) {
			t.Errorf("%s: %s wasn't found, but %v", f.name, want, codes(got))
		}
	}
	for _, x := range got.Findings {
		if x.Subject == "" || x.What == "" || x.Where == "" || strings.Contains(x.String(), "%!") {
			t.Errorf("%s: a finding that says too little: %s", f.name, x)
		}
	}
}

// A checker that can't read doesn't say that all is well.
func TestWhatCannotBeReadIsAnError(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := audit.Run(ctx, d); err == nil {
			t.Error("no error")
		}
	})
}
