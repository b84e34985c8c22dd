package order_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/photo"
)

// Rows: 16
func TestQueueIsOldestFirst(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		var want []order.ID
		for range 5 {
			want = append(want, k.Ordered(t, ordertest.Who("Jonas", "Petraitis", k.Number())).ID)
			advance(t, k, time.Minute)
		}
		var got []order.ID
		for after, pages := "", 0; ; pages++ {
			p := must[order.QueuePage](t)(s.Queue(ctx, k.Reviewer, after, 2))
			if p.Total != 5 || p.Items[0].CompanyName != k.Company.Name || p.Oldest.IsZero() {
				t.Errorf("page: %+v", p)
			}
			for _, i := range p.Items {
				got = append(got, i.Line.ID)
			}
			if after = p.Next; after == "" || pages > 5 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("queue %v, want %v", got, want)
		}
		c := must[order.Case](t)(s.Case(ctx, k.Reviewer, want[1]))
		if c.Next != want[2] || c.Company.ID != k.Company.ID || c.Again || c.Undo {
			t.Errorf("case: %+v", c)
		}
		if c = must[order.Case](t)(s.Case(ctx, k.Reviewer, want[4])); c.Next != want[0] {
			t.Errorf("after the last comes the oldest: %v", c.Next)
		}
		_, err := s.Queue(ctx, k.Orderer, "", 2)
		wantCode(t, err, "order.not_allowed")
	})
}

// Rows: 16, 17
func TestRejectedIsCorrectedAndComesBack(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		for _, c := range []struct {
			reasons []string
			text    string
			code    string
		}{{nil, "", "order.reasons_missing"}, {[]string{"ugly"}, "", "order.reason_unknown"}, {[]string{"other"}, " ", "order.text_missing"}} {
			_, err := s.Reject(ctx, k.Reviewer, l.ID, l.Revision, c.reasons, c.text)
			wantCode(t, err, c.code)
		}
		rejected := must[order.Line](t)(s.Reject(ctx, k.Reviewer, l.ID, l.Revision, []string{"photo_light"}, "Halva ansiktet."))
		if rejected.State != order.RejectedByReviewer || rejected.Review.ByName != k.Reviewer.Name || order.Shown(rejected).WaitsFor != "orderer" {
			t.Errorf("rejected: %+v", rejected)
		}
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_rejected_by_reviewer"}) {
			t.Errorf("mails: %v", got)
		}
		same := must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, rejected.Revision, rejected.AsTyped()))
		if same.Revision != rejected.Revision {
			t.Error("nothing was changed, so nothing happens")
		}
		w := rejected.AsTyped()
		w.Phone = "070-174 06 06"
		still := must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, rejected.Revision, w))
		if still.State != order.RejectedByReviewer {
			t.Errorf("the photo is still wrong, but the line is %s", still.State)
		}
		again := must[order.Line](t)(s.ReplacePhoto(ctx, k.Orderer, l.ID, still.Revision, ordertest.Picture(1), photo.Crop{}))
		if again.ID != l.ID || again.State != order.Ordered || again.Attempts != 2 || again.PreviousPhoto != l.Photo ||
			!slices.Equal(again.Changed, []string{"phone", "photo"}) || order.Shown(again).Code != "in_review_again" {
			t.Errorf("back in the queue: %+v", again)
		}
		c := must[order.Case](t)(s.Case(ctx, k.Reviewer, l.ID))
		if !c.Again || c.Line.Review == nil || c.Line.Review.Reasons[0] != "photo_light" {
			t.Errorf("the reviewer sees what was wrong before: %+v", c.Line.Review)
		}
		if _, err := k.Blobs.Get(ctx, again.PreviousPhoto); err != nil {
			t.Errorf("the photo before: %v", err)
		}
		passed := must[order.Line](t)(s.Pass(ctx, k.Reviewer, l.ID, again.Revision))
		if passed.State != order.AwaitingCardholder {
			t.Errorf("passed: %s", passed.State)
		}
	})
}

