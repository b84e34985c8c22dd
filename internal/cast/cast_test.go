package cast

import (
	"bytes"
	"image/jpeg"
	"strings"
	"testing"
	"time"
)

func luhn(s string) bool {
	sum := 0
	for i := range s {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

func TestNobodyHereExists(t *testing.T) {
	seen := map[string]string{}
	once := func(what, value, who string) {
		if other, ok := seen[what+value]; ok {
			t.Errorf("%s %s belongs to both %s and %s", what, value, other, who)
		}
		seen[what+value] = who
	}
	for _, p := range People() {
		once("id", p.ID, p.ID)
		once("number", p.PersonalNumber, p.ID)
		once("email", p.Email, p.ID)
		once("phone", p.Phone, p.ID)
		if n := p.PersonalNumber; len(n) != 12 || !luhn(n[2:]) || (n[8:11] != "238" && n[8:11] != "239") {
			t.Errorf("%s: %s is no test personal number", p.ID, n)
		}
		if _, err := time.Parse(time.DateOnly, p.BirthDate()); err != nil {
			t.Errorf("%s: %v", p.ID, err)
		}
		if !strings.HasSuffix(p.Email, ".example") {
			t.Errorf("%s: %s could be somebody's address", p.ID, p.Email)
		}
		if !strings.HasPrefix(p.Phone, "070-174 06 ") || p.Phone < "070-174 06 05" {
			t.Errorf("%s: %s could be somebody's telephone", p.ID, p.Phone)
		}
		if _, ok := CompanyByID(p.CompanyID); ok != (p.Role == Orderer || p.Role == Cardholder) {
			t.Errorf("%s: company %q does not go with role %s", p.ID, p.CompanyID, p.Role)
		}
		if p.Lang != "sv" && p.Lang != "en" {
			t.Errorf("%s: no language %q", p.ID, p.Lang)
		}
	}
	for _, c := range Companies() {
		if n := c.OrganisationNumber; len(n) != 10 || !strings.HasPrefix(n, "559999") || !luhn(n) {
			t.Errorf("%s: %s is no test organisation number", c.ID, n)
		}
	}
}

func TestEveryPartIsPlayed(t *testing.T) {
	for _, r := range []Role{Orderer, Cardholder, Reviewer, Production, Officer} {
		if len(WithRole(r)) == 0 {
			t.Errorf("nobody is %s", r)
		}
	}
	piotr, _ := ByID("piotr")
	if piotr.OrderedSurname == piotr.Surname || piotr.BankIDSurname != piotr.Surname {
		t.Error("Piotr's order must spell his name otherwise than his eID")
	}
	asa, _ := ByPersonalNumber("199002032382")
	if asa.BankIDGiven != "ÅSA MARIE" {
		t.Error("Åsa's eID must have capitals and two given names")
	}
}

func TestPortraitsArePicturesOfDifferentPeople(t *testing.T) {
	seen := map[string]string{}
	for _, p := range People() {
		b := p.Portrait()
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(b))
		if err != nil || cfg.Width != 900 || cfg.Height != 1230 {
			t.Fatalf("%s: %v, %d × %d", p.ID, err, cfg.Width, cfg.Height)
		}
		if other, ok := seen[string(b)]; ok {
			t.Errorf("%s looks like %s", p.ID, other)
		}
		seen[string(b)] = p.ID
		b[0] = 0
		if p.Portrait()[0] == 0 {
			t.Fatal("callers share the portrait's memory")
		}
	}
}
