package bankid

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
)

// Name is how assertions of this provider are marked.
const Name = "bankid"

// Config is what a deployment has to say. Certificates and keys are PEM.
type Config struct {
	BaseURL      string // "https://appapi2.bankid.com/rp/v6.0"
	Certificate  []byte // the relying party's certificate (FP-certifikat), with its chain
	Key          []byte
	Root         []byte // root of the API's server certificate; nothing else is trusted
	SigningRoots []byte // roots of the people's certificates
	// Sandbox accepts what must never pass in production: test BankIDs, and return addresses
	// over plain http on this machine.
	Sandbox bool
}

// Provider is BankID as package eid wants it.
type Provider struct {
	client   *Client
	verifier *Verifier
	sandbox  bool
}

var _ eid.Provider = (*Provider)(nil)

// New reads certificates and keys; it doesn't call out.
func New(c Config) (*Provider, error) {
	client, err := NewClient(c.BaseURL, c.Certificate, c.Key, c.Root)
	if err != nil {
		return nil, err
	}
	verifier, err := NewVerifier(c.SigningRoots)
	if err != nil {
		return nil, err
	}
	return &Provider{client: client, verifier: verifier, sandbox: c.Sandbox}, nil
}

// Name is "bankid".
func (p *Provider) Name() string { return Name }

const (
	maxVisibleAuth = 1500 // encoded characters
	maxVisibleSign = 40_000
	maxHiddenAuth  = 1500
	maxHiddenSign  = 200_000
	maxReturnURL   = 512
	maxUserAgent   = 256
	maxDevice      = 64
	markdown       = "simpleMarkdownV1"
)

// Start begins an identification or a signature.
func (p *Provider) Start(ctx context.Context, r eid.Request) (eid.Started, error) {
	order, err := p.order(r)
	if err != nil {
		return eid.Started{}, err
	}
	call := p.client.Auth
	if r.Purpose == eid.Sign {
		call = p.client.Sign
	}
	answer, err := call(ctx, order)
	if err != nil {
		return eid.Started{}, toFault(err, "eid.refused")
	}
	return eid.Started{
		Ref: answer.OrderRef, AutoStartToken: answer.AutoStartToken,
		QRToken: answer.QRStartToken, QRSecret: answer.QRStartSecret,
	}, nil
}

func (p *Provider) order(r eid.Request) (Order, error) {
	ip, err := netip.ParseAddr(r.EndUserIP)
	if err != nil {
		return Order{}, refused("endUserIp is no address")
	}
	o := Order{
		EndUserIP:          ip.Unmap().WithZone("").String(),
		UserVisibleData:    base64.StdEncoding.EncodeToString([]byte(r.VisibleText)),
		UserNonVisibleData: base64.StdEncoding.EncodeToString(r.Hidden),
		ReturnURL:          r.ReturnURL,
		ReturnRisk:         true,
	}
	if r.Markdown && r.VisibleText != "" {
		o.UserVisibleDataFormat = markdown
	}
	if r.PersonalNumber != "" {
		o.Requirement = &Requirement{PersonalNumber: r.PersonalNumber}
	}
	if o.Web, err = p.web(r); err != nil {
		return Order{}, err
	}
	return o, checkTexts(r, o)
}

func checkTexts(r eid.Request, o Order) error {
	visible, hidden := maxVisibleAuth, maxHiddenAuth
	switch r.Purpose {
	case eid.Sign:
		visible, hidden = maxVisibleSign, maxHiddenSign
		if r.VisibleText == "" {
			return refused("nothing to sign")
		}
	case eid.Identify:
	default:
		return refused("unknown purpose")
	}
	if !utf8.ValidString(r.VisibleText) {
		return refused("visible text is not UTF-8")
	}
	if len(o.UserVisibleData) > visible || len(o.UserNonVisibleData) > hidden {
		return refused("text too long")
	}
	return nil
}

// web says where the person comes from. The return address is ours, so its host is the referring domain.
func (p *Provider) web(r eid.Request) (*Web, error) {
	if r.ReturnURL == "" {
		return nil, nil
	}
	u, err := url.Parse(r.ReturnURL)
	if err != nil || u.Host == "" || len(r.ReturnURL) > maxReturnURL {
		return nil, refused("return address is unusable")
	}
	if u.Scheme != "https" && !(p.sandbox && u.Scheme == "http") {
		return nil, refused("return address is not https")
	}
	if r.UserAgent == "" || r.Device == "" || len(u.Hostname()) < 3 {
		return nil, nil
	}
	return &Web{
		ReferringDomain:  u.Hostname(),
		UserAgent:        truncate(r.UserAgent, maxUserAgent),
		DeviceIdentifier: truncate(r.Device, maxDevice),
	}, nil
}

