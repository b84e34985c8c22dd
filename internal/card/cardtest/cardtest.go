// Package cardtest builds companies, cardholders, lines and cards for tests of
// what comes after an order.
package cardtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/luhn"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

// Kit is a company with an orderer, and what is needed to give its people cards.
type Kit struct {
	D         *db.DB
	K         *seal.Keeper
	Cards     *card.Service
	Orders    *order.Service
	Blobs     *blob.Store
	Companies *company.Service
	Company   company.Company
	Officer   actor.Actor
	Orderer   actor.Actor
	alva      Holder // who ordered
	people    int
}

// New makes a Kit with the default fee set.
func New(t testing.TB, d *db.DB) *Kit {
	t.Helper()
	k := &Kit{D: d, K: sealtest.NewTest(t)}
	k.Officer = actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
	k.Blobs = blob.New(d, k.K)
	k.Cards = card.New(d, k.K, card.Config{})
	k.Orders = order.New(d, k.K, order.Deps{Cards: k.Cards, Blobs: k.Blobs, Scheme: "Kortverk"})
	k.Companies = company.New(d, k.K)
	k.Company = k.Firm(t, "Furuborg Bygg AB", "5599990016")
	k.alva = k.Holder(t, "Alva", "Lindström")
	k.Orderer = Orderer(k.Company)
	k.Orderer.Account, k.Orderer.Person = k.alva.Account, k.alva.Person.ID
	err := db.Do(t.Context(), d, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (id, person_id, email, lang, created_at) VALUES ($1, $2, 'alva@example.se', 'sv', $3)`,
			k.Orderer.Account, k.Orderer.Person, tx.Now)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO account_grant (id, account_id, role, company_id, granted_at) VALUES ($1, $2, 'orderer', $3, $4)`,
			db.NewID(), k.Orderer.Account, k.Company.ID, tx.Now)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Firm enters a company.
func (k *Kit) Firm(t testing.TB, name, number string) company.Company {
	t.Helper()
	c, err := k.Companies.Enter(t.Context(), k.Officer, company.Details{Name: name, OrganisationNumber: number})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Orderer is one of a company's.
func Orderer(c company.Company) actor.Actor {
	return actor.Actor{Role: actor.Orderer, Account: db.NewID(), Company: c.ID, Name: "Alva Lindström"}
}

// Holder is a proven person as a cardholder.
type Holder struct {
	actor.Actor
	Person person.Person
	Number person.PersonalNumber
}

// Holder proves a new person, born on 17 June 1985.
func (k *Kit) Holder(t testing.TB, given, surname string) Holder {
	t.Helper()
	k.people++
	digits := fmt.Sprintf("850617%03d", 100+k.people)
	check, _ := luhn.Digit(digits)
	number := person.PersonalNumber("19" + digits + string(check))
	p, err := db.Write(t.Context(), k.D, func(ctx context.Context, tx *db.Tx) (person.Person, error) {
		return person.JoinTx(ctx, tx, k.K, person.Proof{PersonalNumber: number, GivenName: given, Surname: surname, Provider: "bankid"})
	})
	if err != nil {
		t.Fatal(err)
	}
	return Holder{actor.Actor{Role: actor.Cardholder, Account: db.NewID(), Person: p.ID, Name: given + " " + surname}, p, number}
}

// Line is a line in a state, ordered for a holder by the Kit's company, with a
// photo; the search finds it by its names.
func (k *Kit) Line(t testing.TB, h Holder, state order.State) order.Line {
	t.Helper()
	return k.LineOf(t, k.Company, h, state)
}

// LineOf is a line of another company.
func (k *Kit) LineOf(t testing.TB, c company.Company, h Holder, state order.State) order.Line {
	t.Helper()
	line, err := db.Write(t.Context(), k.D, func(ctx context.Context, tx *db.Tx) (order.Line, error) {
		picture, err := k.Blobs.PutTx(ctx, tx, "image/jpeg", Portrait())
		if err != nil {
			return order.Line{}, err
		}
		id := db.NewID()
		if err := k.insertOrder(tx, c, id); err != nil {
			return order.Line{}, err
		}
		if err := k.insertLine(tx, c, h, id, picture, state); err != nil {
			return order.Line{}, err
		}
		return k.Orders.LineTx(ctx, tx, id)
	})
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func (k *Kit) insertOrder(tx *db.Tx, c company.Company, id uuid.UUID) error {
	_, err := tx.Exec(`INSERT INTO card_order (id, company, number, ordered_by, ordered_by_person, ordered_by_name, reference, cost_centre, address_name,
		line1, care_of, postcode, city, country, created_at, changed_at, submitted_at, revision)
		VALUES ($1, $2, $3, $4, $5, 'Alva Lindström', '', '', 'Kontoret', 'Storgatan 1', '', '123 45', 'Ekstad', 'SE', $6, $6, $6, 1)`,
		id, c.ID, OrderNumber(id), k.alva.Account, k.alva.Person.ID, tx.Now)
	return err
}

// OrderNumber is the number of the order that LineOf makes.
func OrderNumber(line uuid.UUID) string {
	s := fmt.Sprintf("%X", line[12:])
	return "B-" + s[len(s)-8:]
}

// insertLine writes a line as it is at the state; its order has the same id.
func (k *Kit) insertLine(tx *db.Tx, c company.Company, h Holder, id, picture uuid.UUID, state order.State) error {
	p := h.Person
	_, err := tx.Exec(`INSERT INTO order_line (id, order_id, company, position, state, revision, writes, signed_company, signed_company_number, given_name, surname, short_given, short_surname,
		birth_date, nationality, personal_number_hash, personal_number_masked, email, phone, lang, card_type, valid_until, replaces, photo,
		photo_sha256, photo_hash, original_sha256, original_hash, photo_crop, photo_verdict, attempts, changed, untold, reviewed_by_name,
		review_outcome, review_reasons, review_text, review_revision, person, proven_given, proven_surname, proven_by, nationality_proven,
		match_level, reject_reason, return_reason, cancel_reason, reminded, created_at, state_at)
		VALUES ($1, $1, $2, 1, $3, 1, 0, $15, $16, $4, $5, '', '', $6, 'SE', $7, $8, $9, '', 'sv', 'standard', $10, '', $11, '', 0, '', 0, '', '', 1, '', '',
		'', '', '', '', 0, $12, '', '', 'bankid', $13, '', '', '', '', 0, $14, $14)`,
		id, c.ID, string(state), p.GivenName, p.Surname, p.BirthDate, person.HashNumber(k.K, h.Number), h.Number.Masked(),
		i18n.Fold(p.GivenName)+"@example.se", clock.DateOf(tx.Now).AddYears(5), picture, p.ID, false, tx.Now, c.Name, c.PrintedNumber())
	if err != nil {
		return err
	}
	for kind, names := range map[string][]string{"name": {p.GivenName, p.Surname}, "orderer": {"Alva", "Lindström"}} {
		for _, n := range names {
			_, err := tx.Exec(`INSERT INTO order_line_word (company, kind, word, line) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, c.ID, kind, i18n.Fold(n), id)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Issue makes the card of a line as production does.
func (k *Kit) Issue(t testing.TB, l order.Line, name string) card.Card {
	t.Helper()
	c, err := db.Write(t.Context(), k.D, func(ctx context.Context, tx *db.Tx) (card.Card, error) {
		n, err := card.ReserveNumberTx(ctx, tx, "BB", l.ID, db.NewID())
		if err != nil {
			return card.Card{}, err
		}
		return card.IssueTx(ctx, tx, actor.System("bureau"), card.Issue{
			Number: n, Line: l.ID, Order: l.Order, Company: l.Company, Person: l.Person,
			Type: l.CardType, GivenName: l.PrintedGiven(), Surname: l.PrintedSurname(), CompanyName: name, OrganisationNumber: "559999-0016",
			ValidUntil: l.ValidUntil, Photo: l.Photo, ChipUID: "04" + fmt.Sprintf("%X", n), OrderedByName: l.OrderedByName, OrderNumber: l.OrderNumber,
			BatchNumber: "26-0001",
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Produced is a card of the Kit's company that the bureau just made.
func (k *Kit) Produced(t testing.TB, h Holder) card.Card {
	t.Helper()
	return k.Issue(t, k.Line(t, h, order.Produced), k.Company.Name)
}

// Active is an activated card with its PIN.
func (k *Kit) Active(t testing.TB, h Holder) (card.Card, string) {
	t.Helper()
	c := k.Produced(t, h)
	a, err := k.Cards.Activate(t.Context(), h.Actor, c.ID, c.Number.LastSix(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a.Card, a.PIN
}

// Blocked is a blocked card.
func (k *Kit) Blocked(t testing.TB, h Holder) card.Card {
	t.Helper()
	c, _ := k.Active(t, h)
	c, err := k.Cards.Block(t.Context(), k.Orderer, c.ID, c.Revision, card.ReasonLost, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Expire lets the validity of a card run out, as time would.
func (k *Kit) Expire(t testing.TB, c card.Card) {
	t.Helper()
	err := db.Do(t.Context(), k.D, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE card SET valid_until = $1 WHERE id = $2`, clock.DateOf(tx.Now).AddDays(-1), c.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
