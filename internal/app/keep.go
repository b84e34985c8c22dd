package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kortverk/kortverk/internal/audit"
	"github.com/kortverk/kortverk/internal/backup"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/endlog"
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

type backupCmd struct {
	Config
	File string `arg:"" help:"The file to make; it must not exist."`
}

// Run copies the database while kortverk serve may be running.
func (c backupCmd) Run(e env) error {
	if c.DatabaseURL != "" {
		return errors.New("PostgreSQL is backed up with its own tools: pg_dump -Fc, or a base backup and the WAL archive")
	}
	if c.KeyFile == "" {
		return errors.New("KORTVERK_KEY_FILE must be set as for kortverk serve: the backup says which key file it needs")
	}
	m, err := backup.Write(e.ctx, backup.Source{Database: c.SQLitePath(), KeyFile: c.KeyFile, Ends: c.endsPath(), Program: e.version}, c.File)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "%s holds %d cards, schema version %d, of %s.\nKeys are not in it: keep %s (id %s) somewhere else.\n",
		c.File, m.Cards, m.Schema, m.MadeAt.Format(time.RFC3339), m.KeyFile, m.KeyID)
	return err
}

type restoreCmd struct {
	From    restoreFromCmd    `cmd:"" default:"withargs" help:"Bring a backup back into an empty KORTVERK_DATA."`
	Confirm restoreConfirmCmd `cmd:"" help:"Say that cards which answer unknown since a restore are as the backup had them."`
}

type restoreFromCmd struct {
	Config
	File string `arg:"" help:"The backup."`
	Ends string `name:"ends" help:"The journal of ends (ends.log) of the database that was lost. Default: the one in KORTVERK_DATA, if there is one."`
}

func now() time.Time { return time.Now() }

// Run restores, replays what the journal of ends knows, and says what is left to do.
func (c restoreFromCmd) Run(e env) error {
	if c.DatabaseURL != "" {
		return errors.New("PostgreSQL is restored with its own tools: pg_restore, or a base backup and the WAL archive")
	}
	var o outcome
	m, err := backup.Restore(e.ctx, c.File, backup.Target{
		Database: c.SQLitePath(), KeyFile: c.KeyFile, Beside: []string{endlog.Name},
		Finish: func(ctx context.Context, file string, m backup.Manifest) error { return c.settle(ctx, e, file, m, &o) },
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s is restored: %d cards, schema version %d, as of %s.\n", c.SQLitePath(), m.Cards, m.Schema, m.MadeAt.Format(time.RFC3339))
	if c.KeyFile == "" {
		fmt.Fprintf(e.out, "KORTVERK_KEY_FILE is not set: %s.\n", m.Needs())
	}
	switch {
	case o.why != "":
		fmt.Fprintf(e.out, "What was blocked after that can't be known: %s.\n", o.why)
	case o.last.At.IsZero():
		fmt.Fprintf(e.out, "Nothing was blocked, ended or held after that.\n")
	default:
		fmt.Fprintf(e.out, "%d changes after that were replayed from the journal of ends, the last of %s.\n", o.replayed, o.last.At.Format(time.RFC3339))
	}
	if o.doubted > 0 {
		fmt.Fprintf(e.out, "%d cards answer unknown until somebody confirms them: kortverk restore confirm --by NAME NUMBER…, or --all.\n", o.doubted)
	}
	return nil
}
