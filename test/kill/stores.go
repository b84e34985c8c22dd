package kill

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

func (k *checker) checkLive() error {
	const same = " AND o.company_id = c.company_id AND o.person_id = c.person_id AND o.type = c.type AND o.id <> c.id"
	for what, text := range map[string]string{
		"two cards of one person, company and type work or are blocked": `SELECT c.number FROM card c WHERE c.state IN ('active', 'blocked')
			AND EXISTS (SELECT 1 FROM card o WHERE o.state IN ('active', 'blocked')` + same + ")",
		"two cards wait for their activation": `SELECT c.number FROM card c WHERE c.state = 'produced'
			AND EXISTS (SELECT 1 FROM card o WHERE o.state = 'produced'` + same + ")",
		"an older card waits for its activation beside a newer that works": `SELECT c.number FROM card c WHERE c.state = 'produced'
			AND EXISTS (SELECT 1 FROM card o WHERE o.state IN ('active', 'blocked') AND o.produced_at > c.produced_at` + same + ")",
		"two cards have one number":  "SELECT number FROM card GROUP BY number HAVING count(*) > 1",
		"two cards came of one line": "SELECT line_id FROM card GROUP BY line_id HAVING count(*) > 1",
		"two lines are open for one person, company and type": `SELECT min(id) FROM order_line WHERE state NOT IN ('draft', 'produced', 'cancelled')
			GROUP BY company, personal_number_hash, card_type HAVING count(*) > 1`,
		"a PIN without a card that works, or a card that works without a PIN": `SELECT coalesce(c.id, p.card_id) FROM card c
			FULL JOIN card_pin p ON p.card_id = c.id WHERE (c.id IS NOT NULL AND c.state IN ('active', 'blocked')) <> (p.card_id IS NOT NULL)`,
	} {
		if err := k.none("I3", what, text); err != nil {
			return err
		}
	}
	return nil
}

type item struct{ id, batch, number, state, chip, card string }

// checkProduction compares the bureau's files with the batches: every line of a file is produced, failed or outstanding here,
// once, and the bureau knows of nothing else.
func (k *checker) checkProduction() error {
	items, err := query(k.c.DB, func(r *sql.Rows) (i item, err error) {
		err = r.Scan(&i.id, &i.batch, &i.number, &i.state, &i.chip, &i.card)
		return i, err
	}, "SELECT i.id, b.number, i.number, i.state, i.chip_uid, coalesce(i.card_id, '') FROM batch_item i JOIN batch b ON b.id = i.batch_id")
	if err != nil {
		return err
	}
	batches, err := k.pairs("SELECT number, state FROM batch")
	if err != nil {
		return err
	}
	byID, owed := map[string]item{}, map[string]int{}
	for _, i := range items {
		byID[i.id] = i
		owed[i.batch]++
	}
	made := map[string]bool{}
	for _, b := range k.c.Batches {
		if made[b.ID] {
			k.find("I4", "the bureau has two files of batch %s", b.ID)
		}
		made[b.ID] = true
		if b.Count != len(b.Cards) || b.Count != owed[b.ID] {
			k.find("I4", "batch %s: the file has %d lines, the bureau %d cards, the database %d", b.ID, b.Count, len(b.Cards), owed[b.ID])
		}
		for _, c := range b.Cards {
			k.checkLine(b, c.CardID, c.Number, c.Step, c.ChipUID, byID[c.CardID])
		}
	}
	for number, state := range batches {
		if sent := state == "delivered" || state == "acknowledged" || state == "done"; sent && !made[number] {
			k.find("I4", "batch %s is %s, and the bureau has no file", number, state)
		}
	}
	return k.checkReceipts()
}

// checkReceipts: each receipt that the bureau made has had its effect, once, and there are no others.
func (k *checker) checkReceipts() error {
	receipts, err := k.pairs("SELECT id, result FROM receipt")
	if err != nil {
		return err
	}
	for _, b := range k.c.Batches {
		for _, c := range b.Cards {
			for _, r := range c.Receipts {
				if result := receipts[r.ID]; result != "applied" {
					k.find("I7", "the bureau's receipt %s (%s of %s) is '%s' here", r.ID, r.Kind, c.CardID, result)
				}
				delete(receipts, r.ID)
			}
		}
	}
	for id, result := range receipts {
		k.find("I7", "the receipt %s (%s) is none of the bureau's", id, result)
	}
	for what, text := range map[string]string{
		"a line past approval has not exactly one card on its way or made": `SELECT l.id FROM order_line l WHERE l.state IN ('in_production', 'produced')
			AND (SELECT count(*) FROM batch_item i WHERE i.line_id = l.id AND i.state IN ('reserved', 'sent', 'produced', 'dispatched', 'failed')) <> 1`,
		"a line has more than one first attempt": "SELECT line_id FROM batch_item WHERE attempt = 1 GROUP BY line_id HAVING count(*) > 1",
		"a batch has another size than it says":  "SELECT number FROM batch b WHERE size <> (SELECT count(*) FROM batch_item i WHERE i.batch_id = b.id)",
		"an item was made without a card":        "SELECT id FROM batch_item WHERE (state IN ('produced', 'dispatched')) <> (card_id IS NOT NULL)",
	} {
		if err := k.none("I7", what, text); err != nil {
			return err
		}
	}
	return nil
}

