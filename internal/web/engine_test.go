package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

var (
	furuborg = uuid.MustParse("00000000-0000-7000-8000-000000000001")
	norrsken = uuid.MustParse("00000000-0000-7000-8000-000000000002")
)

// people of the tests: an orderer, a reviewer, and somebody with nothing but an account.
func people() map[string]account.Session {
	return map[string]account.Session{
		"alva": {Account: uuid.New(), Person: uuid.New(), Name: "Alva Lindström", Lang: "sv", AuthAt: time.Now(), Grants: []account.Grant{{Role: actor.Orderer, Company: furuborg, CompanyName: "Furuborg Bygg AB"}}},
		"tove": {Account: uuid.New(), Person: uuid.New(), Name: "Tove Berg", Lang: "en", Grants: []account.Grant{{Role: actor.Reviewer}}},
		"liis": {Account: uuid.New(), Person: uuid.New(), Name: "Liis Tamm", Lang: "sv"},
	}
}

func world() webtest.World {
	return webtest.World{People: people(), Companies: map[uuid.UUID]company.Company{furuborg: {ID: furuborg, Name: "Furuborg Bygg AB"}, norrsken: {ID: norrsken, Name: "Norrsken El AB"}}}
}

func page(text string) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		content := templ.Join(ui.Title("Prov", ""), templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "<p>"+templ.EscapeString(text)+"</p>")
			return err
		}))
		return ui.PublicPage(ui.Page{Title: text}).Render(templ.WithChildren(ctx, content), w)
	})
}

func say(text string) web.Handler {
	return func(v *web.Visit) error { return v.Render(page(text)) }
}

func fails(err error) web.Handler { return func(*web.Visit) error { return err } }

func open(t *testing.T, c web.Config, routes ...web.Route) *webtest.Client {
	t.Helper()
	return webtest.New(t, web.New(c).Handler(routes))
}

