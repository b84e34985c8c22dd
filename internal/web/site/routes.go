package site

import (
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/web"
)

// Deps is what the face needs.
type Deps struct {
	Checks *check.Service
	Scheme string // name of the scheme
	Phone  string // the support's number, as people dial it
}

// Routes are the pages.
func Routes(d Deps) []web.Route {
	return nil
}
