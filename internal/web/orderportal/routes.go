package orderportal

import (
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
)

// Deps is what the face needs.
type Deps struct {
	Orders     *order.Service
	Cards      *card.Service
	Companies  *company.Service
	Production *production.Service
	Blobs      *blob.Store
	CheckURL   string // what the code on the back of a card says, the number behind it; "" for /k/ on the page's own host
}

// maxUpload is room for a photo that is refused in words; what is accepted is
// decided by package photo.
const maxUpload = 24 << 20

// Routes are the pages.
func Routes(d Deps) []web.Route {
	var all []web.Route
	for _, table := range [][]entry{d.lists(), d.wizard(), d.lines(), d.cards()} {
		for _, e := range table {
			method, path, _ := cutPattern(e.pattern)
			all = append(all, web.Route{
				Pattern: method + " /o/{company}" + path, Right: web.Company(actor.Orderer),
				Handle: e.handle, NoStore: e.noStore, MaxBody: e.maxBody, Room: e.place(),
			})
		}
	}
	return all
}

// entry is a route under /o/{company}, for orderers.
type entry struct {
	pattern string
	handle  web.Handler
	noStore bool
	maxBody int64
	room    shed.Room
}

// place is the room of the entry: what takes pictures has one.
func (e entry) place() shed.Room {
	if e.maxBody > 0 {
		return shed.Upload
	}
	return e.room
}

func (d Deps) lists() []entry {
	return []entry{
		{pattern: "GET ", handle: d.home},
		{pattern: "GET /more", handle: d.more},
		{pattern: "GET /orders", handle: d.orders},
		{pattern: "GET /orders/{order}", handle: d.order},
		{pattern: "GET /orders/{order}/discard", handle: d.askDiscard},
		{pattern: "POST /orders/{order}/discard", handle: d.discard},
	}
}

func (d Deps) wizard() []entry {
	return []entry{
		{pattern: "GET /orders/new", handle: d.start},
		{pattern: "POST /orders/new", handle: d.begin},
		{pattern: "GET /orders/new/{line}/who", handle: d.step(d.who), noStore: true},
		{pattern: "POST /orders/new/{line}/who", handle: d.step(d.saveWho), noStore: true},
		{pattern: "GET /orders/new/{line}/card", handle: d.step(d.kind)},
		{pattern: "POST /orders/new/{line}/card", handle: d.step(d.saveKind)},
		{pattern: "GET /orders/new/{line}/photo", handle: d.step(d.photo)},
		{pattern: "POST /orders/new/{line}/photo", handle: d.step(d.savePhoto), maxBody: maxUpload},
		{pattern: "POST /orders/new/{line}/photo/crop", handle: d.step(d.crop)},
		{pattern: "GET /orders/new/{line}/photo.jpg", handle: d.step(d.draftPicture)},
		{pattern: "POST /orders/new/{line}/preview", handle: d.step(d.preview)},
		{pattern: "GET /orders/new/{line}/delivery", handle: d.step(d.delivery)},
		{pattern: "POST /orders/new/{line}/delivery", handle: d.step(d.saveDelivery)},
		{pattern: "GET /orders/new/{line}/review", handle: d.step(d.review), noStore: true},
		{pattern: "POST /orders/new/{line}/review", handle: d.step(d.send)},
		{pattern: "POST /orders/new/{line}/add", handle: d.step(d.add)},
		{pattern: "POST /orders/new/{line}/remove", handle: d.step(d.remove)},
	}
}

// The page of a line has a wildcard where "lines" stands: with the word itself
// its pattern and those of the order form would each hold addresses that the
// other one holds as well, and such a pair can't be routed.
func (d Deps) lines() []entry {
	const line = "/orders/{order}/lines/{line}"
	return []entry{
		{pattern: "GET /orders/{order}/{lines}/{line}", handle: d.linePage},
		{pattern: "GET " + line + "/where", handle: d.sent(d.where)},
		{pattern: "GET " + line + "/photo.jpg", handle: d.sent(d.linePicture)},
		{pattern: "GET " + line + "/correct", handle: d.sent(d.correct)},
		{pattern: "POST " + line + "/correct", handle: d.sent(d.saveCorrect), noStore: true},
		{pattern: "POST " + line + "/preview", handle: d.sent(d.correctPreview)},
		{pattern: "GET " + line + "/photo", handle: d.sent(d.replace)},
		{pattern: "POST " + line + "/photo", handle: d.sent(d.saveReplace), maxBody: maxUpload},
		{pattern: "POST " + line + "/name", handle: d.sent(d.takeOver)},
		{pattern: "POST " + line + "/remind", handle: d.sent(d.remind)},
		{pattern: "GET " + line + "/cancel", handle: d.sent(d.cancel)},
		{pattern: "POST " + line + "/cancel", handle: d.sent(d.doCancel)},
		{pattern: "POST " + line + "/reveal", handle: d.sent(d.revealLine), noStore: true},
	}
}

func (d Deps) cards() []entry {
	return []entry{
		{pattern: "GET /cards", handle: d.list},
		{pattern: "POST /cards", handle: d.search, noStore: true},
		{pattern: "GET /cards/{number}", handle: d.card},
		{pattern: "POST /cards/{number}/reveal", handle: d.reveal, noStore: true},
		{pattern: "GET /cards/{number}/photo.jpg", handle: d.cardPicture},
		{pattern: "GET /cards/{number}/block", handle: d.ask(card.ActionBlock), room: shed.Act},
		{pattern: "POST /cards/{number}/block", handle: d.do(card.ActionBlock), room: shed.Act},
		{pattern: "GET /cards/{number}/unblock", handle: d.ask(card.ActionUnblock), room: shed.Act},
		{pattern: "POST /cards/{number}/unblock", handle: d.do(card.ActionUnblock), room: shed.Act},
		{pattern: "GET /cards/{number}/terminate", handle: d.ask(card.ActionTerminate), room: shed.Act},
		{pattern: "POST /cards/{number}/terminate", handle: d.do(card.ActionTerminate), room: shed.Act},
		{pattern: "GET /cards/{number}/replace", handle: d.replacement},
	}
}
