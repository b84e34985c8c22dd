package interleave

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/order"
)

// cards are a person's card and, in some scenes, the one that comes after it.
type cards struct {
	*cardtest.Kit
	h         cardtest.Holder
	card, new card.Card
}

// life is what the table of states says of both cards.
type life struct {
	state    [2]card.State // "": there is none
	revision [2]int64
	tries    int // wrong digits of a produced card, wrong numbers of an active one
}

// act is one of the commands on a card.
type act struct {
	command
	on    card.Action // "": it moves no card
	which int         // 1: the new one
	bound bool
	may   func(l life) bool
}

func (w *cards) acts() []act {
	s := w.Cards
	orderer := func(who int) actor.Actor { return []actor.Actor{w.Orderer, w.Officer}[who] }
	wrong := func(n card.Number) string { return strings.Repeat(string(n.LastSix()[5]^1), 6) }
	write := func(ctx context.Context, fn func(ctx context.Context, tx *db.Tx) error) error {
		return db.Do(ctx, w.D, fn)
	}
	cmd := func(name string, do func(ctx context.Context, who int) error) command {
		return command{name: name, do: do}
	}
	return []act{
		{command: cmd("activate", func(ctx context.Context, _ int) error {
			return second(s.Activate(ctx, w.h.Actor, w.card.ID, w.card.Number.LastSix(), time.Now()))
		}), on: card.ActionActivate},
		{command: cmd("activate the new one", func(ctx context.Context, _ int) error {
			return second(s.Activate(ctx, w.h.Actor, w.new.ID, w.new.Number.LastSix(), time.Now()))
		}), on: card.ActionActivate, which: 1},
		{command: command{name: "type wrong digits", attempt: true, do: func(ctx context.Context, _ int) error {
			return second(s.Activate(ctx, w.h.Actor, w.card.ID, wrong(w.card.Number), time.Now()))
		}}},
		{command: cmd("block", func(ctx context.Context, who int) error {
			return second(s.Block(ctx, orderer(who), w.card.ID, w.card.Revision, card.ReasonLost, ""))
		}), on: card.ActionBlock, bound: true},
		{command: cmd("block the own", func(ctx context.Context, _ int) error {
			return second(s.Block(ctx, w.h.Actor, w.card.ID, w.card.Revision, card.ReasonStolen, ""))
		}), on: card.ActionBlock, bound: true},
		{command: cmd("unblock", func(ctx context.Context, who int) error {
			return second(s.Unblock(ctx, orderer(who), w.card.ID, w.card.Revision, ""))
		}), on: card.ActionUnblock, bound: true},
		{command: cmd("terminate", func(ctx context.Context, who int) error {
			return second(s.Terminate(ctx, orderer(who), w.card.ID, w.card.Revision, card.ReasonEmploymentEnded, ""))
		}), on: card.ActionTerminate, bound: true},
		{command: cmd("terminate the new one", func(ctx context.Context, who int) error {
			return second(s.Terminate(ctx, orderer(who), w.new.ID, w.new.Revision, card.ReasonDestroyed, ""))
		}), on: card.ActionTerminate, which: 1, bound: true},
		{command: cmd("show PIN", func(ctx context.Context, _ int) error {
			return second(s.ShowPIN(ctx, w.h.Actor, w.card.ID, string(w.card.Number), time.Now()))
		}), may: func(l life) bool { return l.state[0] == card.Active }},
		{command: command{name: "type a wrong number", attempt: true, do: func(ctx context.Context, _ int) error {
			return second(s.ShowPIN(ctx, w.h.Actor, w.card.ID, string(otherNumber([]byte(w.card.Number))), time.Now()))
		}}},
		{command: cmd("post", func(ctx context.Context, _ int) error {
			return write(ctx, func(ctx context.Context, tx *db.Tx) error {
				return second(card.DispatchTx(ctx, tx, actor.System("bureau"), w.card.ID, "RR473124829SE", db.NewID()))
			})
		})},
		{command: cmd("hold the company", func(ctx context.Context, _ int) error {
			return second(w.Companies.Hold(ctx, w.Officer, w.Company.ID, company.Unpaid, ""))
		})},
		{command: cmd("replay a block", func(ctx context.Context, _ int) error {
			return w.replay(ctx, card.Blocked)
		})},
		{command: cmd("replay an end", func(ctx context.Context, _ int) error {
			return w.replay(ctx, card.Terminated)
		})},
	}
}

