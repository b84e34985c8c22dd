package bankid

import (
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ocsp"
)

// BankID binds the OCSP answer to the signature by its nonce: SHA-1 of the base64 signature string,
// then 12 random bytes. x/crypto/ocsp checks the answer itself but doesn't show the extension, so
// the few structures above it are read here. Source: RFC 6960 §4.2.1.

var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
)

const nonceLength = sha1.Size + 12

type ocspOuter struct {
	Status   asn1.Enumerated
	Response struct {
		Type asn1.ObjectIdentifier
		Raw  []byte
	} `asn1:"explicit,tag:0,optional"`
}

type ocspBasic struct {
	Data struct {
		Raw        asn1.RawContent
		Version    int `asn1:"optional,default:0,explicit,tag:0"`
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  []asn1.RawValue
		Extensions []ocspExtension `asn1:"optional,explicit,tag:1"`
	}
	Algorithm    asn1.RawValue
	Signature    asn1.BitString
	Certificates asn1.RawValue `asn1:"optional,explicit,tag:0"`
}

type ocspExtension struct {
	ID       asn1.ObjectIdentifier
	Critical bool `asn1:"optional"`
	Value    []byte
}

type ocspStatus struct {
	at    time.Time
	nonce []byte
}

// parseOCSP checks that the issuer, or a responder it has named, says that the certificate is good.
func parseOCSP(encoded string, cert, issuer *x509.Certificate) (ocspStatus, error) {
	der, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return ocspStatus{}, fmt.Errorf("bankid: OCSP answer: %w", err)
	}
	answer, err := ocsp.ParseResponseForCert(der, cert, issuer)
	if err != nil {
		return ocspStatus{}, fmt.Errorf("bankid: OCSP answer: %w", err)
	}
	if answer.Status != ocsp.Good {
		return ocspStatus{}, fmt.Errorf("bankid: OCSP status %d", answer.Status)
	}
	if r := answer.Certificate; r != nil && !mayRespond(r) {
		return ocspStatus{}, errors.New("bankid: OCSP responder has no right to respond")
	}
	nonce, err := ocspNonce(der)
	return ocspStatus{at: answer.ProducedAt, nonce: nonce}, err
}

func mayRespond(c *x509.Certificate) bool {
	for _, usage := range c.ExtKeyUsage {
		if usage == x509.ExtKeyUsageOCSPSigning {
			return true
		}
	}
	return false
}

func ocspNonce(der []byte) ([]byte, error) {
	var outer ocspOuter
	if rest, err := asn1.Unmarshal(der, &outer); err != nil || len(rest) != 0 {
		return nil, errors.New("bankid: OCSP answer: malformed")
	}
	var basic ocspBasic
	if !outer.Response.Type.Equal(oidOCSPBasic) {
		return nil, errors.New("bankid: OCSP answer: not basic")
	}
	if rest, err := asn1.Unmarshal(outer.Response.Raw, &basic); err != nil || len(rest) != 0 {
		return nil, errors.New("bankid: OCSP answer: malformed basic answer")
	}
	for _, e := range basic.Data.Extensions {
		if e.ID.Equal(oidOCSPNonce) {
			return e.Value, nil
		}
	}
	return nil, errors.New("bankid: OCSP answer without nonce")
}

func verifyNonce(nonce []byte, signature string) error {
	sum := sha1.Sum([]byte(signature))
	if len(nonce) != nonceLength || subtle.ConstantTimeCompare(nonce[:sha1.Size], sum[:]) != 1 {
		return errors.New("bankid: OCSP answer belongs to another signature")
	}
	return nil
}
