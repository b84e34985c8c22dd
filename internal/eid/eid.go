package eid

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ID identifies a transaction. It is a name, not a secret: every use also takes the browser.
type ID = uuid.UUID

// Purpose says what the person does.
type Purpose string

const (
	Identify Purpose = "identify"
	Sign     Purpose = "sign"
)

// Status is what a provider says about its order.
type Status string

const (
	Pending  Status = "pending"
	Failed   Status = "failed"
	Complete Status = "complete"
)

// State is where a transaction stands. Values are stored.
type State string

const (
	StatePending    State = "pending"
	StateComplete   State = "complete"   // answered and checked, not used yet
	StateUsed       State = "used"       // taken by the use case it was started for
	StateFailed     State = "failed"     // Hint says why
	StateUnresolved State = "unresolved" // the provider's answer was lost: do it once more
)

// Hints of our own, beside the provider's. They are answers that came back whole and can't be used.
const (
	HintSignatureInvalid = "signatureInvalid" // signature, certificate chain or status answer doesn't hold
	HintContentDiffers   = "contentDiffers"   // what was signed isn't what was asked
	HintOtherPerson      = "otherPerson"      // somebody else than the required person
	HintHighRisk         = "highRisk"         // the provider says that the risk of fraud is high
	HintAnswerLost       = "answerLost"       // state unresolved
)

// Request is what a provider is asked to start.
type Request struct {
	Purpose        Purpose
	EndUserIP      string // of the person's device, as we see it
	VisibleText    string // plain text or the provider's simple markdown; required for Sign
	Markdown       bool   // VisibleText is simple markdown
	Hidden         []byte // signed too, not shown
	PersonalNumber string // the only person who may do it, 12 digits, or ""
	ReturnURL      string // where the app sends the person back to, with our nonce
	UserAgent      string
	Device         string // stable pseudonym of the browser, or ""
}

// Started is an order at the provider. QRSecret never leaves the server.
type Started struct {
	Ref            string
	AutoStartToken string
	QRToken        string
	QRSecret       string
}

// Result is one answer of a provider about an order. Raw is the answer as received; it is kept
// whole whenever the order is complete. A Complete result without Assertion is an answer that
// didn't stand verification; Hint then says why.
type Result struct {
	Status    Status
	Hint      string
	Assertion *Assertion
	Raw       []byte
	Cause     error // why verification failed, for the log
}

// Assertion is what a provider vouches for, verified. Match people on Provider and PersonalNumber
// together, never on a number alone.
type Assertion struct {
	Provider       string    `json:"provider"`
	Purpose        Purpose   `json:"purpose"`
	PersonalNumber string    `json:"personal_number"` // 12 digits
	GivenName      string    `json:"given_name"`      // as the provider writes it, often capitals
	Surname        string    `json:"surname"`
	Name           string    `json:"name"`
	At             time.Time `json:"at"` // the provider's time
	Signature      []byte    `json:"-"`  // as received; kept in the evidence
	OCSP           []byte    `json:"-"`  // as received; kept in the evidence
	VisibleText    string    `json:"visible_text"`
	Hidden         []byte    `json:"hidden"`
	Risk           string    `json:"risk"`     // "low", "moderate", "high" or ""
	Document       bool      `json:"document"` // the person also showed a passport or identity card in the app
	Evidence       uuid.UUID `json:"evidence"` // row of eid_evidence with the whole answer
	Transaction    ID        `json:"transaction"`
}

// Provider is an eID system. Its errors are *fault.Error: eid.unreachable (nobody knows whether
// the call had an effect), eid.already_in_progress, eid.order_unknown (Collect and Cancel: the
// provider doesn't know the order, or has given its answer already), eid.refused (our fault).
type Provider interface {
	Name() string
	Start(ctx context.Context, r Request) (Started, error)
	Collect(ctx context.Context, ref string) (Result, error)
	Cancel(ctx context.Context, ref string) error
}

// Begin is what a face asks for.
type Begin struct {
	Purpose        Purpose
	Browser        string // secret of the browser's own cookie; stored hashed
	IP             string
	UserAgent      string
	Lang           string
	ReturnURL      string // page of ours; "transaction" and "nonce" are added to its query
	Subject        string // opaque to this package: "signin:/next", "line:<id>@<revision>"
	VisibleText    string
	Markdown       bool
	Hidden         []byte
	PersonalNumber string // 12 digits, or ""
}

// Transaction is what pages see of a row.
type Transaction struct {
	ID             ID
	Purpose        Purpose
	Subject        string
	State          State
	Hint           string // last code of the provider, or one of the Hint constants
	AutoStartToken string
	Nonce          string // stands in the return address; see Returned
	StartedAt      time.Time
	VisibleText    string
	Markdown       bool
	Lang           string
	Restarts       int
	Revision       int64

	qrToken, qrSecret string
}

// MaxRestarts is how often RetryQR starts a new order: six windows of 30 seconds are three minutes.
const MaxRestarts = 5

// Waiting says whether the app has not fetched the order yet, so a QR code or link is of use.
func (t Transaction) Waiting() bool {
	return t.State == StatePending && (t.Hint == "" || t.Hint == "outstandingTransaction" || t.Hint == "noClient")
}

// QR is the content of the animated QR code at this wall time, or "" when none is to be shown.
// It changes each second. Source: BankID Relying Party API v6.0, animated QR.
func (t Transaction) QR(wall time.Time) string {
	if !t.Waiting() || t.qrToken == "" {
		return ""
	}
	seconds := int64(wall.Sub(t.StartedAt) / time.Second)
	return qrContent(t.qrToken, t.qrSecret, max(seconds, 0))
}

func qrContent(token, secret string, seconds int64) string {
	at := strconv.FormatInt(seconds, 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(at))
	return "bankid." + token + "." + at + "." + hex.EncodeToString(mac.Sum(nil))
}

// AppLink is the address that opens the eID app on the same device, given the app's base address
// (configuration; "https://app.bankid.com/"). The order carries the return address, so no redirect
// is added. It is "" when the order is no longer waiting.
func (t Transaction) AppLink(base string) string {
	if !t.Waiting() || t.AutoStartToken == "" {
		return ""
	}
	glue := "?"
	if strings.Contains(base, "?") {
		glue = "&"
	}
	return base + glue + "autostarttoken=" + url.QueryEscape(t.AutoStartToken)
}

// Returned says whether the nonce of a return address is this transaction's. The caller has found
// the transaction with the browser's cookie, so both must fit.
func (t Transaction) Returned(nonce string) bool {
	return t.Nonce != "" && subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(nonce)) == 1
}

// Done says that waiting is over, in whichever way.
func (t Transaction) Done() bool { return t.State != StatePending }

// MayRetry says whether RetryQR would start a new order.
func (t Transaction) MayRetry() bool {
	return t.State == StateFailed && t.Hint == "startFailed" && t.Restarts < MaxRestarts
}
