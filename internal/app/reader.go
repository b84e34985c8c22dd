package app

import (
	"fmt"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

type readerCmd struct {
	Add readerAddCmd `cmd:"" help:"Make a reader's key. It is shown once."`
}

type readerAddCmd struct {
	Config
	Name string `arg:"" help:"Where the reader is, for the list of readers."`
}

func (c readerAddCmd) Run(e env) error {
	d, err := openDB(e.ctx, c.Config, e.log(c.Config))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Migrate(e.ctx); err != nil {
		return err
	}
	_, key, err := check.New(d).CreateKey(e.ctx, actor.System("command line"), c.Name)
	if err != nil {
		return inWords(err)
	}
	_, err = fmt.Fprintln(e.out, key)
	return err
}

// inWords gives an error that people are meant to read its English sentence.
func inWords(err error) error {
	if f, ok := fault.As(err); ok {
		return fmt.Errorf("%s", i18n.For("en").Error(f))
	}
	return err
}
