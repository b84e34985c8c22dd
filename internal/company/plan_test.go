package company

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// The list walks its index in order and stops at the page's end; it never sorts all companies.
func TestListWalksItsIndex(t *testing.T) {
	d := dbtest.New(t, dbtest.SQLite)
	rows, err := d.SQL().QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+selectCompany+
		`WHERE c.name_key LIKE $1 AND (c.sort_key, c.id) > ($2, $3) ORDER BY c.sort_key, c.id LIMIT $4`, "%bygg%", "00", "00", 26)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(step + "\n")
	}
	if rows.Err() != nil || !strings.Contains(plan.String(), "company_sorted") || !strings.Contains(plan.String(), "company_address_default") || strings.Contains(plan.String(), "TEMP B-TREE") {
		t.Errorf("%v, plan:\n%s", rows.Err(), plan.String())
	}
}
