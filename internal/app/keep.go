package app

import (
	"fmt"

	"github.com/kortverk/kortverk/internal/audit"
	"github.com/kortverk/kortverk/internal/db"
)

type auditCmd struct{ Config }

// Run writes a line per finding, or the one line that all is well. It may run beside kortverk serve.
func (c auditCmd) Run(e env) error {
	o := db.Options{URL: c.DatabaseURL, Log: e.log(c.Config)}
	if o.URL == "" {
		o.Path = c.SQLitePath()
	}
	d, err := db.OpenReadOnly(e.ctx, o)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := sameVersion(e, d); err != nil {
		return err
	}
	r, err := audit.Run(e.ctx, d)
	if err != nil {
		return fmt.Errorf("the database couldn't be read to the end, so nothing is known: %w", err)
	}
	if len(r.Findings) == 0 {
		_, err := fmt.Fprintln(e.out, r.Well())
		return err
	}
	for _, f := range r.Findings {
		fmt.Fprintln(e.out, f)
	}
	return fmt.Errorf("%d findings", len(r.Findings))
}

// sameVersion: the rules are about this version's tables.
func sameVersion(e env, d *db.DB) error {
	has, err := d.Version(e.ctx)
	if err != nil {
		return fmt.Errorf("this is not a database of kortverk: %w", err)
	}
	newest, err := db.NewestVersion()
	if err == nil && has != newest {
		err = fmt.Errorf("the database has schema version %d, and this program is for %d: use the program that serves, or run kortverk migrate first", has, newest)
	}
	return err
}
