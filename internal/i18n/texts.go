package i18n

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

// Texts are all words and formats of one language. The zero value is not usable; see [For].
type Texts struct {
	Lang   Lang
	texts  catalogue
	tag    language.Tag
	format format
}

// For gives the texts of a language, English for one that there is none of.
func For(l Lang) *Texts {
	if !l.Valid() {
		l = English
	}
	return &Texts{Lang: l, texts: catalogues()[l], tag: language.Make(string(l)), format: formats[l]}
}

// Pick chooses the language of somebody who has none of record: the cookie's, else the best of the Accept-Language
// header, English when we have none of those, Swedish when the browser says nothing.
func Pick(cookie, acceptLanguage string) Lang {
	if l := Lang(cookie); l.Valid() {
		return l
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(tags) == 0 {
		return Swedish
	}
	ours := make([]language.Tag, 0, len(Languages()))
	for _, l := range Languages() {
		ours = append(ours, language.Make(string(l.Lang)))
	}
	// With confidence No the matcher proposes Swedish for German or Danish: English serves those readers better.
	if _, i, confidence := language.NewMatcher(ours).Match(tags...); confidence > language.No {
		return Languages()[i].Lang
	}
	return English
}

// Has tells whether there is a text with this key.
func (t *Texts) Has(key string) bool {
	_, ok := t.texts[key]
	return ok
}

// T fills in a text. args are name, value, name, value.
func (t *Texts) T(key string, args ...any) string {
	entry, ok := t.texts[key]
	if !ok {
		return t.mistake("unknown text "+key, key)
	}
	if len(args)%2 != 0 {
		return t.mistake("odd number of arguments for "+key, key)
	}
	var b strings.Builder
	t.write(&b, key, entry.message, func(name string) (any, bool) {
		for i := 0; i < len(args); i += 2 {
			if args[i] == name {
				return args[i+1], true
			}
		}
		return nil, false
	}, "")
	return b.String()
}

// Error is the sentence for an error: what happened and what to do. A code without a text, and nil, give the general one.
func (t *Texts) Error(e *fault.Error) string {
	if e == nil || !t.Has("error."+e.Code) {
		return t.T("error.unknown")
	}
	args := make([]any, 0, 2*len(e.Args))
	for name, value := range e.Args {
		args = append(args, name, value)
	}
	return t.T("error."+e.Code, args...)
}

// mistake is a mistake of the program: loud where programmers see it, harmless where others do.
func (t *Texts) mistake(what, shown string) string {
	if testing.Testing() {
		panic("i18n: " + what + " (" + string(t.Lang) + ")")
	}
	return shown
}

// write fills in m; number is what # stands for.
func (t *Texts) write(b *strings.Builder, key string, m message, arg func(string) (any, bool), number string) {
	for _, p := range m {
		switch {
		case p.arg == "":
			b.WriteString(p.text)
			continue
		case p.arg == "#":
			b.WriteString(number)
			continue
		}
		v, ok := arg(p.arg)
		if !ok {
			b.WriteString(t.mistake("text "+key+" needs the argument "+p.arg, "{"+p.arg+"}"))
			continue
		}
		shown := t.show(v)
		switch p.choice {
		case "":
			b.WriteString(shown)
		case "select":
			t.write(b, key, pick(p.cases, fmt.Sprint(v)), arg, number)
		default:
			n, ok := whole(v)
			if !ok {
				b.WriteString(t.mistake("text "+key+" needs a number as "+p.arg, shown))
				continue
			}
			t.write(b, key, t.plural(p.cases, n), arg, t.number(n))
		}
	}
}

func pick(cases map[string]message, name string) message {
	if m, ok := cases[name]; ok {
		return m
	}
	return cases["other"]
}

var formNames = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

func (t *Texts) plural(cases map[string]message, n int64) message {
	if m, ok := cases["="+strconv.FormatInt(n, 10)]; ok {
		return m
	}
	i := n
	if i < 0 {
		i = -max(i, -math.MaxInt64)
	}
	// MatchPlural takes an int and wants large numbers reduced; the last six digits decide in every language.
	if i >= 10_000_000 {
		i = i%1_000_000 + 1_000_000
	}
	return pick(cases, formNames[plural.Cardinal.MatchPlural(t.tag, int(i), 0, 0, 0, 0)])
}

// show writes one argument.
func (t *Texts) show(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case time.Time:
		return t.DayTime(v)
	case clock.Date:
		return v.String()
	case fmt.Stringer:
		return v.String()
	}
	if n, ok := whole(v); ok {
		return t.number(n)
	}
	return fmt.Sprint(v)
}

// whole reads a whole number, also from digits as text: the arguments of errors are texts.
func whole(v any) (int64, bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case int64:
		return v, true
	case int32:
		return int64(v), true
	case uint8:
		return int64(v), true
	case uint32:
		return int64(v), true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return n, err == nil
	}
	return 0, false
}
