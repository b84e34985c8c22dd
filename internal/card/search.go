package card

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/person"
)

// Filter is one of the chips above the list.
type Filter string

// The filters.
const (
	FilterAll          Filter = ""
	FilterActive       Filter = "active"
	FilterNotActivated Filter = "not_activated"
	FilterCorrect      Filter = "to_correct"
	FilterUnderWay     Filter = "under_way"
	FilterBlocked      Filter = "blocked"
	FilterExpiring     Filter = "expiring"
	FilterEnded        Filter = "ended"
)

// Filters lists them in the order of the page.
func Filters() []Filter {
	return []Filter{FilterAll, FilterActive, FilterNotActivated, FilterCorrect, FilterUnderWay, FilterBlocked, FilterExpiring, FilterEnded}
}

// ExpiringDays is how long before its last day a card counts as expiring.
const ExpiringDays = 60

// CountCap ends the counting: CountCap+1 means more.
const CountCap = 1000

const defaultLimit, maxLimit = 25, 100

// Query asks for one page of a company's cards and of the lines that will
// become cards.
type Query struct {
	Text   string // names of cardholder or orderer, personal number, card number, order number
	Filter Filter
	After  string // Page.Next
	Before string // Page.Prev
	Limit  int    // 0 = 25
}

// Page is one page, sorted by name.
type Page struct {
	Rows   []Row
	Next   string
	Prev   string
	Counts map[Filter]int
}

// Row is a card, or a line that has none yet.
type Row struct {
	Line, Order uuid.UUID
	Card        uuid.UUID // Nil: no card yet
	GivenName   string
	Surname     string
	Masked      string
	Number      Number
	Type        string
	Status      string // a Status, or the line's state
	Paused      bool
	ValidUntil  clock.Date

	OrderedByName string
	OrderNumber   string
}

// cursor is a place in the list.
type cursor struct{ Surname, Given, ID string }

func (c cursor) String() string {
	text, _ := json.Marshal(c) // three strings
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseCursor(s string) (c cursor, err error) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, fault.New(fault.Invalid, "card.page_malformed")
	}
	return c, nil
}

// search is a query being put together. Lists of cards begin at card, others at
// the lines: each way has its index.
type search struct {
	args  []any
	where []string
	cards bool // begins at card
	found bool // begins at what the text finds: sorted afterwards
	words bool // and that may be thousands of lines, which the conditions can be looked up in without their cards
}

func (s *search) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

func (s *search) and(format string, args ...any) {
	s.where = append(s.where, fmt.Sprintf(format, args...))
}

// from are the tables with their company, and the columns of the sort.
func (s *search) from() (tables, sort string) {
	if s.cards {
		return `card c JOIN order_line l ON l.id = c.line_id JOIN card_order o ON o.id = l.order_id JOIN company k ON k.id = c.company_id`,
			"c.surname, c.given_name, c.id"
	}
	return `order_line l JOIN card_order o ON o.id = l.order_id JOIN company k ON k.id = l.company LEFT JOIN card c ON c.line_id = l.id`,
		s.lineSort()
}

// lineSort keeps SQLite, which has no statistics, from walking a whole company
// by name to find the few lines that a text names.
func (s *search) lineSort() string {
	if s.found {
		return "l.surname || '', l.given_name, l.id"
	}
	return "l.surname, l.given_name, l.id"
}

// cardFilter is the condition of a filter that is about cards.
func (s *search) cardFilter(f Filter, today clock.Date) bool {
	switch f {
	case FilterActive:
		s.and("c.state = 'active' AND c.valid_until >= %s", s.arg(today))
	case FilterNotActivated:
		s.and("c.state = 'produced' AND c.valid_until >= %s", s.arg(today))
	case FilterBlocked:
		s.and("c.state = 'blocked' AND c.valid_until >= %s", s.arg(today))
	case FilterExpiring:
		s.and("c.state IN ('produced', 'active', 'blocked') AND c.valid_until >= %s AND c.valid_until <= %s", s.arg(today), s.arg(today.AddDays(ExpiringDays)))
	case FilterEnded:
		s.and("(c.state = 'terminated' OR c.valid_until < %s)", s.arg(today))
	default:
		return false
	}
	return true
}

