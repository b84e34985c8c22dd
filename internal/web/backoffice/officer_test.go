package backoffice_test

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

func TestACompanyIsEnteredByHand(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ivar := o.staff("Ivar", actor.Officer)
		p := ivar.Get("/office/companies").Is(200).Check().Has(o.Company.Name, "Exempelstad").Follow("Lägg till företag").Check()
		p = p.Form("/new").Set("name", "Norrsken El AB").Set("organisation_number", "559999-0140").Set("line1", "Vägen 1").Submit("Spara företaget").Is(422).Check()
		p.Has("Fel:", "sista siffra stämmer inte", "Orten saknas")
		if f := p.Form("/new"); f.Value("name") != "Norrsken El AB" || f.Value("line1") != "Vägen 1" {
			t.Error("what was typed is lost")
		}
		for _, id := range []string{"organisation_number", "postcode", "city"} {
			p.One(`a[href=#` + id + `]`)
			p.One(`input#` + id + `[aria-invalid=true]`)
		}
		english(ivar, "/office/companies/new").Has("Save the company")
		p = p.Form("/new").Set("organisation_number", "5599990149").Set("postcode", "12345").Set("city", "Provköping").Submit("Spara företaget").Is(200).Check()
		p.Has("Norrsken El AB är tillagt", "559999-0149", "Vägen 1", "123 45 Provköping", "Ingen beställer för företaget än")
		english(ivar, p.Path).Has("Nobody orders for the company yet", "Invite an orderer")

		p = ivar.Get("/office/companies/new").Form("/new").Set("name", "Samma igen").Set("organisation_number", "559999-0149").Submit("Spara").Is(422).Check()
		p.Has("Företaget finns redan")

		sole := o.Number()
		p = ivar.Get("/office/companies/new").Form("/new").Set("name", "Ekdahls Kakel").Set("organisation_number", sole.Long()[2:]).Submit("Spara").Is(200)
		p.HasNot(sole.Long()[2:], string(sole)[2:])
		found := ivar.Get("/office/companies").Form("/office/companies").Set("q", sole.Long()[2:]).Submit("Sök").Is(200).Check()
		found.At("/office/companies").Has("Ekdahls Kakel").HasNot("Norrsken", "••••"+string(sole)[8:])
		ivar.Get("/office/companies").Form("/office/companies").Set("q", "finns inte").Submit("Sök").Is(200).Check().Has("Inget företag matchar")
	})
}

// Rows: 66
func TestACompanyIsHeldAndReleased(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ivar := o.staff("Ivar", actor.Officer)
		at := "/office/companies/" + o.Company.ID.String()
		state := func() company.Company { return must[company.Company](t)(o.Companies.ByID(t.Context(), o.Company.ID)) }

		ask := ivar.Get(at).Is(200).Follow("Pausa företagets kort").Check().Has("Pausa företagets kort?", "säger stopp vid nästa kontroll", "får ett mejl")
		english(ivar, at+"/hold").Has("Pause the company's cards?")
		p := ask.Form("/hold").Set("note", "faktura 12").Submit("Pausa korten").Is(422).Check().Has("Välj en av orsakerna")
		if p.Form("/hold").Value("note") != "faktura 12" {
			t.Error("the note is lost")
		}
		p = p.Form("/hold").Set("reason", company.Unpaid).Submit("Pausa korten").Is(200).At(at).Check()
		p.Has("är pausade", "Avgiften är inte betald", "faktura 12", "Häv pausen")
		if c := state(); c.Hold != company.Unpaid || c.HoldNote != "faktura 12" {
			t.Fatalf("%+v", c)
		}
		ask.Form("/hold").Set("reason", company.Other).Submit("Pausa korten").Is(409)
		ivar.Get("/office/companies").Has("Pausat")
		english(ivar, at).Has("All cards of the company are paused", "The fee is not paid")

		release := ivar.Get(at).Follow("Häv pausen").Check().Has("Häva pausen?")
		english(ivar, at+"/release").Has("End the pause?")
		release.Form("/release").Submit("Häv pausen").Is(200).At(at).Has("gäller igen", "Aktivt")
		release.Form("/release").Submit("Häv pausen").Is(409)
		if c := state(); c.Hold != "" {
			t.Errorf("%+v", c)
		}
		ivar.Get("/office/companies/" + uuid.NewString()).Is(404)
		ivar.Post("/office/companies/"+uuid.NewString()+"/hold", url.Values{"reason": {"unpaid"}}).Is(404)
	})
}

