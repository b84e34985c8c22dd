package bankid_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/integration/bankid"
	"github.com/kortverk/kortverk/internal/integration/bankid/bankidsim"
)

// signed gives a fresh signature with its OCSP answer.
func (b *bench) signed(persona string) (signature, ocsp string) {
	b.t.Helper()
	started := b.start(signing())
	b.control(200, "/orders/"+started.Ref+"/approve", `{"persona":"`+persona+`"}`)
	got, err := b.client.Collect(b.t.Context(), started.Ref)
	if err != nil || got.CompletionData == nil {
		b.t.Fatal(got, err)
	}
	return got.CompletionData.Signature, got.CompletionData.OCSPResponse
}

func (b *bench) verifier() *bankid.Verifier {
	b.t.Helper()
	v, err := bankid.NewVerifier(b.sim.RootPEM())
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func decoded(t *testing.T, signature string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	inner, _, _ := strings.Cut(rest, to)
	return from + inner + to
}

func TestVerifyRefuses(t *testing.T) {
	b := newBench(t)
	v := b.verifier()
	signature, ocsp := b.signed("capitals")
	if _, err := v.Verify(signature, ocsp); err != nil {
		t.Fatal(err)
	}
	doc := decoded(t, signature)
	data := between(doc, "<bankIdSignedData", "</bankIdSignedData>")
	visible := between(doc, "<usrVisibleData", "</usrVisibleData>")
	forged := strings.Replace(data, between(visible, ">", "<"), ">"+base64.StdEncoding.EncodeToString([]byte("Jag är skyldig dig allt."))+"<", 1)
	if forged == data {
		t.Fatal("the forgery is no forgery")
	}
	hidden := between(doc, "<usrNonVisibleData", "</usrNonVisibleData>")
	otherDoc := func() string { s, _ := b.signed("polish"); return decoded(t, s) }()
	for name, c := range map[string]struct{ doc, says string }{
		"text changed":               {strings.Replace(doc, data, forged, 1), "digest of bankIdSignedData differs"},
		"hidden data removed":        {strings.Replace(doc, hidden, "", 1), "digest of bankIdSignedData differs"},
		"function changed":           {strings.Replace(doc, "<funcId>Signing", "<funcId>Identification", 1), "digest of bankIdSignedData differs"},
		"another's certificate":      {strings.Replace(doc, between(doc, "<KeyInfo", "</KeyInfo>"), between(otherDoc, "<KeyInfo", "</KeyInfo>"), 1), "digest of KeyInfo differs"},
		"another's signature value":  {strings.Replace(doc, between(doc, "<SignatureValue>", "</SignatureValue>"), between(otherDoc, "<SignatureValue>", "</SignatureValue>"), 1), "signature value"},
		"digest method changed":      {strings.Replace(doc, "xmlenc#sha256", "xmldsig#sha1", 1), "unexpected transform or digest"},
		"signature method changed":   {strings.Replace(doc, "xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256", 1), "unexpected algorithm"},
		"white space in SignedInfo":  {strings.Replace(doc, "<SignatureMethod", " <SignatureMethod", 1), "signature value"},
		"wrapped: forged in front":   {strings.Replace(doc, "<Object>", "<Object>"+forged+"</Object><Object>", 1), "duplicate Id"},
		"wrapped: original hidden":   {strings.Replace(doc, "<Object>"+data, "<Object>"+strings.Replace(forged, "</clientInfo>", "</clientInfo>"+data, 1), 1), "duplicate Id"},
		"wrapped: forged other Id":   {strings.Replace(doc, "<Object>", "<Object>"+strings.Replace(forged, "bidSignedData", "x", 1)+"</Object><Object>", 1), "has 5 children"},
		"wrapped: Id moved away":     {strings.Replace(doc, "<Object>"+data, "<Object>"+strings.Replace(strings.Replace(forged, "bidSignedData", "x", 1), "</clientInfo>", "</clientInfo>"+data, 1), 1), "Ids are not"},
		"wrapped: two in one Object": {strings.Replace(doc, "<Object>", "<Object>"+strings.Replace(forged, "bidSignedData", "x", 1), 1), "has 2 children"},
		"whole document inside":      {`<x>` + strings.TrimPrefix(doc, between(doc, "<?xml", "?>")) + `</x>`, "root is not"},
		"comment inside text":        {strings.Replace(doc, visible, strings.Replace(visible, "</usr", "<!-- x --></usr", 1), 1), "comment"},
		"comment after the root":     {doc + "<!-- x -->", "signature XML"},
		"instruction":                {strings.Replace(doc, "<Object>", "<Object><?x y?>", 1), "instruction"},
		"document type":              {strings.Replace(doc, "<Signature ", `<!DOCTYPE x [<!ENTITY e "x">]><Signature `, 1), "directive"},
		"xml:base":                   {strings.Replace(doc, "<Object>", `<Object xml:base="x">`, 1), "xml attribute"},
		"attribute twice":            {strings.Replace(doc, `Id="bidSignedData"`, `Id="bidSignedData" Id="bidSignedData"`, 1), "duplicate Id"},
		"lower-case id":              {strings.Replace(doc, "<Object>", `<Object id="bidSignedData">`, 1), "duplicate Id"},
		"third reference":            {strings.Replace(doc, "</SignedInfo>", between(doc, "<Reference", "</Reference>")+"</SignedInfo>", 1), "unexpected SignedInfo"},
		"one reference twice":        {strings.Replace(doc, `URI="#bidKeyInfo"`, `URI="#bidSignedData"`, 1), "unexpected reference"},
		"reference to everything":    {strings.Replace(doc, `URI="#bidSignedData"`, `URI=""`, 1), "unexpected reference"},
		"another namespace":          {strings.Replace(doc, `xmlns="http://www.bankid.com/signature/v1.0.0/types"`, `xmlns="http://example.com/"`, 1), "where bankIdSignedData belongs"},
		"no certificates":            {strings.ReplaceAll(doc, between(doc, "<X509Certificate>", "</X509Data>"), "</X509Data>"), "digest of KeyInfo"},
		"cut short":                  {doc[:len(doc)/2], "signature XML"},
		"empty":                      {"", "signature XML"},
	} {
		if c.doc == doc {
			t.Errorf("%s: nothing was changed", name)
		}
		_, err := v.Verify(base64.StdEncoding.EncodeToString([]byte(c.doc)), ocsp)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestVerifyBindsTheStatusAnswer(t *testing.T) {
	b := newBench(t)
	v := b.verifier()
	signature, ocsp := b.signed("capitals")
	_, second := b.signed("capitals") // same certificate, another signature
	_, foreign := b.signed("polish")
	for name, c := range map[string]struct{ ocsp, says string }{
		"of another signature":   {second, "belongs to another signature"},
		"of another certificate": {foreign, "OCSP answer"},
		"none":                   {"", "OCSP answer"},
		"not base64":             {"%", "OCSP answer"},
		"cut short":              {ocsp[:len(ocsp)/8*4], "OCSP answer"},
	} {
		if _, err := v.Verify(signature, c.ocsp); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	der, err := base64.StdEncoding.DecodeString(ocsp)
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for i := 0; i < len(der); i += 7 { // a changed bit anywhere in what is signed is noticed
		changed := append([]byte(nil), der...)
		changed[i] ^= 1
		if _, err := v.Verify(signature, base64.StdEncoding.EncodeToString(changed)); err == nil {
			accepted++
		}
	}
	if accepted > 2 { // the algorithm's own parameters and the like stand outside the signature
		t.Errorf("%d changed answers accepted", accepted)
	}
}

func TestVerifyNeedsTheRightRoot(t *testing.T) {
	b := newBench(t)
	signature, ocsp := b.signed("capitals")
	stranger, err := bankidsim.New(bankidsim.Config{Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := bankid.NewVerifier(stranger.RootPEM())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(signature, ocsp); err == nil || !strings.Contains(err.Error(), "certificate chain") {
		t.Errorf("%v", err)
	}
}

// Certificates outlive a restart, so signatures from before still verify.
func TestSimulatorKeepsItsCertificates(t *testing.T) {
	b := newBench(t)
	signature, ocsp := b.signed("capitals")
	again, err := bankidsim.New(bankidsim.Config{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	v, err := bankid.NewVerifier(again.RootPEM())
	if err != nil {
		t.Fatal(err)
	}
	got, err := v.Verify(signature, ocsp)
	if err != nil || !got.TestIdentity || got.Function != bankid.FuncSigning || got.Format != "simpleMarkdownV1" {
		t.Errorf("%+v %v", got, err)
	}
}
