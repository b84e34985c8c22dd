package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/notify"
)

// TLS is how the connection is protected.
type TLS string

// The modes. The zero value is Mandatory.
const (
	Mandatory TLS = "mandatory" // on port 465 from the first byte, else by STARTTLS, and not without
	Implicit  TLS = "tls"       // from the first byte, on any port
	Off       TLS = "off"       // loopback only
)

// Config is where the mail server is.
type Config struct {
	Host     string
	Port     int // 0: 587, or 465 with Implicit
	User     string
	Password string
	TLS      TLS
	Hello    string         // our name in EHLO; "" = the machine's
	RootCAs  *x509.CertPool // nil: the system's
	Timeout  time.Duration  // for one mail; 0 = 30 s
}

// Client is a notify.Sender. It is safe for concurrent use.
type Client struct {
	host    string
	options []mail.Option
	timeout time.Duration
}

var _ notify.Sender = (*Client)(nil)

// New checks the configuration; it does not connect.
func New(c Config) (*Client, error) {
	if c.Host == "" {
		return nil, errors.New("the mail server's name is missing")
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	options := []mail.Option{
		mail.WithTimeout(c.Timeout),
		mail.WithTLSConfig(&tls.Config{ServerName: c.Host, RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12}),
	}
	port := cmp.Or(c.Port, map[TLS]int{Implicit: 465}[c.TLS], 587)
	switch {
	case c.TLS == Implicit, (c.TLS == Mandatory || c.TLS == "") && port == 465:
		options = append(options, mail.WithSSL())
	case c.TLS == Mandatory, c.TLS == "":
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case c.TLS == Off && !loopback(c.Host):
		return nil, fmt.Errorf("mail server %s: without TLS only on this machine", c.Host)
	case c.TLS == Off:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		return nil, fmt.Errorf("mail server: TLS mode %q is not one of mandatory, tls, off", c.TLS)
	}
	options = append(options, mail.WithPort(port))
	if c.Hello != "" {
		options = append(options, mail.WithHELO(c.Hello))
	}
	if c.User != "" {
		if c.TLS == Off {
			return nil, errors.New("mail server: a password is never sent without TLS")
		}
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(c.Password))
	}
	if _, err := mail.NewClient(c.Host, options...); err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return &Client{host: c.Host, options: options, timeout: c.Timeout}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send hands over one mail. Errors: notify.refused (Args "reply"),
// notify.unreachable.
func (c *Client) Send(ctx context.Context, m notify.Message) error {
	msg, err := build(m)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(c.host, c.options...)
	if err != nil {
		return unreachable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return unreachable(err)
	}
	// An error of the goodbye is none of the mail: it was taken or refused by then.
	defer func() { _ = client.CloseWithSMTPClient(conn) }()
	if err := client.SendWithSMTPClient(conn, msg); err != nil {
		return judge(err)
	}
	return nil
}

func unreachable(cause error) error {
	return fault.New(fault.Unavailable, "notify.unreachable").Because(cause)
}

// build makes the message. An address that can't be written into a header will
// never be one: refused. A wrong sender address is our configuration.
func build(m notify.Message) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.From(m.From); err != nil {
		return nil, unreachable(fmt.Errorf("sender address %q: %w", m.From, err))
	}
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Name != "" {
		return nil, fault.New(fault.Invalid, "notify.refused", "reply", "not an address")
	}
	to.Name = m.ToName
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.MessageID)
	msg.SetDate()
	msg.SetGenHeader(mail.HeaderContentLang, string(m.Lang))
	msg.SetGenHeader("X-Kortverk-Template", string(m.Template)) // says which mail it is without saying about whom
	msg.SetGenHeader("Auto-Submitted", "auto-generated")        // RFC 3834: no holiday answers
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	return msg, nil
}

// judge tells "never" from "not now".
func judge(err error) error {
	var sent *mail.SendError
	if !errors.As(err, &sent) {
		return unreachable(err)
	}
	reply := replyOf(sent)
	code := sent.ErrorCode()
	aboutThisMail := sent.Reason == mail.ErrSMTPRcptTo || sent.Reason == mail.ErrSMTPData || sent.Reason == mail.ErrSMTPDataClose
	aboutUs := code == 530 || code == 534 || code == 535 || code == 538 // sign in first, wrong password …
	if aboutThisMail && code >= 500 && !aboutUs {
		return fault.New(fault.Invalid, "notify.refused", "reply", reply)
	}
	return unreachable(errors.New(sent.Reason.String()+": "+reply)).(*fault.Error).With("reply", reply)
}

// addressForm finds addresses as servers repeat them: in other letters than ours,
// or the one that a mail was forwarded to.
var addressForm = regexp.MustCompile(`[^\s<>"'(),:;]+@[^\s<>"'(),:;]+`)

// replyOf is the server's reply without addresses, which are nobody's
// business in a log.
func replyOf(e *mail.SendError) string {
	reply := strings.TrimPrefix(e.Error(), e.Reason.String())
	reply = strings.TrimPrefix(reply, ": ")
	reply, _, _ = strings.Cut(reply, ", affected ")
	if code, words, ok := strings.Cut(reply, ` "`); ok { // textproto quotes what the server says
		if words, err := strconv.Unquote(`"` + words); err == nil {
			reply = code + " " + strings.Join(strings.Fields(words), " ")
		}
	}
	reply = addressForm.ReplaceAllString(reply, "…")
	if runes := []rune(reply); len(runes) > 300 {
		reply = string(runes[:300])
	}
	return reply
}
