package notify

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/i18n"
)

// Whatever people are called, no mail gets another header, element or link.
func FuzzRender(f *testing.F) {
	for _, s := range []string{"Jonas", "a\r\nBcc: x@y.example", "<script>kv()</script>", `"><a href="https://evil.example">`, "{{.}}", "{given}", "=?utf-8?q?x?=", "\u202e", "\x00"} {
		f.Add(s, s, true)
	}
	config := Config{SchemeName: "Kortverk", BaseURL: "https://kort.example", From: "Kortverk <kort@kort.example>", SupportPhone: "010"}
	f.Fuzz(func(t *testing.T, given, other string, swedish bool) {
		if !utf8.ValidString(given+other) || strings.ContainsFunc(given+other, unreadable) {
			return // the database or the pages refuse it
		}
		lang := i18n.English
		if swedish {
			lang = i18n.Swedish
		}
		for template, spec := range specs {
			plain, hostile := map[string]string{}, map[string]string{}
			for _, key := range spec.need {
				plain[key], hostile[key] = "Anna", given
			}
			for _, key := range spec.may {
				plain[key], hostile[key] = "Anna", other
			}
			if _, ok := plain[KeyCards]; ok {
				plain[KeyCards], hostile[KeyCards] = "3", "3"
			}
			if _, ok := plain[KeyPath]; ok {
				plain[KeyPath], hostile[KeyPath] = "/me", "/me"
			}
			audience := Audience("")
			if len(spec.audience) > 0 {
				audience = spec.audience[0]
			}
			want, err1 := config.render(Mail{Lang: lang, Template: template, Audience: audience, Data: plain}, "1@x")
			got, err2 := config.render(Mail{Lang: lang, Template: template, Audience: audience, Data: hostile}, "1@x")
			if err1 != nil || err2 != nil {
				t.Fatalf("%s: %v, %v", template, err1, err2)
			}
			if strings.ContainsAny(got.Subject, "\r\n") {
				t.Errorf("%s has the subject %q", template, got.Subject)
			}
			if a, b := elements(want.HTML), elements(got.HTML); given != "" && other != "" && a != b {
				t.Errorf("%s has other elements: %s\n%s", template, a, b)
			}
		}
	})
}

// unreadable: what forms don't let through, and the XML reader of this test doesn't read.
func unreadable(r rune) bool { return unicode.IsControl(r) || r&0xFFFE == 0xFFFE }

// elements are the elements of a page and their attributes' names and links.
func elements(page string) string {
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.RawToken()
		if err != nil {
			return b.String()
		}
		if s, ok := token.(xml.StartElement); ok {
			b.WriteString("<" + s.Name.Local)
			for _, a := range s.Attr {
				b.WriteString(" " + a.Name.Local)
				if a.Name.Local == "href" || a.Name.Local == "src" {
					b.WriteString("=" + a.Value)
				}
			}
			b.WriteString(">")
		}
	}
}
