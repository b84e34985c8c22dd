package readerapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/card/cardtest"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/internal/readerapi"
)

func ask(t *testing.T, h http.Handler, method, path, authorization string) (*http.Response, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Errorf("%s %s: %q isn't JSON: %v", method, path, w.Body, err)
	}
	return w.Result(), body
}

// Rows: 54
func TestAnswers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		service := check.New(d)
		reader, key, err := service.CreateKey(t.Context(), k.Officer, "Grind 2")
		if err != nil {
			t.Fatal(err)
		}
		h := readerapi.New(service, readerapi.Config{}, dbtest.Log(t))
		holder := k.Holder(t, "Sara", "Ekdahl")
		c, _ := k.Active(t, holder)
		at := "/reader/v1/cards/" + string(c.Number)

		res, body := ask(t, h, "GET", at, "Bearer "+key)
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Cache-Control") != "no-store" {
			t.Error(res.Status, res.Header)
		}
		asOf, err := time.Parse(time.RFC3339Nano, body["as_of"].(string))
		if err != nil || time.Since(asOf) > time.Minute {
			t.Error(body["as_of"], err)
		}
		delete(body, "as_of")
		same(t, body, map[string]any{"card_number": string(c.Number), "card_type": "standard", "valid": true, "reason": "ok", "valid_until": c.ValidUntil.String()})

		if _, err := k.Cards.Block(t.Context(), holder.Actor, c.ID, c.Revision, card.ReasonLost, ""); err != nil {
			t.Fatal(err)
		}
		_, body = ask(t, h, "GET", at, "bearer "+key)
		if body["valid"] != false || body["reason"] != "blocked" {
			t.Error(body)
		}
		res, body = ask(t, h, "GET", "/reader/v1/cards/bb1234567897", "Bearer "+key)
		delete(body, "as_of")
		if res.StatusCode != 200 {
			t.Error(res.Status)
		}
		same(t, body, map[string]any{"card_number": "BB-1234-567897", "card_type": nil, "valid": false, "reason": "unknown", "valid_until": nil})

		for _, c := range []struct {
			method, path, key string
			status            int
			code              string
		}{
			{"GET", "/reader/v1/cards/BB-1234-567896", "Bearer " + key, 422, "card.number_malformed"},
			{"GET", "/reader/v1/cards/%20", "Bearer " + key, 422, "card.number_malformed"},
			{"GET", at, "", 401, "check.key_wrong"},
			{"GET", at, "Bearer kvr_WRONG", 401, "check.key_wrong"},
			{"GET", at, "Basic " + key, 401, "check.key_wrong"},
			{"GET", "/reader/v1/cards/BB-1234-567896", "Bearer nothing", 401, "check.key_wrong"},
			{"GET", "/reader/v1/cards", "Bearer " + key, 404, "readerapi.no_such_resource"},
			{"POST", at, "Bearer " + key, 404, "readerapi.no_such_resource"},
		} {
			res, body := ask(t, h, c.method, c.path, c.key)
			if res.StatusCode != c.status || body["code"] != c.code || res.Header.Get("Content-Type") != "application/problem+json" || body["status"] != float64(c.status) {
				t.Errorf("%s %s: %s %v", c.method, c.path, res.Status, body)
			}
			if c.status == 401 && res.Header.Get("WWW-Authenticate") == "" {
				t.Error("401 without a challenge")
			}
		}
		if err := service.RevokeKey(t.Context(), k.Officer, reader.ID); err != nil {
			t.Fatal(err)
		}
		if res, _ := ask(t, h, "GET", at, "Bearer "+key); res.StatusCode != 401 {
			t.Error("a revoked key works:", res.Status)
		}
	})
}

func same(t *testing.T, got, want map[string]any) {
	t.Helper()
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(want)
	if string(a) != string(b) {
		t.Errorf("got %s, expected %s", a, b)
	}
}

func TestLimits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := cardtest.New(t, d)
		service := check.New(d)
		_, key, err := service.CreateKey(t.Context(), k.Officer, "Grind 2")
		if err != nil {
			t.Fatal(err)
		}
		h := readerapi.New(service, readerapi.Config{PerMinute: 3, WrongKeys: 2}, dbtest.Log(t))
		const at = "/reader/v1/cards/BB-1234-567897"
		for i, want := range []int{401, 401, 429} {
			if res, _ := ask(t, h, "GET", at, "Bearer wrong"); res.StatusCode != want {
				t.Error(i, res.Status)
			}
		}
		// The right key behind the same address goes on working, up to its own limit.
		for i, want := range []int{200, 200, 200, 429} {
			res, body := ask(t, h, "GET", at, "Bearer "+key)
			if res.StatusCode != want {
				t.Error(i, res.Status)
			}
			if want == 429 && (res.Header.Get("Retry-After") == "" || body["code"] != "readerapi.too_many") {
				t.Error(res.Header, body)
			}
		}
	})
}
