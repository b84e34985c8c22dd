package db_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"testing"

	"github.com/kortverk/kortverk/internal/db"
)

// released are the migrations that deployments have: changing one would change no deployment, and make new ones differ.
var released = map[string]string{
	"postgres/00001_foundation.sql": "fb55966136e812e18537d2a59278c3ea6cfbc70f514941328973ab52d7b67081",
	"postgres/00002_base.sql":       "2be3890d2dd3cc64cfd7661b2d658d2c608f2acbd4b7e0f308d8114ede835fa7",
	"postgres/00003_eid.sql":        "dbe5b9d1eaf1c74fb53231aed315b794e3f6570aabafb48f8557b19ef1cc71ae",
	"postgres/00004_account.sql":    "0e23a3e29ab077b52945d5e08db1601b6b95ee3ada8c35eed3a4e118ca7d971c",
	"postgres/00005_order.sql":      "62d474184cd0831aefa0d6bfca4a474d70b2f4fd9c28b459ae0bedc7dd18171e",
	"postgres/00006_card.sql":       "90d352b7870483522f78a44dd1298f5c2c8e2a68a02c865f99c7f963f9872ede",
	"postgres/00007_production.sql": "5c25f10245dd6f864cc41d4d3c04875047567948f20cb71d1766e7381a74aef7",
	"postgres/00008_notify.sql":     "fd91d36a5b8e885d8a1939157779809cdd6a9a8c09c22b7024cdb33eef07ed1e",
	"postgres/00009_restored.sql":   "389a8efe913ea672596fb11421e1602280ba7b16784e3c46768d77020b267020",
	"sqlite/00001_foundation.sql":   "83908a57604961d2c9518005503b31815d345f4ccfa7a7f72d34cdb824c02f84",
	"sqlite/00002_base.sql":         "c551cddcdf70b5aaefc7ca515bc46393211c1693f9cfedc4bf9ea464a214a6b0",
	"sqlite/00003_eid.sql":          "67121238379df2652e0a00b1d46d8d31d50206e5b7c19760144c05057f14fc30",
	"sqlite/00004_account.sql":      "0e23a3e29ab077b52945d5e08db1601b6b95ee3ada8c35eed3a4e118ca7d971c",
	"sqlite/00005_order.sql":        "ba5324c2bdbdd3c22f3fb51af11cf71079bb35f3a08bd092fe8f3eafe0655c16",
	"sqlite/00006_card.sql":         "a4c9ef3dddfe1c5eeacf3afe89a327d13cdba1dfa102ca8cff0d5fa69f1c9bdb",
	"sqlite/00007_production.sql":   "5c25f10245dd6f864cc41d4d3c04875047567948f20cb71d1766e7381a74aef7",
	"sqlite/00008_notify.sql":       "aa0ea8d59536f590c8a5b6a9cf672d10749f796adc83b6df65ae4c3f24ffdcc0",
	"sqlite/00009_restored.sql":     "389a8efe913ea672596fb11421e1602280ba7b16784e3c46768d77020b267020",
}

func TestReleasedMigrationsStay(t *testing.T) {
	left := len(released)
	for engine, files := range map[string]fs.FS{"sqlite": db.Migrations(false), "postgres": db.Migrations(true)} {
		names, err := fs.Glob(files, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			want, ok := released[engine+"/"+name]
			if !ok {
				continue
			}
			left--
			data, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
				t.Errorf("%s/%s is released and must not change: write a new migration", engine, name)
			}
		}
	}
	if left != 0 {
		t.Errorf("%d released migrations are missing", left)
	}
}
