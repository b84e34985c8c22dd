package app

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/luhn"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/world"
)

// browser is the secret of the one browser that everybody in a scene uses.
const browser = "the secret of a browser, long enough for anybody"

// scene is the whole program with the sandbox around it, the cast signed in, a
// card that is dispatched, an order in review and a draft.
type scene struct {
	app            *App
	world          *world.World
	people         map[string]member
	company, other uuid.UUID // of the cards; of somebody else

	order, line    uuid.UUID // jonas's, done
	order2         uuid.UUID // another of the same company
	waiting, draft uuid.UUID // in review; not sent
	batch, item    uuid.UUID
	reader         uuid.UUID
	number         string
	never          string // a card number of nobody's
}

type member struct {
	token   string
	session account.Session
}

func newScene(t *testing.T, engine string) *scene {
	t.Helper()
	dir := t.TempDir()
	c := devCmd{Addr: "localhost:0", AdminAddr: "localhost:0", WorldAddr: "localhost:0", Data: dir, LogFormat: "text"}
	if engine == dbtest.Postgres {
		c.DatabaseURL = dbtest.Options(t, engine).URL
	}
	log := slog.New(slog.DiscardHandler)
	must(t, seal.Create(filepath.Join(dir, "keys.json")))
	w, err := world.New(world.Options{Data: dir, Addr: c.WorldAddr, Gallery: true, Log: log})
	must(t, err)
	a, err := New(t.Context(), c.config(w, filepath.Join(dir, "keys.json")), log)
	must(t, err)
	product, err := a.prepareSandbox(t.Context())
	must(t, err)
	readers, err := a.services.checks.Readers(t.Context(), actor.System("test"))
	must(t, err)
	w.Attach(product)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runBoth(ctx, a, w) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		_, _ = w.Close(), a.Close()
	})
	s := &scene{app: a, reader: readers[0].ID, world: w, people: map[string]member{}}
	for _, c := range product.Companies {
		switch c.Cast {
		case "furuborg":
			s.company = uuid.MustParse(c.ID)
		case "norrsken":
			s.other = uuid.MustParse(c.ID)
		}
	}
	s.signIn(t, visitors[1:]...)
	s.prepare(t)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// identified runs an eID transaction to its end with a person's phone.
func (s *scene) identified(t *testing.T, who string, b eid.Begin) eid.ID {
	t.Helper()
	id := s.identify(t, who, b)
	s.complete(t, id)
	return id
}

// identify lets the person's phone approve; the answer is collected later.
func (s *scene) identify(t *testing.T, who string, b eid.Begin) eid.ID {
	t.Helper()
	b.Browser, b.IP, b.UserAgent, b.Lang, b.ReturnURL = browser, "192.0.2.7", "a test", "sv", s.app.URL()+"/eid/return"
	tr, err := s.app.services.eid.Start(t.Context(), b)
	must(t, err)
	res, err := http.Post(s.world.URL()+"/phone/_sim/orders/"+tr.AutoStartToken+"/approve", "application/json", strings.NewReader(`{"persona":"`+who+`"}`))
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		t.Fatalf("the phone of %s: %s", who, res.Status)
	}
	return tr.ID
}

func (s *scene) complete(t *testing.T, id eid.ID) {
	t.Helper()
	s.wait(t, "the eID's answer", func() bool {
		tr, err := s.app.services.eid.Find(t.Context(), id, browser)
		must(t, err)
		return tr.State == eid.StateComplete
	})
}

