package cardportal_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

// Rows: 52, 54, 55, 56, 57, 58
func TestActivationShowsThePINOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newKit(t, d)
		h, c := k.holder("Jonas", "Petraitis")
		k.signIn(h)
		k.stale()
		page := k.browser.Get("/me").Is(200).Check().Has("Aktivera kortet från " + k.Company.Name)
		page = page.Follow("Aktivera kortet").At(before(c) + "/activate").Is(200).Check()
		if len(page.All("input#digits")) > 0 {
			t.Error("digits are asked for before the identification that they need")
		}
		page = k.approveIn(page.Form("/activate").Submit(""), h).At(before(c) + "/activate").Is(200).Check()
		page.Has("De sex sista siffrorna", c.Number.Masked()[:8])
		if strings.Contains(page.Text(), c.Number.LastSix()) {
			t.Error("the page shows the digits that prove that the card is in the hand")
		}

		page = page.Form("/activate").Set("digits", "12").Submit("").Is(422).Check().Has("Skriv de sex sista siffrorna")
		if got := page.Form("/activate").Value("digits"); got != "12" {
			t.Errorf("digits are %q, what was typed is lost", got)
		}
		page = page.Form("/activate").Set("digits", wrong(c)).Submit("").Is(422).Check().Has("4 försök")
		page = page.Form("/activate").Set("digits", c.Number.LastSix()).Submit("").Is(200).Check().Has("Kortet är aktivt", "Din PIN-kod")
		neverKept(t, page)
		pin := digits(page)
		if len(pin) != 4 {
			t.Fatalf("PIN is %q", pin)
		}

		// Sent twice, the second leads to the card, without the PIN.
		again := k.browser.Post(path(c)+"/activate", url.Values{"digits": {c.Number.LastSix()}}).At(path(c)).Is(200).Check()
		again.Has("Aktivt", "Visa PIN-kod")
		if digits(again) != "" {
			t.Error("the card's page shows the PIN")
		}
		k.browser.Get(path(c) + "/activate").At(path(c))

		// Show PIN, as often as one likes, with the whole number.
		k.stale()
		page = again.Follow("Visa PIN-kod").Is(200).Check()
		page = k.approveIn(page.Form("/pin").Submit(""), h).At(path(c) + "/pin").Is(200).Check()
		page = page.Form("/pin").Set("number", "BB-1234").Submit("").Is(422).Check().Has("Skriv alla tio siffror efter BB")
		page = page.Form("/pin").Set("number", strings.ToLower(strings.ReplaceAll(string(c.Number), "-", " "))).Submit("").Is(200).Check()
		neverKept(t, page)
		if digits(page) != pin {
			t.Errorf("PIN is %s, was %s at the activation", digits(page), pin)
		}
		// The letters stand before the field: the digits alone are enough.
		page = k.browser.Get(path(c)+"/pin").Form("/pin").Set("number", string(c.Number)[3:]).Submit("").Is(200)
		if digits(page) != pin {
			t.Error("the ten digits don't show the PIN")
		}
	})
}

// wrong are six digits of another card.
func wrong(c card.Card) string {
	if c.Number.LastSix() == "000000" {
		return "000001"
	}
	return "000000"
}

func neverKept(t *testing.T, p *webtest.Page) {
	t.Helper()
	if got := p.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("page with a PIN has Cache-Control %q", got)
	}
	if strings.Contains(p.Path, digits(p)) && !strings.Contains(p.Path, "/me/cards/") {
		t.Errorf("PIN in the address %s", p.Path)
	}
}

// digits are those of the PIN on a page.
func digits(p *webtest.Page) string {
	var out string
	for _, n := range p.All("span[data-secret]") {
		out += n.Text()
	}
	return out
}

