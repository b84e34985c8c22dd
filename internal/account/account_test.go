package account_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

var (
	alva = eidtest.Person{PersonalNumber: "198403122388", GivenName: "ALVA", Surname: "LINDSTRÖM"}
	tove = eidtest.Person{PersonalNumber: "198111042381", GivenName: "Tove", Surname: "Granlund"}
)

const browser = "a-browser-secret-that-is-long-enough-to-be-one"

// fixture is an account service with an eID that answers as told.
type fixture struct {
	*account.Service
	t         *testing.T
	db        *db.DB
	provider  *eidtest.Provider
	eid       *eid.Service
	companies *company.Service
}

func setUp(t *testing.T, d *db.DB) *fixture {
	k := sealtest.NewTest(t)
	p := eidtest.New()
	e := p.Service(t, d, k)
	return &fixture{Service: account.New(d, k, e), t: t, db: d, provider: p, eid: e, companies: company.New(d, k)}
}

// identified is a completed transaction with the subject.
func (f *fixture) identified(who eidtest.Person, subject string) eid.ID {
	f.t.Helper()
	return f.provider.Complete(f.t, f.eid, eid.Begin{Purpose: eid.Identify, Browser: browser, IP: "192.0.2.7", Lang: "sv", Subject: subject}, who)
}

func (f *fixture) signIn(who eidtest.Person) (string, account.Session) {
	f.t.Helper()
	token, sess, _, err := f.SignIn(context.Background(), f.identified(who, "signin:/me"), account.Started{Browser: browser, IP: "192.0.2.7", UserAgent: "test", Lang: "sv"})
	if err != nil {
		f.t.Fatalf("sign in: %v", err)
	}
	return token, sess
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Has(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// Rows: 7, 16, 17
func TestSignInMakesOneAccountPerPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		_, first := f.signIn(alva)
		token, second := f.signIn(alva)
		if first.Account != second.Account || first.Person != second.Person {
			t.Errorf("two sign-ins of one person gave two accounts: %v, %v", first.Account, second.Account)
		}
		if first.ID == second.ID {
			t.Error("two sign-ins share a session")
		}
		got, err := f.Session(t.Context(), token)
		if err != nil || got.Person != second.Person {
			t.Errorf("session of the cookie: %v, %v", got.Person, err)
		}
	})
}

func TestIdentificationSignsInOnceInItsOwnBrowser(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		id := f.identified(alva, "signin:/")
		if _, _, _, err := f.SignIn(t.Context(), id, account.Started{Browser: "another-browser-altogether-with-its-own-secret"}); err == nil {
			t.Error("an identification signed in another browser")
		}
		if _, _, _, err := f.SignIn(t.Context(), id, account.Started{Browser: browser}); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := f.SignIn(t.Context(), id, account.Started{Browser: browser}); err == nil {
			t.Error("an identification signed in twice")
		}
		for _, subject := range []string{"fresh:/me", "line:1@2"} {
			if _, _, _, err := f.SignIn(t.Context(), f.identified(alva, subject), account.Started{Browser: browser}); err == nil {
				t.Errorf("an identification for %q signed in", subject)
			}
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		wall := time.Now()
		account.SetWall(f.Service, func() time.Time { return wall })
		token, _ := f.signIn(alva)
		for range 3 { // use keeps it alive past the idle limit
			wall = wall.Add(account.IdleLimit - time.Minute)
			if _, err := f.Session(t.Context(), token); err != nil {
				t.Fatalf("a used session ended: %v", err)
			}
		}
		wall = wall.Add(account.IdleLimit + time.Second)
		_, err := f.Session(t.Context(), token)
		wantCode(t, err, "account.signed_out")

		token, _ = f.signIn(alva)
		for end := wall.Add(account.AbsoluteLimit); wall.Before(end); wall = wall.Add(20 * time.Minute) {
			if _, err := f.Session(t.Context(), token); err != nil {
				t.Fatalf("ended before the absolute limit: %v", err)
			}
		}
		_, err = f.Session(t.Context(), token)
		wantCode(t, err, "account.signed_out")
	})
}

