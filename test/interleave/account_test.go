package interleave

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
)

const subject = "a test's"

var (
	alva = eidtest.Person{PersonalNumber: "198403122388", GivenName: "Alva", Surname: "Lindström"}
	tove = eidtest.Person{PersonalNumber: "198111042381", GivenName: "Tove", Surname: "Granlund"}
)

// office is two officers, of whom one is invited to something else as well and is signed in twice.
type office struct {
	*account.Service
	eid        *eid.Service
	d          *db.DB
	company    company.Company
	tokens     [2]string
	sessions   [2]account.Session
	invitation account.Invitation
	link       string
	fresh      eid.ID
}

func newOffice(t *testing.T, s *stage) *office {
	k, p := sealtest.NewTest(t), eidtest.New()
	w := &office{d: s.d, eid: p.Service(t, s.d, k)}
	w.Service = account.New(s.d, k, w.eid)
	ctx := t.Context()
	var err error
	w.company, err = company.New(s.d, k).Enter(ctx, actor.System("test"), company.Details{Name: "Furuborg Bygg AB", OrganisationNumber: "5599990016"})
	must(t, err)
	for _, who := range []eidtest.Person{alva, tove} {
		must(t, w.enrol(ctx, who, account.Grant{Role: actor.Officer}))
	}
	identify := func(subject string) eid.ID {
		return p.Complete(t, w.eid, eid.Begin{Purpose: eid.Identify, Browser: browser, IP: "192.0.2.7", Lang: "sv", Subject: subject}, alva)
	}
	for i := range w.tokens {
		w.tokens[i], w.sessions[i], _, err = w.SignIn(ctx, identify(account.SignInSubject+"/me"), account.Started{Browser: browser, IP: "192.0.2.7", UserAgent: "test", Lang: "sv"})
		must(t, err)
	}
	w.fresh = identify(subject)
	w.link, err = w.Invite(ctx, actor.System("test"), account.Invite{Role: actor.Orderer, Company: w.company.ID, GivenName: "Alva", Surname: "Lindström", Email: "alva@furuborg.example", Lang: "sv"})
	must(t, err)
	w.link = strings.TrimPrefix(w.link, "/i/")
	all, err := w.Invitations(ctx, w.company.ID)
	must(t, err)
	w.invitation = all[0]
	return w
}

const browser = "a-browser-secret-that-is-long-enough-to-be-one"

func (w *office) enrol(ctx context.Context, who eidtest.Person, g account.Grant) error {
	proof := person.Proof{PersonalNumber: person.PersonalNumber(who.PersonalNumber), GivenName: who.GivenName, Surname: who.Surname, Provider: "test"}
	return w.Enrol(ctx, actor.System("test"), proof, who.GivenName+"@kort.example", "sv", g)
}

func (w *office) commands(t *testing.T) []command {
	grants, err := w.Holders(t.Context(), uuid.Nil)
	must(t, err)
	grant := map[string]uuid.UUID{}
	for _, h := range grants {
		grant[h.Name] = h.ID
	}
	officer := actor.Actor{Role: actor.Officer, Account: db.NewID(), Name: "Maj Ström"}
	cmd := func(name string, do func(ctx context.Context, who int) error) command {
		return command{name: name, do: do}
	}
	return []command{
		cmd("accept", func(ctx context.Context, who int) error { return second(w.Accept(ctx, w.sessions[who], w.link)) }),
		cmd("withdraw", func(ctx context.Context, _ int) error { return w.Withdraw(ctx, officer, w.invitation.ID) }),
		cmd("give the same role", func(ctx context.Context, _ int) error {
			return w.enrol(ctx, alva, account.Grant{Role: actor.Orderer, Company: w.company.ID})
		}),
		cmd("give tove the role", func(ctx context.Context, _ int) error {
			return w.enrol(ctx, tove, account.Grant{Role: actor.Orderer, Company: w.company.ID})
		}),
		cmd("remove Alva", func(ctx context.Context, _ int) error { return w.Revoke(ctx, officer, grant["Alva Lindström"]) }),
		cmd("remove Tove", func(ctx context.Context, _ int) error { return w.Revoke(ctx, officer, grant["Tove Granlund"]) }),
		cmd("sign out", func(ctx context.Context, _ int) error { return w.SignOut(ctx, w.tokens[0]) }),
		cmd("sign out everywhere", func(ctx context.Context, who int) error { return w.SignOutEverywhere(ctx, w.sessions[who]) }),
		cmd("end the session", func(ctx context.Context, _ int) error { return w.EndSession(ctx, w.sessions[1], w.sessions[0].ID) }),
		{name: "identify again", told: "eid.already_used", do: func(ctx context.Context, _ int) error {
			return second(w.Refresh(ctx, w.tokens[0], w.fresh, browser, subject))
		}},
	}
}

