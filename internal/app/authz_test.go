package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/web"
)

// visitors are the columns of the table, in its order.
var visitors = []string{
	"",       // signed out
	"samuel", // a cardholder, of nothing here
	"jonas",  // the cardholder whose order and card these are
	"alva",   // orderer of the company
	"bjorn",  // orderer of another company
	"tove",   // reviewer
	"maj",    // production
	"ivar",   // officer
}

// The expected answers, one rune for each visitor:
//
//	y  may
//	s  is led to sign in
//	-  the page isn't there
//	x  may have such pages, but this one is somebody else's: it isn't there
//	f  is told that this is not the own order, and nothing of it: a link that
//	   was forwarded needs that answer
//
// They are written by hand from what the scheme promises, not from the routes.
var expected = map[string]string{
	"POST /language":           "yyyyyyyy",
	"POST /theme":              "yyyyyyyy",
	"GET /{$}":                 "yyyyyyyy",
	"GET /check":               "yyyyyyyy",
	"POST /check":              "yyyyyyyy",
	"GET /k/{number}":          "yyyyyyyy",
	"GET /found":               "yyyyyyyy",
	"GET /accessibility":       "yyyyyyyy",
	"GET /privacy":             "yyyyyyyy",
	"GET /signin":              "yyyyyyyy",
	"POST /signin/bankid":      "yyyyyyyy",
	"POST /signout":            "yyyyyyyy",
	"POST /signout/everywhere": "syyyyyyy",
	// A transaction belongs to the browser that began it, a link to those who have it.
	"GET /eid/return":       "xxxxxxxx",
	"GET /eid/{id}":         "xxxxxxxx",
	"GET /eid/{id}/state":   "xxxxxxxx",
	"POST /eid/{id}/cancel": "xxxxxxxx",
	"GET /i/{token}":        "xxxxxxxx",
	"POST /i/{token}":       "sxxxxxxx",
	"GET /a/{token}":        "xxxxxxxx",

	"GET /me":                            "syyyyyyy",
	"GET /me/account":                    "syyyyyyy",
	"POST /me/account/lang":              "syyyyyyy",
	"POST /me/account/sessions/{id}/end": "syyyyyyy",
	"GET /me/cards/{number}":             "sxyxxxxx",
	"GET /me/cards/{number}/activate":    "sxyxxxxx",
	"POST /me/cards/{number}/activate":   "sxyxxxxx",
	"GET /me/cards/{number}/pin":         "sxyxxxxx",
	"POST /me/cards/{number}/pin":        "sxyxxxxx",
	"GET /me/cards/{number}/block":       "sxyxxxxx",
	"POST /me/cards/{number}/block":      "sxyxxxxx",
	"GET /me/approve/{line}":             "sfyfffff",
	"POST /me/approve/{line}":            "sfyfffff",
	"POST /me/approve/{line}/contact":    "sfyfffff",
	"POST /me/approve/{line}/name":       "sfyfffff",
	"GET /me/approve/{line}/reject":      "sfyfffff",
	"POST /me/approve/{line}/reject":     "sfyfffff",
	"GET /me/approve/{line}/done":        "sfyfffff",
	"GET /me/photo/{line}":               "sxyxxxxx",

	"GET /o/{company}":                                       "s--y----",
	"GET /o/{company}/more":                                  "s--y----",
	"GET /o/{company}/orders":                                "s--y----",
	"GET /o/{company}/orders/{order}":                        "s--y----",
	"GET /o/{company}/orders/{order}/discard":                "s--y----",
	"POST /o/{company}/orders/{order}/discard":               "s--y----",
	"GET /o/{company}/orders/new":                            "s--y----",
	"POST /o/{company}/orders/new":                           "s--y----",
	"GET /o/{company}/orders/new/{line}/who":                 "s--y----",
	"POST /o/{company}/orders/new/{line}/who":                "s--y----",
	"GET /o/{company}/orders/new/{line}/card":                "s--y----",
	"POST /o/{company}/orders/new/{line}/card":               "s--y----",
	"GET /o/{company}/orders/new/{line}/photo":               "s--y----",
	"POST /o/{company}/orders/new/{line}/photo":              "s--y----",
	"POST /o/{company}/orders/new/{line}/photo/crop":         "s--y----",
	"GET /o/{company}/orders/new/{line}/photo.jpg":           "s--y----",
	"POST /o/{company}/orders/new/{line}/preview":            "s--y----",
	"GET /o/{company}/orders/new/{line}/delivery":            "s--y----",
	"POST /o/{company}/orders/new/{line}/delivery":           "s--y----",
	"GET /o/{company}/orders/new/{line}/review":              "s--y----",
	"POST /o/{company}/orders/new/{line}/review":             "s--y----",
	"POST /o/{company}/orders/new/{line}/add":                "s--y----",
	"POST /o/{company}/orders/new/{line}/remove":             "s--y----",
	"GET /o/{company}/orders/{order}/{lines}/{line}":         "s--y----",
	"GET /o/{company}/orders/{order}/lines/{line}/where":     "s--y----",
	"GET /o/{company}/orders/{order}/lines/{line}/photo.jpg": "s--y----",
	"GET /o/{company}/orders/{order}/lines/{line}/correct":   "s--y----",
	"POST /o/{company}/orders/{order}/lines/{line}/correct":  "s--y----",
	"POST /o/{company}/orders/{order}/lines/{line}/preview":  "s--y----",
	"GET /o/{company}/orders/{order}/lines/{line}/photo":     "s--y----",
	"POST /o/{company}/orders/{order}/lines/{line}/photo":    "s--y----",
	"POST /o/{company}/orders/{order}/lines/{line}/name":     "s--y----",
	"POST /o/{company}/orders/{order}/lines/{line}/remind":   "s--y----",
	"GET /o/{company}/orders/{order}/lines/{line}/cancel":    "s--y----",
	"POST /o/{company}/orders/{order}/lines/{line}/cancel":   "s--y----",
	"POST /o/{company}/orders/{order}/lines/{line}/reveal":   "s--y----",
	"GET /o/{company}/cards":                                 "s--y----",
	"POST /o/{company}/cards":                                "s--y----",
	"GET /o/{company}/cards/{number}":                        "s--y----",
	"POST /o/{company}/cards/{number}/reveal":                "s--y----",
	"GET /o/{company}/cards/{number}/photo.jpg":              "s--y----",
	"GET /o/{company}/cards/{number}/block":                  "s--y----",
	"POST /o/{company}/cards/{number}/block":                 "s--y----",
	"GET /o/{company}/cards/{number}/unblock":                "s--y----",
	"POST /o/{company}/cards/{number}/unblock":               "s--y----",
	"GET /o/{company}/cards/{number}/terminate":              "s--y----",
	"POST /o/{company}/cards/{number}/terminate":             "s--y----",
	"GET /o/{company}/cards/{number}/replace":                "s--y----",

	"GET /office":                                 "s----yyy",
	"GET /office/restored":                        "s------y",
	"POST /office/restored":                       "s------y",
	"GET /office/restored/{id}":                   "s------y",
	"POST /office/restored/{id}":                  "s------y",
	"GET /office/readers":                         "s------y",
	"POST /office/readers":                        "s------y",
	"GET /office/readers/{id}/revoke":             "s------y",
	"POST /office/readers/{id}/revoke":            "s------y",
	"GET /office/review":                          "s----y--",
	"GET /office/review/{line}":                   "s----y--",
	"POST /office/review/{line}/pass":             "s----y--",
	"POST /office/review/{line}/reject":           "s----y--",
	"POST /office/review/{line}/undo":             "s----y--",
	"GET /office/review/{line}/photo.jpg":         "s----y--",
	"GET /office/review/{line}/previous.jpg":      "s----x--", // there is none
	"GET /office/batches":                         "s-----yy",
	"GET /office/batches/{id}":                    "s-----yy",
	"POST /office/items/{item}/remake":            "s-----yy",
	"POST /office/items/{item}/return":            "s-----yy",
	"POST /office/notices/{id}/settle":            "s-----yy",
	"GET /office/companies":                       "s------y",
	"GET /office/companies/new":                   "s------y",
	"POST /office/companies/new":                  "s------y",
	"GET /office/companies/{id}":                  "s------y",
	"POST /office/companies/{id}/hold":            "s------y",
	"POST /office/companies/{id}/release":         "s------y",
	"POST /office/companies/{id}/invite":          "s------y",
	"POST /office/grants/{id}/revoke":             "s------y",
	"POST /office/invitations/{id}/withdraw":      "s------y",
	"GET /office/staff":                           "s------y",
	"POST /office/staff/invite":                   "s------y",
	"GET /office/jobs":                            "s------y",
	"POST /office/jobs/{id}/retry":                "s------y",
	"GET /office/keys":                            "s----y--",
	"POST /office/keys":                           "s----y--",
	"GET /office/items/{item}/return":             "s-----xx", // the card is made well: there is nothing to give back
	"POST /office/lines/{line}/recheck":           "s-----yy",
	"POST /office/lines/{line}/return-incomplete": "s-----yy",
	"POST /office/companies":                      "s------y",
	"GET /office/companies/{id}/hold":             "s------y",
	"GET /office/companies/{id}/release":          "s------y",
	"GET /office/events":                          "s------y",
}

