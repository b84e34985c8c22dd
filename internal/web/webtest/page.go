package webtest

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Page is an answer.
type Page struct {
	t      testing.TB
	c      *Client
	Status int
	Header http.Header
	Path   string // where the browser ended
	Body   string
	Root   *Node
}

// Is asserts the status.
func (p *Page) Is(status int) *Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("%s: status %d, want %d\n%s", p.Path, p.Status, status, p.Text())
	}
	return p
}

// At asserts where the browser is.
func (p *Page) At(path string) *Page {
	p.t.Helper()
	if p.Path != path {
		p.t.Fatalf("at %s, want %s\n%s", p.Path, path, p.Text())
	}
	return p
}

// Text is everything that can be read, blanks collapsed.
func (p *Page) Text() string {
	if body := p.Root.One("body"); body != nil {
		return body.Text()
	}
	return strings.Join(strings.Fields(p.Body), " ")
}

// Has asserts that each text can be read.
func (p *Page) Has(texts ...string) *Page {
	p.t.Helper()
	all := p.Text()
	for _, want := range texts {
		if !strings.Contains(all, want) {
			p.t.Fatalf("%s: %q is not in\n%s", p.Path, want, all)
		}
	}
	return p
}

// HasNot asserts that none of the texts stands anywhere in the answer, markup included.
func (p *Page) HasNot(texts ...string) *Page {
	p.t.Helper()
	for _, not := range texts {
		if strings.Contains(p.Body, not) || strings.Contains(p.Text(), not) {
			p.t.Fatalf("%s: %q is in\n%s", p.Path, not, p.Text())
		}
	}
	return p
}

// All and One look for elements; see Node.
func (p *Page) All(selector string) []*Node { return p.Root.All(selector) }

// One is the first element that fits; none ends the test.
func (p *Page) One(selector string) *Node {
	p.t.Helper()
	n := p.Root.One(selector)
	if n == nil {
		p.t.Fatalf("%s: no %s in\n%s", p.Path, selector, p.Text())
	}
	return n
}

// Follow follows the first link whose words contain text.
func (p *Page) Follow(text string) *Page {
	p.t.Helper()
	for _, a := range p.Root.All("a[href]") {
		if strings.Contains(a.Text()+" "+a.Attrs["aria-label"], text) {
			return p.c.Get(p.resolve(a.Attrs["href"]))
		}
	}
	p.t.Fatalf("%s: no link %q in\n%s", p.Path, text, p.Text())
	return nil
}

func (p *Page) resolve(ref string) string {
	p.t.Helper()
	base, err := url.Parse(Origin + p.Path)
	if err != nil {
		p.t.Fatal(err)
	}
	to, err := base.Parse(ref)
	if err != nil {
		p.t.Fatal(err)
	}
	if to.Host != base.Host {
		p.t.Fatalf("%s leads away from the site", to)
	}
	return to.RequestURI()
}

// Form is a form of a page, being filled in.
type Form struct {
	p      *Page
	node   *Node
	values url.Values
	files  map[string]file
}

type file struct {
	name string
	data []byte
}

// Form finds the form whose action or whose submit buttons contain the text; "" is the first form in main.
func (p *Page) Form(text string) *Form {
	p.t.Helper()
	in := p.Root.One("main")
	if in == nil {
		in = p.Root
	}
	for _, n := range append(in.All("form"), p.Root.All("form")...) {
		if text == "" || strings.Contains(n.Attrs["action"], text) || strings.Contains(n.Text(), text) || n.formaction(text) {
			f := &Form{p: p, node: n, values: url.Values{}, files: map[string]file{}}
			f.load()
			return f
		}
	}
	p.t.Fatalf("%s: no form %q in\n%s", p.Path, text, p.Text())
	return nil
}

func (n *Node) formaction(text string) bool {
	return slices.ContainsFunc(n.All("button[formaction]"), func(b *Node) bool { return strings.Contains(b.Attrs["formaction"], text) })
}

// load takes over what the page has filled in.
func (f *Form) load() {
	for _, n := range f.node.All("input[name]") {
		name, value := n.Attrs["name"], n.Attrs["value"]
		switch n.Attrs["type"] {
		case "submit", "file", "button":
		case "checkbox", "radio":
			if n.Has("checked") {
				f.values.Add(name, value)
			}
		default:
			f.values.Add(name, value)
		}
	}
	for _, n := range f.node.All("textarea[name]") {
		f.values.Add(n.Attrs["name"], n.Text())
	}
	for _, n := range f.node.All("select[name]") {
		options := n.All("option")
		for i, o := range options {
			if o.Has("selected") || i == 0 && n.One("option[selected]") == nil {
				f.values.Set(n.Attrs["name"], o.Attrs["value"])
			}
		}
	}
}

