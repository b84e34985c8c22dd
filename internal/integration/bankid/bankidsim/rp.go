package bankidsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxBody    = 1 << 20
	pathPrefix = "/rp/v6.0/"
)

// RP is the Relying Party API. It must be served with TLS(): without a client certificate every
// call is refused.
func (s *Sim) RP() http.Handler { return http.HandlerFunc(s.serveRP) }

// refusal is an answer of the API.
type refusal struct {
	status        int
	code, details string
}

func invalid(details string) *refusal {
	return &refusal{http.StatusBadRequest, "invalidParameters", details}
}

func (s *Sim) serveRP(w http.ResponseWriter, r *http.Request) {
	method, ok := strings.CutPrefix(r.URL.Path, pathPrefix)
	switch {
	case r.TLS == nil || len(r.TLS.PeerCertificates) == 0:
		refuse(w, &refusal{http.StatusUnauthorized, "unauthorized", "No client certificate"})
		return
	case !ok || method != "auth" && method != "sign" && method != "collect" && method != "cancel":
		refuse(w, &refusal{http.StatusNotFound, "notFound", "No such path"})
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case r.Header.Get("Content-Type") != "application/json":
		refuse(w, &refusal{http.StatusUnsupportedMediaType, "unsupportedMediaType", "Content-Type must be application/json"})
		return
	}
	fault := s.nextFault(method)
	if misbehave(w, fault) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		refuse(w, &refusal{http.StatusRequestTimeout, "requestTimeout", "Body not read"})
		return
	}
	answer, no := s.call(method, body, r)
	switch {
	case fault.Next == "lost":
		panic(http.ErrAbortHandler)
	case no != nil:
		refuse(w, no)
	case fault.Next == "garbage":
		writeJSON(w, http.StatusOK, json.RawMessage(`{"orderRef":"`), true)
	default:
		writeJSON(w, http.StatusOK, answer, false)
	}
}

// misbehave says whether the fault has answered already.
func misbehave(w http.ResponseWriter, f Fault) bool {
	switch f.Next {
	case "refuse":
		refuse(w, &refusal{400, "alreadyInProgress", "Order already in progress for pno"})
	case "400":
		refuse(w, &refusal{400, "somethingNew", "A code that is newer than the relying party"})
	case "401":
		refuse(w, &refusal{401, "unauthorized", "No access"})
	case "403-html", "503-html":
		w.Header().Set("Content-Type", "text/html")
		status := http.StatusForbidden
		if f.Next == "503-html" {
			status = http.StatusServiceUnavailable
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<html><body>"+http.StatusText(status)+"</body></html>")
	case "408":
		refuse(w, &refusal{408, "requestTimeout", "Too slow"})
	case "500":
		refuse(w, &refusal{500, "internalError", "Internal technical error"})
	case "503":
		refuse(w, &refusal{503, "maintenance", "The service is temporarily out of order"})
	case "drop":
		panic(http.ErrAbortHandler)
	case "slow":
		time.Sleep(time.Duration(f.DelayMS) * time.Millisecond)
		return false
	default:
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, r *refusal) {
	writeJSON(w, r.status, map[string]string{"errorCode": r.code, "details": r.details}, false)
}

func writeJSON(w http.ResponseWriter, status int, v any, raw bool) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if b, ok := v.(json.RawMessage); ok && raw {
		_, _ = w.Write(b)
		return
	}
	_ = json.NewEncoder(w).Encode(v)
}

func (s *Sim) call(method string, body []byte, r *http.Request) (any, *refusal) {
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return nil, invalid("Body must be a JSON object")
	}
	cert := r.TLS.PeerCertificates[0]
	subject, display := rpSubjectText(cert)
	switch method {
	case kindAuth, kindSign:
		o := newOrder(method, time.Time{})
		o.fingerprint, o.rpSubject, o.rpName = fingerprint(cert), subject, display
		return s.start(o, body)
	}
	var in struct {
		OrderRef string `json:"orderRef"`
	}
	if err := decode(body, &in, false); err != nil || in.OrderRef == "" {
		return nil, invalid("Invalid orderRef")
	}
	if method == "cancel" {
		return s.cancelByRP(in.OrderRef, fingerprint(cert))
	}
	return s.collect(in.OrderRef, fingerprint(cert))
}

type orderBody struct {
	EndUserIP             string          `json:"endUserIp"`
	UserVisibleData       string          `json:"userVisibleData"`
	UserNonVisibleData    string          `json:"userNonVisibleData"`
	UserVisibleDataFormat string          `json:"userVisibleDataFormat"`
	ReturnURL             string          `json:"returnUrl"`
	ReturnRisk            bool            `json:"returnRisk"`
	Web                   *webBody        `json:"web"`
	App                   json.RawMessage `json:"app"`
	Requirement           json.RawMessage `json:"requirement"`
}

type webBody struct {
	ReferringDomain  string `json:"referringDomain"`
	UserAgent        string `json:"userAgent"`
	DeviceIdentifier string `json:"deviceIdentifier"`
}

type requirement struct {
	PersonalNumber      string   `json:"personalNumber"`
	MRTD                bool     `json:"mrtd"`
	PinCode             bool     `json:"pinCode"`
	Risk                string   `json:"risk"`
	CertificatePolicies []string `json:"certificatePolicies"`
	CardReader          string   `json:"cardReader"`
}