func (w *cards) replay(ctx context.Context, to card.State) error {
	return db.Do(ctx, w.D, func(ctx context.Context, tx *db.Tx) error {
		return second(card.ReplayTx(ctx, tx, actor.System("restore"), card.Later{Number: w.card.Number, State: to, At: time.Unix(1, 0)}))
	})
}

// otherNumber is a number with a right check digit that isn't this one.
func otherNumber(n []byte) []byte {
	for i := len(n) - 1; i > 0; i-- {
		for d := byte('0'); d <= '9'; d++ {
			for j := i - 1; j > 3; j-- {
				for e := byte('0'); e <= '9'; e++ {
					m := append([]byte{}, n...)
					if m[i] == '-' || m[j] == '-' || m[i] == d || m[j] == e {
						continue
					}
					m[i], m[j] = d, e
					if _, err := card.ParseNumber(string(m)); err == nil {
						return m
					}
				}
			}
		}
	}
	panic("no other number")
}

// accept does an act in the table's words.
func (l *life) accept(a act, seen life, w *cards, posted *bool) bool {
	today := clock.DateOf(w.D.Clock().Now())
	if a.may != nil && !a.may(*l) {
		return false
	}
	switch a.name {
	case "type wrong digits", "type a wrong number":
		if l.state[0] == map[string]card.State{"type wrong digits": card.Produced, "type a wrong number": card.Active}[a.name] {
			l.tries++
		}
		return false
	case "activate", "show PIN":
		if l.tries >= card.MaxTries {
			return false
		}
	case "post":
		once := !*posted
		*posted = true
		return once
	case "replay a block", "replay an end":
		to := map[string]card.State{"replay a block": card.Blocked, "replay an end": card.Terminated}[a.name]
		if l.state[0] != to && l.state[0] != card.Terminated && (to == card.Terminated || l.state[0] != card.Produced) {
			l.state[0] = to
			l.revision[0]++
		}
		return true
	}
	if a.on == "" {
		return true
	}
	i := a.which
	if l.state[i] == "" || a.bound && l.revision[i] != seen.revision[i] {
		return false
	}
	to, refusal := card.Next(l.state[i], a.on, w.card.ValidUntil, today)
	if refusal != nil {
		return false
	}
	l.state[i] = to
	l.revision[i]++
	if old := l.state[0]; i == 1 && a.on == card.ActionActivate && old != card.Terminated {
		l.state[0], _ = card.Next(old, card.ActionReplace, w.card.ValidUntil, today)
		l.revision[0]++
	}
	return true
}

