package order_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/photo"
)

// Rows: 33, 35, 36, 37
func TestCardholderApprovesWithASignature(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h := k.Holder(t, "PIOTR", "WIŚNIEWSKI")
		l := k.Awaiting(t, ordertest.Who("Piotr", "Wiśniewski", h.Number))
		if l.Proven != nil || l.Person != uuid.Nil {
			t.Fatal("a typed number joins nothing")
		}
		if lines := must[[]order.Line](t)(s.ForPerson(ctx, h.Actor)); len(lines) != 1 || lines[0].Person != h.Actor.Person || lines[0].Match != "m1" {
			t.Fatalf("proof joins: %+v", lines)
		}
		a := must[order.Approval](t)(s.Approval(ctx, h.Actor, l.ID))
		if a.CanSign || !slices.Equal(a.Missing, []string{"phone", "street", "postcode", "city", "country"}) || a.Contact.Phone != "+46701740605" || a.Mismatch {
			t.Errorf("approval: missing %v, contact %+v", a.Missing, a.Contact)
		}
		if a.Fields[0].Note != "" || a.Fields[0].Proven != "Piotr" || !a.Fields[1].Same || a.Fields[4].Note != "" || !a.Line.NationalityProven {
			t.Errorf("fields: %+v", a.Fields)
		}
		_, err := s.SignText(ctx, h.Actor, l.ID, l.Revision, "sv")
		wantCode(t, err, "order.contact_missing")
		_, err = s.Contact(ctx, h.Actor, l.ID, person.Contact{Phone: "070-174 06 05", Postcode: "1", City: "X", Country: "SE"})
		if es := fault.All(err); es.Field("street") == nil || es.Field("postcode") == nil || es.Field("phone") != nil {
			t.Errorf("contact errors: %v", err)
		}
		a = must[order.Approval](t)(s.Contact(ctx, h.Actor, l.ID, ordertest.Contact()))
		if !a.CanSign || len(a.Missing) != 0 {
			t.Errorf("after completing: %+v", a.Missing)
		}
		b := must[eid.Begin](t)(s.SignText(ctx, h.Actor, l.ID, l.Revision, "sv"))
		for _, want := range []string{"Namn: Piotr Wiśniewski", "Arbetsgivare: " + k.Company.Name, k.Company.PrintedNumber(), "Standardkort", l.ValidUntil.String(), order.TermsVersion} {
			if !strings.Contains(b.VisibleText, want) {
				t.Errorf("%q isn't in the signed text:\n%s", want, b.VisibleText)
			}
		}
		if strings.Contains(string(b.Hidden)+b.VisibleText, string(h.Number)[8:]) || b.PersonalNumber != string(h.Number) || b.Subject != order.Subject(l.ID, l.Revision) {
			t.Errorf("begin: %+v", b)
		}
		b.Browser = ordertest.Browser
		tx := k.Provider.Complete(t, k.EID, b, eidtest.Person{PersonalNumber: string(h.Number), GivenName: h.Given, Surname: h.Surname})
		_, err = s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, "another browser")
		wantCode(t, err, "eid.transaction_unknown")
		done := must[order.Line](t)(s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, ordertest.Browser))
		if done.State != order.Approved || done.Evidence == uuid.Nil || done.SignedAt.IsZero() || done.Claimed.Surname != "Wiśniewski" {
			t.Errorf("approved: %+v", done)
		}
		if done.SignedCompany != k.Company.Name || done.SignedCompanyNumber != k.Company.PrintedNumber() || k.Line(t, l.ID).SignedCompany == "" {
			t.Errorf("signed for %q, %q", done.SignedCompany, done.SignedCompanyNumber)
		}
		again := must[order.Line](t)(s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, ordertest.Browser))
		if again.Revision != done.Revision {
			t.Error("the back button approves nothing a second time")
		}
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_awaiting_cardholder", "order_approved", "order_approved"}) {
			t.Errorf("mails: %v", got)
		}
		if got := approvedJobs(t, k); !slices.Equal(got, []order.ID{l.ID}) {
			t.Errorf("production is told once: %v", got)
		}
		p := must[person.Person](t)(db.Read(ctx, k.DB, func(ctx context.Context, tx *db.Tx) (person.Person, error) {
			return person.ByIDTx(ctx, tx, h.Actor.Person)
		}))
		if p.Nationality != "SE" || p.Email != l.Claimed.Email || p.City != "Exempelstad" {
			t.Errorf("person: %+v", p)
		}
	})
}

