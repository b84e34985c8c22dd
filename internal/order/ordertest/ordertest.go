// Package ordertest builds companies, people and lines in every state for
// tests, through the same use cases as the pages.
package ordertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/luhn"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

// Browser is the secret of the one browser that tests sign with.
const Browser = "the browser of a test, with a long secret"

// Kit is a company with an orderer, two reviewers, and the services.
type Kit struct {
	DB        *db.DB
	Keeper    *seal.Keeper
	Provider  *eidtest.Provider
	EID       *eid.Service
	Blobs     *blob.Store
	Companies *company.Service
	Orders    *order.Service
	Cards     *Cards
	Company   company.Company
	Orderer   actor.Actor
	Reviewer  actor.Actor
	Reviewer2 actor.Actor
	people    int
	companies int
}

// Cards answers the order's questions about cards as it is told.
type Cards struct {
	// Answered is called after an answer was found and before it is given.
	Answered func()

	mu   sync.Mutex
	live map[string]string
}

// Give makes a live card.
func (c *Cards) Give(company uuid.UUID, numberHash, cardType, number string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live[company.String()+numberHash+cardType] = number
}

// LiveCardTx is the number that Give set.
func (c *Cards) LiveCardTx(_ context.Context, _ *db.Tx, company uuid.UUID, numberHash, cardType string) (string, bool, error) {
	c.mu.Lock()
	n, ok := c.live[company.String()+numberHash+cardType]
	c.mu.Unlock()
	if c.Answered != nil {
		c.Answered()
	}
	return n, ok, nil
}

// New makes a Kit.
func New(t testing.TB, d *db.DB) *Kit {
	t.Helper()
	k := &Kit{DB: d, Keeper: sealtest.NewTest(t), Provider: eidtest.New(), Cards: &Cards{live: map[string]string{}}}
	k.EID = k.Provider.Service(t, d, k.Keeper)
	k.Blobs = blob.New(d, k.Keeper)
	k.Companies = company.New(d, k.Keeper)
	k.Orders = order.New(d, k.Keeper, order.Deps{Cards: k.Cards, Companies: k.Companies, EID: k.EID, Blobs: k.Blobs, Scheme: "Kortverk", Cut: cut})
	k.Company, k.Orderer = k.Firm(t, false)
	k.Reviewer = actor.Actor{Role: actor.Reviewer, Account: db.NewID(), Name: "Rut Granskare"}
	k.Reviewer2 = actor.Actor{Role: actor.Reviewer, Account: db.NewID(), Name: "Tor Granskare"}
	return k
}

// Firm makes a company with an address and an orderer who can be mailed.
func (k *Kit) Firm(t testing.TB, referenceRequired bool) (company.Company, actor.Actor) {
	t.Helper()
	k.companies++
	officer := actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
	c, err := k.Companies.Enter(t.Context(), officer, company.Details{
		Name: fmt.Sprintf("Furuborg Bygg %d AB", k.companies), OrganisationNumber: checked(fmt.Sprintf("55999900%d", k.companies)), ReferenceRequired: referenceRequired,
		Address: company.Address{Name: "Furuborg, kontoret", Line1: "Sågverksgatan 4", Postcode: "444 44", City: "Exempelstad", Country: "SE"},
	})
	if err != nil {
		t.Fatalf("company: %v", err)
	}
	h := k.Holder(t, "Alva", "Lindström")
	return c, k.Enrol(t, c, h, fmt.Sprintf("alva%d@furuborg.example", k.companies))
}

