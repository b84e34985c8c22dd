package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/integration/bureau"
	"github.com/kortverk/kortverk/internal/readerapi"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/backoffice"
	"github.com/kortverk/kortverk/internal/web/cardportal"
	"github.com/kortverk/kortverk/internal/web/gallery"
	"github.com/kortverk/kortverk/internal/web/orderportal"
	"github.com/kortverk/kortverk/internal/web/signin"
	"github.com/kortverk/kortverk/internal/web/site"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// faces makes everything that answers HTTP.
func (a *App) faces() http.Handler {
	s := a.services
	a.engine = web.New(web.Config{
		Sessions: s.accounts, Companies: s.companies, Clock: a.db.Clock(), Log: a.log,
		Origin: a.cfg.BaseURL, Proxies: proxies(a.cfg.TrustedProxies), Names: a.cfg.names, FrameAncestors: a.cfg.framedBy,
		Rooms:   a.rooms,
		Sandbox: a.cfg.Sandbox, World: a.cfg.worldURL, Brand: ui.Brand{Name: a.cfg.SchemeName, Phone: a.cfg.SupportPhone},
		Observe: func(pattern, method string, status int, d time.Duration) {
			a.metrics.observe(method, pattern, status, d)
		},
	})
	flow := signin.New(signin.Flow{Accounts: s.accounts, EID: s.eid, Origin: a.cfg.BaseURL, AppBase: a.cfg.BankIDApp})
	tables := [][]web.Route{
		flow.Routes(),
		site.Routes(site.Deps{Checks: s.checks, Scheme: a.cfg.SchemeName, Phone: a.cfg.SupportPhone}),
		cardportal.Routes(cardportal.Deps{
			Accounts: s.accounts, Orders: s.orders, Cards: s.cards, Production: s.production, Blobs: s.blobs, EID: s.eid, Flow: flow,
		}),
		orderportal.Routes(orderportal.Deps{
			Orders: s.orders, Cards: s.cards, Companies: s.companies, Production: s.production, Blobs: s.blobs,
			CheckURL: a.cfg.BaseURL + "/k/",
		}),
		backoffice.Routes(backoffice.Deps{
			Orders: s.orders, Cards: s.cards, Companies: s.companies, Accounts: s.accounts, Production: s.production,
			Checks: s.checks, Blobs: s.blobs, DB: a.db,
		}),
	}
	if a.cfg.world {
		tables = append(tables, gallery.Routes())
	}
	mux := http.NewServeMux()
	mux.Handle("/", a.engine.Handler(tables...))
	mux.Handle("/reader/", a.metrics.measured("/reader/v1/cards/{number}", web.Machines(a.rooms, shed.Reader,
		readerapi.New(s.checks, readerapi.Config{IP: a.engine.IP}, a.log))))
	mux.Handle(bureau.ReceiptsPath, a.metrics.measured(bureau.ReceiptsPath, web.Machines(a.rooms, shed.Receipt,
		bureau.Receipts(s.bureauKeys, s.production.Receive, s.production.RefusedMessage, a.engine.IP, a.log))))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, http.StatusOK, "well") })
	mux.HandleFunc("GET /readyz", a.ready)
	return mux
}

// ready answers 200 when the node can do its work, 503 with the reason when it
// can't: a load balancer then sends nobody here.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := a.db.Ping(db.Reserve(ctx)); err != nil {
		a.log.Warn("not ready", "error", err)
		health(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	if a.stopping.Load() {
		health(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	health(w, http.StatusOK, "ready")
}

func health(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": text})
}

func proxies(networks []string) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range networks {
		if p, err := netip.ParsePrefix(n); err == nil { // Check has refused others
			out = append(out, p)
		}
	}
	return out
}
