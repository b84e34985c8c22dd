package bankid

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

const (
	nsDSig    = "http://www.w3.org/2000/09/xmldsig#"
	nsBankID  = "http://www.bankid.com/signature/v1.0.0/types"
	algC14N   = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	algRSA    = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	algSHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

	idSigned  = "bidSignedData"
	idKeyInfo = "bidKeyInfo"
)

// Purposes as the signature states them.
const (
	FuncIdentification = "Identification"
	FuncSigning        = "Signing"
)

// Signed is what a verified signature says.
type Signed struct {
	PersonalNumber string // 12 digits, from the certificate
	GivenName      string
	Surname        string
	Name           string
	Function       string // FuncIdentification or FuncSigning
	VisibleText    string
	Format         string // "" plain, or "simpleMarkdownV1"
	Hidden         []byte
	Risk           string
	At             time.Time // when BankID's responder vouched for the certificate
	TestIdentity   bool      // the certificate belongs to a test BankID
	Certificate    *x509.Certificate
}

// Verifier checks signatures against BankID's signing roots.
type Verifier struct {
	roots *x509.CertPool
}

// NewVerifier takes the signing roots (PEM). BankID hands them out on request; they aren't the
// root of the API's server certificate.
func NewVerifier(roots []byte) (*Verifier, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return nil, errors.New("bankid: signing roots: no certificate in PEM")
	}
	return &Verifier{roots: pool}, nil
}

// Verify checks a signature and its OCSP answer, both base64 as the API gives them, and returns
// what was signed. An error means that nothing in the document may be believed.
func (v *Verifier) Verify(signature, ocspResponse string) (Signed, error) {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return Signed{}, fmt.Errorf("bankid: signature: %w", err)
	}
	doc, err := parseSignature(raw)
	if err != nil {
		return Signed{}, err
	}
	if err := doc.verifyDigests(); err != nil {
		return Signed{}, err
	}
	if len(doc.certs) < 2 {
		return Signed{}, errors.New("bankid: signature without its certificate chain")
	}
	if err := doc.verifyRSA(); err != nil {
		return Signed{}, err
	}
	status, err := parseOCSP(ocspResponse, doc.certs[0], doc.certs[1])
	if err != nil {
		return Signed{}, err
	}
	if err := verifyNonce(status.nonce, signature); err != nil {
		return Signed{}, err
	}
	// The chain must have held when the responder spoke: evidence is checked again years later.
	if err := v.verifyChain(doc.certs, status.at); err != nil {
		return Signed{}, err
	}
	out, err := readSigned(doc.signedBytes)
	if err != nil {
		return Signed{}, err
	}
	out.At = status.at
	return fillIdentity(out, doc.certs[0])
}

type document struct {
	signedInfo  *etree.Element
	keyInfo     *etree.Element
	signedData  *etree.Element
	value       []byte
	certs       []*x509.Certificate
	signedBytes []byte // canonical form of signedData, set once its digest has been checked
}

// parseSignature accepts exactly BankID's shape, so there is one place where signed data can stand.
func parseSignature(raw []byte) (*document, error) {
	tree := etree.NewDocument()
	tree.ReadSettings = etree.ReadSettings{ValidateInput: true, MaxDepth: 32, PreserveDuplicateAttrs: true}
	if err := tree.ReadFromBytes(raw); err != nil {
		return nil, fmt.Errorf("bankid: signature XML: %w", err)
	}
	root := tree.Root()
	if root == nil || root.Tag != "Signature" || root.NamespaceURI() != nsDSig {
		return nil, errors.New("bankid: root is not a Signature")
	}
	if err := refuseOddities(tree); err != nil {
		return nil, err
	}
	parts, err := children(root, nsDSig, "SignedInfo", "SignatureValue", "KeyInfo", "Object")
	if err != nil {
		return nil, err
	}
	signed, err := children(parts[3], nsBankID, "bankIdSignedData")
	if err != nil {
		return nil, err
	}
	d := &document{signedInfo: parts[0], keyInfo: parts[2], signedData: signed[0]}
	if d.keyInfo.SelectAttrValue("Id", "") != idKeyInfo || d.signedData.SelectAttrValue("Id", "") != idSigned {
		return nil, errors.New("bankid: Ids are not the expected ones")
	}
	if d.value, err = decodeText(parts[1].Text()); err != nil {
		return nil, fmt.Errorf("bankid: signature value: %w", err)
	}
	return d, d.readCertificates()
}

