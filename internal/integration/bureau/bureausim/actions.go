package bureausim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kortverk/kortverk/internal/integration/bureau"
	"github.com/kortverk/kortverk/internal/production"
)

// The actions on a card, as in docs/api/bureau.md.
var actions = []string{"produce", "dispatch", "fail", "twice", "out_of_order", "lose", "forged", "half", "unknown"}

var (
	errUnknown   = errors.New("no such batch, card or action")
	errTooLate   = errors.New("the card is past that step")
	errNoReceipt = errors.New("the card has no receipt yet")
)

// Act does one action on a card, on all cards of the batch when cardID is "",
// and tells what the receipts address answered last.
func (s *Sim) Act(ctx context.Context, batch, cardID, action, code string) (Said, error) {
	if !slices.Contains(actions, action) {
		return Said{}, errUnknown
	}
	ids, err := s.cardIDs(batch, cardID)
	if err != nil {
		return Said{}, err
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	var said Said
	for _, id := range ids {
		if said, err = s.act(ctx, batch, id, action, code); err != nil && cardID != "" {
			return Said{}, err
		}
	}
	if flushed := s.flush(ctx); flushed != (Said{}) {
		said = flushed
	}
	return said, nil
}

func (s *Sim) cardIDs(batch, cardID string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.state.batch(batch)
	if b == nil || cardID != "" && b.card(cardID) == nil {
		return nil, errUnknown
	}
	if cardID != "" {
		return []string{cardID}, nil
	}
	var ids []string
	for _, c := range b.Cards {
		ids = append(ids, c.CardID)
	}
	return ids, nil
}

func (s *Sim) act(ctx context.Context, batch, id, action, code string) (Said, error) {
	switch action {
	case "forged", "half", "unknown":
		return s.wrong(ctx, batch, id, action)
	}
	return Said{}, s.change(func(st *state) error {
		b := st.batch(batch)
		if b == nil || b.card(id) == nil { // reset in between
			return errUnknown
		}
		return b.step(b.card(id), action, code, st.Knobs)
	})
}

// step changes a card as it would happen at a bureau.
func (b *Batch) step(c *Card, action, code string, k Knobs) error {
	if action == "twice" {
		if len(c.Receipts) == 0 {
			return errNoReceipt
		}
		last := c.Receipts[len(c.Receipts)-1]
		last.Times, last.Hold, last.NextTry = 2, false, time.Time{}
		return nil
	}
	if c.Step == Failed || c.Step == Dispatched || action == "produce" && c.Step != Printing {
		return errTooLate
	}
	switch action {
	case "produce":
		b.produce(c, k)
	case "dispatch":
		b.dispatch(c, k)
	case "fail":
		if code == "" {
			code = k.FailCode
		}
		if !slices.Contains(bureau.RejectCodes, code) {
			return fmt.Errorf("%q is not a reject code", code)
		}
		b.fail(c, code, k)
	case "out_of_order":
		if c.Step != Printing { // "produced" is out already
			return errTooLate
		}
		k.OutOfOrder = true
		b.dispatch(c, k)
	case "lose":
		c.Lost = true
		b.dispatch(c, k)
	}
	return nil
}

// wrong sends what must not count: the card stays as it is.
func (s *Sim) wrong(ctx context.Context, batch, id, action string) (Said, error) {
	s.mu.Lock()
	b := s.state.batch(batch)
	if b == nil {
		s.mu.Unlock()
		return Said{}, errUnknown
	}
	r := b.receipt(&Card{Record: bureau.Record{CardID: id}}, production.ReceiptProduced, s.state.Knobs).Receipt
	s.mu.Unlock()
	r.ChipUID = "04" + random(6)

	var said Said
	switch action {
	case "forged":
		said = s.signed(ctx, s.stranger, []bureau.Receipt{r})
	case "unknown":
		r.CardID = "unknown-" + random(4)
		said = s.signed(ctx, s.key, []bureau.Receipt{r})
	case "half":
		body, err := json.Marshal([]bureau.Receipt{r, r})
		if err != nil {
			return Said{}, err
		}
		said = s.post(ctx, body[:len(body)/2], bureau.Sign(s.key, time.Now(), body))
	}
	return said, s.change(func(st *state) error {
		if b := st.batch(batch); b != nil && b.card(id) != nil {
			c := b.card(id)
			c.Log = append(c.Log, fmt.Sprintf("%s: %d %s", action, said.Status, said.Body))
			c.Log = c.Log[max(0, len(c.Log)-10):]
		}
		return nil
	})
}
