package signin

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/limit"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/web"
)

// Finisher is what a completed eID transaction leads to.
type Finisher struct {
	// Finish uses the transaction and answers the path to go on to.
	Finish func(v *web.Visit, t eid.Transaction) (next string, err error)
	// Back is the path where the visitor began, and may begin again.
	Back func(t eid.Transaction) string
	// Next is where a transaction that was used already had led: the page was
	// loaded twice.
	Next func(t eid.Transaction) string
}

// Flow is the face. Fields are what it needs.
type Flow struct {
	Accounts *account.Service
	EID      *eid.Service
	Origin   string // https://kort.example, where the app sends people back to
	AppBase  string // what opens the eID app on the same device

	finishers map[string]Finisher
	starts    *limit.Limiter // eID orders cost money and bother people: per address
	opens     *limit.Limiter // per browser
}

// New returns the face with the two finishers of its own: signing in, and
// identifying again.
func New(f Flow) *Flow {
	f.starts = limit.New(300, 10*time.Minute) // a whole site shed may share one address
	f.opens = limit.New(20, 10*time.Minute)
	f.finishers = map[string]Finisher{}
	f.Register("signin", Finisher{
		Finish: f.finishSignIn,
		Back:   func(t eid.Transaction) string { return "/signin?other=1&next=" + escape(rest(t)) },
		Next:   rest,
	})
	f.Register("fresh", Finisher{Finish: f.finishFresh, Back: rest, Next: rest})
	return &f
}

// Register binds a finisher to the subjects that begin with name and a colon.
func (f *Flow) Register(name string, fin Finisher) { f.finishers[name] = fin }

// Routes are the pages.
func (f *Flow) Routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /signin", Right: web.Public, Handle: f.choose, NoStore: true},
		{Pattern: "POST /signin/bankid", Right: web.Public, Room: shed.Call, Handle: f.start},
		{Pattern: "GET /eid/return", Right: web.Public, Handle: f.returned, NoStore: true},
		{Pattern: "GET /eid/{id}", Right: web.Public, Handle: f.wait, NoStore: true},
		{Pattern: "GET /eid/{id}/state", Right: web.Public, Handle: f.state, NoStore: true},
		{Pattern: "POST /eid/{id}/cancel", Right: web.Public, Room: shed.Call, Handle: f.cancel},
		{Pattern: "POST /signout", Right: web.Public, Handle: f.signOut},
		{Pattern: "POST /signout/everywhere", Right: web.SignedIn, Handle: f.signOutEverywhere},
		{Pattern: "GET /i/{token}", Right: web.Public, Handle: f.invitation, NoStore: true},
		{Pattern: "POST /i/{token}", Right: web.SignedIn, Handle: f.accept},
	}
}

// Begin starts an eID transaction and leads the visitor to its page. Browser,
// address and language are filled in here.
func (f *Flow) Begin(v *web.Visit, b eid.Begin) error {
	for _, l := range []struct {
		limiter *limit.Limiter
		key     string
	}{{f.starts, v.IP}, {f.opens, v.Browser()}} {
		if ok, wait := l.limiter.Allow(l.key); !ok {
			return fault.New(fault.TooMany, "eid.too_many", "minutes", minutes(wait), "retry_after", seconds(wait))
		}
	}
	b.Browser, b.IP, b.UserAgent, b.Lang = v.Browser(), v.IP, v.R.UserAgent(), string(v.Lang)
	b.ReturnURL = v.Under(f.Origin + "/eid/return")
	t, err := f.EID.Start(v.R.Context(), b)
	if err != nil {
		return err
	}
	return v.Redirect("/eid/" + t.ID.String())
}

// Fresh asks the signed-in person to identify again, and to come back to path.
func (f *Flow) Fresh(v *web.Visit, path string) error {
	number, err := f.Accounts.PersonalNumber(v.R.Context(), *v.Session)
	if err != nil {
		return err
	}
	return f.Begin(v, eid.Begin{Purpose: eid.Identify, Subject: "fresh:" + path, PersonalNumber: string(number)})
}

func (f *Flow) finisher(t eid.Transaction) (Finisher, error) {
	name, _, _ := strings.Cut(t.Subject, ":")
	fin, ok := f.finishers[name]
	if !ok {
		return Finisher{}, fault.New(fault.NotFound, "eid.transaction_unknown")
	}
	return fin, nil
}

// find gives the transaction of the page and what it leads to. One of another browser isn't there.
func (f *Flow) find(v *web.Visit) (eid.Transaction, Finisher, error) {
	id, err := uuid.Parse(v.Path("id"))
	if err != nil {
		return eid.Transaction{}, Finisher{}, v.NotFound()
	}
	t, err := f.EID.Find(v.R.Context(), id, v.Browser())
	if err != nil {
		return eid.Transaction{}, Finisher{}, err
	}
	fin, err := f.finisher(t)
	return t, fin, err
}

// rest is the subject without the finisher's name: a path of ours.
func rest(t eid.Transaction) string {
	_, path, _ := strings.Cut(t.Subject, ":")
	return web.LocalPath(path)
}
