package bankidsim

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math/big"
	"strings"
	"time"
)

const (
	nsDSig   = "http://www.w3.org/2000/09/xmldsig#"
	nsBankID = "http://www.bankid.com/signature/v1.0.0/types"
	algC14N  = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
)

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// signature builds the XML document. Every part is written in canonical form at once (no blanks,
// attributes in order, its own default namespace), so that a digest is the hash of the text; a
// relying party's canonicaliser has to arrive at the same bytes by itself.
func signature(o *order, who pair, chain ...*x509.Certificate) (string, error) {
	nonce := make([]byte, 20)
	rand.Read(nonce)
	data := signedDataXML(o, nonce)
	keyInfo := `<KeyInfo xmlns="` + nsDSig + `" Id="bidKeyInfo"><X509Data>`
	for _, c := range append([]*x509.Certificate{who.cert}, chain...) {
		keyInfo += "<X509Certificate>" + b64(c.Raw) + "</X509Certificate>"
	}
	keyInfo += "</X509Data></KeyInfo>"
	info := `<SignedInfo xmlns="` + nsDSig + `">` +
		`<CanonicalizationMethod Algorithm="` + algC14N + `"></CanonicalizationMethod>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod>` +
		reference(`Type="`+nsBankID+`" URI="#bidSignedData"`, data) +
		reference(`URI="#bidKeyInfo"`, keyInfo) +
		`</SignedInfo>`
	sum := sha256.Sum256([]byte(info))
	value, err := who.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("bankidsim: sign: %w", err)
	}
	doc := `<?xml version="1.0" encoding="UTF-8" standalone="no"?><Signature xmlns="` + nsDSig + `">` + info +
		"<SignatureValue>" + b64(value) + "</SignatureValue>" + keyInfo + "<Object>" + data + "</Object></Signature>"
	return b64([]byte(doc)), nil
}

func reference(attributes, canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return `<Reference ` + attributes + `><Transforms><Transform Algorithm="` + algC14N + `"></Transform></Transforms>` +
		`<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>` + b64(sum[:]) + `</DigestValue></Reference>`
}

func signedDataXML(o *order, nonce []byte) string {
	var s strings.Builder
	s.WriteString(`<bankIdSignedData xmlns="` + nsBankID + `" Id="bidSignedData">`)
	if o.body.UserVisibleData != "" {
		format := ""
		if o.body.UserVisibleDataFormat == formatMarkdown {
			format = ` format="` + formatMarkdown + `"`
		}
		s.WriteString(`<usrVisibleData charset="UTF-8"` + format + ` visible="wysiwys">` + o.body.UserVisibleData + `</usrVisibleData>`)
	}
	if o.body.UserNonVisibleData != "" {
		s.WriteString(`<usrNonVisibleData>` + o.body.UserNonVisibleData + `</usrNonVisibleData>`)
	}
	function := "Identification"
	if o.kind == kindSign {
		function = "Signing"
	}
	s.WriteString(`<srvInfo><name>` + b64([]byte(o.rpSubject)) + `</name><nonce>` + b64(nonce) + `</nonce><displayName>` + b64([]byte(o.rpName)) + `</displayName></srvInfo>`)
	s.WriteString(`<clientInfo><funcId>` + function + `</funcId><version>` + b64([]byte("Simulator/1.0")) + `</version>` +
		`<env><ai><type>` + b64([]byte("SIMULATOR")) + `</type><deviceInfo>` + b64([]byte("Simulator")) + `</deviceInfo><uhi>` + html.EscapeString(o.uhi()) + `</uhi>` +
		`<fsib>0</fsib><utb>cs1</utb><requirement>`)
	if o.req.PersonalNumber != "" {
		s.WriteString(`<condition><type>PersonalNumber</type><value>` + o.req.PersonalNumber + `</value></condition>`)
	}
	s.WriteString(`</requirement><uauth>pw</uauth></ai></env></clientInfo></bankIdSignedData>`)
	return s.String()
}

// uhi is the phone's hardware identifier: the same for a persona each time.
func (o *order) uhi() string {
	sum := sha1.Sum([]byte("phone " + o.persona.ID))
	return b64(sum[:])
}