func (s *scene) wait(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

func (s *scene) signIn(t *testing.T, who ...string) {
	t.Helper()
	var ids []eid.ID
	for _, id := range who {
		ids = append(ids, s.identify(t, id, eid.Begin{Purpose: eid.Identify, Subject: account.SignInSubject + "/"}))
	}
	for i, id := range ids {
		s.complete(t, id)
		token, session, _, err := s.app.services.accounts.SignIn(t.Context(), id, account.Started{Browser: browser, IP: "192.0.2.7", UserAgent: "a test", Lang: "sv"})
		must(t, err)
		s.people[who[i]] = member{token, session}
	}
}

func (s *scene) actor(who string, role actor.Role, company uuid.UUID) actor.Actor {
	p := s.people[who].session
	return p.Actor(role, company)
}

// prepare makes what the ids in the routes stand for.
func (s *scene) prepare(t *testing.T) {
	t.Helper()
	orders, alva, tove := s.app.services.orders, s.actor("alva", actor.Orderer, s.company), s.actor("tove", actor.Reviewer, uuid.Nil)
	done := s.sent(t, "jonas")
	s.order, s.line = done.ID, done.Lines[0].ID
	line, err := orders.Pass(t.Context(), tove, s.line, done.Lines[0].Revision)
	must(t, err)
	second := s.sent(t, "piotr")
	s.order2, s.waiting = second.ID, second.Lines[0].ID
	draft, err := orders.NewDraft(t.Context(), alva)
	must(t, err)
	s.draft = draft.Lines[0].ID
	s.photo(t, "amina", s.draft)
	s.approve(t, line)
	s.wait(t, "the card", func() bool {
		c, ok, err := s.app.services.cards.ByLine(t.Context(), alva, s.line)
		must(t, err)
		s.number = string(c.Number)
		return ok
	})
	maj := s.actor("maj", actor.Production, uuid.Nil)
	list, _, err := s.app.services.production.Batches(t.Context(), maj, "", 10)
	must(t, err)
	s.batch = list[0].ID
	view, err := s.app.services.production.Batch(t.Context(), maj, s.batch)
	must(t, err)
	s.item = view.Items[0].ID
	digits := "999999999"
	check, _ := luhn.Digit(digits)
	s.never = s.number[:2] + digits + string(check)
}

// sent is an order for a person of the cast that waits for review.
func (s *scene) sent(t *testing.T, who string) order.Order {
	t.Helper()
	orders, alva := s.app.services.orders, s.actor("alva", actor.Orderer, s.company)
	p, _ := cast.ByID(who)
	o, err := orders.NewDraft(t.Context(), alva)
	must(t, err)
	line := o.Lines[0].ID
	_, err = orders.SetPerson(t.Context(), alva, line, order.Who{
		GivenName: p.GivenName, Surname: p.Surname, Nationality: p.Nationality,
		PersonalNumber: p.PersonalNumber, Email: p.Email, Phone: p.Phone, Lang: "sv",
	})
	must(t, err)
	_, err = orders.SetCard(t.Context(), alva, line, order.CardChoice{Type: "standard"})
	must(t, err)
	o = s.photo(t, who, line)
	o, err = orders.Submit(t.Context(), alva, o.ID, o.Revision)
	must(t, err)
	return o
}

func (s *scene) photo(t *testing.T, who string, line uuid.UUID) order.Order {
	t.Helper()
	p, _ := cast.ByID(who)
	picture, err := photo.Accept(t.Context(), bytes.NewReader(p.Portrait()), int64(len(p.Portrait())))
	must(t, err)
	o, err := s.app.services.orders.SetPhoto(t.Context(), s.actor("alva", actor.Orderer, s.company), line, picture)
	must(t, err)
	return o
}

// approve signs jonas's line.
func (s *scene) approve(t *testing.T, line order.Line) {
	t.Helper()
	orders, jonas := s.app.services.orders, s.actor("jonas", actor.Cardholder, uuid.Nil)
	_, err := orders.Approval(t.Context(), jonas, line.ID) // joins the two by proof
	must(t, err)
	_, err = orders.Contact(t.Context(), jonas, line.ID, person.Contact{Phone: "070-174 06 21", Street: "Ekvägen 12", Postcode: "111 22", City: "Exempelstad", Country: "SE", Lang: "sv"})
	must(t, err)
	after, err := orders.Approval(t.Context(), jonas, line.ID)
	must(t, err)
	line = after.Line
	begin, err := orders.SignText(t.Context(), jonas, line.ID, line.Revision, "sv")
	must(t, err)
	id := s.identified(t, "jonas", begin)
	_, err = orders.Confirm(t.Context(), jonas, line.ID, line.Revision, id, browser)
	must(t, err)
}
