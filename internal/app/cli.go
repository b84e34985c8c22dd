package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

// cli is the command line. Each command's fields are its settings.
type cli struct {
	Dev       devCmd       `cmd:"" help:"Run everything on this machine with a sandbox world: portals, BankID, mail, bureau, reader, clock."`
	Serve     serveCmd     `cmd:"" help:"Run the scheme. Refuses to start while something is missing or unsafe."`
	World     worldCmd     `cmd:"" help:"Run the sandbox world alone, beside kortverk serve."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database to this version and stop."`
	Bootstrap bootstrapCmd `cmd:"" help:"Invite the scheme's first officer."`
	Keys      keysCmd      `cmd:"" help:"Keys that seal personal numbers, pictures and PINs."`
	Reader    readerCmd    `cmd:"" help:"Keys of readers."`
	Audit     auditCmd     `cmd:"" help:"Read the whole database again and say what can't be. Exit code 0 when all is well."`
	Backup    backupCmd    `cmd:"" help:"Copy the SQLite database, also of a running kortverk serve, into one file that proves itself."`
	Restore   restoreCmd   `cmd:"" help:"Bring a backup back."`
	Config    configCmd    `cmd:"" help:"The configuration."`
	Version   versionCmd   `cmd:"" help:"The version of this program."`
}

// env is what commands share.
type env struct {
	ctx     context.Context
	version string
	out     io.Writer
	err     io.Writer
}

func (e env) log(c Config) *slog.Logger {
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(e.err, nil))
	}
	return slog.New(slog.NewTextHandler(e.err, nil))
}

// Main runs the command line and answers the exit code: 0 well, 1 failed, 2
// not understood.
func Main(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("kortverk"),
		kong.Description("Runs an identity-card scheme for building sites."),
		kong.Writers(stdout, stderr), kong.UsageOnError(),
		kong.Exit(func(code int) { panic(exit(code)) }))
	if err != nil {
		fmt.Fprintln(stderr, "kortverk:", err)
		return 2
	}
	return run(parser, env{ctx: ctx, version: version, out: stdout, err: stderr}, args)
}

// exit carries kong's wish to end (after --help) out of the parser.
type exit int

func run(p *kong.Kong, e env, args []string) (code int) {
	defer func() {
		if r := recover(); r != nil {
			c, ok := r.(exit)
			if !ok {
				panic(r)
			}
			code = int(c)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := p.Parse(args)
	if err != nil {
		fmt.Fprintln(e.err, "kortverk:", err)
		return 2
	}
	if err := k.Run(e); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(e.err, "kortverk:", err)
		return 1
	}
	return 0
}

type versionCmd struct{}

func (versionCmd) Run(e env) error {
	_, err := fmt.Fprintln(e.out, "kortverk", e.version)
	return err
}

type configCmd struct {
	Print     configPrintCmd     `cmd:"" help:"Print the configuration in force, secrets masked."`
	Reference configReferenceCmd `cmd:"" help:"Print what can be set, as a Markdown table."`
}

type configPrintCmd struct{ Config }

func (c configPrintCmd) Run(e env) error {
	w := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, s := range c.Config.Settings() {
		fmt.Fprintf(w, "%s\t%s\n", s.Env, s.Value)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := c.Config.Check(); err != nil {
		fmt.Fprintf(e.err, "kortverk serve would not start: %v\n", err)
	}
	return nil
}

type configReferenceCmd struct{}

func (configReferenceCmd) Run(e env) error {
	fmt.Fprintln(e.out, "| variable | default | meaning |\n|---|---|---|")
	for _, s := range (Config{}).Settings() {
		fmt.Fprintf(e.out, "| `%s` | %s | %s |\n", s.Env, code(s.Default), s.Help)
	}
	return nil
}

func code(s string) string {
	if s == "" {
		return "–"
	}
	return "`" + s + "`"
}

type migrateCmd struct{ Config }

func (c migrateCmd) Run(e env) error {
	d, err := openDB(e.ctx, c.Config, e.log(c.Config))
	if err != nil {
		return err
	}
	defer d.Close()
	n, err := d.Up(e.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%d migrations applied; the database is at this version\n", n)
	return nil
}

type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make a key file. Keep a copy apart from the database's backup: without it nothing sealed can be read."`
	Rotate keysRotateCmd `cmd:"" help:"Add a new primary key. What older keys sealed stays readable."`
}

type keysCreateCmd struct {
	File string `arg:"" help:"The file to make; it must not exist."`
}

type keysRotateCmd struct {
	File string `arg:"" help:"The key file."`
}

// dataFolder makes the data folder, readable only by its owner.
func dataFolder(c Config) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("KORTVERK_DATA: %w", err)
	}
	return nil
}
