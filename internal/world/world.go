package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/integration/bankid/bankidsim"
	"github.com/kortverk/kortverk/internal/integration/bureau"
	"github.com/kortverk/kortverk/internal/integration/bureau/bureausim"
	"github.com/kortverk/kortverk/internal/integration/smtp/smtpsim"
)

// Options of a world.
type Options struct {
	Data    string // folder: certificates, keys, what the simulators keep, dev.json
	Addr    string // of the start page and the phone; mail and bureau take the next ports when they are free
	Gallery bool   // the product shows its gallery
	Screens bool   // the product may be shown under the names of the screens, in frames of the page that shows them all
	Log     *slog.Logger
}

// Product is what the world needs to know of the product that it surrounds.
type Product struct {
	URL       string
	ReaderKey string
	Companies []Company
	Clock     Mover // nil where business time can't be moved
}

// Company is one of the cast's, with the id that it has in the product.
type Company struct {
	Cast               string `json:"cast"`
	ID                 string `json:"id"`
	Name               string `json:"name"`
	OrganisationNumber string `json:"organisation_number"`
}

// Endpoints are what a product's configuration needs.
type Endpoints struct {
	BankIDURL, BankIDCert, BankIDKey, BankIDCA, BankIDSigningCA, BankIDApp string
	SMTPAddr                                                               string
	BureauURL, BureauKey, BureauPublicKey                                  string
}

// World is the sandbox around a product.
type World struct {
	opts   Options
	phone  *bankidsim.Sim
	mail   *smtpsim.Sim
	bureau *bureausim.Sim
	seen   seen
	screen screens
	gate   gate
	maker  maker
	cross  *http.CrossOriginProtection

	pages, mailPages, bureauAPI, bankidAPI, smtp net.Listener

	mu      sync.RWMutex
	attach  Product
	mailPos int // newest mail that the journey has looked at
}

// New opens the world's ports and makes its keys and certificates, the same at
// each start. Attach says which product it surrounds; Run then serves.
func New(o Options) (_ *World, err error) {
	if o.Data, err = filepath.Abs(o.Data); err != nil { // the settings that are printed hold from any folder
		return nil, err
	}
	w := &World{opts: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Close())
		}
	}()
	if err := os.MkdirAll(w.folder(), 0o700); err != nil {
		return nil, err
	}
	w.seen.open(filepath.Join(w.folder(), "journey.json"))
	if err := w.listen(); err != nil {
		return nil, err
	}
	if w.cross, err = w.crossOrigin(); err != nil {
		return nil, err
	}
	if w.phone, err = bankidsim.New(bankidsim.Config{
		Folder: filepath.Join(w.folder(), "bankid"), Personas: personas(w.URL()), Path: "/phone", Home: w.URL(), Log: o.Log,
		FrameAncestors: w.FramedBy(),
	}); err != nil {
		return nil, err
	}
	if w.mail, err = smtpsim.New(smtpsim.Config{Folder: filepath.Join(w.folder(), "mail"), Home: w.URL(), Log: o.Log, FrameAncestors: w.FramedBy()}); err != nil {
		return nil, err
	}
	return w, w.writeKeys()
}

func (w *World) folder() string { return filepath.Join(w.opts.Data, "world") }

// listen opens the ports. The page's port is what was asked for; the others
// are the ones after it when they are free, so that addresses stay the same
// from day to day, and any others when they aren't.
func (w *World) listen() error {
	var err error
	if w.pages, err = net.Listen("tcp", w.opts.Addr); err != nil {
		return fmt.Errorf("KORTVERK_WORLD_ADDR: %w", err)
	}
	host, asked, err := net.SplitHostPort(w.opts.Addr)
	if err != nil {
		return fmt.Errorf("KORTVERK_WORLD_ADDR: %w", err)
	}
	first, _ := strconv.Atoi(asked)
	for i, l := range []*net.Listener{&w.mailPages, &w.bureauAPI, &w.bankidAPI, &w.smtp} {
		if *l, err = near(host, first, i+1); err != nil {
			return err
		}
	}
	return nil
}

func near(host string, first, offset int) (net.Listener, error) {
	if first > 0 {
		if l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(first+offset))); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}

// Close closes the ports.
func (w *World) Close() error {
	var errs []error
	for _, l := range []net.Listener{w.pages, w.mailPages, w.bureauAPI, w.bankidAPI, w.smtp} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Attach says which product the world surrounds.
func (w *World) Attach(p Product) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attach = p
}

