package production_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
)

// Rows: 50, 51, 135
func TestApprovedLineIsMadeOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		h := f.Holder(t, "Piotr", "Wiśniewski")
		l := f.Line(t, h, order.Approved)
		f.enqueue(l)
		f.enqueue(l)
		f.drain()
		items := f.items(l.ID)
		if len(items) != 1 || items[0].State != production.Reserved || items[0].BatchState != production.Open || items[0].Attempt != 1 {
			t.Fatal(items)
		}
		if got := f.line(l.ID).State; got != order.InProduction {
			t.Error(got)
		}
		if _, err := card.ParseNumber(string(items[0].Number)); err != nil {
			t.Error(items[0].Number, err)
		}
		if !slices.Equal(f.mails(l.ID), []string{"card_in_production "}) {
			t.Error(f.mails(l.ID))
		}
		f.send()
		file := f.press.files[items[0].BatchNumber]
		if len(file.Cards) != 1 {
			t.Fatal(file)
		}
		c := file.Cards[0]
		sum := sha256.Sum256(c.Artwork)
		if c.CardID != items[0].ID.String() || c.Number != string(items[0].Number) || c.GivenName != "Piotr" || c.Company != "Furuborg Bygg AB" ||
			!strings.HasPrefix(string(c.Artwork), "%PDF") || hex.EncodeToString(sum[:]) != c.ArtworkSHA256 || len(c.Photo) == 0 ||
			!strings.Contains(string(c.ArtworkSVG), "<svg") || c.OrderRef != l.OrderNumber {
			t.Errorf("%.300v", c)
		}
		if got := strings.Join(c.Address, "|"); got != "Kontoret|Furuborg Bygg AB|Storgatan 1|123 45  Ekstad" {
			t.Error(got)
		}
		if f.item(l.ID).State != production.Sent {
			t.Error(f.item(l.ID).State)
		}
		number := string(h.Number)
		if text, _ := json.Marshal(file); strings.Contains(string(text), number) || strings.Contains(string(text), number[2:]) {
			t.Error("the order file has the personal number")
		}
	})
}

