package person_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/seal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

var asa = person.Proof{PersonalNumber: "199002032382", GivenName: "ÅSA MARIE", Surname: "ÖBERG LIND", Provider: "bankid"}

func join(t *testing.T, d *db.DB, k *seal.Keeper, a person.Proof) person.Person {
	t.Helper()
	p, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (person.Person, error) { return person.JoinTx(ctx, tx, k, a) })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func kinds(t *testing.T, d *db.DB, id uuid.UUID) (out []string) {
	t.Helper()
	records, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]journal.Record, error) {
		return journal.Of(ctx, tx, journal.OfPerson(id))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.By.Role != actor.Cardholder || r.By.Person != id {
			t.Errorf("%s by %+v, want the person", r.Kind, r.By)
		}
		out = append(out, r.Kind)
	}
	return out
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestJoinMakesOnePersonOfANumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		first := join(t, d, k, asa)
		if first.GivenName != "ÅSA MARIE" || first.Name().String() != "Åsa Marie Öberg Lind" || first.BirthDate.String() != "1990-02-03" ||
			first.ProvenBy != "bankid" || first.ProvenAt.IsZero() || first.Nationality != "" || first.NationalityProven {
			t.Errorf("joined %+v", first)
		}
		again := join(t, d, k, asa)
		if again.ID != first.ID || again.Revision != first.Revision {
			t.Errorf("a second proof made %+v of %+v", again, first)
		}
		if again.ProvenAt.Before(first.ProvenAt) {
			t.Error("the later proof isn't noted")
		}
		if got := kinds(t, d, first.ID); !equal(got, []string{"person.joined"}) {
			t.Errorf("journal %v", got)
		}
		other := join(t, d, k, person.Proof{PersonalNumber: "196408233234", GivenName: "Åsa Marie", Surname: "Öberg Lind", Provider: "bankid"})
		if other.ID == first.ID {
			t.Error("equal names joined two people")
		}
	})
}

func TestLaterProofRenames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		first := join(t, d, k, asa)
		married := asa
		married.Surname = "STENBERG"
		p := join(t, d, k, married)
		if p.ID != first.ID || p.Surname != "STENBERG" || p.Revision != first.Revision+1 {
			t.Errorf("%+v", p)
		}
		if got := kinds(t, d, p.ID); !equal(got, []string{"person.joined", "person.renamed"}) {
			t.Errorf("journal %v", got)
		}
	})
}

func TestRacingProofsMakeOnePerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		var mu sync.Mutex
		ids := map[uuid.UUID]bool{}
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				p, err := db.Write(context.Background(), d, func(ctx context.Context, tx *db.Tx) (person.Person, error) { return person.JoinTx(ctx, tx, k, asa) })
				mu.Lock()
				defer mu.Unlock()
				if ids[p.ID] = true; err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(ids) != 1 {
			t.Fatalf("%d people of one number", len(ids))
		}
		for id := range ids {
			if got := kinds(t, d, id); !equal(got, []string{"person.joined"}) {
				t.Errorf("journal %v", got)
			}
		}
	})
}

func TestJoinRefusesWhatProvesNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		for code, a := range map[string]person.Proof{
			"person.number_check_digit":  {PersonalNumber: "199002032383", GivenName: "A", Surname: "B"},
			"person.coordination_number": {PersonalNumber: "197302889931", GivenName: "A", Surname: "B"},
			"person.number_missing":      {GivenName: "A", Surname: "B"},
			"person.name_missing":        {PersonalNumber: "199002032382", GivenName: " "},
		} {
			_, err := db.Write(t.Context(), d, func(ctx context.Context, tx *db.Tx) (person.Person, error) { return person.JoinTx(ctx, tx, k, a) })
			if !fault.Has(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
	})
}

func TestNumberStandsSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		a := join(t, d, k, asa)
		b := join(t, d, k, person.Proof{PersonalNumber: "196408233234", GivenName: "B", Surname: "B", Provider: "bankid"})
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			if n, err := person.NumberTx(ctx, tx, k, a.ID); n != "199002032382" || err != nil {
				t.Errorf("number %q, %v", string(n), err)
			}
			sealed, err := db.Value[[]byte](tx, `SELECT number_sealed FROM person WHERE id = $1`, a.ID)
			if err != nil {
				return err
			}
			hash, err := db.Value[string](tx, `SELECT number_hash FROM person WHERE id = $1`, a.ID)
			if err != nil {
				return err
			}
			if bytes.Contains(sealed, []byte("2382")) || hash != person.HashNumber(k, "199002032382") || hash == person.HashNumber(k, "196408233234") {
				t.Error("the number is readable, or its hash isn't the keyed one")
			}
			_, err = tx.Exec(`UPDATE person SET number_sealed = $1 WHERE id = $2`, sealed, b.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (person.PersonalNumber, error) {
			return person.NumberTx(ctx, tx, k, b.ID)
		})
		if !errors.Is(err, seal.ErrNotOpened) {
			t.Errorf("a number moved to another row opened: %v", err)
		}
	})
}