// approvedJobs runs the jobs that production would take.
func approvedJobs(t *testing.T, k *ordertest.Kit) []order.ID {
	t.Helper()
	var got []order.ID
	r := job.NewRunner(k.DB, nil)
	job.Handle(r, func(_ context.Context, j *job.Job[order.LineApproved]) error {
		got = append(got, j.Args.Line)
		return nil
	})
	if err := r.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}

// Rows: 33. A link shows nothing by itself, and lives as long as the line waits.
func TestLink(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", k.Number()))
		token := k.Token(t, l.ID)
		if got := must[order.Link](t)(s.OpenLink(ctx, token)); got.Line != l.ID || got.Lang != l.Claimed.Lang {
			t.Errorf("link to %v", got)
		}
		if before, now := l.Revision, k.Line(t, l.ID); now.Revision != before || now.Person != uuid.Nil {
			t.Error("opening a link changes nothing")
		}
		_, err := s.OpenLink(ctx, "AAAAAAAAAAAAAAAAAAAAAA")
		wantCode(t, err, "order.link_unknown")
		stranger := k.Holder(t, "Nadja", "Berg")
		_, err = s.Approval(ctx, stranger.Actor, l.ID)
		wantCode(t, err, "order.not_yours")
		_, err = s.SignText(ctx, stranger.Actor, l.ID, l.Revision, "sv")
		wantCode(t, err, "order.not_yours")
		_, err = s.RejectByCardholder(ctx, stranger.Actor, l.ID, l.Revision, "no")
		wantCode(t, err, "order.not_yours")
		if lines := must[[]order.Line](t)(s.ForPerson(ctx, stranger.Actor)); len(lines) != 0 {
			t.Errorf("a stranger's lines: %+v", lines)
		}
		w := l.AsTyped()
		w.Surname = "Petrauskas"
		l = must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w))
		must[order.Link](t)(s.OpenLink(ctx, token))
		other := k.Awaiting(t, ordertest.Who("Nadja", "Berg", k.Number()))
		live := k.Token(t, other.ID)
		must[order.Line](t)(s.Cancel(ctx, k.Orderer, l.ID, l.Revision))
		_, err = s.OpenLink(ctx, token)
		wantCode(t, err, "order.link_unknown")
		if err := s.PurgeLinks(ctx); err != nil {
			t.Fatal(err)
		}
		must[order.Link](t)(s.OpenLink(ctx, live))
		left := must[int](t)(db.Read(ctx, k.DB, func(_ context.Context, tx *db.Tx) (int, error) {
			return db.Value[int](tx, "SELECT COUNT(*) FROM order_link WHERE line = $1", l.ID)
		}))
		if left != 0 {
			t.Errorf("%d dead links are left", left)
		}
	})
}

// Somebody else's BankID signs: refused, and the right person can go on.
func TestAnotherPersonsSignatureIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h, stranger := k.Holder(t, "Jonas", "Petraitis"), k.Holder(t, "Nadja", "Berg")
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", h.Number))
		must[order.Approval](t)(s.Contact(ctx, h.Actor, l.ID, ordertest.Contact()))
		b := must[eid.Begin](t)(s.SignText(ctx, h.Actor, l.ID, l.Revision, "sv"))
		b.Browser, b.PersonalNumber = ordertest.Browser, "" // a provider that doesn't look at the number
		tx := k.Provider.Complete(t, k.EID, b, eidtest.Person{PersonalNumber: string(stranger.Number), GivenName: "Nadja", Surname: "Berg"})
		_, err := s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, ordertest.Browser)
		wantCode(t, err, "order.not_yours")
		if now := k.Line(t, l.ID); now.State != order.AwaitingCardholder || now.Evidence != uuid.Nil {
			t.Errorf("nothing is lost: %+v", now)
		}
		must[order.Line](t)(s.Confirm(ctx, h.Actor, l.ID, l.Revision, k.Sign(t, h, l), ordertest.Browser))
	})
}

