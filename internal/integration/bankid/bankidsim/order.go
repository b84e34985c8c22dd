package bankidsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Times of the real service, seen from outside.
const (
	pickupWindow   = 30 * time.Second
	finishWindow   = 3 * time.Minute
	keepComplete   = 3 * time.Minute
	keepFailed     = 5 * time.Minute
	keepNeverTaken = 3*time.Minute + 10*time.Second
	qrTolerance    = 5 * time.Second
	wrongCodes     = 3

	kindAuth       = "auth"
	kindSign       = "sign"
	formatMarkdown = "simpleMarkdownV1"
)

// Phases of an order; the pending ones carry the hint code as their name.
const (
	phaseOutstanding = "outstandingTransaction"
	phaseStarted     = "started"
	phaseDocument    = "userMrtd"
	phaseSign        = "userSign"
	phaseProcessing  = "processing"
	phaseComplete    = "complete"
	phaseFailed      = "failed"
)

type order struct {
	ref, autostart, qrToken, qrSecret string
	kind                              string
	body                              orderBody
	req                               requirement
	visible                           string // decoded
	fingerprint, rpSubject, rpName    string
	created                           time.Time

	phase     string
	hint      string // of a failed order
	persona   Persona
	opened    bool // the app is open with it, and only the person is missing
	byLink    bool // started with the app link: the person is on the same device
	redirect  string
	wrong     int
	ended     time.Time
	document  bool
	collected bool
	answer    *completion
}

func newOrder(kind string, now time.Time) *order {
	return &order{
		ref: uuid.NewString(), autostart: uuid.NewString(), qrToken: uuid.NewString(), qrSecret: uuid.NewString(),
		kind: kind, created: now, phase: phaseOutstanding,
	}
}

func (o *order) pending() bool { return o.phase != phaseComplete && o.phase != phaseFailed }
func (o *order) waiting() bool { return o.phase == phaseOutstanding || o.phase == phaseStarted }

// busy: the person has the order on the phone.
func (o *order) busy() bool {
	return o.phase == phaseDocument || o.phase == phaseSign || o.phase == phaseProcessing
}

func (o *order) fail(hint string, at time.Time) {
	o.phase, o.hint, o.ended = phaseFailed, hint, at
}

// tick lets time have its effect.
func (o *order) tick(now time.Time) {
	switch {
	case o.waiting() && !o.opened && now.Sub(o.created) > pickupWindow:
		o.fail("startFailed", o.created.Add(pickupWindow))
	case (o.opened && o.waiting() || o.phase == phaseDocument || o.phase == phaseSign) && now.Sub(o.created) > finishWindow:
		o.fail("expiredTransaction", o.created.Add(finishWindow))
	}
}

// gone: BankID has forgotten the order.
func (o *order) gone(now time.Time) bool {
	switch {
	case o.phase == phaseComplete:
		return now.Sub(o.ended) > keepComplete
	case o.phase == phaseFailed && o.hint == "startFailed":
		return now.Sub(o.created) > keepNeverTaken
	case o.phase == phaseFailed:
		return now.Sub(o.ended) > keepFailed
	}
	return false
}

func (o *order) qr(seconds int64) string {
	at := strconv.FormatInt(seconds, 10)
	mac := hmac.New(sha256.New, []byte(o.qrSecret))
	mac.Write([]byte(at))
	return "bankid." + o.qrToken + "." + at + "." + hex.EncodeToString(mac.Sum(nil))
}

// Errors that a phone shows.
var (
	errNoOrder = errors.New("no_order") // unknown or over
	errQR      = errors.New("bad_qr")   // forged or too old
	errTooLate = errors.New("too_late")
	errWho     = errors.New("no_persona")
)

// lookup lets time pass first. The caller holds s.mu.
func (s *Sim) lookup(ref string) *order {
	o := s.orders[ref]
	if o == nil {
		o = s.orders[s.byToken[ref]]
	}
	if o == nil {
		return nil
	}
	now := s.now()
	o.tick(now)
	if o.gone(now) {
		s.forget(o)
		return nil
	}
	return o
}

func (s *Sim) forget(o *order) {
	delete(s.orders, o.ref)
	delete(s.byToken, o.autostart)
	delete(s.byToken, o.qrToken)
}

func (s *Sim) sweep() {
	now := s.now()
	for _, o := range s.orders {
		if o.tick(now); o.gone(now) {
			s.forget(o)
		}
	}
}