// checkLine: what the bureau did with a card is what is known of it here, once all receipts have come.
func (k *checker) checkLine(b Batch, id, number, step, chip string, i item) {
	want := map[string]string{"printing": "sent", "encoded": "produced", "dispatched": "dispatched", "failed": "failed"}[step]
	got := i.state
	if got == "remade" || got == "returned" {
		got = "failed"
	}
	switch {
	case i.id == "":
		k.find("I4", "the bureau has card %s in batch %s, and the database doesn't", id, b.ID)
	case i.batch != b.ID || i.number != number:
		k.find("I4", "card %s is %s in batch %s at the bureau and %s in batch %s here", id, number, b.ID, i.number, i.batch)
	case got != want:
		k.find("I4", "card %s is %s at the bureau and %s here", number, step, i.state)
	case i.card != "" && i.chip != chip:
		k.find("I4", "card %s has chip %s at the bureau and %s here", number, chip, i.chip)
	}
}

// checkGate: between the answer to a block or end and the beginning of what opens the card again, no check may say valid;
// between the answer to an activation or opening and the beginning of a block, none may say anything else.
func (k *checker) checkGate() error {
	type span struct {
		from, to int64
		valid    bool
	}
	spans := map[string][]span{}
	all := k.commands()
	for i, c := range all {
		opens := c.Command == CmdActivate || c.Command == CmdUnblock
		if !c.done || !opens && c.Command != CmdBlock && c.Command != CmdTerminate {
			continue
		}
		s := span{from: c.since, to: 1 << 62, valid: opens}
		for _, next := range all[i+1:] {
			if next.Card == c.Card && next.Command != CmdActivate || opens && next.Command == CmdActivate && k.sameLineage(c.Card, next.Card) {
				s.to = next.At
				break
			}
		}
		if c.Command == CmdTerminate {
			s.to = 1 << 62
		}
		spans[c.Card] = append(spans[c.Card], s)
	}
	for _, e := range k.c.Events {
		if e.What != Checked {
			continue
		}
		for _, s := range spans[e.Card] {
			if e.Began >= s.from && e.At < s.to && e.Valid != s.valid {
				k.find("I6", "card %s: the reader was told %v (%s) at %d, and it had to be %v from %d on", e.Card, e.Valid, e.Reason, e.At, s.valid, s.from)
			}
		}
	}
	return nil
}

// sameLineage: the activation of a replacement ends the card before.
func (k *checker) sameLineage(old, new string) bool {
	var n int
	err := k.c.DB.QueryRow(`SELECT count(*) FROM card o JOIN card n ON n.company_id = o.company_id AND n.person_id = o.person_id AND n.type = o.type
		WHERE o.number = $1 AND n.number = $2`, old, new).Scan(&n)
	return err != nil || n > 0
}

func (k *checker) checkJobs() error {
	for what, text := range map[string]string{
		"a job has died": "SELECT kind || ' ' || args || ' ' || last_error FROM job WHERE state = 'dead'",
		"a job is left":  "SELECT kind || ' ' || args || ' ' || state FROM job WHERE state IN ('waiting', 'running') AND kind NOT LIKE 'every:%'",
		"two jobs of one periodic work": `SELECT kind FROM job WHERE state IN ('waiting', 'running') AND kind LIKE 'every:%'
			GROUP BY kind HAVING count(*) > 1`,
		"an approved line waits for nobody": "SELECT id FROM order_line WHERE state = 'approved'",
		"a batch wasn't handed over":        "SELECT number FROM batch WHERE state IN ('open', 'closed') AND size > 0",
		"an entry has no position":          "SELECT CAST(entry_id AS text) FROM journal_pending",
		"a thing has two jobs": `SELECT kind || ' ' || args FROM job WHERE kind IN ('notify.send', 'production.deliver')
			GROUP BY kind, args HAVING count(*) > 1`,
	} {
		if err := k.none("I7", what, text); err != nil {
			return err
		}
	}
	return nil
}

