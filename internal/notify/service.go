package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/seal"
)

// attempts is how often a mail is tried before somebody has to look: with the
// queue's back-off that is two days, longer than a mail server is away.
const attempts = 60

// Config is what stands in every mail.
type Config struct {
	From         string // "Kortverk <kort@example.se>"
	BaseURL      string // what paths in mails are put behind: "https://kort.example.se"
	SchemeName   string
	SupportPhone string // may be ""
}

// Service sends the mails that EnqueueTx ordered.
type Service struct {
	db     *db.DB
	keeper *seal.Keeper
	sender Sender
	config Config
	domain string // of the sender, for Message-ID
	log    *slog.Logger
}

// New checks the configuration and makes the service; Register starts its work.
func New(d *db.DB, k *seal.Keeper, sender Sender, c Config, log *slog.Logger) (*Service, error) {
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("the mails' sender %q is not an address: %w", c.From, err)
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, fmt.Errorf("the mails' links can't begin with %q", c.BaseURL)
	}
	if c.SchemeName == "" {
		return nil, errors.New("the scheme's name is missing")
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return &Service{db: d, keeper: k, sender: sender, config: c, domain: domain, log: log}, nil
}

// send is the job: one mail.
type send struct {
	Mail ID `json:"mail"`
}

// JobKind names the job.
func (send) JobKind() string { return "notify.send" }

// Register takes the jobs of this package into the runner.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, s.send)
	job.Every(r, "notify.forget", 24*time.Hour, s.forget)
}

// send tries one mail once. It may run twice for one mail (a lost lease, a
// crash after the server took it): the Message-ID is the same, and only one
// ending is written.
func (s *Service) send(ctx context.Context, j *job.Job[send]) error {
	m, err := s.claim(ctx, j)
	if err != nil || m == nil {
		return err
	}
	failpoint.Here(failpoint.MailClaimed)
	message, err := s.config.render(m.Mail, m.ID.String()+"@"+s.domain)
	if err != nil {
		return job.Drop(err)
	}
	outcome := s.sender.Send(ctx, message)
	failpoint.Here(failpoint.MailHandedOver)
	switch {
	case outcome == nil:
		return s.finish(ctx, j, Sent, "")
	case fault.Has(outcome, "notify.refused"):
		s.log.WarnContext(ctx, "mail refused", "mail", m.ID, "template", m.Mail.Template, "reply", reply(outcome))
		return s.finish(ctx, j, Refused, reply(outcome))
	}
	if err := s.putBack(ctx, j, reply(outcome)); err != nil {
		return errors.Join(outcome, err)
	}
	return outcome
}

func reply(err error) string {
	if f, ok := fault.As(err); ok {
		return f.Args["reply"]
	}
	return ""
}

// claim takes the mail out of reach of CancelTx. It gives nil when there is
// nothing to send any more.
func (s *Service) claim(ctx context.Context, j *job.Job[send]) (*stored, error) {
	id := j.Args.Mail
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (*stored, error) {
		if err := j.HoldTx(ctx, tx); err != nil {
			return nil, err
		}
		n, err := tx.Exec(`UPDATE mail SET state = 'sending', attempts = attempts + 1 WHERE id = $1 AND state IN ('waiting', 'sending')`, id)
		if err != nil || n == 0 {
			return nil, err
		}
		m, err := load(tx, s.keeper, id)
		return &m, err
	})
}

func (s *Service) finish(ctx context.Context, j *job.Job[send], to State, reply string) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE mail SET state = $1, ended_at = $2, reply = $3,
				data_sealed = CASE WHEN $1 = 'refused' THEN data_sealed ELSE NULL END
			WHERE id = $4 AND state = 'sending'`, string(to), tx.Now, reply, j.Args.Mail); err != nil {
			return err
		}
		return j.CompleteTx(ctx, tx)
	})
}

// putBack lets the mail wait for the next attempt; until then it can be cancelled. A worker that was overtaken leaves it to
// the other, which may be sending it now.
func (s *Service) putBack(ctx context.Context, j *job.Job[send], reply string) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		if err := j.HoldTx(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(`UPDATE mail SET state = 'waiting', reply = $1 WHERE id = $2 AND state = 'sending'`, reply, j.Args.Mail)
		return err
	})
}

// forget erases the data of refused mails that nobody sent again.
func (s *Service) forget(ctx context.Context) error {
	return db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE mail SET data_sealed = NULL WHERE state = 'refused' AND data_sealed IS NOT NULL AND ended_at < $1`, tx.Now.Add(-Keep))
		return err
	})
}
