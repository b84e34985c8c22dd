package app

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// Config is everything that a deployment sets. Each field is an environment
// variable (the env tag) with a help text; the reference in docs/operations is
// made from these tags, and `kortverk config print` shows the values in force
// with secrets masked.
type Config struct {
	Addr        string `name:"addr" env:"KORTVERK_ADDR" default:"localhost:8080" help:"Address that the pages and the reader API listen on."`
	AdminAddr   string `name:"admin-addr" env:"KORTVERK_ADMIN_ADDR" default:"localhost:8081" help:"Address of /metrics. Keep it private."`
	BaseURL     string `name:"base-url" env:"KORTVERK_BASE_URL" help:"Address that people see, for links in mails and as the only accepted origin. Example: https://kort.example."`
	Data        string `name:"data" env:"KORTVERK_DATA" default:"./var" help:"Folder of the SQLite database and the deployment's files."`
	DatabaseURL string `name:"database-url" env:"KORTVERK_DATABASE_URL" secret:"url" help:"PostgreSQL connection URL. Empty: SQLite under KORTVERK_DATA."`
	KeyFile     string `name:"key-file" env:"KORTVERK_KEY_FILE" help:"File with the keys that seal personal numbers, pictures and PINs. Made by kortverk keys create; never kept beside the database's backup."`
	Sandbox     bool   `name:"sandbox" env:"KORTVERK_SANDBOX" help:"Accept test numbers, test certificates and http return addresses, and say so on every page. Never in production."`

	SchemeName   string `name:"scheme-name" env:"KORTVERK_SCHEME_NAME" default:"Kortverk" help:"Name of the scheme, on pages, mails and cards."`
	SupportPhone string `name:"support-phone" env:"KORTVERK_SUPPORT_PHONE" default:"010-000 00 00" help:"Telephone number of the support, in every footer."`
	CardPrefix   string `name:"card-prefix" env:"KORTVERK_CARD_PREFIX" default:"BB" help:"The two letters that every card number begins with."`

	BankIDURL  string `name:"bankid-url" env:"KORTVERK_BANKID_URL" default:"https://appapi2.bankid.com/rp/v6.0" help:"Address of BankID's relying-party API."`
	BankIDCert string `name:"bankid-cert" env:"KORTVERK_BANKID_CERT" help:"File with the relying party's certificate (PEM)."`
	BankIDKey  string `name:"bankid-key" env:"KORTVERK_BANKID_KEY" help:"File with the certificate's private key (PEM)."`
	BankIDCA   string `name:"bankid-ca" env:"KORTVERK_BANKID_CA" help:"File with the only root that BankID's server may chain to (PEM)."`
	BankIDSign string `name:"bankid-signing-ca" env:"KORTVERK_BANKID_SIGNING_CA" help:"File with the root of the certificates that people sign with (PEM)."`
	BankIDApp  string `name:"bankid-app" env:"KORTVERK_BANKID_APP" default:"https://app.bankid.com/" help:"Address that opens the BankID app on the same device."`

	SMTPAddr     string `name:"smtp-addr" env:"KORTVERK_SMTP_ADDR" help:"Host and port of the mail server."`
	SMTPUser     string `name:"smtp-user" env:"KORTVERK_SMTP_USER" help:"User name at the mail server; empty for none."`
	SMTPPassword string `name:"smtp-password" env:"KORTVERK_SMTP_PASSWORD" secret:"true" help:"Password at the mail server."`
	SMTPTLS      string `name:"smtp-tls" env:"KORTVERK_SMTP_TLS" default:"mandatory" enum:"mandatory,off" help:"mandatory, or off for a mail server on this machine."`
	MailFrom     string `name:"mail-from" env:"KORTVERK_MAIL_FROM" help:"Sender address of mails."`

	BureauURL       string `name:"bureau-url" env:"KORTVERK_BUREAU_URL" help:"Address of the card bureau."`
	BureauKey       string `name:"bureau-key" env:"KORTVERK_BUREAU_KEY" help:"File with the private key that signs order files (Ed25519, PEM)."`
	BureauPublicKey string `name:"bureau-public-key" env:"KORTVERK_BUREAU_PUBLIC_KEY" help:"File with the bureau's public key, which verifies receipts (Ed25519, PEM)."`

	BatchEvery     time.Duration `name:"batch-every" env:"KORTVERK_BATCH_EVERY" default:"10m" help:"How long approved cards are gathered before their batch goes to the bureau."`
	ReceiptOverdue time.Duration `name:"receipt-overdue" env:"KORTVERK_RECEIPT_OVERDUE" default:"24h" help:"After how long the bureau is asked for receipts that have not come."`

	TrustedProxies []string `name:"trusted-proxies" env:"KORTVERK_TRUSTED_PROXIES" sep:"," help:"Networks of proxies whose X-Forwarded-For is believed. Example: 10.0.0.0/8."`
	LogFormat      string   `name:"log-format" env:"KORTVERK_LOG_FORMAT" default:"text" enum:"text,json" help:"text or json."`

	Bounds
	Drain time.Duration `name:"drain" env:"KORTVERK_DRAIN" default:"2s" help:"How long connections are still taken after SIGTERM, while /readyz says no: longer than the proxy takes to notice."`

	world    bool     // dev: the simulators run in this process
	worldURL string   // dev: the world's start page
	names    []string // dev: host names of the screens that the world shows together
	framedBy []string // dev: the page that shows them, and may do so
	mayClock bool     // dev: business time may be moved
}