// Row: 52
func TestWrongDigitsLock(t *testing.T) {
	k := one(t)
	h, c := k.holder("Jonas", "Petraitis")
	k.signIn(h)
	page := k.browser.Get(path(c) + "/activate")
	for range card.MaxTries - 1 {
		page = page.Form("/activate").Set("digits", wrong(c)).Submit("").Is(422)
	}
	page = page.Form("/activate").Set("digits", wrong(c)).Submit("").Is(429).Check().Has("Vänta 15 minuter")
	page = page.Form("/activate").Set("digits", c.Number.LastSix()).Submit("").Is(429).Check().Has("Vänta 15 minuter")
	if wait := page.Header.Get("Retry-After"); wait != "900" {
		t.Errorf("programs are told to wait %q seconds", wait)
	}
	if now := k.card(h, c); now.State != card.Produced {
		t.Errorf("card is %s", now.State)
	}
}

func TestDigitsWithoutFreshIdentificationLeadToIt(t *testing.T) {
	k := one(t)
	h, c := k.holder("Jonas", "Petraitis")
	k.signIn(h)
	k.stale()
	page := k.browser.Post(path(c)+"/activate", url.Values{"digits": {c.Number.LastSix()}}).Is(200)
	if !strings.HasPrefix(page.Path, "/eid/") {
		t.Fatalf("at %s, want the identification", page.Path)
	}
	// Somebody else's BankID is refused, and the way back is there.
	k.Provider.Approve(person(k.Holder(t, "Milda", "Kazlauskienė")))
	page = k.after(page)
	if now := k.card(h, c); now.State != card.Produced {
		t.Errorf("card is %s", now.State)
	}
	page.Follow("Försök igen").At(before(c) + "/activate")
}

// Rows: 61, 64, 154
func TestBlockTheOwnCard(t *testing.T) {
	k := one(t)
	_, c := k.holder("Jonas", "Petraitis")
	h, a := k.active("Milda", "Kazlauskienė")
	k.browser.Get(path(c) + "/block").Is(404)
	page := k.browser.Get(path(a)).Is(200).Check().Follow("Blockera kortet").Is(200).Check()
	page.Has("Blockera kortet?", "stoppas direkt", "öppna det igen").HasNot("Årsavgift")
	page = page.Form("/block").Submit("Blockera kortet").Is(422).Check().Has("Välj varför")
	page = page.Form("/block").Set("reason", "other").Submit("Blockera kortet").Is(422).Check().Has("Skriv vad som har hänt")
	page = page.Form("/block").Set("reason", "lost").Set("note", "").Submit("Blockera kortet").Is(200).At(path(a)).Check()
	page.Has("Kortet är blockerat", "Blockerat", "kan öppna det igen").HasNot("Visa PIN-kod")
	if now := k.card(h, a); now.State != card.Blocked || now.BlockReason != card.ReasonLost {
		t.Errorf("card is %s, %s", now.State, now.BlockReason)
	}
	// Pressed twice is done once.
	k.browser.Post(path(a)+"/block", url.Values{"revision": {"1"}, "reason": {"lost"}}).Is(200).At(path(a))
	k.browser.Get(path(a) + "/block").At(path(a))
	k.browser.Get(path(a) + "/pin").At(path(a))
}

