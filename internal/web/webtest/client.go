package webtest

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
)

// Origin is where the pages are, as far as the client knows.
const Origin = "https://kort.test"

// World is the sessions and companies that an engine under test finds.
type World struct {
	People    map[string]account.Session // by the value of the session's cookie
	Companies map[uuid.UUID]company.Company
}

// Session implements web.Sessions.
func (w World) Session(_ context.Context, token string) (account.Session, error) {
	if s, ok := w.People[token]; ok {
		return s, nil
	}
	return account.Session{}, fault.New(fault.Unauthenticated, "account.signed_out")
}

// ByID implements web.Companies.
func (w World) ByID(_ context.Context, id uuid.UUID) (company.Company, error) {
	if c, ok := w.Companies[id]; ok {
		return c, nil
	}
	return company.Company{}, fault.New(fault.NotFound, "company.not_found")
}

// Config is a configuration for an engine in this world.
func (w World) Config() web.Config {
	return web.Config{Sessions: w, Companies: w, Origin: Origin}
}

// Client is a browser without script: it keeps cookies and sends forms.
type Client struct {
	t    testing.TB
	http *http.Client
	Lang string // Accept-Language; "sv" unless set
}

// New makes a browser that talks to the handler. Nothing goes over a network.
func New(t testing.TB, h http.Handler) *Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, Lang: "sv", http: &http.Client{Jar: jar, Transport: direct{h}}}
}

type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Host = r.URL.RequestURI(), "192.0.2.1:1234", r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := httptest.NewRecorder()
	d.h.ServeHTTP(rec, in)
	answer := rec.Result()
	answer.Request = r
	return answer, nil
}

// SetCookie gives the browser a cookie.
func (c *Client) SetCookie(name, value string) {
	at, _ := url.Parse(Origin) // a constant
	c.http.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: true}})
}

// Cookie is the value of a cookie that the browser has, or "".
func (c *Client) Cookie(name string) string {
	at, _ := url.Parse(Origin)
	for _, k := range c.http.Jar.Cookies(at) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// SignIn gives the browser a session's token.
func (c *Client) SignIn(token string) { c.SetCookie("__Host-sid", token) }

// SignOut takes it away.
func (c *Client) SignOut() {
	at, _ := url.Parse(Origin)
	c.http.Jar.SetCookies(at, []*http.Cookie{{Name: "__Host-sid", Path: "/", MaxAge: -1, Secure: true}})
}

// Get opens a page and follows where it leads.
func (c *Client) Get(path string) *Page {
	c.t.Helper()
	return c.Do(c.request(http.MethodGet, path, nil, ""))
}

// Post sends values without a form in a page, for what a person can't do.
func (c *Client) Post(path string, values url.Values) *Page {
	c.t.Helper()
	return c.Do(c.request(http.MethodPost, path, strings.NewReader(values.Encode()), "application/x-www-form-urlencoded"))
}

// Fragment asks as the page's script does.
func (c *Client) Fragment(path string) *Page {
	c.t.Helper()
	r := c.request(http.MethodGet, path, nil, "")
	r.Header.Set("Kv-Fragment", "1")
	return c.Do(r)
}

func (c *Client) request(method, path string, body io.Reader, kind string) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, Origin+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", c.Lang)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("User-Agent", "webtest")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

// Do sends a request of one's own making.
func (c *Client) Do(r *http.Request) *Page {
	c.t.Helper()
	answer, err := c.http.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	p := &Page{t: c.t, c: c, Status: answer.StatusCode, Header: answer.Header, Body: string(body), Path: answer.Request.URL.RequestURI()}
	p.Root = &Node{Tag: "#document", Attrs: map[string]string{}}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		if p.Root, err = parse(p.Body); err != nil {
			c.t.Fatalf("%s: markup cannot be read: %v", p.Path, err)
		}
	}
	return p
}

// withCookies adds the browser's cookies to a request that is sent without following.
func withCookies(c *Client, r *http.Request) *http.Request {
	for _, k := range c.http.Jar.Cookies(r.URL) {
		r.AddCookie(k)
	}
	return r
}