// Browsers and proxies send what they like: nobody is kept out by a letter in another encoding.
func TestAnyBrowserMaySignIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		for _, agent := range []string{"B\xf6rjes Bygg", strings.Repeat("ö", 300), "x" + strings.Repeat("ö", 300), ""} {
			_, sess, _, err := f.SignIn(t.Context(), f.identified(alva, "signin:/"), account.Started{Browser: browser, UserAgent: agent})
			if err != nil {
				t.Fatalf("%q: %v", agent, err)
			}
			list, err := f.Sessions(t.Context(), sess)
			if err != nil || len(list) == 0 || !utf8.ValidString(list[0].UserAgent) || len(list[0].UserAgent) > 200 {
				t.Errorf("%q: %+v, %v", agent, list, err)
			}
		}
	})
}

func TestSignOutEverywhereEndsAllOfTheOwnAndNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		one, _ := f.signIn(alva)
		two, sess := f.signIn(alva)
		other, _ := f.signIn(tove)
		if err := f.SignOutEverywhere(t.Context(), sess); err != nil {
			t.Fatal(err)
		}
		for _, token := range []string{one, two} {
			_, err := f.Session(t.Context(), token)
			wantCode(t, err, "account.signed_out")
		}
		if _, err := f.Session(t.Context(), other); err != nil {
			t.Errorf("somebody else was signed out: %v", err)
		}
	})
}

func TestOnlyOwnSessionsAreEndedById(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		token, mine := f.signIn(alva)
		_, theirs := f.signIn(tove)
		wantCode(t, f.EndSession(t.Context(), theirs, mine.ID), "account.session_unknown")
		if _, err := f.Session(t.Context(), token); err != nil {
			t.Errorf("ended by somebody else: %v", err)
		}
		if err := f.EndSession(t.Context(), mine, mine.ID); err != nil {
			t.Fatal(err)
		}
		_, err := f.Session(t.Context(), token)
		wantCode(t, err, "account.signed_out")
	})
}

func TestFreshIdentificationChangesTheCookie(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		wall := time.Now()
		account.SetWall(f.Service, func() time.Time { return wall })
		token, sess := f.signIn(alva)
		wall = wall.Add(10 * time.Minute)
		if sess.IsFresh(wall) {
			t.Error("fresh after ten minutes")
		}
		_, err := f.Refresh(t.Context(), token, f.identified(tove, "fresh:/me"), browser, "fresh:/me")
		wantCode(t, err, "account.another_person")
		newTok, err := f.Refresh(t.Context(), token, f.identified(alva, "fresh:/me"), browser, "fresh:/me")
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Session(t.Context(), token)
		wantCode(t, err, "account.signed_out")
		got, err := f.Session(t.Context(), newTok)
		if err != nil || !got.IsFresh(wall) || got.ID != sess.ID {
			t.Errorf("after the fresh identification: fresh %v, id %q, %v", got.IsFresh(wall), got.ID, err)
		}
	})
}

