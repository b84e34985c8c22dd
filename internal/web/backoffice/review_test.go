package backoffice_test

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/photo"
)

func TestReviewPassesRejectsAndUndoes(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		n := o.Number()
		first := o.Ordered(t, ordertest.Who("Jonas", "Petraitis", n))
		second := o.ordered("Amina", "Warsame")
		tove := o.staff("Tove", actor.Reviewer)

		p := tove.Get("/office").Is(200).At(caseAt(first.ID)).Check()
		p.Has("Jonas Petraitis", "Amina Warsame", "2 väntar", "Automatisk kontroll", o.Company.Name, "Alva Lindström", "••••").HasNot(string(n)[8:], n.Long())
		if src := p.One("section img").Attrs["src"]; tove.Get(src).Is(200).Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("no photo at %s", src)
		}
		english(tove, caseAt(first.ID)).Has("2 waiting", "Automatic checks", "Approve", "Reject")

		p = p.Form("/reject").Submit("Godkänn").Is(200).At(caseAt(second.ID)).Has("Jonas Petraitis är godkänd", "Ångra")
		if l := o.Line(t, first.ID); l.State != order.AwaitingCardholder {
			t.Fatalf("state %s", l.State)
		}
		p = p.Form("/undo").Submit("").Is(200).At(caseAt(first.ID)).Has("Beslutet om Jonas Petraitis är ångrat")
		if l := o.Line(t, first.ID); l.State != order.Ordered {
			t.Fatalf("state %s after undo", l.State)
		}

		p = p.Form("/reject").Submit("Underkänn").Is(422).Check().Has("Välj minst ett skäl")
		p = p.Form("/reject").Set("reason", "other").Submit("Underkänn").Is(422).Check().Has("Skriv vad beställaren ska göra")
		form := p.Form("/reject").Untick("reason", "other").Set("reason", "photo_light").Set("reason", "photo_age")
		text := "Skugga eller ojämnt ljus. Ta ett nytt foto framför en ljus vägg, med ljuset rakt framifrån. Byt bara fotot."
		form.Set("text", text).Submit("Underkänn").Is(200).At(caseAt(second.ID)).Has("Jonas Petraitis är underkänd")
		l := o.Line(t, first.ID)
		if l.State != order.RejectedByReviewer || len(l.Review.Reasons) != 2 || l.Review.Text != "Byt bara fotot." {
			t.Errorf("the reasons' sentences are sent once, by their codes: %+v", l.Review)
		}
		tove.Get(caseAt(first.ID)).Is(200).Check().Has("Underkänd av", "Fotot är för gammalt", "Byt bara fotot.", "Ångra").HasNot(`name="revision"`)
		english(tove, caseAt(first.ID)).Has("Rejected by", "The photo is too old")

		tove.Get(caseAt(second.ID)).Form("/reject").Submit("Godkänn").Is(200).At("/office/review").Check().Has("Kön är tom")
		english(tove, "/office/review").Has("The queue is empty")
	})
}

func TestTheSecondReviewerIsToldWhoWasFirst(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		l := o.ordered("Jonas", "Petraitis")
		tove, rut := o.staff("Tove", actor.Reviewer), o.staff("Rut", actor.Reviewer)
		slow := rut.Get(caseAt(l.ID))
		tove.Get(caseAt(l.ID)).Form("/reject").Submit("Godkänn").Is(200)
		p := slow.Form("/reject").Set("reason", "photo_light").Submit("Underkänn").Is(409).Check()
		p.Has("Tove Granlund har redan godkänt den här").HasNot("/undo")
		if got := o.Line(t, l.ID); got.State != order.AwaitingCardholder {
			t.Errorf("state %s", got.State)
		}
		if q := rut.Post(caseAt(l.ID)+"/undo", nil); q.Status != 403 && q.Status != 409 {
			t.Errorf("undoing somebody else's decision: %d", q.Status)
		}
	})
}

