package smtpsim

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/emersion/go-smtp"
)

// Config of a simulator.
type Config struct {
	Folder string // where mails are kept over a restart; "" = in memory
	Max    int    // how many; 0 = DefaultMax
	Home   string // address of the page that leads here, for the way back; "" = none
	Log    *slog.Logger

	FrameAncestors []string // sources that may show the pages in a frame; none otherwise
}

// Sim is a mail server with its inboxes.
type Sim struct {
	box    *box
	home   string
	frames []string
	log    *slog.Logger
}

// New opens the inboxes.
func New(c Config) (*Sim, error) {
	b, err := openBox(c.Folder, c.Max)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Sim{box: b, home: c.Home, frames: c.FrameAncestors, log: c.Log}, nil
}

// Serve speaks SMTP on the listener until ctx ends. With a TLS configuration
// it offers STARTTLS.
func (s *Sim) Serve(ctx context.Context, l net.Listener, tlsConfig *tls.Config) error {
	server := smtp.NewServer(backend{s})
	server.Domain = "mail.sandbox.invalid"
	server.TLSConfig = tlsConfig
	server.MaxMessageBytes = 5 << 20
	server.MaxRecipients = 50
	server.ReadTimeout = 2 * time.Minute
	server.WriteTimeout = 30 * time.Second
	server.EnableSMTPUTF8 = true
	server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) && ctx.Err() == nil {
		return err
	}
	return nil
}

type backend struct{ sim *Sim }

func (b backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{sim: b.sim, conn: c}, nil
}

// session is one connection.
type session struct {
	sim  *Sim
	conn *smtp.Conn
	from string
	to   []string
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.sim.box.refuses(to) {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox here"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	b := s.sim.box
	time.Sleep(time.Duration(b.getKnobs().SlowMS) * time.Millisecond)
	if b.take(func(k *Knobs) *int { return &k.Temporary }) {
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "not now, try again later"}
	}
	if err := b.put(s.from, s.to, raw); err != nil {
		s.sim.log.Error("mail not kept", "error", err)
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "no room"}
	}
	if b.take(func(k *Knobs) *int { return &k.LoseAnswer }) {
		_ = s.conn.Close()
	}
	return nil
}
