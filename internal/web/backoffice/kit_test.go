package backoffice_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/backoffice"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

// taker is a bureau that takes everything and answers nothing.
type taker struct{}

func (taker) Deliver(context.Context, production.OrderFile) error { return nil }
func (taker) Ask(context.Context, string, []string) error         { return nil }

// office is the back office with real services.
type office struct {
	*ordertest.Kit
	t        *testing.T
	accounts *account.Service
	made     *production.Service
	jobs     *job.Runner
	engine   *web.Engine
	routes   []web.Route
}

func each(t *testing.T, fn func(t *testing.T, o *office)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newOffice(t, d)) })
}

func newOffice(t *testing.T, d *db.DB) *office {
	t.Helper()
	o := &office{Kit: ordertest.New(t, d), t: t}
	cards := card.New(d, o.Keeper, card.Config{})
	o.accounts = account.New(d, o.Keeper, o.EID)
	var err error
	o.made, err = production.New(d, taker{}, o.Blobs, cards, o.Orders, production.Config{CloseEvery: 24 * time.Hour, AskEvery: 24 * time.Hour}, dbtest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	o.jobs = job.NewRunner(d, dbtest.Log(t))
	o.made.Register(o.jobs)
	o.drain()
	o.engine = web.New(web.Config{Sessions: o.accounts, Companies: o.Companies, Clock: d.Clock(), Log: dbtest.Log(t), Origin: webtest.Origin})
	o.routes = backoffice.Routes(backoffice.Deps{
		Orders: o.Orders, Cards: cards, Companies: o.Companies, Accounts: o.accounts, Production: o.made, Checks: check.New(d), Blobs: o.Blobs, DB: d,
	})
	o.engine.Handler(o.routes) // the engine knows its routes
	return o
}

func (o *office) drain() {
	o.t.Helper()
	if err := o.jobs.Drain(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// enrol gives a new person a role, and answers a session's token.
func (o *office) enrol(given, surname string, g account.Grant) string {
	o.t.Helper()
	n := o.Number()
	proof := person.Proof{PersonalNumber: n, GivenName: given, Surname: surname, Provider: "test"}
	if err := o.accounts.Enrol(o.t.Context(), actor.System("test"), proof, strings.ToLower(given)+"@kortverk.example", i18n.Swedish, g); err != nil {
		o.t.Fatal(err)
	}
	id := o.Provider.Complete(o.t, o.EID, eid.Begin{Purpose: eid.Identify, Browser: ordertest.Browser, IP: "192.0.2.7", Lang: "sv", Subject: "signin:/office"},
		eidtest.Person{PersonalNumber: string(n), GivenName: given, Surname: surname})
	token, _, _, err := o.accounts.SignIn(o.t.Context(), id, account.Started{Browser: ordertest.Browser, IP: "192.0.2.7", UserAgent: "test", Lang: "sv"})
	if err != nil {
		o.t.Fatal(err)
	}
	return token
}

func (o *office) browser(token string) *webtest.Client {
	c := webtest.New(o.t, o.engine.Handler(o.routes))
	c.SignIn(token)
	return c
}

// staff is a browser of a new person with the role.
func (o *office) staff(given string, role actor.Role) *webtest.Client {
	o.t.Helper()
	return o.browser(o.enrol(given, "Granlund", account.Grant{Role: role}))
}

func (o *office) ordered(given, surname string) order.Line {
	o.t.Helper()
	return o.Ordered(o.t, ordertest.Who(given, surname, o.Number()))
}

// do is a transaction of the test itself.
func (o *office) do(fn func(ctx context.Context, tx *db.Tx) error) {
	o.t.Helper()
	if err := db.Do(o.t.Context(), o.DB, fn); err != nil {
		o.t.Fatal(err)
	}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// english shows the page again in English, checked, and without texts that
// nobody wrote.
func english(c *webtest.Client, path string) *webtest.Page {
	c.SetCookie("__Host-lang", "en")
	p := c.Get(path).Is(200).Check()
	c.SetCookie("__Host-lang", "sv")
	return p
}

func caseAt(id uuid.UUID) string { return "/office/review/" + id.String() }
