package orderportal_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

// fillWho types somebody into the first page of the form.
func fillWho(p *webtest.Page, w order.Who) *webtest.Form {
	return p.Form("Fortsätt").Set("given_name", w.GivenName).Set("surname", w.Surname).Set("nationality", w.Nationality).
		Set("personal_number", w.PersonalNumber).Set("email", w.Email).Set("phone", w.Phone).Set("lang", "sv")
}

// upload adds a photo and goes on.
func upload(k *kit, p *webtest.Page) *webtest.Page {
	k.t.Helper()
	p = p.Form("Ladda upp").File("photo", "amina.jpg", ordertest.Picture(0).JPEG).Submit("Ladda upp fotot").Is(200)
	return k.look(p)
}

// Rows: 35, 36, 37, 38, 39
func TestAnOrderIsFilledInLookedOverAndSent(t *testing.T) {
	each(t, func(k *kit) {
		w := ordertest.Who("Amina", "Warsame", k.Number())
		p := k.open(k.alva, k.base).Has("God ", "Alva", "Tre steg till det första kortet")
		p = k.look(p.Form("Beställ det första kortet").Submit("")).Is(200).Has("Vem ska ha kortet?", "Så här blir kortet")
		p = k.look(fillWho(p, w).Submit("Fortsätt")).Is(200).Has("Vilket kort behöver Amina?", "80,00 kr")
		p = k.look(p.Form("Fortsätt").Submit("Fortsätt")).Is(200).Has("Foto på Amina")
		p = upload(k, p).Has("Fotot ser bra ut", "Att det är Amina avgör granskaren")
		p = p.Form("photo/crop").Submit("Närmare").Is(200).Has("Fotot")
		p = k.look(p.Form("Använd fotot").Submit("Använd fotot")).Is(200).Has("Vart ska kortet skickas?", "Sågverksgatan 4")
		p = k.look(p.Form("Fortsätt").Set("reference", "KV-EKEN-2204").Submit("Fortsätt")).Is(200)
		p.Has("Granska beställningen", "Amina Warsame", w.PersonalNumber, "Sverige (inte kontrollerat än)", "KV-EKEN-2204", "Ett aktivt kort kostar 80,00 kr")
		review := p
		p = k.look(p.Form("Skicka beställningen").Submit("Skicka beställningen")).Is(200).Has("Beställningen är skickad", "Amina Warsame", "Granskas", "Väntar på granskaren")
		sent := p.Path

		again := review.Form("Skicka beställningen").Submit("Skicka beställningen").Is(200)
		if again.Path != sent {
			t.Errorf("sending the same page again led to %s, want %s", again.Path, sent)
		}
		if p := k.alva.Get(strings.TrimSuffix(review.Path, "review") + "who"); p.Path != sent {
			t.Errorf("going back in the form led to %s, want the order", p.Path)
		}
		k.open(k.alva, k.base+"/orders").Has("Amina Warsame", "Granskas")
	})
}

// Rows: 35
func TestWhatWasTypedIsKeptAndSaidInWords(t *testing.T) {
	each(t, func(k *kit) {
		p := k.alva.Get(k.base + "/orders/new").Is(200).Form("Börja en ny").Submit("Börja en ny").Is(200)
		w := ordertest.Who("Amina", "Warsame", k.Number())
		w.PersonalNumber = w.PersonalNumber[:12] + string('0'+(w.PersonalNumber[12]-'0'+1)%10)
		w.Email = "inte en adress"
		p = k.look(fillWho(p, w).Submit("Fortsätt")).Is(422).Has("Det finns 2 saker att rätta", "De fyra sista siffrorna")
		if got := p.Form("Fortsätt").Value("personal_number"); got != w.PersonalNumber {
			t.Errorf("the number that was typed became %q", got)
		}
		if got := k.alva.Get(p.Path).Form("Fortsätt").Value("email"); got != w.Email {
			t.Errorf("after a closed browser the address is %q, want what was typed", got)
		}
		k.open(k.alva, k.base+"/orders").Has("Utkast", "Amina Warsame").Follow("Fortsätt").Is(200).Has("Vem ska ha kortet?")

		closed := fillWho(k.alva.Get(p.Path), w).Submit("Spara och stäng").Is(200).At(k.base + "/orders")
		closed.Has("Utkastet är sparat")
		gone := k.look(closed.Follow("Släng")).Has("Släng utkastet?").Form("discard").Submit("Släng utkastet").Is(200)
		gone.Has("Utkastet är borttaget").HasNot("Amina")
	})
}

