package order_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/photo"
)

func each(t *testing.T, fn func(t *testing.T, k *ordertest.Kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, ordertest.New(t, d)) })
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Has(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// mails lists the templates of a line's mails, oldest first, with "~" before one that was cancelled.
func mails(t *testing.T, k *ordertest.Kit, line order.ID) []string {
	t.Helper()
	all := must[[]notify.Delivery](t)(db.Read(t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) ([]notify.Delivery, error) {
		return notify.OfLine(ctx, tx, k.Keeper, line)
	}))
	var out []string
	for _, m := range all {
		name := string(m.Template)
		if m.State == notify.Cancelled {
			name = "~" + name
		}
		out = append(out, name)
	}
	return out
}

func events(t *testing.T, k *ordertest.Kit, line order.ID) []string {
	t.Helper()
	v := must[order.View](t)(k.Orders.View(t.Context(), k.Orderer, line))
	var out []string
	for _, e := range v.Events {
		out = append(out, e.Kind)
	}
	return out
}

// Rows: 10, 15
func TestDraftIsSavedAtEachStepAndSent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		o := must[order.Order](t)(s.NewDraft(ctx, k.Orderer))
		if len(o.Lines) != 1 || o.Delivery.Line1 != "Sågverksgatan 4" || !strings.HasPrefix(o.Number, "B-") || len(o.Number) != 8 {
			t.Fatalf("a new draft has one line and the company's address: %+v", o)
		}
		line := o.Lines[0].ID
		n := k.Number()
		_, err := s.SetPerson(ctx, k.Orderer, line, order.Who{GivenName: "Jonas", PersonalNumber: string(n)[:11]})
		wantCode(t, err, "person.number_length")
		wantCode(t, err, "person.name_missing")
		wantCode(t, err, "person.email_missing")

		// Another orderer of the company goes on where the first stopped, in another browser.
		other := k.Orderer
		other.Account, other.Name = db.NewID(), "Björn Sand"
		o = must[order.Order](t)(s.Draft(ctx, other, o.ID))
		if w := o.Lines[0].Typed; w.GivenName != "Jonas" || w.PersonalNumber != string(n)[:11] {
			t.Fatalf("what was typed is kept, also what is wrong: %+v", w)
		}
		if drafts := must[[]order.Order](t)(s.Drafts(ctx, other)); len(drafts) != 1 || drafts[0].Lines[0].Typed.GivenName != "Jonas" {
			t.Fatalf("the company's drafts: %+v", drafts)
		}
		problems := must[[]order.Problem](t)(s.Problems(ctx, other, o.ID))
		steps := map[order.Step]bool{}
		for _, p := range problems {
			steps[p.Step] = true
		}
		if !steps[order.StepWho] || !steps[order.StepPhoto] || steps[order.StepCard] || steps[order.StepDelivery] {
			t.Errorf("who and photo are left: %v", problems)
		}
		if _, err = s.Submit(ctx, other, o.ID, o.Revision); len(fault.All(err)) != len(problems) {
			t.Errorf("an incomplete order isn't sent: %v", err)
		}
		o = k.Fill(t, other, line, ordertest.Who("Jonas", "Petraitis", n))
		o = must[order.Order](t)(s.SetDelivery(ctx, other, o.ID, order.Delivery{Reference: " KV-EKEN-2204 ", CostCentre: "310"}))
		if o.Reference != "KV-EKEN-2204" || o.Delivery.Line1 != "Sågverksgatan 4" {
			t.Errorf("delivery: %+v", o)
		}
		o = must[order.Order](t)(s.Submit(ctx, other, o.ID, o.Revision))
		l := o.Lines[0]
		if o.Draft() || l.State != order.Ordered || l.Attempts != 1 || l.Typed != (order.Who{}) || l.Claimed.BirthDate != n.BirthDate() ||
			l.Claimed.Masked != n.Masked() || l.Claimed.Phone != "+46701740605" {
			t.Errorf("sent: %+v", l)
		}
		if got := must[order.Line](t)(s.Line(ctx, k.Orderer, line)); got.Revision != l.Revision {
			t.Errorf("stored and returned line differ: %d, %d", got.Revision, l.Revision)
		}
		if got := must[order.Order](t)(s.Order(ctx, k.Orderer, o.ID)); len(got.Lines) != 1 || got.SubmittedAt.IsZero() {
			t.Errorf("stored order: %+v", got)
		}
		deliveries := must[[]notify.Delivery](t)(db.Read(ctx, k.DB, func(ctx context.Context, tx *db.Tx) ([]notify.Delivery, error) {
			return notify.OfOrder(ctx, tx, k.Keeper, o.ID)
		}))
		if len(deliveries) != 1 || deliveries[0].Template != notify.OrderConfirmation || deliveries[0].To != "alva1@furuborg.example" {
			t.Errorf("order confirmation: %+v", deliveries)
		}
		_, err = s.SetPerson(ctx, k.Orderer, line, ordertest.Who("A", "B", n))
		wantCode(t, err, "order.already_submitted")
	})
}

