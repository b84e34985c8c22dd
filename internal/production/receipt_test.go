package production_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// Rows: 50
func TestReceiptsInAllOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		kinds := []string{production.ReceiptProduced, production.ReceiptProduced, production.ReceiptDispatched, production.ReceiptDispatched}
		for n, order := range permutations(4) {
			l := f.sent(f.Holder(t, "Sara", fmt.Sprintf("Ekdahl%c%c", 'a'+n/5, 'a'+n%5)))
			i := f.item(l.ID)
			var receipts []production.Receipt
			for _, k := range kinds {
				receipts = append(receipts, f.receipt(i, k))
			}
			var results []production.Result
			for _, at := range order {
				results = append(results, f.receive(receipts[at])[0].Result)
				results = append(results, f.receive(receipts[at])[0].Result)
			}
			i = f.item(l.ID)
			if i.State != production.Dispatched || f.cards(l.ID) != 1 || i.Tracking == "" || i.BatchState != production.Done {
				t.Error(order, i.State, f.cards(l.ID), i.BatchState, results)
			}
			for at := 1; at < len(results); at += 2 {
				if results[at] != production.Repeated {
					t.Error("the same receipt again is", results[at])
				}
			}
			c, ok, err := f.Cards.ByLine(t.Context(), f.Orderer, l.ID)
			if err != nil || !ok || c.State != card.Produced || c.DispatchedAt.IsZero() || c.Number != i.Number || c.ChipUID != strings.ToUpper(receipts[0].ChipUID) {
				t.Error(c, ok, err)
			}
			sent := 0
			for _, m := range f.mails(l.ID) {
				if strings.HasPrefix(m, "card_dispatched") {
					sent++
				}
			}
			if sent != 2 {
				t.Error(f.mails(l.ID))
			}
		}
		if f.notices() != "" {
			t.Error(f.notices())
		}
	})
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			out = append(out, slices.Insert(slices.Clone(p), at, n-1))
		}
	}
	return out
}

// Rows: 50
func TestFailedIsRemadeTwiceThenWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		l := f.sent(f.Holder(t, "Sara", "Ekdahl"))
		numbers := map[card.Number]bool{}
		for attempt := 1; attempt <= 3; attempt++ {
			i := f.item(l.ID)
			if i.Attempt != attempt || numbers[i.Number] {
				t.Fatal(i, numbers)
			}
			numbers[i.Number] = true
			r := f.receipt(i, production.ReceiptFailed)
			r.RejectCode = "chip_no_atr"
			f.gets(r, production.Applied, "")
			f.gets(r, production.Repeated, "")
			f.gets(f.receipt(i, production.ReceiptFailed), production.Repeated, "")
			f.gets(f.receipt(i, production.ReceiptProduced), production.Refused, "produced_after_failed")
			f.gets(f.receipt(i, production.ReceiptDispatched), production.Refused, "dispatched_after_failed")
			f.send()
		}
		i := f.item(l.ID)
		if i.State != production.Failed || i.RejectCode != production.ChipNoATR || len(f.items(l.ID)) != 3 {
			t.Fatal(i)
		}
		waiting, err := f.s.Waiting(t.Context(), f.staff)
		if err != nil || len(waiting) != 1 || waiting[0].ID != i.ID {
			t.Fatal(waiting, err)
		}
		if err := f.s.Remake(t.Context(), f.Orderer, i.ID); fault.CodeOf(err) != "production.not_allowed" {
			t.Error(err)
		}
		if err := f.s.Remake(t.Context(), f.staff, i.ID); err != nil {
			t.Fatal(err)
		}
		if err := f.s.Remake(t.Context(), f.staff, i.ID); fault.CodeOf(err) != "production.decided" {
			t.Error(err)
		}
		f.send()
		last := f.item(l.ID)
		f.gets(f.receipt(last, production.ReceiptProduced), production.Applied, "")
		f.gets(f.receipt(last, production.ReceiptDispatched), production.Applied, "")
		if f.cards(l.ID) != 1 || last.Attempt != 4 {
			t.Error(f.cards(l.ID), last)
		}
		v, err := f.s.Batch(t.Context(), f.staff, i.Batch)
		if err != nil || v.State != production.Done || len(v.Remakes) != 1 || v.Remakes[0].Next == nil || v.Remakes[0].Next.ID != last.ID || len(v.Events) == 0 {
			t.Errorf("%+v %v", v, err)
		}
		remade := 0
		for _, m := range f.mails(l.ID) {
			if strings.HasPrefix(m, "card_remade") {
				remade++
			}
		}
		if remade != 6 {
			t.Error(f.mails(l.ID))
		}
	})
}

