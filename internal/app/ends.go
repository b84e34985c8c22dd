package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/backup"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/endlog"
	"github.com/kortverk/kortverk/internal/journal"
)

func (c Config) endsPath() string { return filepath.Join(c.Data, endlog.Name) }

const companyPrefix = "company/"

// logEnds has every change of a card's or company's standing on the disk beside the database before its command is answered:
// listeners run between commit and answer. A line that can't be written doesn't undo a block that stands; the log says it.
func (a *App) logEnds() (err error) {
	if a.db.Postgres() {
		return nil // its WAL archive is the same, and more
	}
	if a.ends, err = endlog.Open(a.cfg.endsPath(), a.log); err != nil {
		return fmt.Errorf("KORTVERK_DATA: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err = a.catchUp(ctx); err != nil {
		return fmt.Errorf("KORTVERK_DATA: %w", err)
	}
	note := func(l endlog.Line, ends bool) {
		if !ends {
			return
		}
		if err := a.ends.Append(l); err != nil {
			a.log.Error("a change isn't in the journal of ends: a restored backup would not know of it; make a backup now", "state", l.State, "err", err)
		}
	}
	a.services.cards.OnChange(func(c card.Card) { note(a.endOfCard(c)) })
	a.services.companies.OnChange(func(c company.Company) { note(a.endOfCompany(c)) })
	return nil
}

// endOfCard is the line about a card as it stands; none about a new one.
func (a *App) endOfCard(c card.Card) (endlog.Line, bool) {
	l := endlog.Line{Subject: string(c.Number), State: string(c.State), Revision: c.Revision, At: a.db.Clock().Now(), Reason: string(c.BlockReason)}
	if c.State == card.Terminated {
		l.Reason = string(c.EndReason)
	}
	return l, c.State != card.Produced
}

func (a *App) endOfCompany(c company.Company) (endlog.Line, bool) {
	l := endlog.Line{Subject: companyPrefix + c.ID.String(), State: "open", Revision: c.Revision, At: a.db.Clock().Now(), Reason: c.Hold}
	switch {
	case c.Closed():
		l.State = "closed"
	case c.Hold != "":
		l.State = "held"
	}
	return l, true
}

// inFlight is more entries than can have been committed by requests that ran at the same time.
const inFlight = 1000

// catchUp writes the lines of changes that were committed when the process ended before it wrote them. Nobody has been told of
// these; but who looks now sees a card that is blocked, and relies on it.
func (a *App) catchUp(ctx context.Context) error {
	c, err := endlog.Read(a.cfg.endsPath())
	if err != nil {
		return err
	}
	type key struct {
		state    string
		revision int64
	}
	written := map[string]key{}
	var restored time.Time // what was before is told by the lines from before
	for _, l := range c.Lines {
		if l.Subject == endlog.Restored {
			clear(written)
			restored = l.At
		} else if l.Revision >= written[l.Subject].revision {
			written[l.Subject] = key{l.State, l.Revision}
		}
	}
	now, err := db.Read(ctx, a.db, func(ctx context.Context, tx *db.Tx) ([]endlog.Line, error) { return a.newestEnds(ctx, tx, restored) })
	if err != nil {
		return err
	}
	var missing []endlog.Line
	for _, l := range now {
		if written[l.Subject] != (key{l.State, l.Revision}) {
			missing = append(missing, l)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return a.ends.Append(missing...)
}

// newestEnds are the lines about the cards and companies that the journal's newest entries after a time tell of, as these stand.
func (a *App) newestEnds(ctx context.Context, tx *db.Tx, after time.Time) ([]endlog.Line, error) {
	entries, err := journal.NewestTx(ctx, tx, inFlight)
	if err != nil {
		return nil, err
	}
	var lines []endlog.Line
	seen := map[uuid.UUID]bool{uuid.Nil: true}
	for _, e := range entries {
		if !e.At.After(after) {
			continue
		}
		if !seen[e.Card] && strings.HasPrefix(e.Kind, "card.") {
			seen[e.Card] = true
			c, err := card.ByIDTx(ctx, tx, e.Card)
			if err != nil {
				return nil, err
			}
			if l, ends := a.endOfCard(c); ends {
				lines = append(lines, l)
			}
		}
		if !seen[e.Company] && strings.HasPrefix(e.Kind, "company.") {
			seen[e.Company] = true
			c, err := company.ByIDTx(ctx, tx, e.Company)
			if err != nil {
				return nil, err
			}
			l, _ := a.endOfCompany(c)
			lines = append(lines, l)
		}
	}
	return lines, nil
}

// latest keeps the newest line of each subject. Revisions count within one life of the database; after a restore they begin
// from what the backup had, and lines of that life go before those of earlier ones.
func latest(lines []endlog.Line) []endlog.Line {
	type best struct {
		at, life int
	}
	var out []endlog.Line
	known := map[string]best{}
	life := 0
	for _, l := range lines {
		if l.Subject == endlog.Restored {
			life++
			continue
		}
		b, seen := known[l.Subject]
		if seen && b.life == life && l.Revision < out[b.at].Revision {
			continue // two that were answered at nearly the same time
		}
		if !seen {
			b.at, out = len(out), append(out, l)
		}
		b.life = life
		known[l.Subject], out[b.at] = b, l
	}
	for _, b := range known {
		if b.life > 0 {
			out[b.at].Revision = 0
		}
	}
	return out
}

var restorer = actor.System("restore")

// outcome is what a restore did about what happened after the backup.
type outcome struct {
	replayed, doubted int64
	why               string // nothing could be replayed
	last              endlog.Line
}

// replay brings a restored database up to the journal of ends.
func replay(ctx context.Context, tx *db.Tx, lines []endlog.Line) (o outcome, err error) {
	for _, l := range latest(lines) {
		var did bool
		if id, ok := strings.CutPrefix(l.Subject, companyPrefix); ok {
			parsed, err := uuid.Parse(id)
			if err != nil {
				return o, fmt.Errorf("the journal of ends: %w", err)
			}
			did, err = company.ReplayTx(ctx, tx, restorer, company.Later{ID: parsed, Closed: l.State == "closed", Hold: l.Reason, Revision: l.Revision, At: l.At})
			if err != nil {
				return o, err
			}
		} else {
			did, err = card.ReplayTx(ctx, tx, restorer, card.Later{
				Number: card.Number(l.Subject), State: card.State(l.State), Revision: l.Revision,
				At: l.At, Reason: card.Reason(l.Reason),
			})
			if err != nil {
				return o, err
			}
		}
		if did {
			o.replayed++
		}
	}
	if len(lines) > 0 {
		o.last = lines[len(lines)-1]
	}
	o.doubted, err = card.DoubtedTx(tx)
	return o, err
}

// later finds what the journal of ends says after the backup, or why it can't be known.
func later(m backup.Manifest, path string) (lines []endlog.Line, why string) {
	c, err := endlog.Read(path)
	switch {
	case err != nil:
		return nil, fmt.Sprintf("%s can't be read: %v", path, err)
	case c.Mark() == "":
		return nil, "there is no journal of ends (" + path + ")"
	}
	lines, ok := c.After(m.EndsMark)
	if !ok || m.EndsMark == "" {
		return nil, path + " doesn't continue from this backup"
	}
	return lines, ""
}

// settle finishes a restored database: every block after the backup is replayed, or every card that could have been blocked
// is in doubt.
func (c restoreFromCmd) settle(ctx context.Context, e env, file string, m backup.Manifest, o *outcome) error {
	lines, why := later(m, c.ends())
	if why != "" && c.Ends != "" {
		return errors.New(why + ". Nothing was restored; without --ends, cards answer unknown until they are confirmed")
	}
	d, err := db.Open(ctx, db.Options{Path: file, Log: e.log(c.Config)})
	if err != nil {
		return err
	}
	if err = d.Migrate(ctx); err == nil {
		*o, err = db.Write(ctx, d, func(ctx context.Context, tx *db.Tx) (o outcome, err error) {
			if why == "" {
				return replay(ctx, tx, lines)
			}
			o.why = why
			o.doubted, err = card.DoubtTx(ctx, tx, restorer)
			return o, err
		})
	}
	if err = errors.Join(err, d.Close()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return c.goOn(e)
}

// goOn has the journal of ends continue beside the restored database.
func (c restoreFromCmd) goOn(e env) error {
	if c.Ends != "" && filepath.Clean(c.Ends) != c.endsPath() {
		data, err := os.ReadFile(c.Ends)
		if err == nil {
			err = os.WriteFile(c.endsPath(), data, 0o600)
		}
		if err != nil {
			return err
		}
	}
	l, err := endlog.Open(c.endsPath(), e.log(c.Config))
	if err != nil {
		return err
	}
	return errors.Join(l.Append(endlog.Line{Subject: endlog.Restored, State: "-", At: now()}), l.Close())
}

func (c restoreFromCmd) ends() string {
	if c.Ends != "" {
		return c.Ends
	}
	return c.endsPath()
}

type restoreConfirmCmd struct {
	Config
	By      string   `name:"by" required:"" help:"Who looked, for the journal."`
	All     bool     `name:"all" help:"Every card that is in doubt."`
	Numbers []string `arg:"" optional:"" help:"Card numbers."`
}

// Run ends the doubt about cards that a backup couldn't vouch for. On SQLite, kortverk serve must be stopped.
func (c restoreConfirmCmd) Run(e env) error {
	if c.All == (len(c.Numbers) > 0) {
		return errors.New("say which cards: their numbers, or --all")
	}
	d, err := openDB(e.ctx, c.Config, e.log(c.Config))
	if err != nil {
		return err
	}
	defer d.Close()
	by := actor.System(c.By)
	type count struct{ confirmed, left int64 }
	n, err := db.Write(e.ctx, d, func(ctx context.Context, tx *db.Tx) (n count, err error) {
		if c.All {
			n.confirmed, err = card.ConfirmAllTx(ctx, tx, by, uuid.Nil, "")
			return n, err
		}
		for _, s := range c.Numbers {
			number, err := card.ParseNumber(s)
			if err == nil {
				err = card.ConfirmTx(ctx, tx, by, number, "")
			}
			if err != nil {
				return n, fmt.Errorf("%s: %w", s, inWords(err))
			}
			n.confirmed++
		}
		n.left, err = card.DoubtedTx(tx)
		return n, err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "%d cards are confirmed; %d still answer unknown.\n", n.confirmed, n.left)
	return err
}