// Rows: 10
func TestFieldErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		n := k.Number()
		coordination := string(n)[:6] + string(n[6]+6) + string(n)[7:]
		line := must[order.Order](t)(k.Orders.NewDraft(ctx, k.Orderer)).Lines[0].ID
		for _, c := range []struct {
			change func(w *order.Who)
			field  string
			code   string
		}{
			{func(w *order.Who) { w.PersonalNumber = n.Long()[:12] + "0" }, "personal_number", "person.number_check_digit"},
			{func(w *order.Who) { w.PersonalNumber = "19901399-2382" }, "personal_number", "person.number_date"},
			{func(w *order.Who) { w.PersonalNumber = withCheckDigit(coordination) }, "personal_number", "person.coordination_number"},
			{func(w *order.Who) { w.BirthDate = "1970-12-31" }, "birth_date", "order.birth_date_differs"},
			{func(w *order.Who) { w.BirthDate = "1970-02-31" }, "birth_date", "clock.date_malformed"},
			{func(w *order.Who) { w.Nationality = "XX" }, "nationality", "person.nationality_unknown"},
			{func(w *order.Who) { w.Email = "jonas@" }, "email", "person.email_malformed"},
			{func(w *order.Who) { w.Email = "Alva1@furuborg.example" }, "email", "order.email_is_orderers"},
			{func(w *order.Who) { w.Phone = "12" }, "phone", "person.phone_malformed"},
			{func(w *order.Who) { w.GivenName = "R2-D2" }, "given_name", "person.name_characters"},
			{func(w *order.Who) { w.Surname = strings.Repeat("a", 101) }, "surname", "person.name_length"},
			{func(w *order.Who) { w.Lang = "xx" }, "lang", "order.lang_unknown"},
		} {
			w := ordertest.Who("Jonas", "Petraitis", n)
			c.change(&w)
			o, err := k.Orders.SetPerson(ctx, k.Orderer, line, w)
			errs := fault.All(err)
			if len(errs) != 1 || errs[0].Field != c.field || errs[0].Code != c.code {
				t.Errorf("%s: got %v, want %s", c.field, err, c.code)
			}
			if o.Lines[0].Typed != w {
				t.Errorf("%s: the form isn't kept: %+v", c.field, o.Lines[0].Typed)
			}
		}
		for _, c := range []struct {
			choice order.CardChoice
			code   string
		}{
			{order.CardChoice{Type: "gold"}, "order.card_type_unknown"},
			{order.CardChoice{Type: "standard", ValidUntil: "2020-01-01"}, "order.valid_until_past"},
			{order.CardChoice{Type: "standard", ValidUntil: "2099-01-01"}, "order.valid_until_late"},
			{order.CardChoice{Type: "standard", ValidUntil: "soon"}, "clock.date_malformed"},
		} {
			_, err := k.Orders.SetCard(ctx, k.Orderer, line, c.choice)
			wantCode(t, err, c.code)
		}
		_, err := k.Orders.SetDelivery(ctx, k.Orderer, must[order.Line](t)(k.Orders.Line(ctx, k.Orderer, line)).Order, order.Delivery{Address: uuid.New()})
		wantCode(t, err, "order.address_unknown")
	})
}

func withCheckDigit(digits string) string {
	for c := byte('0'); c <= '9'; c++ {
		if s := digits[:11] + string(c); luhnOK(s[2:]) {
			return s
		}
	}
	return digits
}