// Rows: 50
func TestIncompleteLineWaitsForProduction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		l := f.Line(t, f.Holder(t, "Sara", "Ekdahl"), order.Approved)
		set := func(on string) {
			t.Helper()
			err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE order_line SET valid_until = $1 WHERE id = $2`, on, l.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		set("2020-01-01")
		f.enqueue(l)
		f.drain()
		if f.line(l.ID).State != order.Approved || f.notices() != "incomplete:valid_until" || len(f.items(l.ID)) != 0 {
			t.Fatal(f.line(l.ID).State, f.notices())
		}
		list, err := f.s.Notices(t.Context(), f.staff, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.s.Settle(t.Context(), f.staff, list[0].ID); fault.CodeOf(err) != "production.notice_undecided" || f.notices() == "" {
			t.Error("the only trace of a line that waits was put away:", err, f.notices())
		}
		set("2099-01-01")
		if err := f.s.Recheck(t.Context(), f.staff, l.ID); err != nil {
			t.Fatal(err)
		}
		f.drain()
		if f.line(l.ID).State != order.InProduction || f.notices() != "" {
			t.Error(f.line(l.ID).State, f.notices())
		}
		if err := f.s.Recheck(t.Context(), f.staff, l.ID); fault.CodeOf(err) != "production.not_approved" {
			t.Error(err)
		}
	})
}

func TestFullBatchClosesByItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{MaxSize: 2})
		a, b, c := f.approve(f.Holder(t, "Sara", "A")), f.approve(f.Holder(t, "Sara", "B")), f.approve(f.Holder(t, "Sara", "C"))
		if x, y, z := f.item(a.ID), f.item(b.ID), f.item(c.ID); x.Batch != y.Batch || z.Batch == x.Batch || x.State != production.Sent || z.State != production.Reserved {
			t.Error(x, y, z)
		}
		if n := f.item(a.ID).BatchNumber; len(n) != 7 || !strings.HasSuffix(n, "-0001") {
			t.Error(n)
		}
	})
}

// Rows: 50
func TestDeliveryIsRepeatedWithTheSameBytes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		l := f.approve(f.Holder(t, "Sara", "Ekdahl"))
		f.press.late = true
		if err := f.s.CloseOpen(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.r.Drain(t.Context()); !errors.Is(err, errDown) {
			t.Fatal(err)
		}
		i := f.item(l.ID)
		if i.State != production.Reserved || i.BatchState != production.Closed {
			t.Fatal(i.State, i.BatchState)
		}
		// The bureau took it all the same, and its first receipt is faster than our next try.
		f.gets(f.receipt(i, production.ReceiptProduced), production.Applied, "")
		f.press.late = false
		if err := f.D.Clock().Advance(time.Hour); err != nil {
			t.Fatal(err)
		}
		f.drain()
		if f.press.calls != 2 {
			t.Error(f.press.calls)
		}
		if i = f.item(l.ID); i.State != production.Produced || i.BatchState != production.Acknowledged {
			t.Error(i.State, i.BatchState)
		}
	})
}

// Rows: 50
func TestSilentBureauIsAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{AskAfter: 24 * time.Hour})
		a, b := f.approve(f.Holder(t, "Sara", "Ekdahl")), f.approve(f.Holder(t, "Oskar", "Hägg"))
		f.send()
		ia, ib := f.item(a.ID), f.item(b.ID)
		ask := func() {
			t.Helper()
			if err := f.s.AskOverdue(t.Context()); err != nil && !f.press.down {
				t.Fatal(err)
			}
		}
		ask()
		if len(f.press.asked) != 0 {
			t.Error("asked at once", f.press.asked)
		}
		f.receive(f.receipt(ia, production.ReceiptProduced), f.receipt(ia, production.ReceiptDispatched))
		if err := d.Clock().Advance(25 * time.Hour); err != nil {
			t.Fatal(err)
		}
		f.press.down = true
		ask()
		f.press.down = false
		ask()
		if got := f.press.asked[ia.BatchNumber]; !slices.Equal(got, []string{ib.ID.String()}) {
			t.Error(got)
		}
		clear(f.press.asked)
		ask()
		if len(f.press.asked) != 0 {
			t.Error("asked again at once")
		}
		f.gets(f.receipt(ib, production.ReceiptProduced), production.Applied, "")
	})
}

// Rows: 50
func TestBureauThatLostTheBatchGetsItAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{AskAfter: time.Hour})
		l := f.sent(f.Holder(t, "Sara", "Ekdahl"))
		f.press.no = fault.New(fault.NotFound, "bureau.batch_unknown")
		if err := d.Clock().Advance(2 * time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := f.s.AskOverdue(t.Context()); err != nil {
			t.Fatal(err)
		}
		clear(f.press.files) // the same bytes come again: press compares
		f.drain()
		i := f.item(l.ID)
		if len(f.press.files) != 1 || f.press.calls != 2 || i.BatchState != production.Delivered || f.notices() != "unknown_card:batch_unknown_at_bureau" {
			t.Error(len(f.press.files), f.press.calls, i.BatchState, f.notices())
		}
		f.gets(f.receipt(i, production.ReceiptProduced), production.Applied, "")
	})
}

// A bureau that has made some of a batch and then says that it never got it can't be right: somebody is told, once in
// a period and not at each look.
func TestBureauThatForgetsWhatItMadeIsNotedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{AskAfter: time.Hour})
		l := f.sent(f.Holder(t, "Sara", "Ekdahl"))
		f.gets(f.receipt(f.item(l.ID), production.ReceiptProduced), production.Applied, "")
		f.press.no = fault.New(fault.NotFound, "bureau.batch_unknown")
		if err := d.Clock().Advance(2 * time.Hour); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := f.s.AskOverdue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		f.drain()
		if i := f.item(l.ID); i.BatchState != production.Acknowledged || f.press.calls != 1 || f.notices() != "unknown_card:batch_unknown_at_bureau" {
			t.Error(i.BatchState, f.press.calls, f.notices())
		}
	})
}

func TestRefusedFileIsDeadAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		f.approve(f.Holder(t, "Sara", "Ekdahl"))
		f.press.refuse = fault.New(fault.Invalid, "bureau.refused", "reason", "schema")
		if err := f.s.CloseOpen(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.r.Drain(t.Context()); err == nil {
			t.Fatal("no error")
		}
		dead, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]job.DeadJob, error) { return job.Dead(ctx, tx, 10) })
		if err != nil || len(dead) != 1 || dead[0].Kind != "production.deliver" {
			t.Error(dead, err)
		}
	})
}

// Rows: 50
func TestWhereIsIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		h := f.Holder(t, "Sara", "Ekdahl")
		l := f.Line(t, h, order.Approved)
		is := func(want production.Step) production.LineStatus {
			t.Helper()
			var status production.LineStatus
			for _, by := range []actor.Actor{f.Orderer, h.Actor, f.staff} {
				var err error
				if status, err = f.s.StatusOfLine(t.Context(), by, l.ID); err != nil || status.Step != want || (want != production.StepNone && status.Since.IsZero()) {
					t.Errorf("%s: %+v, %v, expected %s", by.Role, status, err, want)
				}
			}
			return status
		}
		is(production.StepWaiting)
		f.enqueue(l)
		f.drain()
		is(production.StepQueued)
		f.send()
		is(production.StepAtBureau)
		r := f.receipt(f.item(l.ID), production.ReceiptFailed)
		r.RejectCode = "SCRATCH"
		f.receive(r)
		is(production.StepAgain)
		f.send()
		i := f.item(l.ID)
		f.receive(f.receipt(i, production.ReceiptProduced))
		if s := is(production.StepProduced); s.Number != i.Number {
			t.Error(s)
		}
		f.receive(f.receipt(i, production.ReceiptDispatched))
		if s := is(production.StepDispatched); s.Tracking == "" {
			t.Error(s)
		}
		other := f.Firm(t, "Granit & Fog AB", "5561234567")
		for _, by := range []actor.Actor{cardtest.Orderer(other), f.Holder(t, "Oskar", "Hägg").Actor, {}, {Role: actor.Cardholder}} {
			if _, err := f.s.StatusOfLine(t.Context(), by, l.ID); fault.CodeOf(err) != "order.unknown" {
				t.Error(by.Role, err)
			}
		}
	})
}

func TestOnlyStaffSeeProduction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		for _, by := range []actor.Actor{f.Orderer, {}, {Role: actor.Reviewer}, {Role: actor.Cardholder}} {
			_, _, err1 := f.s.Batches(t.Context(), by, "", 0)
			_, err2 := f.s.Batch(t.Context(), by, db.NewID())
			_, err3 := f.s.Notices(t.Context(), by, 1)
			_, err4 := f.s.Waiting(t.Context(), by)
			err5 := f.s.Settle(t.Context(), by, db.NewID())
			err6 := f.s.Recheck(t.Context(), by, db.NewID())
			err7 := f.s.ReturnToOrderer(t.Context(), by, db.NewID(), "x")
			for n, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
				if fault.CodeOf(err) != "production.not_allowed" {
					t.Error(by.Role, n, err)
				}
			}
		}
		if _, err := f.s.Batch(t.Context(), f.staff, db.NewID()); fault.CodeOf(err) != "production.batch_unknown" {
			t.Error(err)
		}
	})
}

func TestBatchesArePaged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{MaxSize: 1})
		for n := range 5 {
			f.approve(f.Holder(t, "Sara", fmt.Sprintf("Ekdahl%c", 'a'+n)))
		}
		var seen []string
		for after, pages := "", 0; pages < 4; pages++ {
			list, next, err := f.s.Batches(t.Context(), f.staff, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range list {
				seen = append(seen, b.Number[3:])
			}
			if after = next; next == "" {
				break
			}
		}
		if got := strings.Join(seen, " "); got != "0005 0004 0003 0002 0001" {
			t.Error(got)
		}
	})
}

func TestPrefixIsChecked(t *testing.T) {
	for _, p := range []string{"B", "bb", "B1", "BBB", "ÅÄ"} {
		if _, err := production.New(nil, nil, nil, nil, nil, production.Config{Prefix: p}, nil); fault.CodeOf(err) != "production.prefix_malformed" {
			t.Error(p, err)
		}
	}
}

// What was signed is what is printed, whatever the company is called by then.
//
// Rows: 35, 50
func TestRenamedCompanyIsPrintedAsSigned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		l := f.Line(t, f.Holder(t, "Sara", "Ekdahl"), order.Approved)
		if _, err := f.Companies.Change(t.Context(), f.Officer, f.Company.ID, f.Company.Revision, "Granborg Bygg AB", false); err != nil {
			t.Fatal(err)
		}
		f.enqueue(l)
		f.drain()
		f.send()
		i := f.item(l.ID)
		c := f.press.files[i.BatchNumber].Cards[0]
		if i.CompanyName != "Furuborg Bygg AB" || c.Company != "Furuborg Bygg AB" || i.OrganisationNumber != "559999-0016" {
			t.Errorf("printed: %s %s, %s", i.CompanyName, i.OrganisationNumber, c.Company)
		}
		if got := strings.Join(c.Address, "|"); !strings.Contains(got, "Granborg Bygg AB") {
			t.Errorf("the letter goes to the company as it is called now: %s", got)
		}
	})
}

// A line that can't be made is no dead end: its orderer gets it back and is told why.
func TestIncompleteLineGoesBackToTheOrderer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := newFloor(t, d, production.Config{})
		for _, c := range []struct {
			set, why, reason string
			state            order.State
		}{
			{"valid_until = '2020-01-01'", "valid_until", "VALID_UNTIL", order.RejectedByCardholder},
			{"surname = 'Ekd字l'", "letters", "LETTERS", order.RejectedByCardholder},
			{"signed_company = 'Furuborg 字'", "letters", "LETTERS", order.RejectedByCardholder},
			{"signed_company = ''", "signature", "INCOMPLETE", order.RejectedByCardholder},
			{"photo = NULL", "photo", "PHOTO_WRONG", order.RejectedByReviewer},
		} {
			l := f.Line(t, f.Holder(t, "Sara", "Ekdahl"), order.Approved)
			if err := f.s.ReturnIncomplete(t.Context(), f.staff, l.ID); fault.CodeOf(err) != "production.complete" {
				t.Errorf("%s: %v", c.why, err)
			}
			err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE order_line SET `+c.set+` WHERE id = $1`, l.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			f.enqueue(l)
			f.drain()
			if f.notices() != "incomplete:"+c.why {
				t.Fatalf("%s: %s", c.why, f.notices())
			}
			if err := f.s.ReturnIncomplete(t.Context(), f.Orderer, l.ID); fault.CodeOf(err) != "production.not_allowed" {
				t.Error(err)
			}
			if err := f.s.ReturnIncomplete(t.Context(), f.staff, l.ID); err != nil {
				t.Fatal(err)
			}
			now := f.line(l.ID)
			if now.State != c.state || now.ReturnReason != c.reason || now.Evidence != uuid.Nil || f.notices() != "" {
				t.Errorf("%s: %s %s, notices %q", c.why, now.State, now.ReturnReason, f.notices())
			}
			if got := f.mails(l.ID); !slices.Equal(got, []string{"order_rejected_by_reviewer "}) {
				t.Errorf("%s: %v", c.why, got)
			}
			if err := f.s.ReturnIncomplete(t.Context(), f.staff, l.ID); fault.CodeOf(err) != "production.not_approved" {
				t.Error(err)
			}
		}
	})
}
