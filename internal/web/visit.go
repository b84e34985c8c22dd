package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// Visit is one request, with everything that a handler asks about it.
type Visit struct {
	W       http.ResponseWriter
	R       *http.Request
	T       *i18n.Texts
	Lang    i18n.Lang
	Session *account.Session // nil when nobody is signed in
	Company company.Company  // of the path, on routes with a company's right
	Actor   actor.Actor      // who acts, in the role that the route asks for
	Now     time.Time        // business time
	IP      string

	engine   *Engine
	outer    http.ResponseWriter // W without the place that the visit has
	out      func()              // gives the place back
	route    Route
	browser  string
	flashes  []flash // for the next page
	form     url.Values
	formErr  error
	parsed   bool
	answered bool
}

func (e *Engine) visitor(w http.ResponseWriter, r *http.Request, route Route) *Visit {
	v := &Visit{W: w, R: r, engine: e, outer: w, out: func() {}, route: route, Now: e.cfg.Clock.Now(), IP: e.IP(r)}
	v.Lang = v.pickLang()
	v.T = i18n.For(v.Lang)
	v.Actor = actor.Actor{IP: v.IP}
	return v
}

// enter finds the session and asks the right.
func (v *Visit) enter() error {
	if err := v.findSession(); err != nil {
		return err
	}
	v.Lang = v.pickLang()
	v.T = i18n.For(v.Lang)
	id := uuid.Nil
	if v.route.Right.NeedsCompany() {
		var err error
		if id, err = uuid.Parse(v.R.PathValue("company")); err != nil {
			return errNotFound
		}
	}
	switch v.route.Right.Allows(v.Session, id) {
	case SignIn:
		return errSignedOut
	case Hidden:
		return errNotFound
	case Yes:
	}
	v.Actor = v.route.Right.actorFor(v.Session, id, v.IP)
	if id == uuid.Nil {
		return nil
	}
	c, err := v.engine.cfg.Companies.ByID(v.R.Context(), id)
	if err != nil {
		return err
	}
	v.Company = c
	return nil
}

// findSession reads the session, if the browser brings one. A session that is over is the same as none. Its cookie
// stays: it opens nothing, and taking it away from a request that is answered late would take the one that a fresh
// identification has just given.
func (v *Visit) findSession() error {
	token := v.Token()
	if token == "" {
		return nil
	}
	s, err := v.engine.cfg.Sessions.Session(v.R.Context(), token)
	switch {
	case err == nil:
		v.Session = &s
	case fault.KindOf(err) == fault.Unauthenticated:
	case v.route.Right.IsPublic():
		v.engine.cfg.Log.Warn("session cannot be read, page shown without it", "error", err)
	default:
		return err
	}
	return nil
}

// Path is a value of the pattern: v.Path("line").
func (v *Visit) Path(name string) string { return v.R.PathValue(name) }

// PathID is a value of the pattern that is an id. One that is none is not found.
func (v *Visit) PathID(name string) (uuid.UUID, error) {
	id, err := uuid.Parse(v.R.PathValue(name))
	if err != nil {
		return uuid.Nil, errNotFound
	}
	return id, nil
}

// Query is a value of the address, trimmed. Personal data never stands there.
func (v *Visit) Query(name string) string {
	return strings.TrimSpace(plain(v.R.URL.Query().Get(name)))
}

// Text is a value of the form, trimmed.
func (v *Visit) Text(name string) string { return strings.TrimSpace(v.values().Get(name)) }

// Texts are all values of the form with the name, trimmed: ticked boxes.
func (v *Visit) Texts(name string) []string {
	var out []string
	for _, s := range v.values()[name] {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

// Bool reports whether a box was ticked.
func (v *Visit) Bool(name string) bool { return v.Text(name) != "" }

// Form is what was typed, for showing it again.
func (v *Visit) Form() ui.Form { return ui.Form{Values: v.values()} }

// Sent is the error of reading the form, for handlers that act on what is missing.
func (v *Visit) Sent() error {
	v.values()
	return v.formErr
}

// values parses the form once. One that is too large is remembered, and the answer says so.
func (v *Visit) values() url.Values {
	if v.parsed {
		return v.form
	}
	v.parsed, v.form = true, url.Values{}
	kind, _, _ := mime.ParseMediaType(v.R.Header.Get("Content-Type"))
	var err error
	if kind == "multipart/form-data" {
		err = v.R.ParseMultipartForm(1 << 20)
	} else {
		err = v.R.ParseForm()
	}
	if err != nil {
		v.formErr = formError(err)
		return v.form
	}
	v.form = v.R.PostForm
	if v.R.MultipartForm != nil && len(v.form) == 0 {
		v.form = v.R.MultipartForm.Value
	}
	for _, values := range v.form {
		for i, s := range values {
			values[i] = plain(s)
		}
	}
	return v.form
}

// plain is a text that everything behind the pages can carry and show as it stands: UTF-8, no control characters but
// line ends and tabs, which PostgreSQL refuses or pages show as nothing, none that XML can't hold, and none that turn the
// direction of what follows, which make a text read otherwise than it is. In their place stands the sign for something unreadable.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r&0xFFFE == 0xFFFE:
			return utf8.RuneError
		}
		return r
	}, s)
}

