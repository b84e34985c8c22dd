package person

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
)

func TestParseEmail(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, tc := range []struct{ in, want, code string }{
		{" Asa.Oberg@Example.SE ", "Asa.Oberg@example.se", ""},
		{"a+b_c@sub.example.com", "a+b_c@sub.example.com", ""},
		{"anna@åkeri.se", "anna@xn--keri-poa.se", ""},
		{"anna@bücher.example", "anna@xn--bcher-kva.example", ""},
		{"anna@пример.укр", "anna@xn--e1afmkfd.xn--j1amh", ""},
		{long + "@example.se", long + "@example.se", ""},
		{"", "", "person.email_missing"},
		{"anna", "", "person.email_malformed"},
		{"@example.se", "", "person.email_malformed"},
		{"anna@", "", "person.email_malformed"},
		{"anna@localhost", "", "person.email_malformed"},
		{"anna@127.0.0.1", "", "person.email_malformed"},
		{"anna@[127.0.0.1]", "", "person.email_malformed"},
		{"anna@example..se", "", "person.email_malformed"},
		{"anna@-example.se", "", "person.email_malformed"},
		{"anna@exa_mple.se", "", "person.email_malformed"},
		{"anna..b@example.se", "", "person.email_malformed"},
		{"Anna <anna@example.se>", "", "person.email_malformed"},
		{"<anna@example.se>", "", "person.email_malformed"},
		{"a@example.se, b@example.se", "", "person.email_malformed"},
		{"a@b@example.se", "", "person.email_malformed"},
		{`"a b"@example.se`, "", "person.email_malformed"},
		{"åsa@example.se", "", "person.email_malformed"},
		{"anna@example.se\r\nBcc: x@example.se", "", "person.email_malformed"},
		{"a" + long + "@example.se", "", "person.email_malformed"},
		{"a@" + strings.Repeat("a.", 130) + "se", "", "person.email_malformed"},
	} {
		got, err := ParseEmail(tc.in)
		if got != tc.want || fault.CodeOf(err) != tc.code {
			t.Errorf("ParseEmail(%q) = %q, %v, want %q %s", tc.in, got, err, tc.want, tc.code)
		}
	}
}

// The samples of RFC 3492, section 7.1, in small letters.
func TestPunycode(t *testing.T) {
	for in, want := range map[string]string{
		"ليهمابتكلموشعربي؟":            "egbpdaj6bu4bxfgehfvwxn",
		"他们为什么不说中文":                    "ihqwcrb4cv8a8dqg056pqjye",
		"почемужеонинеговорятпорусски": "b1abfaaepdrnnbgefbadotcwatmq2g4l",
		"3年b組金八先生":                     "3b-ww4c5e180e575a65lsy2b",
	} {
		if got, ok := punycode(in); got != want || !ok {
			t.Errorf("punycode(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"anna@example.se", "anna@åkeri.se", "\"x\"@y.z", "a@\u212a.se"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseEmail(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(got, "\r\n<>\" ,") || len(got) > 254 || !isASCII(got) {
			t.Errorf("ParseEmail(%q) = %q", s, got)
		}
		if again, err := ParseEmail(got); again != got || err != nil {
			t.Errorf("ParseEmail(%q) = %q, parsed again %q, %v", s, got, again, err)
		}
	})
}

func TestParsePhone(t *testing.T) {
	for _, tc := range []struct{ in, want, code, mobile string }{
		{"070-174 06 05", "+46701740605", "", ""},
		{"0046 70 174 06 05", "+46701740605", "", ""},
		{"+48 512 345 678", "+48512345678", "", ""},
		{"08–465 004 00", "+46846500400", "", "person.phone_not_mobile"},
		{"", "", "person.phone_missing", "person.phone_missing"},
		{"123", "", "person.phone_malformed", "person.phone_malformed"},
		{"070-174 06 0", "", "person.phone_malformed", "person.phone_malformed"},
		{"070-174 06 05 ext 3", "", "person.phone_malformed", "person.phone_malformed"},
		{"ring mig", "", "person.phone_malformed", "person.phone_malformed"},
		{strings.Repeat("0701740605", 9), "", "person.phone_malformed", "person.phone_malformed"},
	} {
		got, err := ParsePhone(tc.in)
		if got != tc.want || fault.CodeOf(err) != tc.code {
			t.Errorf("ParsePhone(%q) = %q, %v, want %q %s", tc.in, got, err, tc.want, tc.code)
		}
		if _, err := ParseMobile(tc.in); fault.CodeOf(err) != tc.mobile {
			t.Errorf("ParseMobile(%q): %v, want %q", tc.in, err, tc.mobile)
		}
	}
}

func FuzzParsePhone(f *testing.F) {
	f.Add("070-174 06 05")
	f.Add("+48512345678;ext=3")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParsePhone(s)
		if err == nil && (got[0] != '+' || strings.Trim(got[1:], "0123456789") != "" || len(got) > 16) {
			t.Errorf("ParsePhone(%q) = %q, no E.164 number", s, got)
		}
	})
}

func TestContactClean(t *testing.T) {
	c, err := Contact{Phone: "070-174 06 05", Street: " Byggv.  1 ", Postcode: "12345", City: "Täby"}.Clean()
	if err != nil || c != (Contact{Phone: "+46701740605", Street: "Byggv. 1", Postcode: "123 45", City: "Täby", Country: "SE"}) {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := (Contact{}).Clean(); err != nil || c.Country != "SE" {
		t.Errorf("an empty contact: %+v, %v", c, err)
	}
	_, err = Contact{Phone: "1", Street: strings.Repeat("x", 101), Postcode: "1", Country: "SE"}.Clean()
	got := map[string]string{}
	for _, e := range fault.All(err) {
		got[e.Field] = e.Code
	}
	want := map[string]string{"phone": "person.phone_malformed", "street": "person.line_too_long", "postcode": "country.postcode_malformed", "city": "person.city_missing"}
	for field, code := range want {
		if got[field] != code {
			t.Errorf("%s: %q, want %s", field, got[field], code)
		}
	}
	if len(got) != len(want) {
		t.Errorf("errors %v", got)
	}
	if _, err := (Contact{Street: "A 1", City: "B", Country: "QQ"}).Clean(); !fault.Has(err, "country.unknown") {
		t.Error(err)
	}
}

func TestParseNationality(t *testing.T) {
	if n, err := ParseNationality("pl"); n != "PL" || err != nil {
		t.Error(n, err)
	}
	if _, err := ParseNationality("Polen"); !fault.Has(err, "person.nationality_unknown") {
		t.Error(err)
	}
	if len(Countries("sv")) < 240 || !Valid("UA") || Valid("XX") {
		t.Error("countries")
	}
	if p, err := ParsePostcode("SE", "12345"); p != "123 45" || err != nil {
		t.Error(p, err)
	}
}
