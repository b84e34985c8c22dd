package bureau

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries the detached signature of a request.
const SignatureHeader = "Kortverk-Signature"

// Skew is how far apart the two sides' clocks may be.
const Skew = 5 * time.Minute

// signedBytes is what a signature is made over. The first line keeps a
// signature from meaning something in another protocol.
func signedBytes(t int64, body []byte) []byte {
	sum := sha256.Sum256(body)
	return fmt.Appendf(nil, "kortverk-bureau-v1\n%d\n%x\n", t, sum)
}

// KeyID names a public key: the first 16 hexadecimal digits of SHA-256 over
// its DER form.
func KeyID(key ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil { // an ed25519 key of the right type always marshals
		panic(err)
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8])
}

// Sign makes the value of SignatureHeader for a body.
func Sign(key ed25519.PrivateKey, at time.Time, body []byte) string {
	sig := ed25519.Sign(key, signedBytes(at.Unix(), body))
	return fmt.Sprintf("t=%d,keyid=%s,sig=%s", at.Unix(), KeyID(key.Public().(ed25519.PublicKey)),
		base64.StdEncoding.EncodeToString(sig))
}

// Keys are the public keys that a receiver trusts, by KeyID. Several at once
// let a key be changed without a gap.
type Keys map[string]ed25519.PublicKey

// NewKeys makes a set of trusted keys.
func NewKeys(keys ...ed25519.PublicKey) Keys {
	set := Keys{}
	for _, k := range keys {
		set[KeyID(k)] = k
	}
	return set
}

// Verify checks the header of a request over its whole body. Its error is a
// *Problem with status 401 and code signature_missing, key_unknown,
// signature_expired or signature_invalid.
func (k Keys) Verify(header string, body []byte, now time.Time) error {
	if header == "" {
		return unauthorized("signature_missing", "the header "+SignatureHeader+" is missing")
	}
	t, keyID, sig, ok := parseSignature(header)
	if !ok {
		return unauthorized("signature_invalid", "the header "+SignatureHeader+" can't be read")
	}
	key, ok := k[keyID]
	if !ok {
		return unauthorized("key_unknown", "no such key is trusted here")
	}
	if age := now.Sub(time.Unix(t, 0)); age > Skew || age < -Skew {
		return unauthorized("signature_expired", "signed more than five minutes from now; check the clock")
	}
	if !ed25519.Verify(key, signedBytes(t, body), sig) {
		return unauthorized("signature_invalid", "the signature does not fit the body")
	}
	return nil
}

func unauthorized(code, detail string) *Problem {
	return &Problem{Status: http.StatusUnauthorized, Code: code, Detail: detail}
}

// parseSignature reads "t=…,keyid=…,sig=…": each part once, in any order,
// unknown parts ignored.
func parseSignature(header string) (t int64, keyID string, sig []byte, ok bool) {
	seen := map[string]string{}
	for part := range strings.SplitSeq(header, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := seen[name]; !found || twice {
			return 0, "", nil, false
		}
		seen[name] = value
	}
	t, err := strconv.ParseInt(seen["t"], 10, 64)
	if err != nil || t < 0 || t > 1<<40 {
		return 0, "", nil, false
	}
	sig, err = base64.StdEncoding.DecodeString(seen["sig"])
	if err != nil || len(sig) != ed25519.SignatureSize || seen["keyid"] == "" {
		return 0, "", nil, false
	}
	return t, seen["keyid"], sig, true
}

// LoadPrivateKey reads a PEM file with a PKCS #8 Ed25519 key.
func LoadPrivateKey(file string) (ed25519.PrivateKey, error) {
	der, err := pemBlock(file, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: not a PKCS #8 key", file) // the cause could quote the key
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an Ed25519 key", file)
	}
	return key, nil
}

// LoadPublicKey reads a PEM file with a PKIX Ed25519 key.
func LoadPublicKey(file string) (ed25519.PublicKey, error) {
	der, err := pemBlock(file, "PUBLIC KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%s: not an Ed25519 key", file)
	}
	return key, nil
}

func pemBlock(file, kind string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("%s: no PEM block %q in it", file, kind)
	}
	return block.Bytes, nil
}

// CreateKeyPair makes a new key pair and writes both halves as PEM. It never
// overwrites: a private key that is there already stays, and is an error.
func CreateKeyPair(privateFile, publicFile string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	privateDER, err1 := x509.MarshalPKCS8PrivateKey(private)
	publicDER, err2 := x509.MarshalPKIXPublicKey(public)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if err := writeNew(privateFile, "PRIVATE KEY", privateDER, 0o600); err != nil {
		return err
	}
	return writeNew(publicFile, "PUBLIC KEY", publicDER, 0o644)
}

func writeNew(file, kind string, der []byte, mode os.FileMode) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if err := pem.Encode(f, &pem.Block{Type: kind, Bytes: der}); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
