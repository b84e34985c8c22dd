package cardportal_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
)

// public are the pages of the site, which this engine leaves out.
var public = []string{"GET /", "GET /check", "GET /accessibility", "GET /privacy"}

// Rows: 33, 35, 36, 37, 133, 134, 136
func TestFromTheMailToConfirmedCardData(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newKit(t, d)
		h := k.Holder(t, "Jonas", "Petraitis")
		l := k.awaiting(h, "Jonas", "Petraitis")
		link := "/a/" + k.Token(t, l.ID)

		// Opening the link changes nothing and shows nothing of the order.
		before := k.Line(t, l.ID)
		page := k.browser.Get(link).Is(200).Check().Has("Ett kort väntar på dig")
		page.HasNot("Jonas", "Petraitis", k.Company.Name, l.Claimed.Masked, l.OrderNumber)
		if after := k.Line(t, l.ID); after.Revision != before.Revision || after.Proven != nil {
			t.Error("opening the link changed the line")
		}

		page = k.approveIn(page.Form("/signin/bankid").Submit(""), h).Is(200).At("/me/approve/" + l.ID.String()).Check()
		page.Has("Stämmer det här, Jonas?", "Jonas Petraitis", l.Claimed.Masked, k.Company.Name, l.ValidUntil.String(), "Standardkort",
			"Sverige", "Alva Lindström", "Furuborg, kontoret")
		page.HasNot(h.Number.Long(), string(h.Number))
		page.One(`svg[role=img]`)

		// What is missing is asked for on the page itself; what was typed is kept.
		form := page.Form("Godkänn med BankID").Set("phone", "070-174 06 05").Set("street", "Provgatan 1").Set("postcode", "12").Set("city", "Exempelstad")
		page = form.Submit("Godkänn med BankID").Is(422).Check()
		if got := page.Form("Godkänn med BankID").Value("street"); got != "Provgatan 1" {
			t.Errorf("street is %q, what was typed is lost", got)
		}
		page = page.Form("Godkänn med BankID").Set("postcode", "444 44").Submit("Godkänn med BankID").Is(200).Check()
		if !strings.HasPrefix(page.Path, "/eid/") {
			t.Fatalf("at %s, want the signature", page.Path)
		}
		page.Has("Skriv under med BankID", "Petraitis")
		page = k.approveIn(page, h).Is(200).At("/me/approve/" + l.ID.String() + "/done").Check()
		page.Has("Du har godkänt kortet", "Nästa steg: aktivera kortet")
		for _, dead := range page.Dead(k.engine) {
			if !slices.Contains(public, dead) {
				t.Errorf("dead link %s", dead)
			}
		}
		if now := k.Line(t, l.ID); now.State != order.Approved || now.Evidence == (order.ID{}) {
			t.Errorf("line is %s", now.State)
		}
		// Going back, or opening the mail again, says that it is done.
		k.browser.Get(link).At("/me/approve/" + l.ID.String() + "/done")
		k.browser.Get("/me").Is(200).Check().Has("På väg", k.Company.Name)
	})
}

// Each missing detail says which one it is, in the order of the page, wherever
// it was noticed. The terms that are signed stand on the page.
func TestMissingContactDetailsAreNamed(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.awaiting(h, "Jonas", "Petraitis")
	k.signIn(h)
	page := k.browser.Get("/me/approve/"+l.ID.String()).Is(200).Has("Du skriver under på att du har läst villkoren", order.TermsVersion, "Låna inte ut det")
	page = page.Form("Godkänn med BankID").Set("phone", "").Submit("Godkänn med BankID").Is(422).Check()
	inOrder(t, page.Body, "Mobilnumret saknas", "Gatuadressen saknas", "Postnumret saknas", "Orten saknas")
	page = page.Form("Godkänn med BankID").Set("phone", "12").Set("street", "Provgatan 1").Submit("Godkänn med BankID").Is(422).Check()
	inOrder(t, page.Body, "Telefonnumret", "Postnumret saknas", "Orten saknas")
}

