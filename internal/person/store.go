package person

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/seal"
)

// ID is a person's.
type ID = uuid.UUID

const (
	sealPurpose = "person.number"
	hashPurpose = "personal_number"
)

// Person is a proven human. The names are as the last proof gave them; see [Person.Name] for how to show them.
type Person struct {
	ID                              ID
	GivenName, Surname              string
	BirthDate                       clock.Date
	Nationality                     Nationality // "" until claimed on an order
	NationalityProven               bool
	Email, Phone                    string
	Street, Postcode, City, Country string
	Lang                            i18n.Lang
	ProvenBy                        string // provider of the last proof
	ProvenAt                        time.Time
	Revision                        int64
}

// ProvenName is the name as proof gave it, for [Match].
func (p Person) ProvenName() Name { return Name{p.GivenName, p.Surname} }

// Name is the name to show: one that came in capitals is recased.
func (p Person) Name() Name { return p.ProvenName().Recased() }

// Proof is what an eID said about a person.
type Proof struct {
	PersonalNumber     PersonalNumber
	GivenName, Surname string
	Provider           string // "bankid"
}

// HashNumber is the keyed hash by which a personal number is found, here and in other capabilities' tables.
func HashNumber(k *seal.Keeper, n PersonalNumber) string { return k.Hash(hashPurpose, string(n)) }

// JoinTx finds the person of a proven personal number, or makes one: also when two proofs arrive at once there is one
// person. A name that has changed since the last proof replaces it. Journal: person.joined, person.renamed. Errors: those
// of [ParsePersonalNumber], person.name_missing.
func JoinTx(ctx context.Context, tx *db.Tx, k *seal.Keeper, a Proof) (Person, error) {
	number, err := ParsePersonalNumber(string(a.PersonalNumber), clock.DateOf(tx.Now))
	if err != nil {
		return Person{}, err
	}
	a.PersonalNumber, a.GivenName, a.Surname = number, tidy(a.GivenName), tidy(a.Surname)
	if a.GivenName == "" && a.Surname == "" {
		return Person{}, invalid("person.name_missing")
	}
	hash := HashNumber(k, number)
	id, err := idOfHash(tx, hash)
	if errors.Is(err, db.ErrNoRows) {
		var made bool
		if id, made, err = insert(ctx, tx, k, a, hash); err != nil || made {
			return joined(ctx, tx, id, err)
		}
		id, err = idOfHash(tx, hash) // another transaction was first; it has committed, or we had waited
	}
	if err != nil {
		return Person{}, err
	}
	if err := prove(ctx, tx, id, a); err != nil {
		return Person{}, err
	}
	return ByIDTx(ctx, tx, id)
}

func idOfHash(tx *db.Tx, hash string) (ID, error) {
	return db.Value[uuid.UUID](tx, `SELECT id FROM person WHERE number_hash = $1`, hash)
}

// insert makes the person unless the number is there already.
func insert(ctx context.Context, tx *db.Tx, k *seal.Keeper, a Proof, hash string) (id ID, made bool, err error) {
	id = db.NewID()
	sealed, err := k.Seal(sealPurpose, id.String(), []byte(a.PersonalNumber))
	if err != nil {
		return id, false, err
	}
	n, err := tx.Exec(`INSERT INTO person (id, number_hash, number_sealed, given_name, surname, birth_date, nationality, nationality_proven,
			email, phone, street, postcode, city, country, lang, proven_by, proven_at, revision, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, '', $7, '', '', '', '', '', '', '', $8, $9, 1, $9)
		ON CONFLICT (number_hash) DO NOTHING`,
		id, hash, sealed, a.GivenName, a.Surname, a.PersonalNumber.BirthDate(), false, a.Provider, tx.Now)
	if err != nil || n == 0 {
		return id, false, err
	}
	return id, true, journal.AppendTx(ctx, tx, journal.Entry{Kind: "person.joined", By: self(id, a), Person: id, Reason: a.Provider})
}

func joined(ctx context.Context, tx *db.Tx, id ID, err error) (Person, error) {
	if err != nil {
		return Person{}, err
	}
	return ByIDTx(ctx, tx, id)
}

// prove writes a later proof of a known person.
func prove(ctx context.Context, tx *db.Tx, id ID, a Proof) error {
	renamed, err := tx.Exec(`UPDATE person SET given_name = $2, surname = $3, revision = revision + 1
		WHERE id = $1 AND (given_name <> $2 OR surname <> $3)`, id, a.GivenName, a.Surname)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE person SET proven_by = $2, proven_at = $3 WHERE id = $1 AND proven_at <= $3`, id, a.Provider, tx.Now); err != nil {
		return err
	}
	if renamed == 0 {
		return nil
	}
	return journal.AppendTx(ctx, tx, journal.Entry{Kind: "person.renamed", By: self(id, a), Person: id, Reason: a.Provider})
}

// self is the person who proves to be that person.
func self(id ID, a Proof) actor.Actor {
	return actor.Actor{Role: actor.Cardholder, Person: id, Name: Name{a.GivenName, a.Surname}.Recased().String()}
}

// ByIDTx reads a person. Error: person.unknown.
func ByIDTx(_ context.Context, tx *db.Tx, id ID) (Person, error) {
	p, err := db.One(tx, scan, `SELECT id, given_name, surname, birth_date, nationality, nationality_proven, email, phone,
		street, postcode, city, country, lang, proven_by, proven_at, revision FROM person WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return Person{}, unknown()
	}
	return p, err
}