func TestReseal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		p := join(t, d, k, asa)
		if err := k.Rotate(); err != nil {
			t.Fatal(err)
		}
		q := join(t, d, k, person.Proof{PersonalNumber: "196408233234", GivenName: "B", Surname: "B", Provider: "bankid"})
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			var after uuid.UUID
			for step := range 3 {
				last, err := person.ResealTx(ctx, tx, k, after, 1)
				if err != nil {
					return err
				}
				if (last == uuid.Nil) != (step == 2) {
					t.Errorf("step %d came to %v", step, last)
				}
				after = last
			}
			for _, id := range []uuid.UUID{p.ID, q.ID} {
				sealed, err := db.Value[[]byte](tx, `SELECT number_sealed FROM person WHERE id = $1`, id)
				if err != nil {
					return err
				}
				if !k.Current(sealed) {
					t.Error("still under the old key")
				}
			}
			n, err := person.NumberTx(ctx, tx, k, p.ID)
			if n != "199002032382" {
				t.Errorf("number %q after resealing", string(n))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestContactEmailNationality(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		id := join(t, d, k, asa).ID
		do := func(fn func(ctx context.Context, tx *db.Tx) error) error { return db.Do(t.Context(), d, fn) }
		contact := person.Contact{Phone: "070-174 06 05", Street: "Byggvägen 1", Postcode: "12345", City: "Täby", Country: "SE", Lang: "en"}
		err := do(func(ctx context.Context, tx *db.Tx) error {
			if err := person.SetContactTx(ctx, tx, id, contact); err != nil {
				return err
			}
			if err := person.SetEmailTx(ctx, tx, id, "asa@Example.se"); err != nil {
				return err
			}
			return person.SetNationalityTx(ctx, tx, id, "SE", true)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := do(func(ctx context.Context, tx *db.Tx) error { return person.SetNationalityTx(ctx, tx, id, "PL", false) }); err != nil {
			t.Fatal(err)
		}
		p, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (person.Person, error) { return person.ByIDTx(ctx, tx, id) })
		if err != nil || p.Phone != "+46701740605" || p.Postcode != "123 45" || p.City != "Täby" || p.Lang != "en" || p.Email != "asa@example.se" {
			t.Errorf("%+v, %v", p, err)
		}
		if p.Nationality != person.Sweden || !p.NationalityProven {
			t.Errorf("a claim replaced the proven nationality: %s, proven %v", p.Nationality, p.NationalityProven)
		}
		for code, fn := range map[string]func(ctx context.Context, tx *db.Tx) error{
			"person.phone_malformed": func(ctx context.Context, tx *db.Tx) error {
				return person.SetContactTx(ctx, tx, id, person.Contact{Phone: "1"})
			},
			"person.email_malformed":     func(ctx context.Context, tx *db.Tx) error { return person.SetEmailTx(ctx, tx, id, "asa") },
			"person.nationality_unknown": func(ctx context.Context, tx *db.Tx) error { return person.SetNationalityTx(ctx, tx, id, "xx", true) },
			"person.unknown":             func(ctx context.Context, tx *db.Tx) error { return person.SetContactTx(ctx, tx, db.NewID(), contact) },
		} {
			if err := do(fn); !fault.Has(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
	})
}

func TestUnknownPeople(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := sealtest.NewTest(t)
		known := join(t, d, k, asa)
		err := db.Do(t.Context(), d, func(ctx context.Context, tx *db.Tx) error {
			if _, err := person.ByIDTx(ctx, tx, db.NewID()); !fault.Has(err, "person.unknown") || fault.KindOf(err) != fault.NotFound {
				t.Errorf("ByIDTx: %v", err)
			}
			if _, err := person.NumberTx(ctx, tx, k, db.NewID()); !fault.Has(err, "person.unknown") {
				t.Errorf("NumberTx: %v", err)
			}
			if _, err := person.ByNumberTx(ctx, tx, k, "196408233234"); !fault.Has(err, "person.unknown") {
				t.Errorf("ByNumberTx: %v", err)
			}
			p, err := person.ByNumberTx(ctx, tx, k, "199002032382")
			if p.ID != known.ID || p.ProvenAt.After(time.Now().Add(time.Hour)) {
				t.Errorf("ByNumberTx found %v", p.ID)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
