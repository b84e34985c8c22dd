package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/shed"
	"github.com/kortverk/kortverk/internal/spell"
	"github.com/kortverk/kortverk/internal/web/ui"
)

var (
	errNotFound    = fault.New(fault.NotFound, "web.not_found")
	errSignedOut   = fault.New(fault.Unauthenticated, "account.signed_out")
	errCrossOrigin = fault.New(fault.Forbidden, "web.cross_origin")
	errMethod      = fault.New(fault.Invalid, "web.method")
	errTooLarge    = fault.New(fault.Invalid, "web.too_large")
	errBadForm     = fault.New(fault.Invalid, "web.bad_form")
)

// caseNumber is what a person says on the phone, and what the log has: six letters and digits
// without those that look or sound alike.
func caseNumber() string { return spell.Code(6) }

func megabytes(n int64) string { return strconv.FormatInt(n>>20, 10) }

func formError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge.Because(err)
	}
	return errBadForm.Because(err)
}

// status of a fault.
func status(err error) int {
	if errors.Is(err, errMethod) {
		return http.StatusMethodNotAllowed
	}
	if errors.Is(err, errTooLarge) || fault.CodeOf(err) == "web.file_too_large" {
		return http.StatusRequestEntityTooLarge
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// fail answers with what went wrong.
func (v *Visit) fail(err error) {
	var full *shed.Full
	if errors.As(err, &full) {
		v.busy(full)
		return
	}
	if errors.Is(err, context.Canceled) && v.R.Context().Err() != nil {
		return // the browser went away
	}
	// A page can be written about a time that has run out.
	v.R = v.R.WithContext(context.WithoutCancel(v.R.Context()))
	if errors.Is(err, context.DeadlineExceeded) {
		err = fault.New(fault.Unavailable, "web.timeout").Because(err)
	}
	code := status(err)
	if v.answered {
		v.engine.cfg.Log.Error("handler failed after its answer", "route", v.route.Pattern, "error", err)
		return
	}
	if code == http.StatusUnauthorized && !v.Fragment() {
		v.signedOut()
		return
	}
	page := v.wrong(err, code)
	if wait := retryAfter(err); wait != "" {
		v.W.Header().Set("Retry-After", wait)
	}
	if v.Fragment() {
		v.W.Header().Set("Cache-Control", "no-store")
		http.Error(v.W, page.Title, code)
		return
	}
	v.route.NoStore = true
	if renderErr := v.RenderStatus(code, wrongPage(page)); renderErr != nil {
		v.engine.cfg.Log.Error("error page failed", "error", renderErr)
		http.Error(v.W, page.Title, code)
	}
}

// wrong is the page's words. What is not found is always told in the same words, so that nobody
// learns what there is; ours are told with a case number, and the cause goes to the log.
func (v *Visit) wrong(err error, code int) wrong {
	key := "ui.wrong." + wrongKey(err, code)
	w := wrong{Title: v.T.T(key), Text: v.T.T(key + ".text"), Home: "/", Again: v.again()}
	f, known := fault.As(err)
	if known && code != http.StatusNotFound && code != http.StatusInternalServerError && v.T.Has("error."+f.Code) {
		w.Text = v.T.Error(f)
	}
	if code == http.StatusNotFound || code == http.StatusForbidden {
		if v.Session != nil && w.Again != "" {
			w.Other = "/signin?other=1&next=" + url.QueryEscape(w.Again)
		}
		w.Again = "" // it stays as it is
	}
	if code >= http.StatusInternalServerError {
		w.Case = v.engine.cfg.Cases()
		v.engine.cfg.Log.Error("request failed", "case", w.Case, "route", v.route.Pattern, "error", err)
	}
	return w
}

func wrongKey(err error, code int) string {
	if errors.Is(err, errCrossOrigin) {
		return "cross_origin"
	}
	switch code {
	case http.StatusMethodNotAllowed:
		return "method"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusUnprocessableEntity:
		return "invalid"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusConflict:
		return "conflict"
	case http.StatusTooManyRequests:
		return "too_many"
	case http.StatusServiceUnavailable:
		return "unavailable"
	default:
		return "internal"
	}
}

// again is the page to look at anew: this one, or the one that the form stood on.
func (v *Visit) again() string {
	if here := v.here(); here != "/" {
		return here
	}
	return ""
}

func retryAfter(err error) string {
	f, ok := fault.As(err)
	switch {
	case !ok:
		return ""
	case f.Args["retry_after"] != "":
		return f.Args["retry_after"]
	case f.Kind == fault.TooMany:
		return "60"
	case f.Kind == fault.Unavailable:
		return "5"
	}
	return ""
}

// signedOut leads a GET to the sign-in page and back. A POST gets a page that keeps
// what was typed, so that nothing is lost; only something long, a picture, isn't even received from somebody unknown.
func (v *Visit) signedOut() {
	if v.R.Method == http.MethodGet || v.R.Method == http.MethodHead || (v.long() && !v.parsed) {
		_ = v.Redirect("/signin?next=" + url.QueryEscape(v.here())) // writing a redirect doesn't fail
		return
	}
	page := typed{Action: v.R.URL.RequestURI(), SignIn: "/signin?next=" + url.QueryEscape(v.here()), Values: v.values()}
	page.Files = v.R.MultipartForm != nil && len(v.R.MultipartForm.File) > 0
	v.route.NoStore = true
	if err := v.RenderStatus(http.StatusUnauthorized, typedPage(page)); err != nil {
		v.engine.cfg.Log.Error("signed-out page failed", "error", err)
		http.Error(v.W, v.T.T("ui.wrong.signed_out"), http.StatusUnauthorized)
	}
}

// aside answers what no route does, in the room of the pages.
func (e *Engine) aside(w http.ResponseWriter, r *http.Request, what func(v *Visit) error) {
	v := e.visitor(w, r, Route{Right: Public})
	defer func() { v.out() }()
	err := v.in(r.Context(), shed.Page)
	if err == nil {
		err = what(v)
	}
	v.fail(err)
}

// notRouted says what is wrong with an address or a method that is not there.
func (v *Visit) notRouted(fallback http.Handler) error {
	if err := v.findSession(); err != nil {
		v.engine.cfg.Log.Warn("session cannot be read, page shown without it", "error", err)
	}
	probe := httptest.NewRecorder() // the mux knows which methods an address has
	fallback.ServeHTTP(probe, v.R)
	if probe.Code == http.StatusMethodNotAllowed {
		v.W.Header().Set("Allow", probe.Header().Get("Allow"))
		return errMethod
	}
	return errNotFound
}

// recover turns a panic into a page with a case number, and a stack in the log.
func (e *Engine) recover(w http.ResponseWriter, r *http.Request, rec *recorder) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // the standard's own value, compared as the standard does
		panic(cause)
	}
	number := e.cfg.Cases()
	e.cfg.Log.Error("panic", "case", number, "route", rec.pattern, "panic", cause, "stack", string(debug.Stack()))
	if rec.status != 0 {
		return
	}
	v := e.visitor(w, r, Route{Right: Public, NoStore: true})
	page := wrong{Title: v.T.T("ui.wrong.internal"), Text: v.T.T("ui.wrong.internal.text"), Home: "/", Case: number}
	if err := v.RenderStatus(http.StatusInternalServerError, wrongPage(page)); err != nil {
		http.Error(w, page.Title, http.StatusInternalServerError)
	}
}

// done logs and measures a request. The log has the route, not the address: no ids, no query, nobody's data.
func (e *Engine) done(rec *recorder, r *http.Request, start time.Time) {
	took := time.Since(start)
	if rec.status == 0 {
		rec.status = 499 // nobody waited for the answer
	}
	if !rec.turnedAway { // those are counted: a line for each would cost more than the answer
		e.cfg.Log.Info("request", "method", r.Method, "route", route(rec.pattern), "status", rec.status, "bytes", rec.bytes, "took", took.Round(time.Microsecond))
	}
	if e.cfg.Observe != nil {
		e.cfg.Observe(route(rec.pattern), r.Method, rec.status, took)
	}
}

// route is the pattern without its method.
func route(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// wrong is what an error page says.
type wrong struct {
	Title, Text, Case, Home, Again string
	Other                          string // where a signed-in person can become somebody else
}

// typed is the page for somebody whose session ended while typing.
type typed struct {
	Action, SignIn string
	Values         url.Values
	Files          bool
}

func (w wrong) page() ui.Page { return ui.Page{Title: w.Title, Narrow: true} }
