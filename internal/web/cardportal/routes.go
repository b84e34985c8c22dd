package cardportal

import (
	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/signin"
)

// Deps is what the face needs.
type Deps struct {
	Accounts   *account.Service
	Orders     *order.Service
	Cards      *card.Service
	Production *production.Service
	Blobs      *blob.Store
	EID        *eid.Service
	Flow       *signin.Flow
}

// Routes are the pages. It also tells the sign-in face what a signature about a
// line leads to.
func Routes(d Deps) []web.Route {
	d.Flow.Register(lineSubject, d.signature())
	return []web.Route{
		{Pattern: "GET /a/{token}", Right: web.Public, Handle: d.link, NoStore: true},
		{Pattern: "GET /me", Right: web.SignedIn, Handle: d.home},

		{Pattern: "GET /me/cards/{number}", Right: web.SignedIn, Handle: d.card},
		{Pattern: "GET /me/cards/{number}/activate", Right: web.SignedIn, Room: shed.Call, Handle: d.activateForm, NoStore: true},
		{Pattern: "POST /me/cards/{number}/activate", Right: web.SignedIn, Room: shed.Call, Handle: d.activate, NoStore: true},
		{Pattern: "GET /me/cards/{number}/pin", Right: web.SignedIn, Room: shed.Call, Handle: d.pinForm, NoStore: true},
		{Pattern: "POST /me/cards/{number}/pin", Right: web.SignedIn, Room: shed.Call, Handle: d.pin, NoStore: true},
		{Pattern: "GET /me/cards/{number}/block", Right: web.SignedIn, Room: shed.Act, Handle: d.blockForm},
		{Pattern: "POST /me/cards/{number}/block", Right: web.SignedIn, Room: shed.Act, Handle: d.block},

		{Pattern: "GET /me/approve/{line}", Right: web.SignedIn, Handle: d.approveForm},
		{Pattern: "POST /me/approve/{line}", Right: web.SignedIn, Room: shed.Call, Handle: d.approve},
		{Pattern: "POST /me/approve/{line}/contact", Right: web.SignedIn, Handle: d.contact},
		{Pattern: "POST /me/approve/{line}/name", Right: web.SignedIn, Handle: d.takeOverName},
		{Pattern: "GET /me/approve/{line}/reject", Right: web.SignedIn, Handle: d.rejectForm},
		{Pattern: "POST /me/approve/{line}/reject", Right: web.SignedIn, Handle: d.reject},
		{Pattern: "GET /me/approve/{line}/done", Right: web.SignedIn, Handle: d.done},
		{Pattern: "GET /me/photo/{line}", Right: web.SignedIn, Handle: d.photo},

		{Pattern: "GET /me/account", Right: web.SignedIn, Handle: d.account},
		{Pattern: "POST /me/account/sessions/{id}/end", Right: web.SignedIn, Handle: d.endSession},
		{Pattern: "POST /me/account/lang", Right: web.SignedIn, Handle: d.setLang},
	}
}