func TestRightDecides(t *testing.T) {
	everybody := people()
	alva, tove, liis := everybody["alva"], everybody["tove"], everybody["liis"]
	orderer, reviewer := web.Company(actor.Orderer), web.Staff(actor.Reviewer)
	for _, c := range []struct {
		name    string
		right   web.Right
		session *account.Session
		company uuid.UUID
		want    web.Answer
	}{
		{"public, nobody", web.Public, nil, uuid.Nil, web.Yes},
		{"zero right, signed in", web.Right{}, &tove, uuid.Nil, web.Hidden},
		{"signed in, nobody", web.SignedIn, nil, uuid.Nil, web.SignIn},
		{"signed in, empty session", web.SignedIn, &account.Session{}, uuid.Nil, web.SignIn},
		{"signed in", web.SignedIn, &liis, uuid.Nil, web.Yes},
		{"company, own", orderer, &alva, furuborg, web.Yes},
		{"company, foreign", orderer, &alva, norrsken, web.Hidden},
		{"company, none in path", orderer, &alva, uuid.Nil, web.Hidden},
		{"company, nobody", orderer, nil, furuborg, web.SignIn},
		{"company, staff", orderer, &tove, furuborg, web.Hidden},
		{"staff", reviewer, &tove, uuid.Nil, web.Yes},
		{"staff, other role", web.Staff(actor.Finance), &tove, uuid.Nil, web.Hidden},
		{"staff, one of several", web.Staff(actor.Finance, actor.Reviewer), &tove, uuid.Nil, web.Yes},
		{"staff, orderer", reviewer, &alva, uuid.Nil, web.Hidden},
		{"staff, cardholder's role opens nothing", web.Staff(actor.Cardholder), &liis, uuid.Nil, web.Hidden},
	} {
		if got := c.right.Allows(c.session, c.company); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestRoutesAreWalkedByEverybody(t *testing.T) {
	w := world()
	e := web.New(w.Config())
	h := e.Handler([]web.Route{
		{Pattern: "GET /o/{company}/cards/{number}", Right: web.Company(actor.Orderer), Handle: say("kort")},
		{Pattern: "POST /o/{company}/cards/{number}/block", Right: web.Company(actor.Orderer), Handle: say("blockerat")},
		{Pattern: "GET /office/review", Right: web.Staff(actor.Reviewer), Handle: say("granskning")},
		{Pattern: "GET /me", Right: web.SignedIn, Handle: say("mina kort")},
		{Pattern: "GET /check", Right: web.Public, Handle: say("kontroll")},
	})
	webtest.Walk(t, e, webtest.New(t, h), w.People, []uuid.UUID{furuborg, norrsken, uuid.New()}, map[string]string{"number": "KV-1"})
}

func TestForeignLooksLikeMissing(t *testing.T) {
	c := open(t, world().Config(), web.Route{Pattern: "GET /o/{company}/cards", Right: web.Company(actor.Orderer), Handle: say("kort")})
	c.SignIn("alva")
	foreign := c.Get("/o/" + norrsken.String() + "/cards").Is(404)
	missing := c.Get("/o/" + uuid.NewString() + "/cards").Is(404)
	noID := c.Get("/o/norrsken/cards").Is(404)
	if foreign.Text() != missing.Text() || missing.Text() != noID.Text() {
		t.Errorf("foreign, missing and malformed companies can be told apart:\n%s\n%s\n%s", foreign.Text(), missing.Text(), noID.Text())
	}
	foreign.HasNot("Norrsken").Check()
}

func TestMistakesInTheTablePanic(t *testing.T) {
	for name, r := range map[string]web.Route{
		"no right":                {Pattern: "GET /x", Handle: say("x")},
		"no handler":              {Pattern: "GET /x", Right: web.Public},
		"no method":               {Pattern: "/x", Right: web.Public, Handle: say("x")},
		"company without a right": {Pattern: "GET /o/{company}", Right: web.SignedIn, Handle: say("x")},
		"right without a company": {Pattern: "GET /x", Right: web.Company(actor.Orderer), Handle: say("x")},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			web.New(world().Config()).Handler([]web.Route{r})
		}()
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	cfg := world().Config()
	cfg.FormOrigins = []string{"https://app.bankid.com"}
	c := open(t, cfg, web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("x")}, web.Route{Pattern: "GET /pin", Right: web.Public, NoStore: true, Handle: say("pin")})
	for _, path := range []string{"/x", "/pin", "/nowhere", "/assets/none/app.css", "/robots.txt"} {
		h := c.Get(path).Header
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self' https://app.bankid.com;", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: %q not in %q", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy is unsafe: %s", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q, want %q", path, name, h.Get(name), want)
			}
		}
		if !strings.Contains(h.Get("Strict-Transport-Security"), "max-age=") || h.Get("Permissions-Policy") == "" {
			t.Errorf("%s: no HSTS or no permissions policy: %v", path, h)
		}
	}
	if got := c.Get("/pin").Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a PIN may be kept: %q", got)
	}
	if got := c.Get("/x").Header.Get("Cache-Control"); !strings.Contains(got, "private") {
		t.Errorf("a page may be kept by others: %q", got)
	}
}

func TestNoHSTSWithoutHTTPS(t *testing.T) {
	cfg := world().Config()
	cfg.Origin, cfg.FrameAncestors = "http://localhost:8080", []string{"http://laptop.localhost:8080"}
	h := open(t, cfg, web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("x")}).Get("/x").Header
	if h.Get("Strict-Transport-Security") != "" || h.Get("X-Frame-Options") != "" {
		t.Errorf("headers of a deployment without https, in frames: %v", h)
	}
	if !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors http://laptop.localhost:8080") {
		t.Error("frames are not opened for the one who may show them")
	}
}

func TestFaultsBecomePages(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		sv, en string
	}{
		{fault.New(fault.Conflict, "web.unknown_code"), 409, "Någon annan hann före", "Someone else was first"},
		{fault.New(fault.Forbidden, "web.unknown_code"), 403, "Det här får du inte göra", "You may not do this"},
		{fault.New(fault.NotFound, "web.unknown_code"), 404, "Sidan finns inte", "The page is not there"},
		{fault.New(fault.TooMany, "web.unknown_code", "retry_after", "90"), 429, "För många försök", "Too many tries"},
		{fault.New(fault.Unavailable, "web.unknown_code"), 503, "Vi når inte det vi behöver just nu", "We cannot reach what we need right now"},
		{fault.New(fault.Invalid, "web.bad_form"), 422, "Formuläret gick inte att läsa", "The form could not be read"},
		{errors.New("UNIQUE constraint failed: secret_table"), 500, "Något gick fel hos oss", "Something went wrong on our side"},
		{context.DeadlineExceeded, 503, "Det tog för lång tid", "It took too long"},
	} {
		cfg := world().Config()
		cfg.Cases = func() string { return "7F3K2M" }
		b := open(t, cfg, web.Route{Pattern: "GET /x", Right: web.Public, Handle: fails(c.err)})
		p := b.Get("/x").Is(c.status).Has(c.sv).HasNot("secret_table", "unknown_code").Check()
		if c.status >= 500 {
			p.Has("ärende 7F3K2M")
		}
		if c.status == 429 && p.Header.Get("Retry-After") != "90" {
			t.Errorf("Retry-After is %q", p.Header.Get("Retry-After"))
		}
		b.Lang = "en-GB,en;q=0.9"
		b.Get("/x").Is(c.status).Has(c.en).Check()
	}
}

