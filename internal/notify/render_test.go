package notify

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

var update = flag.Bool("update", false, "write the golden mails")

var testConfig = Config{From: "Kortverk <kort@kort.example>", BaseURL: "https://kort.example/", SchemeName: "Kortverk", SupportPhone: "010-174 06 05"}

// samples has a value for every key.
var samples = map[string]string{
	KeyPath: "/a/Zm9vYmFyYmF6", KeyRole: "orderer", KeyInviter: "Karin Åberg", KeyBy: "Karin Åberg", KeyCompany: "Furuborg Bygg AB",
	KeyName: "Piotr Wiśniewski", KeyBefore: "Peter Wisniewski", KeyOrder: "B-7F3K29", KeyCards: "3",
	KeyReason: "Fotot har en skugga över halva ansiktet.", KeyReason + "_en": "The photo has a shadow over half of the face.",
	KeyChanged: "namn, foto", KeyChanged + "_en": "name, photo", KeyLapsesOn: "2027-02-18", KeyDelivery: "Furuborg Bygg, kontoret",
	KeyArrivesOn: "2026-11-25", KeyTracking: "RR473124829SE", KeyValidOn: "2029-11-30", KeyShownAt: "2026-11-20T05:58:00Z",
	KeyFee: "Kortet kostar 80,00 kr per år.", KeyFee + "_en": "The card costs 80.00 kr per year.", KeyHold: "unpaid", KeyEndsOld: "yes", KeyActivate: "yes", KeyGate: "yes",
	KeyExpiresOn: "2026-12-04",
}

// sample is a mail of the template with every key it knows, or only those it needs.
func sample(t Template, a Audience, lang i18n.Lang, all bool) Mail {
	m := Mail{To: "piotr@furuborg.example", ToName: "Piotr Wiśniewski", Lang: lang, Template: t, Audience: a, Data: map[string]string{}}
	need, may := Keys(t)
	if all {
		need = append(need, may...)
	}
	for _, key := range need {
		m.Data[key] = samples[key]
		if en := samples[key+"_en"]; en != "" {
			m.Data[key+"_en"] = en
		}
	}
	return m
}

// each runs over all mails there are.
func each(t *testing.T, fn func(t *testing.T, m Mail, bare Mail)) {
	for _, template := range Templates() {
		for _, audience := range Audiences(template) {
			for _, l := range i18n.Languages() {
				t.Run(strings.Trim(string(template)+"."+string(audience), ".")+"."+string(l.Lang), func(t *testing.T) {
					fn(t, sample(template, audience, l.Lang, true), sample(template, audience, l.Lang, false))
				})
			}
		}
	}
}

