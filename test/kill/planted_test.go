package kill

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// faults are what the checker is there for, each with the invariant that it breaks.
var faults = []struct {
	name, invariant string
	do              func(c *Case, sql func(string, ...any))
}{
	{"an answered order is lost", "I1", func(c *Case, _ func(string, ...any)) {
		c.Events = append(c.Events, Event{ID: "lost", Command: CmdSubmit, What: Answered, Line: "nowhere"})
	}},
	{"a block is done twice", "I1", func(_ *Case, sql func(string, ...any)) {
		sql(`UPDATE journal_entry SET data = (SELECT data FROM journal_entry WHERE kind = 'card.blocked' LIMIT 1) WHERE kind = 'card.blocked'`)
	}},
	{"a PIN changes", "I1", func(c *Case, _ func(string, ...any)) {
		i := slices.IndexFunc(c.Events, func(e Event) bool { return e.PIN != "" })
		e := c.Events[i]
		e.PIN = "x"
		c.Events = append(c.Events, e)
	}},
	{"ends.log misses its last line", "I1", func(c *Case, _ func(string, ...any)) {
		c.Ends = c.Ends[:strings.LastIndex(strings.TrimSuffix(c.Ends, "\n"), "\n")+1]
	}},
	{"a line of ends.log is altered", "I1", func(c *Case, _ func(string, ...any)) {
		c.Ends = strings.Replace(c.Ends, " blocked ", " active ", 1)
	}},
	{"an entry is missing", "I2", func(_ *Case, sql func(string, ...any)) {
		sql(`DELETE FROM journal_position WHERE entry_id = (SELECT max(id) FROM journal_entry WHERE kind = 'card.blocked')`)
		sql(`DELETE FROM journal_entry WHERE id = (SELECT max(id) FROM journal_entry WHERE kind = 'card.blocked')`)
	}},
	{"an entry is altered", "I2", func(_ *Case, sql func(string, ...any)) {
		sql(`UPDATE journal_entry SET ip = '192.0.2.1' WHERE id = (SELECT max(id) FROM journal_entry)`)
	}},
	{"a hash is broken", "I2", func(_ *Case, sql func(string, ...any)) {
		sql(`UPDATE journal_hash SET hash = zeroblob(32) WHERE id = 3`)
	}},
	{"a card changes without an entry", "I2", func(_ *Case, sql func(string, ...any)) {
		sql(`UPDATE card SET revision = revision + 1 WHERE id = (SELECT max(id) FROM card)`)
	}},
	{"a card works twice", "I3", func(_ *Case, sql func(string, ...any)) {
		sql(`DROP INDEX card_one_active`)
		sql(`UPDATE card SET state = 'active' WHERE (company_id, person_id) = (SELECT company_id, person_id FROM card GROUP BY company_id, person_id HAVING count(*) > 1 LIMIT 1)`)
	}},
	{"the bureau makes a card that nobody ordered", "I4", func(c *Case, _ func(string, ...any)) {
		c.Batches = slices.Clone(c.Batches)
		b := &c.Batches[0]
		b.Cards = append(slices.Clone(b.Cards), b.Cards[0])
		b.Cards[len(b.Cards)-1].CardID = "stranger"
		b.Count++
	}},
	{"a batch is delivered to nobody", "I4", func(c *Case, _ func(string, ...any)) { c.Batches = c.Batches[1:] }},
	{"a blocked card is valid", "I6", func(c *Case, _ func(string, ...any)) {
		b := c.last(CmdBlock)
		c.Events = append(c.Events, Event{What: Checked, Card: b.Card, Began: b.At, At: b.At, Valid: true, Reason: "ok"})
	}},
	{"an ended card is valid", "I6", func(c *Case, _ func(string, ...any)) {
		b := c.last(CmdTerminate)
		c.Events = append(c.Events, Event{What: Checked, Card: b.Card, Began: b.At + 1e9, At: b.At + 2e9, Valid: true, Reason: "ok"})
	}},
	{"a receipt is forgotten", "I7", func(_ *Case, sql func(string, ...any)) {
		sql(`DELETE FROM receipt WHERE id = (SELECT max(id) FROM receipt)`)
	}},
	{"a job dies", "I7", func(_ *Case, sql func(string, ...any)) {
		sql(`UPDATE job SET state = 'dead' WHERE id = (SELECT max(id) FROM job WHERE kind = 'notify.send')`)
	}},
	{"a line is made twice", "I7", func(_ *Case, sql func(string, ...any)) {
		sql(`DROP INDEX batch_item_live`)
		sql(`UPDATE batch_item SET line_id = (SELECT min(line_id) FROM batch_item WHERE attempt = 1) WHERE id = (SELECT max(id) FROM batch_item WHERE attempt = 1)`)
	}},
	{"a mail never arrives", "I7", func(_ *Case, sql func(string, ...any)) {
		sql(`UPDATE mail SET id = 'lost' WHERE id = (SELECT max(id) FROM mail WHERE state = 'sent')`)
	}},
	{"a signature is lost", "I1", func(_ *Case, sql func(string, ...any)) {
		sql(`DELETE FROM eid_evidence WHERE id = (SELECT max(evidence) FROM order_line)`)
	}},
	{"an index forgets", "I8", func(_ *Case, sql func(string, ...any)) {
		sql(`PRAGMA writable_schema = 1`)
		sql(`UPDATE sqlite_schema SET sql = 'CREATE INDEX card_person ON card (company_id)' WHERE name = 'card_person'`)
		sql(`PRAGMA writable_schema = 0`)
	}},
}

// last is the last command of a kind that was done.
func (c *Case) last(command string) (e Event) {
	for _, x := range c.Events {
		if x.Command == command && (x.What == Answered || x.What == Found) && x.ID != "" {
			e = x
		}
	}
	return e
}

// plant puts each fault into a copy of what a run left, and wants it found.
func plant(t *testing.T, c Case, file string) {
	for _, p := range faults {
		t.Run(p.name, func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "copy.db")
			data, err := os.ReadFile(file) // the product has stopped: the log is folded in
			if err == nil {
				err = os.WriteFile(copied, data, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			d, err := sql.Open("sqlite", "file:"+copied)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			d.SetMaxOpenConns(1)
			faulty := c
			faulty.Events = slices.Clone(c.Events)
			p.do(&faulty, func(text string, args ...any) {
				t.Helper()
				if _, err := d.Exec(text, args...); err != nil {
					t.Fatal(err)
				}
			})
			_ = d.Close()
			if faulty.DB, err = sql.Open("sqlite", "file:"+copied); err != nil {
				t.Fatal(err)
			}
			defer faulty.DB.Close()
			found, err := faulty.Check()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Invariant == p.invariant }) {
				t.Errorf("not found; found were %v", found)
			}
		})
	}
}
