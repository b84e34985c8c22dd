package orderportal_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/web"
)

// differing is a line whose cardholder has another name than was ordered.
func (k *kit) differing() (ordertest.Holder, order.Line) {
	h := k.Holder(k.t, "Jonas", "Petraitis")
	w := ordertest.Who("Jonas", "Petriatis", h.Number)
	w.Nationality = "LT"
	return h, k.join(h, k.Awaiting(k.t, w))
}

// Rows: 43, 44
func TestADifferentNameIsRepairedByOnePress(t *testing.T) {
	each(t, func(k *kit) {
		_, l := k.differing()
		k.open(k.alva, k.base).Has("En sak väntar på dig", "Namnet skiljer sig för Jonas Petriatis").Follow("Granska skillnaden")
		p := k.open(k.alva, k.linePath(l)).Has("Namnet i legitimeringen är ett annat", "Litauen (inte kontrollerat än)", "lika")
		if marked := p.All("del.kv-diff"); len(marked) == 0 {
			t.Error("no letters are marked")
		}
		p = p.Form("/name").Submit("Använd namnet från legitimeringen").Is(200).Has("Namnet är rättat", "Jonas Petraitis", "Väntar på godkännande")
		k.look(p).HasNot("Petriatis")
		k.open(k.alva, k.base).Has("Inget väntar på dig", "Väntar på att Jonas godkänner")
	})
}

// Rows: 41, 42
func TestARejectedPhotoIsReplacedOnTheSameLine(t *testing.T) {
	each(t, func(k *kit) {
		l := k.Ordered(t, ordertest.Who("Samuel", "Osei", k.Number()))
		l, err := k.Orders.Reject(t.Context(), k.Reviewer, l.ID, l.Revision, []string{"photo_light"}, "Skugga över halva ansiktet.")
		if err != nil {
			t.Fatal(err)
		}
		k.open(k.alva, k.base).Has("Fotot på Samuel Osei godkändes inte", "Skugga eller ojämnt ljus")
		p := k.open(k.alva, k.linePath(l)).Has("Granskaren godkände inte", "Skugga över halva ansiktet.", "Granskningen").HasNot("Rut Granskare")
		p = k.look(p.Follow("Byt foto")).Is(200).Has("Fotot i beställningen nu")
		if bad := p.Form("Ladda upp").File("photo", "x.jpg", []byte("no picture")).Submit("Ladda upp"); bad.Status != 422 {
			t.Errorf("what is no picture: %d", bad.Status)
		}
		p = k.look(p.Form("Ladda upp").File("photo", "x.jpg", ordertest.Picture(1).JPEG).Submit("Ladda upp")).Is(200).Has("Fotot")
		if now := k.Line(t, l.ID); now.Photo != l.Photo {
			t.Error("looking at a new photo has changed the line")
		}
		p = k.look(p.Form("/photo").Submit("Närmare")).Is(200)
		p.Form("Använd fotot").Submit("Använd fotot").Is(200).Has("Fotot är bytt", "Granskas igen")
		now := k.Line(t, l.ID)
		if now.Photo == l.Photo || now.State != order.Ordered || now.PhotoCrop.Zoom != 1 {
			t.Errorf("the line is %s with crop %+v", now.State, now.PhotoCrop)
		}
	})
}

// Rows: 42, 45
func TestCorrectionsKeepWhatWasTyped(t *testing.T) {
	each(t, func(k *kit) {
		l := k.Awaiting(t, ordertest.Who("Elin", "Norling", k.Number()))
		p := k.open(k.alva, k.linePath(l)+"/correct").Has("Rätta uppgifterna", "Elin")
		p.HasNot(string(l.Claimed.NumberHash))
		stale := p
		bad := k.look(p.Form("Spara rättelsen").Set("email", "nej").Submit("Spara rättelsen")).Is(422)
		if got := bad.Form("Spara rättelsen").Value("email"); got != "nej" {
			t.Errorf("the address became %q", got)
		}
		p.Form("Spara rättelsen").Set("surname", "Norlind").Submit("Spara rättelsen").Is(200).Has("Uppgifterna är rättade", "Elin Norlind")
		late := k.look(stale.Form("Spara rättelsen").Set("surname", "Nordin").Submit("Spara rättelsen")).Is(409)
		late.Has("Någon annan har ändrat beställningen medan du skrev")
		if got := late.Form("Spara rättelsen").Value("surname"); got != "Nordin" {
			t.Errorf("the name became %q", got)
		}
		k.alva.Get(k.linePath(l)).Form("/remind").Submit("Påminn Elin").Is(200).Has("mejl nyligen")
	})
}

