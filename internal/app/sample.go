package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/world"
)

// sample enters the cast's companies and gives the cast its roles, once: a
// database that has companies is left alone. It answers the companies' ids.
func (a *App) sample(ctx context.Context) ([]world.Company, error) {
	by := actor.System("sandbox")
	var out []world.Company
	ids := map[string]uuid.UUID{}
	for _, c := range cast.Companies() {
		id, err := a.sampleCompany(ctx, by, c)
		if err != nil {
			return nil, err
		}
		ids[c.ID] = id
		out = append(out, world.Company{Cast: c.ID, ID: id.String(), Name: c.Name, OrganisationNumber: c.OrganisationNumber})
	}
	for _, p := range cast.People() {
		role, ok := roles[p.Role]
		if !ok {
			continue // a cardholder's account begins with the first sign-in
		}
		grant := account.Grant{Role: role}
		if role == actor.Orderer {
			grant.Company = ids[p.CompanyID]
		}
		err := a.services.accounts.Enrol(ctx, by, person.Proof{
			PersonalNumber: person.PersonalNumber(p.PersonalNumber), GivenName: p.BankIDGiven, Surname: p.BankIDSurname, Provider: "sandbox",
		}, p.Email, i18n.Lang(p.Lang), grant)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

var roles = map[cast.Role]actor.Role{
	cast.Orderer: actor.Orderer, cast.Reviewer: actor.Reviewer, cast.Production: actor.Production, cast.Officer: actor.Officer,
}

func (a *App) sampleCompany(ctx context.Context, by actor.Actor, c cast.Company) (uuid.UUID, error) {
	found, err := a.services.companies.ByNumber(ctx, c.Country, c.OrganisationNumber)
	if err == nil || !fault.Has(err, "company.unknown") {
		return found.ID, err
	}
	made, err := a.services.companies.Enter(ctx, by, company.Details{
		Name: c.Name, OrganisationNumber: c.OrganisationNumber, Country: c.Country,
		Address: company.Address{Name: c.DeliveryName, Line1: c.Street, Postcode: c.Postcode, City: c.City, Country: c.Country},
	})
	return made.ID, err
}
