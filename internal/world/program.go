package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/cast"
)

// errNotSignedIn is what a program is told when the pages didn't lead where
// they should have.
var errNotSignedIn = errors.New("the sign-in did not end in a session")

// program is a browser without a screen: it keeps every cookie, also those that
// are Secure, and follows no redirect by itself.
type program struct {
	base    string
	host    string // name that the pages are asked for by, where it is another than base's
	agent   string
	client  *http.Client
	cookies map[string]string
}

func newProgram(base string, cookies map[string]string) *program {
	p := &program{base: base, agent: "kortverk-world", cookies: map[string]string{}, client: &http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for k, v := range cookies {
		p.cookies[k] = v
	}
	return p
}

// header is what the cookies look like in a Cookie header.
func (p *program) header() string {
	var parts []string
	for k, v := range p.cookies {
		parts = append(parts, k+"="+v)
	}
	return strings.Join(parts, "; ")
}

// do sends a form, or asks for a page, and answers status, Location and the page.
func (p *program) do(ctx context.Context, method, path string, form url.Values) (int, string, string, error) {
	kind := ""
	if form != nil {
		kind = "application/x-www-form-urlencoded"
	}
	return p.send(ctx, method, path, kind, strings.NewReader(form.Encode()))
}

func (p *program) send(ctx context.Context, method, path, kind string, content io.Reader) (int, string, string, error) {
	target := path
	if !strings.HasPrefix(path, "http://") && !strings.HasPrefix(path, "https://") {
		target = p.base + path
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return 0, "", "", err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Cookie", p.header())
	req.Header.Set("User-Agent", p.agent)
	if target != path && p.host != "" {
		req.Host = p.host
	}
	res, err := p.client.Do(req)
	if err != nil {
		return 0, "", "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			delete(p.cookies, c.Name)
		} else {
			p.cookies[c.Name] = c.Value
		}
	}
	return res.StatusCode, res.Header.Get("Location"), string(body), err
}

// signIn walks the sign-in as a browser would, with the person's phone beside it.
func (w *World) signIn(ctx context.Context, who cast.Person, next string) (*program, string, error) {
	p := newProgram(w.product(), nil)
	where, err := w.signInWith(ctx, p, who, next)
	return p, where, err
}

// signInWith does it in a browser that is there already, and answers where it led.
func (w *World) signInWith(ctx context.Context, p *program, who cast.Person, next string) (string, error) {
	if _, _, _, err := p.do(ctx, "GET", "/signin?next="+url.QueryEscape(next), nil); err != nil {
		return "", err
	}
	status, where, _, err := p.do(ctx, "POST", "/signin/bankid", url.Values{"next": {next}})
	if err != nil {
		return "", err
	}
	if status != http.StatusSeeOther {
		return "", fmt.Errorf("%w: POST /signin/bankid answered %d", errNotSignedIn, status)
	}
	return w.identify(ctx, p, where, who)
}

var autostart = regexp.MustCompile(`data-autostart="([^"]+)"`)

// identify opens the page of an eID transaction, lets the person's phone
// approve it, and waits until the page leads on. It answers where to.
func (w *World) identify(ctx context.Context, p *program, page string, who cast.Person) (string, error) {
	_, _, body, err := p.do(ctx, "GET", page, nil)
	if err != nil {
		return "", err
	}
	m := autostart.FindStringSubmatch(body)
	if m == nil {
		return "", fmt.Errorf("%w: %s shows nothing to open the app with", errNotSignedIn, page)
	}
	if err := w.approve(ctx, m[1], who.ID); err != nil {
		return "", err
	}
	for range 60 {
		status, where, _, err := p.do(ctx, "GET", page, nil)
		switch {
		case err != nil:
			return "", err
		case status == http.StatusSeeOther:
			return where, nil
		case status >= 400:
			return "", fmt.Errorf("%w: %s answered %d", errNotSignedIn, page, status)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	return "", fmt.Errorf("%w: %s never led on", errNotSignedIn, page)
}

// programSignIn answers POST /program/signin {"person","next"} with the cookies
// of a session that the person has signed in to.
func (w *World) programSignIn(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Person string `json:"person"`
		Next   string `json:"next"`
	}
	who, ok := readPerson(rw, r, &in, func() string { return in.Person })
	if !ok {
		return
	}
	if in.Next == "" {
		in.Next = "/"
	}
	p, where, err := w.signIn(r.Context(), who, in.Next)
	if err != nil {
		problem(rw, http.StatusBadGateway, "The sign-in did not go through: "+err.Error())
		return
	}
	writeJSON(rw, map[string]any{"cookies": p.cookies, "cookie_header": p.header(), "location": where})
}

// programIdentify answers POST /program/identify {"person","page","cookies"}:
// the person's phone approves what the page /eid/… asks for (a signature or a
// fresh identification), and the page's onward address and new cookies come back.
func (w *World) programIdentify(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Person  string            `json:"person"`
		Page    string            `json:"page"`
		Cookies map[string]string `json:"cookies"`
	}
	who, ok := readPerson(rw, r, &in, func() string { return in.Person })
	if !ok {
		return
	}
	if !strings.HasPrefix(in.Page, "/eid/") {
		problem(rw, http.StatusUnprocessableEntity, `"page" must be the path /eid/… that the product redirected to`)
		return
	}
	p := newProgram(w.product(), in.Cookies)
	where, err := w.identify(r.Context(), p, in.Page, who)
	if err != nil {
		problem(rw, http.StatusBadGateway, "The eID did not go through: "+err.Error())
		return
	}
	writeJSON(rw, map[string]any{"cookies": p.cookies, "cookie_header": p.header(), "location": where})
}

// readPerson decodes the body and finds the person of the cast that it names.
func readPerson(rw http.ResponseWriter, r *http.Request, in any, id func() string) (cast.Person, bool) {
	if err := json.NewDecoder(http.MaxBytesReader(rw, r.Body, 64<<10)).Decode(in); err != nil {
		problem(rw, http.StatusBadRequest, "The body is not the JSON that docs/dev-json.md describes.")
		return cast.Person{}, false
	}
	who, ok := cast.ByID(id())
	if !ok {
		problem(rw, http.StatusUnprocessableEntity, `"person" is not one of the cast; dev.json lists them`)
	}
	return who, ok
}

func writeJSON(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(rw).Encode(v)
}

// problem is an RFC 9457 answer.
func problem(rw http.ResponseWriter, status int, detail string) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}