func (w *World) attached() Product {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.attach
}

func (w *World) product() string      { return w.attached().URL }
func (w *World) readerKey() string    { return w.attached().ReaderKey }
func (w *World) companies() []Company { return w.attached().Companies }
func (w *World) mover() Mover         { return w.attached().Clock }

// URL is the start page's address.
func (w *World) URL() string { return local(w.pages) }

func local(l net.Listener) string { return "http://localhost:" + port(l) }

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

// Endpoints are the addresses and files that a product is configured with.
func (w *World) Endpoints() Endpoints {
	file := func(name string) string { return filepath.Join(w.folder(), name) }
	return Endpoints{
		BankIDURL:  "https://localhost:" + port(w.bankidAPI) + "/rp/v6.0",
		BankIDCert: file("rp-cert.pem"), BankIDKey: file("rp-key.pem"), BankIDCA: file("bankid-ca.pem"), BankIDSigningCA: file("bankid-ca.pem"),
		BankIDApp: w.URL() + "/phone/open",
		SMTPAddr:  "localhost:" + port(w.smtp),
		BureauURL: local(w.bureauAPI), BureauKey: file("product-key.pem"), BureauPublicKey: file("bureau-public.pem"),
	}
}

// Settings are the same as environment variables of kortverk serve.
func (w *World) Settings() [][2]string {
	e := w.Endpoints()
	return [][2]string{
		{"KORTVERK_BANKID_URL", e.BankIDURL},
		{"KORTVERK_BANKID_CERT", e.BankIDCert},
		{"KORTVERK_BANKID_KEY", e.BankIDKey},
		{"KORTVERK_BANKID_CA", e.BankIDCA},
		{"KORTVERK_BANKID_SIGNING_CA", e.BankIDSigningCA},
		{"KORTVERK_BANKID_APP", e.BankIDApp},
		{"KORTVERK_SMTP_ADDR", e.SMTPAddr},
		{"KORTVERK_SMTP_TLS", "off"},
		{"KORTVERK_MAIL_FROM", "kortverk@kortverk.example"},
		{"KORTVERK_BUREAU_URL", e.BureauURL},
		{"KORTVERK_BUREAU_KEY", e.BureauKey},
		{"KORTVERK_BUREAU_PUBLIC_KEY", e.BureauPublicKey},
	}
}

// writeKeys puts the certificates and keys where the product reads them.
func (w *World) writeKeys() error {
	cert, key, err := w.phone.ClientCertificate("Kortverk", "5599990016")
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"rp-cert.pem": cert, "rp-key.pem": key, "bankid-ca.pem": w.phone.RootPEM()} {
		if err := os.WriteFile(filepath.Join(w.folder(), name), data, 0o600); err != nil {
			return err
		}
	}
	for _, pair := range [][2]string{{"product-key.pem", "product-public.pem"}, {"bureau-key.pem", "bureau-public.pem"}} {
		private, public := filepath.Join(w.folder(), pair[0]), filepath.Join(w.folder(), pair[1])
		if _, err := os.Stat(private); err == nil {
			continue
		}
		if err := bureau.CreateKeyPair(private, public); err != nil {
			return err
		}
	}
	return nil
}

// openBureau makes the bureau, once it is known where receipts go.
func (w *World) openBureau() error {
	key, err := bureau.LoadPrivateKey(filepath.Join(w.folder(), "bureau-key.pem"))
	if err != nil {
		return err
	}
	product, err := bureau.LoadPublicKey(filepath.Join(w.folder(), "product-public.pem"))
	if err != nil {
		return err
	}
	w.bureau, err = bureausim.New(bureausim.Config{
		Key: key, Trust: bureau.NewKeys(product), ReceiptsURL: w.product() + "/bureau/v1/receipts",
		Folder: filepath.Join(w.folder(), "bureau"), Home: w.URL(), Log: w.opts.Log, FrameAncestors: w.FramedBy(),
	})
	return err
}

// Run serves the world until ctx ends.
func (w *World) Run(ctx context.Context) error {
	if err := w.openBureau(); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	bankid := server(w.phone.RP())
	bankid.TLSConfig = w.phone.TLS()
	for _, s := range []struct {
		server *http.Server
		listen net.Listener
	}{
		{server(w.handler()), w.pages},
		{server(w.mail.Handler()), w.mailPages},
		{server(w.bureau.Handler()), w.bureauAPI},
		{bankid, w.bankidAPI},
	} {
		g.Go(func() error { return serve(ctx, s.server, s.listen) })
	}
	g.Go(func() error { return w.mail.Serve(ctx, w.smtp, nil) })
	g.Go(func() error { return w.bureau.Run(ctx) })
	g.Go(func() error { return w.watch(ctx) })
	return g.Wait()
}

