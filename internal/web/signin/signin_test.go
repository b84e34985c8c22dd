package signin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/eid/eidtest"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/seal/sealtest"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/signin"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

var asa = eidtest.Person{PersonalNumber: "199002032382", GivenName: "ÅSA MARIE", Surname: "ÖBERG LIND"}

// door is the sign-in with real accounts and a provider that answers as it is told.
type door struct {
	t        *testing.T
	provider *eidtest.Provider
	eid      *eid.Service
	accounts *account.Service
	handler  http.Handler
	browser  *webtest.Client
}

func newDoor(t *testing.T, d *db.DB) *door {
	keeper := sealtest.NewTest(t)
	k := &door{t: t, provider: eidtest.New()}
	k.eid = k.provider.Service(t, d, keeper)
	k.accounts = account.New(d, keeper, k.eid)
	flow := signin.New(signin.Flow{Accounts: k.accounts, EID: k.eid, Origin: webtest.Origin, AppBase: "https://app.test/"})
	k.handler = web.New(web.Config{Sessions: k.accounts, Companies: company.New(d, keeper), Clock: d.Clock(), Log: dbtest.Log(t), Origin: webtest.Origin}).
		Handler(flow.Routes(), []web.Route{
			{Pattern: "GET /me", Right: web.SignedIn, Handle: func(v *web.Visit) error { return v.Bytes("text/plain", []byte("me")) }},
			{Pattern: "POST /fresh", Right: web.SignedIn, Handle: func(v *web.Visit) error { return flow.Fresh(v, "/me?fresh") }},
		})
	k.browser = webtest.New(t, k.handler)
	return k
}

// answered lets the person answer, so that the next page to look finishes.
func (k *door) answered() {
	k.t.Helper()
	k.provider.Approve(asa)
	if _, err := k.eid.Step(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

// begin starts an identification and gives the path of its page.
func (k *door) begin(path string) string {
	k.t.Helper()
	return k.browser.Post(path, url.Values{"next": {"/me"}}).Is(200).Path
}

// tabs loads a page in several tabs of the browser at the same moment.
func (k *door) tabs(n int, path string) []*http.Response {
	out := make([]*http.Response, n)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		r := httptest.NewRequest(http.MethodGet, webtest.Origin+path, nil)
		for _, name := range []string{"__Host-sid", "__Host-browser"} {
			r.AddCookie(&http.Cookie{Name: name, Value: k.browser.Cookie(name)})
		}
		wg.Go(func() {
			<-start
			rec := httptest.NewRecorder()
			k.handler.ServeHTTP(rec, r)
			out[i] = rec.Result()
		})
	}
	close(start)
	wg.Wait()
	return out
}

// The app leads back to one tab while the other one sees the answer as well: one of them finishes, both lead on.
//
// Rows: 10
func TestTwoTabsBothLeadOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := newDoor(t, d)
		page := k.begin("/signin/bankid")
		k.answered()
		sessions := 0
		for _, r := range k.tabs(8, page) {
			if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/me" {
				t.Errorf("%d %s", r.StatusCode, r.Header.Get("Location"))
			}
			for _, c := range r.Cookies() {
				if c.Name == "__Host-sid" {
					sessions++
					k.browser.SignIn(c.Value)
				}
			}
		}
		if sessions != 1 {
			t.Errorf("%d sessions", sessions)
		}
		k.browser.Get("/me").Is(200)

		page = k.begin("/fresh")
		k.answered()
		for _, r := range k.tabs(8, page) {
			if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/me?fresh" {
				t.Errorf("fresh: %d %s", r.StatusCode, r.Header.Get("Location"))
			}
		}
	})
}

// Who signs in where somebody is signed in takes over the browser; the session before is over, not only out of sight.
//
// Rows: 10
func TestSigningInEndsTheSessionBefore(t *testing.T) {
	k := newDoor(t, dbtest.New(t, dbtest.SQLite))
	page := k.begin("/signin/bankid")
	k.answered()
	k.browser.Get(page).At("/me")
	before := k.browser.Cookie("__Host-sid")
	page = k.begin("/signin/bankid")
	k.answered()
	k.browser.Get(page).At("/me")
	if now := k.browser.Cookie("__Host-sid"); now == before || now == "" {
		t.Fatal("the token is the same")
	}
	if _, err := k.accounts.Session(t.Context(), before); !fault.Has(err, "account.signed_out") {
		t.Errorf("the session before: %v", err)
	}
}

// A transaction is nothing to another browser, and an identification for one thing is none for another.
//
// Rows: 10
func TestTransactionsStayInTheirBrowser(t *testing.T) {
	k := newDoor(t, dbtest.New(t, dbtest.SQLite))
	page := k.begin("/signin/bankid")
	k.answered()
	other := webtest.New(t, k.handler)
	for _, path := range []string{page, page + "/state"} {
		other.Get(path).Is(404)
	}
	other.Post(page+"/cancel", nil).Is(404)
	if other.Cookie("__Host-sid") != "" {
		t.Error("another browser got a session")
	}
	id := strings.TrimPrefix(page, "/eid/")
	other.Get("/eid/return?transaction=" + id + "&nonce=x").Is(409)
	k.browser.Get("/eid/return?transaction=" + id + "&nonce=x").Is(403)
	k.browser.Get(page).At("/me")
}
