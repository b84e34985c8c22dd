package bankidsim

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "bankidsim"); err != nil {
		panic(err)
	}
	m.Run()
	_ = os.RemoveAll(folder)
}

// stage is a simulator with its API behind real TLS and a clock that the test moves.
type stage struct {
	*Sim
	t      *testing.T
	mu     sync.Mutex
	at     time.Time
	rp     *httptest.Server
	client *http.Client
}

func newStage(t *testing.T) *stage {
	t.Helper()
	g := &stage{t: t, at: time.Now()}
	var err error
	g.Sim, err = New(Config{Folder: folder, Personas: SpecialPersonas(), Now: func() time.Time {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.at
	}})
	if err != nil {
		t.Fatal(err)
	}
	g.rp = httptest.NewUnstartedServer(g.RP())
	g.rp.TLS = g.TLS()
	g.rp.StartTLS()
	t.Cleanup(g.rp.Close)
	cert, key, err := g.ClientCertificate("Kortverk", "5599990016")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(g.RootPEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}}
	t.Cleanup(transport.CloseIdleConnections)
	g.client = &http.Client{Transport: transport}
	return g
}

func (g *stage) pass(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = g.at.Add(d)
}

// post calls the API and returns status, answer and error code.
func (g *stage) post(path, body string) (int, map[string]any) {
	g.t.Helper()
	return g.do(http.MethodPost, path, "application/json", body)
}

func (g *stage) do(method, path, contentType, body string) (int, map[string]any) {
	g.t.Helper()
	req, err := http.NewRequest(method, g.rp.URL+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := g.client.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	out := map[string]any{}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &out); err != nil {
			g.t.Fatalf("%s: %s", path, raw)
		}
	}
	return resp.StatusCode, out
}

