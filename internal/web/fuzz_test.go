package web

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Wherever "next" says, a browser stays on the site.
func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/", "/me?x=1#y", "//evil.example", `/\evil.example`, "https://evil.example", "javascript:x", "/\t/evil.example", "/.//evil.example", "/%2f/evil.example", "/a\r\nX: y", "", "\u2028/", "/;//x", "/..//x"} {
		f.Add(s)
	}
	at, err := url.Parse("https://kort.example/signin")
	if err != nil {
		f.Fatal(err)
	}
	// Browsers drop tabs and line ends, and read a backslash as a slash.
	browser := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/")
	f.Fuzz(func(t *testing.T, s string) {
		p := localPath(s)
		if p != "/" && p != s {
			t.Errorf("%q becomes %q", s, p)
		}
		to, err := at.Parse(browser.Replace(strings.TrimFunc(p, func(r rune) bool { return r <= ' ' })))
		if err != nil || to.Host != "kort.example" || to.Scheme != "https" || localPath(p) != p {
			t.Errorf("%q leads to %v: %v", s, to, err)
		}
		rec := httptest.NewRecorder()
		http.Redirect(rec, httptest.NewRequest(http.MethodGet, "/signin", nil), p, http.StatusSeeOther)
		got := rec.Header().Get("Location")
		if to, err := at.Parse(browser.Replace(got)); err != nil || to.Host != "kort.example" || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q redirects to %q: %v", s, got, err)
		}
	})
}

// Any text becomes one that can be stored and shown, and then stays.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"Åsa\r\n\tÖ", "\x00\x1b[31m", "\xff\xfe", "a\u202eb", "\u2066x\u2069", "\u200d😀", "\ufeff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := plain(s)
		if !utf8.ValidString(p) || plain(p) != p || len([]rune(p)) != len([]rune(s)) {
			t.Errorf("%q becomes %q", s, p)
		}
		for _, r := range p {
			if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q becomes %q", s, p)
			}
		}
	})
}

// A cookie that a browser brings back says nothing that isn't in the catalogue,
// and its button leads nowhere else.
func FuzzFlash(f *testing.F) {
	for _, s := range []string{`[{"t":1,"k":"ui.wrong.internal"}]`, `[{"k":"x"}]`, `[{"k":"ui.wrong.internal","u":"//evil.example","v":"ui.place.me"}]`, `[{"k":"ui.wrong.internal","a":["name",1e400,{}]}]`, `{}`, `[`, `[{"t":999,"k":"ui.wrong.internal","a":[1,2,3]}]`} {
		f.Add(s)
	}
	e := New(Config{})
	f.Fuzz(func(t *testing.T, s string) {
		for _, value := range []string{base64.RawURLEncoding.EncodeToString([]byte(s)), s} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.AddCookie(&http.Cookie{Name: flashCookie, Value: value})
			v := e.visitor(httptest.NewRecorder(), r, Route{})
			v.T = i18n.For(i18n.Swedish)
			for _, fl := range v.takeFlash() {
				if fl.Text == "" || fl.Action != "" && localPath(fl.Action) != fl.Action {
					t.Errorf("%s shows %+v", s, fl)
				}
			}
		}
	})
}

// Any body of any type is a form or refused as what was sent; a file is no
// longer than it may be.
func FuzzForm(f *testing.F) {
	const mark = "multipart/form-data; boundary=x"
	f.Add(mark, "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a\"\r\n\r\nabc\r\n--x--\r\n")
	f.Add(mark, "--x\r\nContent-Disposition: form-data; name=\"revision\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"../a\"\r\n\r\nabcdefghijklmnop\r\n--x--\r\n")
	f.Add("application/x-www-form-urlencoded", "revision=1&revision=2&a=%zz")
	f.Add("multipart/form-data", "--\r\n")
	f.Add("text/plain; charset=\"", "revision=1")
	e := New(Config{})
	f.Fuzz(func(t *testing.T, kind, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		v := e.visitor(httptest.NewRecorder(), r, Route{})
		data, err := v.File("photo", 8)
		if len(data) > 8 || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		if err := v.Sent(); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v", err)
		}
		for name, values := range v.values() {
			for _, s := range values {
				if s != plain(s) {
					t.Errorf("%q has %q", name, s)
				}
			}
		}
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll()
		}
	})
}
