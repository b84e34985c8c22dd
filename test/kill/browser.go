package kill

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

var (
	errBroken = errors.New("the connection broke")
	errLate   = errors.New("there was no time left")
)

// browser is a person's browser without a screen. Unlike the harness's it outlives the product.
type browser struct {
	town *town
	who  harness.Person

	signing sync.Mutex // one signs in again, the others wait
	mu      sync.Mutex
	cookies map[string]string
}

// page is an answer.
type page struct {
	status   int
	location string
	header   http.Header
	body     string
}

// once sends a request once. The error is errBroken when it isn't known what became of it.
func (b *browser) once(method, path, contentType string, body []byte) (page, error) {
	req, err := http.NewRequestWithContext(b.town.ctx, method, b.town.url(path), bytes.NewReader(body))
	if err != nil {
		return page{}, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	jar := b.jar()
	req.Header.Set("Cookie", jar)
	res, err := b.town.client.Do(req)
	if err != nil {
		return page{}, fmt.Errorf("%w: %s %s: %w", errBroken, method, path, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return page{}, fmt.Errorf("%w: %s %s: %w", errBroken, method, path, err)
	}
	b.mu.Lock()
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	b.mu.Unlock()
	if res.StatusCode >= 500 && res.StatusCode != http.StatusServiceUnavailable {
		b.town.complain("%s: %s %s answered %d: %s", b.who.ID, method, path, res.StatusCode, harness.Text(string(data)))
	}
	p := page{res.StatusCode, res.Header.Get("Location"), res.Header, string(data)}
	if p.status == http.StatusSeeOther && strings.HasPrefix(p.location, "/signin") {
		b.signInAgain(jar)
		return page{}, fmt.Errorf("%w: %s %s: signed out", errBroken, method, path)
	}
	return p, nil
}

func (b *browser) jar() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var jar []string
	for name, value := range maps.All(b.cookies) {
		jar = append(jar, name+"="+value)
	}
	slices.Sort(jar)
	return strings.Join(jar, "; ")
}

// signInAgain opens a session, unless somebody has done so since the cookies were these: the answer that brings a new cookie
// can get lost like any other. The world may be too slow for its own patience, so it is asked until it succeeds.
func (b *browser) signInAgain(jar string) {
	b.signing.Lock()
	defer b.signing.Unlock()
	for tries := 0; b.jar() == jar && b.town.ctx.Err() == nil; tries++ {
		n, err := b.town.signIn(b.who)
		if err != nil {
			if tries == 50 {
				b.town.complain("%s can't sign in: %v", b.who.ID, err)
			}
			b.town.pause(300 * time.Millisecond)
			continue
		}
		b.mu.Lock()
		maps.Copy(b.cookies, n.cookies)
		b.mu.Unlock()
	}
}

// get opens a page, however long the product is away. It follows no redirect.
func (b *browser) get(path string) (page, error) {
	for b.town.ctx.Err() == nil {
		p, err := b.once("GET", path, "", nil)
		if err == nil && p.status < 500 && p.status != http.StatusTooManyRequests {
			return p, nil
		}
		if err != nil && !errors.Is(err, errBroken) {
			return page{}, err
		}
		b.town.pause(100 * time.Millisecond)
	}
	return page{}, errLate
}

// post sends a form once.
func (b *browser) post(path string, form url.Values) (page, error) {
	return b.once("POST", path, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// upload sends a form with a picture once.
func (b *browser) upload(path string, form url.Values, picture []byte) (page, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name := range form {
		_ = w.WriteField(name, form.Get(name))
	}
	part, err := w.CreateFormFile("photo", "picture.jpg")
	if err == nil {
		_, err = part.Write(picture)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return page{}, err
	}
	return b.once("POST", path, w.FormDataContentType(), body.Bytes())
}

// fill fills in the form of a page and sends it, until the page leads on: for steps that may be done twice. fields may be
// chosen by what the page shows.
func (b *browser) fill(path string, send func(p page, form url.Values) (page, error)) (next string, err error) {
	var last page
	for range 30 {
		p, err := b.get(path)
		if err != nil {
			return "", err
		}
		if p.status == http.StatusSeeOther { // it is past that step
			return p.location, nil
		}
		if p.status != http.StatusOK {
			return "", p.unexpected("GET", path)
		}
		last, err = send(p, url.Values{"revision": {p.find(revision)}})
		switch {
		case errors.Is(err, errBroken):
		case err != nil:
			return "", err
		case last.status == http.StatusSeeOther:
			return last.location, nil
		case last.status < 500 && last.status != http.StatusConflict && last.status != http.StatusTooManyRequests:
			return "", last.unexpected("POST", path)
		}
		b.town.pause(100 * time.Millisecond)
	}
	return "", last.unexpected("POST", path)
}

var (
	revision  = regexp.MustCompile(`name="revision" value="(\d+)"`)
	autostart = regexp.MustCompile(`data-autostart="([^"]+)"`)
	address   = regexp.MustCompile(`name="address" value="([0-9a-f-]{36})"`)
	pinDigits = regexp.MustCompile(`data-kv-hide[\s\S]*?PIN[^:<]*: ((?:\d ){3}\d)`)
	cardLink  = regexp.MustCompile(`/cards/([A-Z]{2}-\d{4}-\d{6})"`)
)

func (p page) find(re *regexp.Regexp) string {
	if m := re.FindStringSubmatch(p.body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

func (p page) unexpected(method, path string) error {
	return fmt.Errorf("%s %s: %d %s: %s", method, path, p.status, p.location, harness.Text(p.body))
}

// identify lets the person's phone approve what the page /eid/… asks for, and answers where that led: "" when it led nowhere,
// since the provider's answer got lost with the process that had asked for it.
func (b *browser) identify(path string) (next string, err error) {
	for began := time.Now(); time.Since(began) < 30*time.Second; b.town.pause(200 * time.Millisecond) {
		p, err := b.get(path)
		switch {
		case err != nil:
			return "", err
		case p.status == http.StatusSeeOther:
			return p.location, nil
		case p.status != http.StatusOK: // refused: begin again
			return "", nil
		}
		if token := p.find(autostart); token != "" {
			// An error says that the phone has done so already.
			_ = b.town.call("POST", b.town.s.World.Phone+"/_sim/orders/"+token+"/approve", map[string]string{"persona": b.who.ID}, nil)
			continue
		}
		state, err := b.get(path + "/state")
		if err != nil {
			return "", err
		}
		if state.header.Get("Kv-Location") == "" {
			continue
		}
		if p, err = b.get(path); err != nil || p.status != http.StatusSeeOther {
			return "", err
		}
		return p.location, nil
	}
	return "", nil
}

// call speaks JSON with the world.
func (t *town) call(method, address string, in, out any) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, address, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := t.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err = io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, address, res.Status, data)
	}
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(data, out)
}

// signIn opens a session through the world.
func (t *town) signIn(who harness.Person) (*browser, error) {
	var out struct{ Cookies map[string]string }
	err := t.call("POST", t.s.World.Program+"/signin", map[string]any{"person": who.ID, "next": "/me"}, &out)
	return &browser{town: t, who: who, cookies: out.Cookies}, err
}

// pause waits, shorter when everything ends.
func (t *town) pause(d time.Duration) {
	select {
	case <-t.ctx.Done():
	case <-time.After(d):
	}
}
