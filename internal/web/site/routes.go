package site

import (
	"time"

	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/limit"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
)

// Deps is what the face needs.
type Deps struct {
	Checks *check.Service
	Scheme string // name of the scheme
	Phone  string // the support's number, as people dial it
}

type face struct {
	Deps
	asked *limit.Limiter
}

// Routes are the pages.
func Routes(d Deps) []web.Route {
	// A check tells one thing about one number. Nobody who looks at cards by hand
	// asks this often; who tries out numbers is slowed down.
	f := face{Deps: d, asked: limit.New(120, 10*time.Minute)}
	return []web.Route{
		{Pattern: "GET /{$}", Right: web.Public, Handle: f.front},
		{Pattern: "GET /check", Right: web.Public, Room: shed.Check, Handle: f.form},
		{Pattern: "POST /check", Right: web.Public, Room: shed.Check, Handle: f.ask, NoStore: true},
		{Pattern: "GET /k/{number}", Right: web.Public, Room: shed.Check, Handle: f.scanned, NoStore: true},
		{Pattern: "GET /found", Right: web.Public, Handle: f.found},
		{Pattern: "GET /accessibility", Right: web.Public, Handle: f.accessibility},
		{Pattern: "GET /privacy", Right: web.Public, Handle: f.privacy},
	}
}