// Enrol makes somebody an orderer of a company, invited at an address.
func (k *Kit) Enrol(t testing.TB, c company.Company, h Holder, email string) actor.Actor {
	t.Helper()
	by := actor.Actor{Role: actor.Orderer, Account: h.Actor.Account, Person: h.Actor.Person, Company: c.ID, Name: h.Given + " " + h.Surname}
	err := db.Do(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) error {
		if _, err := tx.Exec("INSERT INTO account (id, person_id, email, lang, created_at) VALUES ($1, $2, $3, 'sv', $4)", by.Account, by.Person, email, tx.Now); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO account_grant (id, account_id, role, company_id, granted_at) VALUES ($1, $2, 'orderer', $3, $4)", db.NewID(), by.Account, c.ID, tx.Now)
		return err
	})
	if err != nil {
		t.Fatalf("orderer: %v", err)
	}
	return by
}

func checked(digits string) string {
	d, ok := luhn.Digit(digits)
	if !ok {
		panic("not digits: " + digits)
	}
	return digits + string(d)
}

// Holder is a person who has identified, and can sign.
type Holder struct {
	Actor   actor.Actor
	Number  person.PersonalNumber
	Given   string
	Surname string
}

// Number is a personal number that nobody else in the Kit has, from the range that is kept for tests.
func (k *Kit) Number() person.PersonalNumber {
	k.people++
	n := k.people
	day := fmt.Sprintf("%02d%02d%02d", 70+n/300%30, 1+n/25%12, 1+n%25)
	return person.PersonalNumber("19" + checked(day+"239"))
}

// Holder makes a person by proof.
func (k *Kit) Holder(t testing.TB, given, surname string) Holder {
	t.Helper()
	return k.Join(t, k.Number(), given, surname)
}

// Join proves a number and a name.
func (k *Kit) Join(t testing.TB, n person.PersonalNumber, given, surname string) Holder {
	t.Helper()
	p, err := db.Write(t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) (person.Person, error) {
		return person.JoinTx(ctx, tx, k.Keeper, person.Proof{PersonalNumber: n, GivenName: given, Surname: surname, Provider: "test"})
	})
	if err != nil {
		t.Fatalf("person: %v", err)
	}
	return Holder{actor.Actor{Role: actor.Cardholder, Account: db.NewID(), Person: p.ID, Name: p.Name().String()}, n, given, surname}
}

// Who is what an orderer types about somebody, right in every field.
func Who(given, surname string, n person.PersonalNumber) order.Who {
	return order.Who{
		GivenName: given, Surname: surname, Nationality: "SE", PersonalNumber: n.Long(),
		Email: fmt.Sprintf("p%s@post.example", string(n)[2:8]), Phone: "070-174 06 05", Lang: "sv",
	}
}

var pictures = sync.OnceValue(func() []photo.Picture {
	var out []photo.Picture
	for _, p := range cast.People()[:4] {
		data := p.Portrait()
		pic, err := photo.Accept(context.Background(), bytes.NewReader(data), int64(len(data)))
		if err != nil {
			panic(err)
		}
		out = append(out, pic)
	}
	return out
})

var cuts sync.Map

// cut is photo.Cut, which remembers: tests put the same few pictures on very many lines.
func cut(ctx context.Context, jpeg []byte, crop photo.Crop) (photo.Picture, error) {
	type key struct {
		sum  [sha256.Size]byte
		crop photo.Crop
	}
	k := key{sha256.Sum256(jpeg), crop}
	if p, ok := cuts.Load(k); ok {
		return p.(photo.Picture), nil
	}
	p, err := photo.Cut(ctx, jpeg, crop)
	if err == nil {
		cuts.Store(k, p)
	}
	return p, err
}

// Picture is one of four portraits of different people.
func Picture(i int) photo.Picture { return pictures()[i%4] }

// Filled is a draft with one line that lacks nothing.
func (k *Kit) Filled(t testing.TB, by actor.Actor, w order.Who) order.Order {
	t.Helper()
	o, err := k.Orders.NewDraft(t.Context(), by)
	if err != nil {
		t.Fatalf("draft: %v", err)
	}
	return k.Fill(t, by, o.Lines[0].ID, w)
}

