package bankidsim

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser walks the phone's pages as somebody without scripts would.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
	page   string
	status int
	at     *url.URL
	header http.Header
}

func (g *stage) browser() *browser {
	g.t.Helper()
	server := httptest.NewServer(g.Phone())
	g.t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		g.t.Fatal(err)
	}
	return &browser{t: g.t, base: server.URL, client: &http.Client{Jar: jar}}
}

func (b *browser) read(resp *http.Response, err error) *browser {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.page, b.status, b.at, b.header = string(raw), resp.StatusCode, resp.Request.URL, resp.Header
	return b
}

func (b *browser) get(path string) *browser {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", "sv")
	return b.read(b.client.Do(req))
}

func (b *browser) post(path string, values ...string) *browser {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept-Language", "sv")
	return b.read(b.client.Do(req))
}

func (b *browser) sees(parts ...string) *browser {
	b.t.Helper()
	for _, part := range parts {
		if !strings.Contains(b.page, part) {
			b.t.Fatalf("%s (%d) lacks %q:\n%s", b.at, b.status, part, b.page)
		}
	}
	return b
}

func TestScanAndSignOnThePhone(t *testing.T) {
	g := newStage(t)
	b := g.browser()
	b.get("/").sees("Simulator, inte riktiga BankID", "Żółkiewski", `href="/phone/polish"`)
	b.get("/phone/polish").sees("Ingen QR-kod visas just nu", `<noscript><meta http-equiv="refresh"`)
	o := g.order(`,"userVisibleDataFormat":"simpleMarkdownV1","requirement":{"personalNumber":"` + SpecialPersonas()[4].PersonalNumber + `"}`)
	b.get("/phone/polish").sees("Skriv under hos Kortverk", "För Paweł Łukasz Żółkiewski.", `name="order" value="`+o.ref+`"`)
	b.post("/phone/polish/scan", "order", o.ref).sees("<article", "<p>Hej</p>", "Rätt kod: skriv under")
	action := b.at.Path
	b.post(action, "do", "wrong").sees("Du har 2 försök kvar")
	b.get("/phone/polish").sees("Väntar på dig", action)
	b.post(action, "do", "right").sees("Underskriften är klar.", "Gå tillbaka till den andra skärmen.")
	g.wantCollect(o, 200, "complete")
	b.post(action, "do", "right").sees("Den är redan avslutad")
	if b.status != http.StatusConflict {
		t.Error(b.status)
	}
}

func TestOpenByLinkReturnsToTheSite(t *testing.T) {
	g := newStage(t)
	b := g.browser()
	o := g.order(`,"returnUrl":"https://kortverk.example/a?nonce=1"`)
	b.get("/open?autostarttoken="+o.autostart+"&redirect=null").sees("Vems BankID är det?", `value="hyphen"`)
	b.post("/open", "autostarttoken", o.autostart, "redirect", "null", "persona", "hyphen").sees("Rätt kod")
	b.post(b.at.Path, "do", "right").sees(`href="https://kortverk.example/a?nonce=1"`, "Tillbaka till Kortverk")
	g.wantCollect(o, 200, "complete")

	second := g.order(`,"returnUrl":"https://kortverk.example/"`) // the same phone comes first now
	b.get("/open?autostarttoken="+second.autostart).sees("Öppna som Anna-Karin Lindqvist-Holm", "Någon annan")
	b.post("/open", "autostarttoken", second.autostart, "persona", "hyphen")
	b.post(b.at.Path, "do", "cancel").sees("Du avbröt.")
	g.wantCollect(second, 200, "failed/userCancel")

	old := g.order("") // without a return address the old parameter counts, if it is a web address
	b.post("/open", "autostarttoken", old.autostart, "redirect", "https://kortverk.example/old", "persona", "hyphen")
	b.post(b.at.Path, "do", "right").sees(`href="https://kortverk.example/old"`)
	odd := g.order("")
	b.post("/open", "autostarttoken", odd.autostart, "redirect", "javascript:alert(1)", "persona", "hyphen")
	if b.post(b.at.Path, "do", "right"); strings.Contains(b.page, "javascript:") {
		t.Error("a script as return address")
	}
	if b.get("/open?autostarttoken=unknown").sees("finns inte längre"); b.status != http.StatusNotFound {
		t.Error(b.status)
	}
}

func TestDocumentOnThePhone(t *testing.T) {
	g := newStage(t)
	b := g.browser()
	o := g.order(`,"requirement":{"mrtd":true}`)
	b.post("/phone/polish/scan", "order", o.ref).sees("Fotografera och läs av ditt pass")
	b.post(b.at.Path, "do", "document").sees("Rätt kod")
	b.post(b.at.Path, "do", "right").sees("Underskriften är klar.")
}

func TestPasteAndKnobs(t *testing.T) {
	g := newStage(t)
	b := g.browser()
	o := g.order("")
	b.get("/phone/apostrophe/more").sees("O’Connor", "Klistra in en QR-kod")
	if b.post("/phone/apostrophe/scan", "qr", "bankid.x.0.y").sees("finns inte längre"); b.status != http.StatusConflict {
		t.Error(b.status)
	}
	b.post("/phone/apostrophe/knobs", "outdated", "1", "risk", "low")
	b.get("/phone/apostrophe/more").sees(`name="outdated" value="1" checked`)
	b.post("/phone/apostrophe/scan", "qr", o.qr(0)).sees("Appen är för gammal för det här.")
	g.wantCollect(o, 200, "failed/notSupportedByUserApp")
	if b.post("/phone/apostrophe/knobs", "risk", "none"); b.status != http.StatusUnprocessableEntity {
		t.Error(b.status)
	}
}

