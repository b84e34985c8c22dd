package kill

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
)

// The journal's tree by docs/design/journal.md and the package comment of internal/journal: RFC 6962, a leaf is
// SHA-256(0x00 ‖ entry), an inner node SHA-256(0x01 ‖ left ‖ right). Hashes are numbered in the order in which they can be
// known: a leaf, then every node that it completes, from below.

type hash = [sha256.Size]byte

func leaf(entry []byte) hash { return sha256.Sum256(append([]byte{0}, entry...)) }

func node(left, right hash) hash {
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

// tree are all hashes of a journal, in their order.
func tree(entries [][]byte) []hash {
	type peak struct {
		of   hash
		size int
	}
	var all []hash
	var peaks []peak // complete subtrees, the largest first
	for _, e := range entries {
		p := peak{leaf(e), 1}
		all = append(all, p.of)
		for len(peaks) > 0 && peaks[len(peaks)-1].size == p.size {
			p = peak{node(peaks[len(peaks)-1].of, p.of), 2 * p.size}
			peaks = peaks[:len(peaks)-1]
			all = append(all, p.of)
		}
		peaks = append(peaks, p)
	}
	return all
}

// entry is a row of the journal; its members are named and ordered as the encoding wants them.
type entry struct {
	ID           int64  `json:"id"`
	At           int64  `json:"at"`
	Kind         string `json:"kind"`
	ActorRole    string `json:"actor_role"`
	ActorAccount string `json:"actor_account"`
	ActorPerson  string `json:"actor_person"`
	ActorCompany string `json:"actor_company"`
	ActorName    string `json:"actor_name"`
	ActorSession string `json:"actor_session"`
	CompanyID    string `json:"company_id"`
	PersonID     string `json:"person_id"`
	OrderID      string `json:"order_id"`
	LineID       string `json:"line_id"`
	CardID       string `json:"card_id"`
	BatchID      string `json:"batch_id"`
	Reason       string `json:"reason"`
	Data         string `json:"data"`
	IP           string `json:"ip"`

	note, revision string // of Data
}

func (e entry) bytes() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("kortverk-journal-1\n")
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

// journal reads all entries, by id.
func journal(d *sql.DB) ([]entry, error) {
	texts := ""
	for _, c := range []string{
		"actor_account", "actor_person", "actor_company", "actor_name", "actor_session", "company_id", "person_id",
		"order_id", "line_id", "card_id", "batch_id", "reason", "data", "ip",
	} {
		texts += ", coalesce(" + c + ", '')"
	}
	return query(d, func(r *sql.Rows) (e entry, err error) {
		err = r.Scan(&e.ID, &e.At, &e.Kind, &e.ActorRole, &e.ActorAccount, &e.ActorPerson, &e.ActorCompany, &e.ActorName, &e.ActorSession,
			&e.CompanyID, &e.PersonID, &e.OrderID, &e.LineID, &e.CardID, &e.BatchID, &e.Reason, &e.Data, &e.IP)
		if err != nil {
			return e, err
		}
		var data struct{ Note, Revision string }
		err = json.Unmarshal([]byte(e.Data), &data)
		e.note, e.revision = data.Note, data.Revision
		return e, err
	}, "SELECT id, at, kind, actor_role"+texts+" FROM journal_entry ORDER BY id")
}

// checkTree computes positions and hashes again.
func (k *checker) checkTree() error {
	placed, err := query(k.c.DB, func(r *sql.Rows) (p [2]int64, err error) { err = r.Scan(&p[0], &p[1]); return p, err },
		"SELECT position, entry_id FROM journal_position ORDER BY position")
	if err != nil {
		return err
	}
	byID := map[int64]entry{}
	for _, e := range k.entries {
		byID[e.ID] = e
	}
	var encoded [][]byte
	for i, p := range placed {
		e, known := byID[p[1]]
		if p[0] != int64(i+1) || !known {
			k.find("I2", "position %d: number %d, entry %d, which exists: %v", i+1, p[0], p[1], known)
			return nil
		}
		b, err := e.bytes()
		if err != nil {
			return err
		}
		encoded = append(encoded, b)
		delete(byID, p[1])
	}
	for id, e := range byID {
		k.find("I2", "entry %d (%s) has no position", id, e.Kind)
	}
	want := tree(encoded)
	got, err := query(k.c.DB, func(r *sql.Rows) (h []byte, err error) { err = r.Scan(&h); return h, err }, "SELECT hash FROM journal_hash ORDER BY id")
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		k.find("I2", "the journal's tree has %d hashes, and %d entries make %d", len(got), len(encoded), len(want))
		return nil
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i][:]) {
			k.find("I2", "hash %d of the journal's tree isn't the one of its entries", i)
			return nil
		}
	}
	var head int64
	if err := k.c.DB.QueryRow("SELECT position FROM journal_head").Scan(&head); err != nil || head != int64(len(placed)) {
		k.find("I2", "the journal's head says %d, and there are %d positions (%v)", head, len(placed), err)
	}
	return nil
}

// query reads all rows.
func query[T any](d *sql.DB, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	rows, err := d.Query(text, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
