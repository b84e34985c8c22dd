package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Program is a signed-in person's browser without a screen, as a Program
// outside the repository would write it from docs/dev-json.md.
type Program struct {
	S       *Sandbox
	Who     Person
	Cookies map[string]string
	client  *http.Client
}

// SignIn signs a person of the cast in through the world.
func (s *Sandbox) SignIn(id string) *Program {
	s.T.Helper()
	p := &Program{S: s, Who: s.Person(id), client: &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var out struct{ Cookies map[string]string }
	s.Call("POST", s.World.Program+"/signin", map[string]any{"person": id, "next": "/me"}, &out)
	p.Cookies = out.Cookies
	return p
}

// Call posts JSON and reads JSON; anything but a 2xx fails the test.
func (s *Sandbox) Call(method, url string, in, out any) {
	s.T.Helper()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			s.T.Fatal(err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		s.T.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.T.Fatal(err)
	}
	if res.StatusCode >= 300 {
		s.T.Fatalf("%s %s: %s\n%s", method, url, res.Status, data)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			s.T.Fatalf("%s %s: %v\n%s", method, url, err, data)
		}
	}
}

// Answer is what a request got.
type Answer struct {
	Status   int
	Location string
	Header   http.Header
	Body     string
}

func (p *Program) Do(req *http.Request) Answer {
	p.S.T.Helper()
	var jar []string
	for k, v := range p.Cookies {
		jar = append(jar, k+"="+v)
	}
	req.Header.Set("Cookie", strings.Join(jar, "; "))
	res, err := p.client.Do(req)
	if err != nil {
		p.S.T.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.S.T.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(p.Cookies, c.Name)
		} else {
			p.Cookies[c.Name] = c.Value
		}
	}
	return Answer{Status: res.StatusCode, Location: res.Header.Get("Location"), Header: res.Header, Body: string(body)}
}

func (p *Program) URL(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return p.S.Product.URL + path
}

func (p *Program) Try(method, path string, form url.Values) Answer {
	p.S.T.Helper()
	req, err := http.NewRequest(method, p.URL(path), strings.NewReader(form.Encode()))
	if err != nil {
		p.S.T.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.Do(req)
}

// Get opens a page and follows redirects; anything but 200 fails the test.
func (p *Program) Get(path string) Answer {
	p.S.T.Helper()
	for range 5 {
		a := p.Try("GET", path, nil)
		switch a.Status {
		case http.StatusOK:
			return a
		case http.StatusSeeOther:
			path = a.Location
		default:
			p.S.T.Fatalf("%s: GET %s: %d\n%s", p.Who.ID, path, a.Status, Text(a.Body))
		}
	}
	p.S.T.Fatalf("GET %s: too many redirects", path)
	return Answer{}
}

// Post sends a form and answers where it led; anything but 303 fails the test.
func (p *Program) Post(path string, form url.Values) string {
	p.S.T.Helper()
	a := p.Try("POST", path, form)
	if a.Status != http.StatusSeeOther {
		p.S.T.Fatalf("%s: POST %s: %d\n%s", p.Who.ID, path, a.Status, Text(a.Body))
	}
	return a.Location
}

// Upload sends a form with a file.
func (p *Program) Upload(path, field string, file []byte, form url.Values) Answer {
	p.S.T.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, vs := range form {
		for _, v := range vs {
			_ = w.WriteField(k, v)
		}
	}
	part, err := w.CreateFormFile(field, "picture.jpg")
	if err != nil {
		p.S.T.Fatal(err)
	}
	_, _ = part.Write(file)
	_ = w.Close()
	req, err := http.NewRequest("POST", p.URL(path), &body)
	if err != nil {
		p.S.T.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return p.Do(req)
}

// Identify lets the person's phone approve what /eid/… asks for, and answers
// where that led.
func (p *Program) Identify(page string) string {
	p.S.T.Helper()
	var out struct {
		Cookies  map[string]string
		Location string
	}
	p.S.Call("POST", p.S.World.Program+"/identify", map[string]any{"person": p.Who.ID, "page": page, "cookies": p.Cookies}, &out)
	p.Cookies = out.Cookies
	return out.Location
}

var revision = regexp.MustCompile(`name="revision" value="(\d+)"`)

// Revision is the one that a page's forms carry.
func (p *Program) Revision(a Answer) string {
	p.S.T.Helper()
	m := revision.FindStringSubmatch(a.Body)
	if m == nil {
		p.S.T.Fatalf("no revision on the page:\n%s", Text(a.Body))
	}
	return m[1]
}

// Find is the first thing on the page that matches the pattern's group.
func (p *Program) Find(a Answer, pattern string) string {
	p.S.T.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(a.Body)
	if m == nil {
		p.S.T.Fatalf("nothing on the page matches %s:\n%s", pattern, Text(a.Body))
	}
	return html.UnescapeString(m[1])
}

var tags = regexp.MustCompile(`(?s)<(script|style|svg)\b.*?</(script|style|svg)>|<[^>]*>`)

// Text is what a person would read of a page.
func Text(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(page, " "))), " ")
}

// Mail waits for a Mail to the person whose text matches, and answers the link in it.
func (s *Sandbox) Mail(to, pattern string) string {
	s.T.Helper()
	re := regexp.MustCompile(pattern)
	var link string
	s.Wait("a mail to "+to+" with "+pattern, func() bool {
		var mails []struct {
			Text  string
			Links []struct{ URL string }
		}
		s.Call("GET", s.World.Mail+"/_sim/mails?to="+url.QueryEscape(to), nil, &mails)
		for _, m := range mails {
			for _, l := range m.Links {
				if re.MatchString(l.URL) {
					link = l.URL
				}
			}
		}
		return link != ""
	})
	return link
}

// Wait asks again until the condition holds, for a minute: a mail that a
// reviewer may still undo waits for half of one.
func (s *Sandbox) Wait(what string, ok func() bool) {
	s.T.Helper()
	s.WaitFor(what, time.Minute, ok)
}

// WaitFor is Wait with another limit.
func (s *Sandbox) WaitFor(what string, limit time.Duration, ok func() bool) {
	s.T.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(150 * time.Millisecond) {
		if ok() {
			return
		}
	}
	s.T.Fatalf("waited in vain for %s", what)
}

// Verdict is what the reader API says.
type Verdict struct {
	CardNumber string `json:"card_number"`
	Valid      bool   `json:"valid"`
	Reason     string `json:"reason"`
	ValidUntil string `json:"valid_until"`
}

func (s *Sandbox) Check(number string) Verdict {
	s.T.Helper()
	req, err := http.NewRequest("GET", strings.Replace(s.Reader.URL, "{number}", number, 1), nil)
	if err != nil {
		s.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Reader.Key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	var v Verdict
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != http.StatusOK {
		s.T.Fatalf("check of %s: %s, %v", number, res.Status, err)
	}
	return v
}

func (s *Sandbox) Portrait(id string) []byte {
	s.T.Helper()
	if s.Photo != nil {
		return s.Photo
	}
	res, err := http.Get(s.Person(id).Portrait)
	if err != nil {
		s.T.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.T.Fatal(fmt.Errorf("portrait of %s: %s, %v", id, res.Status, err))
	}
	return data
}
