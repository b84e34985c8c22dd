package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
)

// encodingName is the first line of what is hashed; another encoding would have another name.
const encodingName = "kortverk-journal-1\n"

// stored is an entry as it stands in the table; the order of its members is that of the canonical encoding.
type stored struct {
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

func scanStored(r db.Row) (s stored, err error) {
	err = r.Scan(&s.ID, &s.At, &s.Kind, &s.ActorRole, &s.ActorAccount, &s.ActorPerson, &s.ActorCompany, &s.ActorName,
		&s.ActorSession, &s.Company, &s.Person, &s.Order, &s.Line, &s.Card, &s.Batch, &s.Reason, &s.Data, &s.IP)
	return s, err
}

// encode returns the canonical encoding; see the package's comment.
func (s stored) encode() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(encodingName)
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (s stored) record() (Record, error) {
	rec := Record{ID: s.ID, At: time.UnixMicro(s.At).UTC(), Entry: Entry{Kind: s.Kind, Reason: s.Reason, By: actor.Actor{
		Role: actor.Role(s.ActorRole), Name: s.ActorName, Session: s.ActorSession, IP: s.IP,
	}}}
	for _, id := range []struct {
		text string
		to   *uuid.UUID
	}{
		{s.ActorAccount, &rec.By.Account},
		{s.ActorPerson, &rec.By.Person},
		{s.ActorCompany, &rec.By.Company},
		{s.Company, &rec.Company},
		{s.Person, &rec.Person},
		{s.Order, &rec.Order},
		{s.Line, &rec.Line},
		{s.Card, &rec.Card},
		{s.Batch, &rec.Batch},
	} {
		if id.text == "" {
			continue
		}
		parsed, err := uuid.Parse(id.text)
		if err != nil {
			return Record{}, fmt.Errorf("journal: entry %d: %w", s.ID, err)
		}
		*id.to = parsed
	}
	if s.Data != "{}" {
		if err := json.Unmarshal([]byte(s.Data), &rec.Data); err != nil {
			return Record{}, fmt.Errorf("journal: entry %d: %w", s.ID, err)
		}
	}
	return rec, nil
}
