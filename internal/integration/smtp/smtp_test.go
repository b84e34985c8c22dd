package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/integration/smtp/smtpsim"
	"github.com/kortverk/kortverk/internal/notify"
)

// mailbox is a running simulator.
type mailbox struct {
	t    *testing.T
	port int
	web  *httptest.Server
}

func newMailbox(t *testing.T, tlsConfig *tls.Config) *mailbox {
	t.Helper()
	sim, err := smtpsim.New(smtpsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx, l, tlsConfig) }()
	web := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		web.Close()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &mailbox{t: t, port: l.Addr().(*net.TCPAddr).Port, web: web}
}

func (b *mailbox) knobs(body string) {
	b.t.Helper()
	req, _ := http.NewRequestWithContext(b.t.Context(), http.MethodPut, b.web.URL+"/_sim/knobs", strings.NewReader(body))
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		b.t.Fatalf("knobs: %v %v", res, err)
	}
	res.Body.Close()
}

func (b *mailbox) mails(to string) []smtpsim.Mail {
	b.t.Helper()
	res, err := http.Get(b.web.URL + "/_sim/mails?wait_ms=50&to=" + to)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var mails []smtpsim.Mail
	if err := json.NewDecoder(res.Body).Decode(&mails); err != nil {
		b.t.Fatal(err)
	}
	return mails
}

func message(to string) notify.Message {
	return notify.Message{
		From: "Kortverk <kort@kort.example>", To: to, ToName: "Piotr Wiśniewski", Subject: "Ditt kort är på väg",
		HTML: `<p>Åäö <a class="btn" href="https://kort.example/a/x?b=1&amp;c=2">Godkänn &amp; klart</a></p>`,
		Text: "Åäö\n\nGodkänn:\nhttps://kort.example/a/x?b=1&c=2\n.\nslut", MessageID: "m1@kort.example", Lang: i18n.Swedish,
	}
}

func client(t *testing.T, c Config) *Client {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMailArrivesAsItWasWritten(t *testing.T) {
	box := newMailbox(t, nil)
	if err := client(t, Config{Host: "127.0.0.1", Port: box.port, TLS: Off}).Send(t.Context(), message("piotr@furuborg.example")); err != nil {
		t.Fatal(err)
	}
	got := box.mails("PIOTR@furuborg.example")
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	m, want := got[0], message("")
	if m.Subject != want.Subject || m.MessageID != want.MessageID || m.Language != "sv" || m.From != "kort@kort.example" || m.Problem != "" {
		t.Errorf("%+v", m)
	}
	if !strings.Contains(m.ToHeader, "Piotr Wiśniewski") {
		t.Errorf("to %q", m.ToHeader)
	}
	if strings.TrimSpace(m.Text) != want.Text || strings.TrimSpace(m.HTML) != want.HTML {
		t.Errorf("text %q\nhtml %q", m.Text, m.HTML)
	}
	if len(m.Links) != 1 || m.Links[0] != (smtpsim.Link{Text: "Godkänn & klart", URL: "https://kort.example/a/x?b=1&c=2"}) {
		t.Errorf("links %+v", m.Links)
	}
	if other := box.mails("jonas@furuborg.example"); len(other) != 0 {
		t.Error("somebody else got it")
	}
}

func TestServerSaysNoForGood(t *testing.T) {
	box := newMailbox(t, nil)
	box.knobs(`{"refuse":["gone@furuborg.example"]}`)
	c := client(t, Config{Host: "127.0.0.1", Port: box.port, TLS: Off})
	err := c.Send(t.Context(), message("gone@furuborg.example"))
	f, ok := fault.As(err)
	if !ok || f.Code != "notify.refused" || f.Args["reply"] != "550 5.1.1 no such mailbox here" {
		t.Errorf("%v %q", err, f.Args)
	}
	for _, address := range []string{"", "no address", "a@b.example, c@d.example", "X <a@b.example>"} {
		if err := c.Send(t.Context(), message(address)); !fault.Has(err, "notify.refused") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// Servers repeat the address as they like to write it, and where they would have sent the mail on.
func TestRefusalNamesNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 here\r\n")
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			answer := "250 fine"
			if strings.HasPrefix(lines.Text(), "RCPT") {
				answer = "550 5.1.1 <Gone@FURUBORG.example>: not here, was piotr.w+x@home.example; bye"
			}
			fmt.Fprint(conn, answer+"\r\n")
		}
	}()
	c := client(t, Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: Off})
	f, _ := fault.As(c.Send(t.Context(), message("gone@furuborg.example")))
	if f == nil || f.Code != "notify.refused" || f.Args["reply"] != "550 5.1.1 <…>: not here, was …; bye" {
		t.Errorf("%v", f)
	}
}

