package cardportal

import (
	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
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

// Routes are the pages.
func Routes(d Deps) []web.Route {
	return nil
}
