package smtpsim

import (
	"bytes"
	"encoding/base64"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Mail is a message that arrived.
type Mail struct {
	ID        int       `json:"id"` // rises
	From      string    `json:"from"`
	To        []string  `json:"to"` // of the envelope
	ToHeader  string    `json:"to_header"`
	Subject   string    `json:"subject"`
	MessageID string    `json:"message_id"`
	Language  string    `json:"language"`
	Template  string    `json:"template"` // which of the product's mails it is
	At        time.Time `json:"at"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	Links     []Link    `json:"links"`
	Problem   string    `json:"problem,omitempty"` // why it could not be read
}

// Link is a link in a mail, its button first.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

func (m Mail) isTo(to string) bool {
	return to == "" || slices.ContainsFunc(m.To, func(s string) bool { return strings.EqualFold(s, to) })
}

// parse fills in what the message says. A message that can't be read is kept,
// with the reason: finding that out is what a simulator is for.
func (m *Mail) parse(raw []byte) {
	m.Links = []Link{}
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Problem, m.Text = err.Error(), string(raw)
		return
	}
	var words mime.WordDecoder
	header := func(name string) string {
		value, err := words.DecodeHeader(msg.Header.Get(name))
		if err != nil {
			m.Problem = name + ": " + err.Error()
		}
		return value
	}
	m.Subject, m.ToHeader, m.Language = header("Subject"), header("To"), header("Content-Language")
	m.Template = header("X-Kortverk-Template")
	m.MessageID = strings.Trim(header("Message-ID"), "<>")
	if err := m.body(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body); err != nil {
		m.Problem = err.Error()
	}
	m.Links = links(m.HTML, m.Text)
}

func (m *Mail) body(contentType, encoding string, r io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if contentType == "" {
		kind, err = "text/plain", nil
	}
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(r, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.body(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	data, err := io.ReadAll(r)
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	switch kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	}
	return err
}

var (
	anchor = regexp.MustCompile(`(?is)<a\s[^>]*?href="([^"]*)"[^>]*>(.*?)</a>`)
	tag    = regexp.MustCompile(`(?s)<[^>]*>`)
	bare   = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// links finds the web links, each once.
func links(page, text string) []Link {
	found := []Link{}
	add := func(label, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || slices.ContainsFunc(found, func(l Link) bool { return l.URL == address }) {
			return
		}
		if label = strings.TrimSpace(label); label == "" {
			label = address
		}
		found = append(found, Link{Text: label, URL: address})
	}
	for _, a := range anchor.FindAllStringSubmatch(page, -1) {
		add(html.UnescapeString(tag.ReplaceAllString(a[2], "")), html.UnescapeString(a[1]))
	}
	for _, address := range bare.FindAllString(text, -1) {
		add(address, address)
	}
	return found
}
