package world_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/world"
)

// product stands in for the reader API of a product: what a reader is told is
// all that these tests need of it.
func product(t *testing.T) *httptest.Server {
	said := map[string]string{
		"BB-1234-567897": `{"card_number":"BB-1234-567897","valid":true,"reason":"ok"}`,
		"BB-0000-000000": `{"card_number":"BB-0000-000000","valid":false,"reason":"blocked"}`,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := said[strings.TrimPrefix(r.URL.Path, "/reader/v1/cards/")]
		switch {
		case r.Header.Get("Authorization") != "Bearer the-key":
			w.WriteHeader(http.StatusUnauthorized)
		case !ok:
			w.WriteHeader(http.StatusUnprocessableEntity)
		default:
			_, _ = io.WriteString(w, body)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// movable is business time in the hands of a test.
type movable struct{ now time.Time }

func (m *movable) Now() time.Time { return m.now }
func (m *movable) Forward(d time.Duration) error {
	m.now = m.now.Add(d)
	return nil
}

func run(t *testing.T, p world.Product) (*world.World, string) {
	t.Helper()
	return runWith(t, world.Options{}, p)
}

func runWith(t *testing.T, o world.Options, p world.Product) (*world.World, string) {
	t.Helper()
	data := t.TempDir()
	o.Data, o.Addr = data, "localhost:0"
	w, err := world.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Attach(p)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the world ended with %v", err)
		}
	})
	return w, data
}

// english asks for English pages.
var english = &http.Client{Transport: speaks{"en"}}

type speaks struct{ lang string }

func (s speaks) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Language", s.lang)
	return http.DefaultTransport.RoundTrip(r)
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	for range 50 { // the listeners are open before anybody accepts
		res, err := english.Get(address)
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	t.Fatalf("%s does not answer", address)
	return 0, ""
}

func hold(t *testing.T, w *world.World, number string) string {
	t.Helper()
	res, err := english.PostForm(w.URL()+"/reader", url.Values{"number": {number}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestReaderShowsWhatTheProductAnsweredAndTicksTheJourney(t *testing.T) {
	w, _ := run(t, world.Product{URL: product(t).URL, ReaderKey: "the-key"})
	_, before := get(t, w.URL()+"/journey")
	for number, word := range map[string]string{"BB-1234-567897": "Welcome", "BB-0000-000000": "Stop", "nonsense": "Unknown card"} {
		if page := hold(t, w, number); !strings.Contains(page, word) {
			t.Errorf("for %s the reader doesn't say %q", number, word)
		} else if strings.Contains(page, "the-key") {
			t.Error("the page shows the reader's key")
		}
	}
	_, after := get(t, w.URL()+"/journey")
	if got := strings.Count(after, "Done.") - strings.Count(before, "Done."); got != 2 {
		t.Errorf("%d steps were ticked by a yes and a no, want 2", got)
	}
}

func TestReaderWithoutProductSaysSo(t *testing.T) {
	w, _ := run(t, world.Product{URL: "http://localhost:1", ReaderKey: "the-key"})
	get(t, w.URL())
	if page := hold(t, w, "BB-1234-567897"); !strings.Contains(page, "No answer") {
		t.Error("the reader doesn't say that nobody answered")
	}
}

func TestClockMovesForwardOnlyWhereItMay(t *testing.T) {
	m := &movable{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	w, _ := run(t, world.Product{URL: product(t).URL, Clock: m})
	get(t, w.URL())
	post := func(w *world.World, forward string) int {
		res, err := http.PostForm(w.URL()+"/clock", url.Values{"forward": {forward}})
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := post(w, "7d"); got != http.StatusOK || !m.now.Equal(time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("a week forward: status %d, now %s", got, m.now)
	}
	for _, bad := range []string{"-1h", "0s", "", "tomorrow"} {
		if got := post(w, bad); got != http.StatusUnprocessableEntity {
			t.Errorf("forward %q: status %d, want 422", bad, got)
		}
	}
	fixed, _ := run(t, world.Product{URL: product(t).URL})
	get(t, fixed.URL())
	if got := post(fixed, "1d"); got != http.StatusConflict {
		t.Errorf("a clock that can't be moved answered %d, want 409", got)
	}
}

func TestDevJSONNamesEverythingAndServesIt(t *testing.T) {
	w, data := run(t, world.Product{URL: "http://localhost:1", ReaderKey: "the-key", Companies: []world.Company{{Cast: "furuborg", ID: "x", Name: "Furuborg"}}})
	if err := w.WriteDevJSON(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(data, "dev.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		World map[string]string
		Cast  []struct{ ID, Portrait string }
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"url", "phone", "mail", "bureau", "reader", "clock"} {
		if status, _ := get(t, d.World[name]); status != http.StatusOK {
			t.Errorf("world.%s (%s) answers %d", name, d.World[name], status)
		}
	}
	if len(d.Cast) < 12 {
		t.Errorf("the cast has %d people", len(d.Cast))
	}
	for _, p := range d.Cast {
		if status, body := get(t, p.Portrait); status != http.StatusOK || !strings.HasPrefix(body, "\xff\xd8") {
			t.Errorf("portrait of %s: status %d, not a JPEG", p.ID, status)
		}
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	w, _ := run(t, world.Product{URL: product(t).URL, ReaderKey: "the-key"})
	get(t, w.URL())
	req, err := http.NewRequest(http.MethodPost, w.URL()+"/reader", strings.NewReader("number=BB-1234-567897"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site: %d, want 403", res.StatusCode)
	}
}