func unknown() *fault.Error { return fault.New(fault.NotFound, "person.unknown") }

func scan(r db.Row) (Person, error) {
	var p Person
	var nationality, lang string
	err := r.Scan(&p.ID, &p.GivenName, &p.Surname, &p.BirthDate, &nationality, &p.NationalityProven, &p.Email, &p.Phone,
		&p.Street, &p.Postcode, &p.City, &p.Country, &lang, &p.ProvenBy, &p.ProvenAt, &p.Revision)
	p.Nationality, p.Lang = Nationality(nationality), i18n.Lang(lang)
	return p, err
}

// NumberTx opens a person's number. Who shows it to somebody writes that in the journal. Error: person.unknown.
func NumberTx(_ context.Context, tx *db.Tx, k *seal.Keeper, id ID) (PersonalNumber, error) {
	sealed, err := db.Value[[]byte](tx, `SELECT number_sealed FROM person WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return "", unknown()
	}
	if err != nil {
		return "", err
	}
	plain, err := k.Unseal(sealPurpose, id.String(), sealed)
	if err != nil {
		return "", fmt.Errorf("person %s: %w", id, err)
	}
	return PersonalNumber(plain), nil
}

// ByNumberTx finds the person of a number that was proven. It must not answer to what somebody only typed: that would tell
// who has a card. Error: person.unknown.
func ByNumberTx(ctx context.Context, tx *db.Tx, k *seal.Keeper, n PersonalNumber) (Person, error) {
	id, err := idOfHash(tx, HashNumber(k, n))
	if errors.Is(err, db.ErrNoRows) {
		return Person{}, unknown()
	}
	return joined(ctx, tx, id, err)
}

// SetContactTx stores how the person is reached; the last word counts. The journal's entry is the caller's, who knows why.
// Errors: those of [Contact.Clean], person.unknown.
func SetContactTx(_ context.Context, tx *db.Tx, id ID, c Contact) error {
	c, err := c.Clean()
	if err != nil {
		return err
	}
	if !c.Lang.Valid() {
		c.Lang = i18n.Swedish
	}
	return tx.Must1(unknown(), `UPDATE person SET phone = $2, street = $3, postcode = $4, city = $5, country = $6, lang = $7,
		revision = revision + 1 WHERE id = $1`, id, c.Phone, c.Street, c.Postcode, c.City, c.Country, string(c.Lang))
}

// SetEmailTx stores the person's own e-mail address. Errors: those of [ParseEmail], person.unknown.
func SetEmailTx(_ context.Context, tx *db.Tx, id ID, email string) error {
	email, err := ParseEmail(email)
	if err != nil {
		return err
	}
	return tx.Must1(unknown(), `UPDATE person SET email = $2, revision = revision + 1 WHERE id = $1`, id, email)
}

// SetLangTx stores the language that mails to the person are written in. Error: person.unknown.
func SetLangTx(_ context.Context, tx *db.Tx, id ID, lang i18n.Lang) error {
	if !lang.Valid() {
		lang = i18n.Swedish
	}
	return tx.Must1(unknown(), `UPDATE person SET lang = $2, revision = revision + 1 WHERE id = $1`, id, string(lang))
}

// SetNationalityTx stores a nationality. A proven one isn't replaced by a claim: then nothing happens. Errors:
// person.nationality_unknown, person.unknown.
func SetNationalityTx(_ context.Context, tx *db.Tx, id ID, n Nationality, proven bool) error {
	if !country.Valid(string(n)) {
		return invalid("person.nationality_unknown")
	}
	return tx.Must1(unknown(), `UPDATE person SET
			nationality = CASE WHEN nationality_proven AND NOT $3 THEN nationality ELSE $2 END,
			nationality_proven = (nationality_proven OR $3), revision = revision + 1
		WHERE id = $1`, id, string(n), proven)
}

// ResealTx seals up to limit numbers anew that an older key sealed, after after, and says where it came to; Nil at the end.
func ResealTx(_ context.Context, tx *db.Tx, k *seal.Keeper, after ID, limit int) (last ID, err error) {
	type row struct {
		id     ID
		sealed []byte
	}
	rows, err := db.Rows(tx, func(r db.Row) (row, error) {
		var v row
		err := r.Scan(&v.id, &v.sealed)
		return v, err
	}, `SELECT id, number_sealed FROM person WHERE id > $1 ORDER BY id LIMIT $2`, after.String(), limit)
	if err != nil {
		return uuid.Nil, err
	}
	for _, r := range rows {
		last = r.id
		if k.Current(r.sealed) {
			continue
		}
		plain, err := k.Unseal(sealPurpose, r.id.String(), r.sealed)
		if err != nil {
			return uuid.Nil, fmt.Errorf("person %s: %w", r.id, err)
		}
		sealed, err := k.Seal(sealPurpose, r.id.String(), plain)
		if err != nil {
			return uuid.Nil, err
		}
		if _, err := tx.Exec(`UPDATE person SET number_sealed = $2 WHERE id = $1`, r.id, sealed); err != nil {
			return uuid.Nil, err
		}
	}
	return last, nil
}
