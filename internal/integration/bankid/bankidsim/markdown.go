package bankidsim

import (
	"html/template"
	"regexp"
	"strings"
)

// The app's simple markdown: three levels of headings, strong text, lists, rules, tables and
// paragraphs. Anything else is text. Source: BankID integration guide, simpleMarkdownV1.

var strong = regexp.MustCompile(`\*{1,2}([^*\s](?:[^*]*[^*\s])?)\*{1,2}`)

// markdown renders text for the phone's page. Everything is escaped first.
func markdown(text string) template.HTML {
	var out strings.Builder
	m := &markdownWriter{out: &out}
	for line := range strings.Lines(normalBreaks(text)) {
		m.line(strings.TrimRight(line, "\n"))
	}
	m.close()
	return template.HTML(out.String()) // #nosec: built from escaped text and fixed tags only
}

// plain keeps the line breaks of plain text.
func plain(text string) template.HTML {
	escaped := template.HTMLEscapeString(normalBreaks(text))
	return template.HTML(`<p>` + strings.ReplaceAll(strings.ReplaceAll(escaped, "\n\n", "</p><p>"), "\n", "<br>") + `</p>`)
}

func normalBreaks(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

type markdownWriter struct {
	out  *strings.Builder
	open string // the element that is open: "ul", "table", "p" or ""
}

func (m *markdownWriter) line(line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case trimmed == "":
		m.close()
	case strings.HasPrefix(trimmed, "### "):
		m.block("h4", trimmed[4:])
	case strings.HasPrefix(trimmed, "## "):
		m.block("h3", trimmed[3:])
	case strings.HasPrefix(trimmed, "# "):
		m.block("h2", trimmed[2:])
	case trimmed == "---" || trimmed == "***":
		m.close()
		m.out.WriteString("<hr>")
	case strings.HasPrefix(trimmed, "+ ") || strings.HasPrefix(trimmed, "- ") || strings.HasPrefix(trimmed, "* "):
		m.start("ul")
		m.out.WriteString("<li>" + inline(trimmed[2:]) + "</li>")
	case strings.HasPrefix(trimmed, "|"):
		m.row(trimmed)
	default:
		if m.open == "p" {
			m.out.WriteString("<br>")
		}
		m.start("p")
		m.out.WriteString(inline(trimmed))
	}
}

func (m *markdownWriter) row(line string) {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	if strings.Trim(line, "|-: ") == "" { // the line under a table's head
		return
	}
	m.start("table")
	m.out.WriteString("<tr>")
	for _, c := range cells {
		m.out.WriteString("<td>" + inline(strings.TrimSpace(c)) + "</td>")
	}
	m.out.WriteString("</tr>")
}

func (m *markdownWriter) block(tag, text string) {
	m.close()
	m.out.WriteString("<" + tag + ">" + inline(strings.TrimSpace(text)) + "</" + tag + ">")
}

func (m *markdownWriter) start(tag string) {
	if m.open == tag {
		return
	}
	m.close()
	m.out.WriteString("<" + tag + ">")
	m.open = tag
}

func (m *markdownWriter) close() {
	if m.open != "" {
		m.out.WriteString("</" + m.open + ">")
		m.open = ""
	}
}

func inline(s string) string {
	return strong.ReplaceAllString(template.HTMLEscapeString(s), "<strong>$1</strong>")
}