func text(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// order starts a signature; extra goes into the body.
func (g *stage) order(extra string) *order {
	g.t.Helper()
	status, out := g.post("/rp/v6.0/sign", `{"endUserIp":"192.0.2.7","userVisibleData":"`+text("Hej")+`"`+extra+`}`)
	if status != 200 {
		g.t.Fatalf("%d %v", status, out)
	}
	g.Sim.mu.Lock()
	defer g.Sim.mu.Unlock()
	return g.orders[out["orderRef"].(string)]
}

func (g *stage) collectNow(o *order) (int, string) {
	g.t.Helper()
	status, out := g.post("/rp/v6.0/collect", `{"orderRef":"`+o.ref+`"}`)
	if status != 200 {
		return status, out["errorCode"].(string)
	}
	if hint, ok := out["hintCode"].(string); ok {
		return status, out["status"].(string) + "/" + hint
	}
	return status, out["status"].(string)
}

func (g *stage) wantCollect(o *order, status int, want string) {
	g.t.Helper()
	if s, got := g.collectNow(o); s != status || got != want {
		g.t.Fatalf("collect: %d %s, want %d %s", s, got, status, want)
	}
}

func (g *stage) scan(qr, persona string) error {
	g.Sim.mu.Lock()
	defer g.Sim.mu.Unlock()
	o, err := g.byQR(qr)
	if err != nil {
		return err
	}
	who, _ := g.persona(persona)
	return g.pickUp(o, who)
}

func TestWhatTheAPIRefuses(t *testing.T) {
	g := newStage(t)
	const ok = `"endUserIp":"192.0.2.7","userVisibleData":"SGVq"`
	for name, body := range map[string]string{
		"no JSON":               `x`,
		"array":                 `[]`,
		"two objects":           `{` + ok + `}{}`,
		"no address":            `{"userVisibleData":"SGVq"}`,
		"bad address":           `{"endUserIp":"192.0.2","userVisibleData":"SGVq"}`,
		"no text":               `{"endUserIp":"192.0.2.7"}`,
		"text not base64":       `{"endUserIp":"192.0.2.7","userVisibleData":"Hej!"}`,
		"text not UTF-8":        `{"endUserIp":"192.0.2.7","userVisibleData":"` + text("\xff") + `"}`,
		"text too long":         `{"endUserIp":"192.0.2.7","userVisibleData":"` + strings.Repeat("A", 40_004) + `"}`,
		"hidden too long":       `{` + ok + `,"userNonVisibleData":"` + strings.Repeat("A", 200_004) + `"}`,
		"format":                `{` + ok + `,"userVisibleDataFormat":"html"}`,
		"return over http":      `{` + ok + `,"returnUrl":"http://kortverk.example/"}`,
		"return too long":       `{` + ok + `,"returnUrl":"https://k.example/` + strings.Repeat("x", 512) + `"}`,
		"return with user":      `{` + ok + `,"returnUrl":"https://a:b@k.example/"}`,
		"number's check digit":  `{` + ok + `,"requirement":{"personalNumber":"199002032381"}}`,
		"coordination number":   `{` + ok + `,"requirement":{"personalNumber":"199002632381"}}`,
		"ten digits":            `{` + ok + `,"requirement":{"personalNumber":"9002032382"}}`,
		"pincode in lower case": `{` + ok + `,"requirement":{"pincodes":true}}`,
		"risk":                  `{` + ok + `,"requirement":{"risk":"high"}}`,
		"card reader":           `{` + ok + `,"requirement":{"cardReader":"class3"}}`,
		"policy star too early": `{` + ok + `,"requirement":{"certificatePolicies":["1.2*"]}}`,
		"web without agent":     `{` + ok + `,"web":{"referringDomain":"k.example","deviceIdentifier":"x"}}`,
		"wrong type":            `{` + ok + `,"returnRisk":"yes"}`,
	} {
		if status, out := g.post("/rp/v6.0/sign", body); status != 400 || out["errorCode"] != "invalidParameters" || out["details"] == "" {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if status, out := g.post("/rp/v6.0/auth", `{"endUserIp":"::1","userVisibleData":"`+strings.Repeat("A", 1504)+`"}`); status != 400 {
		t.Errorf("auth takes 1500 characters: %d %v", status, out)
	}
	if status, out := g.post("/rp/v6.0/auth", `{"endUserIp":"::1","unknown":1,"requirement":{"risk":"LOW","certificatePolicies":["1.2.3.4.*"]},"returnUrl":"http://phone.localhost:8080/x"}`); status != 200 {
		t.Errorf("%d %v", status, out)
	}
}

func TestMethodsPathsAndMediaTypes(t *testing.T) {
	g := newStage(t)
	for _, c := range []struct {
		method, path, media string
		status              int
		code                any
	}{
		{"GET", "/rp/v6.0/auth", "", 405, nil},
		{"PUT", "/rp/v6.0/collect", "application/json", 405, nil},
		{"POST", "/rp/v5.1/auth", "application/json", 404, "notFound"},
		{"POST", "/rp/v6.0/payment", "application/json", 404, "notFound"},
		{"POST", "/rp/v6.0/auth", "application/json; charset=utf-8", 415, "unsupportedMediaType"},
		{"POST", "/rp/v6.0/auth", "text/plain", 415, "unsupportedMediaType"},
		{"POST", "/rp/v6.0/collect", "application/json", 400, "invalidParameters"},
	} {
		if status, out := g.do(c.method, c.path, c.media, `{}`); status != c.status || out["errorCode"] != c.code {
			t.Errorf("%+v: %d %v", c, status, out)
		}
	}
	plain := httptest.NewServer(g.RP())
	defer plain.Close()
	resp, err := http.Post(plain.URL+"/rp/v6.0/auth", "application/json", strings.NewReader(`{"endUserIp":"::1"}`))
	if err != nil || resp.StatusCode != 401 {
		t.Errorf("without a certificate: %v %v", resp, err)
	}
	resp.Body.Close()
}

func TestQRIsChecked(t *testing.T) {
	g := newStage(t)
	o := g.order("")
	seconds := func() int64 { return int64(g.now().Sub(o.created) / time.Second) }
	g.pass(7 * time.Second)
	for name, qr := range map[string]string{
		"nothing":       "",
		"another thing": "https://example.com",
		"forged":        strings.TrimSuffix(o.qr(seconds()), o.qr(seconds())[100:]) + strings.Repeat("0", 10),
		"padded":        strings.Replace(o.qr(7), ".7.", ".07.", 1),
		"autostart":     "bankid." + o.autostart + ".7." + strings.Repeat("a", 64),
	} {
		if err := g.scan(qr, "polish"); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	g.wantCollect(o, 200, "pending/outstandingTransaction") // a guess doesn't end anybody's order
	if err := g.scan(o.qr(seconds()-5), "polish"); err != nil {
		t.Fatalf("a code of five seconds ago: %v", err)
	}
	g.wantCollect(o, 200, "pending/userSign")

	replayed := g.order("")
	old := replayed.qr(0)
	g.pass(6 * time.Second)
	if err := g.scan(old, "hyphen"); err != errQR {
		t.Fatalf("an old frame: %v", err)
	}
	g.wantCollect(replayed, 200, "failed/startFailed")
}

func TestTimes(t *testing.T) {
	g := newStage(t)
	never := g.order("")
	g.pass(pickupWindow)
	g.wantCollect(never, 200, "pending/outstandingTransaction")
	g.pass(time.Second)
	g.wantCollect(never, 200, "failed/startFailed")
	g.wantCollect(never, 400, "invalidParameters") // once

	slow := g.order("")
	if err := g.scan(slow.qr(0), "polish"); err != nil {
		t.Fatal(err)
	}
	g.pass(finishWindow + time.Second)
	g.wantCollect(slow, 200, "failed/expiredTransaction")

	for name, c := range map[string]struct {
		end  func(o *order)
		keep time.Duration
		says string
	}{
		"complete": {func(o *order) { g.finish(o, "polish") }, keepComplete, "complete"},
		"failed":   {func(o *order) { g.scanAndCancel(o) }, keepFailed, "failed/userCancel"},
		"never":    {func(*order) {}, keepNeverTaken, "failed/startFailed"},
	} {
		kept := g.order("")
		c.end(kept)
		g.pass(c.keep)
		g.wantCollect(kept, 200, c.says)
		gone := g.order("")
		c.end(gone)
		g.pass(c.keep + time.Second)
		if s, got := g.collectNow(gone); s != 400 || got != "invalidParameters" {
			t.Errorf("%s: after %s %d %s", name, c.keep, s, got)
		}
	}
}

func (g *stage) finish(o *order, persona string) {
	g.t.Helper()
	if err := g.scan(o.qr(int64(g.now().Sub(o.created)/time.Second)), persona); err != nil {
		g.t.Fatal(err)
	}
	if err := g.enterCode(o.ref, true); err != nil {
		g.t.Fatal(err)
	}
}

func (g *stage) scanAndCancel(o *order) {
	g.t.Helper()
	if err := g.scan(o.qr(0), "polish"); err != nil {
		g.t.Fatal(err)
	}
	g.Sim.mu.Lock()
	defer g.Sim.mu.Unlock()
	if err := g.cancelByUser(o); err != nil {
		g.t.Fatal(err)
	}
}

func TestThreeWrongCodes(t *testing.T) {
	g := newStage(t)
	o := g.order("")
	if err := g.scan(o.qr(0), "polish"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := g.enterCode(o.ref, false); err != nil {
			t.Fatal(err)
		}
	}
	g.wantCollect(o, 200, "pending/userSign")
	if err := g.enterCode(o.ref, false); err != nil {
		t.Fatal(err)
	}
	if err := g.enterCode(o.ref, true); err != errTooLate {
		t.Errorf("the right code afterwards: %v", err)
	}
	g.wantCollect(o, 200, "failed/certificateErr")
}

func TestKnobs(t *testing.T) {
	g := newStage(t)
	for _, c := range []struct {
		knobs Knobs
		extra string
		want  string
	}{
		{Knobs{OutdatedApp: true}, "", "failed/notSupportedByUserApp"},
		{Knobs{Revoked: true}, "", "failed/certificateErr"},
		{Knobs{Risk: "high"}, `,"requirement":{"risk":"moderate"}`, "failed/transactionRiskBlocked"},
		{Knobs{Risk: "moderate"}, `,"requirement":{"risk":"low"}`, "failed/transactionRiskBlocked"},
		{Knobs{Risk: "moderate"}, `,"requirement":{"risk":"moderate"}`, "pending/userSign"},
		{Knobs{Risk: "high"}, "", "pending/userSign"},
		{Knobs{}, `,"requirement":{"certificatePolicies":["1.2.752.78.1.5"]}`, "failed/certificateErr"},
		{Knobs{}, `,"requirement":{"mrtd":true}`, "pending/userMrtd"},
	} {
		p := SpecialPersonas()[2]
		p.Knobs = c.knobs
		if err := g.SetPersona(p); err != nil {
			t.Fatal(err)
		}
		o := g.order(c.extra)
		if err := g.scan(o.qr(0), p.ID); err != nil {
			t.Fatal(err)
		}
		g.wantCollect(o, 200, c.want)
		g.post("/rp/v6.0/cancel", `{"orderRef":"`+o.ref+`"}`)
	}
}

func TestTwoOrdersForOnePersonEndBoth(t *testing.T) {
	g := newStage(t)
	a, b := g.order(""), g.order("")
	if err := g.scan(a.qr(0), "two-banks-1"); err != nil {
		t.Fatal(err)
	}
	if err := g.scan(b.qr(0), "two-banks-2"); err != nil {
		t.Fatal(err)
	}
	g.wantCollect(a, 200, "failed/cancelled")
	g.wantCollect(b, 200, "failed/cancelled")
}

func TestCancelForgetsTheOrder(t *testing.T) {
	g := newStage(t)
	o := g.order("")
	if status, out := g.post("/rp/v6.0/cancel", `{"orderRef":"`+o.ref+`"}`); status != 200 || len(out) != 0 {
		t.Fatal(status, out)
	}
	if status, _ := g.post("/rp/v6.0/cancel", `{"orderRef":"`+o.ref+`"}`); status != 400 {
		t.Fatal(status)
	}
	g.wantCollect(o, 400, "invalidParameters")
}

func TestPersonasAreTestPeople(t *testing.T) {
	for _, p := range SpecialPersonas() {
		if err := p.check(); err != nil {
			t.Error(err)
		}
	}
	if got := PersonalNumber(1990, time.February, 3, 238); got != "199002032382" {
		t.Errorf("check digit: %s", got)
	}
	for name, p := range map[string]Persona{
		"real serial": {ID: "x", PersonalNumber: "198112189876", GivenName: "A"},
		"check digit": {ID: "x", PersonalNumber: "199002032383", GivenName: "A"},
		"no name":     {ID: "x", PersonalNumber: "199002032382"},
		"path as id":  {ID: "../x", PersonalNumber: "199002032382", GivenName: "A"},
		"risk":        {ID: "x", PersonalNumber: "199002032382", GivenName: "A", Knobs: Knobs{Risk: "none"}},
	} {
		if p.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFaultsAreChecked(t *testing.T) {
	g := newStage(t)
	for _, f := range []Fault{{Next: "fire"}, {Next: "503", On: "pay"}, {Next: "503", Count: -1}, {Next: "slow", DelayMS: 1 << 30}} {
		if g.AddFault(f) == nil {
			t.Errorf("%+v accepted", f)
		}
	}
	if err := g.AddFault(Fault{Next: "503", On: "sign", Count: 2}); err != nil {
		t.Fatal(err)
	}
	statuses := []int{}
	for range 3 {
		status, _ := g.post("/rp/v6.0/sign", `{"endUserIp":"::1","userVisibleData":"SGVq"}`)
		statuses = append(statuses, status)
	}
	if statuses[0] != 503 || statuses[1] != 503 || statuses[2] != 200 {
		t.Error(statuses)
	}
}

func TestMarkdown(t *testing.T) {
	got := string(markdown("# Kort & <b>\r\nText *stark* och **starkare**\nrad två\n\n- ett\n- två\n---\n| Namn | Åsa |\n|---|---|\n| Nr | 1 |\n### Slut"))
	want := "<h2>Kort &amp; &lt;b&gt;</h2><p>Text <strong>stark</strong> och <strong>starkare</strong><br>rad två</p><ul><li>ett</li><li>två</li></ul><hr>" +
		"<table><tr><td>Namn</td><td>Åsa</td></tr><tr><td>Nr</td><td>1</td></tr></table><h4>Slut</h4>"
	if got != want {
		t.Errorf("%s", got)
	}
	if got := string(plain("a <b>\r\nb\n\nc")); got != "<p>a &lt;b&gt;<br>b</p><p>c</p>" {
		t.Errorf("%s", got)
	}
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n* b *c*\n|x|<script>|")
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []string{string(markdown(s)), string(plain(s))} {
			rest := out
			for _, tag := range []string{"p", "ul", "li", "table", "tr", "td", "h2", "h3", "h4", "strong"} {
				rest = strings.NewReplacer("<"+tag+">", "", "</"+tag+">", "").Replace(rest)
			}
			if rest = strings.NewReplacer("<br>", "", "<hr>", "").Replace(rest); strings.ContainsAny(rest, "<>") {
				t.Fatalf("%q became %q", s, out)
			}
		}
	})
}

func FuzzOrderBody(f *testing.F) {
	f.Add([]byte(`{"endUserIp":"::1","userVisibleData":"SGVq","requirement":{"mrtd":true}}`))
	f.Add([]byte(`{"endUserIp":"::1","requirement":{"certificatePolicies":["1.2.3*"]},"web":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o := newOrder(kindSign, time.Time{})
		if no := o.check(body); no == nil && (o.body.EndUserIP == "" || o.visible == "") {
			t.Fatalf("accepted %q", body)
		} else if no != nil && (no.status != 400 || bytes.Contains([]byte(no.details), body) && len(body) > 20) {
			t.Fatalf("%+v", no)
		}
	})
}
