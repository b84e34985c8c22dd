package bureausim

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/integration/bureau"
)

func TestReceiptsAddressTakesOnlyWhatItShould(t *testing.T) {
	key, trust := newKey(2)
	p := &product{t: t, known: map[string]bool{"c": true}, seen: map[string]bool{}}
	h := bureau.Receipts(trust, p.receive, p.refused, remote, slog.New(slog.DiscardHandler))
	const good = `[{"id":"r-1","batch":"b","card_id":"c","kind":"dispatched","at":"2026-11-20T09:12:00Z"}]`
	for name, c := range map[string]struct {
		method, kind, body, signature string
		want                          int
	}{
		"good":           {"POST", "application/json; charset=utf-8", good, bureau.Sign(key, time.Now(), []byte(good)), 200},
		"again":          {"POST", "application/json", good, bureau.Sign(key, time.Now(), []byte(good)), 200},
		"get":            {"GET", "application/json", "", "", 405},
		"form":           {"POST", "application/x-www-form-urlencoded", good, bureau.Sign(key, time.Now(), []byte(good)), 415},
		"unsigned":       {"POST", "application/json", good, "", 401},
		"old":            {"POST", "application/json", good, bureau.Sign(key, time.Now().Add(-6*time.Minute), []byte(good)), 401},
		"signed rubbish": {"POST", "application/json", good[:40], bureau.Sign(key, time.Now(), []byte(good[:40])), 400},
		"too large":      {"POST", "application/json", strings.Repeat(" ", bureau.MaxReceiptsBody+1), "", 413},
	} {
		r := httptest.NewRequest(c.method, bureau.ReceiptsPath, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		r.Header.Set(bureau.SignatureHeader, c.signature)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		problem := w.Header().Get("Content-Type") == "application/problem+json"
		if w.Code != c.want || problem != (c.want != 200) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	slices.Sort(p.why)
	if want := []string{"malformed", "media_type", "method", "signature_expired", "signature_missing", "too_large"}; !slices.Equal(p.why, want) {
		t.Errorf("refused messages were noted as %q, want %q", p.why, want)
	}
	p.fail = 1
	r := httptest.NewRequest(http.MethodPost, bureau.ReceiptsPath, strings.NewReader(good))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(bureau.SignatureHeader, bureau.Sign(key, time.Now(), []byte(good)))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "db.") {
		t.Errorf("our own trouble: %d %s", w.Code, w.Body)
	}
}

func remote(r *http.Request) string { return r.RemoteAddr }

// Unsigned messages are noted only so often: each note is a write. The bureau itself is heard all the same.
func TestRefusedMessagesAreLimited(t *testing.T) {
	key, trust := newKey(2)
	p := &product{t: t, known: map[string]bool{"c": true}, seen: map[string]bool{}}
	h := bureau.Receipts(trust, p.receive, p.refused, remote, slog.New(slog.DiscardHandler))
	const good = `[{"id":"r-1","batch":"b","card_id":"c","kind":"dispatched","at":"2026-11-20T09:12:00Z"}]`
	send := func(from, signature string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, bureau.ReceiptsPath, strings.NewReader(good))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(bureau.SignatureHeader, signature)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	var last *httptest.ResponseRecorder
	for range 200 {
		last = send("192.0.2.1", "")
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") == "" || !strings.Contains(last.Body.String(), `"busy"`) {
		t.Errorf("%d, again after %q: %s", last.Code, last.Header().Get("Retry-After"), last.Body)
	}
	if len(p.why) < 10 || len(p.why) > 50 {
		t.Errorf("%d of 200 were noted", len(p.why))
	}
	if w := send("192.0.2.2", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("another address: %d", w.Code)
	}
	if w := send("192.0.2.1", bureau.Sign(key, time.Now(), []byte(good))); w.Code != http.StatusOK {
		t.Errorf("the bureau from the same address: %d %s", w.Code, w.Body)
	}
}
