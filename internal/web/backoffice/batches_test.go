package backoffice_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

var floorActor = actor.Actor{Role: actor.Production, Name: "Maj Ström"}

// batch has lines approved and delivered to the bureau, and answers the batch.
func (o *office) batch(names ...string) (lines []order.Line, b production.BatchView) {
	o.t.Helper()
	for _, n := range names {
		lines = append(lines, o.Approved(o.t, o.Holder(o.t, n, "Wiśniewski")))
	}
	o.drain()
	if err := o.made.CloseOpen(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.drain()
	list, _, err := o.made.Batches(o.t.Context(), floorActor, "", 1)
	if err != nil || len(list) != 1 {
		o.t.Fatal(list, err)
	}
	return lines, must[production.BatchView](o.t)(o.made.Batch(o.t.Context(), floorActor, list[0].ID))
}

var serial = 0

func (o *office) receipt(i production.Item, kind, code string) {
	o.t.Helper()
	serial++
	r := production.Receipt{ID: "r-" + strconv.Itoa(serial), Batch: i.BatchNumber, CardID: i.ID.String(), Kind: kind, RejectCode: code, At: time.Now()}
	switch kind {
	case production.ReceiptProduced:
		r.ChipUID = "04A1B2C3D4" + strconv.Itoa(1000+serial)
	case production.ReceiptDispatched:
		r.Tracking = "RR473124829SE"
	}
	if _, err := o.made.Receive(o.t.Context(), []production.Receipt{r}); err != nil {
		o.t.Fatal(err)
	}
}

// Rows: 50
func TestBatchesAndWhatFailed(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		maj := o.staff("Maj", actor.Production)
		maj.Get("/office").Is(200).At("/office/batches").Check().Has("Inga satser än", "Inget väntar på beslut")
		_, b := o.batch("Piotr", "Marek", "Adam", "Jan")
		at := "/office/batches/" + b.ID.String()
		maj.Get("/office/batches").Is(200).Check().Follow(b.Number).At(at).Check().Has("Sats "+b.Number, "Hos byrån", "Orderfilen ska gå jämnt ut", "4 i orderfilen", "4 utan svar")

		o.receipt(b.Items[0], production.ReceiptProduced, "")
		o.receipt(b.Items[0], production.ReceiptDispatched, "")
		o.receipt(b.Items[1], production.ReceiptFailed, "SCRATCH") // made again by itself
		o.receipt(b.Items[2], production.ReceiptFailed, "METEOR")
		o.receipt(b.Items[3], production.ReceiptFailed, "METEOR")
		p := maj.Get(at).Is(200).Check()
		p.Has("1 tillverkade", "3 underkända", "0 utan svar", "Repa", "METEOR", "Skickat", "RR473124829SE", "2 kort väntar på beslut", "Underkänt, görs om")
		english(maj, at).Has("The order file must add up", "2 cards wait for a decision")

		p = maj.Get("/office/batches").Is(200).Check().Has("2 saker väntar på beslut", b.Items[2].Name(), "METEOR")
		english(maj, "/office/batches").Has("Waiting for a decision")
		p.Form("/remake").Submit("Gör om kortet").Is(200).At("/office/batches").Has("Kortet görs om")
		waiting := must[[]production.Item](t)(o.made.Waiting(t.Context(), floorActor))
		if len(waiting) != 1 {
			t.Fatalf("%d wait", len(waiting))
		}
		ask := maj.Get("/office/batches").Follow("Återlämna till beställaren").Check().Has("Kortinnehavaren måste godkänna igen")
		english(maj, ask.Path).Has("Return to the orderer?")
		ask.Form("/return").Submit("Återlämna").Is(422).Check().Has("Fel:", "Skriv vad beställaren ska rätta")
		ask.Form("/return").Set("note", "Kontrollera namnet.").Submit("Återlämna").Is(200).At("/office/batches").Has("Kortet är återlämnat")
		if l := o.Line(t, waiting[0].Line); l.ReturnReason == "" {
			t.Errorf("%s %s", l.State, l.ReturnReason)
		}
		maj.Get(ask.Path).Is(404)
		maj.Post("/office/items/"+waiting[0].ID.String()+"/remake", nil).Is(409)
		maj.Get("/office/batches/" + uuid.NewString()).Is(404)
	})
}

