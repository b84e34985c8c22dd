package card_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/order"
)

func names(p card.Page) string {
	var out []string
	for _, r := range p.Rows {
		out = append(out, r.GivenName+":"+r.Status)
	}
	return strings.Join(out, " ")
}

// Rows: 43, 44, 45, 46, 48, 60
func TestSearchAndFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		sara := k.Holder(t, "Sara", "Ekdahl")
		active, _ := k.Active(t, sara)
		blocked := k.Blocked(t, k.Holder(t, "Oskar", "Hägg"))
		k.Produced(t, k.Holder(t, "Māris", "Kalniņš"))
		expired, _ := k.Active(t, k.Holder(t, "Ville", "Niskanen"))
		k.Expire(t, expired)
		k.Line(t, k.Holder(t, "Samuel", "Osei"), order.RejectedByReviewer)
		k.Line(t, k.Holder(t, "Sara", "Warsame"), order.InProduction)
		piotr := k.Line(t, k.Holder(t, "Piotr", "Wiśniewski"), order.AwaitingCardholder)
		k.Line(t, k.Holder(t, "Hemlig", "Utkast"), order.Draft)
		elsewhere := k.Firm(t, "Granit & Fog AB", "5561234567")
		k.LineOf(t, elsewhere, k.Holder(t, "Sara", "Främmande"), order.Ordered)
		number := sara.Number

		for _, c := range []struct {
			q    card.Query
			want string
		}{
			{card.Query{}, "Sara:active Oskar:blocked Māris:not_activated Ville:expired Samuel:rejected_by_reviewer Sara:in_production Piotr:awaiting_cardholder"},
			{card.Query{Filter: card.FilterActive}, "Sara:active"},
			{card.Query{Filter: card.FilterBlocked}, "Oskar:blocked"},
			{card.Query{Filter: card.FilterNotActivated}, "Māris:not_activated"},
			{card.Query{Filter: card.FilterEnded}, "Ville:expired"},
			{card.Query{Filter: card.FilterCorrect}, "Samuel:rejected_by_reviewer"},
			{card.Query{Filter: card.FilterUnderWay}, "Sara:in_production Piotr:awaiting_cardholder"},
			{card.Query{Filter: card.FilterExpiring}, ""},
			{card.Query{Text: "sara"}, "Sara:active Sara:in_production"},
			{card.Query{Text: "sara", Filter: card.FilterActive}, "Sara:active"},
			{card.Query{Text: "ekd Sar"}, "Sara:active"},
			{card.Query{Text: "wisniew"}, "Piotr:awaiting_cardholder"},
			{card.Query{Text: "KALNINS"}, "Māris:not_activated"},
			{card.Query{Text: "sara hägg"}, ""},
			{card.Query{Text: strings.ToLower(strings.ReplaceAll(string(blocked.Number), "-", " "))}, "Oskar:blocked"},
			{card.Query{Text: string(number)}, "Sara:active"},
			{card.Query{Text: string(number)[2:8] + "-" + string(number)[8:]}, "Sara:active"},
			{card.Query{Text: strings.ToLower(piotr.OrderNumber)}, "Piotr:awaiting_cardholder"},
			{card.Query{Text: "alva lindström", Filter: card.FilterBlocked}, "Oskar:blocked"},
			{card.Query{Text: "alva lindström", Filter: card.FilterEnded, Limit: 1}, "Ville:expired"},
			{card.Query{Text: "utkast"}, ""},
			{card.Query{Text: "främmande"}, ""},
		} {
			p, err := k.Cards.Search(t.Context(), k.Orderer, c.q)
			if err != nil || names(p) != c.want {
				t.Errorf("%+v: %q, expected %q (%v)", c.q, names(p), c.want, err)
			}
		}
		p := must[card.Page](t)(k.Cards.Search(t.Context(), k.Orderer, card.Query{}))
		want := map[card.Filter]int{
			card.FilterAll: 7, card.FilterActive: 1, card.FilterNotActivated: 1, card.FilterCorrect: 1,
			card.FilterUnderWay: 2, card.FilterBlocked: 1, card.FilterExpiring: 0, card.FilterEnded: 1,
		}
		for f, n := range want {
			if p.Counts[f] != n {
				t.Errorf("%q counts %d, expected %d", f, p.Counts[f], n)
			}
		}
		first := p.Rows[0]
		if first.Card != active.ID || first.Number != active.Number || first.Masked != number.Masked() || first.OrderedByName != "Alva Lindström" || first.Paused {
			t.Errorf("%+v", first)
		}
		must2(t)(k.Companies.Hold(t.Context(), k.Officer, k.Company.ID, "unpaid", ""))
		if p = must[card.Page](t)(k.Cards.Search(t.Context(), k.Orderer, card.Query{Filter: card.FilterActive})); !p.Rows[0].Paused {
			t.Error("paused isn't shown")
		}
	})
}

func must2(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSearchRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		for text, code := range map[string]string{"a": "card.search_short", "---": "card.search_short", "19850617-1234": "card.search_number", "BB-1234-567896": "card.search_number"} {
			_, err := k.Cards.Search(t.Context(), k.Orderer, card.Query{Text: text})
			wants(t, err, code)
		}
		_, err := k.Cards.Search(t.Context(), k.Orderer, card.Query{After: "!"})
		wants(t, err, "card.page_malformed")
		_, err = k.Cards.Search(t.Context(), k.Orderer, card.Query{Filter: "everything"})
		wants(t, err, "card.filter_unknown")
		_, err = k.Cards.Search(t.Context(), k.Officer, card.Query{})
		wants(t, err, "card.not_allowed")
	})
}

