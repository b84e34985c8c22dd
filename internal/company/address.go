package company

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
)

// maxAddresses keeps the list of a company one that a person can choose from.
const maxAddresses = 50

const selectAddress = `SELECT id, name, care_of, line1, postcode, city, country FROM company_address `

func scanAddress(r db.Row) (Address, error) {
	var a Address
	err := r.Scan(&a.ID, &a.Name, &a.CareOf, &a.Line1, &a.Postcode, &a.City, &a.Country)
	return a, err
}

// Addresses lists a company's delivery addresses, the default one first.
func (s *Service) Addresses(ctx context.Context, id ID) ([]Address, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) ([]Address, error) { return AddressesTx(ctx, tx, id) })
}

// AddressesTx is [Service.Addresses] inside a transaction.
func AddressesTx(_ context.Context, tx *db.Tx, id ID) ([]Address, error) {
	return db.Rows(tx, scanAddress, selectAddress+`WHERE company_id = $1 ORDER BY CASE WHEN is_default THEN 0 ELSE 1 END, created_at, id`, id)
}

// AddressTx reads one address of the company. Error: company.address_unknown, also for an address of another company.
func AddressTx(_ context.Context, tx *db.Tx, id ID, address uuid.UUID) (Address, error) {
	a, err := db.One(tx, scanAddress, selectAddress+`WHERE company_id = $1 AND id = $2`, id, address)
	if errors.Is(err, db.ErrNoRows) {
		return Address{}, fault.New(fault.NotFound, "company.address_unknown")
	}
	return a, err
}

// AddAddress is [Service.AddAddressTx] in a transaction of its own.
func (s *Service) AddAddress(ctx context.Context, by actor.Actor, id ID, a Address, makeDefault bool) (Address, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Address, error) {
		return s.AddAddressTx(ctx, tx, by, id, a, makeDefault)
	})
}

// AddAddressTx adds a delivery address, by an officer or somebody who orders for the company; the first one becomes the
// default. One that is there already is given back as it is, so that a form sent twice adds one. Errors: company.not_allowed, unknown, closed,
// addresses_full (argument max), those of [Address.Clean].
func (s *Service) AddAddressTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID, a Address, makeDefault bool) (Address, error) {
	if !by.Is(actor.Orderer) || !by.For(id) {
		if err := mayManage(by); err != nil {
			return Address{}, err
		}
	}
	a, err := a.Clean()
	if err != nil {
		return Address{}, err
	}
	c, err := ByIDTx(ctx, tx, id)
	if err != nil {
		return Address{}, err
	}
	if c.Closed() {
		return Address{}, fault.New(fault.Conflict, "company.closed")
	}
	known, err := AddressesTx(ctx, tx, id)
	if err != nil {
		return Address{}, err
	}
	a.ID = uuid.Nil
	for _, k := range known {
		if same(k, a) {
			a.ID = k.ID
			break
		}
	}
	makeDefault = makeDefault || c.Address.ID == uuid.Nil
	if a.ID != uuid.Nil && (!makeDefault || a.ID == c.Address.ID) {
		return a, nil
	}
	if a.ID == uuid.Nil && len(known) >= maxAddresses {
		return Address{}, fault.New(fault.Conflict, "company.addresses_full", "max", strconv.Itoa(maxAddresses))
	}
	return s.putAddress(ctx, tx, by, c, a, makeDefault)
}

func same(a, b Address) bool {
	a.ID, b.ID = uuid.Nil, uuid.Nil
	return a == b
}

// putAddress writes a new address, or makes a known one the default. The company's revision guards the default: two that
// race would both take it.
func (s *Service) putAddress(ctx context.Context, tx *db.Tx, by actor.Actor, c Company, a Address, makeDefault bool) (Address, error) {
	err := tx.Must1(changedMeanwhile(), `UPDATE company SET revision = revision + 1 WHERE id = $1 AND revision = $2`, c.ID, c.Revision)
	if err != nil {
		return Address{}, err
	}
	if makeDefault {
		if _, err := tx.Exec(`UPDATE company_address SET is_default = $2 WHERE company_id = $1 AND is_default`, c.ID, false); err != nil {
			return Address{}, err
		}
	}
	kind := "company.address_added"
	if a.ID == uuid.Nil {
		a.ID = db.NewID()
		err = insertAddress(tx, c.ID, a.ID, a, makeDefault)
	} else {
		kind = "company.default_address_chosen"
		_, err = tx.Exec(`UPDATE company_address SET is_default = $3 WHERE company_id = $1 AND id = $2`, c.ID, a.ID, true)
	}
	if err != nil {
		return Address{}, err
	}
	_, err = s.record(ctx, tx, by, c.ID, kind, "", map[string]string{"address": a.ID.String()})
	return a, err
}

func insertAddress(tx *db.Tx, company ID, id uuid.UUID, a Address, isDefault bool) error {
	_, err := tx.Exec(`INSERT INTO company_address (id, company_id, is_default, name, care_of, line1, postcode, city, country, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, id, company, isDefault, a.Name, a.CareOf, a.Line1, a.Postcode, a.City, a.Country, tx.Now)
	return err
}
