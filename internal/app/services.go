package app

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/blob"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/integration/bankid"
	"github.com/kortverk/kortverk/internal/integration/bureau"
	"github.com/kortverk/kortverk/internal/integration/smtp"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/production"
	"github.com/kortverk/kortverk/internal/seal"
)

// services is every capability of a node, made once.
type services struct {
	jobs       *job.Runner
	blobs      *blob.Store
	eid        *eid.Service
	notify     *notify.Service
	companies  *company.Service
	accounts   *account.Service
	orders     *order.Service
	cards      *card.Service
	production *production.Service
	checks     *check.Service
	bureauKeys bureau.Keys
}

func newServices(c Config, d *db.DB, k *seal.Keeper, log *slog.Logger) (services, error) {
	s := services{jobs: job.NewRunner(d, log), blobs: blob.New(d, k), companies: company.New(d, k), checks: check.New(d)}
	provider, err := bankID(c)
	if err != nil {
		return s, err
	}
	s.eid = eid.New(d, k, provider, log)
	s.accounts = account.New(d, k, s.eid)
	if s.notify, err = mails(c, d, k, log); err != nil {
		return s, err
	}
	s.cards = card.New(d, k, card.Config{})
	s.orders = order.New(d, k, order.Deps{Cards: s.cards, Companies: s.companies, EID: s.eid, Blobs: s.blobs, Scheme: c.SchemeName})
	if err := s.bureau(c, d, log); err != nil {
		return s, err
	}
	s.register()
	return s, nil
}

func mails(c Config, d *db.DB, k *seal.Keeper, log *slog.Logger) (*notify.Service, error) {
	host, text, err := net.SplitHostPort(c.SMTPAddr)
	if err != nil {
		return nil, fmt.Errorf("KORTVERK_SMTP_ADDR: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("KORTVERK_SMTP_ADDR: the port %q is not a number", text)
	}
	client, err := smtp.New(smtp.Config{Host: host, Port: port, User: c.SMTPUser, Password: c.SMTPPassword, TLS: smtp.TLS(c.SMTPTLS)})
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return notify.New(d, k, client, notify.Config{
		From: c.MailFrom, BaseURL: c.BaseURL, SchemeName: c.SchemeName, SupportPhone: c.SupportPhone,
	}, log)
}

func bankID(c Config) (*bankid.Provider, error) {
	var pem [4][]byte
	for i, f := range []struct{ setting, path string }{
		{"KORTVERK_BANKID_CERT", c.BankIDCert},
		{"KORTVERK_BANKID_KEY", c.BankIDKey},
		{"KORTVERK_BANKID_CA", c.BankIDCA},
		{"KORTVERK_BANKID_SIGNING_CA", c.BankIDSign},
	} {
		var err error
		if pem[i], err = readFile(f.setting, f.path); err != nil {
			return nil, err
		}
	}
	p, err := bankid.New(bankid.Config{
		BaseURL: c.BankIDURL, Certificate: pem[0], Key: pem[1], Root: pem[2], SigningRoots: pem[3], Sandbox: c.Sandbox,
	})
	if err != nil {
		return nil, fmt.Errorf("BankID: %w", err)
	}
	return p, nil
}

func (s *services) bureau(c Config, d *db.DB, log *slog.Logger) error {
	private, err := bureau.LoadPrivateKey(c.BureauKey)
	if err != nil {
		return fmt.Errorf("KORTVERK_BUREAU_KEY: %w", err)
	}
	public, err := bureau.LoadPublicKey(c.BureauPublicKey)
	if err != nil {
		return fmt.Errorf("KORTVERK_BUREAU_PUBLIC_KEY: %w", err)
	}
	client, err := bureau.New(bureau.Config{URL: c.BureauURL, Key: private})
	if err != nil {
		return fmt.Errorf("KORTVERK_BUREAU_URL: %w", err)
	}
	s.bureauKeys = bureau.NewKeys(public)
	s.production, err = production.New(d, client, s.blobs, s.cards, s.orders, production.Config{
		Prefix: c.CardPrefix, CloseEvery: c.BatchEvery, AskAfter: c.ReceiptOverdue, AskEvery: c.ReceiptOverdue / 4,
		CheckURL: c.BaseURL + "/k/", Scheme: c.SchemeName,
	}, log)
	return err
}

// register binds the jobs to those who do them.
func (s *services) register() {
	s.notify.Register(s.jobs)
	s.orders.Register(s.jobs)
	s.production.Register(s.jobs)
	job.Every(s.jobs, "eid.purge", time.Hour, s.eid.Purge)
	job.Every(s.jobs, "account.purge", 24*time.Hour, s.accounts.Purge)
}