func TestANewPhotoIsMarked(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		l := o.ordered("Jonas", "Petraitis")
		o.ordered("Amina", "Warsame") // with the same picture
		tove := o.staff("Tove", actor.Reviewer)
		p := tove.Get(caseAt(l.ID)).Has("Samma foto används för någon annan", "Amina Warsame", "Samma fil")
		p.Form("/reject").Set("reason", "photo_eyes").Submit("Underkänn").Is(200)
		l = o.Line(t, l.ID)
		l = must[order.Line](t)(o.Orders.ReplacePhoto(ctx, o.Orderer, l.ID, l.Revision, ordertest.Picture(1), photo.Crop{}))
		p = tove.Get(caseAt(l.ID)).Is(200).Check()
		p.Has("Nytt foto", "Ändrat sedan sist: foto", "Ögonen syns inte", "Förra fotot", "2:a gången i kön").HasNot("Samma fil", "Samma bild")
		if tove.Get(caseAt(l.ID)+"/previous.jpg").Is(200).Body == tove.Get(caseAt(l.ID)+"/photo.jpg").Is(200).Body {
			t.Error("the previous photo is the new one")
		}
		english(tove, caseAt(l.ID)).Has("Changed since last time: photo")
	})
}

func TestSingleKeysCanBeSwitchedOff(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		l := o.ordered("Jonas", "Petraitis")
		tove := o.staff("Tove", actor.Reviewer)
		for _, key := range []string{"g", "u", "?"} {
			tove.Get(caseAt(l.ID)).One(`[data-kv-key=` + key + `]`)
		}
		p := tove.Get("/office/keys").Is(200).Check().Has("G", "godkänn").Form("/office/keys").Submit("Stäng av tangenterna").Is(200)
		if p.Has("Snabbtangenterna är av"); strings.Contains(p.Body, "data-kv-key") {
			t.Error("keys are on")
		}
		english(tove, "/office/keys").Has("Turn the keys on")
		p = tove.Get("/office/keys").Form("/office/keys").Submit("Slå på tangenterna").Is(200)
		p.One(`[data-kv-key=g]`)
	})
}

func TestTheEmptyQueueOpensWhatComes(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		tove := o.staff("Tove", actor.Reviewer)
		tove.Get("/office/review").Is(200).Check().Has("Kön är tom", "Inget väntar")
		if a := tove.Fragment("/office/review"); a.Status != 204 || a.Header.Get("Kv-Location") != "" {
			t.Errorf("%d %v", a.Status, a.Header)
		}
		o.ordered("Jonas", "Petraitis")
		if a := tove.Fragment("/office/review"); a.Header.Get("Kv-Location") != "/office/review" {
			t.Errorf("%d %v", a.Status, a.Header)
		}
	})
}

// A forged form: reasons that don't exist, and a revision that the page never showed.
func TestForgedDecisions(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		l := o.ordered("Jonas", "Petraitis")
		tove := o.staff("Tove", actor.Reviewer)
		revision := tove.Get(caseAt(l.ID)).One("input[name=revision]").Attrs["value"]
		tove.Post(caseAt(l.ID)+"/reject", url.Values{"revision": {revision}, "reason": {"<b>"}}).Is(422).Check()
		tove.Post(caseAt(l.ID)+"/pass", url.Values{"revision": {"99"}}).Is(409).Check()
		tove.Post(caseAt(l.ID)+"/pass", nil).Is(409)
		tove.Post(caseAt(o.Company.ID)+"/pass", url.Values{"revision": {"1"}}).Is(404)
		tove.Get(caseAt(o.Company.ID)).Is(404)
		if got := o.Line(t, l.ID); got.State != order.Ordered {
			t.Errorf("state %s", got.State)
		}
	})
}

// The own order is in the queue, and somebody else's to decide.
func TestTheOwnCaseIsSomebodyElses(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		mine := o.ordered("Jonas", "Petraitis")
		token := o.enrol("Tove", "Granlund", account.Grant{Role: actor.Reviewer})
		s := must[account.Session](t)(o.accounts.Session(t.Context(), token))
		o.do(func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE card_order SET ordered_by = $1 WHERE id = $2`, s.Account, mine.Order)
			return err
		})
		tove := o.browser(token)
		p := tove.Get("/office/review").Is(200).At(caseAt(mine.ID)).Check().Has("Ditt eget ärende", "Någon annan måste granska det")
		if len(p.All("input[name=revision]")) > 0 {
			t.Error("there are buttons to decide with")
		}
		english(tove, caseAt(mine.ID)).Has("Your own case")
		tove.Post(caseAt(mine.ID)+"/pass", url.Values{"revision": {strconv.FormatInt(mine.Revision, 10)}}).Is(403).Has("Någon annan måste granska det")
		other := o.ordered("Piotr", "Wiśniewski")
		tove.Get("/office/review").Is(200).At(caseAt(other.ID))
	})
}
