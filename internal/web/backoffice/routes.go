package backoffice

import (
	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
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
	Blobs      *blob.Store
	DB         *db.DB // jobs and the newest entries of the journal
}

// Routes are the pages.
func Routes(d Deps) []web.Route {
	return nil
}
