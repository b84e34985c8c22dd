package bankid

import (
	"encoding/base64"
	"testing"
)

// FuzzParseSignature: whatever the document, reading it ends, without a panic, and what is accepted
// has one place for signed data.
func FuzzParseSignature(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><Signature xmlns="` + nsDSig + `"><SignedInfo/><SignatureValue>AA==</SignatureValue><KeyInfo Id="bidKeyInfo"><X509Data></X509Data></KeyInfo><Object><bankIdSignedData xmlns="` + nsBankID + `" Id="bidSignedData"></bankIdSignedData></Object></Signature>`))
	f.Add([]byte(`<Signature xmlns="` + nsDSig + `"/>`))
	f.Add([]byte(`<a:b xmlns:a="` + nsDSig + `"><![CDATA[x]]></a:b>`))
	f.Add([]byte("\xef\xbb\xbf<x/>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := parseSignature(raw)
		if err != nil {
			return
		}
		if d.signedData == nil || d.signedData.Parent().Parent() != d.keyInfo.Parent() {
			t.Fatal("signed data stands somewhere else")
		}
		if d.verifyDigests() == nil && len(d.signedBytes) == 0 {
			t.Fatal("digests hold, but nothing was digested")
		}
		if len(d.certs) > 0 {
			_ = d.verifyRSA()
		}
	})
}

// FuzzReadSigned reads data that has been digested already, so it may be anything a bank signs.
func FuzzReadSigned(f *testing.F) {
	f.Add([]byte(`<bankIdSignedData xmlns="` + nsBankID + `"><usrVisibleData charset="UTF-8" visible="wysiwys">eA==</usrVisibleData><clientInfo><funcId>Signing</funcId></clientInfo></bankIdSignedData>`))
	f.Add([]byte(`<x/>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, err := readSigned(raw); err == nil && got.Function != FuncSigning && got.Function != FuncIdentification {
			t.Fatalf("function %q", got.Function)
		}
	})
}

func FuzzOCSP(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x0a, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, der []byte) {
		if nonce, err := ocspNonce(der); err == nil {
			_ = verifyNonce(nonce, base64.StdEncoding.EncodeToString(der))
		}
	})
}

// FuzzDecodeCollect: an answer is kept as received, whether or not it is understood.
func FuzzDecodeCollect(f *testing.F) {
	f.Add([]byte(`{"orderRef":"x","status":"complete","completionData":{"stepUp":{"mrtd":true},"bankIdIssueDate":"2025-08-09Z"}}`))
	f.Add([]byte(`{"status":"pending","hintCode":"userSign","completionData":null}`))
	f.Add([]byte(`{"completionData":{"stepUp":true}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := decodeCollect(raw)
		if string(got.Raw) != string(raw) {
			t.Fatal("the answer isn't kept whole")
		}
		if err == nil && got.CompletionData != nil {
			_, _ = got.CompletionData.IssueDate()
			_ = got.CompletionData.Document()
		}
	})
}