var officeFacts = []string{
	`SELECT 'invitation ' || CASE WHEN accepted_at IS NULL THEN '' ELSE 'accepted ' END || CASE WHEN withdrawn_at IS NULL THEN '' ELSE 'withdrawn' END FROM invitation ORDER BY 1`,
	`SELECT 'grant ' || account_id || ' ' || role || ' ' || CASE WHEN revoked_at IS NULL THEN 'holds' ELSE 'revoked' END FROM account_grant ORDER BY 1`,
	`SELECT 'account ' || id || ' ' || coalesce(email, '-') FROM account ORDER BY 1`,
	`SELECT 'session ' || public_id || ' ' || CASE WHEN ended_at IS NULL THEN 'lives' ELSE 'ended' END FROM session ORDER BY 1`,
	`SELECT 'identification ' || state || ' ' || revision FROM eid_transaction ORDER BY 1`,
	`SELECT 'journal ' || kind || ' ' || actor_role || ' ' || data FROM journal_entry ORDER BY 1`,
	`SELECT 'mail ' || template FROM mail ORDER BY 1`,
}

var officeScenes = map[string]func(t *testing.T, w *office){
	"with roles and sessions": func(*testing.T, *office) {},
}

func TestOffice(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		for name, make := range officeScenes {
			t.Run(engine+"/"+pathOf(name), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, engine)
				w := newOffice(t, s)
				make(t, w)
				sc := &scene{name: "office " + name, stage: s, show: facts(officeFacts), commands: w.commands(t)}
				sc.run(t, engine)
			})
		}
	}
}

// oracle is an eID that always knows the answer, so that it needs no rewinding.
type oracle struct{ status eid.Status }

func (oracle) Name() string { return "test" }
func (oracle) Start(context.Context, eid.Request) (eid.Started, error) {
	return eid.Started{Ref: uuid.NewString(), AutoStartToken: "a", QRToken: "b", QRSecret: "c"}, nil
}
func (oracle) Cancel(context.Context, string) error { return nil }

func (o oracle) Collect(context.Context, string) (eid.Result, error) {
	r := eid.Result{Status: o.status, Hint: "userSign"}
	if o.status == eid.Complete {
		r.Hint, r.Raw = "", []byte(`{"test":true}`)
		r.Assertion = &eid.Assertion{
			Provider: "test", Purpose: eid.Identify, PersonalNumber: alva.PersonalNumber, GivenName: alva.GivenName, Surname: alva.Surname,
			Name: "Alva Lindström", At: time.Now().UTC().Truncate(time.Second), Risk: "low",
		}
	}
	if o.status == eid.Failed {
		r.Hint = "startFailed"
	}
	return r, nil
}

var identificationFacts = []string{
	`SELECT 'identification ' || state || ' ' || hint || ' ' || restarts || ' ' || revision FROM eid_transaction ORDER BY id`,
	`SELECT 'evidence ' || count(*) FROM eid_evidence`,
}

// identificationScenes say what the transaction came to; each node hears something else from the provider.
var identificationScenes = map[string]string{"pending": "", "complete": "complete", "not scanned": "startFailed"}

func TestIdentification(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		for name, is := range identificationScenes {
			t.Run(engine+"/"+pathOf(name), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, engine)
				k := sealtest.NewTest(t)
				node := func(status eid.Status) *eid.Service { return eid.New(s.d, k, oracle{status}, nil) }
				yes, no, wait := node(eid.Complete), node(eid.Failed), node(eid.Pending)
				begun, err := yes.Start(t.Context(), eid.Begin{Purpose: eid.Identify, Browser: browser, IP: "192.0.2.7", Lang: "sv", Subject: subject})
				must(t, err)
				switch is {
				case "complete":
					must(t, second(yes.Step(t.Context())))
				case "startFailed":
					must(t, second(no.Step(t.Context())))
				}
				step := func(name string, n *eid.Service) command {
					return command{name: name, quiet: true, series: true, do: func(ctx context.Context, _ int) error { return second(n.Step(ctx)) }}
				}
				cmd := func(name string, do func(ctx context.Context, who int) error) command {
					return command{name: name, do: do}
				}
				sc := &scene{name: "identification " + name, stage: s, show: facts(identificationFacts), commands: []command{
					step("hear yes", yes), step("hear no", no), step("hear of progress", wait),
					cmd("cancel", func(ctx context.Context, _ int) error { return yes.Cancel(ctx, begun.ID, browser) }),
					cmd("start again", func(ctx context.Context, _ int) error { return second(yes.RetryQR(ctx, begun.ID, browser)) }),
					cmd("use", func(ctx context.Context, _ int) error {
						return db.Do(ctx, s.d, func(ctx context.Context, tx *db.Tx) error {
							return second(yes.TakeTx(ctx, tx, begun.ID, browser, subject))
						})
					}),
				}}
				sc.run(t, engine)
			})
		}
	}
}
