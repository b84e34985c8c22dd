package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

func TestFlashIsShownOnce(t *testing.T) {
	b := open(t, world().Config(),
		web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("sidan")},
		web.Route{Pattern: "POST /x", Right: web.Public, Handle: func(v *web.Visit) error {
			v.Flash(ui.OK, "ui.to_correct", "n", 3)
			v.FlashUndo(ui.Wait, "/undo", "ui.wrong.reload", "ui.step_of", "n", 1, "all", 2, "name", "<b>Jonas</b>")
			return v.Redirect("/x")
		}},
	)
	b.Post("/x", nil).At("/x").Has("Det finns 3 saker att rätta", "Steg 1 av 2: <b>Jonas</b>").Form("/undo")
	b.Get("/x").HasNot("saker att rätta")
	for _, forged := range []string{"not base64!", "bnVsbA", "W3siayI6ImV2aWwua2V5In1d"} {
		b.SetCookie("__Host-flash", forged)
		b.Get("/x").Is(200).HasNot("evil")
	}
}

func TestLanguageAndColoursAreChosen(t *testing.T) {
	b := open(t, world().Config(),
		web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("x")},
	)
	b.Get("/x").Has("Logga in")
	b.Post("/language", url.Values{"lang": {"en"}, "next": {"/x?a=b"}}).At("/x?a=b").Has("Sign in")
	b.Post("/language", url.Values{"lang": {"klingon"}, "next": {"/x"}}).At("/x").Has("Sign in")
	dark := b.Post("/theme", url.Values{"theme": {"dark"}, "next": {"/x"}})
	if got := dark.One("html").Attrs["data-theme"]; got != "kortverk-dark" {
		t.Errorf("theme %q", got)
	}
	system := b.Post("/theme", url.Values{"theme": {"system"}, "next": {"/x"}})
	if system.One("html").Has("data-theme") {
		t.Error("colours do not follow the system again")
	}
	b.SignIn("tove")
	b.Post("/language", url.Values{"lang": {"sv"}, "next": {"/x"}}).Has("Logga ut", "Tove Berg")
	fresh := open(t, world().Config(), web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("x")})
	fresh.SignIn("tove")
	fresh.Get("/x").Has("Sign out", "Office")
}

func TestNobodyIsLedElsewhere(t *testing.T) {
	for in, want := range map[string]string{
		"/me": "/me", "/o/x?a=b#c": "/o/x?a=b#c", "": "/", "https://evil.test/": "/", "//evil.test": "/", "/\\evil.test": "/",
		"javascript:alert(1)": "/", "me": "/", "/a\r\nSet-Cookie: x": "/", "\\\\evil.test": "/", "/%2f/evil": "/%2f/evil",
	} {
		if got := web.LocalPath(in); got != want {
			t.Errorf("%q → %q, want %q", in, got, want)
		}
	}
}

func TestCookiesAreTheBrowsersOwn(t *testing.T) {
	var first, second string
	e := web.New(world().Config())
	h := e.Handler([]web.Route{{Pattern: "GET /x", Right: web.Public, Handle: func(v *web.Visit) error {
		first, second = v.Browser(), v.Browser()
		v.SetSession("token")
		v.Flash(ui.OK, "ui.copied")
		return v.Render(page("x"))
	}}})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, webtest.Origin+"/x", nil))
	if first == "" || first != second || len(first) != 43 {
		t.Errorf("browser secrets %q and %q", first, second)
	}
	names := map[string]bool{}
	for _, c := range rec.Result().Cookies() {
		names[c.Name] = true
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %+v", c)
		}
	}
	if !names["__Host-sid"] || !names["__Host-browser"] || !names["__Host-flash"] {
		t.Errorf("cookies %v", names)
	}
}

