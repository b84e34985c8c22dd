package world_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/world"
)

// screens runs a world whose product may be shown in frames.
func screens(t *testing.T, p world.Product) *world.World {
	t.Helper()
	w, _ := runWith(t, world.Options{Screens: true}, p)
	get(t, w.URL())
	return w
}

// as asks the world by the name of a screen.
func as(t *testing.T, w *world.World, name, method, path string, form url.Values) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, w.URL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = name + ":" + req.URL.Port()
	req.Header.Set("Accept-Language", "en")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

const together = "kortverk.localhost"

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// gateBox is a product with one card, which a press on its page blocks. The
// press is answered late, or the gate is told late.
type gateBox struct {
	blocked   atomic.Bool
	lateBlock time.Duration // between the block and the answer to it
}

func (b *gateBox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		b.blocked.Store(true)
		time.Sleep(b.lateBlock)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	if b.blocked.Load() {
		_, _ = io.WriteString(w, `{"card_number":"BB-1234-567897","valid":false,"reason":"blocked"}`)
		return
	}
	_, _ = io.WriteString(w, `{"card_number":"BB-1234-567897","valid":true,"reason":"ok"}`)
}

// gateOver holds the card of a product to the gate, and answers how to press
// block and what the page then says.
func gateOver(t *testing.T, box *gateBox) (block func(), says func() string) {
	t.Helper()
	product := httptest.NewUnstartedServer(nil)
	w := screens(t, world.Product{URL: "http://" + product.Listener.Addr().String()})
	product.Config.Handler = w.Witness(box)
	product.Start()
	t.Cleanup(product.Close)
	as(t, w, together, "POST", "/gate", url.Values{"number": {"bb-1234-567897"}})
	until(t, "the gate's yes", func() bool {
		_, page := as(t, w, together, "GET", "/gate/now", nil)
		return strings.Contains(page, "Welcome")
	})
	block = func() {
		req, err := http.NewRequest(http.MethodPost, product.URL+"/o/x/cards/BB-1234-567897/block", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "laptop.kortverk.localhost"
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
	}
	says = func() string {
		_, page := as(t, w, together, "GET", "/together/now", nil)
		return strings.Join(strings.Fields(tag.ReplaceAllString(page, " ")), " ")
	}
	return block, says
}

var tag = regexp.MustCompile(`<[^>]*>`)

func TestGateTellsThePressAndTheMilliseconds(t *testing.T) {
	t.Parallel()
	block, says := gateOver(t, &gateBox{})
	if said := says(); !strings.Contains(said, "Nothing has changed") {
		t.Errorf("before any press: %s", said)
	}
	block()
	until(t, "the gate's no", func() bool { return strings.Contains(says(), "Blocked on the laptop → the gate says no") })
	if said := says(); !regexp.MustCompile(`\b\d{1,4} ms\b.*own question took [\d.]+ ms`).MatchString(said) {
		t.Errorf("no figures: %s", said)
	}
}

// The gate may have its answer before whoever pressed has theirs.
func TestGateThatKnewFirstIsNotCountedAsFaster(t *testing.T) {
	t.Parallel()
	block, says := gateOver(t, &gateBox{lateBlock: 700 * time.Millisecond})
	block()
	until(t, "the gate's no", func() bool { return strings.Contains(says(), "The gate knew before") })
	if said := says(); !strings.Contains(said, "0 ms") {
		t.Errorf("a time before the press: %s", said)
	}
}

func TestWhereAFrameStandsIsKept(t *testing.T) {
	t.Parallel()
	product := httptest.NewUnstartedServer(nil)
	w := screens(t, world.Product{URL: "http://" + product.Listener.Addr().String(), Companies: []world.Company{{Cast: "furuborg", ID: "17"}}})
	product.Config.Handler = w.Witness(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	product.Start()
	t.Cleanup(product.Close)
	port := product.URL[strings.LastIndex(product.URL, ":"):]
	ask := func(name, path string) *http.Response {
		req, err := http.NewRequest(http.MethodGet, product.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = name + port
		req.Header.Set("Sec-Fetch-Dest", "iframe")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	where := func(name string) string {
		res, _ := as(t, w, name, "GET", "/device", nil)
		return res.Header.Get("Location")
	}
	if got, want := where("laptop.kortverk.localhost"), "http://laptop.kortverk.localhost"+port+"/o/17"; got != want {
		t.Errorf("the laptop begins at %s, want %s", got, want)
	}
	ask("laptop.kortverk.localhost", "/o/17/cards?q=a")
	ask("laptop.kortverk.localhost", "/eid/1")
	if got, want := where("laptop.kortverk.localhost"), "http://laptop.kortverk.localhost"+port+"/o/17/cards?q=a"; got != want {
		t.Errorf("the laptop is at %s, want %s", got, want)
	}
	if got, want := where("phone.kortverk.localhost"), "http://phone.kortverk.localhost"+port+"/me"; got != want {
		t.Errorf("the phone is at %s, want %s", got, want)
	}
	// A mail's link has the product's own name: it is the phone's.
	if res := ask("localhost", "/a/token"); res.StatusCode != http.StatusTemporaryRedirect || res.Header.Get("Location") != "http://phone.kortverk.localhost"+port+"/a/token" {
		t.Errorf("a link of a mail: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	res, _ := as(t, w, "laptop.kortverk.localhost", "GET", "/device?to=//elsewhere.test", nil)
	if strings.Contains(res.Header.Get("Location"), "elsewhere") {
		t.Error("a screen is sent elsewhere")
	}
}

// Only the page with all screens may show the world's pages in frames, and only in dev.
func TestFramesAreOpenToThePageWithAllScreensOnly(t *testing.T) {
	t.Parallel()
	open := screens(t, world.Product{URL: product(t).URL})
	closed, _ := run(t, world.Product{URL: product(t).URL})
	get(t, closed.URL())
	var d struct{ World map[string]string }
	if err := json.Unmarshal([]byte(second(get(t, open.URL()+"/dev.json"))), &d); err != nil {
		t.Fatal(err)
	}
	only := "frame-ancestors " + open.FramedBy()[0]
	for _, name := range []string{"url", "phone", "mail", "bureau", "reader", "clock"} {
		res, err := http.Get(d.World[name])
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if csp := res.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, only) {
			t.Errorf("world.%s: %q does not end in %q", name, csp, only)
		}
	}
	if d.World["together"] == "" {
		t.Error("dev.json doesn't name the page with all screens")
	}
	if err := json.Unmarshal([]byte(second(get(t, closed.URL()+"/dev.json"))), &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"url", "phone", "mail", "bureau", "reader", "clock"} {
		res, err := http.Get(d.World[name])
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if csp := res.Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-ancestors 'none'") {
			t.Errorf("without screens, world.%s: %q", name, csp)
		}
	}
	for _, path := range []string{"/together", "/gate", "/device"} {
		if res, _ := as(t, closed, "laptop.kortverk.localhost", "GET", path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("without screens, %s answers %d", path, res.StatusCode)
		}
	}
}

func second(_ int, body string) string { return body }

func TestSliderMovesForwardOnly(t *testing.T) {
	t.Parallel()
	m := &movable{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	w := screens(t, world.Product{URL: product(t).URL, Clock: m})
	for _, c := range []struct {
		form   url.Values
		status int
		now    string
	}{
		{url.Values{"forward": {"slider"}, "step": {"2"}}, 303, "2026-11-25"},
		{url.Values{"forward": {"1d"}, "step": {"5"}}, 303, "2026-11-26"},
		{url.Values{"forward": {"slider"}, "step": {"6"}}, 422, "2026-11-26"},
		{url.Values{"forward": {"slider"}, "step": {"-1"}}, 422, "2026-11-26"},
		{url.Values{"forward": {"-24h"}}, 422, "2026-11-26"},
	} {
		res, _ := as(t, w, together, "POST", "/together/clock", c.form)
		if got := m.now.Format(time.DateOnly); res.StatusCode != c.status || got != c.now {
			t.Errorf("%v: %d, now %s; want %d, %s", c.form, res.StatusCode, got, c.status, c.now)
		}
	}
}

// A form of the page with all screens may sign a screen in; anybody else's may not.
func TestOnlyThePageWithAllScreensSignsScreensIn(t *testing.T) {
	t.Parallel()
	w := screens(t, world.Product{URL: "http://localhost:1"})
	for origin, want := range map[string]int{w.FramedBy()[0]: http.StatusBadGateway, "http://elsewhere.localhost": http.StatusForbidden} {
		req, err := http.NewRequest(http.MethodPost, w.URL()+"/device/signin", strings.NewReader("person=alva"))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "laptop.kortverk.localhost:" + req.URL.Port()
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-site")
		req.Header.Set("Origin", origin)
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want { // the product isn't there, so a sign-in that may be tried fails
			t.Errorf("from %s: %d, want %d", origin, res.StatusCode, want)
		}
	}
}
