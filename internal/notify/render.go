package notify

import (
	_ "embed"
	"html/template"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

//go:embed mail.html
var mailHTML string

var layout = template.Must(template.New("mail").Parse(mailHTML))

// part is a mail in one language.
type part struct {
	Lang    i18n.Lang
	Subject string
	Heading string
	Body    []string // paragraphs
	Button  string   // "" without one
	Note    string   // small, under the button
	Steps   []string
	Link    string
}

// letter is all that the layout needs.
type letter struct {
	part
	Scheme, Initial string
	English         *part // under it, when it isn't English already
	InEnglish       string
	Footer          []string
}

// render writes the mail. Data was checked when the mail was ordered.
func (c Config) render(m Mail, messageID string) (Message, error) {
	lang := m.Lang
	if !lang.Valid() {
		lang = i18n.English
	}
	t := i18n.For(lang)
	l := letter{part: c.part(t, m), Scheme: c.SchemeName, Initial: string([]rune(c.SchemeName)[:1])}
	if lang != i18n.English {
		english := c.part(i18n.For(i18n.English), m)
		l.English, l.InEnglish = &english, t.T("notify.in_english")
	}
	l.Footer = []string{t.T(textKey(m, "why"), c.args(t, m)...), t.T("notify.never_pin")}
	if c.SupportPhone != "" {
		l.Footer = append(l.Footer, t.T("notify.questions", "phone", c.SupportPhone))
	}
	var html strings.Builder
	if err := layout.Execute(&html, l); err != nil {
		return Message{}, err
	}
	return Message{
		From: c.From, To: m.To, ToName: m.ToName, Subject: l.Subject, HTML: html.String(), Text: l.text(),
		MessageID: messageID, Lang: lang, Template: m.Template,
	}, nil
}

// textKey names a text of the template: notify.card_blocked.orderer.subject.
func textKey(m Mail, name string) string {
	key := "notify." + string(m.Template)
	if m.Audience != "" {
		key += "." + string(m.Audience)
	}
	return key + "." + name
}

func (c Config) part(t *i18n.Texts, m Mail) part {
	args := c.args(t, m)
	may := func(name string) string {
		if key := textKey(m, name); t.Has(key) {
			return t.T(key, args...)
		}
		return ""
	}
	p := part{
		Lang:    t.Lang,
		Subject: oneLine(t.T(textKey(m, "subject"), args...)),
		Heading: t.T(textKey(m, "heading"), args...),
		Body:    lines(t.T(textKey(m, "body"), args...)),
		Steps:   lines(may("steps")),
	}
	for _, key := range specs[m.Template].may {
		if m.Data[key] != "" {
			p.Body = append(p.Body, lines(may("if_"+key))...)
		}
	}
	if path := m.Data[KeyPath]; path != "" {
		p.Link = strings.TrimRight(c.BaseURL, "/") + path
		p.Button, p.Note = may("button"), may("note")
	}
	return p
}

// oneLine keeps a name with a line break in it from writing headers.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// lines splits a text into its paragraphs.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// args are the data in one language: English words where the caller gave
// them, days and instants as the language writes them.
func (c Config) args(t *i18n.Texts, m Mail) []any {
	args := []any{"scheme", c.SchemeName}
	for key, value := range m.Data {
		if strings.HasSuffix(key, "_en") || value == "" {
			continue
		}
		if en := m.Data[key+"_en"]; t.Lang == i18n.English && en != "" {
			value = en
		}
		args = append(args, key, shown(t, key, value))
	}
	return args
}

func shown(t *i18n.Texts, key, value string) string {
	if date, err := clock.ParseDate(value); err == nil && strings.HasSuffix(key, "_on") {
		if key == KeyValidOn { // years away
			return t.DayYear(date)
		}
		return t.Day(date)
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil && strings.HasSuffix(key, "_at") {
		return t.DayTime(at)
	}
	return value
}

// text is the mail for programs that show no HTML, and for those who prefer it.
func (l letter) text() string {
	var b strings.Builder
	l.part.writeText(&b)
	if l.English != nil {
		b.WriteString("\n" + l.InEnglish + "\n" + strings.Repeat("-", len([]rune(l.InEnglish))) + "\n\n")
		l.English.writeText(&b)
	}
	b.WriteString("\n-- \n" + l.Scheme + "\n" + strings.Join(l.Footer, "\n") + "\n")
	return b.String()
}

func (p part) writeText(b *strings.Builder) {
	b.WriteString(p.Heading + "\n\n" + strings.Join(p.Body, "\n\n") + "\n")
	if p.Button != "" {
		b.WriteString("\n" + p.Button + ":\n" + p.Link + "\n")
	}
	if p.Note != "" {
		b.WriteString("\n" + p.Note + "\n")
	}
	for i, step := range p.Steps {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(string(rune('1'+i)) + ". " + step + "\n")
	}
}