// Rows: 50
func TestWrongPhotoGoesBackToTheOrderer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		for code, want := range map[string]order.State{"PHOTO_WRONG": order.RejectedByReviewer, "DATA_MISMATCH": order.RejectedByCardholder} {
			l := f.sent(f.Holder(t, "Sara", "Ekdahl"))
			r := f.receipt(f.item(l.ID), production.ReceiptFailed)
			r.RejectCode = code
			f.gets(r, production.Applied, "")
			if got := f.line(l.ID); got.State != want || got.ReturnReason != code {
				t.Error(code, got.State, got.ReturnReason)
			}
			if i := f.item(l.ID); i.State != production.Returned || i.BatchState != production.Done {
				t.Error(i.State, i.BatchState)
			}
			status, err := f.s.StatusOfLine(t.Context(), f.Orderer, l.ID)
			if err != nil || status.Step != production.StepReturned {
				t.Error(status, err)
			}
			// On its second way it gets a new item and a new number.
			err = db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE order_line SET state = 'approved', signed_company = 'Furuborg Bygg AB' WHERE id = $1`, l.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			f.enqueue(l)
			f.drain()
			if all := f.items(l.ID); len(all) != 2 || all[1].Attempt != 1 || all[0].Number == all[1].Number {
				t.Error(all)
			}
			f.send()
		}
	})
}

func TestUnknownRejectCodeAsksSomebody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		l := f.sent(f.Holder(t, "Sara", "Ekdahl"))
		r := f.receipt(f.item(l.ID), production.ReceiptFailed)
		r.RejectCode = "COFFEE"
		f.gets(r, production.Applied, "")
		i := f.item(l.ID)
		if i.State != production.Failed {
			t.Fatal(i.State)
		}
		if err := f.s.ReturnToOrderer(t.Context(), f.staff, i.ID, " "); fault.CodeOf(err) != "production.note_missing" {
			t.Error(err)
		}
		if err := f.s.ReturnToOrderer(t.Context(), f.staff, i.ID, "Namnet är för långt."); err != nil {
			t.Fatal(err)
		}
		if got := f.line(l.ID).State; got != order.RejectedByCardholder {
			t.Error(got)
		}
	})
}

// Rows: 50
func TestReceiptsThatDontFitAreRefusedAndNoted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		a, b := f.approve(f.Holder(t, "Sara", "Ekdahl")), f.approve(f.Holder(t, "Oskar", "Hägg"))
		open := f.item(a.ID)
		f.gets(f.receipt(open, production.ReceiptProduced), production.Refused, "not_sent")
		f.send()
		ia, ib := f.item(a.ID), f.item(b.ID)

		stranger := f.receipt(ia, production.ReceiptProduced)
		stranger.CardID = db.NewID().String()
		f.gets(stranger, production.UnknownCard, "")
		f.gets(stranger, production.Repeated, "")
		stranger.ID, stranger.CardID = "r-x", "'; DROP TABLE card; --"
		f.gets(stranger, production.UnknownCard, "")
		misplaced := f.receipt(ia, production.ReceiptProduced)
		misplaced.Batch = "26-9999"
		f.gets(misplaced, production.UnknownCard, "")

		bare := f.receipt(ia, production.ReceiptProduced)
		bare.ChipUID = " "
		f.gets(bare, production.Refused, "chip_missing")
		f.gets(f.receipt(ia, "melted"), production.Refused, "receipt_kind")
		f.gets(production.Receipt{Kind: "produced", ChipUID: "04"}, production.Refused, "receipt_id")

		made := f.receipt(ia, production.ReceiptProduced)
		f.gets(made, production.Applied, "")
		twin := f.receipt(ib, production.ReceiptProduced)
		twin.ChipUID = made.ChipUID
		f.gets(twin, production.Refused, "chip_in_use")
		reused := made
		reused.ChipUID = "04FFFF"
		f.gets(reused, production.Refused, "receipt_id_reused")
		other := f.receipt(ia, production.ReceiptProduced)
		other.ChipUID = "04EEEE"
		f.gets(other, production.Refused, "other_chip")
		bad := f.receipt(ia, production.ReceiptFailed)
		f.gets(bad, production.Refused, "failed_after_produced")

		for range 3 {
			if err := f.s.RefusedMessage(t.Context(), "signature_invalid"); err != nil {
				t.Fatal(err)
			}
		}
		want := "refused:not_sent unknown_card: unknown_card: unknown_card: refused:chip_missing refused:receipt_kind refused:receipt_id " +
			"refused:chip_in_use refused:receipt_id_reused refused:other_chip refused:failed_after_produced message:signature_invalid"
		if got := f.notices(); got != want {
			t.Errorf("%s\nexpected\n%s", got, want)
		}
		if f.cards(a.ID) != 1 || f.cards(b.ID) != 0 {
			t.Error(f.cards(a.ID), f.cards(b.ID))
		}
		list, err := f.s.Notices(t.Context(), f.staff, 1)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if err := f.s.Settle(t.Context(), f.staff, list[0].ID); err != nil {
			t.Error(err)
		}
		entries, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) (int64, error) {
			return db.Value[int64](tx, `SELECT count(*) FROM journal_entry WHERE kind = 'production.notice_settled' AND actor_name = $1`, f.staff.Name)
		})
		if err != nil || entries != 1 {
			t.Error("the journal doesn't say who settled it", entries, err)
		}
		if err := f.s.Settle(t.Context(), f.staff, list[0].ID); fault.CodeOf(err) != "production.notice_unknown" {
			t.Error(err)
		}
	})
}

func TestTerminatedOnTheWayIsNoted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		l := f.sent(f.Holder(t, "Sara", "Ekdahl"))
		i := f.item(l.ID)
		f.gets(f.receipt(i, production.ReceiptProduced), production.Applied, "")
		c, _, err := f.Cards.ByLine(t.Context(), f.Orderer, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Cards.Terminate(t.Context(), f.Orderer, c.ID, c.Revision, card.ReasonEmploymentEnded, ""); err != nil {
			t.Fatal(err)
		}
		f.gets(f.receipt(i, production.ReceiptDispatched), production.Applied, "")
		if f.notices() != "terminated:dispatched_terminated" || slices.ContainsFunc(f.mails(l.ID), func(m string) bool { return strings.HasPrefix(m, "card_dispatched") }) {
			t.Error(f.notices(), f.mails(l.ID))
		}
	})
}

// Rows: 50
func TestReceiptsAtOnceMakeOneCard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		var lines []order.Line
		for n := range 6 {
			lines = append(lines, f.approve(f.Holder(t, "Sara", fmt.Sprintf("Ekdahl%c", 'a'+n))))
		}
		f.send()
		var all []production.Receipt
		for n, l := range lines {
			i := f.item(l.ID)
			if n == 5 {
				r := f.receipt(i, production.ReceiptFailed)
				r.RejectCode = "JAM"
				all = append(all, r, r)
				continue
			}
			made, posted := f.receipt(i, production.ReceiptProduced), f.receipt(i, production.ReceiptDispatched)
			all = append(all, posted, made, made, posted, f.receipt(i, production.ReceiptProduced), f.receipt(i, production.ReceiptDispatched))
		}
		var wg sync.WaitGroup
		for _, r := range all {
			wg.Go(func() {
				if _, err := f.s.Receive(t.Context(), []production.Receipt{r}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for n, l := range lines[:5] {
			if i := f.items(l.ID); f.cards(l.ID) != 1 || len(i) != 1 || i[0].State != production.Dispatched {
				t.Error(n, f.cards(l.ID), i)
			}
		}
		if i := f.items(lines[5].ID); len(i) != 2 || i[0].State != production.Remade || i[0].BatchState != production.Done {
			t.Error(i)
		}
	})
}

// Ids are the same however the bureau spells them, also for what waits.
func TestIDsAreKnownInAnySpelling(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		l := f.sent(f.Holder(t, "Sara", "Ekdahl"))
		i := f.item(l.ID)
		early := f.receipt(i, production.ReceiptDispatched)
		early.CardID = strings.ToUpper(early.CardID)
		f.gets(early, production.Kept, "not_produced_yet")
		f.gets(f.receipt(i, production.ReceiptProduced), production.Applied, "")
		if got := f.item(l.ID); got.State != production.Dispatched {
			t.Error(got.State)
		}
	})
}
