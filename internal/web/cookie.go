package web

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// The cookies.
const (
	sessionCookie = "__Host-sid"
	browserCookie = "__Host-browser"
	flashCookie   = "__Host-flash"
	langCookie    = "__Host-lang"
	themeCookie   = "__Host-theme"
)

const year = 365 * 24 * time.Hour

func (v *Visit) setCookie(name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	switch {
	case life > 0:
		c.MaxAge = int(life.Seconds())
	case life < 0:
		c.MaxAge = -1
	}
	http.SetCookie(v.W, c)
}

func (v *Visit) cookie(name string) string {
	c, err := v.R.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// SetSession gives the browser the session's token, until the browser is closed.
func (v *Visit) SetSession(token string) { v.setCookie(sessionCookie, token, 0) }

// EndSession takes the session's token from the browser.
func (v *Visit) EndSession() { v.setCookie(sessionCookie, "", -1) }

// Token is the value of the session's cookie, for the use cases that end or renew it. Never log it.
func (v *Visit) Token() string { return v.cookie(sessionCookie) }

// Browser is the secret of this browser, made when it is first needed. It binds an eID transaction to the
// browser that started it. It must be called before anything is rendered.
func (v *Visit) Browser() string {
	if v.browser != "" {
		return v.browser
	}
	if known := v.cookie(browserCookie); len(known) >= 43 && len(known) <= 64 {
		v.browser = known
		return known
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	v.browser = base64.RawURLEncoding.EncodeToString(secret)
	v.setCookie(browserCookie, v.browser, year)
	return v.browser
}

// flash is a message for the next page. It holds a key and what fills it in, so that what the browser
// brings back can say nothing that the catalogue doesn't.
type flash struct {
	Tone   ui.Tone `json:"t"`
	Key    string  `json:"k"`
	Args   []any   `json:"a,omitempty"`
	Action string  `json:"u,omitempty"`
	Verb   string  `json:"v,omitempty"`
}

// maxFlash is the room that browsers leave for a cookie, with a margin.
const maxFlash = 3000

func (v *Visit) keep(f flash) {
	v.flashes = append(v.flashes, f)
	raw, err := json.Marshal(v.flashes)
	if err != nil {
		v.engine.cfg.Log.Error("flash cannot be kept", "key", f.Key, "error", err)
		return
	}
	if value := base64.RawURLEncoding.EncodeToString(raw); len(value) <= maxFlash {
		v.setCookie(flashCookie, value, time.Minute)
	}
}

// takeFlash reads the messages for this page and removes them from the browser.
func (v *Visit) takeFlash() []ui.Flash {
	value := v.cookie(flashCookie)
	if value == "" {
		return nil
	}
	v.setCookie(flashCookie, "", -1)
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(value) > maxFlash {
		return nil
	}
	var kept []flash
	if json.Unmarshal(raw, &kept) != nil {
		return nil
	}
	var out []ui.Flash
	for _, f := range kept {
		if !v.T.Has(f.Key) || f.Verb != "" && !v.T.Has(f.Verb) {
			continue // not ours, or from another version
		}
		shown := ui.Flash{Tone: f.Tone, Text: v.T.T(f.Key, f.args()...)}
		if v.T.Has(f.Key + ".note") {
			shown.Note = v.T.T(f.Key+".note", f.args()...)
		}
		if f.Action != "" && f.Verb != "" {
			shown.Action, shown.Verb = localPath(f.Action), v.T.T(f.Verb)
		}
		out = append(out, shown)
	}
	return out
}

// args turns the numbers that JSON made floating into whole ones again.
func (f flash) args() []any {
	out := make([]any, len(f.Args))
	for i, a := range f.Args {
		if n, ok := a.(float64); ok {
			out[i] = int(n)
			continue
		}
		out[i] = a
	}
	return out
}

// lang is the visitor's language: chosen, else the account's, else the browser's.
func (v *Visit) pickLang() i18n.Lang {
	chosen := v.cookie(langCookie)
	if !i18n.Lang(chosen).Valid() && v.Session != nil {
		chosen = string(v.Session.Lang)
	}
	return i18n.Pick(chosen, v.R.Header.Get("Accept-Language"))
}

// Speak sets the language of the pages, unless the visitor has chosen one.
func (v *Visit) Speak(l i18n.Lang) {
	if !l.Valid() || i18n.Lang(v.cookie(langCookie)).Valid() {
		return
	}
	v.setCookie(langCookie, string(l), year)
	v.Lang, v.T = l, i18n.For(l)
}

func setLanguage(v *Visit) error {
	if l := i18n.Lang(v.Text("lang")); l.Valid() {
		v.setCookie(langCookie, string(l), year)
	}
	return v.Redirect(localPath(v.Text("next")))
}

func setTheme(v *Visit) error {
	switch choice := v.Text("theme"); choice {
	case "light", "dark":
		v.setCookie(themeCookie, choice, year)
	default:
		v.setCookie(themeCookie, "", -1)
	}
	return v.Redirect(localPath(v.Text("next")))
}
