package i18n

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// message is a text taken apart. Its parts are plain text, arguments, and choices between messages.
type message []part

type part struct {
	text   string             // plain text, when arg is ""
	arg    string             // name of an argument; "#" is the number of the plural around
	choice string             // "", "plural" or "select"
	cases  map[string]message // of a choice
}

// placeholders names the arguments that a text needs, with what they are needed for, sorted and once each.
func (m message) placeholders() []string {
	seen := map[string]bool{}
	m.collect(seen)
	return slices.Sorted(maps.Keys(seen))
}

func (m message) collect(seen map[string]bool) {
	for _, p := range m {
		if p.arg != "" && p.arg != "#" {
			seen[strings.TrimSuffix(p.arg+", "+p.choice, ", ")] = true
		}
		for _, c := range p.cases {
			c.collect(seen)
		}
	}
}

// parser reads the text of one key.
type parser struct {
	rest   string
	plural bool // inside a plural's case: # is the number
}

func parseMessage(s string) (message, error) {
	p := parser{rest: s}
	m, err := p.message()
	if err == nil && p.rest != "" {
		err = fmt.Errorf("unexpected %.10q", p.rest)
	}
	return m, err
}

// message reads up to the end or an unmatched "}".
func (p *parser) message() (message, error) {
	var m message
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			m = append(m, part{text: text.String()})
			text.Reset()
		}
	}
	for p.rest != "" && p.rest[0] != '}' {
		c := p.rest[0]
		p.rest = p.rest[1:]
		switch {
		case c == '\\':
			if err := p.escape(&text); err != nil {
				return nil, err
			}
		case c == '{':
			flush()
			a, err := p.argument()
			if err != nil {
				return nil, err
			}
			m = append(m, a)
		case c == '#' && p.plural:
			flush()
			m = append(m, part{arg: "#"})
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return m, nil
}

func (p *parser) escape(text *strings.Builder) error {
	if p.rest == "" {
		return fmt.Errorf("ends with a backslash")
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	switch c {
	case 'n':
		text.WriteByte('\n')
	case '{', '}', '#', '\\':
		text.WriteByte(c)
	default:
		return fmt.Errorf(`unknown \%c`, c)
	}
	return nil
}

// argument reads what follows "{" up to and with the matching "}".
func (p *parser) argument() (part, error) {
	end := strings.IndexAny(p.rest, ",{}")
	if end < 0 || p.rest[end] == '{' {
		return part{}, fmt.Errorf("a { without its }")
	}
	a := part{arg: strings.TrimSpace(p.rest[:end])}
	if !validName(a.arg) {
		return part{}, fmt.Errorf("%q is no name of an argument", a.arg)
	}
	simple := p.rest[end] == '}'
	p.rest = p.rest[end+1:]
	if simple {
		return a, nil
	}
	choice, rest, ok := strings.Cut(p.rest, ",")
	if a.choice = strings.TrimSpace(choice); !ok || a.choice != "plural" && a.choice != "select" {
		return part{}, fmt.Errorf("after {%s, comes plural or select", a.arg)
	}
	p.rest = rest
	var err error
	a.cases, err = p.cases(a.choice == "plural")
	return a, err
}

func (p *parser) cases(plural bool) (map[string]message, error) {
	cases := map[string]message{}
	for {
		p.rest = strings.TrimLeft(p.rest, " ")
		if strings.HasPrefix(p.rest, "}") {
			p.rest = p.rest[1:]
			break
		}
		name, rest, ok := strings.Cut(p.rest, "{")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsAny(name, "{},") {
			return nil, fmt.Errorf("a choice needs cases like one{…} and a closing }")
		}
		if _, twice := cases[name]; twice || plural && !validForm(name) {
			return nil, fmt.Errorf("case %q stands twice or is no plural form", name)
		}
		inner := parser{rest: rest, plural: p.plural || plural}
		m, err := inner.message()
		if err != nil {
			return nil, err
		}
		if inner.rest == "" {
			return nil, fmt.Errorf("case %q has no closing }", name)
		}
		cases[name], p.rest = m, inner.rest[1:]
	}
	if _, ok := cases["other"]; !ok {
		return nil, fmt.Errorf("a choice needs the case other")
	}
	return cases, nil
}

func validForm(name string) bool {
	return name != "" && strings.Contains(" zero one two few many other ", " "+name+" ") ||
		len(name) > 1 && name[0] == '=' && strings.Trim(name[1:], "0123456789") == ""
}

func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
