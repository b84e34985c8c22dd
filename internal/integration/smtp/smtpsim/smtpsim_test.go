package smtpsim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const raw = "From: Kortverk <kort@kort.example>\r\nTo: a@b.example\r\nSubject: =?utf-8?q?H=C3=A4lsning?=\r\n" +
	"Message-ID: <1@kort.example>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" +
	"<p>Hej <script>alert(1)</script><a href=\"javascript:alert(2)\">x</a> <a href=\"https://kort.example/a\">Godk\xc3\xa4nn</a></p>"

func open(t *testing.T, c Config) *Sim {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func post(t *testing.T, h http.Handler, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPagesInBothLanguages(t *testing.T) {
	s := open(t, Config{})
	if err := s.box.put("kort@kort.example", []string{"a@b.example"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	h := s.Handler()
	for path, want := range map[string]string{
		"/?lang=sv": "Hälsning", "/?lang=en": "Hälsning", "/?to=a@b.example&lang=sv": "Hälsning", "/?to=c@d.example&lang=sv": "Inga mejl",
		"/mails/1?lang=sv": "Alla mejl", "/mails/1?lang=en": "All mails", "/?refresh=1": `http-equiv="refresh"`,
	} {
		w := get(t, h, path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `class="unreal"`) {
			t.Errorf("%s: %d, no %q in %s", path, w.Code, want, w.Body)
		}
	}
	for _, path := range []string{"/mails/2", "/mails/x", "/mails/2/html", "/nowhere"} {
		if w := get(t, h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// A mail may hold anything. On our page it is words and web links; whole, it
// is shown in a sandbox without scripts.
func TestMailIsShownSafely(t *testing.T) {
	s := open(t, Config{})
	if err := s.box.put("kort@kort.example", []string{"a@b.example"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	page := get(t, s.Handler(), "/mails/1").Body.String()
	if strings.Count(page, "<script") != 1 || strings.Contains(page, "javascript:") || !strings.Contains(page, `sandbox="allow-top-navigation-by-user-activation"`) {
		t.Errorf("page: %s", page)
	}
	if !strings.Contains(page, `href="https://kort.example/a">Godkänn</a>`) {
		t.Error("the mail's link is not a button")
	}
	frame := get(t, s.Handler(), "/mails/1/html")
	if !strings.Contains(frame.Body.String(), `<base target="_top">`) {
		t.Error("a link in the mail would open inside the frame")
	}
	csp := frame.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "script") {
		t.Errorf("frame's policy: %s", csp)
	}
}

func TestFolderKeepsMailsOverARestart(t *testing.T) {
	folder := t.TempDir()
	s := open(t, Config{Folder: folder, Max: 2})
	for _, to := range []string{"a@b.example", "c@d.example", "e@f.example"} {
		if err := s.box.put("kort@kort.example", []string{to}, []byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, Config{Folder: folder, Max: 2})
	all, _ := again.box.list("", 0)
	if len(all) != 2 || all[0].ID != 2 || all[1].To[0] != "e@f.example" || all[1].Subject != "Hälsning" || all[1].At.IsZero() {
		t.Errorf("%+v", all)
	}
	again.box.clear("c@d.example")
	if left, _ := open(t, Config{Folder: folder}).box.list("", 0); len(left) != 1 || left[0].ID != 3 {
		t.Errorf("after deleting: %+v", left)
	}
}

func TestKnobsByForm(t *testing.T) {
	s := open(t, Config{})
	w := post(t, s.Handler(), "/knobs", url.Values{"refuse": {"a@b.example, c@d.example"}, "temporary": {"2"}, "duplicate": {"1"}, "slow_ms": {"999999999"}})
	k := s.box.getKnobs()
	if w.Code != http.StatusSeeOther || len(k.Refuse) != 2 || k.Temporary != 2 || !k.Duplicate || k.SlowMS != 60_000 || k.LoseAnswer != 0 {
		t.Errorf("%d %+v", w.Code, k)
	}
	if !s.box.refuses("C@D.example") || s.box.refuses("x@y.example") {
		t.Error("refusing is about the addresses that are named")
	}
}

func TestProgramsReadWaitAndDelete(t *testing.T) {
	s := open(t, Config{})
	s.box.setKnobs(Knobs{Duplicate: true})
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	answer := make(chan string, 1)
	go func() {
		res, err := http.Get(server.URL + "/_sim/mails?to=a@b.example&wait_ms=10000")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer <- string(body)
	}()
	if err := s.box.put("kort@kort.example", []string{"a@b.example"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
	if body := <-answer; strings.Count(body, `"message_id": "1@kort.example"`) != 2 {
		t.Errorf("a mail that arrives twice: %s", body)
	}
	h := s.Handler()
	if body := get(t, h, "/_sim/mails?since=1").Body.String(); strings.Count(body, `"id"`) != 1 {
		t.Errorf("since: %s", body)
	}
	if w := get(t, h, "/_sim/mails/2"); w.Code != http.StatusOK {
		t.Errorf("one mail: %d", w.Code)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/_sim/mails", nil))
	if left, _ := s.box.list("", 0); w.Code != http.StatusNoContent || len(left) != 0 {
		t.Errorf("%d, %d left", w.Code, len(left))
	}
}

func TestUnreadableMailIsKeptWithTheReason(t *testing.T) {
	s := open(t, Config{})
	if err := s.box.put("a", []string{"b"}, []byte("no header at all")); err != nil {
		t.Fatal(err)
	}
	if m, _ := s.box.get(1); m.Problem == "" || m.Text == "" {
		t.Errorf("%+v", m)
	}
}
