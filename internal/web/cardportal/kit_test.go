package cardportal_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/cardportal"
	"github.com/kortverk/kortverk/internal/web/signin"
	"github.com/kortverk/kortverk/internal/web/ui"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

// kit is the card portal with real services and a provider that answers as it is told.
type kit struct {
	*ordertest.Kit
	t        testing.TB
	cards    *card.Service
	accounts *account.Service
	engine   *web.Engine
	browser  *webtest.Client
	routes   [][]web.Route
}

func newKit(t testing.TB, d *db.DB) *kit {
	t.Helper()
	k := &kit{Kit: ordertest.New(t, d), t: t}
	k.cards = card.New(d, k.Keeper, card.Config{})
	k.accounts = account.New(d, k.Keeper, k.EID)
	made, err := production.New(d, nil, k.Blobs, k.cards, k.Orders, production.Config{Prefix: "BB"}, dbtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	k.engine = web.New(web.Config{
		Sessions: k.accounts, Companies: k.Companies, Clock: d.Clock(), Log: dbtest.Log(t), Origin: webtest.Origin,
		Brand: ui.Brand{Name: "Kortverk", Phone: "010-000 00 00"},
	})
	flow := signin.New(signin.Flow{Accounts: k.accounts, EID: k.EID, Origin: webtest.Origin, AppBase: "https://app.test/"})
	k.routes = [][]web.Route{flow.Routes(), cardportal.Routes(cardportal.Deps{
		Accounts: k.accounts, Orders: k.Orders, Cards: k.cards, Production: made, Blobs: k.Blobs, EID: k.EID, Flow: flow,
	})}
	k.browser = k.newBrowser("sv")
	return k
}

func (k *kit) newBrowser(lang string) *webtest.Client {
	c := webtest.New(k.t, k.engine.Handler(k.routes...))
	c.Lang = lang
	return c
}

// speak chooses the language of the pages, as the menu does.
func (k *kit) speak(lang string) { k.browser.SetCookie("__Host-lang", lang) }

// one is the kit on the engine that is quickest to start: what it shows doesn't
// depend on the database.
func one(t *testing.T) *kit { return newKit(t, dbtest.New(t, "sqlite")) }

func person(h ordertest.Holder) eidtest.Person {
	return eidtest.Person{PersonalNumber: string(h.Number), GivenName: h.Given, Surname: h.Surname}
}

// approveIn lets somebody complete what the app waits for, and goes back to the page.
func (k *kit) approveIn(p *webtest.Page, h ordertest.Holder) *webtest.Page {
	k.t.Helper()
	p.Is(200)
	k.Provider.Approve(person(h))
	return k.after(p)
}

// after lets the answer in and loads the page that waits for it.
func (k *kit) after(p *webtest.Page) *webtest.Page {
	k.t.Helper()
	if _, err := k.EID.Step(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	return k.browser.Get(p.Path)
}

// signIn gives the browser a session of the person.
func (k *kit) signIn(h ordertest.Holder) {
	k.t.Helper()
	k.approveIn(k.browser.Get("/signin?next=/me").Form("/signin/bankid").Submit(""), h).At("/me")
}

// stale makes the last identification older than what a PIN asks for.
func (k *kit) stale() {
	k.t.Helper()
	k.exec("UPDATE session SET auth_at = auth_at - 400000000")
}

func (k *kit) exec(sql string, args ...any) {
	k.t.Helper()
	err := db.Do(k.t.Context(), k.DB, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(sql, args...)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

// awaiting is a line of the person's own, with the name as the orderer spelled it.
func (k *kit) awaiting(h ordertest.Holder, given, surname string) order.Line {
	k.t.Helper()
	return k.Awaiting(k.t, ordertest.Who(given, surname, h.Number))
}

func (k *kit) contact(h ordertest.Holder, l order.Line) {
	k.t.Helper()
	if _, err := k.Orders.Contact(k.t.Context(), h.Actor, l.ID, ordertest.Contact()); err != nil {
		k.t.Fatal(err)
	}
}

// produced is a card that the bureau made of an approved line.
func (k *kit) produced(l order.Line) card.Card {
	k.t.Helper()
	by := actor.System("bureau")
	c, err := db.Write(k.t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) (card.Card, error) {
		if _, err := k.Orders.StartProductionTx(ctx, tx, by, l.ID); err != nil {
			return card.Card{}, err
		}
		done, err := k.Orders.ProducedTx(ctx, tx, by, l.ID)
		if err != nil {
			return card.Card{}, err
		}
		n, err := card.ReserveNumberTx(ctx, tx, "BB", l.ID, db.NewID())
		if err != nil {
			return card.Card{}, err
		}
		c, err := card.IssueTx(ctx, tx, by, card.Issue{
			Number: n, Line: l.ID, Order: l.Order, Company: l.Company, Person: done.Person,
			Type: l.CardType, GivenName: l.PrintedGiven(), Surname: l.PrintedSurname(), CompanyName: k.Company.Name, OrganisationNumber: "559999-0016",
			ValidUntil: l.ValidUntil, Photo: l.Photo, ChipUID: fmt.Sprintf("04%X", string(n)), OrderedByName: l.OrderedByName, OrderNumber: l.OrderNumber,
			BatchNumber: "26-0001",
		})
		if err != nil {
			return card.Card{}, err
		}
		return card.DispatchTx(ctx, tx, by, c.ID, "RR123", db.NewID())
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return c
}

// holder is a person with a whole contact and a card that the bureau made.
func (k *kit) holder(given, surname string) (ordertest.Holder, card.Card) {
	k.t.Helper()
	h := k.Holder(k.t, given, surname)
	return h, k.produced(k.Approved(k.t, h))
}

// active is holder with the card activated.
func (k *kit) active(given, surname string) (ordertest.Holder, card.Card) {
	k.t.Helper()
	h, c := k.holder(given, surname)
	k.signIn(h)
	page := k.browser.Get(path(c)+"/activate").Form("/activate").Set("digits", c.Number.LastSix()).Submit("").Is(200)
	page.Has(i18n.For(i18n.Swedish).T("cardportal.pin.activated"))
	return h, k.card(h, c)
}

// card loads a card as it is now.
func (k *kit) card(h ordertest.Holder, c card.Card) card.Card {
	k.t.Helper()
	now, err := k.cards.ByNumber(k.t.Context(), h.Actor, c.Number)
	if err != nil {
		k.t.Fatal(err)
	}
	return now
}

func path(c card.Card) string { return "/me/cards/" + string(c.Number) }

// before is the path of a card that isn't activated: without its number.
func before(c card.Card) string { return "/me/cards/" + c.ID.String() }