func inOrder(t *testing.T, body string, words ...string) {
	t.Helper()
	for _, w := range words {
		_, after, found := strings.Cut(body, w)
		if !found {
			t.Fatalf("%q isn't on the page, or not in its place", w)
		}
		body = after
	}
}

func TestApprovalIsInEnglishToo(t *testing.T) {
	k := one(t)
	k.speak("en")
	h := k.Holder(t, "Piotr", "Wiśniewski")
	l := k.awaiting(h, "Piotr", "Wiśniewski")
	page := k.browser.Get("/a/" + k.Token(t, l.ID)).Is(200).Check().Has("A card is waiting for you")
	page = k.approveIn(page.Form("/signin/bankid").Submit(""), h).Is(200).Check()
	page.Has("Is this right, Piotr?", "Standard card", "Sweden", "Your contact details", "No, something is wrong")
	page.Follow("No, something is wrong").Is(200).Check().Has("What is wrong?")
	page = page.Form("Approve with BankID").Set("phone", "0701740605").Set("street", "Provgatan 1").Set("postcode", "44444").Set("city", "Exempelstad").Submit("")
	k.approveIn(page, h).Is(200).Check().Has("You have approved the card", "Next step: activate the card")
}

// Rows: 10, 11, 138
func TestAMismatchIsRepairedByOnePress(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.awaiting(h, "Jonas", "Petriatis")
	k.signIn(h)
	k.contact(h, l)
	for lang, want := range map[string]string{"sv": "Ditt namn är ett annat i BankID", "en": "Your name is different in BankID"} {
		k.speak(lang)
		page := k.browser.Get("/me/approve/"+l.ID.String()).Is(200).Check().Has(want, "Jonas Petraitis")
		if len(page.All("del")) == 0 || len(page.All("ins")) == 0 {
			t.Error("the letters that differ aren't marked")
		}
		if len(page.All("form")) == 0 || strings.Contains(page.Body, "Godkänn med BankID") {
			t.Error("a name that differs can be signed")
		}
	}
	k.speak("sv")
	page := k.browser.Get("/me/approve/" + l.ID.String())
	// Nothing can be signed before the repair, whatever is posted.
	refused := k.browser.Post("/me/approve/"+l.ID.String(), url.Values{"revision": {strconv.FormatInt(l.Revision, 10)}})
	refused.Is(409).Has("Ditt namn är ett annat i BankID")

	page = page.Form("/name").Submit("Använd Jonas Petraitis").Is(200).At("/me/approve/"+l.ID.String()).Check().Has("Namnet är nu Jonas Petraitis", "Stämmer det här, Jonas?")
	page.HasNot("Din arbetsgivare har ändrat något")
	page = k.approveIn(page.Form("Godkänn med BankID").Submit("Godkänn med BankID"), h)
	page.Is(200).Has("Du har godkänt kortet")
	if now := k.Line(t, l.ID); now.Claimed.Surname != "Petraitis" || now.State != order.Approved {
		t.Errorf("line is %s for %s", now.State, now.Claimed.Surname)
	}
}

// A name that can't be printed as it is: the page says so to the cardholder, and who can help.
func TestANameThatNeedsAShortFormIsTheEmployers(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", strings.Repeat("Wolfeschlegelsteinhausen", 3))
	l := k.awaiting(h, "Jonas", "Petriatis")
	k.signIn(h)
	page := k.browser.Get("/me/approve/" + l.ID.String()).Is(200)
	page.Form("/name").Submit("").Is(409).Check().Has("Din arbetsgivare måste först skriva en kortare form", "Fråga min arbetsgivare först")
	if now := k.Line(t, l.ID); now.Claimed.Surname != "Petriatis" {
		t.Errorf("the line says %s", now.Claimed.Surname)
	}
}

func TestAskTheEmployerFirst(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.awaiting(h, "Jonas", "Petriatis")
	k.signIn(h)
	page := k.browser.Get("/me/approve/" + l.ID.String()).Follow("Fråga min arbetsgivare först").Is(200).Check()
	page.Form("/reject").Submit("").Is(200).Check().Has(k.Company.Name+" har fått ditt svar", "Petraitis")
	if now := k.Line(t, l.ID); now.State != order.RejectedByCardholder || !strings.Contains(now.RejectReason, "Jonas Petraitis") {
		t.Errorf("line is %s: %q", now.State, now.RejectReason)
	}
}

