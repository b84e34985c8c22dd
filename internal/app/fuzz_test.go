package app

import (
	"strings"
	"testing"
)

// Any configuration is used or refused in words; what is printed of it never
// has a secret.
func FuzzConfig(f *testing.F) {
	f.Add("https://kort.example", "postgres://kort:hemligtlösen@db.example/kort", "hemligt", "10.0.0.0/8", "BB", "mail.example:587")
	f.Add("http://", "postgres://kort:pass%word@db", "\x00", "x", "b", "")
	f.Add("https://kort.example/x?y", "host=db user=kort password=hemligtlösen", "p", "::/0", "ÅÄ", "[::1]:25")
	f.Fuzz(func(t *testing.T, base, database, password, proxy, prefix, smtp string) {
		c := Config{BaseURL: base, DatabaseURL: database, SMTPPassword: password, TrustedProxies: []string{proxy}, CardPrefix: prefix, SMTPAddr: smtp, BankIDURL: base, BureauURL: base, SMTPTLS: "off"}
		for _, sandbox := range []bool{false, true} {
			c.Sandbox = sandbox
			if err := c.Check(); err == nil {
				t.Error("a configuration without keys is complete")
			} else if len(password) > 8 && strings.Contains(err.Error(), password) && !strings.Contains(base+proxy+smtp+prefix, password) && !strings.Contains(complete, password) {
				t.Error("the refusal has the password")
			}
		}
		for _, s := range c.Settings() {
			switch s.Env {
			case "KORTVERK_SMTP_PASSWORD":
				if s.Value != "" && s.Value != "••••••" {
					t.Errorf("%s is printed as %q", s.Env, s.Value)
				}
			case "KORTVERK_DATABASE_URL":
				if strings.Contains(s.Value, "hemligtlösen") {
					t.Errorf("%s is printed as %q", s.Env, s.Value)
				}
			}
		}
		for _, n := range proxies(c.TrustedProxies) {
			if !n.IsValid() {
				t.Errorf("%q is the network %v", proxy, n)
			}
		}
	})
}

// complete are words of the refusal itself.
const complete = "the configuration is not complete: KORTVERK_SMTP_PASSWORD must be set such as https://kort.example a simulator needs"