// lineFilter is the condition of a filter that is about lines.
func (s *search) lineFilter(f Filter) bool {
	switch f {
	case FilterAll:
		s.and("l.state <> 'draft'")
	case FilterCorrect:
		s.and("l.state IN ('rejected_by_reviewer', 'rejected_by_cardholder')")
	case FilterUnderWay:
		s.and("l.state IN ('ordered', 'awaiting_cardholder', 'approved', 'in_production')")
	default:
		return false
	}
	return true
}

var orderNumber = regexp.MustCompile(`^[A-Z]-[0-9A-Z]{4,10}$`)

// text adds what somebody typed into the search box.
func (sv *Service) text(s *search, company uuid.UUID, typed string, today clock.Date) error {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return nil
	}
	s.cards, s.found = false, true
	if n, err := ParseNumber(typed); err == nil {
		s.and("c.number = %s", s.arg(string(n)))
		return nil
	}
	if upper := strings.ToUpper(typed); orderNumber.MatchString(upper) {
		s.and("o.number = %s", s.arg(upper))
		return nil
	}
	if strings.ContainsFunc(typed, unicode.IsDigit) {
		n, err := person.ParsePersonalNumber(typed, today)
		if err != nil {
			return fault.New(fault.Invalid, "card.search_number").On("q")
		}
		s.and("l.id IN (SELECT n.id FROM order_line n WHERE n.company = %s AND n.personal_number_hash = %s)", s.arg(company), s.arg(person.HashNumber(sv.keys, n)))
		return nil
	}
	words := strings.FieldsFunc(person.FoldName(typed), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 || len(strings.Join(words, "")) < 2 {
		return fault.New(fault.Invalid, "card.search_short").On("q")
	}
	s.words = true
	for _, w := range words[:min(len(words), 6)] {
		s.and(`l.id IN (SELECT w.line FROM order_line_word w WHERE w.company = %s AND w.kind IN ('name', 'orderer') AND w.word >= %s AND w.word < %s)`,
			s.arg(company), s.arg(w), s.arg(w+"\U0010FFFF"))
	}
	return nil
}

// Search lists a company's cards and coming cards, a page at a time, by name.
// Errors: card.not_allowed, card.search_short, card.search_number,
// card.page_malformed, card.filter_unknown.
func (sv *Service) Search(ctx context.Context, by actor.Actor, q Query) (Page, error) {
	if !by.Is(actor.Orderer) || by.Company == uuid.Nil {
		return Page{}, fault.New(fault.Forbidden, "card.not_allowed")
	}
	if q.Limit <= 0 || q.Limit > maxLimit {
		q.Limit = defaultLimit
	}
	return db.Read(ctx, sv.db, func(_ context.Context, tx *db.Tx) (Page, error) {
		today := clock.DateOf(tx.Now)
		s, err := sv.build(by.Company, q, today)
		if err != nil {
			return Page{}, err
		}
		page, err := s.page(tx, q, today)
		if err != nil {
			return Page{}, err
		}
		page.Counts, err = counts(tx, by.Company, today)
		return page, err
	})
}

func (sv *Service) build(company uuid.UUID, q Query, today clock.Date) (*search, error) {
	s := &search{cards: true}
	ofCards := s.cardFilter(q.Filter, today)
	if !ofCards {
		if s.cards = false; !s.lineFilter(q.Filter) {
			return nil, fault.New(fault.Invalid, "card.filter_unknown")
		}
	}
	if err := sv.text(s, company, q.Text, today); err != nil {
		return nil, err
	}
	s.words = s.words && !ofCards
	if s.cards {
		s.and("c.company_id = %s", s.arg(company))
	} else {
		s.and("l.company = %s AND l.state <> 'draft'", s.arg(company))
	}
	return s, nil
}

