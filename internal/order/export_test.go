package order

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/db"
)

// Plan is a query of the package with the indexes that it has to use.
type Plan struct {
	Query   string
	Args    []any
	Indexes []string
	Not     []string
}

const sorted = "USE TEMP B-TREE"

// Plans are the queries that lists and jobs run.
func Plans(ctx context.Context, s *Service, company uuid.UUID) map[string]Plan {
	out := map[string]Plan{}
	line := func(where string) string { return "SELECT " + lineColumns + fromLine + where }
	lines := func(name string, q LineQuery, not string, indexes ...string) {
		_, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (int, error) {
			where, args := s.lineWhere(tx, company, q)
			p := Plan{line(where + fmt.Sprintf(" AND l.id < $%d ORDER BY l.id DESC LIMIT 25", len(args)+1)), append(args, uuid.New()), indexes, nil}
			if not != "" {
				p.Not = []string{not}
			}
			out[name] = p
			return 0, nil
		})
		if err != nil {
			panic(err)
		}
	}
	lines("lines", LineQuery{}, sorted, "order_line_company")
	lines("lines in review", LineQuery{Filter: FilterReview}, sorted, "order_line_state")
	lines("lines to correct", LineQuery{Filter: FilterCorrect}, sorted, "order_line_correct")
	lines("lines in production", LineQuery{Filter: FilterProduction}, sorted, "order_line_production")
	lines("lines of a name", LineQuery{Text: "lukasz brz"}, "", "order_line_word")
	lines("lines of a number", LineQuery{Text: "19121212-1212"}, sorted, "order_line_number")
	lines("lines of an order", LineQuery{Text: "B-7F3K29"}, "", "card_order")
	query, args := ordersSQL(company, OrderQuery{After: cursor(s.db.Clock().Now(), uuid.New())})
	out["orders"] = Plan{query, args, []string{"card_order_submitted"}, []string{sorted}}
	out["queue"] = Plan{line(queueWhere), []any{int64(1), "", 25}, []string{"order_line_queue"}, []string{sorted}}
	out["queue count"] = Plan{queueCount, []any{Many}, []string{"order_line"}, nil}
	out["lines of a person"] = Plan{line(forPersonWhere), []any{"hash"}, []string{"order_line_cardholder"}, []string{sorted}}
	out["due"] = Plan{dueWhere, []any{int64(1), 100}, []string{"order_line_due"}, []string{sorted}}
	out["old drafts"] = Plan{draftWhere, []any{int64(1), 20}, []string{"card_order_draft_age"}, nil}
	return out
}

// SaveTx is how a move writes a line.
var SaveTx = saveTx

// Untold are the fields that the mail about changes names.
func Untold(l Line) []string { return l.untold }
