package company

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

const selectCompany = `SELECT c.id, c.name, c.organisation_number, c.country, c.sole_trader, c.hold, c.held_at, c.held_by, c.hold_note,
	c.reference_required, c.revision, c.closed_at, c.sort_key, a.id, a.name, a.care_of, a.line1, a.postcode, a.city, a.country
	FROM company c LEFT JOIN company_address a ON a.company_id = c.id AND a.is_default `

func scanCompany(r db.Row) (Company, error) {
	var c Company
	var number string
	a := &c.Address
	err := r.Scan(&c.ID, &c.Name, &number, &c.Country, &c.SoleTrader, &c.Hold, &c.HeldAt, &c.HeldBy, &c.HoldNote,
		&c.ReferenceRequired, &c.Revision, &c.ClosedAt, &c.sortKey, &a.ID, &a.Name, &a.CareOf, &a.Line1, &a.Postcode, &a.City, &a.Country)
	c.OrganisationNumber = OrganisationNumber(number)
	return c, err
}

func unknown() *fault.Error { return fault.New(fault.NotFound, "company.unknown") }

func changedMeanwhile() *fault.Error { return fault.New(fault.Conflict, "company.changed_meanwhile") }

// ByIDTx reads a company. Error: company.unknown.
func ByIDTx(_ context.Context, tx *db.Tx, id ID) (Company, error) {
	c, err := db.One(tx, scanCompany, selectCompany+`WHERE c.id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return Company{}, unknown()
	}
	return c, err
}

// ByIDTx is [ByIDTx].
func (s *Service) ByIDTx(ctx context.Context, tx *db.Tx, id ID) (Company, error) {
	return ByIDTx(ctx, tx, id)
}

// ByID reads a company in a transaction of its own. Error: company.unknown.
func (s *Service) ByID(ctx context.Context, id ID) (Company, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Company, error) { return ByIDTx(ctx, tx, id) })
}

// ByNumber finds a company by its number. Errors: those of [ParseNumber], company.unknown.
func (s *Service) ByNumber(ctx context.Context, countryCode, number string) (Company, error) {
	n, err := ParseNumber(countryCode, number)
	if err != nil {
		return Company{}, err
	}
	c, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Company, error) {
		return db.One(tx, scanCompany, selectCompany+`WHERE c.country = $1 AND c.number_hash = $2`, countryCode, s.hash(countryCode, n))
	})
	if errors.Is(err, db.ErrNoRows) {
		return Company{}, unknown()
	}
	return c, err
}

func (s *Service) hash(countryCode string, n OrganisationNumber) string {
	return s.keep.Hash("organisation_number", countryCode+" "+string(n))
}

// Page is a part of a list.
type Page struct {
	Companies []Company
	Next      string // for the next page; "" at the end
}

// List finds companies by words of the name, or by a whole number (of Swedish companies also by its beginning, from four digits on),
// with the country's letters before a foreign one, in the order of the Swedish alphabet. after is a Page's Next.
func (s *Service) List(ctx context.Context, query, after string, limit int) (Page, error) {
	limit = min(max(limit, 1), 100)
	where, args := s.conditions(query)
	if sortKey, id, ok := readCursor(after); ok {
		args = append(args, sortKey, id)
		where = append(where, "(c.sort_key, c.id) > ("+db.List(len(args)-1, 2)+")")
	}
	args = append(args, limit+1)
	text := selectCompany
	if len(where) > 0 {
		text += "WHERE " + strings.Join(where, " AND ")
	}
	text += " ORDER BY c.sort_key, c.id LIMIT " + db.List(len(args), 1)
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Page, error) {
		found, err := db.Rows(tx, scanCompany, text, args...)
		if err != nil || len(found) <= limit {
			return Page{Companies: found}, err
		}
		last := found[limit-1]
		return Page{Companies: found[:limit], Next: cursor(last.sortKey, last.ID)}, nil
	})
}

// longestPattern is longer than any name, and shorter than what SQLite refuses to look for.
const longestPattern = 1000

func (s *Service) conditions(query string) (where []string, args []any) {
	arg := func(v any) string {
		args = append(args, v)
		return db.List(len(args), 1)
	}
	if n := strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(query)); len(n) >= 4 && strings.Trim(n, "0123456789") == "" {
		if o, err := ParseOrganisationNumber(n); err == nil {
			return []string{"c.country = 'SE' AND c.number_hash = " + arg(s.hash("SE", o))}, args
		}
		return []string{"c.organisation_number LIKE " + arg(n+"%")}, args
	}
	if code, rest, ok := strings.Cut(strings.TrimSpace(query), " "); ok && country.Valid(code) { // "PL 5261040828"
		if n, err := ParseNumber(code, rest); err == nil && strings.ContainsAny(string(n), "0123456789") {
			return []string{"c.country = " + arg(code) + " AND c.number_hash = " + arg(s.hash(code, n))}, args
		}
	}
	words := strings.Fields(i18n.Fold(query))
	for _, w := range words[:min(len(words), 8)] {
		w = strings.ToValidUTF8(w[:min(len(w), longestPattern)], "")
		where = append(where, "c.name_key LIKE "+arg("%"+w+"%"))
	}
	return where, args
}

// cursor is opaque to callers, so that the order may change.
func cursor(sortKey string, id ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(sortKey + " " + id.String()))
}

// readCursor takes what isn't a cursor for the first page: it is no secret and may be cut by whoever copies an address.
func readCursor(s string) (sortKey, id string, ok bool) {
	plain, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return "", "", false
	}
	sortKey, id, ok = strings.Cut(string(plain), " ")
	// The database refuses other texts, and what it compares has one form.
	if u, err := uuid.Parse(id); err != nil || u.String() != id || !utf8.ValidString(sortKey) || strings.Contains(sortKey, "\x00") {
		return "", "", false
	}
	return sortKey, id, ok
}
