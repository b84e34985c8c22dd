package bureausim

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/integration/bureau"
)

// Said is what the receipts address answered.
type Said struct {
	Status int    `json:"status"` // 0: no answer
	Body   string `json:"body"`
}

// post sends a body to the receipts address, with the signature that is given.
func (s *Sim) post(ctx context.Context, body []byte, signature string) Said {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return Said{Body: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(bureau.SignatureHeader, signature)
	res, err := s.http.Do(req)
	if err != nil {
		return Said{Body: err.Error()}
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return Said{Body: err.Error()}
	}
	return Said{Status: res.StatusCode, Body: strings.TrimSpace(string(answer))}
}

// signed sends receipts as they should be, signed with key.
func (s *Sim) signed(ctx context.Context, key ed25519.PrivateKey, receipts []bureau.Receipt) Said {
	body, err := json.Marshal(receipts)
	if err != nil {
		return Said{Body: err.Error()}
	}
	return s.post(ctx, body, bureau.Sign(key, time.Now(), body))
}

// flush sends what is due, in calls of at most a hundred, and gives the last
// answer. The caller holds s.sending.
func (s *Sim) flush(ctx context.Context) Said {
	var last Said
	for ctx.Err() == nil {
		due, wire := s.due()
		if len(due) == 0 {
			return last
		}
		last = s.signed(ctx, s.key, wire)
		s.note(due, last)
	}
	return last
}

// due gives the receipts that are to be sent now. None is in it twice: sending
// twice means two calls.
func (s *Sim) due() (due []*Receipt, wire []bureau.Receipt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, b := range s.state.Batches {
		for _, c := range b.Cards {
			for _, r := range c.Receipts {
				if r.Times > 0 && !r.Hold && !r.NextTry.After(now) && len(due) < 100 {
					due, wire = append(due, r), append(wire, r.Receipt)
				}
			}
		}
	}
	return due, wire
}

// note writes down the answer: taken, never, or again later.
func (s *Sim) note(sent []*Receipt, said Said) {
	var answers bureau.Answers
	_ = json.Unmarshal([]byte(said.Body), &answers) // another body has no answers
	byID := map[string]bureau.Answer{}
	for _, a := range answers.Answers {
		byID[a.ID] = a
	}
	_ = s.change(func(*state) error { // logged there
		for _, r := range sent {
			switch {
			case said.Status == http.StatusOK:
				a := byID[r.ID]
				r.Answer = strings.TrimSpace(a.Result + " " + a.Why)
				r.Times, r.Tries = r.Times-1, 0
			case said.Status >= 400 && said.Status < 500 && said.Status != http.StatusTooManyRequests:
				r.Answer = fmt.Sprintf("%d %s", said.Status, said.Body)
				r.Times = 0
			default:
				r.Answer = fmt.Sprintf("%d %s", said.Status, said.Body)
				r.Tries++
				r.NextTry = time.Now().Add(min(5*time.Minute, time.Second<<min(r.Tries-1, 10)))
			}
		}
		return nil
	})
}