// Rows: 15
func TestOrderersAreInvitedAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ivar := o.staff("Ivar", actor.Officer)
		at := "/office/companies/" + o.Company.ID.String()
		p := ivar.Get(at).Form("/invite").Set("given_name", "Björn").Set("email", "ingen adress").Submit("Skicka inbjudan").Is(422).Check()
		p.Has("Fel:", "E-postadressen går inte att läsa", "Namnet saknas")
		p = p.Form("/invite").Set("surname", "Sand").Set("email", "bjorn@furuborg.example").Set("lang", "en").Submit("Skicka inbjudan").Is(200).At(at).Check()
		p.Has("Inbjudan är skickad till bjorn@furuborg.example", "Björn Sand", "Återkalla")
		open := must[[]account.Invitation](t)(o.accounts.Invitations(t.Context(), o.Company.ID))
		if len(open) != 1 || open[0].Role != actor.Orderer || open[0].Lang != "en" {
			t.Fatalf("%+v", open)
		}
		english(ivar, at).Has("Invited, not answered yet")
		p.Form("/withdraw").Submit("").Is(200).At(at).Has("Inbjudan är återkallad").HasNot("Björn Sand")
		ivar.Post("/office/invitations/"+open[0].ID.String()+"/withdraw", nil).Is(404)

		o.enrol("Halina", "Żak", account.Grant{Role: actor.Orderer, Company: o.Company.ID})
		holders := must[[]account.Holder](t)(o.accounts.Holders(t.Context(), o.Company.ID))
		halina := holders[slices.IndexFunc(holders, func(h account.Holder) bool { return h.Name == "Halina Żak" })]
		ivar.Get(at).Has("Halina Żak", "halina@kortverk.example").Form("/grants/" + halina.ID.String() + "/revoke").Submit("").Is(200).At(at).
			Has("Rollen är borttagen").HasNot("Halina")
		if left := must[[]account.Holder](t)(o.accounts.Holders(t.Context(), o.Company.ID)); len(left) != len(holders)-1 {
			t.Errorf("%+v", left)
		}
		ivar.Post("/office/grants/"+uuid.NewString()+"/revoke", nil).Is(404)
	})
}

func TestStaffIsInvitedAndRevoked(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ivar, tove := o.staff("Ivar", actor.Officer), o.staff("Tove", actor.Reviewer)
		p := ivar.Get("/office/staff").Is(200).Check().Has("Tove Granlund", "Granskare", "Ansvarig för systemet")
		english(ivar, "/office/staff").Has("Have a role")
		p = p.Form("/staff/invite").Set("given_name", "Maj").Set("surname", "Ström").Set("email", "maj@kortverk.example").Submit("Skicka").Is(422).Check().Has("Välj en roll")
		p.Form("/staff/invite").Set("role", "production").Submit("Skicka").Is(200).At("/office/staff").Has("Maj Ström", "Produktionsansvarig")
		ivar.Post("/office/staff/invite", url.Values{"role": {"orderer"}, "given_name": {"A"}, "surname": {"B"}, "email": {"a@b.example"}}).Is(422)

		tove.Get("/office/review").Is(200)
		for _, h := range must[[]account.Holder](t)(o.accounts.Holders(t.Context(), uuid.Nil)) {
			path := "/office/grants/" + h.ID.String() + "/revoke"
			if h.Role == actor.Officer {
				ivar.Post(path, nil).Is(409) // the last one
				continue
			}
			ivar.Post(path, url.Values{"back": {"https://elsewhere.example/"}}).Is(200).At("/office/staff")
		}
		tove.Get("/office/review").Is(404)
		ivar.Get("/office/staff").HasNot("Tove Granlund")
	})
}