// A signature about other words, another card or another revision isn't one about this line.
func TestSignatureMustBeAboutThisCard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", h.Number))
		must[order.Approval](t)(s.Contact(ctx, h.Actor, l.ID, ordertest.Contact()))
		good := must[eid.Begin](t)(s.SignText(ctx, h.Actor, l.ID, l.Revision, "sv"))
		who := eidtest.Person{PersonalNumber: string(h.Number), GivenName: h.Given, Surname: h.Surname}
		for name, change := range map[string]func(text, hidden string) (string, string){
			"text": func(text, hidden string) (string, string) { return text + " Och en till.", hidden },
			"photo": func(text, hidden string) (string, string) {
				return text, strings.Replace(hidden, l.PhotoSHA256, strings.Repeat("0", 64), 1)
			},
			"hidden": func(text, _ string) (string, string) { return text, "{}" },
			"nonce": func(text, hidden string) (string, string) {
				return text, hidden[:strings.Index(hidden, `"nonce"`)] + `"nonce":""}`
			},
		} {
			b := good
			text, hidden := change(good.VisibleText, string(good.Hidden))
			b.VisibleText, b.Hidden, b.Browser = text, []byte(hidden), ordertest.Browser
			tx := k.Provider.Complete(t, k.EID, b, who)
			_, err := s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, ordertest.Browser)
			if !fault.Has(err, "order.signature_not_about_this") {
				t.Errorf("%s: %v", name, err)
			}
		}
		tx := k.Sign(t, h, l)
		w := l.AsTyped()
		w.Email = "new@post.example"
		changed := must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w))
		_, err := s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, ordertest.Browser)
		wantCode(t, err, "order.changed")
		_, err = s.Confirm(ctx, h.Actor, l.ID, changed.Revision, tx, ordertest.Browser)
		wantCode(t, err, "eid.wrong_subject")
	})
}

// Rows: 22, 38
func TestMismatchIsRepairedFromTheProof(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h := k.Holder(t, "JONAS", "PETRAITIS")
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petriatis", h.Number))
		a := must[order.Approval](t)(s.Approval(ctx, h.Actor, l.ID))
		if !a.Mismatch || !a.MayTakeOver || a.Fields[1].Same || a.Fields[1].Proven != "Petraitis" || len(a.Fields[1].ClaimedParts) < 3 || a.Shown.Code != "name_differs" {
			t.Fatalf("mismatch: %+v", a)
		}
		if v := must[order.View](t)(s.View(ctx, k.Orderer, l.ID)); v.Actions[0] != order.ActionTakeOverName || v.Fields[1].Proven != "Petraitis" {
			t.Errorf("the orderer sees it: %+v", v.Actions)
		}
		must[order.Approval](t)(s.Contact(ctx, h.Actor, l.ID, ordertest.Contact()))
		_, err := s.SignText(ctx, h.Actor, l.ID, l.Revision, "sv")
		wantCode(t, err, "order.identity_mismatch")
		repaired := must[order.Line](t)(s.TakeOverName(ctx, h.Actor, l.ID, l.Revision))
		if repaired.Claimed.Surname != "Petraitis" || repaired.Match != "m1" || repaired.State != order.AwaitingCardholder {
			t.Errorf("repaired: %+v", repaired.Claimed)
		}
		_, err = s.TakeOverName(ctx, h.Actor, l.ID, l.Revision)
		wantCode(t, err, "order.changed")
		_, err = s.TakeOverName(ctx, k.Orderer, l.ID, repaired.Revision)
		wantCode(t, err, "order.nothing_to_take_over")
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_awaiting_cardholder", "order_name_taken_over"}) {
			t.Errorf("mails: %v", got)
		}
		must[order.Line](t)(s.Confirm(ctx, h.Actor, l.ID, repaired.Revision, k.Sign(t, h, repaired), ordertest.Browser))

		// The orderer may do it as well; then the cardholder is told.
		h = k.Holder(t, "NADJA", "BERGSTRÖM")
		l = k.Awaiting(t, ordertest.Who("Nadja", "Bergman", h.Number))
		must[[]order.Line](t)(s.ForPerson(ctx, h.Actor))
		l = must[order.Line](t)(s.TakeOverName(ctx, k.Orderer, l.ID, l.Revision))
		if l.Claimed.Surname != "Bergström" {
			t.Errorf("taken over: %+v", l.Claimed)
		}
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_awaiting_cardholder", "order_changed"}) {
			t.Errorf("mails: %v", got)
		}
	})
}