func luhnOK(s string) bool {
	sum := 0
	for i, r := range s {
		d := int(r - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// Rows: 10
func TestNamesThatCannotBePrintedAskForAShortForm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		line := must[order.Order](t)(k.Orders.NewDraft(ctx, k.Orderer)).Lines[0].ID
		n := k.Number()
		for _, name := range [][2]string{{"O", "Y"}, {"Żaneta", "Brzęczyszczykiewicz"}, {"İpek", "Şahinoğlu"}, {"Олена", "Ґудзь"}, {"Siobhán", "O’Brien-D'Arcy"}} {
			if _, err := k.Orders.SetPerson(ctx, k.Orderer, line, ordertest.Who(name[0], name[1], n)); err != nil {
				t.Errorf("%v: %v", name, err)
			}
		}
		w := ordertest.Who("陈", "Wang", n)
		_, err := k.Orders.SetPerson(ctx, k.Orderer, line, w)
		if e := fault.All(err).Field("short_given"); e == nil || e.Code != "order.name_unprintable" || e.Args["letters"] != "陈" {
			t.Errorf("a letter that no font has is named: %v", err)
		}
		w.ShortGiven = "Chen"
		o := must[order.Order](t)(k.Orders.SetPerson(ctx, k.Orderer, line, w))
		if o.Lines[0].PrintedGiven() != "Chen" || o.Lines[0].PrintedSurname() != "Wang" {
			t.Errorf("printed: %q %q", o.Lines[0].PrintedGiven(), o.Lines[0].PrintedSurname())
		}
		long := ordertest.Who(strings.TrimSpace(strings.Repeat("Wilhelmina ", 9)), strings.TrimSpace(strings.Repeat("Wojciechowska ", 7)), n)
		_, err = k.Orders.SetPerson(ctx, k.Orderer, line, long)
		wantCode(t, err, "order.name_too_long_to_print")
		long.ShortGiven, long.ShortSurname = "Anna", "Wojciechowska"
		_, err = k.Orders.SetPerson(ctx, k.Orderer, line, long)
		wantCode(t, err, "order.short_not_of_name")
		long.ShortGiven = "W."
		o = must[order.Order](t)(k.Orders.SetPerson(ctx, k.Orderer, line, long))
		if o.Lines[0].PrintedGiven() != "W." || o.Lines[0].Claimed.GivenName != long.GivenName {
			t.Errorf("the whole name is kept beside the short one: %+v", o.Lines[0].Claimed)
		}
	})
}

// Rows: 10, 51
func TestSeveralPeopleInOneOrderAndAnotherAddress(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		c, by := k.Firm(t, true)
		n1, n2 := k.Number(), k.Number()
		o := k.Filled(t, by, ordertest.Who("Jonas", "Petraitis", n1))
		o = must[order.Order](t)(s.AddLine(ctx, by, o.ID))
		o = k.Fill(t, by, o.Lines[1].ID, ordertest.Who("Jonas", "Petraitis", n1))
		_, err := s.Submit(ctx, by, o.ID, o.Revision)
		wantCode(t, err, "order.twice_in_order")
		wantCode(t, err, "order.reference_missing")
		o = k.Fill(t, by, o.Lines[1].ID, ordertest.Who("Nadja", "Berg", n2))
		_, err = s.SetDelivery(ctx, by, o.ID, order.Delivery{New: &company.Address{Name: "Etableringen", Line1: "Ekvägen 12", Postcode: "4", City: "Exempelstad"}})
		if fault.All(err).Field("postcode") == nil || fault.All(err).Field("reference") == nil {
			t.Errorf("postcode and reference are wrong: %v", err)
		}
		o = must[order.Order](t)(s.SetDelivery(ctx, by, o.ID, order.Delivery{
			Keep: true, Reference: "R1",
			New: &company.Address{Name: "Etableringen", Line1: "Ekvägen 12", Postcode: "444 44", City: "Exempelstad"},
		}))
		if all := must[[]company.Address](t)(k.Companies.Addresses(ctx, c.ID)); len(all) != 2 {
			t.Errorf("the new address is kept for next time: %+v", all)
		}
		third := must[order.Order](t)(s.AddLine(ctx, by, o.ID))
		o = must[order.Order](t)(s.RemoveLine(ctx, by, third.Lines[2].ID))
		o = must[order.Order](t)(s.Submit(ctx, by, o.ID, o.Revision))
		if len(o.Lines) != 2 || o.Delivery.Name != "Etableringen" || o.Lines[1].State != order.Ordered {
			t.Errorf("sent: %+v", o)
		}
		single := must[order.Order](t)(s.NewDraft(ctx, by))
		if left := must[order.Order](t)(s.RemoveLine(ctx, by, single.Lines[0].ID)); left.ID != uuid.Nil {
			t.Errorf("an order without lines is gone: %+v", left)
		}
		_, err = s.Draft(ctx, by, single.ID)
		wantCode(t, err, "order.unknown")
	})
}

