package hostile

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

// On every route: a session that was ended opens nothing, and a right that was
// taken away is gone within a second, on all windows that are open.
//
// Rows: 14
func TestEndedSessionsAndRights(t *testing.T) {
	t.Parallel()
	a := newAttack(t)
	all := routes(t)
	old := map[string]*harness.Program{}
	for who, p := range a.people {
		if who == "" || who == "ivar" {
			continue
		}
		window := *p
		window.Cookies = maps.Clone(p.Cookies)
		old[who] = &window
		if who == "jonas" { // from another browser
			other := a.SignIn(who)
			other.Post("/signout/everywhere", url.Values{})
		} else {
			p.Post("/signout", url.Values{})
		}
	}
	for _, r := range all {
		if p := old[r.by()]; p != nil && !r.public() {
			got := p.Try(r.method, r.fill(a.ids), form0(r))
			if r.method == http.MethodGet && !strings.HasPrefix(got.Location, "/signin?next=") || r.method != http.MethodGet && got.Status != 401 {
				t.Errorf("%s after signing out: %d %s", r, got.Status, got.Location)
			}
		}
	}
	a.revoked(all, "/office/staff", "Tove", "tove", a.Company("furuborg"))
	norrsken := strings.TrimPrefix(a.Company("norrsken"), "/o/")
	a.revoked(all, "/office/companies/"+norrsken, "Björn", "bjorn", norrsken)
}

func form0(r route) url.Values {
	if r.method == http.MethodGet {
		return nil
	}
	return url.Values{}
}

var grant = regexp.MustCompile(`/office/grants/[0-9a-f-]{36}/revoke`)

// revoked takes somebody's right away, and asks every route that it opened.
func (a *attack) revoked(all []route, page, name, who, company string) {
	t := a.T
	t.Helper()
	p, ivar := a.SignIn(who), a.people["ivar"]
	body := ivar.Get(page).Body
	var path string
	for _, at := range grant.FindAllStringIndex(body, -1) {
		row := body[max(0, strings.LastIndex(body[:at[0]], "<li")):at[0]]
		if tr := strings.LastIndex(body[:at[0]], "<tr"); tr > 0 {
			row = body[max(strings.LastIndex(body[:at[0]], "<li"), tr):at[0]]
		}
		if strings.Contains(html.UnescapeString(row), name) {
			path = body[at[0]:at[1]]
		}
	}
	if path == "" {
		t.Fatalf("no grant of %s on %s:\n%s", name, page, harness.Text(body))
	}
	ids := maps.Clone(a.ids)
	ids["company"] = company
	opened := func(r route) bool {
		column := map[string]string{"tove": "tove", "bjorn": "alva"}[who]
		return r.may[column] == 'y' && r.may["samuel"] == '-'
	}
	before := 0
	for _, r := range all {
		if opened(r) && r.method == http.MethodGet && !strings.Contains(r.path, "{line}") && p.Try("GET", r.fill(ids), nil).Status == 200 {
			before++
		}
	}
	if before == 0 {
		t.Fatalf("%s could open %d pages before", who, before)
	}
	ivar.Post(path, url.Values{})
	time.Sleep(time.Second)
	asked := 0
	for _, r := range all {
		if !opened(r) {
			continue
		}
		asked++
		if got := p.Try(r.method, r.fill(ids), form0(r)); got.Status != 404 {
			t.Errorf("%s as %s, whose right is gone: %d", r, who, got.Status)
		}
	}
	t.Logf("%s: %d routes after the right was taken away", who, asked)
}

// Signing in gives a new session: neither a value that somebody planted nor
// the planter's own session becomes the victim's; and an identification in
// between makes the session before it worthless.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "sqlite")
	samuel := s.SignIn("samuel")
	for _, planted := range []string{"kvplantedkvplantedkvplantedkvplantedkvplanted", samuel.Cookies["__Host-sid"]} {
		victim := s.Stranger()
		victim.Who = s.Person("jonas")
		victim.Cookies["__Host-sid"] = planted
		page := victim.Post("/signin/bankid", url.Values{"next": {"/me"}})
		where := victim.Identify(page)
		if where != "/me" || victim.Cookies["__Host-sid"] == planted {
			t.Errorf("signed in to %s with the session that was planted", where)
		}
		if got := victim.Get("/me"); !strings.Contains(got.Body, "Jonas") {
			t.Error("the victim isn't signed in")
		}
		thief := s.Stranger()
		thief.Cookies["__Host-sid"] = planted
		if got := thief.Try("GET", "/me/account", nil); strings.Contains(got.Body, "Petraitis") {
			t.Errorf("who planted the session sees the victim's account: %d", got.Status)
		}
	}
	// Another browser than the one that began: neither page nor session.
	begun := s.Stranger()
	page := begun.Post("/signin/bankid", url.Values{"next": {"/me"}})
	for name, cookies := range map[string]map[string]string{"no cookie": {}, "another browser": s.Stranger().Cookies, "a guessed one": {"__Host-browser": strings.Repeat("A", 43)}} {
		thief := s.Stranger()
		thief.Cookies = maps.Clone(cookies)
		for _, path := range []string{page, page + "/state"} {
			if got := thief.Try("GET", path, nil); got.Status != 404 {
				t.Errorf("%s with %s: %d", path, name, got.Status)
			}
		}
		if got := thief.Try("POST", page+"/cancel", url.Values{}); got.Status != 404 {
			t.Errorf("%s/cancel with %s: %d", page, name, got.Status)
		}
	}
	// Tokens that are nearly right.
	sid := samuel.Cookies["__Host-sid"]
	for _, token := range []string{sid[:len(sid)-1], sid + "A", sid + "=", strings.ToUpper(sid), " " + sid, "%00" + sid, sid[:20] + "\u200b" + sid[20:], strings.Repeat("A", len(sid)), strings.Repeat("A", 8000), "", "null"} {
		p := s.Stranger()
		p.Cookies["__Host-sid"] = token
		if token == " "+sid || token == strings.ToUpper(sid) && strings.ToUpper(sid) == sid {
			continue // a blank before a value is no part of it
		}
		if got := p.Try("GET", "/me", nil); !strings.HasPrefix(got.Location, "/signin") {
			t.Errorf("the session %.30q opens /me: %d", token, got.Status)
		}
	}
}