// Value is what a field holds.
func (f *Form) Value(name string) string { return f.values.Get(name) }

// Set types into a field, or chooses. A field or choice that the form doesn't have ends the test.
func (f *Form) Set(name, value string) *Form {
	f.p.t.Helper()
	controls := f.controls(name)
	if len(controls) == 0 {
		f.p.t.Fatalf("%s: form has no field %q", f.p.Path, name)
	}
	first := controls[0]
	switch {
	case first.Tag == "select":
		if !slices.ContainsFunc(first.All("option"), func(o *Node) bool { return o.Attrs["value"] == value }) {
			f.p.t.Fatalf("%s: %q has no choice %q", f.p.Path, name, value)
		}
	case first.Attrs["type"] == "radio":
		f.choice(controls, name, value)
	case first.Attrs["type"] == "checkbox":
		f.choice(controls, name, value)
		if !slices.Contains(f.values[name], value) {
			f.values.Add(name, value)
		}
		return f
	}
	f.values.Set(name, value)
	return f
}

func (f *Form) choice(controls []*Node, name, value string) {
	f.p.t.Helper()
	if !slices.ContainsFunc(controls, func(n *Node) bool { return n.Attrs["value"] == value }) {
		f.p.t.Fatalf("%s: %q has no choice %q", f.p.Path, name, value)
	}
}

// Untick takes the tick out of a box.
func (f *Form) Untick(name, value string) *Form {
	f.values[name] = slices.DeleteFunc(f.values[name], func(v string) bool { return v == value })
	return f
}

// File chooses a file.
func (f *Form) File(name, fileName string, data []byte) *Form {
	f.p.t.Helper()
	if controls := f.controls(name); len(controls) == 0 || controls[0].Attrs["type"] != "file" {
		f.p.t.Fatalf("%s: form has no file field %q", f.p.Path, name)
	}
	f.files[name] = file{fileName, data}
	return f
}

func (f *Form) controls(name string) []*Node {
	var out []*Node
	for _, tag := range []string{"input", "textarea", "select"} {
		for _, n := range f.node.All(tag + "[name]") {
			if n.Attrs["name"] == name {
				out = append(out, n)
			}
		}
	}
	return out
}

// Submit presses the button with the words; "" is the first.
func (f *Form) Submit(button string) *Page {
	f.p.t.Helper()
	action := f.node.Attrs["action"]
	pressed := f.button(button)
	if pressed != nil {
		if pressed.Has("name") {
			f.values.Set(pressed.Attrs["name"], pressed.Attrs["value"])
		}
		if pressed.Has("formaction") {
			action = pressed.Attrs["formaction"]
		}
	}
	to := f.p.resolve(action)
	if strings.ToLower(f.node.Attrs["method"]) != "post" {
		path, _, _ := strings.Cut(to, "?")
		return f.p.c.Get(path + "?" + f.values.Encode())
	}
	if f.node.Attrs["enctype"] == "multipart/form-data" {
		return f.multipart(to)
	}
	if len(f.files) > 0 {
		f.p.t.Fatalf("%s: a form with a file needs enctype multipart/form-data", f.p.Path)
	}
	r := f.p.c.request(http.MethodPost, to, strings.NewReader(f.values.Encode()), "application/x-www-form-urlencoded")
	r.Header.Set("Referer", Origin+f.p.Path)
	return f.p.c.Do(r)
}

func (f *Form) button(words string) *Node {
	f.p.t.Helper()
	for _, b := range f.node.All("button") {
		if b.Attrs["type"] == "button" {
			continue
		}
		if words == "" || strings.Contains(b.Text()+" "+b.Attrs["aria-label"], words) {
			return b
		}
	}
	if words != "" {
		f.p.t.Fatalf("%s: form has no button %q", f.p.Path, words)
	}
	return nil
}

func (f *Form) multipart(to string) *Page {
	f.p.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, values := range f.values {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				f.p.t.Fatal(err)
			}
		}
	}
	for name, file := range f.files {
		part, err := w.CreateFormFile(name, file.name)
		if err != nil {
			f.p.t.Fatal(err)
		}
		if _, err := part.Write(file.data); err != nil {
			f.p.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.p.t.Fatal(err)
	}
	r := f.p.c.request(http.MethodPost, to, &body, w.FormDataContentType())
	r.Header.Set("Referer", Origin+f.p.Path)
	return f.p.c.Do(r)
}
