package company_test

import (
	"context"
	"testing"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

// Rows: R21
func TestReplay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := company.New(d, sealtest.NewTest(t))
		c, err := s.Enter(t.Context(), actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"},
			company.Details{Name: "Furuborg Bygg AB", OrganisationNumber: "5599990016"})
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			name   string
			later  company.Later
			did    bool
			hold   string
			closed bool
		}{
			{"what the backup knows", company.Later{ID: c.ID, Hold: company.Unpaid, Revision: c.Revision}, false, "", false},
			{"a company after the backup", company.Later{ID: db.NewID(), Hold: company.Unpaid}, false, "", false},
			{"a hold", company.Later{ID: c.ID, Hold: company.Unpaid, Revision: 9}, true, company.Unpaid, false},
			{"the same", company.Later{ID: c.ID, Hold: company.Unpaid}, false, company.Unpaid, false},
			{"a release", company.Later{ID: c.ID}, true, "", false},
			{"a reason of a later version", company.Later{ID: c.ID, Hold: "flooded"}, true, company.Other, false},
			{"the end", company.Later{ID: c.ID, Closed: true}, true, company.Other, true},
			{"nothing after the end", company.Later{ID: c.ID}, false, company.Other, true},
		} {
			now, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (company.Company, error) {
				did, err := company.ReplayTx(ctx, tx, actor.System("restore"), step.later)
				if err != nil || did != step.did {
					t.Errorf("%s: %v, %v", step.name, did, err)
				}
				return company.ByIDTx(ctx, tx, c.ID)
			})
			if err != nil || now.Hold != step.hold || now.Closed() != step.closed {
				t.Errorf("%s: %q %v, %v", step.name, now.Hold, now.Closed(), err)
			}
		}
	})
}
