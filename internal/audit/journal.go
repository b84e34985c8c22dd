package audit

import (
	"bytes"
	"encoding/json"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/kortverk/kortverk/internal/db"
)

// leaf is an entry as the journal's manual says that it is hashed: these members in this order, "" for none.
type leaf struct {
	ID           int64  `json:"id"`
	At           int64  `json:"at"`
	Kind         string `json:"kind"`
	ActorRole    string `json:"actor_role"`
	ActorAccount string `json:"actor_account"`
	ActorPerson  string `json:"actor_person"`
	ActorCompany string `json:"actor_company"`
	ActorName    string `json:"actor_name"`
	ActorSession string `json:"actor_session"`
	Company      string `json:"company_id"`
	Person       string `json:"person_id"`
	Order        string `json:"order_id"`
	Line         string `json:"line_id"`
	Card         string `json:"card_id"`
	Batch        string `json:"batch_id"`
	Reason       string `json:"reason"`
	Data         string `json:"data"`
	IP           string `json:"ip"`
}

// text is what is hashed.
func (l leaf) text() ([]byte, error) {
	b := bytes.NewBufferString("kortverk-journal-1\n")
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	err := e.Encode(l)
	return b.Bytes(), err
}

type placed struct {
	position, entry int64
	leaf
}

func scanPlaced(r db.Row) (p placed, err error) {
	err = r.Scan(&p.position, &p.entry, &p.ID, &p.At, &p.Kind, &p.ActorRole, &p.ActorAccount, &p.ActorPerson, &p.ActorCompany, &p.ActorName,
		&p.ActorSession, &p.Company, &p.Person, &p.Order, &p.Line, &p.Card, &p.Batch, &p.Reason, &p.Data, &p.IP)
	return p, err
}

// tree builds the stored hashes of RFC 6962 from the records alone: only the right edge is in memory.
type tree struct {
	size int64
	edge []tlog.Hash // roots of the whole subtrees, the largest first
}

// add returns the hashes that a new record adds, in the order in which they are stored: its own, and that of each
// subtree that it completes.
func (t *tree) add(record []byte) []tlog.Hash {
	h := tlog.RecordHash(record)
	out := []tlog.Hash{h}
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		h = tlog.NodeHash(t.edge[last], h)
		t.edge = t.edge[:last]
		out = append(out, h)
	}
	t.edge = append(t.edge, h)
	t.size++
	return out
}

const journalTables = "journal_entry, journal_position, journal_hash; restore and compare"

// journal walks all positions, computing the tree anew.
func (a *audit) journal() error {
	head, err := db.Value[int64](a.tx, `SELECT coalesce(max(position), -1) FROM journal_head`)
	if err != nil {
		return err
	}
	var t tree
	last, hashes, broken := int64(0), int64(0), false
	for {
		page, err := db.Rows(a.tx, scanPlaced, `SELECT p.position, p.entry_id, e.id, e.at, e.kind, e.actor_role, e.actor_account, e.actor_person,
			e.actor_company, e.actor_name, e.actor_session, e.company_id, e.person_id, e.order_id, e.line_id, e.card_id, e.batch_id, e.reason,
			e.data, e.ip FROM journal_position p LEFT JOIN journal_entry e ON e.id = p.entry_id WHERE p.position > $1 ORDER BY p.position LIMIT $2`,
			last, pageSize)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		var want []tlog.Hash
		var of []int64 // the position that each hash came with
		for _, p := range page {
			if p.position != last+1 {
				a.find("journal.gap", strconv.FormatInt(last+1, 10), journalTables, "positions %d to %d are missing", last+1, p.position-1)
				broken = true
			}
			last = p.position
			if p.ID == 0 {
				a.find("journal.entry_missing", strconv.FormatInt(p.position, 10), journalTables, "entry %d of this position is missing", p.entry)
				broken = true
			}
			text, err := p.text()
			if err != nil {
				return err
			}
			for _, h := range t.add(text) {
				want, of = append(want, h), append(of, p.position)
			}
		}
		if !broken {
			if broken, err = a.compare(hashes, want, of); err != nil {
				return err
			}
		}
		hashes += int64(len(want))
	}
	if head != last {
		a.find("journal.head", strconv.FormatInt(head, 10), "journal_head", "the head says %d, the newest position is %d", head, last)
	}
	stored, err := db.Value[int64](a.tx, `SELECT count(*) FROM journal_hash`)
	if err == nil && stored != hashes && !broken {
		a.find("journal.hash_count", strconv.FormatInt(stored, 10), journalTables, "%d hashes are stored, the entries give %d", stored, hashes)
	}
	if err != nil {
		return err
	}
	return a.unplaced()
}

// compare holds computed hashes against the stored ones. After the first that differs all later ones may.
func (a *audit) compare(first int64, want []tlog.Hash, of []int64) (broken bool, err error) {
	type stored struct {
		id   int64
		hash []byte
	}
	got, err := db.Rows(a.tx, func(r db.Row) (s stored, err error) { err = r.Scan(&s.id, &s.hash); return s, err },
		`SELECT id, hash FROM journal_hash WHERE id >= $1 AND id < $2 ORDER BY id`, first, first+int64(len(want)))
	if err != nil {
		return false, err
	}
	for i, h := range want {
		if i >= len(got) || got[i].id != first+int64(i) || !bytes.Equal(got[i].hash, h[:]) {
			a.find("journal.tree_differs", strconv.FormatInt(of[i], 10), journalTables,
				"the tree's hash %d doesn't follow from the entries up to this position: an entry or a hash was altered", first+int64(i))
			return true, nil
		}
	}
	return false, nil
}

// passedBy is how much newer a positioned entry must be for a waiting one to be forgotten rather than waiting.
const passedBy = 10 * 60 * 1_000_000 // microseconds

// unplaced looks at entries without a position. A few may wait; one that much newer ones overtook never gets any.
func (a *audit) unplaced() error {
	for _, r := range []rule{
		{"journal.unplaced", "journal_pending", "the entry has no position and doesn't wait for one%s", `SELECT CAST(e.id AS text), ''
			FROM journal_entry e LEFT JOIN journal_position p ON p.entry_id = e.id LEFT JOIN journal_pending w ON w.entry_id = e.id
			WHERE p.entry_id IS NULL AND w.entry_id IS NULL`},
		{"journal.placed_twice", "journal_pending", "the entry has a position and still waits for one%s", `SELECT CAST(p.entry_id AS text), ''
			FROM journal_pending w JOIN journal_position p ON p.entry_id = w.entry_id`},
		{
			"journal.forgotten", "journal_pending, and the sequencer in the log of kortverk serve", "the entry waits, and one %s minutes younger has a position",
			`SELECT CAST(e.id AS text), CAST((m.at - e.at) / 60000000 AS text) FROM journal_pending w JOIN journal_entry e ON e.id = w.entry_id
			JOIN (SELECT max(e.at) AS at FROM journal_head h JOIN journal_position p ON p.position = h.position
			JOIN journal_entry e ON e.id = p.entry_id) m ON m.at > e.at + ` + strconv.Itoa(passedBy),
		},
		{"journal.cursor", "journal_cursor", "a reader has come to position %s, which doesn't exist", `SELECT c.name, CAST(c.position AS text)
			FROM journal_cursor c, journal_head h WHERE c.position > h.position`},
	} {
		found, err := db.Rows(a.tx, scanPair, r.query)
		if err != nil {
			return err
		}
		for _, p := range found {
			a.find(r.code, p.subject, r.where, r.what, p.detail)
		}
	}
	return nil
}