// OCSP, as far as an answer needs it. x/crypto/ocsp can't write responseExtensions, where BankID
// puts its critical nonce. Source: RFC 6960 §4.2.1.

type ocspResponse struct {
	Status asn1.Enumerated
	Bytes  ocspBytes `asn1:"explicit,tag:0"`
}

type ocspBytes struct {
	Type     asn1.ObjectIdentifier
	Response []byte
}

type ocspBasic struct {
	Data         ocspData
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0"`
}

type ocspData struct {
	ResponderKey asn1.RawValue
	ProducedAt   time.Time `asn1:"generalized"`
	Responses    []ocspSingle
	Extensions   []pkix.Extension `asn1:"explicit,tag:1"`
}

type ocspSingle struct {
	CertID     ocspCertID
	Good       asn1.RawValue
	ThisUpdate time.Time `asn1:"generalized"`
	NextUpdate time.Time `asn1:"generalized,explicit,tag:0"`
}

type ocspCertID struct {
	Hash      pkix.AlgorithmIdentifier
	NameHash  []byte
	KeyHash   []byte
	SerialNum *big.Int
}

var (
	oidSHA1        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidECDSASHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidOCSPBasic   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
)

// ocspAnswer says that the certificate is good, bound to the signature by the nonce: SHA-1 of the
// base64 string, then 12 random bytes.
func (p *pki) ocspAnswer(cert *x509.Certificate, signature string, at time.Time) (string, error) {
	nonce := make([]byte, 32)
	rand.Read(nonce)
	sum := sha1.Sum([]byte(signature))
	copy(nonce, sum[:])
	issuerKey, err := publicKeyHash(p.customer.cert)
	if err != nil {
		return "", err
	}
	responderKey, err := publicKeyHash(p.ocsp.cert)
	if err != nil {
		return "", err
	}
	keyDER, err := asn1.Marshal(responderKey)
	if err != nil {
		return "", err
	}
	nameHash := sha1.Sum(cert.RawIssuer)
	at = at.UTC().Truncate(time.Second)
	data := ocspData{
		ResponderKey: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, IsCompound: true, Bytes: keyDER},
		ProducedAt:   at,
		Responses: []ocspSingle{{
			CertID:     ocspCertID{Hash: pkix.AlgorithmIdentifier{Algorithm: oidSHA1, Parameters: asn1.NullRawValue}, NameHash: nameHash[:], KeyHash: issuerKey, SerialNum: cert.SerialNumber},
			Good:       asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0},
			ThisUpdate: at, NextUpdate: at.Add(time.Minute),
		}},
		Extensions: []pkix.Extension{{Id: oidOCSPNonce, Critical: true, Value: nonce}},
	}
	return p.ocspSign(data)
}

func (p *pki) ocspSign(data ocspData) (string, error) {
	tbs, err := asn1.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("bankidsim: OCSP: %w", err)
	}
	sum := sha256.Sum256(tbs)
	value, err := p.ocsp.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("bankidsim: OCSP: %w", err)
	}
	basic, err := asn1.Marshal(ocspBasic{
		Data: data, Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSASHA256},
		Signature:    asn1.BitString{Bytes: value, BitLength: 8 * len(value)},
		Certificates: []asn1.RawValue{{FullBytes: p.ocsp.cert.Raw}},
	})
	if err != nil {
		return "", fmt.Errorf("bankidsim: OCSP: %w", err)
	}
	out, err := asn1.Marshal(ocspResponse{Bytes: ocspBytes{Type: oidOCSPBasic, Response: basic}})
	return b64(out), err
}

func publicKeyHash(c *x509.Certificate) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil, err
	}
	sum := sha1.Sum(info.Key.RightAlign())
	return sum[:], nil
}

// rpSubjectText is how BankID writes a relying party's subject into srvInfo.
func rpSubjectText(c *x509.Certificate) (text, display string) {
	display = c.Subject.CommonName
	for _, n := range c.Subject.Names {
		if v, ok := n.Value.(string); ok && n.Type.Equal(oidName) {
			display = v
		}
	}
	organisation := strings.Join(c.Subject.Organization, " ")
	return "cn=" + c.Subject.CommonName + ",name=" + display + ",serialNumber=" + c.Subject.SerialNumber + ",o=" + organisation + ",c=SE", display
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