type doomed struct{}

func (doomed) JobKind() string { return "test.doomed" }

func TestJobsAndEvents(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ivar := o.staff("Ivar", actor.Officer)
		ivar.Get("/office/jobs").Is(200).Check().Has("Inget har gett upp")
		job.Handle(o.jobs, func(context.Context, *job.Job[doomed]) error { return job.Drop(nil) })
		o.do(func(ctx context.Context, tx *db.Tx) error { return job.EnqueueTx(ctx, tx, doomed{}) })
		if err := o.jobs.Drain(t.Context()); err == nil {
			t.Fatal("the job didn't fail")
		}
		p := ivar.Get("/office/jobs").Is(200).Check().Has("test.doomed", "Okänt fel, se loggen")
		english(ivar, "/office/jobs").Has("Unknown error, see the log")
		path := p.One("main form").Attrs["action"]
		p.Form("/retry").Submit("").Is(200).At("/office/jobs").Has("Jobbet försöks igen", "Inget har gett upp")
		ivar.Post(path, nil).Is(409)

		o.ordered("Jonas", "Petraitis")
		for range 60 {
			o.do(func(ctx context.Context, tx *db.Tx) error {
				return journal.AppendTx(ctx, tx, journal.Entry{Kind: "test.happened", By: actor.System("test"), Company: o.Company.ID})
			})
		}
		o.sequence()
		p = ivar.Get("/office/events").Is(200).Check().Has("test.happened", "systemet", o.Company.Name)
		p = p.Follow("Nästa").Is(200).Check().Has("Beställningen skickades", "Jonas Petraitis", "Alva Lindström", "Ett jobb försöktes igen", "Företaget lades till")
		english(ivar, p.Path).Has("The company was added")
		p.Follow("Föregående").At("/office/events")
		ivar.Get("/office/events?before=nonsense").Is(200).Has("test.happened")
	})
}

func (o *office) sequence() {
	o.t.Helper()
	s := journal.NewSequencer(o.DB, dbtest.Log(o.t))
	for {
		n, err := s.Step(o.t.Context())
		if err != nil {
			o.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// What a role may not work isn't there: not in the rail, and not at its address.
func TestOtherPartsOfTheOfficeAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		people := map[string]account.Session{}
		rails := map[actor.Role][]string{
			actor.Reviewer: {"Granskning"}, actor.Production: {"Produktion"},
			actor.Officer: {"Företag", "Produktion", "Personal", "Läsare", "Jobb", "Händelser"}, actor.Support: nil, actor.Finance: nil,
		}
		o.ordered("Jonas", "Petraitis")
		for role, want := range rails {
			token := o.enrol("Kim", "Granlund", account.Grant{Role: role})
			people[token] = must[account.Session](t)(o.accounts.Session(t.Context(), token))
			p := o.browser(token).Get("/office").Is(200).Check()
			var got []string
			for _, a := range p.One("nav").All("a") {
				got = append(got, strings.TrimRight(a.Text(), " 0123456789"))
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%s sees %v, want %v", role, got, want)
			}
		}
		token := o.enrol("Halina", "Żak", account.Grant{Role: actor.Orderer, Company: o.Company.ID})
		people[token] = must[account.Session](t)(o.accounts.Session(t.Context(), token))
		webtest.Walk(t, o.engine, o.browser(token), people, nil, nil)
	})
}

