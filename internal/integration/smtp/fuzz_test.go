package smtp

import (
	"bytes"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/notify"
)

// Whatever an address, a name or a subject says, the message has the headers
// that it has, one recipient, and nothing of the one's value in another.
func FuzzBuild(f *testing.F) {
	for _, s := range []string{"a@b.example", "a@b.example\r\nBcc: x@y.example", "a@b.example, x@y.example", `"a b"@c.example`, "x <a@b.example>", "a@[127.0.0.1]", "=?utf-8?q?=0ABcc:_x?=", "\x00", "å@ö.example"} {
		f.Add(s, s, s, s)
	}
	f.Fuzz(func(t *testing.T, to, name, subject, text string) {
		if !utf8.ValidString(to + name + subject + text) {
			return // the database refuses it
		}
		msg, err := build(notify.Message{From: "Kortverk <kort@kort.example>", To: to, ToName: name, Subject: subject, Text: text, HTML: "<p>x</p>", MessageID: "1@kort.example", Lang: "sv", Template: "x"})
		if err != nil {
			if !fault.Has(err, "notify.refused") {
				t.Errorf("%q: %v", to, err)
			}
			return
		}
		var b bytes.Buffer
		if _, err := msg.WriteTo(&b); err != nil {
			return // the library's refusal: nothing is sent
		}
		m, err := mail.ReadMessage(&b)
		if err != nil {
			t.Fatalf("to %q, subject %q: %v", to, subject, err)
		}
		for header, values := range m.Header {
			if len(values) != 1 || !slices.Contains(headers, header) {
				t.Errorf("to %q, name %q, subject %q: %s: %q", to, name, subject, header, values)
			}
		}
		list, err := m.Header.AddressList("To")
		if err != nil || len(list) != 1 || !strings.EqualFold(list[0].Address, strings.TrimSpace(to)) && !strings.Contains(to, list[0].Address) && !strings.ContainsAny(to, `"\<`) {
			t.Errorf("to %q is sent to %v: %v", to, list, err)
		}
	})
}

var headers = []string{
	"From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Language", "X-Kortverk-Template", "Auto-Submitted",
	"X-Auto-Response-Suppress", "User-Agent", "X-Mailer", "Content-Transfer-Encoding",
}
