package bankid_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/integration/bankid"
	"github.com/kortverk/kortverk/internal/integration/bankid/bankidsim"
)

// bench is a simulator on its ports and a relying party.
type bench struct {
	t      *testing.T
	sim    *bankidsim.Sim
	rp     *httptest.Server
	phone  *httptest.Server
	config bankid.Config
	client *bankid.Client
	p      *bankid.Provider
}

// folder keeps the certificates of all tests: making RSA keys is slow.
var folder string

func TestMain(m *testing.M) {
	folder = mustTemp()
	m.Run()
	removeAll(folder)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	sim, err := bankidsim.New(bankidsim.Config{Folder: folder, Personas: bankidsim.SpecialPersonas()})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, sim: sim, rp: httptest.NewUnstartedServer(sim.RP()), phone: httptest.NewServer(sim.Phone())}
	b.rp.TLS = sim.TLS()
	b.rp.Config.ErrorLog = quiet()
	b.rp.StartTLS()
	t.Cleanup(b.rp.Close)
	t.Cleanup(b.phone.Close)
	cert, key, err := sim.ClientCertificate("Kortverk", "5599990016")
	if err != nil {
		t.Fatal(err)
	}
	b.config = bankid.Config{BaseURL: b.rp.URL + "/rp/v6.0", Certificate: cert, Key: key, Root: sim.RootPEM(), SigningRoots: sim.RootPEM(), Sandbox: true}
	if b.p, err = bankid.New(b.config); err != nil {
		t.Fatal(err)
	}
	if b.client, err = bankid.NewClient(b.config.BaseURL, cert, key, sim.RootPEM()); err != nil {
		t.Fatal(err)
	}
	return b
}

