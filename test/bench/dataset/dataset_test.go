package dataset_test

import (
	"testing"

	"github.com/kortverk/kortverk/internal/audit"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/test/bench/dataset"
)

// TestASmallSetIsWhole has the checker read a small set on each engine: what the generator makes is what the product
// would have made.
func TestASmallSetIsWhole(t *testing.T) {
	for _, engine := range []string{dataset.SQLite, dataset.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			o := dataset.Options{Folder: t.TempDir(), Cards: 1000, Photos: 20}
			if engine == dataset.Postgres {
				o.Server = dbtest.Options(t, engine).URL
			}
			set, err := dataset.Ensure(t.Context(), o, engine, dbtest.Log(t))
			if err != nil {
				t.Fatal(err)
			}
			d, err := db.OpenReadOnly(t.Context(), set.Options(dbtest.Log(t)))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			r, err := audit.Run(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				t.Error(f)
			}
			if r.Cards < 900 || r.Entries < 8*r.Cards {
				t.Error(r.Well())
			}
			t.Log(r.Well())
			keys, err := seal.Open(set.KeyFile)
			if err != nil {
				t.Fatal(err)
			}
			list, err := company.New(d, keys).List(t.Context(), "", "", 100)
			if err != nil || len(list.Companies) != 20 {
				t.Error(len(list.Companies), err)
			}
		})
	}
}