func truncate(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

// Collect asks how an order stands and verifies a completed one. An answer that doesn't stand is
// Complete with a hint and without an assertion, so that it can be kept and looked into.
func (p *Provider) Collect(ctx context.Context, ref string) (eid.Result, error) {
	answer, err := p.client.Collect(ctx, ref)
	if err != nil {
		if len(answer.Raw) > 0 { // not understood, and it can't be had again
			return eid.Result{Status: eid.Complete, Hint: eid.HintSignatureInvalid, Raw: answer.Raw}, nil
		}
		return eid.Result{}, toFault(err, "eid.order_unknown")
	}
	result := eid.Result{Status: eid.Pending, Hint: answer.HintCode, Raw: answer.Raw}
	switch answer.Status {
	case "failed":
		result.Status = eid.Failed
		return result, nil
	case "complete":
		result.Status = eid.Complete
	default: // pending, or a status that is newer than this program
		return result, nil
	}
	assertion, err := p.assert(answer)
	if err != nil {
		result.Hint, result.Cause = eid.HintSignatureInvalid, err
		return result, nil
	}
	result.Hint, result.Assertion = "", &assertion
	return result, nil
}

// assert recovers from panics: whatever a hostile document does to a parser, the answer must be kept.
func (p *Provider) assert(answer CollectResponse) (a eid.Assertion, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("bankid: verification stopped: %v", r)
		}
	}()
	data := answer.CompletionData
	if data == nil {
		return a, errors.New("bankid: complete without completionData")
	}
	signed, err := p.verifier.Verify(data.Signature, data.OCSPResponse)
	if err != nil {
		return a, err
	}
	if signed.PersonalNumber != data.User.PersonalNumber {
		return a, errors.New("bankid: certificate and answer name different people")
	}
	if signed.TestIdentity && !p.sandbox {
		return a, errors.New("bankid: test BankID refused")
	}
	purpose := eid.Identify
	if signed.Function == FuncSigning {
		purpose = eid.Sign
	}
	return eid.Assertion{
		Provider: Name, Purpose: purpose,
		PersonalNumber: signed.PersonalNumber,
		GivenName:      data.User.GivenName, Surname: data.User.Surname, Name: data.User.Name,
		At:        signed.At,
		Signature: []byte(data.Signature), OCSP: []byte(data.OCSPResponse),
		VisibleText: signed.VisibleText, Hidden: signed.Hidden,
		Risk: strings.ToLower(data.Risk), Document: data.Document(),
	}, nil
}

// Cancel stops an order.
func (p *Provider) Cancel(ctx context.Context, ref string) error {
	if err := p.client.Cancel(ctx, ref); err != nil {
		return toFault(err, "eid.order_unknown")
	}
	return nil
}

func refused(why string) error {
	return fault.New(fault.Internal, "eid.refused").Because(errors.New("bankid: " + why))
}

// toFault sorts errors by what a person can do about them. invalid is what invalid parameters mean
// for the call: with nothing but an order's reference in it, the order isn't there any more.
func toFault(err error, invalid string) error {
	var api *APIError
	if !errors.As(err, &api) {
		return fault.New(fault.Unavailable, "eid.unreachable").Because(err)
	}
	switch {
	case api.Code == CodeAlreadyInProgress:
		return fault.New(fault.Conflict, "eid.already_in_progress").Because(err)
	case api.Code == CodeInvalidParameters && invalid == "eid.order_unknown":
		return fault.New(fault.NotFound, invalid).Because(err)
	case api.Code == CodeInvalidParameters, api.HTTP == 401, api.HTTP == 403, api.HTTP == 404, api.HTTP == 405, api.HTTP == 415:
		return fault.New(fault.Internal, "eid.refused").Because(err)
	case api.HTTP == 408, api.HTTP >= 500:
		return fault.New(fault.Unavailable, "eid.unreachable").Because(err)
	}
	return fault.New(fault.Unavailable, "eid.provider_failed").Because(err)
}