// sql is the statement for a page, forwards or back.
func (s *search) sql(from cursor, back bool, limit int) string {
	tables, sort := s.from()
	order, than := sort, ">"
	if back {
		order, than = strings.ReplaceAll(sort, ",", " DESC,")+" DESC", "<"
	}
	if from != (cursor{}) {
		s.and("(%s) %s (%s, %s, %s)", sort, than, s.arg(from.Surname), s.arg(from.Given), s.arg(from.ID))
	}
	where, limited := strings.Join(s.where, " AND "), fmt.Sprintf(` ORDER BY %s LIMIT %d`, order, limit)
	if s.words {
		// A frequent name has thousands of lines. They are sorted by themselves, and only the page's are read whole.
		where = `l.id IN (SELECT l.id FROM order_line l WHERE ` + where + limited + `)`
	}
	return `SELECT l.id, l.order_id, c.id, coalesce(c.given_name, l.given_name), coalesce(c.surname, l.surname), l.personal_number_masked,
		c.number, l.card_type, l.state, c.state, CASE WHEN k.hold <> '' OR k.closed_at IS NOT NULL THEN 1 ELSE 0 END,
		coalesce(c.valid_until, l.valid_until), o.ordered_by_name, o.number, ` + sort +
		` FROM ` + tables + ` WHERE ` + where + limited
}

type placed struct {
	row Row
	at  cursor
}

func scanRow(today clock.Date) func(db.Row) (placed, error) {
	return func(r db.Row) (placed, error) {
		var p placed
		var number, lineState, cardState string
		var paused int64
		err := r.Scan(&p.row.Line, &p.row.Order, &p.row.Card, &p.row.GivenName, &p.row.Surname, &p.row.Masked, &number, &p.row.Type, &lineState,
			&cardState, &paused, &p.row.ValidUntil, &p.row.OrderedByName, &p.row.OrderNumber, &p.at.Surname, &p.at.Given, &p.at.ID)
		p.row.Number, p.row.Status = Number(number), lineState
		if p.row.Card != uuid.Nil {
			p.row.Status = string(shown(State(cardState), p.row.ValidUntil, today))
			p.row.Paused = paused != 0 && p.row.Status == string(StatusActive)
		}
		return p, err
	}
}

// page reads one row more than shown, to know whether there is a next page.
func (s *search) page(tx *db.Tx, q Query, today clock.Date) (Page, error) {
	back := q.Before != ""
	var from cursor
	if token := q.After + q.Before; token != "" {
		var err error
		if from, err = parseCursor(token); err != nil {
			return Page{}, err
		}
	}
	rows, err := db.Rows(tx, scanRow(today), s.sql(from, back, q.Limit+1), s.args...)
	if err != nil {
		return Page{}, err
	}
	var p Page
	rows, p.Next, p.Prev = db.Page(rows, q.Limit, back, from != cursor{}, func(r placed) string { return r.at.String() })
	for _, r := range rows {
		p.Rows = append(p.Rows, r.row)
	}
	return p, nil
}

// counts counts for each filter, up to the cap.
func counts(tx *db.Tx, company uuid.UUID, today clock.Date) (map[Filter]int, error) {
	out := map[Filter]int{}
	for _, f := range Filters() {
		s := &search{cards: true}
		table, own := "card c", "c.company_id = %s"
		if !s.cardFilter(f, today) {
			s.lineFilter(f)
			table, own = "order_line l", "l.company = %s"
		}
		s.and(own, s.arg(company))
		n, err := db.Value[int64](tx, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 AS one FROM %s WHERE %s LIMIT %d) counted`,
			table, strings.Join(s.where, " AND "), CountCap+1), s.args...)
		if err != nil {
			return nil, err
		}
		out[f] = int(n)
	}
	return out, nil
}
