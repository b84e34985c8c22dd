package orderportal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/orderportal"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

// kit is a company with its pages, on real services.
type kit struct {
	*ordertest.Kit
	t      *testing.T
	cards  *card.Service
	engine *web.Engine
	alva   *webtest.Client // orders for Company, reads Swedish
	emma   *webtest.Client // the same, in English
	bjorn  *webtest.Client // orders for another company
	other  actor.Actor     // is bjorn
	base   string
}

func each(t *testing.T, fn func(k *kit)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(newKit(t, d)) })
}

func newKit(t *testing.T, d *db.DB) *kit {
	t.Helper()
	k := &kit{Kit: ordertest.New(t, d), t: t}
	k.cards = card.New(d, k.Keeper, card.Config{})
	k.Orders = order.New(d, k.Keeper, order.Deps{Cards: k.cards, Companies: k.Companies, EID: k.EID, Blobs: k.Blobs, Scheme: "Kortverk"})
	made, err := production.New(d, nil, k.Blobs, k.cards, k.Orders, production.Config{Prefix: "BB"}, dbtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	firm, other := k.Firm(t, true)
	k.other = other
	people := map[string]account.Session{
		"alva":  session(k.Orderer, k.Company.Name, "sv"),
		"emma":  session(k.Orderer, k.Company.Name, "en"),
		"bjorn": session(other, firm.Name, "sv"),
	}
	cfg := webtest.World{People: people}.Config()
	cfg.Companies, cfg.Clock, cfg.Log = k.Companies, d.Clock(), dbtest.Log(t)
	k.engine = web.New(cfg)
	handler := k.engine.Handler(orderportal.Routes(orderportal.Deps{Orders: k.Orders, Cards: k.cards, Companies: k.Companies, Production: made, Blobs: k.Blobs}))
	for name, c := range map[string]**webtest.Client{"alva": &k.alva, "emma": &k.emma, "bjorn": &k.bjorn} {
		*c = webtest.New(t, handler)
		(*c).SignIn(name)
	}
	k.base = "/o/" + k.Company.ID.String()
	return k
}

func session(a actor.Actor, firm, lang string) account.Session {
	s := account.Session{
		Account: a.Account, Person: a.Person, Name: a.Name, Given: "Alva", AuthAt: time.Now(),
		Grants: []account.Grant{{Role: actor.Orderer, Company: a.Company, CompanyName: firm}},
	}
	s.Lang = "sv"
	if lang == "en" {
		s.Lang = "en"
	}
	return s
}

// open looks at a page as a person would and at what is true of every page.
func (k *kit) open(c *webtest.Client, path string) *webtest.Page {
	k.t.Helper()
	return k.look(c.Get(path)).Is(200)
}

func (k *kit) look(p *webtest.Page) *webtest.Page {
	k.t.Helper()
	p.Check()
	for _, dead := range p.Dead(k.engine) {
		if strings.Contains(dead, " /o/") {
			k.t.Errorf("%s: nothing answers %s", p.Path, dead)
		}
	}
	return p
}

func (k *kit) linePath(l order.Line) string {
	return fmt.Sprintf("%s/orders/%s/lines/%s", k.base, l.Order, l.ID)
}

// join is what happens when the cardholder opens the approval.
func (k *kit) join(h ordertest.Holder, l order.Line) order.Line {
	k.t.Helper()
	a, err := k.Orders.Approval(k.t.Context(), h.Actor, l.ID)
	if err != nil {
		k.t.Fatal(err)
	}
	return a.Line
}

// produced is a card that the bureau has made, with its line.
func (k *kit) produced(h ordertest.Holder) card.Card {
	k.t.Helper()
	l := k.Approved(k.t, h)
	c, err := db.Write(k.t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) (card.Card, error) {
		bureau := actor.System("bureau")
		if _, err := k.Orders.StartProductionTx(ctx, tx, bureau, l.ID); err != nil {
			return card.Card{}, err
		}
		n, err := card.ReserveNumberTx(ctx, tx, "BB", l.ID, uuid.New())
		if err != nil {
			return card.Card{}, err
		}
		c, err := card.IssueTx(ctx, tx, bureau, card.Issue{
			Number: n, Line: l.ID, Order: l.Order, Company: l.Company, Person: l.Person, Type: l.CardType,
			GivenName: l.PrintedGiven(), Surname: l.PrintedSurname(), CompanyName: k.Company.Name, OrganisationNumber: "559999-0016", ValidUntil: l.ValidUntil,
			Photo: l.Photo, ChipUID: "04" + n.Digits(), OrderedByName: l.OrderedByName, OrderNumber: l.OrderNumber, BatchNumber: "26-0001",
		})
		if err != nil {
			return card.Card{}, err
		}
		_, err = k.Orders.ProducedTx(ctx, tx, bureau, l.ID)
		return c, err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return c
}

func (k *kit) active(h ordertest.Holder) card.Card {
	k.t.Helper()
	c := k.produced(h)
	a, err := k.cards.Activate(k.t.Context(), h.Actor, c.ID, c.Number.LastSix(), time.Now())
	if err != nil {
		k.t.Fatal(err)
	}
	return a.Card
}
