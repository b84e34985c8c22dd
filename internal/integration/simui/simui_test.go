package simui

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func page(t *testing.T, request func(r *http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	ui := New("smtpsim", fstest.MapFS{"a.html": {Data: []byte(`{{define "a"}}<p>{{.Data}}</p>{{end}}`)}}, "*.html")
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { ui.Render(w, r, http.StatusOK, "a", "A", "<script>") })
	r := httptest.NewRequest(http.MethodGet, "/x", nil)
	request(r)
	w := httptest.NewRecorder()
	Handler(mux).ServeHTTP(w, r)
	return w
}

func TestPageIsEscapedFramedAndSaysThatItIsNotReal(t *testing.T) {
	w := page(t, func(r *http.Request) { r.Header.Set("Accept-Language", "en") })
	body := w.Body.String()
	if strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;script&gt;") {
		t.Error("data isn't escaped")
	}
	if !strings.Contains(body, `class="unreal"`) || !strings.Contains(body, `<html lang="en">`) {
		t.Errorf("frame is missing: %s", body)
	}
	if csp := w.Header().Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
}

func TestLanguageIsChosenAndKept(t *testing.T) {
	w := page(t, func(r *http.Request) { r.URL.RawQuery = "lang=sv"; r.Header.Set("Accept-Language", "en") })
	if !strings.Contains(w.Body.String(), `<html lang="sv">`) {
		t.Error("?lang=sv isn't followed")
	}
	kept := w.Result().Cookies()
	again := page(t, func(r *http.Request) { r.AddCookie(kept[0]); r.Header.Set("Accept-Language", "en") })
	if !strings.Contains(again.Body.String(), `<html lang="sv">`) {
		t.Error("the choice isn't kept")
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	if w := page(t, func(r *http.Request) {
		r.Method = http.MethodPost
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}); w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
	if w := page(t, func(r *http.Request) { r.Method = http.MethodPost }); w.Code != http.StatusOK {
		t.Errorf("a program's call: status %d", w.Code)
	}
}