// File is a file of the form: its bytes, or none when nothing was chosen. One over the limit is the
// fault web.file_too_large on its field. The name that the browser gives is never used.
func (v *Visit) File(name string, limit int64) ([]byte, error) {
	v.values()
	if v.formErr != nil {
		return nil, v.formErr
	}
	f, head, err := v.R.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, formError(err)
	}
	defer f.Close()
	if head.Size > limit {
		return nil, fault.New(fault.Invalid, "web.file_too_large", "limit", megabytes(limit)).On(name)
	}
	return io.ReadAll(io.LimitReader(f, limit))
}

// Render answers with a page.
func (v *Visit) Render(c templ.Component) error { return v.RenderStatus(http.StatusOK, c) }

// Invalid answers with a form that has something to correct. One that couldn't be read looks empty, and what is missing
// in it is no news: then the answer is why.
func (v *Visit) Invalid(c templ.Component) error {
	if v.formErr != nil {
		return v.formErr
	}
	return v.RenderStatus(http.StatusUnprocessableEntity, c)
}

// RenderStatus answers with a page and a status. The page is made whole before anything is sent, so
// that a mistake in it becomes an error page and not half a page.
func (v *Visit) RenderStatus(status int, c templ.Component) error {
	var page bytes.Buffer
	if err := c.Render(ui.With(v.R.Context(), v.frame()), &page); err != nil {
		return err
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(v.Lang))
	v.cacheable(h)
	v.answered = true
	v.W.WriteHeader(status)
	if v.R.Method != http.MethodHead {
		_, _ = v.W.Write(page.Bytes()) // a browser that went away needs no answer
	}
	return nil
}

// Bytes answers with a picture or a file of a known type. Nobody but this browser may keep it.
func (v *Visit) Bytes(mediaType string, data []byte) error {
	h := v.W.Header()
	h.Set("Content-Type", mediaType)
	v.cacheable(h)
	v.answered = true
	v.W.WriteHeader(http.StatusOK)
	if v.R.Method != http.MethodHead {
		_, _ = v.W.Write(data)
	}
	return nil
}

// Download answers with a file to save. The name is ours, never what somebody typed.
func (v *Visit) Download(name, mediaType string, data []byte) error {
	v.W.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	return v.Bytes(mediaType, data)
}

// Redirect leads to another page with a GET (303).
func (v *Visit) Redirect(path string) error {
	v.answered = true
	v.W.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.W, v.R, path, http.StatusSeeOther)
	return nil
}

// NotFound is the error of something that is not there, or not to be known.
func (v *Visit) NotFound() error { return errNotFound }

// Flash is shown on the next page: the text of key, and under it that of key + ".note" if there is one.
func (v *Visit) Flash(tone ui.Tone, key string, args ...any) {
	v.keep(flash{Tone: tone, Key: key, Args: args})
}

// FlashUndo is Flash with a button that posts to action; verb is the key of its word.
func (v *Visit) FlashUndo(tone ui.Tone, action, verb, key string, args ...any) {
	v.keep(flash{Tone: tone, Key: key, Args: args, Action: action, Verb: verb})
}

// Fresh reports whether the person identified within the last minutes, as showing a PIN asks for.
func (v *Visit) Fresh() bool { return v.Session != nil && v.Session.IsFresh(time.Now()) }

// Fragment reports whether the page's own script asks, for a part of a page.
func (v *Visit) Fragment() bool { return v.R.Header.Get("Kv-Fragment") != "" }

// Log is the log, for what a handler swallows.
func (v *Visit) Log() interface{ Warn(string, ...any) } { return v.engine.cfg.Log }

func (v *Visit) cacheable(h http.Header) {
	switch {
	case v.route.NoStore:
		h.Set("Cache-Control", "no-store")
	case h.Get("Cache-Control") == "":
		h.Set("Cache-Control", "private, no-cache")
	}
}

func (v *Visit) frame() ui.Frame {
	c := v.engine.cfg
	f := ui.Frame{Texts: v.T, Path: v.here(), Brand: c.Brand, Sandbox: c.Sandbox, World: c.World, Theme: v.cookie(themeCookie), Flash: v.takeFlash()}
	if v.Session != nil {
		f.Account = &ui.Account{Name: v.Session.Name, Places: v.places()}
	}
	return f
}

// here is where a change of language returns to: this page, or for the answer to a form the page
// that it stood on.
func (v *Visit) here() string {
	if v.R.Method == http.MethodGet || v.R.Method == http.MethodHead {
		return v.R.URL.RequestURI()
	}
	if from, err := url.Parse(v.R.Referer()); err == nil && from.Host == v.R.Host {
		return from.RequestURI()
	}
	return "/"
}

// places are where the person may go.
func (v *Visit) places() []ui.Link {
	path := v.R.URL.Path
	out := []ui.Link{{Label: v.T.T("ui.place.me"), Href: "/me", Current: path == "/me" || strings.HasPrefix(path, "/me/")}}
	for _, g := range v.Session.Companies() {
		href := "/o/" + g.Company.String()
		out = append(out, ui.Link{Label: g.CompanyName, Href: href, Current: strings.HasPrefix(path, href)})
	}
	if v.Session.Staff() {
		out = append(out, ui.Link{Label: v.T.T("ui.place.office"), Href: "/office", Current: strings.HasPrefix(path, "/office")})
	}
	return out
}

// localPath is a path on this site, or "/" when it is something else: nobody is led elsewhere.
func localPath(p string) string {
	u, err := url.Parse(p)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n") {
		return "/"
	}
	return p
}

// LocalPath is p if it is a path on this site, else "/". For "next" values that come from outside.
func LocalPath(p string) string { return localPath(p) }