func TestRejectAsksForAReason(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.awaiting(h, "Jonas", "Petraitis")
	k.signIn(h)
	page := k.browser.Get("/me/approve/" + l.ID.String()).Follow("Nej, något är fel").Is(200).Check()
	page = page.Form("/reject").Set("about", "other").Submit("").Is(422).Check().Has("Skriv vad som är fel")
	page.Form("/reject").Set("reason", "Företaget heter något annat.").Submit("").Is(200).At("/me/approve/"+l.ID.String()).Check().
		Has("Företaget heter något annat.", "rättar det")
	k.browser.Get("/me/approve/" + l.ID.String() + "/reject").At("/me/approve/" + l.ID.String())
	k.browser.Get("/me").Is(200).Has("Behöver rättas")
}

// Row: 133
func TestAForwardedLinkShowsNothing(t *testing.T) {
	k := one(t)
	owner, other := k.Holder(t, "Jonas", "Petraitis"), k.Holder(t, "Milda", "Kazlauskienė")
	l := k.awaiting(owner, "Jonas", "Petraitis")
	for lang, want := range map[string]string{"sv": "Det här är inte din beställning", "en": "This is not your order"} {
		k.browser = k.newBrowser(lang)
		k.speak(lang)
		page := k.browser.Get("/a/" + k.Token(t, l.ID))
		k.exec("DELETE FROM order_link WHERE line = $1", l.ID)
		page = k.approveIn(page.Form("/signin/bankid").Submit(""), other).Is(403).Check().Has(want, "Milda")
		page.HasNot("Jonas", "Petraitis", k.Company.Name, l.OrderNumber, l.Claimed.Masked)
	}
	base := "/me/approve/" + l.ID.String()
	for _, p := range []string{base, base + "/done", base + "/reject"} {
		k.browser.Get(p).Is(403).HasNot("Jonas", k.Company.Name)
	}
	for _, p := range []string{base, base + "/contact", base + "/name", base + "/reject"} {
		form := url.Values{"revision": {strconv.FormatInt(l.Revision, 10)}, "reason": {"x"}, "phone": {"0701740605"}}
		k.browser.Post(p, form).Is(403).HasNot("Jonas", k.Company.Name)
	}
	k.browser.Get("/me/photo/" + l.ID.String()).Is(404)
	if now := k.Line(t, l.ID); now.State != order.AwaitingCardholder || now.Revision != l.Revision {
		t.Errorf("line is %s", now.State)
	}
	// The right person can go on from there.
	page := k.browser.Get(base).Form("/signin/bankid").Submit("")
	k.approveIn(page, owner).Is(200).At(base).Has("Jonas")
}

func TestASignatureThatCameToNothingLosesNothing(t *testing.T) {
	k := one(t)
	h, other := k.Holder(t, "Jonas", "Petraitis"), k.Holder(t, "Milda", "Kazlauskienė")
	l := k.awaiting(h, "Jonas", "Petraitis")
	k.signIn(h)
	k.contact(h, l)
	base := "/me/approve/" + l.ID.String()

	for name, fail := range map[string]func(){
		"cancelled in the app": func() { k.Provider.Fail("userCancel") },
		"expired":              func() { k.Provider.Fail("expiredTransaction") },
		"another person":       func() { k.Provider.Approve(person(other)) },
	} {
		t.Run(name, func(t *testing.T) {
			page := k.browser.Get(base).Form("Godkänn med BankID").Submit("Godkänn med BankID").Is(200)
			fail()
			page = k.after(page).Is(200).Check()
			page.Follow("Försök igen").At(base).Is(200)
			if now := k.Line(t, l.ID); now.State != order.AwaitingCardholder {
				t.Errorf("line is %s", now.State)
			}
		})
	}
	t.Run("cancelled here", func(t *testing.T) {
		page := k.browser.Get(base).Form("Godkänn med BankID").Submit("Godkänn med BankID").Is(200)
		page.Form("/cancel").Submit("").At(base).Is(200).Has("Inget är förlorat")
	})
	t.Run("corrected meanwhile", func(t *testing.T) {
		page := k.browser.Get(base).Form("Godkänn med BankID").Submit("Godkänn med BankID").Is(200)
		if _, err := k.Orders.Correct(t.Context(), k.Orderer, l.ID, l.Revision, ordertest.Who("Jonas", "Petraitis Berg", h.Number)); err != nil {
			t.Fatal(err)
		}
		k.approveIn(page, h).Is(409).Has("ändrat")
		k.browser.Get(base).Is(200).Check()
	})
}