func TestVisitKnowsWhoActs(t *testing.T) {
	var got actor.Actor
	var name string
	look := func(v *web.Visit) error { got, name = v.Actor, v.Company.Name; return v.Render(page("x")) }
	cfg := world().Config()
	cfg.Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	e := web.New(cfg)
	h := e.Handler([]web.Route{
		{Pattern: "GET /o/{company}", Right: web.Company(actor.Orderer), Handle: look},
		{Pattern: "GET /me", Right: web.SignedIn, Handle: look},
		{Pattern: "GET /office", Right: web.Staff(actor.Officer, actor.Reviewer), Handle: look},
	})
	ask := func(path, token, forwarded string) {
		r := httptest.NewRequest(http.MethodGet, webtest.Origin+path, nil)
		r.AddCookie(&http.Cookie{Name: "__Host-sid", Value: token})
		r.Header.Set("X-Forwarded-For", forwarded)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	ask("/o/"+furuborg.String(), "alva", "203.0.113.9, 198.51.100.7")
	if got.Role != actor.Orderer || got.Company != furuborg || got.Name != "Alva Lindström" || got.IP != "198.51.100.7" || name != "Furuborg Bygg AB" {
		t.Errorf("orderer acts as %+v for %q", got, name)
	}
	ask("/me", "alva", "nonsense")
	if got.Role != actor.Cardholder || got.Company != uuid.Nil || got.IP != "192.0.2.1" {
		t.Errorf("cardholder acts as %+v", got)
	}
	ask("/office", "tove", "")
	if got.Role != actor.Reviewer || got.Company != uuid.Nil {
		t.Errorf("reviewer acts as %+v", got)
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	e := web.New(world().Config())
	h := e.Handler([]web.Route{{Pattern: "GET /x", Right: web.Public, Handle: say("x")}, {Pattern: "GET /photo", Right: web.Public, Handle: func(v *web.Visit) error { return v.Bytes("image/jpeg", []byte("jpeg")) }}})
	ask := func(path, accepts string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, webtest.Origin+path, nil)
		r.Header.Set("Accept-Encoding", accepts)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	plain, small := ask("/x", ""), ask("/x", "gzip, br")
	if small.Header().Get("Content-Encoding") != "gzip" || small.Body.Len()*2 > plain.Body.Len() || plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("%d bytes plain, %d bytes compressed (%q)", plain.Body.Len(), small.Body.Len(), small.Header().Get("Content-Encoding"))
	}
	if small.Body.Len() > 8<<10 {
		t.Errorf("an empty page weighs %d bytes", small.Body.Len())
	}
	if got := ask("/photo", "gzip"); got.Header().Get("Content-Encoding") != "" || got.Body.String() != "jpeg" {
		t.Errorf("a picture is compressed again: %v", got.Header())
	}
}

func TestMeasuresHaveRoutesNotAddresses(t *testing.T) {
	type measure struct {
		pattern, method string
		status          int
	}
	var got []measure
	cfg := world().Config()
	cfg.Observe = func(p, m string, s int, _ time.Duration) { got = append(got, measure{p, m, s}) }
	b := open(t, cfg, web.Route{Pattern: "GET /cards/{number}", Right: web.Public, Handle: say("x")})
	b.Get("/cards/KV-1")
	b.Get("/nowhere/KV-1")
	want := []measure{{"/cards/{number}", "GET", 200}, {"-", "GET", 404}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("measured %v, want %v", got, want)
	}
}

func TestFragmentsFailShortly(t *testing.T) {
	b := open(t, world().Config(), web.Route{Pattern: "GET /me/part", Right: web.SignedIn, Handle: say("del")})
	p := b.Fragment("/me/part").Is(401)
	if strings.Contains(p.Body, "<html") {
		t.Error("a part of a page is answered with a whole one")
	}
}

func TestSandboxAndColours(t *testing.T) {
	cfg := world().Config()
	cfg.Sandbox, cfg.Colours = true, web.Colours{Hue: 300, Chroma: 0.9}
	cfg.Brand = ui.Brand{Name: "Platskortet", Phone: "010-123 45 67"}
	b := open(t, cfg, web.Route{Pattern: "GET /x", Right: web.Public, Handle: say("x")})
	p := b.Get("/x").Has("Övningsmiljö", "Platskortet", "Ring 010-123 45 67")
	if p.Root.One(`a[href=tel:0101234567]`) == nil {
		t.Error("the number cannot be called")
	}
	var sheet string
	for _, l := range p.All("link[rel=stylesheet]") {
		if strings.Contains(l.Attrs["href"], "colours-") {
			sheet = l.Attrs["href"]
		}
	}
	css := b.Get(sheet).Is(200)
	if !strings.Contains(css.Body, "--kv-hue:300") || !strings.Contains(css.Body, "--kv-chroma:0.15") {
		t.Errorf("colours are %q; chroma must stay where contrast holds", css.Body)
	}
	if b.Get("/robots.txt"); !strings.Contains(b.Get("/robots.txt").Body, "Disallow: /\n") {
		t.Error("a practice site may be found by search engines")
	}
}

// Zero bytes and broken UTF-8 end here: PostgreSQL refuses both, and would answer a typing mistake with a failure. So do
// characters that make a text read otherwise than it is.
func TestFormsAndAddressesArePlainText(t *testing.T) {
	var got []string
	read := func(v *web.Visit) error {
		got = append([]string{v.Text("a"), v.Query("q")}, v.Texts("b")...)
		return v.Bytes("text/plain", nil)
	}
	b := open(t, world().Config(),
		web.Route{Pattern: "GET /x", Right: web.Public, Handle: read},
		web.Route{Pattern: "POST /x", Right: web.Public, Handle: read},
	)
	b.Get("/x?q=a%00b%ff")
	if got[1] != "a\uFFFDb\uFFFD" {
		t.Errorf("address: %q", got)
	}
	b.Post("/x", url.Values{"a": {"a\x00b\xff"}, "b": {"ok", "\xc3(\x00"}})
	if got[0] != "a\uFFFDb\uFFFD" || got[2] != "ok" || got[3] != "\uFFFD(\uFFFD" {
		t.Errorf("form: %q", got)
	}
	b.Post("/x", url.Values{"a": {"KV\u202eGNP.exe\u2066\x1b[2J\x7f"}, "b": {"två\r\nrader\tǺ Ж"}})
	if got[0] != "KV\uFFFDGNP.exe\uFFFD\uFFFD[2J\uFFFD" || got[2] != "två\r\nrader\tǺ Ж" {
		t.Errorf("form: %q", got)
	}
}
