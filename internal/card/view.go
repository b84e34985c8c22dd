package card

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/person"
)

// View is what a card's page shows.
type View struct {
	Card    Card
	Status  Status
	Masked  string // the cardholder's personal number without its last digits
	Actions []Possible
	Events  []Event // newest first
	Fee     FeeSchedule
	Today   clock.Date
}

// Possible is an action that the person's role has, whether it can be done now,
// why not, and what it would bring.
type Possible struct {
	Action       Action
	Allowed      bool
	Why          *fault.Error // nil when allowed
	Consequences []Consequence
}

// ActionsFor lists the actions of somebody who may see the card, in the order
// in which a page shows them.
func ActionsFor(c Card, by actor.Actor, today clock.Date, fee FeeSchedule) []Possible {
	var out []Possible
	for _, a := range []Action{ActionActivate, ActionShowPIN, ActionBlock, ActionUnblock, ActionTerminate} {
		if maySee(by, c) != nil || !mayDo(by.Role, a) || !has(c.Kind(), a) {
			continue
		}
		p := Possible{Action: a, Consequences: Consequences(a, c.State, fee, c.Kind())}
		if a == ActionShowPIN {
			p.Why = noPIN(c, today)
		} else {
			_, p.Why = Next(c.State, a, c.ValidUntil, today)
		}
		p.Allowed = p.Why == nil
		out = append(out, p)
	}
	return out
}

// has says whether an action exists for a kind of card at all.
func has(t cardtype.Type, a Action) bool {
	switch a {
	case ActionActivate:
		return t.Activation
	case ActionShowPIN:
		return t.PIN
	}
	return true
}

// Event is one line of the timeline.
type Event struct {
	At     time.Time
	Kind   string     // of the journal, "card.blocked"
	Role   actor.Role // of who did it
	Name   string     // "" for the scheme's own people, where companies and cardholders look
	Reason string
	Note   string
	Data   map[string]string
}

// Text is what happened, in words.
func (e Event) Text(t *i18n.Texts) string {
	args := make([]any, 0, 2*len(e.Data))
	for k, v := range e.Data {
		args = append(args, k, v)
	}
	return t.T("journal."+e.Kind, args...)
}

// Who is who did it, in words.
func (e Event) Who(t *i18n.Texts) string {
	if e.Name != "" && e.Role != actor.SystemRole {
		return e.Name
	}
	return t.T("card.by." + string(e.Role))
}

// Why is the reason in words, "" when there is none to show.
func (e Event) Why(t *i18n.Texts) string {
	if key := "card.reason." + e.Reason; e.Reason != "" && t.Has(key) {
		return t.T(key)
	}
	return ""
}

// View loads a card's page for its cardholder, its company or staff. Errors:
// card.unknown.
func (s *Service) View(ctx context.Context, by actor.Actor, id ID) (View, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (View, error) {
		c, err := ByIDTx(ctx, tx, id)
		if err != nil {
			return View{}, err
		}
		if err := maySee(by, c); err != nil {
			return View{}, err
		}
		today := clock.DateOf(tx.Now)
		v := View{Card: c, Status: c.Status(today), Fee: s.Fee(today), Today: today}
		v.Actions = ActionsFor(c, by, today, v.Fee)
		holder, err := person.ByIDTx(ctx, tx, c.Person)
		if err != nil {
			return View{}, err
		}
		v.Masked = masked(holder.BirthDate)
		v.Events, err = timeline(ctx, tx, by, c)
		return v, err
	})
}

func masked(born clock.Date) string {
	if born.IsZero() {
		return ""
	}
	return born.Start().In(clock.Stockholm).Format("20060102") + "-••••"
}

// timeline is everything that happened to the line and the card that it became.
// Card entries name their line as well, so the line finds all.
func timeline(ctx context.Context, tx *db.Tx, by actor.Actor, c Card) ([]Event, error) {
	records, err := journal.Of(ctx, tx, journal.OfLine(c.Line))
	if err != nil {
		return nil, err
	}
	out := make([]Event, 0, len(records))
	for _, r := range records {
		e := Event{At: r.At, Kind: r.Kind, Role: r.By.Role, Name: r.By.Name, Reason: r.Reason, Note: r.Data["note"], Data: r.Data}
		if e.Role.Staff() && !by.Role.Staff() {
			e.Name = ""
		}
		out = append(out, e)
	}
	slices.Reverse(out)
	return out, nil
}

// ForPerson lists the cardholder's own cards: the live ones first, then the
// newest.
func (s *Service) ForPerson(ctx context.Context, by actor.Actor) ([]Card, error) {
	if !by.Is(actor.Cardholder) || by.Person == uuid.Nil {
		return nil, fault.New(fault.Forbidden, "card.not_allowed")
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Card, error) {
		all, err := db.Rows(tx, scanCard, selectCard+`WHERE c.person_id = $1 ORDER BY c.produced_at DESC, c.id DESC`, by.Person)
		today := clock.DateOf(tx.Now)
		slices.SortStableFunc(all, func(a, b Card) int {
			switch {
			case a.Live(today) == b.Live(today):
				return 0
			case a.Live(today):
				return -1
			}
			return 1
		})
		return all, err
	})
}

// ByNumber finds a card that somebody may see. Errors: card.unknown.
func (s *Service) ByNumber(ctx context.Context, by actor.Actor, n Number) (Card, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Card, error) {
		c, err := ByNumberTx(ctx, tx, n)
		if err != nil {
			return Card{}, err
		}
		if err := maySee(by, c); err != nil {
			return Card{}, err
		}
		return c, nil
	})
}

// ByLine finds the card that a line became; ok is false while there is none
// that the actor may see.
func (s *Service) ByLine(ctx context.Context, by actor.Actor, line uuid.UUID) (c Card, ok bool, err error) {
	c, err = db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Card, error) { return ByLineTx(ctx, tx, line) })
	if errors.Is(err, unknown()) || (err == nil && maySee(by, c) != nil) {
		return Card{}, false, nil
	}
	return c, err == nil, err
}

// RevealNumber shows the cardholder's whole personal number to the company or
// an officer. Each time is in the journal.
func (s *Service) RevealNumber(ctx context.Context, by actor.Actor, id ID) (person.PersonalNumber, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (person.PersonalNumber, error) {
		c, err := found(ctx, tx, by, id, ActionTerminate)
		if err != nil {
			return "", err
		}
		n, err := person.NumberTx(ctx, tx, s.keys, c.Person)
		if err != nil {
			return "", err
		}
		return n, journal.AppendTx(ctx, tx, entry(by, "card.personal_number_shown", c))
	})
}

// LiveCardTx answers order's question whether a person, known by the keyed hash
// of the personal number, has a live card of a type at a company.
func (s *Service) LiveCardTx(_ context.Context, tx *db.Tx, company uuid.UUID, personNumberHash, cardType string) (number string, found bool, err error) {
	numbers, err := db.Rows(tx, db.Column[string], `SELECT c.number FROM person p JOIN card c ON c.person_id = p.id
		WHERE p.number_hash = $1 AND c.company_id = $2 AND c.type = $3 AND c.state IN ('produced', 'active', 'blocked')
		AND c.valid_until >= $4 ORDER BY c.produced_at DESC`, personNumberHash, company, cardType, clock.DateOf(tx.Now))
	if err != nil || len(numbers) == 0 {
		return "", false, err
	}
	return numbers[0], true, nil
}