// Every route, as everybody, with the ids of a company, an order and a card
// that exist. A route that nobody has thought about fails.
//
// Rows: 14, 140
func TestAuthorisationWalk(t *testing.T) {
	for _, engine := range []string{dbtest.SQLite, dbtest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			s := newScene(t, engine)
			seen := map[string]bool{}
			for _, r := range s.app.engine.Routes() {
				if strings.HasPrefix(r.Pattern, "GET /gallery") || strings.HasPrefix(r.Pattern, "POST /gallery") {
					continue // only in the sandbox, and made of nothing
				}
				seen[r.Pattern] = true
				want, listed := expected[r.Pattern]
				if !listed {
					t.Errorf("%s: nobody has said who may", r.Pattern)
					continue
				}
				for i, who := range visitors {
					s.walk(t, r, who, rune(want[i]))
				}
			}
			for pattern := range expected {
				if !seen[pattern] {
					t.Errorf("%s is expected, and there is no such route", pattern)
				}
			}
		})
	}
}

// walk compares one cell of the table: what the right says, and, unless it
// would change something, what the page says.
func (s *scene) walk(t *testing.T, r web.Route, who string, want rune) {
	t.Helper()
	var session *account.Session
	if p, ok := s.people[who]; ok {
		session = &p.session
	}
	right := map[rune]web.Answer{'y': web.Yes, 'x': web.Yes, 'f': web.Yes, '-': web.Hidden, 's': web.SignIn}[want]
	company := uuid.Nil
	if r.Right.NeedsCompany() {
		company = s.company
	}
	if got := r.Right.Allows(session, company); got != right {
		t.Errorf("%s as %q: the right says %d, want %c", r.Pattern, who, got, want)
		return // what is open by mistake is not tried out
	}
	method, _, _ := strings.Cut(r.Pattern, " ")
	if method != http.MethodGet && want == 'y' {
		return
	}
	got := s.ask(t, who, r.Pattern, s.ids(r.Pattern))
	switch want {
	case 'y':
		// 409 says that the thing can't be done to a card or line as it is now.
		if got.status != 200 && got.status != 409 && (got.status != 303 || strings.HasPrefix(got.location, "/signin")) {
			t.Errorf("%s as %q: %d %s, want the page", r.Pattern, who, got.status, got.location)
		}
	case 's':
		if method == http.MethodGet && (got.status != 303 || !strings.HasPrefix(got.location, "/signin?next=")) || method != http.MethodGet && got.status != 401 {
			t.Errorf("%s signed out: %d %s, want the way to sign in", r.Pattern, got.status, got.location)
		}
	case 'f':
		if got.status != 403 || strings.Contains(got.body, "Petraitis") || strings.Contains(got.body, "Jonas") || strings.Contains(got.body, "Sågverksgatan") {
			t.Errorf("%s as %q: %d, want the words that it is somebody else's order and nothing of it:\n%s", r.Pattern, who, got.status, got.body)
		}
	default:
		s.likeMissing(t, r.Pattern, who, got, s.missing())
	}
}

