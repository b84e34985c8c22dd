package e2e

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

// program is a signed-in person's browser without a screen, as a program
// outside the repository would write it from docs/dev-json.md.
type program struct {
	s       *sandbox
	who     person
	cookies map[string]string
	client  *http.Client
}

// signIn signs a person of the cast in through the world.
func (s *sandbox) signIn(id string) *program {
	s.t.Helper()
	p := &program{s: s, who: s.person(id), client: &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var out struct{ Cookies map[string]string }
	s.call("POST", s.World.Program+"/signin", map[string]any{"person": id, "next": "/me"}, &out)
	p.cookies = out.Cookies
	return p
}

// call posts JSON and reads JSON; anything but a 2xx fails the test.
func (s *sandbox) call(method, url string, in, out any) {
	s.t.Helper()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if res.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s\n%s", method, url, res.Status, data)
	}
	if out != nil {
		if err := json.Unmarshal(data, out); err != nil {
			s.t.Fatalf("%s %s: %v\n%s", method, url, err, data)
		}
	}
}

// answer is what a request got.
type answer struct {
	Status   int
	Location string
	Header   http.Header
	Body     string
}

func (p *program) do(req *http.Request) answer {
	p.s.t.Helper()
	var jar []string
	for k, v := range p.cookies {
		jar = append(jar, k+"="+v)
	}
	req.Header.Set("Cookie", strings.Join(jar, "; "))
	res, err := p.client.Do(req)
	if err != nil {
		p.s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		p.s.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.MaxAge < 0 {
			delete(p.cookies, c.Name)
		} else {
			p.cookies[c.Name] = c.Value
		}
	}
	return answer{Status: res.StatusCode, Location: res.Header.Get("Location"), Header: res.Header, Body: string(body)}
}

func (p *program) url(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return p.s.Product.URL + path
}

func (p *program) try(method, path string, form url.Values) answer {
	p.s.t.Helper()
	req, err := http.NewRequest(method, p.url(path), strings.NewReader(form.Encode()))
	if err != nil {
		p.s.t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.do(req)
}

// get opens a page and follows redirects; anything but 200 fails the test.
func (p *program) get(path string) answer {
	p.s.t.Helper()
	for range 5 {
		a := p.try("GET", path, nil)
		switch a.Status {
		case http.StatusOK:
			return a
		case http.StatusSeeOther:
			path = a.Location
		default:
			p.s.t.Fatalf("%s: GET %s: %d\n%s", p.who.ID, path, a.Status, text(a.Body))
		}
	}
	p.s.t.Fatalf("GET %s: too many redirects", path)
	return answer{}
}

// post sends a form and answers where it led; anything but 303 fails the test.
func (p *program) post(path string, form url.Values) string {
	p.s.t.Helper()
	a := p.try("POST", path, form)
	if a.Status != http.StatusSeeOther {
		p.s.t.Fatalf("%s: POST %s: %d\n%s", p.who.ID, path, a.Status, text(a.Body))
	}
	return a.Location
}

// upload sends a form with a file.
func (p *program) upload(path, field string, file []byte, form url.Values) answer {
	p.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, vs := range form {
		for _, v := range vs {
			_ = w.WriteField(k, v)
		}
	}
	part, err := w.CreateFormFile(field, "picture.jpg")
	if err != nil {
		p.s.t.Fatal(err)
	}
	_, _ = part.Write(file)
	_ = w.Close()
	req, err := http.NewRequest("POST", p.url(path), &body)
	if err != nil {
		p.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return p.do(req)
}

// identify lets the person's phone approve what /eid/… asks for, and answers
// where that led.
func (p *program) identify(page string) string {
	p.s.t.Helper()
	var out struct {
		Cookies  map[string]string
		Location string
	}
	p.s.call("POST", p.s.World.Program+"/identify", map[string]any{"person": p.who.ID, "page": page, "cookies": p.cookies}, &out)
	p.cookies = out.Cookies
	return out.Location
}

var revision = regexp.MustCompile(`name="revision" value="(\d+)"`)

// revision is the one that a page's forms carry.
func (p *program) revision(a answer) string {
	p.s.t.Helper()
	m := revision.FindStringSubmatch(a.Body)
	if m == nil {
		p.s.t.Fatalf("no revision on the page:\n%s", text(a.Body))
	}
	return m[1]
}

// find is the first thing on the page that matches the pattern's group.
func (p *program) find(a answer, pattern string) string {
	p.s.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(a.Body)
	if m == nil {
		p.s.t.Fatalf("nothing on the page matches %s:\n%s", pattern, text(a.Body))
	}
	return html.UnescapeString(m[1])
}

var tags = regexp.MustCompile(`(?s)<(script|style|svg)\b.*?</(script|style|svg)>|<[^>]*>`)

// text is what a person would read of a page.
func text(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(page, " "))), " ")
}

// mail waits for a mail to the person whose text matches, and answers the link in it.
func (s *sandbox) mail(to, pattern string) string {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	var link string
	s.wait("a mail to "+to+" with "+pattern, func() bool {
		var mails []struct {
			Text  string
			Links []struct{ URL string }
		}
		s.call("GET", s.World.Mail+"/_sim/mails?to="+url.QueryEscape(to), nil, &mails)
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

// wait asks again until the condition holds, for a minute: a mail that a
// reviewer may still undo waits for half of one.
func (s *sandbox) wait(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(150 * time.Millisecond) {
		if ok() {
			return
		}
	}
	s.t.Fatalf("waited in vain for %s", what)
}

// verdict is what the reader API says.
type verdict struct {
	CardNumber string `json:"card_number"`
	Valid      bool   `json:"valid"`
	Reason     string `json:"reason"`
	ValidUntil string `json:"valid_until"`
}

func (s *sandbox) check(number string) verdict {
	s.t.Helper()
	req, err := http.NewRequest("GET", strings.Replace(s.Reader.URL, "{number}", number, 1), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Reader.Key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var v verdict
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("check of %s: %s, %v", number, res.Status, err)
	}
	return v
}

func (s *sandbox) portrait(id string) []byte {
	s.t.Helper()
	res, err := http.Get(s.person(id).Portrait)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatal(fmt.Errorf("portrait of %s: %s, %v", id, res.Status, err))
	}
	return data
}