// Rows: 35
func TestNamesThatCannotBePrintedAreAskedForInAShortForm(t *testing.T) {
	each(t, func(k *kit) {
		p := k.alva.Get(k.base + "/orders/new").Form("Börja en ny").Submit("")
		w := ordertest.Who(strings.Repeat("Maximiliana ", 8)+"Ida", "Featherstonehaugh-Cholmondeley-Wriothesley", k.Number())
		p = k.look(fillWho(p, w).Submit("Fortsätt")).Is(422).Has("Så här ska namnet stå på kortet", "kortare form")
		p = fillWho(p, w).Set("short_given", "Maximiliana").Set("short_surname", "Featherstonehaugh").Submit("Fortsätt").Is(200)
		p.Has("Vilket kort behöver Maximiliana?")
	})
}

// Rows: 36
func TestPhotosThatCannotBeUsedAreRefusedInWords(t *testing.T) {
	each(t, func(k *kit) {
		p := k.alva.Get(k.base + "/orders/new").Form("Börja en ny").Submit("")
		p = fillWho(p, ordertest.Who("Amina", "Warsame", k.Number())).Submit("Fortsätt").Form("Fortsätt").Submit("Fortsätt").Is(200)
		for name, bad := range map[string]struct {
			data []byte
			says string
		}{
			"nothing":   {nil, "Det saknas ett foto"},
			"pdf":       {[]byte("%PDF-1.4\n"), "varken en JPG"},
			"six MB":    {bytes.Repeat([]byte{0xff}, 6<<20), "större än 5"},
			"truncated": {ordertest.Picture(0).JPEG[:900], "Bilden"},
		} {
			f := p.Form("Ladda upp fotot")
			if bad.data != nil {
				f.File("photo", "foto.jpg", bad.data)
			}
			if got := f.Submit("Ladda upp fotot"); got.Status != 422 || !strings.Contains(got.Text(), bad.says) {
				t.Errorf("%s: status %d\n%s", name, got.Status, got.Text())
			}
		}
		p = p.Form("Lägg till foto senare").Submit("Lägg till foto senare").Is(200).Has("Vart ska kortet skickas?")
		p = k.look(p.Form("Fortsätt").Submit("Fortsätt")).Is(200).Has("En sak saknas", "Det saknas ett foto")
		p = k.look(p.Form("Skicka beställningen").Submit("Skicka beställningen")).Is(422).Has("En sak saknas")
		p = p.Follow("Det saknas ett foto").Is(200)
		p = upload(k, p).Form("Använd fotot").Submit("Använd fotot").Is(200).Has("Granska beställningen")
		p.HasNot("saknas")
	})
}

// Rows: 37
func TestANewDeliveryAddressIsCheckedAndKept(t *testing.T) {
	each(t, func(k *kit) {
		o := k.Filled(t, k.Orderer, ordertest.Who("Amina", "Warsame", k.Number()))
		at := k.base + "/orders/new/" + o.Lines[0].ID.String() + "/delivery"
		p := k.open(k.alva, at).Form("Fortsätt").Set("address", "new").Set("name", "Kv. Eken").Set("line1", "Ekvägen 12").Set("postcode", "1").Submit("Fortsätt")
		k.look(p).Is(422).Has("2 saker att rätta", "Postnumret", "Orten")
		p = p.Form("Fortsätt").Set("postcode", "111 22").Set("city", "Exempelstad").Set("keep", "yes").Submit("Fortsätt").Is(200)
		p.Has("Granska beställningen", "Kv. Eken, Ekvägen 12, 111 22 Exempelstad")
		k.open(k.alva, at).Has("Kv. Eken")
		foreign := k.alva.Post(at, url.Values{"address": {"01900000-0000-7000-8000-000000000000"}})
		k.look(foreign).Is(422).Has("Adressen finns inte längre")
	})
}

