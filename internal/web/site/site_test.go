package site_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/site"
	"github.com/kortverk/kortverk/internal/web/ui"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

func browser(t *testing.T, d *db.DB, people map[string]account.Session) *webtest.Client {
	t.Helper()
	e := web.New(web.Config{
		Sessions: webtest.World{People: people}, Companies: webtest.World{}, Clock: d.Clock(), Log: dbtest.Log(t),
		Origin: webtest.Origin, Brand: ui.Brand{Name: "Kortverk"},
	})
	return webtest.New(t, e.Handler(site.Routes(site.Deps{Checks: check.New(d), Scheme: "Kortverk", Phone: "010-000 00 00"})))
}

// Row: 49
func TestCheckSaysActiveOrNotAndNothingElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		b := browser(t, d, nil)
		active, _ := k.Active(t, k.Holder(t, "Jonas", "Petraitis"))
		b.Get("/check").Is(200).Check().Form("/check").Set("number", strings.ToLower(string(active.Number))).Submit("").
			Is(200).Check().Has("Aktivt", "Jämför fotot", string(active.Number)).HasNot("Petraitis", "Furuborg")

		ended, _ := k.Active(t, k.Holder(t, "Amina", "Warsame"))
		ended, err := k.Cards.Terminate(t.Context(), k.Orderer, ended.ID, ended.Revision, card.ReasonDestroyed, "")
		if err != nil {
			t.Fatal(err)
		}
		notActive := map[string]card.Number{
			"blocked": k.Blocked(t, k.Holder(t, "Milda", "Kazlauskienė")).Number, "not activated": k.Produced(t, k.Holder(t, "Piotr", "Wiśniewski")).Number,
			"terminated": ended.Number, "never made": "BB-0000-000000",
		}
		var answers []string
		for name, n := range notActive {
			page := b.Get("/k/"+string(n)).Is(200).Check().Has("Inte aktivt").HasNot("Milda", "Piotr", "Amina", "Furuborg", "blockera")
			if got := page.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: Cache-Control %q", name, got)
			}
			answers = append(answers, strings.ReplaceAll(page.One("main").Text(), string(n), "N"))
		}
		for _, a := range answers[1:] {
			if a != answers[0] {
				t.Errorf("the answers tell the cards apart:\n%s\n%s", answers[0], a)
			}
		}
	})
}

func TestMalformedNumberIsKept(t *testing.T) {
	b := browser(t, dbtest.New(t, dbtest.SQLite), nil)
	page := b.Get("/check").Form("/check").Set("number", "BB-12 <b>").Submit("").Is(422).Check().Has("Det är inte ett kortnummer")
	if got := page.Form("/check").Value("number"); got != "BB-12 <b>" {
		t.Errorf("number is %q, what was typed is lost", got)
	}
	page = b.Get("/k/BB-1234-567890").Is(422).Check()
	if got := page.Form("/check").Value("number"); got != "BB-1234-567890" {
		t.Errorf("number is %q, want that of the address", got)
	}
}

func TestTryingOutNumbersIsSlowedDown(t *testing.T) {
	b := browser(t, dbtest.New(t, dbtest.SQLite), nil)
	for range 120 {
		b.Get("/k/BB-0000-000000").Is(200)
	}
	page := b.Get("/k/BB-0000-000000").Is(429).Check()
	if page.Header.Get("Retry-After") == "" {
		t.Error("nothing says when to try again")
	}
	b.Get("/check").Is(200)
}

func TestEveryPageInBothLanguages(t *testing.T) {
	b := browser(t, dbtest.New(t, dbtest.SQLite), nil)
	for path, want := range map[string][2]string{
		"/": {"Ditt kort till arbetsplatsen", "Your card for the workplace"}, "/check": {"Kontrollera ett kort", "Check a card"},
		"/k/BB-0000-000000": {"Inte aktivt", "Not active"}, "/found": {"Så här hittar kortet hem", "This is how the card gets home"},
		"/accessibility": {"Det här brister", "What is lacking"}, "/privacy": {"Vem som ser vad", "Who sees what"},
	} {
		for i, lang := range []string{"sv", "en"} {
			b.Lang = lang
			b.Get(path).Is(200).Check().Has(want[i])
		}
	}
}

func TestFrontPageLeadsOn(t *testing.T) {
	firm := uuid.New()
	person := func(grants ...account.Grant) account.Session {
		return account.Session{ID: "s", Account: uuid.New(), Person: uuid.New(), Name: "Alva Lindström", Given: "Alva", Grants: grants}
	}
	people := map[string]account.Session{
		"holder": person(), "orderer": person(account.Grant{Role: actor.Orderer, Company: firm, CompanyName: "Furuborg Bygg AB"}),
		"reviewer": person(account.Grant{Role: actor.Reviewer}),
	}
	b := browser(t, dbtest.New(t, dbtest.SQLite), people)
	if page := b.Get("/"); page.Form("/signin/bankid").Value("next") != "/" {
		t.Error("signing in doesn't come back to the places")
	}
	b.SignIn("holder")
	b.Get("/").At("/me")
	b.SignIn("orderer")
	page := b.Get("/").Is(200).At("/").Check().Has("Furuborg Bygg AB", "Mina kort")
	page.One(`a[href=/o/` + url.PathEscape(firm.String()) + `]`)
	if strings.Contains(page.Body, `"/office"`) {
		t.Error("the office is offered to somebody without a role in it")
	}
	b.SignIn("reviewer")
	b.Get("/").Is(200).Check().Has("Drift").One(`a[href=/office]`)
}
