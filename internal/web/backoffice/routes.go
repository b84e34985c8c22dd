package backoffice

import (
	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/web"
)

// Deps is what the face needs.
type Deps struct {
	Orders     *order.Service
	Cards      *card.Service
	Companies  *company.Service
	Accounts   *account.Service
	Production *production.Service
	Checks     *check.Service
	Blobs      *blob.Store
	DB         *db.DB // jobs and the newest entries of the journal
}

// Who works which part of the office.
var (
	everybody = web.Staff(actor.StaffRoles()...)
	reviewers = web.Staff(actor.Reviewer)
	floor     = web.Staff(actor.Production, actor.Officer)
	officers  = web.Staff(actor.Officer)
)

// Routes are the pages.
func Routes(d Deps) []web.Route {
	all := []web.Route{{Pattern: "GET /office", Right: everybody, Handle: d.first}}
	all = append(all, d.reviewRoutes()...)
	all = append(all, d.floorRoutes()...)
	all = append(all, d.officerRoutes()...)
	all = append(all, d.readerRoutes()...)
	return append(all, d.restoredRoutes()...)
}

func (d Deps) reviewRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /office/review", Right: reviewers, Handle: d.queue},
		{Pattern: "GET /office/review/{line}", Right: reviewers, Handle: d.review},
		{Pattern: "POST /office/review/{line}/pass", Right: reviewers, Handle: d.pass},
		{Pattern: "POST /office/review/{line}/reject", Right: reviewers, Handle: d.reject},
		{Pattern: "POST /office/review/{line}/undo", Right: reviewers, Handle: d.undo},
		{Pattern: "GET /office/review/{line}/photo.jpg", Right: reviewers, Handle: d.photo},
		{Pattern: "GET /office/review/{line}/previous.jpg", Right: reviewers, Handle: d.previousPhoto},
		{Pattern: "GET /office/keys", Right: reviewers, Handle: d.keys},
		{Pattern: "POST /office/keys", Right: reviewers, Handle: d.setKeys},
	}
}

func (d Deps) floorRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /office/batches", Right: floor, Handle: d.batches},
		{Pattern: "GET /office/batches/{id}", Right: floor, Handle: d.batch},
		{Pattern: "POST /office/items/{item}/remake", Right: floor, Handle: d.remake},
		{Pattern: "GET /office/items/{item}/return", Right: floor, Handle: d.askReturn},
		{Pattern: "POST /office/items/{item}/return", Right: floor, Handle: d.giveBack},
		{Pattern: "POST /office/lines/{line}/recheck", Right: floor, Handle: d.recheck},
		{Pattern: "POST /office/lines/{line}/return-incomplete", Right: floor, Handle: d.returnLine},
		{Pattern: "POST /office/notices/{id}/settle", Right: floor, Handle: d.settle},
	}
}

func (d Deps) officerRoutes() []web.Route {
	return []web.Route{
		{Pattern: "GET /office/companies", Right: officers, Handle: d.companies},
		{Pattern: "POST /office/companies", Right: officers, Handle: d.searchCompanies, NoStore: true},
		{Pattern: "GET /office/companies/new", Right: officers, Handle: d.newCompany},
		{Pattern: "POST /office/companies/new", Right: officers, Handle: d.enterCompany, NoStore: true},
		{Pattern: "GET /office/companies/{id}", Right: officers, Handle: d.company},
		{Pattern: "GET /office/companies/{id}/hold", Right: officers, Handle: d.askHold},
		{Pattern: "POST /office/companies/{id}/hold", Right: officers, Handle: d.hold},
		{Pattern: "GET /office/companies/{id}/release", Right: officers, Handle: d.askRelease},
		{Pattern: "POST /office/companies/{id}/release", Right: officers, Handle: d.release},
		{Pattern: "POST /office/companies/{id}/invite", Right: officers, Handle: d.inviteOrderer},
		{Pattern: "POST /office/grants/{id}/revoke", Right: officers, Handle: d.revoke},
		{Pattern: "POST /office/invitations/{id}/withdraw", Right: officers, Handle: d.withdraw},
		{Pattern: "GET /office/staff", Right: officers, Handle: d.staff},
		{Pattern: "POST /office/staff/invite", Right: officers, Handle: d.inviteStaff},
		{Pattern: "GET /office/jobs", Right: officers, Handle: d.jobs},
		{Pattern: "POST /office/jobs/{id}/retry", Right: officers, Handle: d.retry},
		{Pattern: "GET /office/events", Right: officers, Handle: d.events},
	}
}
