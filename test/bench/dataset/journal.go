package dataset

import (
	"bytes"
	"encoding/json"

	"golang.org/x/mod/sumdb/tlog"
)

// entry is one of the journal, as its manual says that it is hashed.
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

// journal numbers entries, gives them their positions and grows the tree: only its right edge is in memory.
type journal struct {
	out    sink
	size   int64 // entries so far, which is also the newest position
	hashes int64
	edge   []tlog.Hash
	buf    bytes.Buffer
}

func (j *journal) add(e entry) error {
	e.ID = j.size + 1
	if e.Data == "" {
		e.Data = "{}"
	}
	if err := j.out.row(tEntry, e.ID, e.At, e.Kind, e.ActorRole, null(e.ActorAccount), null(e.ActorPerson), null(e.ActorCompany), e.ActorName,
		e.ActorSession, null(e.Company), null(e.Person), null(e.Order), null(e.Line), null(e.Card), null(e.Batch), e.Reason, e.Data, e.IP); err != nil {
		return err
	}
	if err := j.out.row(tPosition, e.ID, e.ID); err != nil {
		return err
	}
	j.buf.Reset()
	j.buf.WriteString("kortverk-journal-1\n")
	enc := json.NewEncoder(&j.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return err
	}
	return j.leaf(tlog.RecordHash(j.buf.Bytes()))
}

// leaf stores the record's hash, and that of each subtree that it completes.
func (j *journal) leaf(h tlog.Hash) error {
	if err := j.store(h); err != nil {
		return err
	}
	for n := j.size; n&1 == 1; n >>= 1 {
		last := len(j.edge) - 1
		h = tlog.NodeHash(j.edge[last], h)
		j.edge = j.edge[:last]
		if err := j.store(h); err != nil {
			return err
		}
	}
	j.edge = append(j.edge, h)
	j.size++
	return nil
}

func (j *journal) store(h tlog.Hash) error {
	j.hashes++
	return j.out.row(tHash, j.hashes-1, h[:])
}

func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}
