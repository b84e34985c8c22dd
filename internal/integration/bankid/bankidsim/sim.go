package bankidsim

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Config describes the simulated world.
type Config struct {
	Folder         string   // certificates and keys are kept here
	Hosts          []string // further names or addresses of the API's server, beside localhost
	Personas       []Persona
	Path           string   // where Phone is mounted, "" or "/bankid"
	Home           string   // address of the page that leads here, for the way back; "" = none
	FrameAncestors []string // sources that may show the phone in a frame; none otherwise
	Now            func() time.Time
	Log            *slog.Logger
}

// Sim is the simulator. Make it with New.
type Sim struct {
	cfg Config
	pki *pki
	log *slog.Logger

	mu       sync.Mutex
	offset   time.Duration
	personas []Persona
	orders   map[string]*order
	byToken  map[string]string // autostart and QR token → reference
	faults   []Fault
}

// New opens or makes the certificates and starts without orders.
func New(c Config) (*Sim, error) {
	if c.Folder == "" {
		return nil, errors.New("bankidsim: a folder for the certificates is needed")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	keys, err := openPKI(c.Folder, c.Hosts)
	if err != nil {
		return nil, err
	}
	s := &Sim{cfg: c, pki: keys, log: c.Log, orders: map[string]*order{}, byToken: map[string]string{}}
	for _, p := range c.Personas {
		if err := s.SetPersona(p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Sim) now() time.Time { return s.cfg.Now().Add(s.offset) }

// RootPEM is what a relying party trusts: for the API's server and for people's signatures.
func (s *Sim) RootPEM() []byte { return certPEM(s.pki.root.cert) }

// ClientCertificate gives a relying party its certificate (with chain) and key, the same each time.
// display is the name that people see in the app; organisationNumber has ten digits.
func (s *Sim) ClientCertificate(display, organisationNumber string) (certificate, key []byte, err error) {
	p, err := s.pki.relyingParty(display, organisationNumber)
	if err != nil {
		return nil, nil, err
	}
	key, err = keyPEM(p.key)
	return certPEM(p.cert, s.pki.rp.cert), key, err
}

// TLS is how the API's port is served: TLS 1.2 or newer, with a client certificate from the RP CA.
func (s *Sim) TLS() *tls.Config {
	clients := x509.NewCertPool()
	clients.AddCert(s.pki.rp.cert)
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{s.pki.tls.cert.Raw}, PrivateKey: s.pki.tls.key, Leaf: s.pki.tls.cert}},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
	}
}

// SetPersona adds a persona or replaces the one with the same id.
func (s *Sim) SetPersona(p Persona) error {
	if err := p.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.personas {
		if s.personas[i].ID == p.ID {
			s.personas[i] = p
			return nil
		}
	}
	s.personas = append(s.personas, p)
	return nil
}

// Personas are all personas in the order they came.
func (s *Sim) Personas() []Persona {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.personas)
}

// persona is found by id or personal number. The caller holds s.mu.
func (s *Sim) persona(key string) (Persona, bool) {
	for _, p := range s.personas {
		if p.ID == key || p.PersonalNumber == key {
			return p, true
		}
	}
	return Persona{}, false
}

// Fault is what the API does wrong next.
type Fault struct {
	Next    string `json:"next"`               // see faultKinds
	On      string `json:"on,omitempty"`       // "auth", "sign", "collect", "cancel", or "" for any
	Count   int    `json:"count,omitempty"`    // how many calls; 0 means 1
	DelayMS int    `json:"delay_ms,omitempty"` // for "slow"
}

// Kinds of faults. "lost" does what was asked and then says nothing; "drop" does nothing and says
// nothing; "garbage" does it and answers half a body.
var faultKinds = []string{"refuse", "400", "401", "403-html", "408", "500", "503", "503-html", "slow", "drop", "lost", "garbage"}

// AddFault puts a fault at the end of the queue.
func (s *Sim) AddFault(f Fault) error {
	if !slices.Contains(faultKinds, f.Next) {
		return errors.New("unknown fault " + f.Next)
	}
	if !slices.Contains([]string{"", "auth", "sign", "collect", "cancel"}, f.On) {
		return errors.New("unknown method " + f.On)
	}
	if f.Count < 0 || f.Count > 10_000 || f.DelayMS < 0 || f.DelayMS > 60_000 {
		return errors.New("count or delay out of range")
	}
	f.Count = max(f.Count, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
	return nil
}

// ClearFaults empties the queue.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Sim) nextFault(method string) (f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.On != "" && f.On != method {
			continue
		}
		if s.faults[i].Count--; s.faults[i].Count <= 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return f
	}
	return Fault{}
}

// Advance moves the simulator's clock, so that orders run out without waiting.
func (s *Sim) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}