func TestServerSaysNotNow(t *testing.T) {
	box := newMailbox(t, nil)
	box.knobs(`{"temporary":1}`)
	c := client(t, Config{Host: "127.0.0.1", Port: box.port, TLS: Off})
	err := c.Send(t.Context(), message("a@b.example"))
	if f, _ := fault.As(err); f == nil || f.Code != "notify.unreachable" || !strings.HasPrefix(f.Args["reply"], "451") {
		t.Errorf("%v %+v", err, f)
	}
	if err := c.Send(t.Context(), message("a@b.example")); err != nil || len(box.mails("")) != 1 {
		t.Errorf("the next one: %v", err)
	}
}

func TestLostAnswerIsTriedAgainWithTheSameMessageID(t *testing.T) {
	box := newMailbox(t, nil)
	box.knobs(`{"lose_answer":1}`)
	c := client(t, Config{Host: "127.0.0.1", Port: box.port, TLS: Off})
	if err := c.Send(t.Context(), message("a@b.example")); !fault.Has(err, "notify.unreachable") {
		t.Fatalf("%v", err)
	}
	if err := c.Send(t.Context(), message("a@b.example")); err != nil {
		t.Fatal(err)
	}
	if m := box.mails(""); len(m) != 2 || m[0].MessageID != m[1].MessageID {
		t.Errorf("%+v", m)
	}
}

func TestSlowServerIsGivenUp(t *testing.T) {
	box := newMailbox(t, nil)
	box.knobs(`{"slow_ms":1500}`)
	begin := time.Now()
	err := client(t, Config{Host: "127.0.0.1", Port: box.port, TLS: Off, Timeout: 200 * time.Millisecond}).Send(t.Context(), message("a@b.example"))
	if !fault.Has(err, "notify.unreachable") || time.Since(begin) > 1200*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	if err := client(t, Config{Host: "127.0.0.1", Port: port, TLS: Off}).Send(t.Context(), message("a@b.example")); !fault.Has(err, "notify.unreachable") {
		t.Errorf("%v", err)
	}
}

func TestTLSIsMandatory(t *testing.T) {
	secure := httptest.NewUnstartedServer(nil)
	secure.StartTLS()
	defer secure.Close()
	pool := x509.NewCertPool()
	pool.AddCert(secure.Certificate())

	plain, box := newMailbox(t, nil), newMailbox(t, secure.TLS)
	config := Config{Host: "127.0.0.1", Port: plain.port, RootCAs: pool}
	if err := client(t, config).Send(t.Context(), message("a@b.example")); !fault.Has(err, "notify.unreachable") || len(plain.mails("")) != 0 {
		t.Errorf("without STARTTLS: %v", err)
	}
	config.Port = box.port
	if err := client(t, config).Send(t.Context(), message("a@b.example")); err != nil || len(box.mails("")) != 1 {
		t.Errorf("with STARTTLS: %v", err)
	}
	config.RootCAs = nil
	if err := client(t, config).Send(t.Context(), message("a@b.example")); !fault.Has(err, "notify.unreachable") {
		t.Errorf("with a stranger's certificate: %v", err)
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	for name, c := range map[string]Config{
		"no host":              {},
		"off, somewhere else":  {Host: "mail.example", TLS: Off},
		"unknown mode":         {Host: "mail.example", TLS: "perhaps"},
		"password without TLS": {Host: "127.0.0.1", TLS: Off, User: "u", Password: "p"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, c := range []Config{{Host: "mail.example"}, {Host: "mail.example", Port: 465, TLS: Mandatory, User: "u", Password: "p"}, {Host: "mail.example", TLS: Implicit}} {
		if _, err := New(c); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestNoHeaderIsSmuggledIn(t *testing.T) {
	box := newMailbox(t, nil)
	m := message("a@b.example")
	m.Subject, m.ToName = "Hej\r\nBcc: x@evil.example", "Eva\"\r\nBcc: y@evil.example"
	err := client(t, Config{Host: "127.0.0.1", Port: box.port, TLS: Off}).Send(t.Context(), m)
	got := box.mails("")
	if err == nil && (len(got) != 1 || len(got[0].To) != 1 || got[0].Problem != "") {
		t.Errorf("%+v", got)
	}
}