func TestRejectedDataComesBackByCorrectingData(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		l := k.Ordered(t, ordertest.Who("Jonas", "Petreitis", k.Number()))
		l = must[order.Line](t)(s.Reject(ctx, k.Reviewer, l.ID, l.Revision, []string{"data_name"}, ""))
		w := l.AsTyped()
		w.Surname = "Petraitis"
		l = must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w))
		if l.State != order.Ordered || l.Attempts != 2 || !slices.Equal(l.Changed, []string{"surname"}) {
			t.Errorf("corrected: %+v", l)
		}
		if p := must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{Text: "petrai"})); len(p.Lines) != 1 {
			t.Error("the line is found by its new name")
		}
		if p := must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{Text: "petrei"})); len(p.Lines) != 0 {
			t.Error("the line is still found by its old name")
		}
	})
}

// Rows: 16
func TestUndoWithinThirtySeconds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		queued := l.QueuedAt
		l = must[order.Line](t)(s.Pass(ctx, k.Reviewer, l.ID, l.Revision))
		_, err := s.Undo(ctx, k.Reviewer2, l.ID)
		wantCode(t, err, "order.undo_not_yours")
		if c := must[order.Case](t)(s.Case(ctx, k.Reviewer, l.ID)); !c.Undo {
			t.Error("the page offers to undo")
		}
		advance(t, k, 20*time.Second)
		l = must[order.Line](t)(s.Undo(ctx, k.Reviewer, l.ID))
		if l.State != order.Ordered || !l.QueuedAt.Equal(queued) || l.Attempts != 1 || !l.ToldAt.IsZero() || l.Review != nil {
			t.Errorf("as it was, in the same place of the queue: %+v", l)
		}
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"~order_awaiting_cardholder"}) {
			t.Errorf("the mail is taken back: %v", got)
		}
		l = must[order.Line](t)(s.Reject(ctx, k.Reviewer, l.ID, l.Revision, []string{"photo_crop"}, ""))
		l = must[order.Line](t)(s.Undo(ctx, k.Reviewer, l.ID))
		l = must[order.Line](t)(s.Pass(ctx, k.Reviewer, l.ID, l.Revision))
		advance(t, k, order.UndoFor+time.Second)
		_, err = s.Undo(ctx, k.Reviewer, l.ID)
		wantCode(t, err, "order.undo_too_late")
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"~order_awaiting_cardholder", "~order_rejected_by_reviewer", "order_awaiting_cardholder"}) {
			t.Errorf("mails: %v", got)
		}
		if got := events(t, k, l.ID); !slices.Equal(got, []string{
			"order.submitted", "order.review_passed", "order.review_undone",
			"order.review_rejected", "order.review_undone", "order.review_passed",
		}) {
			t.Errorf("events: %v", got)
		}
	})
}

func TestUndoAfterTheCardholderActedIsTooLate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.Approved(t, h)
		_, err := s.Undo(ctx, k.Reviewer, l.ID)
		wantCode(t, err, "order.undo_too_late")
		l = k.Awaiting(t, ordertest.Who("Nadja", "Berg", k.Number()))
		w := l.AsTyped()
		w.Surname = "Bergh"
		must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w))
		_, err = s.Undo(ctx, k.Reviewer, l.ID)
		wantCode(t, err, "order.undo_too_late")
	})
}

// Rows: 16. Two reviewers: one wins, the other is told who and what.
func TestTwoReviewers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		for range 4 {
			l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
			errs := race(
				func() error { return second(s.Pass(ctx, k.Reviewer, l.ID, l.Revision)) },
				func() error { return second(s.Reject(ctx, k.Reviewer2, l.ID, l.Revision, []string{"photo_light"}, "")) },
			)
			won := k.Line(t, l.ID)
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("one of two decides: %v", errs)
			}
			e, _ := fault.As(errors.Join(errs...))
			if e.Code != "order.already_decided" || e.Args["by"] != won.Review.ByName || e.Args["outcome"] != won.Review.Outcome {
				t.Errorf("the other is told: %v %v, won by %+v", e, e.Args, won.Review)
			}
			if (won.State == order.AwaitingCardholder) != (errs[0] == nil) {
				t.Errorf("%s, errors %v", won.State, errs)
			}
			if got := mails(t, k, l.ID); len(got) != 1 {
				t.Errorf("mails: %v", got)
			}
		}
	})
}