func TestCasesAreInTheLogAndCausesOnlyThere(t *testing.T) {
	var log bytes.Buffer
	cfg := world().Config()
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	b := open(t, cfg,
		web.Route{Pattern: "GET /o/{company}/cards/{number}", Right: web.Company(actor.Orderer), Handle: fails(errors.New("disk is full"))},
		web.Route{Pattern: "GET /panics", Right: web.Public, Handle: func(*web.Visit) error { panic("index out of range") }},
	)
	b.SignIn("alva")
	text := b.Get("/o/" + furuborg.String() + "/cards/KV-19900203?q=19900203-2382").Is(500).HasNot("disk").Text()
	number := text[strings.Index(text, "ärende ")+len("ärende "):][:6]
	panicked := b.Get("/panics").Is(500).HasNot("out of range").Has("ärende").Check()
	if panicked.Header.Get("Content-Security-Policy") == "" {
		t.Error("a panic's page has no policy")
	}
	for _, want := range []string{"case=" + number, "disk is full", "index out of range", "route=/o/{company}/cards/{number}", "status=500"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log.String())
		}
	}
	for _, not := range []string{furuborg.String(), "KV-19900203", "2382", "192.0.2.1", "Alva"} {
		if strings.Contains(log.String(), not) {
			t.Errorf("%q is in the log:\n%s", not, log.String())
		}
	}
}

func TestAddressesAndMethodsThatAreNotThere(t *testing.T) {
	b := open(t, world().Config(), web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("x")})
	b.Get("/nowhere").Is(404).Has("Sidan finns inte").Check()
	p := b.Post("/x", url.Values{}).Is(405).Check()
	if !strings.Contains(p.Header.Get("Allow"), "GET") {
		t.Errorf("Allow is %q", p.Header.Get("Allow"))
	}
}

// Rows: 5
func TestSignedOutKeepsWhatWasTyped(t *testing.T) {
	var got url.Values
	b := open(t, world().Config(),
		web.Route{Pattern: "GET /me/contact", Right: web.SignedIn, Handle: say("kontakt")},
		web.Route{Pattern: "POST /me/contact", Right: web.SignedIn, Handle: func(v *web.Visit) error {
			got = v.Form().Values
			return v.Render(page("sparat"))
		}},
		web.Route{Pattern: "GET /signin", Right: web.Public, Handle: func(v *web.Visit) error { return v.Render(page("next is " + v.Query("next"))) }},
	)
	b.Get("/me/contact?tab=phone").At("/signin?next=%2Fme%2Fcontact%3Ftab%3Dphone").Has("next is /me/contact?tab=phone")
	b.SignIn("somebody whose session is over")
	p := b.Post("/me/contact", url.Values{"phone": {"070-000 00 00"}, "street": {"Sågverksgatan 4 \"B\""}}).Is(401).Has("Du har varit borta en stund").Check()
	if p.Header.Get("Cache-Control") != "no-store" {
		t.Error("what was typed may be kept")
	}
	b.SignIn("liis")
	p.Form("/me/contact").Submit("Skicka igen").Is(200).Has("sparat")
	if got.Get("phone") != "070-000 00 00" || got.Get("street") != "Sågverksgatan 4 \"B\"" {
		t.Errorf("typed values were lost: %v", got)
	}
}

func TestPagesCannotBePostedFromElsewhere(t *testing.T) {
	e := web.New(world().Config())
	h := e.Handler([]web.Route{{Pattern: "POST /x", Right: web.Public, Handle: say("gjort")}})
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		r := httptest.NewRequest(http.MethodPost, webtest.Origin+"/x", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		r.Header.Set("Origin", "https://elsewhere.test")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("%s: %d, want %d", site, rec.Code, want)
		}
	}
}

