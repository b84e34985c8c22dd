package order

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/person"
)

const (
	defaultPage = 25
	maxPage     = 100
)

func pageSize(n int) int {
	if n <= 0 {
		return defaultPage
	}
	return min(n, maxPage)
}

// cursor is opaque to callers: a time and an id.
func cursor(at time.Time, id ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at.UnixMicro(), 10) + "." + id.String()))
}

// readCursor gives the lowest position for what isn't a cursor.
func readCursor(s string) (at int64, id string) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, ""
	}
	number, id, ok := strings.Cut(string(b), ".")
	if at, err = strconv.ParseInt(number, 10, 64); err != nil || !ok || uuid.Validate(id) != nil {
		return 0, ""
	}
	return at, id
}

// cursorID is an id for comparing; Nil is before all, where a NULL would make every comparison unknown.
func cursorID(id ID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// splitWords cuts names into the folded words that are searched.
func splitWords(s string) []string {
	words := strings.FieldsFunc(person.FoldName(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r) })
	slices.Sort(words)
	return slices.Compact(words)
}

const (
	kindName    = "name"
	kindOrderer = "orderer"
)

// wordsTx writes the words by which a line is found.
func wordsTx(tx *db.Tx, l Line) error {
	if _, err := tx.Exec("DELETE FROM order_line_word WHERE line = $1", l.ID); err != nil {
		return err
	}
	for kind, text := range map[string]string{kindName: l.Name() + " " + l.ShortGiven + " " + l.ShortSurname, kindOrderer: l.OrderedByName} {
		for _, w := range splitWords(text) {
			if _, err := tx.Exec("INSERT INTO order_line_word (company, kind, word, line) VALUES ($1, $2, $3, $4)", l.Company, kind, w, l.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Filter is a group of states that a list can be cut down to: text "order.filter." + Filter.
type Filter string

// The filters. FilterCorrect is everything that waits for the orderer.
const (
	FilterAll        Filter = ""
	FilterDraft      Filter = "draft" // Counts only
	FilterCorrect    Filter = "to_correct"
	FilterReview     Filter = "in_review"
	FilterCardholder Filter = "awaiting_cardholder"
	FilterProduction Filter = "production"
	FilterDone       Filter = "done"
	FilterCancelled  Filter = "cancelled"
)

// Filters lists those of Lines.
func Filters() []Filter {
	return []Filter{FilterAll, FilterCorrect, FilterReview, FilterCardholder, FilterProduction, FilterDone, FilterCancelled}
}

// filterSQL holds for the lines of a filter; l is the line.
var filterSQL = map[Filter]string{
	FilterAll: "l.state <> 'draft'",
	FilterCorrect: "(l.state = 'rejected_by_reviewer' OR l.state = 'rejected_by_cardholder' OR " +
		"(l.state = 'awaiting_cardholder' AND l.match_level = 'mismatch'))", // as the partial index says it
	FilterReview:     "l.state = 'ordered'",
	FilterCardholder: "(l.state = 'awaiting_cardholder' AND l.match_level <> 'mismatch')",
	FilterProduction: "(l.state = 'approved' OR l.state = 'in_production')",
	FilterDone:       "l.state = 'produced'",
	FilterCancelled:  "l.state = 'cancelled'",
}

// LineQuery asks for lines of a company.
type LineQuery struct {
	Text   string // name, personal number, order number or orderer
	Filter Filter
	After  string
	Before string
	Limit  int
}

// LinePage is a part of a list, newest first.
type LinePage struct {
	Lines []Line
	Next  string
	Prev  string
}

// Lines lists and finds the lines of the orderer's company. A text that is a personal number finds by it; then it must
// not come from an address. Words find lines that have a word with each of those beginnings, in the cardholder's or the
// orderer's name.
func (s *Service) Lines(ctx context.Context, by actor.Actor, q LineQuery) (LinePage, error) {
	if !by.Is(actor.Orderer) {
		return LinePage{}, errForbidden
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (LinePage, error) {
		where, args := s.lineWhere(tx, by.Company, q)
		limit := pageSize(q.Limit)
		back := q.Before != ""
		_, position := readCursor(orElse(q.Before, q.After))
		order := " ORDER BY l.id DESC"
		if back {
			order = " ORDER BY l.id"
		}
		if position != "" {
			args = append(args, position)
			where += fmt.Sprintf(" AND l.id %s $%d", map[bool]string{true: ">", false: "<"}[back], len(args))
		}
		args = append(args, limit+1)
		lines, err := linesTx(tx, where+order+fmt.Sprintf(" LIMIT $%d", len(args)), args...)
		if err != nil {
			return LinePage{}, err
		}
		var p LinePage
		p.Lines, p.Next, p.Prev = db.Page(lines, limit, back, position != "", func(l Line) string { return cursor(l.CreatedAt, l.ID) })
		return p, nil
	})
}

func (s *Service) lineWhere(tx *db.Tx, company uuid.UUID, q LineQuery) (string, []any) {
	filter, ok := filterSQL[q.Filter]
	if !ok {
		filter = filterSQL[FilterAll]
	}
	where, args := "WHERE l.company = $1 AND "+filter, []any{company}
	text := strings.TrimSpace(q.Text)
	if text == "" {
		return where, args
	}
	if n, err := person.ParsePersonalNumber(text, clock.DateOf(tx.Now)); err == nil {
		return where + " AND l.personal_number_hash = $2", append(args, person.HashNumber(s.keep, n))
	}
	if number := strings.ToUpper(strings.ReplaceAll(text, " ", "")); strings.HasPrefix(number, numberPrefix) {
		return where + " AND o.number = $2", append(args, number)
	}
	words := splitWords(text)
	if len(words) == 0 {
		return where + " AND FALSE", args
	}
	for _, w := range words {
		args = append(args, w, prefixEnd(w))
		n := len(args)
		where += fmt.Sprintf(` AND l.id IN (SELECT w.line FROM order_line_word w WHERE w.company = $1 AND w.kind IN ('name', 'orderer') AND w.word >= $%d AND w.word < $%d)`, n-1, n)
	}
	return where, args
}

// prefixEnd is the first text after all that begin with prefix, by code points, as both engines compare this column.
func prefixEnd(prefix string) string { return prefix + string(unicode.MaxRune) }

// OrderQuery asks for orders of a company.
type OrderQuery struct {
	Open   bool // only those with a line that isn't produced or cancelled
	After  string
	Before string
	Limit  int
}

// OrderPage is a part of the list of orders, newest first, with their lines.
type OrderPage struct {
	Orders []Order
	Next   string
	Prev   string
}

// Orders lists the orders that the company has sent.
func (s *Service) Orders(ctx context.Context, by actor.Actor, q OrderQuery) (OrderPage, error) {
	if !by.Is(actor.Orderer) {
		return OrderPage{}, errForbidden
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (OrderPage, error) {
		query, args := ordersSQL(by.Company, q)
		orders, err := db.Rows(tx, scanOrder, query, args...)
		if err != nil {
			return OrderPage{}, err
		}
		var p OrderPage
		_, position := readCursor(orElse(q.Before, q.After))
		p.Orders, p.Next, p.Prev = db.Page(orders, pageSize(q.Limit), q.Before != "", position != "", func(o Order) string { return cursor(o.SubmittedAt, o.ID) })
		return p, s.linesOfTx(tx, p.Orders, false)
	})
}

func ordersSQL(company uuid.UUID, q OrderQuery) (string, []any) {
	query, args := "SELECT "+orderColumns+" FROM card_order WHERE company = $1 AND submitted_at IS NOT NULL", []any{company}
	if q.Open {
		query += " AND EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = card_order.id AND l.state NOT IN ('produced', 'cancelled'))"
	}
	order, compare := "DESC", "<"
	if q.Before != "" {
		order, compare = "ASC", ">"
	}
	if at, id := readCursor(orElse(q.Before, q.After)); id != "" {
		query += fmt.Sprintf(" AND (submitted_at, id) %s ($2, $3)", compare)
		args = append(args, at, id)
	}
	args = append(args, pageSize(q.Limit)+1)
	return query + fmt.Sprintf(" ORDER BY submitted_at %s, id %s LIMIT $%d", order, order, len(args)), args
}

// Counts says how many lines there are in each filter, and how many drafts; counting stops at Many.
func (s *Service) Counts(ctx context.Context, by actor.Actor) (map[Filter]int, error) {
	if !by.Is(actor.Orderer) {
		return nil, errForbidden
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (map[Filter]int, error) {
		counts := map[Filter]int{}
		var err error
		for _, f := range Filters() {
			counts[f], err = db.Value[int](tx, "SELECT COUNT(*) FROM (SELECT 1 FROM order_line l WHERE l.company = $1 AND "+filterSQL[f]+" LIMIT $2) q", by.Company, Many)
			if err != nil {
				return nil, err
			}
		}
		counts[FilterDraft], err = db.Value[int](tx, "SELECT COUNT(*) FROM (SELECT 1 FROM card_order WHERE company = $1 AND submitted_at IS NULL LIMIT $2) q", by.Company, Many)
		return counts, err
	})
}