// byQR checks a scanned code. A code that was right once but is too old ends the order, as it does
// when somebody passes a picture of it on.
func (s *Sim) byQR(content string) (*order, error) {
	parts := strings.Split(strings.TrimSpace(content), ".")
	if len(parts) != 4 || parts[0] != "bankid" {
		return nil, errQR
	}
	o := s.lookup(s.byToken[parts[1]])
	if o == nil || o.qrToken != parts[1] {
		return nil, errNoOrder
	}
	seconds, err := strconv.ParseInt(parts[2], 10, 32)
	if err != nil || strconv.FormatInt(seconds, 10) != parts[2] || !hmac.Equal([]byte(o.qr(seconds)), []byte(strings.Join(parts, "."))) {
		return nil, errQR
	}
	age := s.now().Sub(o.created.Add(time.Duration(seconds) * time.Second))
	if age > qrTolerance || age < -qrTolerance {
		if o.waiting() {
			o.fail("startFailed", s.now())
		}
		return nil, errQR
	}
	return o, nil
}

// pickUp puts the order on somebody's phone. The caller holds s.mu.
func (s *Sim) pickUp(o *order, who Persona) error {
	if o.busy() && o.persona.ID == who.ID {
		return nil
	}
	if !o.waiting() {
		return errTooLate
	}
	now := s.now()
	o.persona = who
	if hint := o.obstacle(who); hint != "" {
		o.fail(hint, now)
		return nil
	}
	for _, other := range s.orders {
		if other != o && other.busy() && other.persona.PersonalNumber == who.PersonalNumber {
			other.fail("cancelled", now)
			o.fail("cancelled", now)
			return nil
		}
	}
	o.phase = phaseSign
	if o.req.MRTD {
		o.phase = phaseDocument
	}
	return nil
}

// obstacle is why this person's app ends the order at once.
func (o *order) obstacle(who Persona) string {
	switch {
	case who.Knobs.OutdatedApp:
		return "notSupportedByUserApp"
	case who.Knobs.Revoked, o.req.PersonalNumber != "" && o.req.PersonalNumber != who.PersonalNumber, !o.req.allowsPolicy("1.2.3.4.25"):
		return "certificateErr"
	case o.req.Risk == "low" && who.Knobs.risk() != "low", o.req.Risk == "moderate" && who.Knobs.risk() == "high":
		return "transactionRiskBlocked"
	}
	return ""
}

func (k Knobs) risk() string {
	if k.Risk == "" {
		return "low"
	}
	return k.Risk
}

// showDocument is the passport step.
func (s *Sim) showDocument(o *order) error {
	if o.phase != phaseDocument {
		return errTooLate
	}
	if o.persona.Knobs.NoDocument {
		o.fail("userCancel", s.now())
		return nil
	}
	o.document, o.phase = true, phaseSign
	return nil
}

// enterCode ends the order's wait on the phone. It takes s.mu itself, since signing takes a while.
func (s *Sim) enterCode(ref string, right bool) error {
	s.mu.Lock()
	o := s.lookup(ref)
	if o == nil {
		s.mu.Unlock()
		return errNoOrder
	}
	if o.phase != phaseSign {
		s.mu.Unlock()
		return errTooLate
	}
	if !right {
		if o.wrong++; o.wrong >= wrongCodes {
			o.fail("certificateErr", s.now())
		}
		s.mu.Unlock()
		return nil
	}
	o.phase = phaseProcessing
	frozen, now := *o, s.now()
	s.mu.Unlock()

	answer, err := s.complete(&frozen, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.phase != phaseProcessing {
		return errTooLate
	}
	if err != nil {
		o.fail("certificateErr", now)
		return err
	}
	o.answer, o.phase, o.ended = answer, phaseComplete, now
	return nil
}

type completion struct {
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
	StepUp          *stepUp `json:"stepUp,omitempty"`
	Signature       string  `json:"signature"`
	OCSPResponse    string  `json:"ocspResponse"`
	Risk            string  `json:"risk,omitempty"`
}

type stepUp struct {
	MRTD bool `json:"mrtd"`
}

func (s *Sim) complete(o *order, now time.Time) (*completion, error) {
	who, err := s.pki.person(o.persona)
	if err != nil {
		return nil, err
	}
	var c completion
	c.User.PersonalNumber, c.User.Name = o.persona.PersonalNumber, o.persona.Name()
	c.User.GivenName, c.User.Surname = o.persona.GivenName, o.persona.Surname
	c.Device.IPAddress, c.Device.UHI = "192.0.2.7", o.uhi()
	if o.byLink {
		c.Device.IPAddress = o.body.EndUserIP
	}
	c.BankIDIssueDate = who.cert.NotBefore.UTC().Format("2006-01-02") + "Z"
	if o.req.MRTD {
		c.StepUp = &stepUp{MRTD: o.document}
	}
	if o.body.ReturnRisk {
		c.Risk = o.persona.Knobs.risk()
	}
	if c.Signature, err = signature(o, who, s.pki.customer.cert, s.pki.bank.cert); err != nil {
		return nil, err
	}
	c.OCSPResponse, err = s.pki.ocspAnswer(who.cert, c.Signature, now)
	return &c, err
}

// cancel by the person.
func (s *Sim) cancelByUser(o *order) error {
	if !o.pending() || o.phase == phaseProcessing {
		return errTooLate
	}
	o.fail("userCancel", s.now())
	return nil
}
