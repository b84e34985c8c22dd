// Package simui is what the simulators' pages share: one frame, one
// stylesheet, two languages, strict headers, and the line on every page that
// says that nothing here is real. Pages work without JavaScript.
//
// A part of a page with the attribute data-live is fetched again every two
// seconds by a small script, which is how inboxes and batches are watched;
// forms stand outside of it and keep what is typed. Without scripts ?refresh=1
// loads the whole page again.
package simui

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/kortverk/kortverk/internal/i18n"
)

//go:embed layout.html
var layout string

//go:embed style.css
var style []byte

//go:embed live.js
var live []byte

const langCookie = "kv_sim_lang"

// UI renders the pages of one simulator.
type UI struct {
	Home  string // where the world's start page is; "" when there is none around the simulator
	area  string // of the texts: "smtpsim"
	pages *template.Template
}

// New parses a simulator's pages: templates that each define one page, inside
// the shared frame. area is its text area, which has area.title.
func New(area string, pages fs.FS, pattern string) *UI {
	t := template.Must(template.New("layout").Parse(layout))
	return &UI{area: area, pages: template.Must(t.ParseFS(pages, pattern))}
}

// View is what every page gets.
type View struct {
	T       *i18n.Texts
	Area    string
	Home    string
	Title   string
	Path    string
	Refresh bool
	Data    any
	Body    template.HTML // the page, inside the frame
}

// Texts is the language of a request: ?lang=, else the cookie, else the browser's.
func Texts(r *http.Request) *i18n.Texts {
	if l := i18n.Lang(r.URL.Query().Get("lang")); l.Valid() {
		return i18n.For(l)
	}
	chosen := ""
	if c, err := r.Cookie(langCookie); err == nil {
		chosen = c.Value
	}
	return i18n.For(i18n.Pick(chosen, r.Header.Get("Accept-Language")))
}

// Render answers with a page; title is shown as it is.
func (u *UI) Render(w http.ResponseWriter, r *http.Request, status int, page, title string, data any) {
	t := Texts(r)
	v := View{T: t, Area: u.area, Home: u.Home, Title: title, Path: r.URL.Path, Refresh: r.URL.Query().Get("refresh") == "1", Data: data}
	var body, whole bytes.Buffer
	err := u.pages.ExecuteTemplate(&body, page, v)
	if err == nil {
		v.Body = template.HTML(body.String()) //nolint:gosec // made by the template above, which escaped it
		err = u.pages.ExecuteTemplate(&whole, "layout", v)
	}
	if err != nil {
		http.Error(w, "the simulator's page is broken: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", string(t.Lang))
	w.WriteHeader(status)
	_, _ = w.Write(whole.Bytes()) // the browser is gone if this fails
}

// NotFound answers with the page for things that aren't there (any more).
func (u *UI) NotFound(w http.ResponseWriter, r *http.Request) {
	u.Render(w, r, http.StatusNotFound, "not_found", Texts(r).T("sim.not_found"), nil)
}

// Handler puts the stylesheet, the choice of language and the headers around
// a simulator's pages. Forms are taken from its own pages only; programs,
// which send no Origin, may call everything.
// They may be shown in frames of the given sources only.
func Handler(mux *http.ServeMux, ancestors ...string) http.Handler {
	mux.HandleFunc("GET /sim.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(style)
	})
	mux.HandleFunc("GET /sim.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(live)
	})
	framedBy := "'none'"
	if len(ancestors) > 0 {
		framedBy = strings.Join(ancestors, " ")
	}
	protected := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; object-src 'self'; frame-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors "+framedBy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if l := i18n.Lang(r.URL.Query().Get("lang")); l.Valid() {
			http.SetCookie(w, &http.Cookie{Name: langCookie, Value: string(l), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 86400})
		}
		protected.ServeHTTP(w, r)
	})
}

// JSON answers a program.
func JSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(body)
}

// Read reads a program's JSON into dest, which keeps what isn't in it; it
// answers 400 itself.
func Read(w http.ResponseWriter, r *http.Request, dest any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dest); err != nil {
		JSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return false
	}
	return true
}