// control calls the simulator's control API and wants this status.
func (b *bench) control(status int, path, body string) string {
	b.t.Helper()
	resp, err := http.Post(b.phone.URL+"/_sim"+path, "application/json", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != status {
		b.t.Fatalf("%s: %d %s", path, resp.StatusCode, text)
	}
	return string(text)
}

func (b *bench) start(r eid.Request) eid.Started {
	b.t.Helper()
	started, err := b.p.Start(b.t.Context(), r)
	if err != nil {
		b.t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	return started
}

func (b *bench) collect(ref string) eid.Result {
	b.t.Helper()
	result, err := b.p.Collect(b.t.Context(), ref)
	if err != nil {
		b.t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	return result
}

func (b *bench) wantCode(err error, code string) {
	b.t.Helper()
	if !fault.Has(err, code) {
		b.t.Fatalf("error is %v (%v), want %s", err, errors.Unwrap(err), code)
	}
}

func signing() eid.Request {
	return eid.Request{
		Purpose: eid.Sign, EndUserIP: "192.0.2.7", VisibleText: "# Kort\r\nÅsa & <Örjan>", Markdown: true, Hidden: []byte(`{"line":"1","nonce":"å"}`),
		ReturnURL: "http://localhost:8080/eid/return?nonce=1", UserAgent: strings.Repeat("u", 255) + "åäö", Device: strings.Repeat("d", 70),
	}
}

func TestSignAndVerifyForEveryPersona(t *testing.T) {
	b := newBench(t)
	for _, who := range bankidsim.SpecialPersonas() {
		started := b.start(signing())
		b.control(200, "/orders/"+started.Ref+"/approve", `{"persona":"`+who.ID+`"}`)
		result := b.collect(started.Ref)
		a := result.Assertion
		if result.Status != eid.Complete || a == nil {
			t.Fatalf("%s: %s %s %v", who.ID, result.Status, result.Hint, result.Cause)
		}
		if a.PersonalNumber != who.PersonalNumber || a.GivenName != who.GivenName || a.Surname != who.Surname || a.Purpose != eid.Sign || a.Risk != "low" {
			t.Errorf("%s: %+v", who.ID, a)
		}
		if a.VisibleText != signing().VisibleText || string(a.Hidden) != string(signing().Hidden) {
			t.Errorf("%s: signed %q %q", who.ID, a.VisibleText, a.Hidden)
		}
		if d := time.Since(a.At); d < 0 || d > time.Minute {
			t.Errorf("%s: at %s", who.ID, a.At)
		}
		if !strings.Contains(string(result.Raw), string(a.Signature)) {
			t.Errorf("%s: the raw answer lacks the signature", who.ID)
		}
		_, err := b.p.Collect(t.Context(), started.Ref) // the final answer comes once
		b.wantCode(err, "eid.order_unknown")
	}
}

func TestIdentifyWithoutText(t *testing.T) {
	b := newBench(t)
	started := b.start(eid.Request{Purpose: eid.Identify, EndUserIP: "::ffff:192.0.2.7"})
	b.control(200, "/orders/newest/approve", `{"persona":"polish"}`)
	a := b.collect(started.Ref).Assertion
	if a == nil || a.Purpose != eid.Identify || a.VisibleText != "" || a.Hidden != nil || a.Surname != "Żółkiewski" {
		t.Fatalf("%+v", a)
	}
}

func TestDocumentStep(t *testing.T) {
	b := newBench(t)
	yes := true
	order := bankid.Order{EndUserIP: "192.0.2.7", UserVisibleData: base64.StdEncoding.EncodeToString([]byte("x")), Requirement: &bankid.Requirement{MRTD: &yes}}
	started, err := b.client.Sign(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	b.control(200, "/orders/"+started.OrderRef+"/advance", `{"state":"userMrtd","persona":"polish"}`)
	if got, err := b.client.Collect(t.Context(), started.OrderRef); err != nil || got.HintCode != "userMrtd" {
		t.Fatal(got.HintCode, err)
	}
	b.control(200, "/orders/"+started.OrderRef+"/approve", ``)
	got, err := b.client.Collect(t.Context(), started.OrderRef)
	if err != nil || got.CompletionData == nil || !got.CompletionData.Document() {
		t.Fatal(got, err)
	}
	if day, err := got.CompletionData.IssueDate(); err != nil || time.Since(day) > 100*24*time.Hour {
		t.Fatal(day, err)
	}
	if started, err = b.client.Sign(t.Context(), order); err != nil { // the foreign citizen has no Swedish passport
		t.Fatal(err)
	}
	b.control(200, "/orders/"+started.OrderRef+"/approve", `{"persona":"foreign"}`)
	if got, err := b.client.Collect(t.Context(), started.OrderRef); err != nil || got.Status != "failed" || got.HintCode != "userCancel" {
		t.Fatal(got, err)
	}
}

func TestIssueDateForms(t *testing.T) {
	for _, s := range []string{"2025-08-09Z", "2025-08-09+00:00", "2025-08-09", "2025-08-09T00:00:00Z"} {
		c := bankid.CompletionData{BankIDIssueDate: s}
		if got, err := c.IssueDate(); err != nil || got.UTC().Format("2006-01-02") != "2025-08-09" {
			t.Errorf("%s: %s %v", s, got, err)
		}
	}
	if _, err := (&bankid.CompletionData{BankIDIssueDate: "soon"}).IssueDate(); err == nil {
		t.Error("accepted nonsense")
	}
}

func TestEveryPendingAndFailedHint(t *testing.T) {
	b := newBench(t)
	for _, hint := range []string{"started", "userMrtd", "userSign"} {
		started := b.start(signing())
		if got := b.collect(started.Ref); got.Status != eid.Pending || got.Hint != "outstandingTransaction" {
			t.Fatalf("%+v", got)
		}
		b.control(200, "/orders/"+started.Ref+"/advance", `{"state":"`+hint+`","persona":"hyphen"}`)
		if got := b.collect(started.Ref); got.Status != eid.Pending || got.Hint != hint {
			t.Fatalf("%s: %+v", hint, got)
		}
		if err := b.p.Cancel(t.Context(), started.Ref); err != nil {
			t.Fatal(err)
		}
	}
	for _, hint := range []string{
		"expiredTransaction", "certificateErr", "userCancel", "cancelled", "startFailed", "userDeclinedCall",
		"notSupportedByUserApp", "transactionRiskBlocked", "somethingNew",
	} {
		started := b.start(signing())
		b.control(200, "/orders/"+started.Ref+"/advance", `{"state":"`+hint+`"}`)
		if got := b.collect(started.Ref); got.Status != eid.Failed || got.Hint != hint || got.Assertion != nil {
			t.Fatalf("%s: %+v", hint, got)
		}
		_, err := b.p.Collect(t.Context(), started.Ref)
		b.wantCode(err, "eid.order_unknown")
	}
}

func TestErrorsOfTheAPI(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		next, code string
		http       int
		api        string
	}{
		{"refuse", "eid.already_in_progress", 400, "alreadyInProgress"},
		{"400", "eid.provider_failed", 400, "somethingNew"},
		{"401", "eid.refused", 401, "unauthorized"},
		{"403-html", "eid.refused", 403, ""},
		{"408", "eid.unreachable", 408, "requestTimeout"},
		{"500", "eid.unreachable", 500, "internalError"},
		{"503", "eid.unreachable", 503, "maintenance"},
		{"503-html", "eid.unreachable", 503, ""},
	} {
		b.control(204, "/fault", `{"next":"`+c.next+`","on":"sign"}`)
		_, err := b.p.Start(t.Context(), signing())
		b.wantCode(err, c.code)
		var api *bankid.APIError
		if !errors.As(err, &api) || api.HTTP != c.http || api.Code != c.api {
			t.Errorf("%s: %v", c.next, errors.Unwrap(err))
		}
	}
	for _, next := range []string{"drop", "lost", "garbage"} {
		b.control(204, "/fault", `{"next":"`+next+`","on":"sign"}`)
		_, err := b.p.Start(t.Context(), signing())
		b.wantCode(err, "eid.unreachable")
	}
	if n := strings.Count(b.orders(), `"ref"`); n != 2 {
		t.Errorf("%d orders: lost and garbage make one each, nothing is sent twice", n)
	}
}

func (b *bench) orders() string {
	resp, err := http.Get(b.phone.URL + "/_sim/orders")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return string(text)
}

func TestLostTerminalAnswer(t *testing.T) {
	b := newBench(t)
	started := b.start(signing())
	b.control(200, "/orders/"+started.Ref+"/approve", `{"persona":"polish"}`)
	b.control(204, "/fault", `{"next":"lost","on":"collect"}`)
	_, err := b.p.Collect(t.Context(), started.Ref)
	b.wantCode(err, "eid.unreachable")
	_, err = b.p.Collect(t.Context(), started.Ref)
	b.wantCode(err, "eid.order_unknown")
}

// Half a body can't be had again: it is kept, and doesn't count.
func TestGarbledTerminalAnswer(t *testing.T) {
	b := newBench(t)
	started := b.start(signing())
	b.control(200, "/orders/"+started.Ref+"/approve", `{"persona":"polish"}`)
	b.control(204, "/fault", `{"next":"garbage","on":"collect"}`)
	got := b.collect(started.Ref)
	if got.Status != eid.Complete || got.Assertion != nil || got.Hint != eid.HintSignatureInvalid || len(got.Raw) == 0 {
		t.Fatalf("%+v", got)
	}
}

func TestSlowAnswerEndsWithTheContext(t *testing.T) {
	b := newBench(t)
	b.control(204, "/fault", `{"next":"slow","delay_ms":400}`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := b.p.Start(ctx, signing())
	b.wantCode(err, "eid.unreachable")
}

func TestRequestsThatAreRefusedBeforeTheyAreSent(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(*eid.Request){
		"address":     func(r *eid.Request) { r.EndUserIP = "somewhere" },
		"nothing":     func(r *eid.Request) { r.VisibleText = "" },
		"purpose":     func(r *eid.Request) { r.Purpose = "pay" },
		"too long":    func(r *eid.Request) { r.VisibleText = strings.Repeat("x", 30_001) },
		"hidden":      func(r *eid.Request) { r.Hidden = make([]byte, 150_001) },
		"auth text":   func(r *eid.Request) { r.Purpose, r.VisibleText = eid.Identify, strings.Repeat("x", 1126) },
		"not UTF-8":   func(r *eid.Request) { r.VisibleText = "\xff" },
		"ftp":         func(r *eid.Request) { r.ReturnURL = "ftp://localhost/" },
		"long return": func(r *eid.Request) { r.ReturnURL = "https://localhost/" + strings.Repeat("x", 500) },
	} {
		r := signing()
		change(&r)
		if _, err := b.p.Start(t.Context(), r); !fault.Has(err, "eid.refused") {
			t.Errorf("%s: %v", name, err)
		}
	}
	strict := b.config
	strict.Sandbox = false
	p, err := bankid.New(strict)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Start(t.Context(), signing())
	b.wantCode(err, "eid.refused") // http return address outside a sandbox
	if strings.Contains(b.orders(), `"ref"`) {
		t.Error("something was sent")
	}
}

func TestTestPeopleAreRefusedOutsideASandbox(t *testing.T) {
	b := newBench(t)
	strict := b.config
	strict.Sandbox = false
	p, err := bankid.New(strict)
	if err != nil {
		t.Fatal(err)
	}
	r := signing()
	r.ReturnURL = "https://kortverk.example/"
	started, err := p.Start(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	b.control(200, "/orders/"+started.Ref+"/approve", `{"persona":"polish"}`)
	got, err := p.Collect(t.Context(), started.Ref)
	if err != nil || got.Assertion != nil || got.Hint != eid.HintSignatureInvalid {
		t.Fatalf("%+v %v", got, err)
	}
}

func TestOnlyTheConfiguredRootAndCertificate(t *testing.T) {
	b := newBench(t)
	stranger, err := bankidsim.New(bankidsim.Config{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	other := b.config
	other.Root = stranger.RootPEM()
	p, err := bankid.New(other)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Start(t.Context(), signing())
	b.wantCode(err, "eid.unreachable") // a server of another root
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("cause: %v", errors.Unwrap(err))
	}
	other = b.config
	if other.Certificate, other.Key, err = stranger.ClientCertificate("Kortverk", "5599990016"); err != nil {
		t.Fatal(err)
	}
	if p, err = bankid.New(other); err != nil {
		t.Fatal(err)
	}
	_, err = p.Start(t.Context(), signing())
	b.wantCode(err, "eid.unreachable") // a client certificate of another root
	// Another relying party's order doesn't exist.
	other = b.config
	if other.Certificate, other.Key, err = b.sim.ClientCertificate("Annan", "5599990024"); err != nil {
		t.Fatal(err)
	}
	if p, err = bankid.New(other); err != nil {
		t.Fatal(err)
	}
	_, err = p.Collect(t.Context(), b.start(signing()).Ref)
	b.wantCode(err, "eid.order_unknown")
}

func TestConfigurationErrors(t *testing.T) {
	b := newBench(t)
	for name, change := range map[string]func(*bankid.Config){
		"key":             func(c *bankid.Config) { c.Key = nil },
		"root":            func(c *bankid.Config) { c.Root = []byte("x") },
		"signature roots": func(c *bankid.Config) { c.SigningRoots = nil },
	} {
		c := b.config
		change(&c)
		if _, err := bankid.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if block, _ := pem.Decode(b.sim.RootPEM()); block == nil {
		t.Error("the root isn't PEM")
	}
}

func TestSecondOrderOfABusyPerson(t *testing.T) {
	b := newBench(t)
	r := signing()
	r.PersonalNumber = bankidsim.SpecialPersonas()[0].PersonalNumber
	first := b.start(r)
	b.control(200, "/orders/"+first.Ref+"/advance", `{"state":"userSign"}`)
	_, err := b.p.Start(t.Context(), r)
	b.wantCode(err, "eid.already_in_progress")
	if got := b.collect(first.Ref); got.Status != eid.Failed || got.Hint != "cancelled" {
		t.Fatalf("%+v", got)
	}
	if second := b.start(r); second.Ref == "" {
		t.Fatal("a third try works")
	}
}

func TestAnotherPersonsBankID(t *testing.T) {
	b := newBench(t)
	r := signing()
	r.PersonalNumber = bankidsim.SpecialPersonas()[0].PersonalNumber
	started := b.start(r)
	b.control(200, "/orders/"+started.Ref+"/approve", `{"persona":"polish"}`)
	if got := b.collect(started.Ref); got.Status != eid.Failed || got.Hint != "certificateErr" {
		t.Fatalf("%+v", got)
	}
}

// Numbers of people don't reach the log through the API's own words.
func TestErrorTextHidesLongNumbers(t *testing.T) {
	err := &bankid.APIError{HTTP: 400, Code: "invalidParameters", Details: "Invalid personalNumber 199002032380"}
	if strings.Contains(err.Error(), "199002032380") || !strings.Contains(err.Error(), "Invalid personalNumber") {
		t.Error(err.Error())
	}
}