func server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
}

func serve(ctx context.Context, s *http.Server, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = s.Shutdown(end)
		_ = s.Close()
	})
	defer stop()
	var err error
	if s.TLSConfig != nil {
		err = s.ServeTLS(l, "", "")
	} else {
		err = s.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// personas gives everybody of the cast a phone, and adds the ones whose eID is odd.
func personas(url string) []bankidsim.Persona {
	var out []bankidsim.Persona
	for _, p := range cast.People() {
		out = append(out, bankidsim.Persona{
			ID: p.ID, PersonalNumber: p.PersonalNumber, GivenName: p.BankIDGiven, Surname: p.BankIDSurname,
			PortraitURL: url + "/cast/" + p.ID + ".jpg", Note: role(i18n.For("sv"), p), NoteEn: role(i18n.For("en"), p),
		})
	}
	return append(out, bankidsim.SpecialPersonas()...)
}

// devJSON is the file for programs; docs/dev-json.md is its schema.
type devJSON struct {
	Version int `json:"version"`
	Product struct {
		URL   string `json:"url"`
		Ready string `json:"ready"`
	} `json:"product"`
	World struct {
		URL    string `json:"url"`
		Phone  string `json:"phone"`
		Mail   string `json:"mail"`
		Bureau string `json:"bureau"`
		Reader string `json:"reader"`
		Clock  string `json:"clock"`

		Together string `json:"together,omitempty"`
		Program  string `json:"program"`
	} `json:"world"`
	BankID struct {
		URL  string `json:"url"`
		Cert string `json:"client_certificate"`
		Key  string `json:"client_key"`
		CA   string `json:"ca"`
	} `json:"bankid"`
	SMTP struct {
		Addr string `json:"addr"`
	} `json:"smtp"`
	Reader struct {
		URL string `json:"url"`
		Key string `json:"key"`
	} `json:"reader"`
	Companies []Company    `json:"companies"`
	Cast      []castPerson `json:"cast"`
}

type castPerson struct {
	ID             string `json:"id"`
	GivenName      string `json:"given_name"`
	Surname        string `json:"surname"`
	PersonalNumber string `json:"personal_number"`
	BirthDate      string `json:"birth_date"`
	Nationality    string `json:"nationality"`
	Email          string `json:"email"`
	Phone          string `json:"phone"`
	Lang           string `json:"lang"`
	Role           string `json:"role"`
	Company        string `json:"company,omitempty"`
	Portrait       string `json:"portrait"`
}

func (w *World) devJSON() devJSON {
	p, e := w.attached(), w.Endpoints()
	d := devJSON{Version: 1, Companies: p.Companies}
	d.Product.URL, d.Product.Ready = p.URL, p.URL+"/readyz"
	d.World.URL, d.World.Phone, d.World.Mail, d.World.Bureau = w.URL(), w.URL()+"/phone", local(w.mailPages), local(w.bureauAPI)
	if w.opts.Screens {
		d.World.Together = w.under(togetherName, w.pages) + "/together"
	}
	d.World.Reader, d.World.Clock, d.World.Program = w.URL()+"/reader", w.URL()+"/clock", w.URL()+"/program"
	d.BankID.URL, d.BankID.Cert, d.BankID.Key, d.BankID.CA = e.BankIDURL, e.BankIDCert, e.BankIDKey, e.BankIDCA
	d.SMTP.Addr = e.SMTPAddr
	d.Reader.URL, d.Reader.Key = p.URL+"/reader/v1/cards/{number}", p.ReaderKey
	for _, c := range cast.People() {
		d.Cast = append(d.Cast, castPerson{
			ID: c.ID, GivenName: c.GivenName, Surname: c.Surname, PersonalNumber: c.PersonalNumber, BirthDate: c.BirthDate(),
			Nationality: c.Nationality, Email: c.Email, Phone: c.Phone, Lang: c.Lang, Role: string(c.Role), Company: c.CompanyID,
			Portrait: w.URL() + "/cast/" + c.ID + ".jpg",
		})
	}
	return d
}

// WriteDevJSON writes dev.json into the data folder, whole or not at all.
func (w *World) WriteDevJSON() error {
	data, err := json.MarshalIndent(w.devJSON(), "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(w.opts.Data, "dev.json")
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