// Rows: 45, 46
func TestACardholdersAnswerAndTheEndOfALine(t *testing.T) {
	each(t, func(k *kit) {
		h := k.Holder(t, "Piotr", "Wiśniewski")
		l := k.join(h, k.Awaiting(t, ordertest.Who("Piotr", "Wiśniewski", h.Number)))
		l, err := k.Orders.RejectByCardholder(t.Context(), h.Actor, l.ID, l.Revision, "Jag heter Piotr Jan.")
		if err != nil {
			t.Fatal(err)
		}
		p := k.open(k.alva, k.linePath(l)).Has("Piotr säger att något är fel", "Jag heter Piotr Jan.")
		ask := k.look(p.Follow("Avbryt beställningen")).Is(200).Has("Avbryta beställningen?", "Det går inte att ångra.")
		ask.Form("/cancel").Submit("Avbryt beställningen").Is(200).Has("är avbruten", "Avbruten")
		ask.Form("/cancel").Submit("Avbryt beställningen").Is(409).Has("Någon annan")
		k.alva.Get(k.linePath(l) + "/cancel").Is(200).At(k.linePath(l)).Has("Beställningen är avbruten")
	})
}

// Rows: 47
func TestAMailThatNeverCameIsOnTheLineWithWhatToDo(t *testing.T) {
	each(t, func(k *kit) {
		l := k.Awaiting(t, ordertest.Who("Elin", "Norling", k.Number()))
		err := db.Do(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE mail SET state = 'refused', ended_at = $1, reply = '550 5.1.1 no such user' WHERE line_id = $2`, tx.Now, l.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		k.open(k.alva, k.base).Has("Mejlet till Elin Norling kom inte fram")
		p := k.open(k.alva, k.linePath(l)).Has("kom inte fram", "550 5.1.1 no such user")
		p = p.Follow("Rätta adressen").Form("Spara rättelsen").Set("email", "elin.norling@post.example").Submit("Spara rättelsen").Is(200)
		p.HasNot("kom inte fram")
	})
}

// Rows: 50, 61, 62, 63
func TestACardIsBlockedOpenedAndTerminated(t *testing.T) {
	each(t, func(k *kit) {
		h := k.Holder(t, "Amina", "Warsame")
		c := k.active(h)
		at := k.base + "/cards/" + string(c.Number)
		p := k.open(k.alva, at).Has("Amina Warsame", "Aktivt", "Blockera", "80,00 kr om året", "Kortet aktiverat").HasNot(h.Number.Long())
		ask := k.look(p.Follow("Blockera")).Has("Blockera kortet?", "Kortet stoppas direkt", "Årsavgiften")
		k.look(ask.Form("/block").Submit("Blockera kortet")).Is(422).Has("Välj varför")
		k.look(ask.Form("/block").Set("reason", "other").Submit("Blockera kortet")).Is(422).Has("Skriv vad som har hänt")
		p = ask.Form("/block").Set("reason", "lost").Set("note", "I bilen").Submit("Blockera kortet").Is(200).At(at)
		k.look(p).Has("är blockerat", "Blockerat", "Borttappat", "I bilen", "Öppna igen")
		ask.Form("/block").Set("reason", "lost").Submit("Blockera kortet").Is(409)
		k.alva.Get(at + "/block").Is(200).At(at).Has("Kortet är redan blockerat")

		k.look(k.alva.Get(at+"/unblock")).Form("/unblock").Submit("Öppna kortet").Is(200).Has("är öppet igen", "Aktivt")
		p = k.look(k.alva.Get(at+"/terminate")).Has("slutgiltigt").Form("/terminate").Set("reason", "employment_ended").Submit("Avsluta kortet").Is(200)
		p.Has("är avslutat", "Avslutat", "Kortet gäller inte längre")
		p = p.Form("Beställ ett nytt kort").Submit("Beställ ett nytt kort").Is(200).Has("Vem ska ha kortet?")
		if got := p.Form("Fortsätt").Value("surname"); got != "Warsame" {
			t.Errorf("the new order begins with the surname %q", got)
		}
	})
}

// A card that a restored backup can't vouch for says so, until the company
// itself has blocked it.
func TestARestoredCardSaysThatReadersDontKnowIt(t *testing.T) {
	each(t, func(k *kit) {
		at := k.base + "/cards/" + string(k.active(k.Holder(t, "Amina", "Warsame")).Number)
		err := db.Do(t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) error {
			_, err := card.DoubtTx(ctx, tx, actor.System("restore"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		k.open(k.alva, at).Has("Läsare svarar att kortet är okänt", "Blockera")
		p := k.alva.Get(at+"/block").Form("/block").Set("reason", "lost").Submit("Blockera kortet").Is(200)
		k.look(p).HasNot("Läsare svarar att kortet är okänt")
	})
}

// Rows: 51
func TestAReplacementNamesTheCardThatItReplaces(t *testing.T) {
	each(t, func(k *kit) {
		h := k.Holder(t, "Amina", "Warsame")
		c := k.active(h)
		p := k.open(k.alva, k.base+"/cards/"+string(c.Number)).Follow("Beställ ersättningskort").Is(200)
		p = k.look(p).Has("Det avslutas av sig självt").Form("Börja beställningen").Submit("Börja beställningen").Is(200)
		p = fillWho(p, ordertest.Who("Amina", "Warsame", h.Number)).Submit("Fortsätt").Is(200).Has("Ersätter kortet " + string(c.Number))
		p = p.Form("Fortsätt").Submit("Fortsätt").Is(200)
		p = upload(k, p).Form("Använd fotot").Submit("Använd fotot").Form("Fortsätt").Submit("Fortsätt").Is(200)
		p.Has(string(c.Number)).Form("Skicka beställningen").Submit("Skicka beställningen").Is(200).Has("Beställningen är skickad")
	})
}

// Rows: 60, 61
func TestCardsAreFoundByEverythingAndNumbersStayOutOfAddresses(t *testing.T) {
	each(t, func(k *kit) {
		h := k.Holder(t, "Amina", "Warsame")
		c := k.active(h)
		l := k.Ordered(t, ordertest.Who("Łukasz", "Żółciński", k.Number()))
		p := k.open(k.alva, k.base+"/cards").Has("Kort", "Handle cards", "Amina Warsame", string(c.Number), "Łukasz Żółciński", "Granskas", "Alla 2", "Aktiva 1")
		for query, name := range map[string]string{
			"warsame": "Amina Warsame", "zolcinski": "Łukasz Żółciński", string(h.Number): "Amina Warsame",
			strings.ToLower(string(c.Number)): "Amina Warsame", l.OrderNumber: "Łukasz Żółciński", "lindström": "Amina Warsame",
		} {
			found := k.look(p.Form("Sök").Set("q", query).Submit("Sök")).Is(200).Has(name)
			if found.Path != k.base+"/cards" {
				t.Errorf("the search for %q stands in the address: %s", query, found.Path)
			}
			if cc := found.Header.Get("Cache-Control"); cc != "no-store" {
				t.Errorf("results of a search may be kept: %q", cc)
			}
		}
		k.look(p.Form("Sök").Set("q", "x").Submit("Sök")).Is(422).Has("Skriv minst två bokstäver")
		k.look(p.Form("Sök").Set("q", "Nobody").Submit("Sök")).Is(200).Has("Inget kort matchar")
		k.open(k.alva, k.base+"/cards?status=active").Has("Amina Warsame").HasNot("Łukasz")
		k.open(k.alva, k.base+"/cards?status=blocked").Has("Inga kort i urvalet")
		k.alva.Get(k.base + "/cards?status=nonsense").Is(200).At(k.base + "/cards")
		k.look(p.Follow("Łukasz")).At(k.linePath(l))

		shown := k.look(k.alva.Get(k.base+"/cards/"+string(c.Number)).Form("/reveal").Submit("Visa")).Is(200).Has(h.Number.Long(), "Personnumret visat")
		if cc := shown.Header.Get("Cache-Control"); cc != "no-store" {
			t.Errorf("a page with a personal number may be kept: %q", cc)
		}
		k.look(k.alva.Get(k.linePath(l)).Form("/reveal").Submit("Visa")).Is(200).Has("Personnumret visades")
	})
}

// scene is one of everything that the pages show.
type scene struct {
	card  card.Card
	lines []order.Line
	draft order.Order
}

func (k *kit) scene() scene {
	var s scene
	k.t.Helper()
	s.card = k.active(k.Holder(k.t, "Amina", "Warsame"))
	_, differs := k.differing()
	s.lines = []order.Line{
		k.Ordered(k.t, ordertest.Who("Elin", "Norling", k.Number())), k.Awaiting(k.t, ordertest.Who("Sara", "Ekdahl", k.Number())),
		k.Approved(k.t, k.Holder(k.t, "Ville", "Niskanen")), differs, k.Line(k.t, s.card.Line),
	}
	s.draft = k.Filled(k.t, k.Orderer, ordertest.Who("Isak", "Ahl", k.Number()))
	return s
}

func (s scene) paths(base string) []string {
	out := []string{base, base + "/more", base + "/orders", base + "/orders?show=open", base + "/orders/new", base + "/cards", base + "/orders/" + s.draft.ID.String() + "/discard"}
	for _, step := range []string{"who", "card", "photo", "delivery", "review"} {
		out = append(out, base+"/orders/new/"+s.draft.Lines[0].ID.String()+"/"+step)
	}
	for _, l := range s.lines {
		at := base + "/orders/" + l.Order.String()
		out = append(out, at, at+"/lines/"+l.ID.String())
	}
	waiting := base + "/orders/" + s.lines[1].Order.String() + "/lines/" + s.lines[1].ID.String()
	out = append(out, waiting+"/correct", waiting+"/photo", waiting+"/cancel")
	for _, sub := range []string{"", "/block", "/terminate", "/replace"} {
		out = append(out, base+"/cards/"+string(s.card.Number)+sub)
	}
	return out
}

func TestEveryPageInBothLanguages(t *testing.T) {
	each(t, func(k *kit) {
		s := k.scene()
		for _, path := range s.paths(k.base) {
			sv, en := k.open(k.alva, path), k.open(k.emma, path)
			if sv.One("html").Attrs["lang"] != "sv" || en.One("html").Attrs["lang"] != "en" {
				t.Errorf("%s: language %s and %s", path, sv.One("html").Attrs["lang"], en.One("html").Attrs["lang"])
			}
			if sv.One("h1").Text() == "" || sv.Text() == en.Text() {
				t.Errorf("%s says the same in both languages", path)
			}
		}
	})
}

// Rows: 71
func TestAnotherCompanysThingsAreNotThere(t *testing.T) {
	each(t, func(k *kit) {
		s := k.scene()
		own := "/o/" + k.other.Company.String()
		paths := s.paths("")
		line := "/orders/" + s.lines[0].Order.String() + "/lines/" + s.lines[0].ID.String()
		paths = append(paths, line+"/photo.jpg", line+"/where", "/cards/"+string(s.card.Number)+"/photo.jpg", "/orders/new/"+s.draft.Lines[0].ID.String()+"/photo.jpg")
		for _, path := range paths {
			k.bjorn.Get(k.base+path).Is(404).HasNot("Amina", "Elin", "Sara", "Isak")
			if slices.Contains([]string{"", "/more", "/orders", "/orders?show=open", "/orders/new", "/cards"}, path) {
				k.bjorn.Get(own+path).Is(200).HasNot("Amina", "Elin", "Sara", "Isak")
				continue
			}
			k.bjorn.Get(own + path).Is(404)
		}
		for _, path := range []string{
			line + "/correct", line + "/photo", line + "/name", line + "/remind", line + "/cancel", line + "/reveal", line + "/preview",
			"/cards/" + string(s.card.Number) + "/block", "/cards/" + string(s.card.Number) + "/terminate", "/cards/" + string(s.card.Number) + "/reveal",
			"/orders/new/" + s.draft.Lines[0].ID.String() + "/review", "/orders/new/" + s.draft.Lines[0].ID.String() + "/remove", "/orders/" + s.draft.ID.String() + "/discard",
		} {
			for _, base := range []string{own, k.base} {
				k.bjorn.Post(base+path, url.Values{"revision": {"1"}, "reason": {"lost"}}).Is(404)
			}
		}
		k.bjorn.Post(own+"/orders/new", url.Values{"card": {string(s.card.Number)}}).Is(404)
		k.alva.Get(k.base + "/orders/" + s.lines[1].Order.String() + "/lines/" + s.lines[0].ID.String()).Is(404)
		k.alva.Get(k.base + "/orders/" + s.lines[0].Order.String() + "/other/" + s.lines[0].ID.String()).Is(404)
		k.alva.Get(k.base + "/cards/BB-0000-000000").Is(404)
	})
}

func TestEveryRouteIsForOrderersOfTheCompany(t *testing.T) {
	each(t, func(k *kit) {
		n := 0
		for _, r := range k.engine.Routes() {
			if strings.Contains(r.Pattern, "/o/{company}") {
				n++
				if got := r.Right.Roles(); len(got) != 1 || got[0] != "orderer" || r.Right.IsPublic() || !r.Right.NeedsCompany() {
					t.Errorf("%s is for %v", r.Pattern, got)
				}
				if r.Right.Allows(nil, k.Company.ID) != web.SignIn {
					t.Errorf("%s lets visitors in", r.Pattern)
				}
			}
		}
		if n < 40 {
			t.Errorf("only %d routes", n)
		}
	})
}

// Rows: 54, 55
func TestWhereACardIsWhileItIsMade(t *testing.T) {
	each(t, func(k *kit) {
		l := k.Approved(t, k.Holder(t, "Ville", "Niskanen"))
		p := k.open(k.alva, k.linePath(l)).Has("Väntar på nästa sats", "Ville godkänner")
		poll := p.One("[data-kv-poll]").Attrs["data-kv-poll"]
		part := k.alva.Fragment(poll).Is(200)
		if part.Header.Get("Kv-Location") != "" || !strings.Contains(part.Body, "Väntar på nästa sats") || strings.Contains(part.Body, "<html") {
			t.Errorf("the part of the page: %q %s", part.Header.Get("Kv-Location"), part.Body)
		}
		err := db.Do(t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE order_line SET state = 'in_production', revision = revision + 1 WHERE id = $1`, l.ID)
			if err == nil {
				_, err = tx.Exec(`UPDATE order_line SET state = 'rejected_by_reviewer', return_reason = 'photo_wrong', revision = revision + 1 WHERE id = $1`, l.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if to := k.alva.Fragment(poll).Is(200).Header.Get("Kv-Location"); to != k.linePath(l) {
			t.Errorf("at a new step the page goes to %q", to)
		}
		k.open(k.alva, k.linePath(l)).Has("Kortet gick inte att tillverka", "Byt foto")
		k.alva.Get(k.linePath(l) + "/where").Is(200).At(k.linePath(l))
	})
}