// Rows: 15
func TestPhotoIsCutAndReplacedInTheDraft(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		line := must[order.Order](t)(s.NewDraft(ctx, k.Orderer)).Lines[0].ID
		_, err := s.CropPhoto(ctx, k.Orderer, line, photo.Crop{Zoom: 1})
		wantCode(t, err, "order.photo_missing")
		first := must[order.Order](t)(s.SetPhoto(ctx, k.Orderer, line, ordertest.Picture(0))).Lines[0]
		closer := must[order.Order](t)(s.CropPhoto(ctx, k.Orderer, line, photo.Crop{Zoom: 2})).Lines[0]
		if closer.PhotoSHA256 == first.PhotoSHA256 || closer.OriginalPhoto != first.OriginalPhoto || closer.PhotoCrop.Zoom == 0 {
			t.Errorf("a crop makes another cut of the same original: %+v", closer.PhotoCrop)
		}
		far := must[order.Order](t)(s.CropPhoto(ctx, k.Orderer, line, photo.Crop{X: 1000})).Lines[0]
		if far.PhotoCrop.X >= 1000 {
			t.Errorf("steps beyond the edge aren't kept: %+v", far.PhotoCrop)
		}
		if _, err := k.Blobs.Get(ctx, closer.Photo); err == nil {
			t.Error("a cut that nothing shows is removed")
		}
		second := must[order.Order](t)(s.SetPhoto(ctx, k.Orderer, line, ordertest.Picture(1))).Lines[0]
		if _, err := k.Blobs.Get(ctx, first.OriginalPhoto); err == nil {
			t.Error("the first original is removed")
		}
		b := must[[]byte](t)(func() ([]byte, error) { b, err := k.Blobs.Get(ctx, second.Photo); return b.Data, err }())
		if len(b) == 0 {
			t.Error("no picture")
		}
	})
}

// Rows: 10
func TestSendingTwiceIsOneOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		o := k.Filled(t, k.Orderer, ordertest.Who("Jonas", "Petraitis", k.Number()))
		var wg sync.WaitGroup
		results := make([]order.Order, 6)
		errs := make([]error, len(results))
		for i := range results {
			wg.Go(func() { results[i], errs[i] = k.Orders.Submit(ctx, k.Orderer, o.ID, o.Revision) })
		}
		wg.Wait()
		for i := range results {
			if errs[i] != nil || results[i].ID != o.ID || results[i].Draft() || results[i].Lines[0].State != order.Ordered {
				t.Errorf("%d: %v %+v", i, errs[i], results[i])
			}
		}
		n := 0
		for _, e := range events(t, k, o.Lines[0].ID) {
			if e == "order.submitted" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

// Two tabs: what was looked through is what is sent.
func TestSubmitRefusesWhatWasNotSeen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		n := k.Number()
		o := k.Filled(t, k.Orderer, ordertest.Who("Jonas", "Petraitis", n))
		must[order.Order](t)(k.Orders.SetPerson(ctx, k.Orderer, o.Lines[0].ID, ordertest.Who("Jonas", "Petreitis", n)))
		_, err := k.Orders.Submit(ctx, k.Orderer, o.ID, o.Revision)
		wantCode(t, err, "order.changed")
	})
}

func TestASecondCardForTheSamePersonIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		w := ordertest.Who("Jonas", "Petraitis", k.Number())
		first := k.Ordered(t, w)
		o := k.Filled(t, k.Orderer, w)
		_, err := s.Submit(ctx, k.Orderer, o.ID, o.Revision)
		wantCode(t, err, "order.duplicate_line")
		if e, _ := fault.As(err); e.Args["order"] != first.OrderNumber {
			t.Errorf("the other order is named: %v", e.Args)
		}
		// Another company learns nothing of it.
		_, by := k.Firm(t, false)
		k.OrderedBy(t, by, w)

		must[order.Line](t)(s.Cancel(ctx, k.Orderer, first.ID, first.Revision))
		k.Cards.Give(k.Company.ID, first.Claimed.NumberHash, "standard", "BB-1234-567897")
		o = must[order.Order](t)(s.Draft(ctx, k.Orderer, o.ID))
		_, err = s.Submit(ctx, k.Orderer, o.ID, o.Revision)
		wantCode(t, err, "order.duplicate_card")
		o = must[order.Order](t)(s.SetCard(ctx, k.Orderer, o.Lines[0].ID, order.CardChoice{Type: "standard", Replaces: "BB-1234-567897"}))
		must[order.Order](t)(s.Submit(ctx, k.Orderer, o.ID, o.Revision))
	})
}

// Another company's ids are the same as none.
func TestOtherCompaniesSeeNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		_, foreign := k.Firm(t, false)
		draft := k.Filled(t, k.Orderer, ordertest.Who("Jonas", "Petraitis", k.Number()))
		l := k.Ordered(t, ordertest.Who("Nadja", "Berg", k.Number()))
		w := ordertest.Who("A", "B", k.Number())
		for name, err := range map[string]error{
			"draft":    second(s.Draft(ctx, foreign, draft.ID)),
			"line":     second(s.Line(ctx, foreign, l.ID)),
			"order":    second(s.Order(ctx, foreign, l.Order)),
			"view":     second(s.View(ctx, foreign, l.ID)),
			"person":   second(s.SetPerson(ctx, foreign, draft.Lines[0].ID, w)),
			"photo":    second(s.SetPhoto(ctx, foreign, draft.Lines[0].ID, ordertest.Picture(1))),
			"submit":   second(s.Submit(ctx, foreign, draft.ID, draft.Revision)),
			"discard":  s.Discard(ctx, foreign, draft.ID),
			"correct":  second(s.Correct(ctx, foreign, l.ID, l.Revision, w)),
			"replace":  second(s.ReplacePhoto(ctx, foreign, l.ID, l.Revision, ordertest.Picture(1), photo.Crop{})),
			"takeover": second(s.TakeOverName(ctx, foreign, l.ID, l.Revision)),
			"cancel":   second(s.Cancel(ctx, foreign, l.ID, l.Revision)),
			"remind":   s.Remind(ctx, foreign, l.ID),
			"reveal":   second(s.RevealNumber(ctx, foreign, l.ID)),
			"missing":  second(s.Line(ctx, foreign, uuid.New())),
		} {
			if !fault.Has(err, "order.unknown") {
				t.Errorf("%s: %v, want order.unknown", name, err)
			}
		}
		if p := must[order.LinePage](t)(s.Lines(ctx, foreign, order.LineQuery{})); len(p.Lines) != 0 {
			t.Errorf("another company's lines: %+v", p.Lines)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestOldDraftsGoWithTheirPictures(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		o := k.Filled(t, k.Orderer, ordertest.Who("Jonas", "Petraitis", k.Number()))
		sent := k.Ordered(t, ordertest.Who("Nadja", "Berg", k.Number()))
		advance(t, k, order.DraftFor-time.Hour)
		if err := k.Orders.PurgeDrafts(ctx); err != nil {
			t.Fatal(err)
		}
		must[order.Order](t)(k.Orders.Draft(ctx, k.Orderer, o.ID))
		advance(t, k, 2*time.Hour)
		if err := k.Orders.PurgeDrafts(ctx); err != nil {
			t.Fatal(err)
		}
		_, err := k.Orders.Draft(ctx, k.Orderer, o.ID)
		wantCode(t, err, "order.unknown")
		if _, err := k.Blobs.Get(ctx, o.Lines[0].Photo); err == nil {
			t.Error("the picture is still there")
		}
		k.Line(t, sent.ID)
	})
}

func advance(t *testing.T, k *ordertest.Kit, d time.Duration) {
	t.Helper()
	if err := k.DB.Clock().Advance(d); err != nil {
		t.Fatal(err)
	}
}