// likeMissing asserts that an answer is the one for things that never were.
func (s *scene) likeMissing(t *testing.T, pattern, who string, got reply, missing map[string]string) {
	t.Helper()
	if got.status != 404 && got.status != 410 {
		t.Errorf("%s as %q: %d %s, want nothing to be there", pattern, who, got.status, got.location)
		return
	}
	never := s.ask(t, who, pattern, missing)
	if got.status != never.status || got.body != never.body {
		t.Errorf("%s as %q: %d for what is somebody else's, %d for what isn't there, and pages that can be told apart:\n%s",
			pattern, who, got.status, never.status, differ(got.body, never.body))
	}
}

// differ is where two pages part.
func differ(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-60):min(len(s), i+120)] }
	return cut(a) + "\n---\n" + cut(b)
}

// An orderer with another company's ids, under the own company: not there, and
// not to be told from what never was. The same for a line under another order.
func TestForeignIDs(t *testing.T) {
	s := newScene(t, dbtest.SQLite)
	for _, r := range s.app.engine.Routes() {
		if !r.Right.NeedsCompany() || len(names(r.Pattern)) < 2 {
			continue
		}
		foreign, missing := s.ids(r.Pattern), s.missing()
		foreign["company"], missing["company"] = s.other.String(), s.other.String()
		s.likeMissing(t, r.Pattern, "bjorn", s.ask(t, "bjorn", r.Pattern, foreign), missing)

		if strings.Contains(r.Pattern, "{order}") && strings.Contains(r.Pattern, "{line}") {
			mixed, missing := s.ids(r.Pattern), s.missing()
			mixed["order"] = s.order2.String()
			missing["company"], missing["order"] = s.company.String(), s.order2.String()
			s.likeMissing(t, r.Pattern, "alva", s.ask(t, "alva", r.Pattern, mixed), missing)
		}
	}
}

