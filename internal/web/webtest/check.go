package webtest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/web"
)

// Check asserts what is true of every page.
func (p *Page) Check() *Page {
	p.t.Helper()
	for _, fault := range p.Faults() {
		p.t.Errorf("%s: %s", p.Path, fault)
	}
	return p
}

// Faults lists what is wrong with the page's markup.
func (p *Page) Faults() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if n := len(p.All("h1")); n != 1 {
		add("%d h1, want 1", n)
	}
	if len(p.All("main#main")) != 1 {
		add("no main with the id that the skip link leads to")
	}
	if title := p.Root.One("title"); title == nil || title.Text() == "" {
		add("no title")
	}
	if html := p.Root.One("html"); html == nil || html.Attrs["lang"] == "" {
		add("no language")
	}
	out = append(out, p.ids()...)
	out = append(out, p.names()...)
	out = append(out, p.headings()...)
	p.Root.walk(func(n *Node) {
		for name := range n.Attrs {
			if name == "style" || strings.HasPrefix(name, "on") {
				add("<%s %s=…>: the content policy forbids it", n.Tag, name)
			}
		}
		if n.Tag == "script" && !n.Has("src") || n.Tag == "style" {
			add("<%s> in the page: the content policy forbids it", n.Tag)
		}
	})
	return out
}

// ids are there once, and what is pointed at is there.
func (p *Page) ids() []string {
	var out []string
	seen := map[string]int{}
	p.Root.walk(func(n *Node) {
		if id := n.Attrs["id"]; id != "" {
			seen[id]++
		}
	})
	for id, n := range seen {
		if n > 1 {
			out = append(out, fmt.Sprintf("id %q %d times", id, n))
		}
	}
	p.Root.walk(func(n *Node) {
		for _, attr := range []string{"for", "aria-labelledby", "aria-describedby"} {
			for _, id := range strings.Fields(n.Attrs[attr]) {
				if seen[id] == 0 {
					out = append(out, fmt.Sprintf("%s=%q points at nothing", attr, id))
				}
			}
		}
		if id, ok := strings.CutPrefix(n.Attrs["href"], "#"); ok && n.Tag == "a" && seen[id] == 0 {
			out = append(out, fmt.Sprintf("link to #%s, which is not there", id))
		}
	})
	return out
}

// names: every field has a label, every link and button words, every picture a text.
func (p *Page) names() []string {
	var out []string
	labels := map[string]bool{}
	for _, l := range p.All("label[for]") {
		labels[l.Attrs["for"]] = l.Text() != ""
	}
	p.Root.walk(func(n *Node) {
		named := n.Attrs["aria-label"] != "" || n.Attrs["aria-labelledby"] != ""
		switch n.Tag {
		case "input", "select", "textarea":
			if n.Attrs["type"] == "hidden" || n.Attrs["type"] == "submit" {
				return
			}
			around := n.up("label")
			if !named && !labels[n.Attrs["id"]] && (around == nil || around.Text() == "") {
				out = append(out, fmt.Sprintf("<%s name=%q> has no label", n.Tag, n.Attrs["name"]))
			}
		case "a", "button", "summary":
			if !named && n.Text() == "" {
				out = append(out, fmt.Sprintf("<%s> without words: %v", n.Tag, n.Attrs))
			}
		case "img":
			if !n.Has("alt") {
				out = append(out, "picture without alt: "+n.Attrs["src"])
			}
		}
	})
	return out
}

// headings go down one step at a time.
func (p *Page) headings() []string {
	var out []string
	last := 0
	p.Root.walk(func(n *Node) {
		if len(n.Tag) != 2 || n.Tag[0] != 'h' || n.Tag[1] < '1' || n.Tag[1] > '6' {
			return
		}
		level := int(n.Tag[1] - '0')
		if last != 0 && level > last+1 {
			out = append(out, fmt.Sprintf("h%d after h%d: %s", level, last, n.Text()))
		}
		last = level
	})
	return out
}

// Dead lists the links and forms of the page that no route answers.
func (p *Page) Dead(e *web.Engine) []string {
	var out []string
	ask := func(method, ref string) {
		u, err := url.Parse(ref)
		if err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(ref, "#") {
			return
		}
		path, _, _ := strings.Cut(p.resolve(ref), "?")
		if !e.Knows(method, path) {
			out = append(out, method+" "+path)
		}
	}
	for _, a := range p.All("a[href]") {
		ask("GET", a.Attrs["href"])
	}
	for _, f := range p.All("form") {
		method := strings.ToUpper(f.Attrs["method"])
		if method == "" {
			method = "GET"
		}
		ask(method, f.Attrs["action"])
		for _, b := range f.All("button[formaction]") {
			ask(method, b.Attrs["formaction"])
		}
	}
	return out
}

// Walk asks every route as every person, and asserts that those whose right doesn't allow it learn nothing: a
// page that is not there, or the way to sign in. fill gives the path values other than {company}.
func Walk(t *testing.T, e *web.Engine, c *Client, people map[string]account.Session, companies []uuid.UUID, fill map[string]string) {
	t.Helper()
	people["nobody"] = account.Session{}
	for _, r := range e.Routes() {
		method, pattern, _ := strings.Cut(r.Pattern, " ")
		for who, session := range people {
			for _, id := range companiesOf(r, companies) {
				c.SignIn(who)
				var s *account.Session
				if who == "nobody" {
					c.SignOut()
				} else {
					s = &session
				}
				right := r.Right.Allows(s, id)
				path := filled(pattern, id, fill)
				req := c.request(method, path, nil, "")
				answer, err := c.http.Transport.RoundTrip(withCookies(c, req))
				if err != nil {
					t.Fatal(err)
				}
				answer.Body.Close()
				wrong := ""
				switch {
				case right == web.Hidden && answer.StatusCode != 404:
					wrong = "not found"
				case right == web.SignIn && method == "GET" && !strings.HasPrefix(answer.Header.Get("Location"), "/signin"):
					wrong = "the sign-in page"
				case right == web.SignIn && method != "GET" && answer.StatusCode != 401:
					wrong = "signed out"
				case right == web.Yes && (answer.StatusCode == 401 || strings.HasPrefix(answer.Header.Get("Location"), "/signin?")) && !r.Right.IsPublic():
					wrong = "an answer"
				}
				if wrong != "" {
					t.Errorf("%s as %s (company %s): status %d, want %s", r.Pattern, who, id, answer.StatusCode, wrong)
				}
			}
		}
	}
	delete(people, "nobody")
}

func companiesOf(r web.Route, companies []uuid.UUID) []uuid.UUID {
	if r.Right.NeedsCompany() {
		return companies
	}
	return []uuid.UUID{uuid.Nil}
}

// filled puts values into a pattern.
func filled(pattern string, company uuid.UUID, values map[string]string) string {
	path := strings.ReplaceAll(pattern, "{company}", company.String())
	path = strings.ReplaceAll(path, "{$}", "")
	for name, value := range values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	for strings.Contains(path, "{") {
		from, to := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:from] + uuid.NewString() + path[to+1:]
	}
	return path
}
