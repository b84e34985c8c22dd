package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/world"
)

type devCmd struct {
	Addr        string `name:"addr" env:"KORTVERK_ADDR" default:"localhost:8080" help:"Address of the pages."`
	AdminAddr   string `name:"admin-addr" env:"KORTVERK_ADMIN_ADDR" default:"localhost:0" help:"Address of /metrics."`
	WorldAddr   string `name:"world-addr" env:"KORTVERK_WORLD_ADDR" default:"localhost:8090" help:"Address of the world's pages: phone, mail, bureau, reader, clock."`
	Data        string `name:"data" env:"KORTVERK_DATA" default:"./var" help:"Folder of everything: database, keys, the world's files. Remove it to begin again."`
	DatabaseURL string `name:"database-url" env:"KORTVERK_DATABASE_URL" help:"PostgreSQL connection URL. Empty: SQLite in the folder."`
	LogFormat   string `name:"log-format" env:"KORTVERK_LOG_FORMAT" default:"text" enum:"text,json" help:"text or json."`

	Bounds
	Drain time.Duration `name:"drain" env:"KORTVERK_DRAIN" default:"0s" help:"How long connections are still taken after SIGTERM."`
}

// Run starts the world, then the product configured for it, then fills an empty
// database with the cast.
func (c devCmd) Run(e env) error {
	log := e.log(Config{LogFormat: c.LogFormat})
	c.Addr, c.WorldAddr = free(e, c.Addr, "KORTVERK_ADDR"), free(e, c.WorldAddr, "KORTVERK_WORLD_ADDR")
	cfg := Config{Data: c.Data, DatabaseURL: c.DatabaseURL}
	if err := dataFolder(cfg); err != nil {
		return err
	}
	keys := filepath.Join(c.Data, "keys.json")
	if _, err := os.Stat(keys); errors.Is(err, fs.ErrNotExist) {
		if err := seal.Create(keys); err != nil {
			return err
		}
	}
	w, err := world.New(world.Options{Data: c.Data, Addr: c.WorldAddr, Gallery: true, Screens: true, Log: log})
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	a, err := New(e.ctx, c.config(w, keys), log)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	product, err := a.prepareSandbox(e.ctx)
	if err != nil {
		return err
	}
	w.Attach(product)
	a.handler = w.Witness(a.handler)
	if err := w.WriteDevJSON(); err != nil {
		return err
	}
	c.greet(e, a, w)
	return runBoth(e.ctx, a, w)
}

// config is the product's configuration in the sandbox: the ordinary one, with
// the world's addresses and short times.
func (c devCmd) config(w *world.World, keys string) Config {
	cfg := Config{
		Addr: c.Addr, AdminAddr: c.AdminAddr, Data: c.Data, DatabaseURL: c.DatabaseURL, KeyFile: keys, Sandbox: true,
		SchemeName: "Kortverk", SupportPhone: "010-000 00 00", CardPrefix: "BB", SMTPTLS: "off",
		BatchEvery: 2 * time.Second, ReceiptOverdue: time.Minute, LogFormat: c.LogFormat, Bounds: c.Bounds, Drain: c.Drain,
		world: true, mayClock: true,
	}
	cfg.worldURL, cfg.names, cfg.framedBy = w.URL(), w.Names(), w.FramedBy()
	p := w.Endpoints()
	cfg.BankIDURL, cfg.BankIDCert, cfg.BankIDKey, cfg.BankIDCA, cfg.BankIDSign, cfg.BankIDApp = p.BankIDURL, p.BankIDCert, p.BankIDKey, p.BankIDCA, p.BankIDSigningCA, p.BankIDApp
	cfg.SMTPAddr, cfg.MailFrom = p.SMTPAddr, "kortverk@kortverk.example"
	cfg.BureauURL, cfg.BureauKey, cfg.BureauPublicKey = p.BureauURL, p.BureauKey, p.BureauPublicKey
	return cfg
}

func (c devCmd) greet(e env, a *App, w *world.World) {
	fmt.Fprintf(e.out, `
Kortverk is running with a sandbox world. Begin here:

  %s     start page: the cast, the journey, the phone, mail, bureau, reader, clock

  %s     the product's own pages
  %s     for programs (docs/dev-json.md)

Everything is under %s; remove it to begin again. Ctrl-C stops.
`, w.URL(), a.URL(), filepath.Join(c.Data, "dev.json"), c.Data)
}

// free answers the address, or one with any free port when it is taken: a
// newcomer with something else on 8080 gets a running world and is told.
func free(e env, addr, setting string) string {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		_ = l.Close()
		return addr
	}
	host, _, splitErr := net.SplitHostPort(addr)
	if splitErr != nil {
		return addr // New says what is wrong with it
	}
	fmt.Fprintf(e.err, "%s is taken; another port is used. Set %s to choose one.\n", addr, setting)
	return net.JoinHostPort(host, "0")
}

// prepareSandbox gives an empty database its companies, staff and reader, and
// answers what the world needs to know of the product.
func (a *App) prepareSandbox(ctx context.Context) (world.Product, error) {
	p := world.Product{URL: a.URL(), Clock: mover{a}}
	companies, err := a.sample(ctx)
	if err != nil {
		return p, fmt.Errorf("sample data: %w", err)
	}
	p.Companies = companies
	file := filepath.Join(a.cfg.Data, "reader.key")
	key, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		var made string
		if _, made, err = a.services.checks.CreateKey(ctx, actor.System("sandbox"), "Kv. Eken, Grind 2"); err == nil {
			key, err = []byte(made), os.WriteFile(file, []byte(made), 0o600)
		}
	}
	p.ReaderKey = string(key)
	return p, err
}

// mover moves business time, and remembers how far, so that a restart doesn't
// go back to days that have been.
type mover struct{ a *App }

func (m mover) Now() time.Time { return m.a.db.Clock().Now() }

func (m mover) Forward(d time.Duration) error {
	c := m.a.db.Clock()
	if err := c.Advance(d); err != nil {
		return err
	}
	offset := time.Until(c.Now()).Round(time.Second)
	return os.WriteFile(m.a.clockFile(), []byte(strconv.FormatInt(int64(offset), 10)), 0o600)
}

func (a *App) clockFile() string { return filepath.Join(a.cfg.Data, "clock") }

// loadClock sets the clock to where the sandbox left it.
func (a *App) loadClock() error {
	if !a.cfg.mayClock {
		return nil
	}
	b, err := os.ReadFile(a.clockFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return fmt.Errorf("%s: %w", a.clockFile(), err)
	}
	return a.db.Clock().Advance(time.Duration(n))
}