// allowsPolicy: no list means the default, which has every mobile BankID. One "*" ends a pattern.
func (r requirement) allowsPolicy(policy string) bool {
	for _, p := range r.CertificatePolicies {
		if prefix, star := strings.CutSuffix(p, "*"); p == policy || star && strings.HasPrefix(policy, prefix) {
			return true
		}
	}
	return len(r.CertificatePolicies) == 0
}

func decode(body []byte, into any, strict bool) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("data after the object")
	}
	return nil
}

// check is the table of request fields.
func (o *order) check(body []byte) *refusal {
	if err := decode(body, &o.body, false); err != nil {
		return invalid("Body is not valid")
	}
	b := &o.body
	if ip, err := netip.ParseAddr(b.EndUserIP); err != nil || ip.Zone() != "" {
		return invalid("Invalid endUserIp")
	}
	maxVisible, maxHidden := 1500, 1500
	if o.kind == kindSign {
		maxVisible, maxHidden = 40_000, 200_000
		if b.UserVisibleData == "" {
			return invalid("Invalid userVisibleData")
		}
	}
	visible, ok := decodeData(b.UserVisibleData, maxVisible)
	if !ok || !utf8.Valid(visible) {
		return invalid("Invalid userVisibleData")
	}
	if _, ok := decodeData(b.UserNonVisibleData, maxHidden); !ok {
		return invalid("Invalid userNonVisibleData")
	}
	o.visible = string(visible)
	switch b.UserVisibleDataFormat {
	case "", "plaintext", formatMarkdown:
	default:
		return invalid("Invalid userVisibleDataFormat")
	}
	if !validReturnURL(b.ReturnURL) {
		return invalid("Invalid returnUrl")
	}
	if b.Web != nil && !b.Web.valid() {
		return invalid("Invalid web")
	}
	return o.checkRequirement()
}

func decodeData(s string, limit int) ([]byte, bool) {
	if len(s) > limit {
		return nil, false
	}
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	return data, err == nil && !strings.ContainsAny(s, "\r\n")
}

func (w *webBody) valid() bool {
	return len(w.ReferringDomain) >= 3 && len(w.ReferringDomain) <= 253 && w.UserAgent != "" && len(w.UserAgent) <= 256 &&
		w.DeviceIdentifier != "" && len(w.DeviceIdentifier) <= 64
}

// validReturnURL: https, or http on this machine, which the real service would refuse.
func validReturnURL(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	if err != nil || len(s) > 512 || u.Host == "" || u.User != nil {
		return false
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}

func (o *order) checkRequirement() *refusal {
	if len(o.body.Requirement) == 0 {
		return nil
	}
	if err := decode(o.body.Requirement, &o.req, true); err != nil {
		return invalid("Invalid requirement")
	}
	o.req.Risk = strings.ToLower(o.req.Risk)
	switch {
	case o.req.PersonalNumber != "" && !validPersonalNumber(o.req.PersonalNumber):
		return invalid("Invalid personalNumber")
	case o.req.Risk != "" && o.req.Risk != "low" && o.req.Risk != "moderate":
		return invalid("Invalid risk")
	case o.req.CardReader != "" && o.req.CardReader != "class1" && o.req.CardReader != "class2":
		return invalid("Invalid cardReader")
	}
	for _, p := range o.req.CertificatePolicies {
		if i := strings.Index(p, "*"); p == "" || i >= 0 && (i < 4 || i != len(p)-1) {
			return invalid("Invalid certificatePolicies")
		}
	}
	return nil
}

func (s *Sim) start(o *order, body []byte) (any, *refusal) {
	if no := o.check(body); no != nil {
		return nil, no
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep()
	now := s.now()
	if o.req.PersonalNumber != "" {
		for _, other := range s.orders {
			if other.busy() && other.persona.PersonalNumber == o.req.PersonalNumber {
				other.fail("cancelled", now)
				return nil, &refusal{400, "alreadyInProgress", "Order already in progress for pno"}
			}
		}
	}
	o.created = now
	s.orders[o.ref] = o
	s.byToken[o.autostart], s.byToken[o.qrToken] = o.ref, o.ref
	return map[string]string{"orderRef": o.ref, "autoStartToken": o.autostart, "qrStartToken": o.qrToken, "qrStartSecret": o.qrSecret}, nil
}

// own finds an order of this relying party.
func (s *Sim) own(ref, fingerprint string) *order {
	if o := s.lookup(ref); o != nil && o.ref == ref && o.fingerprint == fingerprint && !o.collected {
		return o
	}
	return nil
}

func (s *Sim) collect(ref, fingerprint string) (any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.own(ref, fingerprint)
	if o == nil {
		return nil, invalid("No such order")
	}
	type answer struct {
		OrderRef       string      `json:"orderRef"`
		Status         string      `json:"status"`
		HintCode       string      `json:"hintCode,omitempty"`
		CompletionData *completion `json:"completionData,omitempty"`
	}
	out := answer{OrderRef: ref, Status: "pending", HintCode: o.phase}
	switch o.phase {
	case phaseComplete:
		out.Status, out.HintCode, out.CompletionData = "complete", "", o.answer
		o.collected = true
	case phaseFailed:
		out.Status, out.HintCode = "failed", o.hint
		o.collected = true
	}
	return out, nil
}

func (s *Sim) cancelByRP(ref, fingerprint string) (any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.own(ref, fingerprint)
	if o == nil || !o.pending() {
		return nil, invalid("No such order")
	}
	s.forget(o)
	return struct{}{}, nil
}