func mustRender(t *testing.T, m Mail) Message {
	t.Helper()
	if err := check(m); err != nil {
		t.Fatalf("check: %v, %v", err, errUnwrap(err))
	}
	message, err := testConfig.render(m, "id@kort.example")
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func errUnwrap(err error) error {
	if f, ok := fault.As(err); ok {
		return f.Unwrap()
	}
	return nil
}

// The words of each mail, as its reader gets them.
func TestMailsReadAsTheyShould(t *testing.T) {
	each(t, func(t *testing.T, m, _ Mail) {
		got := mustRender(t, m)
		file := filepath.Join("testdata", filepath.Base(t.Name())+".txt")
		text := "Subject: " + got.Subject + "\n\n" + got.Text
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if text != string(want) {
			t.Errorf("%s differs; look at it and run the test with -update\n%s", file, text)
		}
	})
}

// One task, one button, why you got it, English under it, table layout, at most 30 kB.
func TestMailsKeepTheRules(t *testing.T) {
	each(t, func(t *testing.T, m, bare Mail) {
		for _, m := range []Mail{m, bare} {
			got := mustRender(t, m)
			if n := len(got.HTML); n > 30<<10 {
				t.Errorf("%d bytes of HTML", n)
			}
			buttons := strings.Count(got.HTML, `class="btn"`)
			if want := min(1, len(m.Data[KeyPath])); buttons != want {
				t.Errorf("%d buttons, want %d", buttons, want)
			}
			if m.Data[KeyPath] != "" && !strings.Contains(got.HTML, `href="https://kort.example`+m.Data[KeyPath]+`"`) {
				t.Error("the link doesn't lead to the path")
			}
			for _, never := range []string{"<script", "<img", "http://", "{", "()", "<no value>", "ZgotmplZ"} {
				if body := afterHead(got.HTML); strings.Contains(body, never) {
					t.Errorf("HTML has %q", never)
				}
			}
			english := strings.Contains(got.HTML, `<div lang="en"`)
			if english != (m.Lang != i18n.English) {
				t.Errorf("English part: %v in a mail in %s", english, m.Lang)
			}
			for _, part := range []string{got.Subject, got.HTML, got.Text} {
				if strings.TrimSpace(part) == "" {
					t.Error("a part is empty")
				}
			}
			if n := len([]rune(got.Subject)); n > 70 {
				t.Errorf("subject of %d letters: %s", n, got.Subject)
			}
			if strings.Contains(got.Subject+got.Text, "!") {
				t.Error("a mail shouts")
			}
		}
	})
}

func afterHead(html string) string {
	_, body, _ := strings.Cut(html, "</head>")
	return body
}

// Only the words for a screen reader's ears may differ between the two forms of a mail.
func TestTextPartSaysWhatTheHTMLSays(t *testing.T) {
	tags := regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	each(t, func(t *testing.T, m, _ Mail) {
		got := mustRender(t, m)
		seen := strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(tags.ReplaceAllString(got.HTML, "\n"))
		for line := range strings.Lines(got.Text) {
			line = strings.TrimRight(strings.TrimSpace(line), ":")
			line = regexp.MustCompile(`^\d\. `).ReplaceAllString(line, "")
			if line == "" || strings.HasPrefix(line, "http") || strings.HasPrefix(line, "--") {
				continue
			}
			if !strings.Contains(seen, line) {
				t.Errorf("HTML lacks %q", line)
			}
		}
	})
}

func TestHostileWordsStayWords(t *testing.T) {
	m := sample(OrderRejectedByCardholder, "", i18n.Swedish, true)
	m.Data[KeyReason] = `<a href="https://evil.example">klicka</a>` + "\r\nBcc: x@evil.example"
	m.Data[KeyName] = "Eva\r\nBcc: y@evil.example"
	got := mustRender(t, m)
	if strings.Contains(got.HTML, `href="https://evil.example`) {
		t.Error("a reason became a link")
	}
	if strings.ContainsAny(got.Subject, "\r\n") {
		t.Error("the subject has a line break")
	}
}

func TestEnglishWordsStandInTheEnglishPart(t *testing.T) {
	got := mustRender(t, sample(OrderChanged, "", i18n.Swedish, true))
	swedish, english, ok := strings.Cut(got.Text, "På engelska")
	if !ok || !strings.Contains(swedish, "namn, foto") || strings.Contains(swedish, "name, photo") {
		t.Errorf("Swedish part: %s", swedish)
	}
	if !strings.Contains(english, "name, photo") || !strings.Contains(english, "Thu 18 Feb") {
		t.Errorf("English part: %s", english)
	}
}

func TestWrongCallsAreRefused(t *testing.T) {
	wrong := map[string]func(m *Mail){
		"unknown template": func(m *Mail) { m.Template = "hello" },
		"missing key":      func(m *Mail) { delete(m.Data, KeyReason) },
		"misspelt key":     func(m *Mail) { m.Data["reson"] = "x" },
		"unknown English":  func(m *Mail) { m.Data["fee_en"] = "x" },
		"whole address":    func(m *Mail) { m.Data[KeyPath] = "https://kort.example/a" },
		"other host":       func(m *Mail) { m.Data[KeyPath] = "//evil.example" },
		"audience":         func(m *Mail) { m.Audience = Orderer },
		"no audience":      func(m *Mail) { *m = sample(CardBlocked, "", i18n.Swedish, true) },
		"no day":           func(m *Mail) { *m = sample(OrderReminder, "", i18n.Swedish, true); m.Data[KeyLapsesOn] = "soon" },
		"no instant":       func(m *Mail) { *m = sample(PINShown, "", i18n.Swedish, true); m.Data[KeyShownAt] = "06.58" },
	}
	for name, change := range wrong {
		m := sample(OrderRejectedByReviewer, "", i18n.Swedish, true)
		if err := check(m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		if err := check(m); !fault.Has(err, "notify.wrong_call") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