// Fill completes a line of a draft.
func (k *Kit) Fill(t testing.TB, by actor.Actor, line order.ID, w order.Who) order.Order {
	t.Helper()
	if _, err := k.Orders.SetPerson(t.Context(), by, line, w); err != nil {
		t.Fatalf("person: %v", err)
	}
	if _, err := k.Orders.SetCard(t.Context(), by, line, order.CardChoice{Type: "standard"}); err != nil {
		t.Fatalf("card: %v", err)
	}
	o, err := k.Orders.SetPhoto(t.Context(), by, line, Picture(0))
	if err != nil {
		t.Fatalf("photo: %v", err)
	}
	return o
}

// Ordered is a line that waits for review.
func (k *Kit) Ordered(t testing.TB, w order.Who) order.Line {
	t.Helper()
	return k.OrderedBy(t, k.Orderer, w)
}

// OrderedBy is Ordered for another orderer.
func (k *Kit) OrderedBy(t testing.TB, by actor.Actor, w order.Who) order.Line {
	t.Helper()
	o := k.Filled(t, by, w)
	o, err := k.Orders.Submit(t.Context(), by, o.ID, o.Revision)
	if err != nil {
		t.Fatalf("submit: %v", err)
	}
	return o.Lines[0]
}

// Awaiting is a line that waits for its cardholder.
func (k *Kit) Awaiting(t testing.TB, w order.Who) order.Line {
	t.Helper()
	l := k.Ordered(t, w)
	l, err := k.Orders.Pass(t.Context(), k.Reviewer, l.ID, l.Revision)
	if err != nil {
		t.Fatalf("pass: %v", err)
	}
	return l
}

// Contact is a whole one.
func Contact() person.Contact {
	return person.Contact{Phone: "070-174 06 05", Street: "Provgatan 1", Postcode: "444 44", City: "Exempelstad", Country: "SE", Lang: "sv"}
}

// Sign has the holder sign what SignText gives, and returns the transaction.
func (k *Kit) Sign(t testing.TB, h Holder, l order.Line) eid.ID {
	t.Helper()
	if _, err := k.Orders.Contact(t.Context(), h.Actor, l.ID, Contact()); err != nil {
		t.Fatalf("contact: %v", err)
	}
	b, err := k.Orders.SignText(t.Context(), h.Actor, l.ID, l.Revision, "sv")
	if err != nil {
		t.Fatalf("sign text: %v", err)
	}
	b.Browser = Browser
	return k.Provider.Complete(t, k.EID, b, eidtest.Person{PersonalNumber: string(h.Number), GivenName: h.Given, Surname: h.Surname})
}

// Approved is a line that its cardholder has signed.
func (k *Kit) Approved(t testing.TB, h Holder) order.Line {
	t.Helper()
	l := k.Awaiting(t, Who(h.Given, h.Surname, h.Number))
	l, err := k.Orders.Confirm(t.Context(), h.Actor, l.ID, l.Revision, k.Sign(t, h, l), Browser)
	if err != nil {
		t.Fatalf("confirm: %v", err)
	}
	return l
}

// Line loads a line as it is now.
func (k *Kit) Line(t testing.TB, id order.ID) order.Line {
	t.Helper()
	l, err := db.Read(t.Context(), k.DB, func(ctx context.Context, tx *db.Tx) (order.Line, error) { return k.Orders.LineTx(ctx, tx, id) })
	if err != nil {
		t.Fatalf("line: %v", err)
	}
	return l
}

// Token makes a link to a line, as mails have it: mails keep theirs sealed.
func (k *Kit) Token(t testing.TB, line order.ID) string {
	t.Helper()
	token := "token-of-a-test-" + line.String()
	err := db.Do(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec("INSERT INTO order_link (token_hash, line, created_at) VALUES ($1, $2, $3)", k.Keeper.Hash("order.link", token), line, tx.Now)
		return err
	})
	if err != nil {
		t.Fatalf("link: %v", err)
	}
	return token
}