func (f *fixture) company() uuid.UUID {
	f.t.Helper()
	c, err := f.companies.Enter(context.Background(), actor.System("test"), company.Details{
		Name: "Furuborg Bygg AB", OrganisationNumber: "559999-0016", Country: "SE",
		Address: company.Address{Name: "Kontoret", Line1: "Sågverksgatan 4", Postcode: "111 11", City: "Exempelstad", Country: "SE"},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return c.ID
}

func (f *fixture) invite(role actor.Role, company uuid.UUID, given, surname string) string {
	f.t.Helper()
	path, err := f.Invite(context.Background(), actor.System("test"), account.Invite{
		Role: role, Company: company, GivenName: given, Surname: surname, Email: "someone@post.example",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return path[len("/i/"):]
}

// Rows: 14, 15
func TestInvitationGivesTheRoleToTheNamedPersonOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		id := f.company()
		link := f.invite(actor.Orderer, id, "Alva", "Lindström")
		_, other := f.signIn(tove)
		_, err := f.Accept(t.Context(), other, link)
		wantCode(t, err, "account.invitation_not_yours")

		token, sess := f.signIn(alva)
		if sess.May(actor.Orderer, id) {
			t.Error("may order before accepting")
		}
		if _, err := f.Accept(t.Context(), sess, link); err != nil {
			t.Fatal(err)
		}
		sess, err = f.Session(t.Context(), token)
		if err != nil || !sess.May(actor.Orderer, id) || sess.May(actor.Orderer, uuid.New()) || sess.Staff() {
			t.Errorf("after accepting: %+v, %v", sess.Grants, err)
		}
		if sess.Email != "someone@post.example" {
			t.Errorf("mails go to %q", sess.Email)
		}
		_, err = f.Accept(t.Context(), sess, link)
		wantCode(t, err, "account.invitation_used")
		_, err = f.InvitationByToken(t.Context(), "guessed")
		wantCode(t, err, "account.invitation_unknown")
	})
}

func TestRacingAcceptancesGiveOneGrant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		id := f.company()
		link := f.invite(actor.Orderer, id, "Alva", "Lindström")
		_, sess := f.signIn(alva)
		var wg sync.WaitGroup
		errs := make([]error, 10)
		for i := range errs {
			wg.Go(func() { _, errs[i] = f.Accept(context.Background(), sess, link) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantCode(t, err, "account.invitation_used")
			}
		}
		holders, err := f.Holders(t.Context(), id)
		if won != 1 || len(holders) != 1 || err != nil {
			t.Errorf("%d acceptances won, %d grants, %v", won, len(holders), err)
		}
	})
}

func TestRevokedGrantIsGoneAtTheNextRequest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		id := f.company()
		token, sess := f.signIn(alva)
		if _, err := f.Accept(t.Context(), sess, f.invite(actor.Orderer, id, "Alva", "Lindström")); err != nil {
			t.Fatal(err)
		}
		sess, _ = f.Session(t.Context(), token)
		wantCode(t, f.Revoke(t.Context(), sess.Actor(actor.Orderer, id), sess.Grants[0].ID), "account.may_not_grant")
		if err := f.Revoke(t.Context(), actor.System("test"), sess.Grants[0].ID); err != nil {
			t.Fatal(err)
		}
		sess, err := f.Session(t.Context(), token)
		if err != nil || sess.May(actor.Orderer, id) {
			t.Errorf("still may: %v, %v", sess.Grants, err)
		}
	})
}

func TestOneOfficerAlwaysStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		for _, who := range []eidtest.Person{alva, tove} {
			_, sess := f.signIn(who)
			link := f.invite(actor.Officer, uuid.Nil, who.GivenName, who.Surname)
			if _, err := f.Accept(t.Context(), sess, link); err != nil {
				t.Fatal(err)
			}
		}
		staff, err := f.Holders(t.Context(), uuid.Nil)
		if err != nil || len(staff) != 2 {
			t.Fatalf("%d officers, %v", len(staff), err)
		}
		// Two officers remove each other at the same moment.
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			wg.Go(func() { errs[i] = f.Revoke(context.Background(), actor.System("test"), staff[i].ID) })
		}
		wg.Wait()
		n, err := f.Officers(t.Context())
		if n != 1 || err != nil {
			t.Errorf("%d officers are left, want 1 (%v); errors %v", n, err, errors.Join(errs...))
		}
	})
}

