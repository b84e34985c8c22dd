package company_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

var (
	officer = actor.Actor{Role: actor.Officer, Account: uuid.MustParse("01900000-0000-7000-8000-000000000001"), Name: "Karin Ek"}
	address = company.Address{Name: "Fjällmark Bygg AB", Line1: "Byggvägen 1", Postcode: "12345", City: "Täby"}
)

func service(t *testing.T, d *db.DB) *company.Service { return company.New(d, sealtest.NewTest(t)) }

func enter(t *testing.T, s *company.Service, name, number string) company.Company {
	t.Helper()
	c, err := s.Enter(t.Context(), officer, company.Details{Name: name, OrganisationNumber: number})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func kinds(t *testing.T, d *db.DB, id uuid.UUID) (out []string) {
	t.Helper()
	records, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) ([]journal.Record, error) {
		return journal.Of(ctx, tx, journal.OfCompany(id))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Kind != "company.address_added" && r.By.Name != officer.Name {
			t.Errorf("%s by %q", r.Kind, r.By.Name)
		}
		out = append(out, strings.TrimSpace(r.Kind+" "+r.Reason))
	}
	return out
}

func TestEnter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c, err := s.Enter(t.Context(), officer, company.Details{Name: " Fjällmark  Bygg AB ", OrganisationNumber: "559999-0016", Address: address, ReferenceRequired: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.ByID(t.Context(), c.ID)
		if err != nil || got != c {
			t.Errorf("read %+v, %v, entered %+v", got, err, c)
		}
		if c.Name != "Fjällmark Bygg AB" || c.OrganisationNumber != "5599990016" || c.Country != "SE" || c.SoleTrader || !c.ReferenceRequired ||
			c.Revision != 1 || c.Hold != "" || !c.HeldAt.IsZero() || c.Closed() || c.Address.Postcode != "123 45" || c.ShownNumber() != "559999-0016" || c.PrintedNumber() != "559999-0016" {
			t.Errorf("%+v", c)
		}
		_, err = s.Enter(t.Context(), officer, company.Details{Name: "Other", OrganisationNumber: "16559999-0016"})
		if e, _ := fault.As(err); e == nil || e.Code != "company.already_entered" || e.Field != "organisation_number" {
			t.Errorf("the same number twice: %v", err)
		}
		if got := kinds(t, d, c.ID); !slices.Equal(got, []string{"company.entered"}) {
			t.Errorf("journal %v", got)
		}
		if _, err := s.Enter(t.Context(), officer, company.Details{Name: "Budowa", Country: "PL", OrganisationNumber: "526-10-40-828"}); err != nil {
			t.Error(err)
		}
	})
}

func TestEnterTellsAllErrorsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, err := service(t, d).Enter(t.Context(), officer, company.Details{OrganisationNumber: "559999-0017", Address: company.Address{Name: "x", Country: "SE"}})
		got := map[string]string{}
		for _, e := range fault.All(err) {
			got[e.Field] = e.Code
		}
		want := map[string]string{
			"name": "company.name_missing", "organisation_number": "company.number_check_digit", "address_line1": "company.address_line_missing",
			"address_postcode": "country.postcode_missing", "address_city": "company.address_city_missing",
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("errors %v, want %v", got, want)
		}
	})
}

func TestOnlyOfficersManage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c := enter(t, s, "Fjällmark", "559999-0016")
		for _, role := range actor.Roles() {
			by := actor.Actor{Role: role, Company: c.ID}
			officer := role == actor.Officer || role == actor.SystemRole
			allowed := map[string]bool{
				"enter": officer, "change": officer, "unpaid": officer || role == actor.Finance, "agreement": officer,
				"close": officer, "reveal": officer, "address": officer || role == actor.Orderer,
			}
			for what, call := range map[string]func() error{
				"enter":     func() error { _, err := s.Enter(t.Context(), by, company.Details{}); return err },
				"change":    func() error { _, err := s.Change(t.Context(), by, c.ID, 99, "X", false); return err },
				"unpaid":    func() error { _, err := s.Hold(t.Context(), by, db.NewID(), company.Unpaid, ""); return err },
				"agreement": func() error { _, err := s.Hold(t.Context(), by, db.NewID(), company.Agreement, ""); return err },
				"close":     func() error { _, err := s.Close(t.Context(), by, db.NewID(), ""); return err },
				"reveal":    func() error { _, err := s.RevealNumber(t.Context(), by, c.ID); return err },
				"address":   func() error { _, err := s.AddAddress(t.Context(), by, c.ID, company.Address{}, false); return err },
			} {
				if refused := fault.Has(call(), "company.not_allowed"); refused == allowed[what] {
					t.Errorf("%s as %s: refused %v", what, role, refused)
				}
			}
		}
		stranger := actor.Actor{Role: actor.Orderer, Company: db.NewID()}
		if _, err := s.AddAddress(t.Context(), stranger, c.ID, address, false); !fault.Has(err, "company.not_allowed") {
			t.Errorf("another company's orderer added an address: %v", err)
		}
	})
}

func TestSoleTradersNumberIsNeverShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c := enter(t, s, "Åsas Snickeri", "19900203-2382")
		if !c.SoleTrader || c.OrganisationNumber != "" || c.PrintedNumber() != "" || strings.Contains(fmt.Sprintf("%+v %s", c, c.ShownNumber()), "2382") {
			t.Errorf("%+v", c)
		}
		sealed, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]byte, error) {
			return db.Value[[]byte](tx, `SELECT number_sealed FROM company WHERE id = $1 AND organisation_number IS NULL`, c.ID)
		})
		if err != nil || bytes.Contains(sealed, []byte("2382")) {
			t.Errorf("the number lies open: %q, %v", sealed, err)
		}
		for _, typed := range []string{"900203-2382", "199002032382"} {
			page, err := s.List(t.Context(), typed, "", 10)
			if err != nil || len(page.Companies) != 1 || page.Companies[0].ID != c.ID {
				t.Errorf("search for %s found %v, %v", typed, page.Companies, err)
			}
		}
		if page, err := s.List(t.Context(), "900203", "", 10); err != nil || len(page.Companies) != 0 {
			t.Errorf("the beginning of a personal number found %v, %v", page.Companies, err)
		}
		n, err := s.RevealNumber(t.Context(), officer, c.ID)
		if n != "9002032382" || err != nil {
			t.Errorf("revealed %q, %v", string(n), err)
		}
		if got := kinds(t, d, c.ID); !slices.Equal(got, []string{"company.entered", "company.number_revealed"}) {
			t.Errorf("journal %v", got)
		}
		if _, err := s.Enter(t.Context(), officer, company.Details{Name: "Again", OrganisationNumber: "9002032382"}); !fault.Has(err, "company.already_entered") {
			t.Errorf("the same sole trader twice: %v", err)
		}
	})
}

func TestHoldAndRelease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		var told []company.Company
		s.OnChange(func(c company.Company) { told = append(told, c) })
		c := enter(t, s, "Fjällmark", "559999-0016")
		held, err := s.Hold(t.Context(), officer, c.ID, company.Unpaid, "faktura 17")
		if err != nil || held.Hold != company.Unpaid || held.HeldAt.IsZero() || held.HeldBy != officer.Account || held.HoldNote != "faktura 17" || held.Revision != c.Revision+1 {
			t.Fatalf("%+v, %v", held, err)
		}
		if _, err := s.Hold(t.Context(), officer, c.ID, company.Other, ""); !fault.Has(err, "company.already_held") || fault.KindOf(err) != fault.Conflict {
			t.Errorf("held twice: %v", err)
		}
		free, err := s.Release(t.Context(), officer, c.ID, "")
		if err != nil || free.Hold != "" || !free.HeldAt.IsZero() || free.HoldNote != "" || free.HeldBy != uuid.Nil || free.Revision != held.Revision+1 {
			t.Errorf("%+v, %v", free, err)
		}
		if _, err := s.Release(t.Context(), officer, c.ID, ""); !fault.Has(err, "company.not_held") {
			t.Errorf("released twice: %v", err)
		}
		if got := kinds(t, d, c.ID); !slices.Equal(got, []string{"company.entered", "company.held unpaid", "company.released unpaid"}) {
			t.Errorf("journal %v", got)
		}
		if len(told) != 3 || told[0] != c || told[1] != held || told[2] != free {
			t.Errorf("listeners were told %+v", told)
		}
		for code, call := range map[string]func() error{
			"company.hold_reason_unknown": func() error { _, err := s.Hold(t.Context(), officer, c.ID, "angry", ""); return err },
			"company.note_too_long": func() error {
				_, err := s.Hold(t.Context(), officer, c.ID, company.Other, strings.Repeat("å", 501))
				return err
			},
			"company.unknown": func() error { _, err := s.Hold(t.Context(), officer, db.NewID(), company.Other, ""); return err },
		} {
			if err := call(); !fault.Has(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
	})
}

func TestRacingHoldsHoldOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c := enter(t, s, "Fjällmark", "559999-0016")
		var held atomic.Int64
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				_, err := s.Hold(context.Background(), officer, c.ID, company.Other, "")
				if err == nil {
					held.Add(1)
				} else if fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := kinds(t, d, c.ID); held.Load() != 1 || !slices.Equal(got, []string{"company.entered", "company.held other"}) {
			t.Errorf("%d racers won, journal %v", held.Load(), got)
		}
	})
}

func TestChangeAndClose(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c := enter(t, s, "Fjällmark", "559999-0016")
		changed, err := s.Change(t.Context(), officer, c.ID, c.Revision, "Åfjäll Bygg", true)
		if err != nil || changed.Name != "Åfjäll Bygg" || !changed.ReferenceRequired || changed.Revision != 2 {
			t.Fatalf("%+v, %v", changed, err)
		}
		if page, err := s.List(t.Context(), "afjall", "", 10); err != nil || len(page.Companies) != 1 {
			t.Errorf("the new name isn't found: %v, %v", page, err)
		}
		if _, err := s.Change(t.Context(), officer, c.ID, c.Revision, "Late", true); !fault.Has(err, "company.changed_meanwhile") {
			t.Errorf("a change of an old revision: %v", err)
		}
		if _, err := s.Change(t.Context(), officer, c.ID, changed.Revision, "a\u200bb", true); !fault.Has(err, "company.unprintable") {
			t.Errorf("an invisible letter: %v", err)
		}
		if again, err := s.Change(t.Context(), officer, c.ID, changed.Revision, "Åfjäll Bygg", true); err != nil || again.Revision != changed.Revision {
			t.Errorf("nothing changed, yet %+v, %v", again, err)
		}
		closed, err := s.Close(t.Context(), officer, c.ID, "konkurs")
		if err != nil || !closed.Closed() {
			t.Fatalf("%+v, %v", closed, err)
		}
		for what, call := range map[string]func() error{
			"hold":    func() error { _, err := s.Hold(t.Context(), officer, c.ID, company.Other, ""); return err },
			"change":  func() error { _, err := s.Change(t.Context(), officer, c.ID, closed.Revision, "X", false); return err },
			"close":   func() error { _, err := s.Close(t.Context(), officer, c.ID, ""); return err },
			"address": func() error { _, err := s.AddAddress(t.Context(), officer, c.ID, address, false); return err },
		} {
			if err := call(); !fault.Has(err, "company.closed") {
				t.Errorf("%s of a closed company: %v", what, err)
			}
		}
		if got := kinds(t, d, c.ID); !slices.Equal(got, []string{"company.entered", "company.changed", "company.closed"}) {
			t.Errorf("journal %v", got)
		}
	})
}

func TestAddresses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c, other := enter(t, s, "Fjällmark", "559999-0016"), enter(t, s, "Other", "556016-0680")
		orderer := actor.Actor{Role: actor.Orderer, Company: c.ID, Name: "Per"}
		first, err := s.AddAddress(t.Context(), orderer, c.ID, address, false)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.AddAddress(t.Context(), orderer, c.ID, address, false)
		if err != nil || again != first {
			t.Errorf("sent twice: %+v, %v, first %+v", again, err, first)
		}
		site := company.Address{Name: "Etapp 3", Line1: "Grusvägen 9", Postcode: "98765", City: "Kiruna"}
		second, err := s.AddAddress(t.Context(), orderer, c.ID, site, true)
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Addresses(t.Context(), c.ID)
		if err != nil || !slices.Equal(all, []company.Address{second, first}) {
			t.Errorf("addresses %+v, %v", all, err)
		}
		if now, err := s.ByID(t.Context(), c.ID); err != nil || now.Address != second {
			t.Errorf("default %+v, %v", now.Address, err)
		}
		if _, err := s.AddAddress(t.Context(), orderer, c.ID, address, true); err != nil {
			t.Fatal(err)
		}
		if now, err := s.ByID(t.Context(), c.ID); err != nil || now.Address != first {
			t.Errorf("default chosen anew %+v, %v", now.Address, err)
		}
		for id, code := range map[uuid.UUID]string{c.ID: "", other.ID: "company.address_unknown"} {
			_, err := db.Read(t.Context(), d, func(ctx context.Context, tx *db.Tx) (company.Address, error) {
				return company.AddressTx(ctx, tx, id, first.ID)
			})
			if fault.CodeOf(err) != code {
				t.Errorf("address of %v: %v, want %q", id, err, code)
			}
		}
		if got, err := s.Addresses(t.Context(), other.ID); err != nil || len(got) != 0 {
			t.Errorf("another company sees %v, %v", got, err)
		}
	})
}