func TestASessionThatEndedDuringTheSignatureComesBackToIt(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.awaiting(h, "Jonas", "Petraitis")
	k.signIn(h)
	k.contact(h, l)
	sign := k.browser.Get("/me/approve/" + l.ID.String()).Form("Godkänn med BankID").Submit("Godkänn med BankID").Is(200)
	k.browser.SignOut()
	page := k.approveIn(sign, h).Is(200).At("/signin?next=" + url.QueryEscape(sign.Path))
	k.approveIn(page.Form("/signin/bankid").Submit(""), h).Is(200).At("/me/approve/" + l.ID.String() + "/done")
}

func TestWhatChangedWhileOneLookedIsSaid(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.awaiting(h, "Jonas", "Petraitis")
	k.signIn(h)
	k.contact(h, l)
	form := k.browser.Get("/me/approve/" + l.ID.String()).Form("Godkänn med BankID")
	who := ordertest.Who("Jonas", "Petraitis", h.Number)
	who.Phone = "070-174 06 06"
	if _, err := k.Orders.Correct(t.Context(), k.Orderer, l.ID, l.Revision, who); err != nil {
		t.Fatal(err)
	}
	page := form.Submit("Godkänn med BankID").Is(409).Check().Has("Din arbetsgivare har ändrat något", "mobil")
	// The page has the line as it is now: the same button works.
	page = page.Form("Godkänn med BankID").Submit("Godkänn med BankID").Is(200)
	k.approveIn(page, h).Has("Du har godkänt kortet")
}

func TestContactCanBeChangedBeforeSigning(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.awaiting(h, "Jonas", "Petraitis")
	k.signIn(h)
	k.contact(h, l)
	page := k.browser.Get("/me/approve/" + l.ID.String()).Has("Provgatan 1")
	page = page.Follow("Ändra").Is(200).Check()
	page = page.Form("Godkänn med BankID").Set("street", "Nygatan 2").Submit("Spara utan att godkänna").Is(200)
	page.At("/me/approve/"+l.ID.String()).Has("Nygatan 2", "Dina kontaktuppgifter är sparade")
	if now := k.Line(t, l.ID); now.State != order.AwaitingCardholder {
		t.Errorf("line is %s", now.State)
	}
}

func TestLinesThatWaitForSomebodyElse(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	l := k.Ordered(t, ordertest.Who("Jonas", "Petraitis", h.Number))
	k.signIn(h)
	k.browser.Get("/me/approve/" + l.ID.String()).Is(200).Check().Has("Vi granskar fotot")
	k.browser.Get("/me/approve/" + l.ID.String() + "/done").At("/me/approve/" + l.ID.String())
	if _, err := k.Orders.Cancel(t.Context(), k.Orderer, l.ID, l.Revision); err != nil {
		t.Fatal(err)
	}
	k.browser.Get("/me/approve/" + l.ID.String()).Is(200).Check().Has("Beställningen är avbruten")
	k.browser.Get("/me").Is(200).Has("Inga kort än")
}

func TestAnOldLinkSaysWhatToDo(t *testing.T) {
	k := one(t)
	k.browser.Get("/a/does-not-exist").Is(404).Check().Has("Länken gäller inte längre", "Be din arbetsgivare")
	k.speak("en")
	k.browser.Get("/a/does-not-exist").Is(404).Check().Has("The link is no longer valid")
}