// What a restored backup can't vouch for is confirmed company by company, or
// card by card, on somebody's word.
func TestRestoredCardsAreConfirmed(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ivar := o.staff("Ivar", actor.Officer)
		ivar.Get("/office/companies").HasNot("Återställda kort")
		ivar.Get("/office/restored").Is(200).Check().Has("Inga kort väntar")
		_, b := o.batch("Jonas", "Ewa", "Marek")
		for _, i := range b.Items {
			o.receipt(i, production.ReceiptProduced, "")
		}
		first, second := b.Items[0], b.Items[1]
		doubt := func() {
			o.do(func(ctx context.Context, tx *db.Tx) error {
				_, err := card.DoubtTx(ctx, tx, actor.System("restore"))
				return err
			})
		}
		doubt()

		p := ivar.Get("/office/companies").Has("Återställda kort").Follow("Återställda kort").Is(200).Check().Has("3 kort väntar", o.Company.Name)
		english(ivar, "/office/restored").Has("3 cards are waiting", "Confirm all cards")
		p = p.Follow(o.Company.Name).Is(200).Check().Has(string(first.Number), string(second.Number), first.Name())
		english(ivar, p.Path).Has("Only this card", "In the backup")
		p = p.Form(p.Path).Set("number", string(first.Number)).Submit("Bekräfta korten").Is(422).Check().Has("på vems ord")
		if p.Form(p.Path).Value("number") != string(first.Number) {
			t.Error("the number is lost")
		}
		p.Form(p.Path).Set("number", "BB-1").Set("note", "x").Submit("Bekräfta korten").Is(422).Check()
		p = p.Form(p.Path).Set("number", string(first.Number)).Set("note", "Alva på Furuborg").Submit("Bekräfta korten").Is(200).Check().Has("Kortet är bekräftat").HasNot(string(first.Number))
		p.Form(p.Path).Set("number", string(first.Number)).Set("note", "igen").Submit("Bekräfta korten").Is(409)

		p.Form(p.Path).Set("note", "Alva på Furuborg").Submit("Bekräfta korten").Is(200).At("/office/restored").Has("2 kort är bekräftade", "Inga kort väntar")
		doubt()
		p = ivar.Get("/office/restored").Form("/office/restored").Submit("Bekräfta alla kort").Is(422).Check().Has("på vems ord")
		p.Form("/office/restored").Set("note", "alla är frågade").Submit("Bekräfta alla kort").Is(200).Has("3 kort är bekräftade")
		ivar.Get("/office/restored/" + o.Company.ID.String()).Is(200).Check().Has("Företaget har inga kort som väntar")
	})
}

// A reader's key is shown once, and taken back with its consequence said.
//
// Rows: 61
func TestReadersGetAndLoseTheirKeys(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ivar, checks := o.staff("Ivar", actor.Officer), check.New(o.DB)
		p := ivar.Get("/office/companies").Follow("Läsare").At("/office/readers").Is(200).Check().Has("Inga läsare än")
		english(ivar, "/office/readers").Has("No readers yet", "Make a key")
		p.Form("/readers").Submit("Skapa nyckel").Is(422).Check().Has("Skriv vad läsaren heter")
		p = p.Form("/readers").Set("name", "Kv. Eken, <b>grind</b> 2").Submit("Skapa nyckel").Is(200).Check().Has("Nyckeln till Kv. Eken", "visas bara nu")
		key := regexp.MustCompile(`kvr_\w+`).FindString(p.Body)
		if _, err := checks.Authenticate(t.Context(), key); err != nil {
			t.Fatalf("key %q: %v", key, err)
		}
		p = ivar.Get("/office/readers").Is(200).Check().Has("Kv. Eken, <b>grind</b> 2").HasNot("kvr_")
		ask := p.Follow("Ta tillbaka nyckeln").Check().Has("får inga svar längre")
		english(ivar, ask.Path).Has("Take the reader's key back?")
		ask.Form("/revoke").Submit("Ta tillbaka nyckeln").Is(200).At("/office/readers").Check().Has("Nyckeln är borttagen", "Togs bort")
		if _, err := checks.Authenticate(t.Context(), key); err == nil {
			t.Error("the key still works")
		}
		ask.Form("/revoke").Submit("Ta tillbaka nyckeln").Is(404)
		ivar.Get(ask.Path).Is(404)
	})
}
