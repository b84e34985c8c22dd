package hostile

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/kortverk/kortverk/internal/web/webtest"
	"github.com/kortverk/kortverk/test/harness"
)

// found is a form on a page that somebody can open.
type found struct {
	by     *harness.Program
	page   string
	action string
	method string
	values url.Values // what the page has filled in, without ticks
	ticks  url.Values // the first choice of each group
	texts  []string   // fields that one types in
}

func (f found) key() string {
	return f.method + " " + idForm.ReplaceAllString(strings.SplitN(f.action, "?", 2)[0], "{}") + " " + strings.Join(f.texts, " ")
}

var idForm = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{2}-?\d{4}-?\d{6}|\d{4,}`)

// crawl opens every page that links lead to, at most three of a kind, and
// gives each to see and answers the forms on them.
func crawl(p *harness.Program, from []string, see func(path string, a harness.Answer, root *webtest.Node)) []found {
	p.S.T.Helper()
	var forms []found
	kinds, seen := map[string]int{}, map[string]bool{}
	for queue := slices.Clone(from); len(queue) > 0; {
		path := queue[0]
		queue = queue[1:]
		at, err := url.Parse(path)
		kind := idForm.ReplaceAllString(path, "{}")
		if err != nil || at.Host != "" || seen[path] || kinds[kind] >= 3 || len(seen) > 300 || strings.HasPrefix(path, "/gallery") || strings.HasPrefix(path, "/eid/") {
			continue
		}
		seen[path] = true
		kinds[kind]++
		a := p.Try("GET", path, nil)
		if a.Status == 303 {
			queue = append(queue, a.Location)
			continue
		}
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			continue
		}
		root, err := webtest.Parse(a.Body)
		if err != nil {
			p.S.T.Errorf("%s as %s: %v", path, p.Who.ID, err)
			continue
		}
		see(path, a, root)
		for _, link := range root.All("a[href]") {
			if to, err := at.Parse(link.Attrs["href"]); err == nil && to.Scheme == "" && to.Host == "" {
				to.Fragment = ""
				queue = append(queue, to.String())
			}
		}
		forms = append(forms, formsOf(p, path, at, root)...)
	}
	return forms
}

func formsOf(p *harness.Program, path string, at *url.URL, root *webtest.Node) (out []found) {
	for _, n := range root.All("form") {
		actions := []string{n.Attrs["action"]}
		for _, b := range n.All("button[formaction]") {
			actions = append(actions, b.Attrs["formaction"])
		}
		for _, action := range actions {
			to, err := at.Parse(action)
			if err != nil {
				p.S.T.Errorf("%s: a form to %q", path, action)
				continue
			}
			f := found{by: p, page: path, action: to.RequestURI(), method: strings.ToUpper(n.Attrs["method"]), values: url.Values{}, ticks: url.Values{}}
			f.read(n)
			out = append(out, f)
		}
	}
	return out
}

func (f *found) read(form *webtest.Node) {
	for _, n := range form.All("input[name]") {
		name, value := n.Attrs["name"], n.Attrs["value"]
		switch n.Attrs["type"] {
		case "hidden":
			f.values.Add(name, value)
		case "radio", "checkbox":
			if f.ticks.Get(name) == "" || n.Has("checked") {
				f.ticks.Set(name, value)
			}
		case "file", "submit", "button":
		default:
			f.texts = append(f.texts, name)
			f.values.Set(name, value)
		}
	}
	for _, n := range form.All("textarea[name]") {
		f.texts = append(f.texts, n.Attrs["name"])
		f.values.Set(n.Attrs["name"], n.Text())
	}
	for _, n := range form.All("select[name]") {
		if o := n.One("option"); o != nil {
			f.values.Set(n.Attrs["name"], o.Attrs["value"])
		}
	}
}

// alive lists what in a page came to life of a text that should be read.
func alive(root *webtest.Node, own string) (out []string) {
	root.Walk(func(n *webtest.Node) {
		switch tag := n.Tag; {
		case strings.HasPrefix(tag, "kvh"), tag == "iframe", tag == "object", tag == "embed", tag == "base", tag == "frame", tag == "math", tag == "plaintext", tag == "x",
			tag == "style", tag == "foreignobject", tag == "script" && !n.Has("src"), tag == "meta" && n.Has("http-equiv") && strings.Trim(n.Attrs["content"], "0123456789") != "", tag == "template":
			out = append(out, "<"+tag+">")
		}
		for name, value := range n.Attrs {
			if name = strings.ToLower(name); strings.HasPrefix(name, "on") || name == "style" || name == "srcdoc" || strings.Contains(name, "kvh") {
				out = append(out, "<"+n.Tag+" "+name+">")
			}
			switch name {
			case "href", "src", "action", "formaction", "data", "poster", "xlink:href", "background", "srcset":
				if why := leads(value, own); why != "" {
					out = append(out, "<"+n.Tag+" "+name+"="+why+">")
				}
			}
		}
	})
	return out
}

// leads says where an address leads that isn't ours.
func leads(value, own string) string {
	v := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, value))
	to, err := url.Parse(v)
	switch {
	case strings.HasPrefix(v, "data:image/jpeg;base64,"), strings.HasPrefix(v, "tel:"), strings.HasPrefix(v, "bankid:"):
		return ""
	case err != nil:
		return value
	case to.Scheme == "" && to.Host == "", strings.HasPrefix(to.Host, own), to.Host == "app.bankid.com":
		return ""
	}
	return value
}
