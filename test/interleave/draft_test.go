package interleave

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
)

var draftFacts = []string{
	`SELECT 'order ' || CASE WHEN submitted_at IS NULL THEN 'draft' ELSE 'sent' END || ' ' || revision || ' ' || reference || ' ' || line1 FROM card_order ORDER BY created_at, id`,
	`SELECT 'line ' || o.reference || ' ' || l.position || ' ' || l.state || ' ' || l.revision || ' ' || l.given_name || ' ' || l.card_type || ' ' || l.valid_until || ' ' || l.photo_sha256 || ' ' ||
		CASE WHEN l.typed IS NULL THEN 'whole' ELSE 'typed' END FROM order_line l JOIN card_order o ON o.id = l.order_id ORDER BY 1`,
	`SELECT 'words ' || count(*) FROM order_line_word`,
	`SELECT 'journal ' || kind || ' ' || actor_name || ' ' || data FROM journal_entry WHERE kind <> 'company.address_added' ORDER BY 1`,
	`SELECT 'mail ' || template || ' ' || audience || ' ' || state FROM mail ORDER BY 1`,
	`SELECT 'blobs ' || count(*) FROM blob`,
	`SELECT 'address ' || line1 || ' ' || CASE WHEN is_default THEN 'default' ELSE '' END FROM company_address ORDER BY 1`,
	`SELECT 'company ' || name || ' ' || hold || ' ' || revision || ' ' || CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END FROM company ORDER BY id`,
}

// drafts are two orders that aren't sent yet; both are for the same person where twice is set.
type drafts struct {
	*lines
	one, two order.Order
}

func (w *drafts) commands() []command {
	s := w.Orders
	cmd := func(name string, do func(ctx context.Context, who int) error) command {
		return command{name: name, do: do}
	}
	line := func() order.ID { return w.one.Lines[0].ID }
	return []command{
		cmd("send", func(ctx context.Context, _ int) error {
			return second(s.Submit(ctx, w.Orderer, w.one.ID, w.one.Revision))
		}),
		cmd("send the other", func(ctx context.Context, _ int) error {
			return second(s.Submit(ctx, w.Orderer, w.two.ID, w.two.Revision))
		}),
		cmd("type", func(ctx context.Context, who int) error {
			typed := ordertest.Who([]string{"Nadja", "Nadia"}[who], "Berg", w.other.Number)
			return second(s.SetPerson(ctx, w.Orderer, line(), typed))
		}),
		cmd("choose the card", func(ctx context.Context, who int) error {
			until := []string{"2027-06-01", "2027-07-01"}[who]
			return second(s.SetCard(ctx, w.Orderer, line(), order.CardChoice{Type: "standard", ValidUntil: until}))
		}),
		cmd("choose the photo", func(ctx context.Context, who int) error {
			return second(s.SetPhoto(ctx, w.Orderer, line(), ordertest.Picture(1+who)))
		}),
		cmd("say where to", func(ctx context.Context, who int) error {
			a := company.Address{Line1: fmt.Sprintf("Nygatan %d", 1+who), Postcode: "444 44", City: "Exempelstad", Country: "SE"}
			return second(s.SetDelivery(ctx, w.Orderer, w.one.ID, order.Delivery{New: &a, Keep: true, Reference: "ett"}))
		}),
		cmd("add a person", func(ctx context.Context, _ int) error { return second(s.AddLine(ctx, w.Orderer, w.one.ID)) }),
		cmd("take the person out", func(ctx context.Context, _ int) error { return second(s.RemoveLine(ctx, w.Orderer, line())) }),
		cmd("discard", func(ctx context.Context, _ int) error { return s.Discard(ctx, w.Orderer, w.one.ID) }),
		{name: "remove old drafts", quiet: true, series: true, do: func(ctx context.Context, _ int) error { return s.PurgeDrafts(ctx) }},
		cmd("close the company", func(ctx context.Context, _ int) error {
			return second(w.Companies.Close(ctx, w.officer(), w.Company.ID, ""))
		}),
	}
}

var draftScenes = map[string]func(t *testing.T, w *drafts){
	"two for one person": func(t *testing.T, w *drafts) {
		w.one, w.two = w.Filled(t, w.Orderer, w.who()), w.Filled(t, w.Orderer, w.who())
	},
	"of several people": func(t *testing.T, w *drafts) {
		w.one, w.two = w.Filled(t, w.Orderer, w.who()), w.Filled(t, w.Orderer, ordertest.Who("Nadja", "Berg", w.other.Number))
		o, err := w.Orders.AddLine(t.Context(), w.Orderer, w.one.ID)
		must(t, err)
		w.one = w.Fill(t, w.Orderer, o.Lines[1].ID, ordertest.Who("Sara", "Ekdahl", w.Number()))
	},
	"old": func(t *testing.T, w *drafts) {
		w.one, w.two = w.Filled(t, w.Orderer, w.who()), w.Filled(t, w.Orderer, w.who())
		w.advance(t, order.DraftFor+time.Hour)
	},
}

func TestDraft(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		for name, make := range draftScenes {
			t.Run(engine+"/"+pathOf(name), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, engine)
				w := &drafts{lines: newLines(t, s)}
				make(t, w)
				for i, o := range []*order.Order{&w.one, &w.two} {
					sent, err := w.Orders.SetDelivery(t.Context(), w.Orderer, o.ID, order.Delivery{Address: uuid.Nil, Reference: []string{"ett", "två"}[i]})
					must(t, err)
					*o = sent
				}
				sc := &scene{name: "drafts " + name, stage: s, show: facts(draftFacts), commands: w.commands()}
				sc.run(t, engine)
			})
		}
	}
}