// Rows: 50
func TestNoticesAreSettled(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		maj := o.staff("Maj", actor.Production)
		if err := o.made.RefusedMessage(t.Context(), "signature_invalid"); err != nil {
			t.Fatal(err)
		}
		_, b := o.batch("Piotr")
		i := b.Items[0]
		i.ID = uuid.New()
		o.receipt(i, production.ReceiptProduced, "")
		p := maj.Get("/office/batches").Is(200).Check().Has("Meddelande som inte togs emot", "Signaturen stämmer inte", "Kvitto för ett kort som inte finns i satsen")
		english(maj, "/office/batches").Has("To look at")
		path := p.One("main form").Attrs["action"]
		p = p.Form("/settle").Submit("Avsluta noteringen").Is(200).Has("Noteringen är avslutad").HasNot("Signaturen stämmer inte")
		p.Form("/settle").Submit("Avsluta noteringen").Is(200).Has("Inget väntar på beslut")
		maj.Post(path, nil).Is(404)
	})
}

// A line that can't be made goes back to its orderer, by its notice.
func TestIncompleteLineIsReturned(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		maj := o.staff("Maj", actor.Production)
		l := o.Approved(t, o.Holder(t, "Piotr", "Wiśniewski"))
		o.do(func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE order_line SET valid_until = '2020-01-01' WHERE id = $1`, l.ID)
			return err
		})
		o.drain()
		p := maj.Get("/office/batches").Is(200).Check().Has("Giltighetstiden har gått ut")
		english(maj, "/office/batches").Has("Return to the orderer")
		p.Form("/return-incomplete").Submit("Återlämna till beställaren").Is(200).At("/office/batches").Has("Beställningen är återlämnad", "Inget väntar på beslut")
		if now := o.Line(t, l.ID); now.State != order.RejectedByCardholder || now.ReturnReason != "VALID_UNTIL" {
			t.Errorf("%s %s", now.State, now.ReturnReason)
		}
		maj.Post("/office/lines/"+l.ID.String()+"/return-incomplete", nil).Is(409)
	})
}

// away is a bureau that can't be reached.
type away struct{ taker }

func (away) Deliver(context.Context, production.OrderFile) error {
	return fault.New(fault.Unavailable, "production.bureau_unreachable")
}

func TestABatchThatTheBureauDoesNotTakeIsSaid(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		made, err := production.New(o.DB, away{}, o.Blobs, card.New(o.DB, o.Keeper, card.Config{}), o.Orders, production.Config{CloseEvery: 24 * time.Hour}, dbtest.Log(t))
		if err != nil {
			t.Fatal(err)
		}
		maj := o.staff("Maj", actor.Production)
		o.Approved(t, o.Holder(t, "Piotr", "Wiśniewski"))
		jobs := job.NewRunner(o.DB, dbtest.Log(t))
		made.Register(jobs)
		if err := errors.Join(jobs.Drain(t.Context()), made.CloseOpen(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := jobs.Drain(t.Context()); err == nil {
			t.Fatal("the order file was delivered")
		}
		maj.Get("/office/batches").Is(200).Check().Has("skickas till byrån").HasNot("har inte tagit emot sats")
		if err := o.DB.Clock().Advance(3 * time.Minute); err != nil {
			t.Fatal(err)
		}
		maj.Get("/office/batches").Is(200).Check().Has("Byrån har inte tagit emot sats", "ring byrån")
		english(maj, "/office/batches").Has("The bureau has not accepted batch")
	})
}