// refuseOddities turns away what a signature never has and what attacks are made of: comments
// (they split text without changing the digest), document types, instructions, and Ids given twice.
func refuseOddities(tree *etree.Document) error {
	for _, child := range tree.Child {
		switch t := child.(type) {
		case *etree.ProcInst:
			if t.Target != "xml" {
				return errors.New("bankid: processing instruction in signature")
			}
		case *etree.Directive, *etree.Comment:
			return errors.New("bankid: directive or comment in signature")
		}
	}
	seen := map[string]bool{}
	var walk func(e *etree.Element) error
	walk = func(e *etree.Element) error {
		for _, a := range e.Attr {
			if a.Space == "xml" {
				return errors.New("bankid: xml attribute in signature")
			}
			if strings.EqualFold(a.Key, "id") {
				if seen[a.Value] {
					return errors.New("bankid: duplicate Id in signature")
				}
				seen[a.Value] = true
			}
		}
		for _, child := range e.Child {
			switch t := child.(type) {
			case *etree.Element:
				if err := walk(t); err != nil {
					return err
				}
			case *etree.Comment, *etree.Directive, *etree.ProcInst:
				return errors.New("bankid: comment, directive or instruction in signature")
			}
		}
		return nil
	}
	return walk(tree.Root())
}

// children demands exactly these child elements, in this order.
func children(e *etree.Element, ns string, tags ...string) ([]*etree.Element, error) {
	got := e.ChildElements()
	if len(got) != len(tags) {
		return nil, fmt.Errorf("bankid: %s has %d children", e.Tag, len(got))
	}
	for i, tag := range tags {
		if got[i].Tag != tag || got[i].NamespaceURI() != ns {
			return nil, fmt.Errorf("bankid: %s where %s belongs", got[i].Tag, tag)
		}
	}
	return got, nil
}

func (d *document) readCertificates() error {
	data, err := children(d.keyInfo, nsDSig, "X509Data")
	if err != nil {
		return err
	}
	for _, e := range data[0].ChildElements() {
		if e.Tag != "X509Certificate" || e.NamespaceURI() != nsDSig || len(d.certs) == 8 {
			return errors.New("bankid: unexpected element in X509Data")
		}
		der, err := decodeText(e.Text())
		if err != nil {
			return fmt.Errorf("bankid: certificate: %w", err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("bankid: certificate: %w", err)
		}
		d.certs = append(d.certs, cert)
	}
	return nil
}

// verifyDigests checks that SignedInfo speaks of exactly the two elements that will be read.
func (d *document) verifyDigests() error {
	info := d.signedInfo.ChildElements()
	if len(info) != 4 || info[0].Tag != "CanonicalizationMethod" || info[1].Tag != "SignatureMethod" {
		return errors.New("bankid: unexpected SignedInfo")
	}
	if algorithm(info[0]) != algC14N || algorithm(info[1]) != algRSA || len(info[0].ChildElements())+len(info[1].ChildElements()) != 0 {
		return errors.New("bankid: unexpected algorithm in SignedInfo")
	}
	targets := map[string]*etree.Element{"#" + idSigned: d.signedData, "#" + idKeyInfo: d.keyInfo}
	for _, ref := range info[2:] {
		uri := ref.SelectAttrValue("URI", "")
		target := targets[uri]
		if target == nil || ref.Tag != "Reference" || ref.NamespaceURI() != nsDSig {
			return fmt.Errorf("bankid: unexpected reference %.40q", uri)
		}
		delete(targets, uri)
		canonical, err := verifyReference(ref, target)
		if err != nil {
			return err
		}
		if target == d.signedData {
			d.signedBytes = canonical
		}
	}
	return nil
}

func verifyReference(ref, target *etree.Element) ([]byte, error) {
	parts, err := children(ref, nsDSig, "Transforms", "DigestMethod", "DigestValue")
	if err != nil {
		return nil, err
	}
	transforms, err := children(parts[0], nsDSig, "Transform")
	if err != nil {
		return nil, err
	}
	if algorithm(transforms[0]) != algC14N || len(transforms[0].ChildElements()) != 0 || algorithm(parts[1]) != algSHA256 {
		return nil, errors.New("bankid: unexpected transform or digest method")
	}
	want, err := decodeText(parts[2].Text())
	if err != nil {
		return nil, fmt.Errorf("bankid: digest value: %w", err)
	}
	canonical, err := canonicalize(target)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(canonical); subtle.ConstantTimeCompare(sum[:], want) != 1 {
		return nil, fmt.Errorf("bankid: digest of %s differs", target.Tag)
	}
	return canonical, nil
}

// canonicalize gives an element's canonical form with the namespaces of its surroundings. The
// element is detached first: goxmldsig would let a parent's default namespace replace its own.
func canonicalize(e *etree.Element) ([]byte, error) {
	ctx, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, fmt.Errorf("bankid: namespaces: %w", err)
	}
	detached, err := etreeutils.NSDetatch(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("bankid: namespaces: %w", err)
	}
	return dsig.MakeC14N10RecCanonicalizer().Canonicalize(detached)
}

