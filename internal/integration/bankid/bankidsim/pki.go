package bankidsim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// pair is a certificate with its key.
type pair struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// pki is the tree of certificates:
//
//	root ─┬─ bank CA ── customer CA ─┬─ people
//	      │                          └─ OCSP responder
//	      ├─ RP CA ── relying parties
//	      └─ server of the API
type pki struct {
	folder                              string
	root, bank, customer, rp, ocsp, tls pair

	mu     sync.Mutex
	people map[string]pair
}

const (
	caYears   = 30
	leafYears = 5
)

func openPKI(folder string, hosts []string) (*pki, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("bankidsim: %w", err)
	}
	p := &pki{folder: folder, people: map[string]pair{}}
	steps := []struct {
		file   string
		into   *pair
		parent *pair
		make   func() (*x509.Certificate, error)
	}{
		{"root", &p.root, nil, func() (*x509.Certificate, error) { return authority("Simulator BankID Root"), nil }},
		{"bank", &p.bank, &p.root, func() (*x509.Certificate, error) { return authority("Simulator Bank CA"), nil }},
		{"customer", &p.customer, &p.bank, func() (*x509.Certificate, error) { return authority("Simulator Bank Customer CA"), nil }},
		{"rp-ca", &p.rp, &p.root, func() (*x509.Certificate, error) { return authority("Simulator RP CA"), nil }},
		{"ocsp", &p.ocsp, &p.customer, func() (*x509.Certificate, error) {
			c := leaf(pkix.Name{CommonName: "Simulator OCSP responder", Organization: []string{"Simulator"}, Country: []string{"SE"}})
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
			return c, nil
		}},
		{"server", &p.tls, &p.root, func() (*x509.Certificate, error) { return serverTemplate(hosts), nil }},
	}
	for _, s := range steps {
		template, err := s.make()
		if err != nil {
			return nil, err
		}
		key := func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
		if *s.into, err = p.loadOrMake(s.file, template, s.parent, key); err != nil {
			return nil, err
		}
	}
	public := filepath.Join(folder, "root.pem") // for relying parties of other programs
	if err := os.WriteFile(public, certPEM(p.root.cert), 0o644); err != nil {
		return nil, fmt.Errorf("bankidsim: %w", err)
	}
	return p, nil
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name, Organization: []string{"Simulator, not the real BankID"}, Country: []string{"SE"}},
		NotAfter:              time.Now().AddDate(caYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true, IsCA: true,
	}
}

func leaf(subject pkix.Name) *x509.Certificate {
	return &x509.Certificate{
		Subject:               subject,
		NotAfter:              time.Now().AddDate(leafYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
}

func serverTemplate(hosts []string) *x509.Certificate {
	c := leaf(pkix.Name{CommonName: "Simulator BankID API", Country: []string{"SE"}})
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.DNSNames = []string{"localhost"}
	c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else if h != "" {
			c.DNSNames = append(c.DNSNames, h)
		}
	}
	return c
}

// loadOrMake reads a pair from the folder; one that is missing, ends within a month, or was signed
// by an older parent is made anew.
func (p *pki) loadOrMake(name string, template *x509.Certificate, parent *pair, newKey func() (crypto.Signer, error)) (pair, error) {
	file := filepath.Join(p.folder, name+".pair.pem")
	if got, err := readPair(file); err == nil && p.fits(got.cert, template, parent) {
		return got, nil
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return pair{}, fmt.Errorf("bankidsim: %s: %w", file, err)
	}
	key, err := newKey()
	if err != nil {
		return pair{}, err
	}
	made, err := sign(template, parent, key)
	if err != nil {
		return pair{}, err
	}
	return made, writePair(file, made)
}

func (p *pki) fits(cert, template *x509.Certificate, parent *pair) bool {
	if time.Until(cert.NotAfter) < 30*24*time.Hour || cert.Subject.String() != template.Subject.String() {
		return false
	}
	for _, host := range template.DNSNames {
		if cert.VerifyHostname(host) != nil {
			return false
		}
	}
	for _, ip := range template.IPAddresses {
		if cert.VerifyHostname(ip.String()) != nil {
			return false
		}
	}
	return parent == nil || cert.CheckSignatureFrom(parent.cert) == nil
}

func sign(template *x509.Certificate, parent *pair, key crypto.Signer) (pair, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return pair{}, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-24 * time.Hour)
	signer := pair{template, key}
	if parent != nil {
		signer = *parent
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, key.Public(), signer.key)
	if err != nil {
		return pair{}, fmt.Errorf("bankidsim: certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return pair{cert, key}, err
}

func readPair(file string) (pair, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return pair{}, err
	}
	got, err := tls.X509KeyPair(raw, raw)
	if err != nil {
		return pair{}, err
	}
	key, ok := got.PrivateKey.(crypto.Signer)
	if !ok {
		return pair{}, errors.New("key can't sign")
	}
	return pair{got.Leaf, key}, nil
}

func writePair(file string, p pair) error {
	key, err := keyPEM(p.key)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(certPEM(p.cert), key...), 0o600)
}

func certPEM(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func keyPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

var (
	oidName    = asn1.ObjectIdentifier{2, 5, 4, 41}
	oidSurname = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGiven   = asn1.ObjectIdentifier{2, 5, 4, 42}
)

// relyingParty makes (once per name) a client certificate as a bank would: the display name stands
// in the "name" attribute, the organisation number in serialNumber.
func (p *pki) relyingParty(display, organisationNumber string) (pair, error) {
	template := leaf(pkix.Name{
		CommonName: display, SerialNumber: organisationNumber,
		Organization: []string{"Simulator Bank"}, Country: []string{"SE"},
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: oidName, Value: display}},
	})
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	key := func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
	return p.loadOrMake("rp-"+fileName(organisationNumber), template, &p.rp, key)
}

// person gives a persona's BankID: an RSA key of 2048 bits, made at first use.
func (p *pki) person(who Persona) (pair, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if got, ok := p.people[who.ID]; ok && got.cert.Subject.CommonName == who.Name() {
		return got, nil
	}
	policy, err := x509.OIDFromInts([]uint64{1, 2, 3, 4, 25}) // mobile test BankID
	if err != nil {
		return pair{}, err
	}
	template := leaf(pkix.Name{
		CommonName: who.Name(), SerialNumber: who.PersonalNumber,
		Organization: []string{"Simulator Bank"}, Country: []string{"SE"},
		ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: oidSurname, Value: who.Surname},
			{Type: oidGiven, Value: who.GivenName},
			{Type: oidName, Value: who.Name() + " - BankID på simulator"},
		},
	})
	template.Policies = []x509.OID{policy}
	key := func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }
	got, err := p.loadOrMake("person-"+fileName(who.ID), template, &p.customer, key)
	if err != nil {
		return pair{}, err
	}
	p.people[who.ID] = got
	return got, nil
}

// fileName keeps ids from configuration inside the folder.
func fileName(id string) string {
	out := []byte(id)
	for i, c := range out {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-':
		default:
			out[i] = '_'
		}
	}
	return string(out)
}