// Rows: 39
func TestSeveralPeopleInOneOrder(t *testing.T) {
	each(t, func(k *kit) {
		o := k.Filled(t, k.Orderer, ordertest.Who("Amina", "Warsame", k.Number()))
		at := k.base + "/orders/new/" + o.Lines[0].ID.String()
		p := k.open(k.alva, at+"/review").Form("Lägg till en person").Submit("Lägg till en person").Is(200).Has("Vem ska ha kortet?", "2 personer i beställningen", "Amina Warsame", "Person 2")
		second := p
		p = k.look(k.alva.Get(at+"/review")).Has("Person 2", "saker saknas").Form("Skicka beställningen").Submit("Skicka beställningen")
		k.look(p).Is(422).Has("Person 2: ")
		fillWho(second, ordertest.Who("Piotr", "Wiśniewski", k.Number())).Submit("Fortsätt").Is(200)
		p = k.alva.Get(strings.Replace(second.Path, "/who", "/photo", 1))
		upload(k, p).Form("Använd fotot").Submit("Använd fotot").Is(200)
		p = k.look(k.alva.Get(at + "/review")).HasNot("saker saknas")
		p = p.Form("Skicka beställningen").Submit("Skicka beställningen").Is(200)
		k.look(p).Has("2 kort", "Amina Warsame", "Piotr Wiśniewski")

		third := k.Filled(t, k.Orderer, ordertest.Who("Elin", "Norling", k.Number()))
		k.alva.Get(k.base + "/orders/new/" + third.Lines[0].ID.String() + "/review").Form("Lägg till en person").Submit("Lägg till en person").Is(200)
		p = k.alva.Get(k.base + "/orders/new/" + third.Lines[0].ID.String() + "/review").Form("/remove").Submit("Ta bort").Is(200)
		p.Has("Personen är borttagen")
	})
}

// Two tabs: the order changed after the page was shown.
func TestAnOrderThatChangedMeanwhileIsLookedOverAgain(t *testing.T) {
	each(t, func(k *kit) {
		o := k.Filled(t, k.Orderer, ordertest.Who("Amina", "Warsame", k.Number()))
		at := k.base + "/orders/new/" + o.Lines[0].ID.String()
		review := k.open(k.alva, at+"/review")
		k.alva.Get(at+"/delivery").Form("Fortsätt").Set("reference", "Ny").Submit("Fortsätt").Is(200)
		k.look(review.Form("Skicka beställningen").Submit("Skicka beställningen")).Is(409).Has("Beställningen skickades inte", "Någon annan har just ändrat", "Ny").
			Form("Skicka beställningen").Submit("Skicka beställningen").Is(200).Has("Beställningen är skickad")
	})
}

// Rows: 38
func TestThePreviewDrawsWhatIsTyped(t *testing.T) {
	each(t, func(k *kit) {
		o := k.Filled(t, k.Orderer, ordertest.Who("Amina", "Warsame", k.Number()))
		p := k.alva.Post(k.base+"/orders/new/"+o.Lines[0].ID.String()+"/preview", url.Values{"given_name": {"Aminata"}, "surname": {"Warsame<b>"}}).Is(200)
		for _, want := range []string{"<svg", "Aminata", "Warsame&lt;b&gt;", k.Company.Name, "/photo.jpg?v="} {
			if !strings.Contains(p.Body, want) {
				t.Errorf("%s is not in the drawing", want)
			}
		}
		pic := k.alva.Get(k.base + "/orders/new/" + o.Lines[0].ID.String() + "/photo.jpg").Is(200)
		if kind := pic.Header.Get("Content-Type"); kind != "image/jpeg" {
			t.Errorf("the photo is %s", kind)
		}
	})
}