// Rows: 60
func TestPagesForwardAndBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		for i := range 7 {
			h := k.Holder(t, fmt.Sprintf("Namn%c", 'a'+i), "Lika")
			k.Active(t, h)
		}
		for _, f := range []card.Filter{card.FilterAll, card.FilterActive} {
			var seen []string
			q := card.Query{Filter: f, Limit: 3}
			var last card.Page
			for range 5 {
				last = must[card.Page](t)(k.Cards.Search(t.Context(), k.Orderer, q))
				for _, r := range last.Rows {
					seen = append(seen, r.GivenName)
				}
				if last.Next == "" {
					break
				}
				q.After = last.Next
			}
			if got := strings.Join(seen, " "); got != "Namna Namnb Namnc Namnd Namne Namnf Namng" {
				t.Error(f, got)
			}
			back := must[card.Page](t)(k.Cards.Search(t.Context(), k.Orderer, card.Query{Filter: f, Limit: 3, Before: last.Prev}))
			if got := names(back); got != "Namnd:active Namne:active Namnf:active" || back.Prev == "" || back.Next == "" {
				t.Error(f, got, back.Prev, back.Next)
			}
			first := must[card.Page](t)(k.Cards.Search(t.Context(), k.Orderer, card.Query{Filter: f, Limit: 3, Before: back.Prev}))
			if got := names(first); got != "Namna:active Namnb:active Namnc:active" || first.Prev != "" || first.Next == "" {
				t.Error(f, got, first.Prev)
			}
		}
	})
}

// The lists' plans are pinned: each begins at an index of the company and reads
// it in the order of the page.
func TestSearchPlans(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		fill(t, k)
		for _, c := range []struct {
			q    card.Query
			want string // part of the name of an index or condition that must be used
			sort bool   // a sort is allowed: a handful of rows
		}{
			{card.Query{}, "order_line_company_name", false},
			{card.Query{Filter: card.FilterBlocked}, "card_company_state_name", false},
			{card.Query{Filter: card.FilterActive}, "card_company_", false},
			{card.Query{Filter: card.FilterEnded}, "card_company", true},
			{card.Query{Filter: card.FilterExpiring}, "card_company", true},
			{card.Query{Filter: card.FilterUnderWay}, "order_line_", true},
			{card.Query{Text: "efternamnba"}, "order_line_word", true},
			{card.Query{Text: "BB-1234-567897"}, "number", true},
			{card.Query{Text: string(k.Holder(t, "Oskar", "Hägg").Number)}, "personal_number_hash", true},
			{card.Query{Text: "B-7F3K29"}, "card_order", true},
		} {
			query, args, err := k.Cards.SearchSQL(k.Company.ID, c.q, clock.Date{Year: 2026, Month: 11, Day: 20})
			if err != nil {
				t.Fatal(c.q, err)
			}
			plan := explain(t, d, query, args)
			scans := slices.ContainsFunc(plan, func(l string) bool {
				return strings.Contains(l, "Seq Scan on order_line") || strings.Contains(l, "Seq Scan on card ") || (c.q.Text != "" && strings.Contains(l, "order_line_company_name")) || strings.HasPrefix(strings.TrimSpace(l), "SCAN ")
			})
			sorts := slices.ContainsFunc(plan, func(l string) bool {
				return strings.Contains(l, "Sort") || strings.Contains(l, "TEMP B-TREE FOR ORDER")
			})
			if text := strings.Join(plan, "\n"); scans || (sorts && !c.sort) || !strings.Contains(text, c.want) {
				t.Errorf("%+v\n%s", c.q, text)
			}
		}
	})
}

func explain(t *testing.T, d *db.DB, query string, args []any) []string {
	t.Helper()
	if d.Postgres() {
		return texts(t, d, "EXPLAIN "+query, args...)
	}
	return must[[]string](t)(db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]string, error) {
		return db.Rows(tx, func(r db.Row) (s string, err error) {
			var id, parent, unused int64
			err = r.Scan(&id, &parent, &unused, &s)
			return s, err
		}, "EXPLAIN QUERY PLAN "+query, args...)
	}))
}

// fill copies one line with its card many times under other names, half of them
// to another company, so that a planner has something to choose by.
func fill(t *testing.T, k *cardtest.Kit) {
	t.Helper()
	c, _ := k.Active(t, k.Holder(t, "Sara", "Ekdahl"))
	other := k.Firm(t, "Granit & Fog AB", "5561234567")
	err := db.Do(t.Context(), k.D, func(_ context.Context, tx *db.Tx) error {
		for i := range 2000 {
			id, firm, state := db.NewID(), k.Company.ID, "active"
			if i%2 == 0 {
				firm = other.ID
			}
			if i%20 < 2 {
				state = "blocked"
			}
			surname := "Efternamn" + string([]rune{'a' + rune(rand.IntN(20)), 'a' + rune(rand.IntN(20))})
			if err := cardtest.CopyLine(tx, c.Line, id, firm, surname); err != nil {
				return err
			}
			if err := cardtest.CopyCard(tx, c.ID, id, firm, surname, state, i); err != nil {
				return err
			}
		}
		if tx.Postgres() {
			_, err := tx.Exec(`ANALYZE`)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