// What machines use answers nobody without their key.
//
// Rows: 61
func TestMachinesNeedTheirKeys(t *testing.T) {
	s := newScene(t, dbtest.SQLite)
	for pattern, want := range map[string]int{"GET /reader/v1/cards/{number}": 401, "POST /bureau/v1/receipts": 401, "GET /healthz": 200, "GET /readyz": 200, "GET /metrics": 404} {
		for _, who := range []string{"", "alva", "ivar"} {
			if got := s.ask(t, who, pattern, s.ids(pattern)); got.status != want {
				t.Errorf("%s as %q: %d, want %d", pattern, who, got.status, want)
			}
		}
	}
}

type reply struct {
	status         int
	location, body string
}

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

func names(pattern string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(pattern, -1) {
		out = append(out, m[1])
	}
	return out
}

// ask sends a request straight to the handler; ids in the answer are made alike.
func (s *scene) ask(t *testing.T, who, pattern string, ids map[string]string) reply {
	t.Helper()
	method, path, _ := strings.Cut(strings.ReplaceAll(pattern, "{$}", ""), " ")
	for _, name := range names(pattern) {
		path = strings.ReplaceAll(path, "{"+name+"}", ids[name])
	}
	req := httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), method, s.app.URL()+path, nil)
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if strings.Contains(path, "/bureau/") {
			req.Header.Set("Content-Type", "application/json")
		}
		req.Body = io.NopCloser(strings.NewReader("{}"))
	}
	if p, ok := s.people[who]; ok {
		req.AddCookie(&http.Cookie{Name: "__Host-sid", Value: p.token})
	}
	rec := httptest.NewRecorder()
	s.app.handler.ServeHTTP(rec, req)
	body := strings.NewReplacer(ids["number"], "{number}", ids["token"], "{token}").Replace(rec.Body.String())
	return reply{rec.Code, rec.Header().Get("Location"), anyID.ReplaceAllString(body, "{id}")}
}

// ids are those of things that are there.
func (s *scene) ids(pattern string) map[string]string {
	out := map[string]string{
		"company": s.company.String(), "order": s.order.String(), "lines": "lines", "line": s.line.String(), "number": s.number,
		"id": uuid.NewString(), "item": s.item.String(), "token": "an-unknown-token",
	}
	switch {
	case strings.Contains(pattern, "/orders/new/"):
		out["line"] = s.draft.String()
	case strings.Contains(pattern, "/office/review/"):
		out["line"] = s.waiting.String()
	case strings.Contains(pattern, "/office/companies/"), strings.Contains(pattern, "/office/restored/"):
		out["id"] = s.company.String()
	case strings.Contains(pattern, "/office/readers/"):
		out["id"] = s.reader.String()
	case strings.Contains(pattern, "/office/batches/"):
		out["id"] = s.batch.String()
	}
	return out
}

// missing are ids of nothing.
func (s *scene) missing() map[string]string {
	id := func() string { return uuid.Must(uuid.NewV7()).String() }
	return map[string]string{
		"company": id(), "order": id(), "lines": "lines", "line": id(), "number": s.never, "id": id(), "item": id(), "token": fmt.Sprint("no-", id()),
	}
}
