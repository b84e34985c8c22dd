package i18n

import (
	"strings"
	"testing"
)

// What fills a text in is never read as a text: it stands there as it is.
func FuzzArguments(f *testing.F) {
	for _, s := range []string{"Jonas", "{name}", "{n, plural, other{#}}", `\n`, "#", "}", "%s", "{{.}}", "\x00"} {
		f.Add(s, 3)
	}
	text := For(Swedish)
	f.Fuzz(func(t *testing.T, value string, n int) {
		m, err := parseMessage("a {value} b {n, plural, one{# kort {value}} other{# kort {value}}} c")
		if err != nil {
			t.Fatal(err)
		}
		catalogues()[Swedish]["fuzz.text"] = text2(m)
		got := text.T("fuzz.text", "value", value, "n", n)
		if strings.Count(got, value) < 2 || !strings.HasPrefix(got, "a "+value+" b ") || !strings.HasSuffix(got, value+" c") {
			t.Errorf("%q fills in as %q", value, got)
		}
	})
}

func text2(m message) text { return text{area: "fuzz", message: m} }

// Any file is a catalogue or refused, and says where.
func FuzzCatalogue(f *testing.F) {
	f.Add("a.b = c\n  d\n# e\n\na.c = {n, plural, one{x} other{y}}\n")
	f.Add("a = \n")
	f.Add("a = b\r\na = c")
	f.Fuzz(func(t *testing.T, content string) {
		c := catalogue{}
		if err := c.read("text/sv/a.txt", content); err != nil {
			if !strings.HasPrefix(err.Error(), "text/sv/a.txt:") {
				t.Errorf("doesn't say where: %v", err)
			}
			return
		}
		for key := range c {
			if !validName(strings.ReplaceAll(key, ".", "_")) {
				t.Errorf("key %q", key)
			}
		}
	})
}