func (d *document) verifyRSA() error {
	key, ok := d.certs[0].PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 {
		return errors.New("bankid: the certificate has no RSA key of 2048 bits")
	}
	canonical, err := canonicalize(d.signedInfo)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(canonical)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], d.value); err != nil {
		return fmt.Errorf("bankid: signature value: %w", err)
	}
	return nil
}

func (v *Verifier) verifyChain(certs []*x509.Certificate, at time.Time) error {
	intermediates := x509.NewCertPool()
	for _, c := range certs[1:] {
		intermediates.AddCert(c)
	}
	chains, err := certs[0].Verify(x509.VerifyOptions{
		Roots: v.roots, Intermediates: intermediates, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("bankid: certificate chain: %w", err)
	}
	// The OCSP answer was checked against the second certificate, so that must be the real issuer.
	for _, chain := range chains {
		if len(chain) > 1 && chain[1].Equal(certs[1]) {
			return nil
		}
	}
	return errors.New("bankid: the second certificate is not the issuer of the first")
}

type signedData struct {
	XMLName xml.Name `xml:"http://www.bankid.com/signature/v1.0.0/types bankIdSignedData"`
	Visible []struct {
		Charset string `xml:"charset,attr"`
		Format  string `xml:"format,attr"`
		Text    string `xml:",chardata"`
	} `xml:"http://www.bankid.com/signature/v1.0.0/types usrVisibleData"`
	Hidden   []string `xml:"http://www.bankid.com/signature/v1.0.0/types usrNonVisibleData"`
	Function []string `xml:"http://www.bankid.com/signature/v1.0.0/types clientInfo>funcId"`
}

// readSigned reads the canonical bytes whose digest was checked, and nothing else.
func readSigned(canonical []byte) (Signed, error) {
	var data signedData
	dec := xml.NewDecoder(bytes.NewReader(canonical))
	if err := dec.Decode(&data); err != nil {
		return Signed{}, fmt.Errorf("bankid: signed data: %w", err)
	}
	if len(data.Visible) > 1 || len(data.Hidden) > 1 || len(data.Function) != 1 {
		return Signed{}, errors.New("bankid: signed data has an element twice or lacks one")
	}
	out := Signed{Function: data.Function[0]}
	if out.Function != FuncIdentification && out.Function != FuncSigning {
		return Signed{}, fmt.Errorf("bankid: unknown function %.30q", out.Function)
	}
	if len(data.Visible) == 1 {
		text, err := decodeText(data.Visible[0].Text)
		if err != nil || !utf8.Valid(text) || data.Visible[0].Charset != "UTF-8" {
			return Signed{}, errors.New("bankid: visible data is not UTF-8 in base64")
		}
		out.VisibleText, out.Format = string(text), data.Visible[0].Format
	}
	if len(data.Hidden) == 1 {
		hidden, err := decodeText(data.Hidden[0])
		if err != nil {
			return Signed{}, fmt.Errorf("bankid: hidden data: %w", err)
		}
		out.Hidden = hidden
	}
	return out, nil
}

var (
	oidSerialNumber = asn1.ObjectIdentifier{2, 5, 4, 5}
	oidSurname      = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGivenName    = asn1.ObjectIdentifier{2, 5, 4, 42}

	// Certificate policies of test BankIDs: none of these people exists.
	testPolicies = map[string]bool{"1.2.3.4.5": true, "1.2.3.4.10": true, "1.2.3.4.25": true, "1.2.752.60.1.6": true}
)

func fillIdentity(out Signed, cert *x509.Certificate) (Signed, error) {
	out.Certificate, out.Name = cert, cert.Subject.CommonName
	for _, name := range cert.Subject.Names {
		value, _ := name.Value.(string)
		switch {
		case name.Type.Equal(oidSerialNumber):
			out.PersonalNumber = value
		case name.Type.Equal(oidSurname):
			out.Surname = value
		case name.Type.Equal(oidGivenName):
			out.GivenName = value
		}
	}
	for _, policy := range cert.PolicyIdentifiers {
		out.TestIdentity = out.TestIdentity || testPolicies[policy.String()]
	}
	if len(out.PersonalNumber) != 12 || strings.Trim(out.PersonalNumber, "0123456789") != "" {
		return Signed{}, errors.New("bankid: the certificate has no personal number")
	}
	return out, nil
}

func algorithm(e *etree.Element) string { return e.SelectAttrValue("Algorithm", "") }

// decodeText reads base64 that may be folded into lines.
func decodeText(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' {
			return -1
		}
		return r
	}, s))
}
