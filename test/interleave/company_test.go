package interleave

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
)

func (w *lines) officer() actor.Actor {
	return actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
}

var companyFacts = []string{
	`SELECT 'company ' || name || ' ' || hold || ' ' || hold_note || ' ' || revision || ' ' || CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END FROM company ORDER BY id`,
	`SELECT 'address ' || line1 || ' ' || CASE WHEN is_default THEN 'default' ELSE '' END FROM company_address ORDER BY 1`,
	`SELECT 'journal ' || kind || ' ' || actor_role || ' ' || reason FROM journal_entry ORDER BY 1`,
}

func companyCommands(w *lines) []command {
	s, id := w.Companies, w.Company.ID
	finance := actor.Actor{Role: actor.Finance, Account: db.NewID(), Name: "Fia Ek"}
	cmd := func(name string, do func(ctx context.Context, who int) error) command {
		return command{name: name, do: do}
	}
	replay := func(name string, l company.Later) command {
		l.ID, l.At = id, time.Unix(1, 0)
		return command{name: "replay " + name, quiet: true, do: func(ctx context.Context, _ int) error {
			return db.Do(ctx, w.DB, func(ctx context.Context, tx *db.Tx) error {
				return second(company.ReplayTx(ctx, tx, actor.System("restore"), l))
			})
		}}
	}
	address := func(i int) company.Address {
		return company.Address{Name: "Lagret", Line1: fmt.Sprintf("Nygatan %d", i), Postcode: "444 44", City: "Exempelstad", Country: "SE"}
	}
	return []command{
		cmd("hold", func(ctx context.Context, who int) error {
			return second(s.Hold(ctx, []actor.Actor{finance, w.officer()}[who], id, company.Unpaid, ""))
		}),
		cmd("hold for something else", func(ctx context.Context, _ int) error {
			return second(s.Hold(ctx, w.officer(), id, company.Other, "utreds"))
		}),
		cmd("release", func(ctx context.Context, _ int) error { return second(s.Release(ctx, w.officer(), id, "")) }),
		cmd("change", func(ctx context.Context, who int) error {
			return second(s.Change(ctx, w.officer(), id, w.Company.Revision, []string{"Furuborg Ett AB", "Furuborg Två AB"}[who], true))
		}),
		cmd("close", func(ctx context.Context, _ int) error { return second(s.Close(ctx, w.officer(), id, "")) }),
		cmd("add an address", func(ctx context.Context, who int) error { return w.address(ctx, address(who), false) }),
		cmd("add an address first", func(ctx context.Context, who int) error { return w.address(ctx, address(7), true) }),
		replay("a hold", company.Later{Hold: company.Unpaid}),
		replay("a release", company.Later{}),
		replay("an end", company.Later{Closed: true}),
	}
}

func (w *lines) address(ctx context.Context, a company.Address, first bool) error {
	return db.Do(ctx, w.DB, func(ctx context.Context, tx *db.Tx) error {
		return second(w.Companies.AddAddressTx(ctx, tx, w.officer(), w.Company.ID, a, first))
	})
}

var companyScenes = map[string]func(t *testing.T, w *lines){
	"open": func(*testing.T, *lines) {},
	"held": func(t *testing.T, w *lines) {
		c, err := w.Companies.Hold(t.Context(), w.officer(), w.Company.ID, company.Unpaid, "")
		must(t, err)
		w.Company = c
	},
}

func TestCompany(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		for name, make := range companyScenes {
			t.Run(engine+"/"+pathOf(name), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, engine)
				w := newLines(t, s)
				make(t, w)
				sc := &scene{name: "company " + name, stage: s, show: facts(companyFacts), commands: companyCommands(w)}
				sc.run(t, engine)
			})
		}
	}
}