func TestPagesInEveryLanguageAndWithoutInlineCode(t *testing.T) {
	g := newStage(t)
	b := g.browser()
	o := g.order("")
	b.post("/phone/capitals/scan", "order", o.ref)
	order := b.at.Path
	waiting := g.order("")
	inline := regexp.MustCompile(`<script>|<style|\sstyle=|\son[a-z]+=`)
	for _, lang := range []string{"sv", "en"} {
		b.get("/lang/" + lang)
		for _, path := range []string{"/", "/phone/capitals", "/phone/capitals/more", order, "/open?autostarttoken=" + waiting.autostart, "/phone/nobody"} {
			b.get(path).sees(`<html lang="`+lang+`">`, `class="sim"`)
			if m := inline.FindString(b.page); m != "" {
				t.Errorf("%s: %q", path, m)
			}
			if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s: %s", path, csp)
			}
		}
	}
	for _, asset := range []string{"/assets/phone.css", "/assets/refresh.js"} {
		if b.get(asset); b.status != 200 || b.page == "" {
			t.Errorf("%s: %d", asset, b.status)
		}
	}
}

func TestAnotherSiteCantPress(t *testing.T) {
	g := newStage(t)
	b := g.browser()
	req, err := http.NewRequest(http.MethodPost, b.base+"/_sim/fault", strings.NewReader(`{"next":"503"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if b.read(b.client.Do(req)); b.status != http.StatusForbidden {
		t.Error(b.status)
	}
}

func TestMountedUnderAPath(t *testing.T) {
	g := newStage(t)
	g.cfg.Path, g.cfg.FrameAncestors = "/bankid", []string{"http://localhost:8080"}
	b := g.browser()
	o := g.order("")
	b.get("/bankid/").sees(`href="/bankid/phone/polish"`, `href="/bankid/assets/phone.css"`)
	b.post("/bankid/phone/polish/scan", "order", o.ref).sees(`action="/bankid/phone/polish/orders/` + o.ref + `"`)
	if csp := b.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "frame-ancestors http://localhost:8080") {
		t.Error(csp)
	}
}

// Somebody who looks through the list of people for a minute still gets in, and
// after three minutes finds the way back to the page that they came from.
func TestOpenedAppWaitsForThePerson(t *testing.T) {
	g := newStage(t)
	g.cfg.Home = "http://localhost:8090"
	b := g.browser()
	link := func(o *order) string { return "/open?autostarttoken=" + o.autostart }
	o := g.order(`,"returnUrl":"https://kortverk.example/a?nonce=1"`)
	b.get(link(o)).sees("Vems BankID är det?", `href="http://localhost:8090"`)
	g.pass(time.Minute)
	g.wantCollect(o, 200, "pending/outstandingTransaction")
	b.post("/open", "autostarttoken", o.autostart, "persona", "polish").sees("Rätt kod: skriv under")
	g.wantCollect(o, 200, "pending/userSign")

	late := g.order(`,"returnUrl":"https://kortverk.example/a?nonce=2"`)
	b.get(link(late))
	g.pass(finishWindow + time.Second)
	b.post("/open", "autostarttoken", late.autostart, "persona", "hyphen").sees("Den är redan avslutad", `href="https://kortverk.example/a?nonce=2"`)
	g.wantCollect(late, 200, "failed/expiredTransaction")
}

func TestControlAPI(t *testing.T) {
	g := newStage(t)
	b := g.browser()
	o := g.order("")
	b.get("/_sim/orders").sees(`"ref":"`+o.ref+`"`, `"state":"outstandingTransaction"`, `"visible_text":"Hej"`, `"qr":"bankid.`)
	for path, c := range map[string]struct {
		body   string
		status int
	}{
		"/_sim/orders/unknown/approve":                {`{"persona":"polish"}`, 404},
		"/_sim/orders/" + o.ref + "/approve":          {`{"persona":"nobody"}`, 404},
		"/_sim/orders/" + o.autostart + "/approve":    {`{"who":"polish"}`, 422},
		"/_sim/orders/unknown/cancel":                 {``, 404},
		"/_sim/orders/" + o.ref + "/advance":          {`{}`, 409},
		"/_sim/personas":                              {`{"id":"x"}`, 422},
		"/_sim/fault":                                 {`{"next":"fire"}`, 422},
		"/_sim/clock":                                 {`{"advance":"-1s"}`, 422},
		"/_sim/orders/" + o.autostart + "/approve?ok": {`{"persona":"polish","same_device":true}`, 200},
	} {
		if b.json(path, c.body); b.status != c.status {
			t.Errorf("%s: %d %s", path, b.status, b.page)
		}
	}
	g.wantCollect(o, 200, "complete")
	b.json("/_sim/personas", `{"id":"new","personal_number":"`+PersonalNumber(2001, time.May, 5, 238)+`","given_name":"Ny","surname":"Person"}`).sees(`"id":"new"`)
	late := g.order("")
	b.json("/_sim/clock", `{"advance":"31s"}`)
	g.wantCollect(late, 200, "failed/startFailed")
}

func (b *browser) json(path, body string) *browser {
	b.t.Helper()
	return b.read(b.client.Post(b.base+path, "application/json", strings.NewReader(body)))
}