func TestInvitationRunsOutAndIsWithdrawn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		link := f.invite(actor.Reviewer, uuid.Nil, "Tove", "Granlund")
		open, err := f.Invitations(t.Context(), uuid.Nil)
		if err != nil || len(open) != 1 {
			t.Fatalf("%d open invitations, %v", len(open), err)
		}
		if err := f.Withdraw(t.Context(), actor.System("test"), open[0].ID); err != nil {
			t.Fatal(err)
		}
		_, err = f.InvitationByToken(t.Context(), link)
		wantCode(t, err, "account.invitation_unknown")

		link = f.invite(actor.Reviewer, uuid.Nil, "Tove", "Granlund")
		if err := d.Clock().Advance(account.InviteLimit + time.Hour); err != nil {
			t.Fatal(err)
		}
		_, err = f.InvitationByToken(t.Context(), link)
		wantCode(t, err, "account.invitation_expired")
	})
}

func TestInviteNamesEveryWrongField(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		_, err := f.Invite(t.Context(), actor.System("test"), account.Invite{Role: actor.Orderer, GivenName: "", Surname: "1", Email: "no"})
		var errs fault.Errors
		if !errors.As(err, &errs) || len(errs) != 4 {
			t.Fatalf("got %v, want four field errors", err)
		}
		for i, field := range []string{"role", "given_name", "surname", "email"} {
			if errs[i].Field != field {
				t.Errorf("error %d is on %q, want %q", i, errs[i].Field, field)
			}
		}
	})
}

func TestOrderersHearThatTheirCompanyIsHeldAndReleasedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		id := f.company()
		_, sess := f.signIn(alva)
		if _, err := f.Accept(t.Context(), sess, f.invite(actor.Orderer, id, "Alva", "Lindström")); err != nil {
			t.Fatal(err)
		}
		officer := actor.Actor{Role: actor.Officer, Name: "Ivar Holm", Account: uuid.New()}
		if _, err := f.companies.Hold(t.Context(), officer, id, company.Unpaid, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := f.companies.Release(t.Context(), officer, id, ""); err != nil {
			t.Fatal(err)
		}
		seq := journal.NewSequencer(d, dbtest.Log(t))
		for range 3 { // a second look finds nothing new to tell
			if _, err := seq.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := journal.FollowStep(t.Context(), d, account.Feed, 100, f.Tell); err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]string, error) {
			return db.Rows(tx, db.Column[string], `SELECT template FROM mail WHERE company_id = $1 AND template LIKE 'company%' ORDER BY template`, id)
		})
		if err != nil || len(got) != 2 || got[0] != "company_held" || got[1] != "company_released" {
			t.Errorf("mails: %v, %v", got, err)
		}
	})
}

func TestWhomToWriteToAboutAnOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		c := f.company()
		for _, p := range []struct {
			who   eidtest.Person
			email string
		}{{alva, "alva@furuborg.example"}, {tove, "tove@furuborg.example"}} {
			proof := person.Proof{PersonalNumber: person.PersonalNumber(p.who.PersonalNumber), GivenName: p.who.GivenName, Surname: p.who.Surname, Provider: "test"}
			if err := f.Enrol(t.Context(), actor.System("test"), proof, p.email, i18n.English, account.Grant{Role: actor.Orderer, Company: c}); err != nil {
				t.Fatal(err)
			}
		}
		_, sess := f.signIn(alva)
		to := func(company, who uuid.UUID) []string {
			t.Helper()
			got, err := db.Read(t.Context(), d, func(_ context.Context, tx *db.Tx) ([]account.Recipient, error) {
				return account.OrderersTx(tx, company, who)
			})
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, r := range got {
				out = append(out, r.Name+" "+r.Email+" "+string(r.Lang))
			}
			slices.Sort(out)
			return out
		}
		both := []string{"Alva Lindström alva@furuborg.example en", "Tove Granlund tove@furuborg.example en"}
		if got := to(c, sess.Account); !slices.Equal(got, both[:1]) {
			t.Errorf("who ordered: %v", got)
		}
		if got := to(c, uuid.New()); !slices.Equal(got, both) {
			t.Errorf("the others: %v", got)
		}
		if got := to(uuid.New(), sess.Account); len(got) > 0 {
			t.Errorf("another company: %v", got)
		}
	})
}
