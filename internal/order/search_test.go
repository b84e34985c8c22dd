package order_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/order/ordertest"
)

// Rows: 43, 45, 46
func TestFindLines(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		n1, n2, n3 := k.Number(), k.Number(), k.Number()
		lukasz := k.Ordered(t, ordertest.Who("Łukasz", "Brzęczyszczykiewicz", n1))
		asa := k.Ordered(t, ordertest.Who("Åsa", "Öberg-Lind", n2))
		other := k.Orderer
		other.Account, other.Name = db.NewID(), "Björn Sand"
		olena := k.OrderedBy(t, other, ordertest.Who("Олена", "Коваль", n3))
		_, foreign := k.Firm(t, false)
		k.OrderedBy(t, foreign, ordertest.Who("Åsa", "Öberg", n2))
		k.Filled(t, k.Orderer, ordertest.Who("Åsa", "Utkast", k.Number()))
		for _, c := range []struct {
			text string
			want []order.ID
		}{
			{"", []order.ID{olena.ID, asa.ID, lukasz.ID}},
			{"lukasz", []order.ID{lukasz.ID}},
			{"BRZE luk", []order.ID{lukasz.ID}},
			{"asa", []order.ID{asa.ID}},
			{"lind", []order.ID{asa.ID, lukasz.ID}}, // of the cardholder, and of the orderer Lindström below
			{"олен", []order.ID{olena.ID}},
			{"björn", []order.ID{olena.ID}},
			{"bjorn koval", nil},
			{n2.Long(), []order.ID{asa.ID}},
			{string(n3)[2:], []order.ID{olena.ID}},
			{strings.ToLower(lukasz.OrderNumber), []order.ID{lukasz.ID}},
			{"nobody", nil},
			{"!!!", nil},
			{"asa lukasz", nil},
		} {
			p := must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{Text: c.text}))
			var got []order.ID
			for _, l := range p.Lines {
				got = append(got, l.ID)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q: found %d, want %d", c.text, len(got), len(c.want))
			}
		}
	})
}

func TestFiltersAndCounts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		k.Filled(t, k.Orderer, ordertest.Who("A", "Ek", k.Number()))
		review := k.Ordered(t, ordertest.Who("B", "Ek", k.Number()))
		rejected := k.Ordered(t, ordertest.Who("C", "Ek", k.Number()))
		must[order.Line](t)(s.Reject(ctx, k.Reviewer, rejected.ID, rejected.Revision, []string{"photo_light"}, ""))
		awaiting := k.Awaiting(t, ordertest.Who("D", "Ek", k.Number()))
		h := k.Holder(t, "Eva", "Alm")
		differs := k.Awaiting(t, ordertest.Who("Eva", "Ek", h.Number))
		must[[]order.Line](t)(s.ForPerson(ctx, h.Actor))
		approved := k.Approved(t, k.Holder(t, "Frida", "Ek"))
		cancelled := k.Ordered(t, ordertest.Who("G", "Ek", k.Number()))
		must[order.Line](t)(s.Cancel(ctx, k.Orderer, cancelled.ID, cancelled.Revision))
		want := map[order.Filter][]order.ID{
			order.FilterReview: {review.ID}, order.FilterCorrect: {differs.ID, rejected.ID}, order.FilterCardholder: {awaiting.ID},
			order.FilterProduction: {approved.ID}, order.FilterCancelled: {cancelled.ID}, order.FilterDone: nil,
			order.FilterAll: {cancelled.ID, approved.ID, differs.ID, awaiting.ID, rejected.ID, review.ID},
		}
		counts := must[map[order.Filter]int](t)(s.Counts(ctx, k.Orderer))
		for f, ids := range want {
			var got []order.ID
			for _, l := range must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{Filter: f})).Lines {
				got = append(got, l.ID)
			}
			if !slices.Equal(got, ids) || counts[f] != len(ids) {
				t.Errorf("%q: %d lines, count %d, want %d", f, len(got), counts[f], len(ids))
			}
		}
		if counts[order.FilterDraft] != 1 {
			t.Errorf("drafts: %d", counts[order.FilterDraft])
		}
		open := must[order.OrderPage](t)(s.Orders(ctx, k.Orderer, order.OrderQuery{Open: true}))
		all := must[order.OrderPage](t)(s.Orders(ctx, k.Orderer, order.OrderQuery{}))
		if len(open.Orders) != 5 || len(all.Orders) != 6 {
			t.Errorf("orders: %d open, %d all", len(open.Orders), len(all.Orders))
		}
	})
}