func TestAddressesAreCapped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c := enter(t, s, "Fjällmark", "559999-0016")
		for i := range 51 {
			a := address
			a.Line1 = fmt.Sprintf("Byggvägen %d", i)
			if _, err := s.AddAddress(t.Context(), officer, c.ID, a, false); fault.Has(err, "company.addresses_full") != (i == 50) {
				t.Fatalf("address %d: %v", i+1, err)
			}
		}
	})
}

func TestListPagesInSwedishOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		want := []string{"Andersson Bygg", "Bygg & Co", "Zorns Bygg", "Åbergs Bygg", "Ärlig Bygg", "Öbergs Bygg"}
		for i, n := range []int{3, 0, 5, 1, 4, 2} {
			enter(t, s, want[n], []string{"556630-4928", "556226-5719", "559085-2777", "202100-5489", "857209-0606", "802005-1952"}[i])
		}
		enter(t, s, "Måleri", "556016-0680")
		if _, err := s.Enter(t.Context(), officer, company.Details{Name: "Budowa", Country: "PL", OrganisationNumber: "5261040828"}); err != nil {
			t.Fatal(err)
		}
		var got []string
		after := ""
		for pages := 0; ; pages++ {
			page, err := s.List(t.Context(), "BYGG", after, 2)
			if err != nil || len(page.Companies) > 2 || pages > 3 {
				t.Fatalf("page %d: %v, %v", pages, page, err)
			}
			for _, c := range page.Companies {
				got = append(got, c.Name)
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages %v, want %v", got, want)
		}
		for query, name := range map[string]string{"bygg zorn": "Zorns Bygg", "oberg": "Öbergs Bygg", "556016-0680": "Måleri", "556016": "Måleri", "5590 852777": "Öbergs Bygg", "PL 526-10-40-828": "Budowa", "ingen": "", "%": "", "100%": ""} {
			page, err := s.List(t.Context(), query, "", 100)
			if query == "%" { // nothing to search for: all
				if len(page.Companies) != 8 || err != nil {
					t.Errorf("%q found %d, %v", query, len(page.Companies), err)
				}
				continue
			}
			var names []string
			for _, c := range page.Companies {
				names = append(names, c.Name)
			}
			if err != nil || strings.Join(names, ",") != name {
				t.Errorf("%q found %v, %v, want %q", query, names, err, name)
			}
		}
		if page, err := s.List(t.Context(), "", "no cursor", 1); err != nil || page.Companies[0].Name != "Andersson Bygg" {
			t.Errorf("a broken cursor gave %v, %v", page, err)
		}
	})
}

func TestByNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := service(t, d)
		c := enter(t, s, "Fjällmark", "559999-0016")
		if got, err := s.ByNumber(t.Context(), "SE", "16559999-0016"); err != nil || got.ID != c.ID {
			t.Errorf("%v, %v", got.ID, err)
		}
		if _, err := s.ByNumber(t.Context(), "PL", "5599990016"); !fault.Has(err, "company.unknown") {
			t.Errorf("the same digits in another country: %v", err)
		}
		if _, err := s.ByID(t.Context(), db.NewID()); !fault.Has(err, "company.unknown") || fault.KindOf(err) != fault.NotFound {
			t.Errorf("ByID: %v", err)
		}
	})
}
