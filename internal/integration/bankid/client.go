package bankid

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	callTimeout = 10 * time.Second
	bodyLimit   = 2 << 20 // signatures are 10 to 60 kB
)

// Client calls the Relying Party API. BaseURL ends with "/rp/v6.0".
type Client struct {
	BaseURL string
	HTTP    *http.Client
}

// NewClient makes a client that shows the relying party's certificate and trusts nothing but the
// given root: BankID's server chains to BankID's own root, so a public authority must not do.
func NewClient(baseURL string, certificate, key, root []byte) (*Client, error) {
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("bankid: client certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(root) {
		return nil, errors.New("bankid: root certificate: no certificate in PEM")
	}
	return &Client{
		BaseURL: strings.TrimRight(baseURL, "/"),
		HTTP: &http.Client{
			Timeout: callTimeout,
			Transport: &http.Transport{
				TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: []tls.Certificate{pair}},
				ForceAttemptHTTP2:   true,
				MaxIdleConnsPerHost: 16,
				IdleConnTimeout:     90 * time.Second,
				TLSHandshakeTimeout: 5 * time.Second,
			},
			// A redirect would carry the order to somebody else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Error codes of the API that callers decide on. Others may come at any time.
const (
	CodeAlreadyInProgress = "alreadyInProgress"
	CodeInvalidParameters = "invalidParameters"
	CodeUnauthorized      = "unauthorized"
	CodeNotFound          = "notFound"
	CodeMethodNotAllowed  = "methodNotAllowed"
	CodeRequestTimeout    = "requestTimeout"
	CodeUnsupportedMedia  = "unsupportedMediaType"
	CodeInternalError     = "internalError"
	CodeMaintenance       = "maintenance"
)

// APIError is a refusal by the API. Its text goes to the log; Details may repeat what was sent, so
// long numbers are taken out of the text.
type APIError struct {
	HTTP    int
	Code    string // "" when the body wasn't the API's (a proxy's HTML page)
	Details string
}

func (e *APIError) Error() string {
	return fmt.Sprintf("bankid: HTTP %d %s: %s", e.HTTP, e.Code, longNumber.ReplaceAllString(e.Details, "…"))
}

var longNumber = regexp.MustCompile(`[0-9]{6,}`)

// Requirement narrows who may complete an order and how.
type Requirement struct {
	PersonalNumber      string   `json:"personalNumber,omitempty"`
	MRTD                *bool    `json:"mrtd,omitempty"`
	PinCode             *bool    `json:"pinCode,omitempty"`
	Risk                string   `json:"risk,omitempty"` // lower case
	CertificatePolicies []string `json:"certificatePolicies,omitempty"`
	CardReader          string   `json:"cardReader,omitempty"`
}

// Web tells BankID about the person's browser, for its risk assessment.
type Web struct {
	ReferringDomain  string `json:"referringDomain"`
	UserAgent        string `json:"userAgent"`
	DeviceIdentifier string `json:"deviceIdentifier"`
}

// Order is the body of auth and sign. Texts are base64 of UTF-8.
type Order struct {
	EndUserIP             string       `json:"endUserIp"`
	UserVisibleData       string       `json:"userVisibleData,omitempty"`
	UserNonVisibleData    string       `json:"userNonVisibleData,omitempty"`
	UserVisibleDataFormat string       `json:"userVisibleDataFormat,omitempty"`
	ReturnURL             string       `json:"returnUrl,omitempty"`
	ReturnRisk            bool         `json:"returnRisk,omitempty"`
	Web                   *Web         `json:"web,omitempty"`
	Requirement           *Requirement `json:"requirement,omitempty"`
}

// OrderResponse is the answer to auth and sign.
type OrderResponse struct {
	OrderRef       string `json:"orderRef"`
	AutoStartToken string `json:"autoStartToken"`
	QRStartToken   string `json:"qrStartToken"`
	QRStartSecret  string `json:"qrStartSecret"`
}

// CollectResponse is the answer to collect. Raw is the body as received.
type CollectResponse struct {
	OrderRef       string          `json:"orderRef"`
	Status         string          `json:"status"`
	HintCode       string          `json:"hintCode"`
	CompletionData *CompletionData `json:"completionData"`
	Raw            []byte          `json:"-"`
}

// CompletionData is what a completed order yields.
type CompletionData struct {
	User struct {
		PersonalNumber string `json:"personalNumber"`
		Name           string `json:"name"`
		GivenName      string `json:"givenName"`
		Surname        string `json:"surname"`
	} `json:"user"`
	Device struct {
		IPAddress string `json:"ipAddress"`
		UHI       string `json:"uhi"`
	} `json:"device"`
	BankIDIssueDate string  `json:"bankIdIssueDate"`
	StepUp          *StepUp `json:"stepUp"`
	SetUp           *StepUp `json:"setUp"` // the name in BankID's Java demo
	Signature       string  `json:"signature"`
	OCSPResponse    string  `json:"ocspResponse"`
	Risk            string  `json:"risk"`
}

// StepUp says whether the person showed a passport or identity card in the app.
type StepUp struct {
	MRTD bool `json:"mrtd"`
}

// Document says whether a document was asked for, shown and accepted.
func (c *CompletionData) Document() bool {
	return c.StepUp != nil && c.StepUp.MRTD || c.SetUp != nil && c.SetUp.MRTD
}

// IssueDate is the day the BankID was issued. It has been seen as a bare date, with "Z", with an
// offset, and as a full time stamp.
func (c *CompletionData) IssueDate() (time.Time, error) {
	for _, layout := range []string{"2006-01-02Z07:00", "2006-01-02", time.RFC3339Nano} {
		if t, err := time.Parse(layout, c.BankIDIssueDate); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("bankid: bankIdIssueDate %q", c.BankIDIssueDate)
}

// Auth starts an identification.
func (c *Client) Auth(ctx context.Context, o Order) (OrderResponse, error) {
	return c.start(ctx, "/auth", o)
}

// Sign starts a signature.
func (c *Client) Sign(ctx context.Context, o Order) (OrderResponse, error) {
	return c.start(ctx, "/sign", o)
}

func (c *Client) start(ctx context.Context, path string, o Order) (OrderResponse, error) {
	var out OrderResponse
	if _, err := c.post(ctx, path, o, &out); err != nil {
		return OrderResponse{}, err
	}
	if out.OrderRef == "" || out.AutoStartToken == "" {
		return OrderResponse{}, errors.New("bankid: answer without orderRef or autoStartToken")
	}
	return out, nil
}

type orderRef struct {
	OrderRef string `json:"orderRef"`
}

// Collect asks how an order stands. A terminal answer comes once; afterwards the order is unknown
// (400 invalidParameters).
func (c *Client) Collect(ctx context.Context, ref string) (CollectResponse, error) {
	raw, err := c.post(ctx, "/collect", orderRef{ref}, nil)
	if err != nil {
		return CollectResponse{}, err
	}
	return decodeCollect(raw)
}

// decodeCollect keeps the body also when it can't be understood: it may be the only copy of a signature.
func decodeCollect(raw []byte) (CollectResponse, error) {
	out := CollectResponse{}
	if err := json.Unmarshal(raw, &out); err != nil {
		return CollectResponse{Raw: raw}, fmt.Errorf("bankid: collect answer: %w", err)
	}
	out.Raw = raw
	return out, nil
}

// Cancel stops an order.
func (c *Client) Cancel(ctx context.Context, ref string) error {
	_, err := c.post(ctx, "/cancel", orderRef{ref}, nil)
	return err
}

func (c *Client) post(ctx context.Context, path string, in, out any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json") // with a charset the API answers 415
	// net/http sends a POST again only when not a byte of it was written (a kept-alive connection
	// that had died), so nothing is ever ordered twice.
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("bankid: %w", err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit+1))
	if err != nil {
		return nil, fmt.Errorf("bankid: reading the answer: %w", err)
	}
	if len(raw) > bodyLimit {
		return nil, errors.New("bankid: answer over 2 MiB")
	}
	if resp.StatusCode != http.StatusOK {
		return nil, apiError(resp, raw)
	}
	if out == nil {
		return raw, nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, fmt.Errorf("bankid: answer to %s: %w", path, err)
	}
	return raw, nil
}

func apiError(resp *http.Response, raw []byte) *APIError {
	e := &APIError{HTTP: resp.StatusCode}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var body struct{ ErrorCode, Details string }
	if media == "application/json" && json.Unmarshal(raw, &body) == nil {
		e.Code, e.Details = body.ErrorCode, body.Details
	}
	return e
}
