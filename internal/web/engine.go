package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web/assets"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// Limits of a request, unless the route says otherwise.
const (
	defaultBody    = 256 << 10
	defaultTimeout = 30 * time.Second
)

// Sessions finds the session of a cookie's value. A session that is over is the fault account.signed_out.
type Sessions interface {
	Session(ctx context.Context, token string) (account.Session, error)
}

// Companies finds a company.
type Companies interface {
	ByID(ctx context.Context, id uuid.UUID) (company.Company, error)
}

// Config is what a deployment decides about its pages.
type Config struct {
	Sessions  Sessions
	Companies Companies
	Clock     *clock.Clock
	Log       *slog.Logger

	Origin         string         // where the pages are seen: https://kort.example; HSTS if it is https
	TrustedOrigins []string       // other names of the same pages that may post to them
	FormOrigins    []string       // where forms may lead besides the pages themselves: the eID app
	FrameAncestors []string       // who may show the pages in a frame; nobody if empty
	Names          []string       // further host names that the same pages are seen under, each with cookies of its own; none in production
	Proxies        []netip.Prefix // whose X-Forwarded-For is believed
	Sandbox        bool           // nothing here is real: every page says so
	World          string         // address of the sandbox world's start page, which every page links to; none if empty
	Brand          ui.Brand
	Colours        Colours

	Rooms   *shed.Rooms                                               // where requests find places; no bounds if nil
	Timeout time.Duration                                             // of a request's work; 30 seconds if zero
	Observe func(pattern, method string, status int, d time.Duration) // metrics; may be nil
	Cases   func() string                                             // makes case numbers; random if nil
}

// Colours are the two numbers that a deployment may set. The zero value is the product's own.
type Colours struct {
	Hue    float64 // 0–360
	Chroma float64 // 0–0.15: up to there the contrasts hold
}

// Handler answers a visit. A fault.Error becomes a page with the right status, any other error one with a case number.
type Handler func(v *Visit) error

// Route is one line of a face's table.
type Route struct {
	Pattern string // of http.ServeMux, with its method: "GET /o/{company}/cards/{number}"
	Right   Right
	Handle  Handler
	Room    shed.Room // where it finds a place; shed.Page if empty
	NoStore bool      // what is shown may not be kept, not even for the back button: PIN, personal numbers
	MaxBody int64     // bytes; 256 KiB if zero
}

// Engine serves pages.
type Engine struct {
	cfg    Config
	routes []Route
	mux    *http.ServeMux
	policy string
	cross  *http.CrossOriginProtection

	busyPages sync.Map // busyKey → whole
}

// New makes an engine.
func New(c Config) *Engine {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Cases == nil {
		c.Cases = caseNumber
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clock.New()
	}
	if c.Brand.Name == "" {
		c.Brand.Name = "Kortverk"
	}
	if c.Colours != (Colours{}) {
		c.Brand.Styles = c.Colours.url()
	}
	return &Engine{cfg: c, policy: contentPolicy(c)}
}

// Routes returns the table, for the tests that walk it.
func (e *Engine) Routes() []Route { return e.routes }

// Handler serves the routes, the assets and the engine's own forms (language, colours).
// A route without a right, or with one that cannot work, is a mistake in the program and panics.
func (e *Engine) Handler(tables ...[]Route) http.Handler {
	e.mux = http.NewServeMux()
	e.cross = e.crossOrigin()
	e.routes = []Route{
		{Pattern: "POST /language", Right: Public, Handle: setLanguage},
		{Pattern: "POST /theme", Right: Public, Handle: setTheme},
	}
	for _, t := range tables {
		e.routes = append(e.routes, t...)
	}
	for _, r := range e.routes {
		check(r)
		e.mux.Handle(r.Pattern, e.page(r))
	}
	files := http.NewServeMux()
	files.Handle(assets.Prefix, assets.Handler())
	files.Handle("/robots.txt", robots(e.cfg.Sandbox))
	if e.cfg.Colours != (Colours{}) {
		files.Handle(e.cfg.Colours.url(), e.cfg.Colours)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := files.Handler(r); pattern != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			e.headers(w.Header(), r)
			files.ServeHTTP(w, r)
			return
		}
		e.serve(w, r)
	})
}

// Knows reports whether a route answers the method and path, for tests that look for dead links.
func (e *Engine) Knows(method, path string) bool {
	r, err := http.NewRequestWithContext(context.Background(), method, path, nil)
	if err != nil {
		return false
	}
	_, pattern := e.mux.Handler(r)
	return pattern != ""
}

func check(r Route) {
	switch {
	case r.Right.kind == nobody:
		panic("web: route without a right: " + r.Pattern)
	case r.Handle == nil:
		panic("web: route without a handler: " + r.Pattern)
	case !strings.Contains(r.Pattern, " "):
		panic("web: route without a method: " + r.Pattern)
	case r.Right.NeedsCompany() != strings.Contains(r.Pattern, "{company}"):
		panic("web: a company's right and {company} belong together: " + r.Pattern)
	}
}

// serve finds the route, and has a page for those that are not there.
func (e *Engine) serve(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	rec := &recorder{ResponseWriter: w, pattern: "-"}
	defer e.done(rec, r, start)
	e.headers(w.Header(), r)
	squeezed := squeeze(rec, r)
	defer squeezed.close()
	defer e.recover(squeezed, r, rec)

	fallback, pattern := e.mux.Handler(r)
	if pattern == "" {
		e.aside(squeezed, r, func(v *Visit) error { return v.notRouted(fallback) })
		return
	}
	rec.pattern = pattern
	if err := e.cross.Check(r); err != nil {
		e.aside(squeezed, r, func(*Visit) error { return errCrossOrigin.Because(err) })
		return
	}
	e.mux.ServeHTTP(squeezed, r)
}

// page is the handler of a route.
func (e *Engine) page(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := route.MaxBody
		if limit == 0 {
			limit = defaultBody
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		v := e.visitor(w, r, route)
		// The server does this for its own request only, and v.R is a copy with a time limit.
		defer func() {
			if v.R.MultipartForm != nil {
				_ = v.R.MultipartForm.RemoveAll() // a file that is gone already needs no removing
			}
		}()
		defer func() { v.out() }()
		if err := v.run(); err != nil {
			v.fail(err)
		}
	})
}

// IP is the address of whoever sent a request: the last one in X-Forwarded-For that is not a proxy we know. It is for
// handlers that stand beside the pages, too.
func (e *Engine) IP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && e.isProxy(host); i-- {
		next := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(next); err != nil {
			break
		}
		host = next
	}
	return host
}

func (e *Engine) isProxy(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range e.cfg.Proxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
