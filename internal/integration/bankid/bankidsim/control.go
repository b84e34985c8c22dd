package bankidsim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

// The control API is for tests and demonstrations; docs/api/bankidsim.md describes it.

func (s *Sim) control(mux *http.ServeMux) {
	mux.HandleFunc("GET /_sim/orders", s.ctlOrders)
	mux.HandleFunc("POST /_sim/orders/{ref}/approve", s.ctlApprove)
	mux.HandleFunc("POST /_sim/orders/{ref}/cancel", s.ctlCancel)
	mux.HandleFunc("POST /_sim/orders/{ref}/advance", s.ctlAdvance)
	mux.HandleFunc("GET /_sim/personas", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Personas(), false) })
	mux.HandleFunc("POST /_sim/personas", s.ctlPersona)
	mux.HandleFunc("POST /_sim/fault", s.ctlFault)
	mux.HandleFunc("DELETE /_sim/fault", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_sim/clock", s.ctlClock)
}

// orderInfo is an order as the control API shows it.
type orderInfo struct {
	Ref            string    `json:"ref"`
	AutoStartToken string    `json:"autostart_token"`
	QR             string    `json:"qr,omitempty"` // content of the code at this moment
	Kind           string    `json:"kind"`
	State          string    `json:"state"`
	Hint           string    `json:"hint,omitempty"`
	Persona        string    `json:"persona,omitempty"`
	Required       string    `json:"required_personal_number,omitempty"`
	RelyingParty   string    `json:"relying_party"`
	VisibleText    string    `json:"visible_text,omitempty"`
	ReturnURL      string    `json:"return_url,omitempty"`
	StartedAt      time.Time `json:"started_at"`
	Collected      bool      `json:"collected"`
}

func (s *Sim) info(o *order) orderInfo {
	i := orderInfo{
		Ref: o.ref, AutoStartToken: o.autostart, Kind: o.kind, State: o.phase, Hint: o.hint, Persona: o.persona.ID,
		Required: o.req.PersonalNumber, RelyingParty: o.rpName, VisibleText: o.visible, ReturnURL: o.body.ReturnURL,
		StartedAt: o.created.UTC(), Collected: o.collected,
	}
	if o.waiting() {
		i.QR = o.qr(int64(s.now().Sub(o.created) / time.Second))
	}
	return i
}

func (s *Sim) ctlOrders(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.sweep()
	out := []orderInfo{}
	for _, o := range s.orders {
		out = append(out, s.info(o))
	}
	s.mu.Unlock()
	slices.SortFunc(out, func(a, b orderInfo) int { return b.StartedAt.Compare(a.StartedAt) })
	writeJSON(w, http.StatusOK, out, false)
}

func ctlError(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code}, false)
}

func (s *Sim) ctlRefused(w http.ResponseWriter, err error) {
	status := http.StatusConflict
	if err == errNoOrder || err == errWho {
		status = http.StatusNotFound
	}
	ctlError(w, status, err.Error())
}

type ctlBody struct {
	Persona    string `json:"persona"`     // id or personal number; may be left out when the order requires somebody
	SameDevice bool   `json:"same_device"` // as if the app link had been opened
	State      string `json:"state"`       // for advance
}

// named finds an order by reference, autostart token, QR token or the word "newest". The caller holds s.mu.
func (s *Sim) named(ref string) *order {
	if ref != "newest" {
		return s.lookup(ref)
	}
	var newest *order
	for _, o := range s.orders {
		o.tick(s.now())
		if o.pending() && (newest == nil || o.created.After(newest.created)) {
			newest = o
		}
	}
	return newest
}

func readCtl(w http.ResponseWriter, r *http.Request, into any) bool {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) { // no body: all defaults
		ctlError(w, http.StatusUnprocessableEntity, "body_malformed")
		return false
	}
	return true
}

// take picks the order up for the persona of the body, unless it is on a phone already.
func (s *Sim) take(ref string, in ctlBody) (*order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.named(ref)
	if o == nil {
		return nil, errNoOrder
	}
	key := in.Persona
	if key == "" {
		key = o.req.PersonalNumber
	}
	if key == "" {
		key = o.persona.ID
	}
	who, ok := s.persona(key)
	if !ok {
		return nil, errWho
	}
	if in.SameDevice && o.waiting() {
		o.byLink = true
	}
	return o, s.pickUp(o, who)
}

func (s *Sim) ctlApprove(w http.ResponseWriter, r *http.Request) {
	var in ctlBody
	if !readCtl(w, r, &in) {
		return
	}
	o, err := s.take(r.PathValue("ref"), in)
	if err == nil {
		err = s.approve(o)
	}
	if err != nil {
		s.ctlRefused(w, err)
		return
	}
	s.ctlAnswer(w, o)
}

// approve does everything that is left to do on the phone. An order that ended at once stays ended.
func (s *Sim) approve(o *order) error {
	s.mu.Lock()
	if o.phase == phaseDocument {
		if err := s.showDocument(o); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	failed := o.phase == phaseFailed
	s.mu.Unlock()
	if failed {
		return nil
	}
	return s.enterCode(o.ref, true)
}

func (s *Sim) ctlAnswer(w http.ResponseWriter, o *order) {
	s.mu.Lock()
	out := s.info(o)
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, out, false)
}

func (s *Sim) ctlCancel(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	o := s.named(r.PathValue("ref"))
	err := errNoOrder
	if o != nil {
		err = s.cancelByUser(o)
	}
	s.mu.Unlock()
	if err != nil {
		s.ctlRefused(w, err)
		return
	}
	s.ctlAnswer(w, o)
}

// ctlAdvance puts a pending order into a state, or fails it with a hint code.
func (s *Sim) ctlAdvance(w http.ResponseWriter, r *http.Request) {
	var in ctlBody
	if !readCtl(w, r, &in) {
		return
	}
	var o *order
	var err error
	switch in.State {
	case phaseStarted:
		s.mu.Lock()
		if o = s.named(r.PathValue("ref")); o == nil {
			err = errNoOrder
		} else if !o.waiting() {
			err = errTooLate
		} else {
			o.phase = phaseStarted
		}
		s.mu.Unlock()
	case phaseDocument, phaseSign:
		if o, err = s.take(r.PathValue("ref"), in); err == nil {
			s.mu.Lock()
			if o.busy() {
				o.phase = in.State
			}
			s.mu.Unlock()
		}
	default:
		o, err = s.failWith(r.PathValue("ref"), in.State)
	}
	if err != nil {
		s.ctlRefused(w, err)
		return
	}
	s.ctlAnswer(w, o)
}

func (s *Sim) failWith(ref, hint string) (*order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.named(ref)
	switch {
	case o == nil:
		return nil, errNoOrder
	case !o.pending() || hint == "" || len(hint) > 60:
		return nil, errTooLate
	}
	o.fail(hint, s.now())
	return o, nil
}

func (s *Sim) ctlPersona(w http.ResponseWriter, r *http.Request) {
	var p Persona
	if !readCtl(w, r, &p) {
		return
	}
	if err := s.SetPersona(p); err != nil {
		ctlError(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	writeJSON(w, http.StatusOK, p, false)
}

func (s *Sim) ctlFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !readCtl(w, r, &f) {
		return
	}
	if err := s.AddFault(f); err != nil {
		ctlError(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sim) ctlClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance string `json:"advance"`
	}
	if !readCtl(w, r, &in) {
		return
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil || d < 0 || d > 24*time.Hour {
		ctlError(w, http.StatusUnprocessableEntity, "advance_malformed")
		return
	}
	s.Advance(d)
	w.WriteHeader(http.StatusNoContent)
}
