// Package app puts the program together: it reads the configuration, opens the
// database, makes the services, binds jobs and faces to them, listens, and
// stops in order. It is the only package that knows everybody.
//
// # What runs in a process
//
// [New] makes everything and starts nothing. [App.Run] migrates, listens and
// runs the background work until its context ends: the collector of eID
// answers, the journal's sequencer, and the job runner. Every node runs all of
// it; leases decide who does what.
//
// # Stopping
//
// When the context ends, readiness says no and connections aren't kept; after
// KORTVERK_DRAIN the listeners refuse new ones, requests that have begun are
// finished (fifteen seconds at most), the background work returns what it
// holds, and the database closes last.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/endlog"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
)

// App is one node of a deployment.
type App struct {
	cfg      Config
	log      *slog.Logger
	db       *db.DB
	keys     *seal.Keeper
	services services
	metrics  *metrics
	engine   *web.Engine
	rooms    *shed.Rooms
	crowd    *web.Crowd
	handler  http.Handler
	stopping atomic.Bool // readiness says no before the listeners close
	ends     *endlog.Log // SQLite only
	listener net.Listener
	admin    net.Listener
}

func openDB(ctx context.Context, c Config, log *slog.Logger) (*db.DB, error) {
	o := db.Options{URL: c.DatabaseURL, Clock: clock.New(), Log: log}
	if o.URL == "" {
		if err := dataFolder(c); err != nil {
			return nil, err
		}
		o.Path = c.SQLitePath()
	}
	return db.Open(ctx, o)
}

// New opens the database, brings it to this version and makes every service.
// The caller closes the App.
func New(ctx context.Context, c Config, log *slog.Logger) (_ *App, err error) {
	a := &App{cfg: c, log: log, metrics: newMetrics()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err = a.bound(); err != nil {
		return nil, err
	}
	if err = a.listen(); err != nil {
		return nil, err
	}
	if a.cfg.BaseURL == "" { // only a sandbox comes here: Check asks for it otherwise
		a.cfg.BaseURL = localURL(a.listener)
	}
	if a.keys, err = seal.Open(c.KeyFile); err != nil {
		return nil, fmt.Errorf("KORTVERK_KEY_FILE: %w", err)
	}
	if a.db, err = openDB(ctx, c, log); err != nil {
		return nil, err
	}
	if err = a.db.Migrate(ctx); err != nil {
		return nil, err
	}
	if a.services, err = newServices(a.cfg, a.db, a.keys, log); err != nil {
		return nil, err
	}
	if err = a.logEnds(); err != nil {
		return nil, err
	}
	if err = a.loadClock(); err != nil {
		return nil, err
	}
	a.watch()
	a.handler = a.faces()
	return a, nil
}

// listen opens the ports before anything else: a port that is taken is found
// before the database is touched, and a sandbox learns which ones it got.
func (a *App) listen() error {
	var err error
	if a.listener, err = net.Listen("tcp", a.cfg.Addr); err != nil {
		return fmt.Errorf("KORTVERK_ADDR: %w", err)
	}
	if a.admin, err = net.Listen("tcp", a.cfg.AdminAddr); err != nil {
		return fmt.Errorf("KORTVERK_ADMIN_ADDR: %w", err)
	}
	return nil
}

// Run serves until ctx ends, then stops in order.
func (a *App) Run(ctx context.Context) error {
	pages := web.Server(a.handler, a.log, a.crowd)
	admin := web.Server(a.metrics.handler(), a.log, nil)
	// Background work outlives the requests by a moment: a request that is
	// finishing may still wait for it.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	g, gctx := errgroup.WithContext(ctx)
	background, bctx := errgroup.WithContext(work)
	for _, r := range []func(context.Context) error{
		a.services.eid.Run,
		journal.NewSequencer(a.db, a.log).Run,
		a.services.jobs.Run,
		func(ctx context.Context) error {
			return journal.Follow(ctx, a.db, a.log, account.Feed, a.services.accounts.Tell)
		},
		a.tellShed,
	} {
		background.Go(func() error { return ignoreCancel(r(bctx)) })
	}
	g.Go(func() error { return serve(pages, a.crowd.Listen(a.listener)) })
	g.Go(func() error { return serve(admin, a.admin) })
	g.Go(func() error {
		<-gctx.Done()
		defer stopWork()
		return a.leave(context.WithoutCancel(ctx), pages, admin)
	})
	g.Go(func() error { return background.Wait() })
	a.log.Info("listening", "addr", a.listener.Addr().String())
	err := g.Wait()
	stopWork()
	return errors.Join(err, background.Wait())
}

// leave tells the proxy first, then takes no more connections, then lets those finish who have begun. Who is too slow
// for that, a client that sends a byte in ten seconds, is cut off.
func (a *App) leave(ctx context.Context, pages, admin *http.Server) error {
	a.stopping.Store(true)
	a.crowd.Leave()
	time.Sleep(a.cfg.Drain)
	end, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	err := errors.Join(pages.Shutdown(end), admin.Shutdown(end))
	if errors.Is(err, context.DeadlineExceeded) {
		a.log.Warn("stopped with requests that had not come to an end", "connections", a.crowd.Open())
		return errors.Join(pages.Close(), admin.Close())
	}
	return err
}

// Close releases the database. It may be called on a half-made App.
func (a *App) Close() error {
	var errs []error
	for _, c := range []io.Closer{a.listener, a.admin} {
		if l, ok := c.(net.Listener); ok && l != nil {
			if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	if a.ends != nil {
		errs = append(errs, a.ends.Close())
	}
	return errors.Join(errs...)
}

func serve(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func ignoreCancel(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// URL is where people reach the pages.
func (a *App) URL() string { return a.cfg.BaseURL }

// localURL names a listener the way a browser on this machine would.
func localURL(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "http://localhost:" + port
}

// readFile reads a file that a setting names, so that the error says which.
func readFile(setting, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return b, nil
}