// The reviewer decides while the orderer corrects: one wins, the other is told what happened.
func TestReviewWhileCorrecting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		for range 4 {
			l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
			w := l.AsTyped()
			w.Surname = "Petrauskas"
			errs := race(
				func() error { return second(s.Pass(ctx, k.Reviewer, l.ID, l.Revision)) },
				func() error { return second(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w)) },
			)
			switch now := k.Line(t, l.ID); {
			case errs[0] == nil && fault.Has(errs[1], "order.changed") && now.State == order.AwaitingCardholder && now.Claimed.Surname == "Petraitis":
			case errs[1] == nil && fault.Has(errs[0], "order.changed_in_review") && now.State == order.Ordered && now.Claimed.Surname == "Petrauskas":
			default:
				t.Errorf("%v: %s %s", errs, now.State, now.Claimed.Surname)
			}
		}
	})
}

// The same picture on another person is told to the reviewer, with the company, and to nobody else.
func TestSamePictureOnAnotherPerson(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		c2, by2 := k.Firm(t, false)
		other := k.OrderedBy(t, by2, ordertest.Who("Isak", "Ahl", k.Number()))
		n := k.Number()
		l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", n))
		c := must[order.Case](t)(s.Case(ctx, k.Reviewer, l.ID))
		if len(c.Same) != 1 || c.Same[0].Line != other.ID || c.Same[0].Name != "Isak Ahl" || c.Same[0].CompanyName != c2.Name || !c.Same[0].Exact {
			t.Errorf("same picture: %+v", c.Same)
		}
		l = must[order.Line](t)(s.ReplacePhoto(ctx, k.Orderer, l.ID, l.Revision, ordertest.Picture(2), photo.Crop{}))
		if c = must[order.Case](t)(s.Case(ctx, k.Reviewer, l.ID)); len(c.Same) != 0 {
			t.Errorf("another picture: %+v", c.Same)
		}
	})
}

// Nobody decides about what they ordered, or about the card that they are to have.
func TestReviewersDontDecideAboutTheirOwn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		l := k.Ordered(t, ordertest.Who("Alva", "Lindström", k.Number()))
		h := k.Holder(t, "Jonas", "Petraitis")
		mine := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", h.Number))
		orderer, again, holder := k.Reviewer, k.Reviewer, k.Reviewer
		orderer.Account, again.Person, holder.Person = k.Orderer.Account, k.Orderer.Person, h.Actor.Person
		for name, c := range map[string]struct {
			by   actor.Actor
			line order.Line
		}{"account": {orderer, l}, "person who ordered": {again, l}, "cardholder": {holder, mine}} {
			_, err := s.Pass(ctx, c.by, c.line.ID, c.line.Revision)
			wantCode(t, err, "order.own_line")
			_, err = s.Reject(ctx, c.by, c.line.ID, c.line.Revision, []string{"photo_light"}, "")
			wantCode(t, err, "order.own_line")
			if !must[order.Case](t)(s.Case(ctx, c.by, c.line.ID)).Own {
				t.Errorf("%s: the page doesn't say so", name)
			}
		}
		for _, i := range must[order.QueuePage](t)(s.Queue(ctx, holder, "", 10)).Items {
			if i.Own != (i.Line.ID == mine.ID) {
				t.Errorf("queue: %s own: %v", i.Line.Name(), i.Own)
			}
		}
		must[order.Line](t)(s.Pass(ctx, holder, l.ID, l.Revision))
		must[order.Line](t)(s.Pass(ctx, k.Reviewer2, mine.ID, mine.Revision))
	})
}