// checkMails: every mail that is marked sent has arrived. It may have arrived twice: the process can be killed between the
// mail server's answer and the mark, and the second has the same Message-ID.
func (k *checker) checkMails() error {
	states, err := k.pairs("SELECT id, state FROM mail")
	if err != nil {
		return err
	}
	twice := 0
	for id, n := range k.c.Mails {
		local, _, _ := strings.Cut(strings.Trim(id, "<>"), "@")
		if states[local] != "sent" {
			k.find("I7", "the mail %s arrived and is '%s' here", id, states[local])
		}
		delete(states, local)
		twice += n - 1
	}
	for id, state := range states {
		if state != "cancelled" {
			k.find("I7", "the mail %s is %s and has not arrived", id, state)
		}
	}
	// At a kill there are at most eight workers that have handed a mail over.
	if most := 8 * k.c.Kills; twice > most {
		k.find("I7", "%d mails arrived once more, which %d kills don't explain", twice, k.c.Kills)
	}
	return nil
}

func (k *checker) checkEID() error {
	for what, text := range map[string]string{
		"an answer of the eID was used and isn't kept": `SELECT t.id FROM eid_transaction t LEFT JOIN eid_evidence e ON e.id = t.evidence_id
			WHERE t.state IN ('complete', 'used') AND e.id IS NULL`,
		"an approved line has no signature": `SELECT l.id FROM order_line l LEFT JOIN eid_evidence e ON e.id = l.evidence AND e.purpose = 'sign'
			WHERE l.state IN ('approved', 'in_production', 'produced') AND e.id IS NULL`,
		"one signature serves two lines": "SELECT evidence FROM order_line WHERE evidence IS NOT NULL GROUP BY evidence HAVING count(*) > 1",
	} {
		if err := k.none("I1", what, text); err != nil {
			return err
		}
	}
	return nil
}

// checkEnds reads the journal of ends by its description: each card that isn't new stands in it as it is, so that a
// restored backup can't open it again.
func (k *checker) checkEnds() error {
	if k.c.Postgres {
		return nil
	}
	mark := ""
	said := map[string]standing{}
	for i, line := range strings.Split(strings.TrimSuffix(k.c.Ends, "\n"), "\n") {
		words := strings.Split(line, " ")
		text := strings.Join(words[:len(words)-1], " ")
		sum := sha256.Sum256([]byte(mark + " " + text))
		if mark = words[len(words)-1]; mark != hex.EncodeToString(sum[:8]) {
			k.find("I1", "line %d of ends.log breaks its chain", i+1)
			return nil
		}
		if i == 0 || len(words) != 6 {
			continue
		}
		n, err := strconv.ParseInt(words[2], 10, 64)
		if err != nil {
			return fmt.Errorf("ends.log, line %d: %w", i+1, err)
		}
		if n >= said[words[0]].revision {
			said[words[0]] = standing{words[0], words[1], n}
		}
	}
	cards, err := k.standings("SELECT number, state, revision FROM card WHERE state <> 'produced'")
	if err != nil {
		return err
	}
	for _, c := range cards {
		if s := said[c.id]; s != c {
			k.find("I1", "card %s is %s with revision %d, and ends.log says '%s' with %d", c.id, c.state, c.revision, s.state, s.revision)
		}
	}
	return nil
}

// checkEngine has the database look at itself.
func (k *checker) checkEngine() error {
	if !k.c.Postgres {
		if err := k.none("I8", "integrity_check", "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'"); err != nil {
			return err
		}
		return k.none("I8", "foreign_key_check", `SELECT "table" || ' ' || coalesce(rowid, 0) FROM pragma_foreign_key_check`)
	}
	if _, err := k.c.DB.Exec("CREATE EXTENSION IF NOT EXISTS amcheck"); err != nil {
		return err
	}
	type relation struct{ name, kind string }
	all, err := query(k.c.DB, func(r *sql.Rows) (x relation, err error) { err = r.Scan(&x.name, &x.kind); return x, err },
		`SELECT c.oid::regclass::text, c.relkind::text FROM pg_class c LEFT JOIN pg_am a ON a.oid = c.relam
		WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind = 'r' OR c.relkind = 'i' AND a.amname = 'btree')`)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.kind == "i" {
			if _, err := k.c.DB.Exec("SELECT bt_index_parent_check($1::regclass, true, true)", x.name); err != nil {
				k.find("I8", "index %s: %v", x.name, err)
			}
			continue
		}
		if err := k.none("I8", "table "+x.name, "SELECT msg FROM verify_heapam('"+x.name+"')"); err != nil {
			return err
		}
	}
	return nil
}