func (w *cards) show(tx *db.Tx) ([]string, error) {
	var out []string
	for _, q := range []string{
		`SELECT 'card ' || state || ' ' || revision || ' ' || block_reason || ' ' || blocked_by || ' ' || end_reason || ' ' || tracking || ' ' || coalesce(predecessor_id, '-')
			FROM card ORDER BY produced_at, id`,
		`SELECT 'company ' || hold || ' ' || revision || ' ' || coalesce(closed_at, 0) FROM company ORDER BY id`,
		`SELECT 'PIN of ' || c.number FROM card_pin p JOIN card c ON c.id = p.card_id ORDER BY 1`,
		// Digits count until the card is active, numbers while it is.
		`SELECT 'tries ' || t.kind || ' ' || t.wrong || ' ' || CASE WHEN t.locked_until IS NULL THEN 'open' ELSE 'locked' END FROM card_try t JOIN card c ON c.id = t.card_id
			WHERE t.wrong > 0 AND (t.kind = 'digits' AND c.state = 'produced' OR t.kind = 'number' AND c.state = 'active') ORDER BY 1`,
		`SELECT 'journal ' || kind || ' ' || actor_name || ' ' || reason || ' ' || data FROM journal_entry ORDER BY 1`,
		`SELECT 'mail ' || template || ' ' || audience || ' ' || state FROM mail ORDER BY 1`,
		`SELECT 'doubt ' || card_id FROM restored_card ORDER BY 1`,
	} {
		facts, err := db.Rows(tx, db.Column[string], q)
		if err != nil {
			return nil, err
		}
		out = append(out, facts...)
	}
	return out, nil
}

var cardScenes = map[string]func(t *testing.T, w *cards){
	"produced": func(t *testing.T, w *cards) { w.card = w.Produced(t, w.h) },
	"produced and typed wrong four times": func(t *testing.T, w *cards) {
		w.card = w.Produced(t, w.h)
		w.tried(t, "digits")
	},
	"active": func(t *testing.T, w *cards) { w.card, _ = w.Active(t, w.h) },
	"active and typed wrong four times": func(t *testing.T, w *cards) {
		w.card, _ = w.Active(t, w.h)
		w.tried(t, "number")
	},
	"blocked": func(t *testing.T, w *cards) { w.card = w.Blocked(t, w.h) },
	"active and a new one": func(t *testing.T, w *cards) {
		w.card, _ = w.Active(t, w.h)
		w.new = w.next(t)
	},
	"blocked and a new one": func(t *testing.T, w *cards) {
		w.card = w.Blocked(t, w.h)
		w.new = w.next(t)
	},
	"produced and a new one": func(t *testing.T, w *cards) {
		w.card = w.Produced(t, w.h)
		w.new = w.next(t)
	},
}

// next is a card that was made a day later.
func (w *cards) next(t *testing.T) card.Card {
	must(t, w.D.Clock().Advance(24*time.Hour))
	return w.Issue(t, w.Line(t, w.h, order.Produced), w.Company.Name)
}

func (w *cards) tried(t *testing.T, kind string) {
	must(t, db.Do(t.Context(), w.D, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO card_try (card_id, kind, wrong) VALUES ($1, $2, 4) ON CONFLICT (card_id, kind) DO UPDATE SET wrong = 4`, w.card.ID, kind)
		return err
	}))
}

func TestCard(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		for name, make := range cardScenes {
			t.Run(engine+"/"+pathOf(name), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, engine)
				w := &cards{Kit: cardtest.New(t, s.d)}
				w.h = w.Holder(t, "Sara", "Ekdahl")
				make(t, w)
				tries := 0
				if strings.Contains(name, "four times") {
					tries = 4
				}
				sc := &scene{name: "card " + name, stage: s, show: w.show}
				byName := map[string]act{}
				for _, a := range w.acts() {
					if strings.Contains(a.name, "new one") && w.new.ID == (card.ID{}) {
						continue
					}
					sc.commands = append(sc.commands, a.command)
					byName[a.name] = a
				}
				start := life{tries: tries, state: [2]card.State{w.card.State, w.new.State}, revision: [2]int64{w.card.Revision, w.new.Revision}}
				sc.expect = func(a, b command, _ int) (bool, bool, string) {
					l, posted, held := start, false, 0
					does := func(a act) bool {
						if a.name == "hold the company" {
							held++
							return held == 1
						}
						return l.accept(a, start, w, &posted)
					}
					ok1 := does(byName[a.name])
					ok2 := does(byName[b.name])
					return ok1, ok2, fmt.Sprintf("card %s %d ", l.state[0], l.revision[0])
				}
				sc.run(t, engine)
			})
		}
	}
}