func TestBodiesHaveALimit(t *testing.T) {
	upload := func(v *web.Visit) error {
		data, err := v.File("photo", 1<<20)
		if err != nil {
			return err
		}
		return v.Render(page("tog emot " + strings.Repeat("x", len(data)/1000)))
	}
	b := open(t, world().Config(),
		web.Route{Pattern: "POST /small", Right: web.Public, Handle: func(v *web.Visit) error {
			if err := v.Sent(); err != nil {
				return err
			}
			return v.Render(page(v.Text("a")))
		}},
		web.Route{Pattern: "GET /photo", Right: web.Public, Handle: func(v *web.Visit) error {
			return v.Render(templ.Raw(`<html><main><form method="post" enctype="multipart/form-data"><input type="file" name="photo"><input name="who"><button>Skicka</button></form></main></html>`))
		}},
		web.Route{Pattern: "POST /photo", Right: web.Public, MaxBody: 2 << 20, Handle: upload},
	)
	b.Post("/small", url.Values{"a": {"hej"}}).Is(200).Has("hej")
	b.Post("/small", url.Values{"a": {strings.Repeat("a", 300<<10)}}).Is(413).Has("Filen är för stor")
	form := b.Get("/photo")
	form.Form("").File("photo", "a.jpg", make([]byte, 5000)).Submit("Skicka").Is(200).Has("xxxxx")
	form.Form("").Submit("Skicka").Is(200).Has("tog emot")
	form.Form("").File("photo", "a.jpg", make([]byte, 1<<20+1)).Submit("Skicka").Is(413).Has("Filen är större än 1 MB")
	form.Form("").File("photo", "a.jpg", make([]byte, 3<<20)).Submit("Skicka").Is(413)
}

// A request that was under way with the token from before a fresh identification is answered after the new one was
// given: it must not take that away.
func TestALateAnswerTakesNoNewSession(t *testing.T) {
	h := web.New(world().Config()).Handler([]web.Route{
		{Pattern: "GET /poll", Right: web.Public, Handle: say("x")},
		{Pattern: "GET /me/photo", Right: web.SignedIn, Handle: say("x")},
	})
	for _, path := range []string{"/poll", "/me/photo", "/not/there"} {
		r := httptest.NewRequest(http.MethodGet, webtest.Origin+path, nil)
		r.AddCookie(&http.Cookie{Name: "__Host-sid", Value: "the token before"})
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for _, c := range rec.Result().Cookies() {
			if c.Name == "__Host-sid" {
				t.Errorf("%s: the session's cookie is set to %q", path, c.Value)
			}
		}
	}
}

// What doesn't fit into memory is put into files by the standard library: people's photos, which must not stay there.
func TestUploadsLeaveNothingOnTheDisk(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	during := 0
	server := httptest.NewServer(web.New(world().Config()).Handler([]web.Route{
		{Pattern: "POST /photo", Right: web.Public, MaxBody: 4 << 20, Handle: func(v *web.Visit) error {
			data, err := v.File("photo", 4<<20)
			files, _ := os.ReadDir(folder)
			during = len(files)
			if err != nil || len(data) != 3<<20 {
				t.Errorf("%d bytes, %v", len(data), err)
			}
			return v.Render(page("x"))
		}},
	}))
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("photo", "a.jpg")
	_, _ = part.Write(make([]byte, 3<<20))
	_ = form.Close()
	resp, err := http.Post(server.URL+"/photo", form.FormDataContentType(), &body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	_ = resp.Body.Close()
	server.Close() // waits until the request is over
	if during == 0 {
		t.Fatal("nothing was put on the disk: the test shows nothing")
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != 0 {
		t.Errorf("%d files left, %v", len(files), err)
	}
}

// A page says that it took too long, also when the time that ran out is its own.
func TestAHandlerThatTakesTooLongIsSaid(t *testing.T) {
	cfg := world().Config()
	cfg.Timeout = 20 * time.Millisecond
	slow := func(v *web.Visit) error {
		<-v.R.Context().Done()
		return v.R.Context().Err()
	}
	open(t, cfg, web.Route{Pattern: "GET /x", Right: web.Public, Handle: slow}).Get("/x").Is(503).Has("Det tog för lång tid").Check()
}