// Rows: 22. A name that changed between sign-in and signature is noticed, and kept although the answer is an error.
func TestMismatchFoundOnlyInTheSignature(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", h.Number))
		h.Surname = "Lindqvist"
		tx := k.Sign(t, h, l)
		_, err := s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, ordertest.Browser)
		wantCode(t, err, "order.identity_mismatch")
		a := must[order.Approval](t)(s.Approval(ctx, h.Actor, l.ID))
		if !a.Mismatch || a.Fields[1].Proven != "Lindqvist" {
			t.Errorf("both sides see the new name: %+v", a.Fields)
		}
		l = must[order.Line](t)(s.TakeOverName(ctx, h.Actor, l.ID, l.Revision))
		must[order.Line](t)(s.Confirm(ctx, h.Actor, l.ID, l.Revision, k.Sign(t, h, l), ordertest.Browser))
	})
}

// Rows: 22, 23. The ladder: what matches, with which note, and which spelling stays.
func TestLadderAndNationality(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		for _, c := range []struct {
			given, surname, provenGiven, provenSurname, nationality string
			match, note                                             string
			verified                                                bool
		}{
			{"Åsa", "Öberg", "ÅSA", "ÖBERG", "SE", "m1", "", true},
			{"Anna", "Lind", "ANNA MARIA", "LIND", "SE", "m4", "middle_name", true},
			{"Anna-Lena", "Lind", "ANNA LENA", "LIND", "LT", "m2", "spelling", false},
			{"Anna", "Lind", "ANNA", "BERG", "LT", "mismatch", "", false},
		} {
			h := k.Holder(t, c.provenGiven, c.provenSurname)
			w := ordertest.Who(c.given, c.surname, h.Number)
			w.Nationality = c.nationality
			l := k.Awaiting(t, w)
			before := must[order.View](t)(s.View(ctx, k.Orderer, l.ID))
			if before.Fields[4].Note != "not_verified" {
				t.Errorf("%v: before proof the nationality isn't verified yet", c)
			}
			a := must[order.Approval](t)(s.Approval(ctx, h.Actor, l.ID))
			if a.Match != c.match || a.Fields[0].Note != c.note || a.Mismatch != (c.match == "mismatch") || (a.Fields[4].Note == "") != c.verified {
				t.Errorf("%v: %s, note %q, nationality note %q", c, a.Match, a.Fields[0].Note, a.Fields[4].Note)
			}
			if c.match != "mismatch" {
				done := must[order.Line](t)(s.Confirm(ctx, h.Actor, l.ID, l.Revision, k.Sign(t, h, l), ordertest.Browser))
				if done.Claimed.GivenName != c.given {
					t.Errorf("%v: the ordered spelling stays, got %s", c, done.Claimed.GivenName)
				}
			}
		}
	})
}

// Rows: 34, 39
func TestCardholderRejects(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", h.Number))
		_, err := s.RejectByCardholder(ctx, h.Actor, l.ID, l.Revision, "  ")
		wantCode(t, err, "order.reason_missing")
		l = must[order.Line](t)(s.RejectByCardholder(ctx, h.Actor, l.ID, l.Revision, "Fel arbetsgivare"))
		if l.State != order.RejectedByCardholder || l.RejectReason != "Fel arbetsgivare" || order.Shown(l).WaitsFor != "orderer" {
			t.Errorf("rejected: %+v", l)
		}
		_, err = s.SignText(ctx, h.Actor, l.ID, l.Revision, "sv")
		wantCode(t, err, "order.not_awaiting_cardholder")
		// Nothing has to be changed to ask again.
		l = must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, l.Revision, l.AsTyped()))
		if l.State != order.AwaitingCardholder || l.RejectReason != "" {
			t.Errorf("asked again: %+v", l)
		}
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_awaiting_cardholder", "order_rejected_by_cardholder", "order_awaiting_cardholder"}) {
			t.Errorf("mails: %v", got)
		}
	})
}