// SQLitePath is the database file that is used without a database URL.
func (c Config) SQLitePath() string { return filepath.Join(c.Data, "kortverk.db") }

// Check refuses what is missing or unsafe. The error has one line per finding,
// each with what to set.
func (c Config) Check() error {
	var wrong []string
	need := func(value, env, what string) {
		if value == "" {
			wrong = append(wrong, fmt.Sprintf("%s is not set: %s", env, what))
		}
	}
	file := func(path, env, what string) {
		if path == "" {
			need(path, env, what)
		} else if _, err := os.Stat(path); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s names a file that can't be read (%s): %s", env, path, what))
		}
	}
	need(c.BaseURL, "KORTVERK_BASE_URL", "the address that people see, such as https://kort.example")
	file(c.KeyFile, "KORTVERK_KEY_FILE", "the file with the sealing keys; kortverk keys create FILE makes one")
	file(c.BankIDCert, "KORTVERK_BANKID_CERT", "the relying party's certificate, from your bank")
	file(c.BankIDKey, "KORTVERK_BANKID_KEY", "the private key of that certificate")
	file(c.BankIDCA, "KORTVERK_BANKID_CA", "the root certificate of BankID's server")
	file(c.BankIDSign, "KORTVERK_BANKID_SIGNING_CA", "the root of the certificates that people sign with, from BankID")
	need(c.SMTPAddr, "KORTVERK_SMTP_ADDR", "host and port of the mail server")
	need(c.MailFrom, "KORTVERK_MAIL_FROM", "the sender address of mails")
	need(c.BureauURL, "KORTVERK_BUREAU_URL", "the address of the card bureau")
	file(c.BureauKey, "KORTVERK_BUREAU_KEY", "the private key that signs order files")
	file(c.BureauPublicKey, "KORTVERK_BUREAU_PUBLIC_KEY", "the bureau's public key")
	wrong = append(wrong, c.unsafe()...)
	if len(wrong) > 0 {
		return fmt.Errorf("the configuration is not complete:\n  %s", strings.Join(wrong, "\n  "))
	}
	return nil
}

// unsafe finds what may be set in a sandbox only.
func (c Config) unsafe() []string {
	var wrong []string
	if len(c.CardPrefix) != 2 || strings.ToUpper(c.CardPrefix) != c.CardPrefix {
		wrong = append(wrong, "KORTVERK_CARD_PREFIX must be two capital letters")
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			wrong = append(wrong, fmt.Sprintf("KORTVERK_TRUSTED_PROXIES: %q is not a network such as 10.0.0.0/8", p))
		}
	}
	wrong = append(wrong, c.Bounds.wrong()...)
	base, err := url.Parse(c.BaseURL)
	if c.BaseURL != "" && (err != nil || base.Host == "" || (base.Path != "" && base.Path != "/")) {
		wrong = append(wrong, "KORTVERK_BASE_URL must be a scheme and a host, such as https://kort.example")
	}
	if c.Sandbox {
		return wrong
	}
	if base != nil && c.BaseURL != "" && base.Scheme != "https" {
		wrong = append(wrong, "KORTVERK_BASE_URL must begin with https:// (KORTVERK_SANDBOX=1 allows http, for trying out)")
	}
	for _, v := range []struct{ url, env string }{{c.BankIDURL, "KORTVERK_BANKID_URL"}, {c.BureauURL, "KORTVERK_BUREAU_URL"}} {
		u, err := url.Parse(v.url)
		if v.url == "" || err != nil {
			continue
		}
		if u.Scheme != "https" {
			wrong = append(wrong, v.env+" must begin with https://")
		} else if loopback(u.Hostname()) {
			wrong = append(wrong, v.env+" names this machine: a simulator needs KORTVERK_SANDBOX=1")
		}
	}
	if host, _, err := net.SplitHostPort(c.SMTPAddr); err == nil && c.SMTPTLS == "off" && !loopback(host) {
		wrong = append(wrong, "KORTVERK_SMTP_TLS=off is allowed only for a mail server on this machine")
	}
	return wrong
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (err == nil && ip.IsLoopback())
}

// Setting is one line of the configuration, for people to read.
type Setting struct{ Env, Value, Default, Help string }

// Settings lists the configuration in force, secrets masked.
func (c Config) Settings() []Setting {
	v := reflect.ValueOf(c)
	var out []Setting
	for _, f := range reflect.VisibleFields(v.Type()) {
		tag := f.Tag
		if tag.Get("env") == "" {
			continue
		}
		out = append(out, Setting{
			Env: tag.Get("env"), Default: tag.Get("default"), Help: tag.Get("help"),
			Value: mask(tag.Get("secret"), fmt.Sprint(v.FieldByIndex(f.Index).Interface())),
		})
	}
	return out
}

func mask(kind, value string) string {
	switch {
	case value == "" || kind == "":
		return value
	case kind == "url":
		if u, err := url.Parse(value); err == nil && u.Scheme != "" {
			return u.Redacted()
		}
	}
	return "••••••"
}
