package app

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/world"
)

type serveCmd struct{ Config }

func (c serveCmd) Run(e env) error {
	if err := c.Config.Check(); err != nil {
		return err
	}
	a, err := New(e.ctx, c.Config, e.log(c.Config))
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	return a.Run(e.ctx)
}

type worldCmd struct {
	Data      string `name:"data" env:"KORTVERK_DATA" default:"./var" help:"Folder of the world's files: certificates, keys, dev.json."`
	Addr      string `name:"addr" env:"KORTVERK_WORLD_ADDR" default:"localhost:8090" help:"Address of the world's pages."`
	Product   string `name:"product" env:"KORTVERK_BASE_URL" default:"http://localhost:8080" help:"Address of the kortverk serve that the world belongs to."`
	ReaderKey string `name:"reader-key" env:"KORTVERK_WORLD_READER_KEY" help:"Key of the world's reader; kortverk reader add makes one."`
}

func (c worldCmd) Run(e env) error {
	w, err := world.New(world.Options{Data: c.Data, Addr: c.Addr, Log: e.log(Config{})})
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	w.Attach(world.Product{URL: c.Product, ReaderKey: c.ReaderKey})
	if err := w.WriteDevJSON(); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "The sandbox world is at %s\n\nPaste this where kortverk serve is going to run:\n\n  export KORTVERK_SANDBOX=1\n", w.URL())
	for _, s := range w.Settings() {
		fmt.Fprintf(e.out, "  export %s=%s\n", s[0], s[1])
	}
	return w.Run(e.ctx)
}

type bootstrapCmd struct {
	Config
	GivenName string `name:"given-name" required:"" help:"Given name of the officer, as in the eID."`
	Surname   string `name:"surname" required:"" help:"Surname of the officer, as in the eID."`
	Email     string `name:"email" required:"" help:"E-mail address that the invitation goes to."`
}

// Run makes the invitation of the first officer. It does nothing when there is
// an officer: from then on officers invite each other on the pages.
func (c bootstrapCmd) Run(e env) error {
	if c.KeyFile == "" || c.BaseURL == "" {
		return fmt.Errorf("KORTVERK_KEY_FILE and KORTVERK_BASE_URL must be set as for kortverk serve")
	}
	return withAccounts(e, c.Config, func(ctx context.Context, accounts *account.Service, _ *db.DB) error {
		n, err := accounts.Officers(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("the scheme has an officer already; officers invite others under Staff in the back office")
		}
		path, err := accounts.Invite(ctx, actor.System(c.SchemeName), account.Invite{
			Role: actor.Officer, GivenName: c.GivenName, Surname: c.Surname, Email: c.Email,
		})
		if err != nil {
			return inWords(err)
		}
		fmt.Fprintf(e.out, "%s %s is invited as the scheme's first officer.\nThe link, which works for 14 days and only for that person:\n\n  %s%s\n",
			c.GivenName, c.Surname, c.BaseURL, path)
		return nil
	})
}

func withAccounts(e env, c Config, fn func(context.Context, *account.Service, *db.DB) error) error {
	keys, err := seal.Open(c.KeyFile)
	if err != nil {
		return fmt.Errorf("KORTVERK_KEY_FILE: %w", err)
	}
	d, err := openDB(e.ctx, c, e.log(c))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Migrate(e.ctx); err != nil {
		return err
	}
	return fn(e.ctx, account.New(d, keys, nil), d)
}

func (c keysCreateCmd) Run(e env) error {
	if err := seal.Create(c.File); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s is made. Keep a copy of it where the database's backup is not:\nwithout it, nothing that is sealed can ever be read again.\n", c.File)
	return nil
}

func (c keysRotateCmd) Run(e env) error {
	k, err := seal.Open(c.File)
	if err != nil {
		return err
	}
	if err := k.Rotate(); err != nil {
		return err
	}
	fmt.Fprintln(e.out, "The file has a new primary key. What older keys sealed stays readable. Restart every node, so that it seals with the new one.")
	return nil
}

// runBoth runs the product and the world until one of them ends.
func runBoth(ctx context.Context, a *App, w *world.World) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.Run(ctx) })
	g.Go(func() error { return w.Run(ctx) })
	return g.Wait()
}