// Rows: 39, 40, 41, 42
func TestCorrectionsVoidWhatTheyMust(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", h.Number))
		must[[]order.Line](t)(s.ForPerson(ctx, h.Actor))
		w := l.AsTyped()
		w.Phone = "070-174 06 99"
		l = must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w))
		if l.State != order.AwaitingCardholder || l.Person != h.Actor.Person || l.Claimed.NumberHash == "" {
			t.Errorf("other data stays with the cardholder: %+v", l)
		}
		if got := mails(t, k, l.ID); !slices.Equal(got, []string{"order_awaiting_cardholder", "order_changed"}) {
			t.Errorf("the cardholder is told: %v", got)
		}
		l = must[order.Line](t)(s.ReplacePhoto(ctx, k.Orderer, l.ID, l.Revision, ordertest.Picture(1), photo.Crop{}))
		if l.State != order.Ordered || l.Attempts != 2 {
			t.Errorf("a photo goes back to review: %+v", l)
		}
		l = must[order.Line](t)(s.Pass(ctx, k.Reviewer, l.ID, l.Revision))
		if got := mails(t, k, l.ID); got[len(got)-1] != "order_changed" {
			t.Errorf("the cardholder is told of the photo: %v", got)
		}
		// Another number: another person. Nothing of the first one's proof stays.
		w = l.AsTyped()
		w.PersonalNumber, w.BirthDate = k.Number().Long(), ""
		l = must[order.Line](t)(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w))
		if l.Person != uuid.Nil || l.Proven != nil || l.Match != "" || l.NationalityProven {
			t.Errorf("the proof is void: %+v", l)
		}
		_, err := s.Approval(ctx, h.Actor, l.ID)
		wantCode(t, err, "order.not_yours")
		stale := l.Revision - 1
		_, err = s.Correct(ctx, k.Orderer, l.ID, stale, w)
		wantCode(t, err, "order.changed")
		_, err = s.Cancel(ctx, k.Orderer, l.ID, stale)
		wantCode(t, err, "order.changed")

		done := k.Approved(t, k.Holder(t, "Nadja", "Berg"))
		for name, err := range map[string]error{
			"correct": second(s.Correct(ctx, k.Orderer, done.ID, done.Revision, done.AsTyped())),
			"photo":   second(s.ReplacePhoto(ctx, k.Orderer, done.ID, done.Revision, ordertest.Picture(1), photo.Crop{})),
			"cancel":  second(s.Cancel(ctx, k.Orderer, done.ID, done.Revision)),
		} {
			if !fault.Has(err, "order.locked") {
				t.Errorf("%s of an approved line: %v", name, err)
			}
		}
	})
}

// The cardholder signs while the orderer corrects: one wins, and what is approved is what was signed.
func TestApproveWhileCorrecting(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		for range 4 {
			h := k.Holder(t, "Jonas", "Petraitis")
			l := k.Awaiting(t, ordertest.Who("Jonas", "Petraitis", h.Number))
			tx := k.Sign(t, h, l)
			w := l.AsTyped()
			w.Surname = "Petrauskas"
			errs := race(
				func() error { return second(s.Confirm(ctx, h.Actor, l.ID, l.Revision, tx, ordertest.Browser)) },
				func() error { return second(s.Correct(ctx, k.Orderer, l.ID, l.Revision, w)) },
			)
			now := k.Line(t, l.ID)
			switch {
			case errs[0] == nil && errs[1] != nil && now.State == order.Approved && now.Claimed.Surname == "Petraitis":
			case errs[1] == nil && fault.Has(errs[0], "order.changed") && now.State == order.AwaitingCardholder && now.Claimed.Surname == "Petrauskas":
			default:
				t.Errorf("%v: %s %s", errs, now.State, now.Claimed.Surname)
			}
			if fault.KindOf(errors.Join(errs...)) != fault.Conflict {
				t.Errorf("told as a conflict: %v", errs)
			}
		}
	})
}

// No personal number reaches the journal, whatever happens.
func TestJournalHasNoPersonalNumber(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx := t.Context()
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.Approved(t, h)
		n := must[person.PersonalNumber](t)(k.Orders.RevealNumber(ctx, k.Orderer, l.ID))
		if n != h.Number {
			t.Error("the orderer may see the number")
		}
		v := must[order.View](t)(k.Orders.View(ctx, k.Orderer, l.ID))
		if last := v.Events[len(v.Events)-1]; last.Kind != "order.number_revealed" || last.By.Name != k.Orderer.Name {
			t.Errorf("the look leaves a trace: %+v", last)
		}
		for _, e := range v.Events {
			for key, value := range e.Data {
				if strings.Contains(value, string(h.Number)) || strings.Contains(value, h.Number.Long()) {
					t.Errorf("%s: %s holds the number", e.Kind, key)
				}
			}
		}
		_, err := k.Orders.RevealNumber(ctx, actor.Actor{Role: actor.Finance}, l.ID)
		wantCode(t, err, "order.not_allowed")
	})
}