// Pages forward and back show every line and order once, in order.
func TestPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, k *ordertest.Kit) {
		ctx, s := t.Context(), k.Orders
		var want []order.ID
		for i := range 7 {
			l := k.Ordered(t, ordertest.Who(fmt.Sprintf("Namn%c", 'a'+i), "Ek", k.Number()))
			want = slices.Insert(want, 0, l.ID)
			advance(t, k, time.Second)
		}
		var got []order.ID
		p := must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{Limit: 3, Text: "ek"}))
		if p.Prev != "" {
			t.Error("nothing is before the first page")
		}
		var firsts []order.ID
		for {
			firsts = append(firsts, p.Lines[0].ID)
			for _, l := range p.Lines {
				got = append(got, l.ID)
			}
			if p.Next == "" {
				break
			}
			p = must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{Limit: 3, Text: "ek", After: p.Next}))
		}
		if !slices.Equal(got, want) {
			t.Errorf("forward: %v, want %v", got, want)
		}
		for i := len(firsts) - 2; i >= 0; i-- {
			p = must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{Limit: 3, Text: "ek", Before: p.Prev}))
			if p.Lines[0].ID != firsts[i] || p.Next == "" {
				t.Errorf("back to page %d: %+v", i, p)
			}
		}
		if p.Prev != "" {
			t.Error("back at the first page")
		}
		o := must[order.OrderPage](t)(s.Orders(ctx, k.Orderer, order.OrderQuery{Limit: 4}))
		o2 := must[order.OrderPage](t)(s.Orders(ctx, k.Orderer, order.OrderQuery{Limit: 4, After: o.Next}))
		back := must[order.OrderPage](t)(s.Orders(ctx, k.Orderer, order.OrderQuery{Limit: 4, Before: o2.Prev}))
		if len(o.Orders) != 4 || len(o2.Orders) != 3 || o2.Next != "" || back.Orders[0].ID != o.Orders[0].ID || back.Prev != "" {
			t.Errorf("orders: %d, %d, %d", len(o.Orders), len(o2.Orders), len(back.Orders))
		}
		garbage := must[order.LinePage](t)(s.Lines(ctx, k.Orderer, order.LineQuery{After: "garbage"}))
		if len(garbage.Lines) != 7 {
			t.Error("what isn't a cursor is the first page")
		}
	})
}

// The lists run on their indexes, also when there are many lines. SQLite's plans are pinned; PostgreSQL chooses by size.
func TestPlans(t *testing.T) {
	t.Parallel()
	k := ordertest.New(t, dbtest.New(t, dbtest.SQLite))
	for name, want := range order.Plans(t.Context(), k.Orders, k.Company.ID) {
		plan, err := db.Read(t.Context(), k.DB, func(_ context.Context, tx *db.Tx) (string, error) {
			rows, err := db.Rows(tx, func(r db.Row) (string, error) {
				var id, parent, unused int
				var detail string
				err := r.Scan(&id, &parent, &unused, &detail)
				return detail, err
			}, "EXPLAIN QUERY PLAN "+want.Query, want.Args...)
			return strings.Join(rows, "\n"), err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, index := range want.Indexes {
			if !strings.Contains(plan, index) {
				t.Errorf("%s doesn't use %s:\n%s", name, index, plan)
			}
		}
		for _, step := range strings.Split(plan, "\n") {
			if strings.HasPrefix(step, "SCAN ") && step != "SCAN q" && !strings.Contains(step, "USING") {
				t.Errorf("%s reads a whole table:\n%s", name, plan)
			}
		}
		for _, bad := range want.Not {
			if strings.Contains(plan, bad) {
				t.Errorf("%s sorts:\n%s", name, plan)
			}
		}
	}
}
