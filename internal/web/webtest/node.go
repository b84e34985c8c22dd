package webtest

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Node is an element of a page.
type Node struct {
	Tag    string
	Attrs  map[string]string
	Parent *Node
	Kids   []*Node
	text   string // of a text node, whose Tag is ""
}

// Parse reads a page, for tests that have it from elsewhere.
func Parse(body string) (*Node, error) { return parse(body) }

// Walk calls fn for the node and all that is in it.
func (n *Node) Walk(fn func(*Node)) { n.walk(fn) }

// parse reads a page.
func parse(body string) (*Node, error) {
	d := xml.NewDecoder(strings.NewReader(body))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &Node{Tag: "#document", Attrs: map[string]string{}}
	at := root
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		at = at.take(token)
	}
}

func (n *Node) take(token xml.Token) *Node {
	switch t := token.(type) {
	case xml.StartElement:
		kid := &Node{Tag: strings.ToLower(t.Name.Local), Attrs: map[string]string{}, Parent: n}
		for _, a := range t.Attr {
			name := a.Name.Local
			if a.Name.Space != "" {
				name = a.Name.Space + ":" + name
			}
			kid.Attrs[name] = a.Value
		}
		n.Kids = append(n.Kids, kid)
		if void[kid.Tag] {
			return n
		}
		return kid
	case xml.EndElement:
		for up := n; up != nil; up = up.Parent {
			if up.Tag == strings.ToLower(t.Name.Local) && up.Parent != nil {
				return up.Parent
			}
		}
	case xml.CharData:
		n.Kids = append(n.Kids, &Node{text: string(t), Parent: n})
	}
	return n
}

var void = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true,
	"link": true, "meta": true, "source": true, "track": true, "wbr": true,
}

// Text is the text of the element and what is in it, blanks collapsed.
func (n *Node) Text() string {
	var b strings.Builder
	n.write(&b)
	return strings.Join(strings.Fields(b.String()), " ")
}

func (n *Node) write(b *strings.Builder) {
	if n.Tag == "" {
		b.WriteString(n.text)
		return
	}
	for _, k := range n.Kids {
		k.write(b)
	}
	if !inline[n.Tag] {
		b.WriteByte(' ')
	}
}

var inline = map[string]bool{"span": true, "b": true, "a": true, "del": true, "ins": true, "i": true, "em": true, "strong": true, "kbd": true}

// Has reports whether the attribute is there.
func (n *Node) Has(attr string) bool { _, ok := n.Attrs[attr]; return ok }

// All finds what fits a selector: tag, #id, .class, [attr] and [attr=value], put together; a blank
// between two means inside.
func (n *Node) All(selector string) []*Node {
	found := []*Node{n}
	for _, part := range strings.Fields(selector) {
		var next []*Node
		seen := map[*Node]bool{}
		for _, from := range found {
			from.walk(func(k *Node) {
				if k != from && k.fits(part) && !seen[k] {
					seen[k] = true
					next = append(next, k)
				}
			})
		}
		found = next
	}
	return found
}

// One is the first that fits, or nil.
func (n *Node) One(selector string) *Node {
	if all := n.All(selector); len(all) > 0 {
		return all[0]
	}
	return nil
}

func (n *Node) walk(fn func(*Node)) {
	fn(n)
	for _, k := range n.Kids {
		k.walk(fn)
	}
}

func (n *Node) fits(part string) bool {
	if n.Tag == "" {
		return false
	}
	for part != "" {
		end := strings.IndexAny(part[1:], "#.[") + 1
		if part[0] == '[' {
			end = strings.IndexByte(part, ']') + 1
		}
		if end <= 0 {
			end = len(part)
		}
		if !n.fitsOne(part[:end]) {
			return false
		}
		part = part[end:]
	}
	return true
}

func (n *Node) fitsOne(p string) bool {
	switch p[0] {
	case '#':
		return n.Attrs["id"] == p[1:]
	case '.':
		for _, class := range strings.Fields(n.Attrs["class"]) {
			if class == p[1:] {
				return true
			}
		}
		return false
	case '[':
		name, value, asks := strings.Cut(strings.Trim(p, "[]"), "=")
		got, ok := n.Attrs[name]
		return ok && (!asks || got == strings.Trim(value, `"'`))
	default:
		return n.Tag == p
	}
}

// up is the nearest element around n with the tag, or nil.
func (n *Node) up(tag string) *Node {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Tag == tag {
			return p
		}
	}
	return nil
}