func TestBlockSaysWhoWasFirst(t *testing.T) {
	k := one(t)
	h, c := k.active("Jonas", "Petraitis")
	form := k.browser.Get(path(c)+"/block").Form("/block").Set("reason", "stolen")
	orderer := k.Orderer
	b, err := k.cards.Block(t.Context(), orderer, c.ID, c.Revision, card.ReasonLeave, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.cards.Unblock(t.Context(), orderer, c.ID, b.Revision, ""); err != nil {
		t.Fatal(err)
	}
	form.Submit("Blockera kortet").Is(409).Check().Has("Någon annan hann före")
	if now := k.card(h, c); now.State != card.Active {
		t.Errorf("card is %s", now.State)
	}
}

func TestWhyACardDoesNotWork(t *testing.T) {
	k := one(t)
	_, c := k.active("Jonas", "Petraitis")
	k.browser.Get(path(c)).Is(200).Check().Has("Fungerar kortet inte vid grinden?", "Håll kortet stilla", "Vifta inte")
	officer := actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
	if _, err := k.Companies.Hold(t.Context(), officer, k.Company.ID, company.Unpaid, ""); err != nil {
		t.Fatal(err)
	}
	page := k.browser.Get(path(c)).Is(200).Check().Has("Pausat", "Kortet är inte aktivt", "Din arbetsgivare kan lösa det.")
	page.HasNot("avgift", "betal")
	k.speak("en")
	k.browser.Get(path(c)).Is(200).Check().Has("The card is not active", "Your employer can solve it.")
	k.browser.Get("/me").Is(200).Check().Has("Paused")
}

func TestOthersCardsAreNotThere(t *testing.T) {
	k := one(t)
	_, theirs := k.active("Jonas", "Petraitis")
	k.browser = k.newBrowser("sv")
	k.signIn(k.Holder(t, "Milda", "Kazlauskienė"))
	for _, end := range []string{"", "/activate", "/pin", "/block"} {
		for _, number := range []string{string(theirs.Number), "BB-0000-000000", "nonsense"} {
			k.browser.Get("/me/cards/" + number + end).Is(404).HasNot("Jonas")
			if end != "" {
				k.browser.Post("/me/cards/"+number+end, url.Values{"digits": {theirs.Number.LastSix()}, "number": {number}, "reason": {"lost"}, "revision": {"2"}}).Is(404)
			}
		}
	}
	k.browser.Get("/me/photo/" + theirs.Line.String()).Is(404)
	k.browser.Get("/me/photo/nonsense").Is(404)
	k.browser.Get("/me").Is(200).Check().Has("Inga kort än").HasNot("Jonas")
}

func TestCardPageInBothLanguages(t *testing.T) {
	k := one(t)
	h, c := k.holder("Jonas", "Petraitis")
	k.signIn(h)
	for lang, want := range map[string][]string{
		"sv": {"Ej aktiverat", "Var kortet är", "Skickat till", "RR123", "Det som har hänt", "Kortet tillverkades"},
		"en": {"Not activated", "Where the card is", "Sent to", "RR123", "What has happened"},
	} {
		k.speak(lang)
		k.browser.Get(path(c)).Is(200).Check().Has(want...).Has(k.Company.Name, "Jonas Petraitis", c.Number.Masked())
		k.browser.Get("/me").Is(200).Check()
		k.browser.Get(path(c) + "/activate").Is(200).Check()
		k.browser.Get("/me/approve/" + c.Line.String()).At("/me/approve/" + c.Line.String() + "/done").Is(200).Check()
	}
	photo := k.browser.Get("/me/photo/" + c.Line.String() + "?v=1").Is(200)
	if got := photo.Header.Get("Content-Type"); got != "image/jpeg" {
		t.Errorf("photo is %s", got)
	}
}

func TestSignedOutLeadsToSigningIn(t *testing.T) {
	k := one(t)
	for _, p := range []string{"/me", "/me/account", "/me/cards/BB-1234-567897", "/me/approve/" + db.NewID().String()} {
		k.browser.Get(p).Is(200).At("/signin?next=" + url.QueryEscape(p))
	}
}

func TestAccount(t *testing.T) {
	k := one(t)
	h := k.Holder(t, "Jonas", "Petraitis")
	k.signIn(h)
	first := k.browser
	k.browser = k.newBrowser("sv")
	k.signIn(h)
	page := k.browser.Get("/me/account").Is(200).Check().Has("Här är du inloggad", "Den här enheten", "Logga ut överallt")
	page.Form("/end").Submit("").Is(200).At("/me/account").Has("Enheten är utloggad")
	first.Get("/me").At("/signin?next=" + url.QueryEscape("/me"))
	k.browser.Post("/me/account/sessions/nonsense/end", nil).Is(404)

	// The language counts for the account, also where the browser had another.
	k.browser.SetCookie("__Host-lang", "sv")
	page = k.browser.Get("/me/account").Form("/me/account/lang").Submit("English").Is(200).Check().Has("The language is changed", "Account")
	if got := k.browser.Cookie("__Host-lang"); got != "" {
		t.Errorf("the browser still says %q", got)
	}
	page.Form("/signout/everywhere").Submit("")
	k.browser.Get("/me").At("/signin?next=" + url.QueryEscape("/me"))
}
