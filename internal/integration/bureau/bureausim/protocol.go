package bureausim

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/kortverk/kortverk/internal/integration/bureau"
)

// take reads a signed request. It answers itself when something is wrong.
func (s *Sim) take(w http.ResponseWriter, r *http.Request, mediaType string, limit int64) ([]byte, bool) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != mediaType {
		(&bureau.Problem{Status: http.StatusUnsupportedMediaType, Code: "media_type", Detail: "expected " + mediaType}).Write(w)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		(&bureau.Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the body is too large"}).Write(w)
		return nil, false
	}
	if err != nil {
		bureau.Malformed("the body ends early").Write(w)
		return nil, false
	}
	if err := s.trust.Verify(r.Header.Get(bureau.SignatureHeader), body, time.Now()); err != nil {
		answer(w, err)
		return nil, false
	}
	s.mu.Lock()
	k := s.state.Knobs
	s.mu.Unlock()
	time.Sleep(ms(k.SlowMS))
	switch k.Refuse {
	case "busy":
		(&bureau.Problem{Status: http.StatusServiceUnavailable, Code: "busy", Detail: "the knob refuse is busy"}).Write(w)
	case "refused":
		(&bureau.Problem{Status: http.StatusUnprocessableEntity, Code: "refused", Detail: "the knob refuse is refused"}).Write(w)
	default:
		return body, true
	}
	return nil, false
}

func answer(w http.ResponseWriter, err error) {
	if p := (*bureau.Problem)(nil); errors.As(err, &p) {
		p.Write(w)
		return
	}
	(&bureau.Problem{Status: http.StatusInternalServerError, Code: "internal", Detail: err.Error()}).Write(w)
}

// deliver takes an order file.
func (s *Sim) deliver(w http.ResponseWriter, r *http.Request) {
	body, ok := s.take(w, r, "application/zip", bureau.MaxFile)
	if !ok {
		return
	}
	file, err := bureau.Unpack(body)
	if err != nil {
		answer(w, err)
		return
	}
	var receipt bureau.Delivered
	err = s.change(func(st *state) error {
		b := st.batch(file.Batch)
		if b == nil {
			if err := s.store.keep(file.Batch, body); err != nil {
				return err
			}
			b = newBatch(file, body, &st.Knobs)
			st.Batches = append(st.Batches, b)
		} else if b.SHA256 != bureau.Digest(body) {
			return &bureau.Problem{Status: http.StatusConflict, Code: "batch_conflict", Detail: "another file was taken under this batch"}
		}
		receipt = bureau.Delivered{Batch: b.ID, Received: b.Received, Count: b.Count, SHA256: b.SHA256}
		return nil
	})
	if err != nil {
		answer(w, err)
		return
	}
	bureau.WriteJSON(w, http.StatusOK, receipt)
	s.nudge()
}

func newBatch(file bureau.Unpacked, body []byte, k *Knobs) *Batch {
	b := &Batch{ID: file.Batch, Created: file.Created, Received: time.Now().UTC(), Count: file.Count, SHA256: bureau.Digest(body)}
	for _, item := range file.Items {
		c := &Card{Record: item.Record, SVG: item.ArtworkSVG != nil, Step: Printing, Receipts: []*Receipt{}, Log: []string{}}
		if k.LoseNext > 0 {
			k.LoseNext--
			c.Lost = true
		}
		b.Cards = append(b.Cards, c)
	}
	return b
}

// ask sends the receipts of cards again.
func (s *Sim) ask(w http.ResponseWriter, r *http.Request) {
	body, ok := s.take(w, r, "application/json", 1<<20)
	if !ok {
		return
	}
	var q bureau.Question
	if err := json.Unmarshal(body, &q); err != nil || q.Batch != r.PathValue("batch") {
		bureau.Malformed("the body is not a question about the batch in the path").Write(w)
		return
	}
	asked := bureau.Asked{Batch: q.Batch, Unknown: []string{}}
	err := s.change(func(st *state) error {
		b := st.batch(q.Batch)
		if b == nil {
			return &bureau.Problem{Status: http.StatusNotFound, Code: "batch_unknown", Detail: "no such batch was received"}
		}
		if len(q.Cards) == 0 {
			for _, c := range b.Cards {
				c.release()
			}
		}
		for _, id := range q.Cards {
			if c := b.card(id); c != nil {
				c.release()
			} else {
				asked.Unknown = append(asked.Unknown, id)
			}
		}
		return nil
	})
	if err != nil {
		answer(w, err)
		return
	}
	bureau.WriteJSON(w, http.StatusAccepted, asked)
	s.nudge()
}
