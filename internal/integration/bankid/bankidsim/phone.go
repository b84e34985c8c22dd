package bankidsim

import (
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/i18n"
)

//go:embed assets/phone.css assets/refresh.js
var assets embed.FS

const (
	phoneCookie = "bankidsim_phone"
	langCookie  = "bankidsim_lang"
	formLimit   = 64 << 10
)

// Phone serves the phones' pages, the address of the app link (GET /open) and the control API.
func (s *Sim) Phone() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.pagePick)
	mux.HandleFunc("GET /open", s.pageOpen)
	mux.HandleFunc("POST /open", s.postOpen)
	mux.HandleFunc("GET /phone/{persona}", s.pageHome)
	mux.HandleFunc("GET /phone/{persona}/more", s.pageMore)
	mux.HandleFunc("POST /phone/{persona}/scan", s.postScan)
	mux.HandleFunc("POST /phone/{persona}/knobs", s.postKnobs)
	mux.HandleFunc("GET /phone/{persona}/orders/{ref}", s.pageOrder)
	mux.HandleFunc("POST /phone/{persona}/orders/{ref}", s.postOrder)
	mux.HandleFunc("GET /lang/{lang}", s.setLang)
	mux.HandleFunc("GET /assets/{file}", serveAsset)
	s.control(mux)
	var h http.Handler = http.NewCrossOriginProtection().Handler(mux)
	if s.cfg.Path != "" {
		h = http.StripPrefix(s.cfg.Path, h)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.headers(w)
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		h.ServeHTTP(w, r)
	})
}

func (s *Sim) headers(w http.ResponseWriter) {
	ancestors := "'none'"
	if len(s.cfg.FrameAncestors) > 0 {
		ancestors = strings.Join(s.cfg.FrameAncestors, " ")
	}
	images := "'self'"
	for _, p := range s.Personas() {
		if u, err := url.Parse(p.PortraitURL); err == nil && u.Host != "" && !strings.Contains(images, u.Host) {
			images += " " + u.Scheme + "://" + u.Host
		}
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src "+images+
		"; form-action 'self'; base-uri 'none'; frame-ancestors "+ancestors)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=60")
	http.ServeFileFS(w, r, assets, "assets/"+r.PathValue("file"))
}

// page is what a template is given.
type page struct {
	*i18n.Texts
	Path, Title   string
	Home          string // the world's start page
	Leave         string // address of the page in the browser that the order came from
	Poll          bool
	Persona       Persona
	Personas      []Persona
	Orders        []orderView // on this phone
	Screens       []orderView // on screens right now
	Order         orderView
	Message       string
	Token, Return string
	Knob          Knobs
}

// Other is the language that the page isn't in.
func (p page) Other() i18n.Language {
	for _, l := range i18n.Languages() {
		if l.Lang != p.Lang {
			return l
		}
	}
	return i18n.Language{Lang: p.Lang}
}

// Note is why a persona is there, in words where it is one of ours.
func (p page) Note(who Persona) string {
	if key, ok := noteKeys[who.Note]; ok {
		return p.T(key)
	}
	if p.Lang == i18n.English && who.NoteEn != "" {
		return who.NoteEn
	}
	return who.Note
}

var noteKeys = map[string]string{
	"capitals-only":  "bankidsim.note_capitals",
	"no-middle-name": "bankidsim.note_no_middle_name",
	"hyphenated":     "bankidsim.note_hyphenated",
	"apostrophe":     "bankidsim.note_apostrophe",
	"polish":         "bankidsim.note_polish",
	"hundred":        "bankidsim.note_hundred",
	"two-banks-1":    "bankidsim.note_two_banks",
	"two-banks-2":    "bankidsim.note_two_banks_other",
	"foreign":        "bankidsim.note_foreign",
}

// orderView is an order as a phone shows it.
type orderView struct {
	Ref, RP, Phase string
	Sign           bool
	Text           template.HTML
	Seconds        int    // since it was started
	WrongLeft      int    // after a wrong code
	For            string // name of the person it is for, when somebody is required
	Mine           bool   // it is for this phone's person, or for anybody
	Ended          string // key of the sentence that says how it ended
	ByLink         bool
	Back           string // where the app sends the person, when it was started on this device
}

var endedKeys = map[string]string{
	"userCancel":             "bankidsim.ended_cancelled",
	"cancelled":              "bankidsim.ended_replaced",
	"certificateErr":         "bankidsim.ended_certificate",
	"startFailed":            "bankidsim.ended_not_started",
	"expiredTransaction":     "bankidsim.ended_expired",
	"notSupportedByUserApp":  "bankidsim.ended_outdated",
	"transactionRiskBlocked": "bankidsim.ended_risk",
}

// view is called with s.mu held.
func (s *Sim) view(o *order, phone Persona) orderView {
	v := orderView{
		Ref: o.ref, RP: o.rpName, Phase: o.phase, Sign: o.kind == kindSign, ByLink: o.byLink,
		Seconds: int(s.now().Sub(o.created) / time.Second), Mine: true, Ended: endedKeys[o.hint],
	}
	if v.Text = plain(o.visible); o.body.UserVisibleDataFormat == formatMarkdown {
		v.Text = markdown(o.visible)
	}
	if o.visible == "" {
		v.Text = ""
	}
	if o.wrong > 0 {
		v.WrongLeft = wrongCodes - o.wrong
	}
	if n := o.req.PersonalNumber; n != "" {
		v.Mine = phone.PersonalNumber == n
		if who, ok := s.persona(n); ok {
			v.For = who.Name()
		}
	}
	if o.byLink && !o.pending() {
		v.Back = o.home()
	}
	return v
}

// home is where the app sends the person who came from a page on the same device.
func (o *order) home() string {
	if o.body.ReturnURL != "" {
		return o.body.ReturnURL
	}
	return o.redirect
}

func (s *Sim) page(r *http.Request, key string) page {
	cookie := ""
	if c, err := r.Cookie(langCookie); err == nil {
		cookie = c.Value
	}
	t := i18n.For(i18n.Pick(cookie, r.Header.Get("Accept-Language")))
	return page{Texts: t, Path: s.cfg.Path, Home: s.cfg.Home, Title: t.T(key)}
}

func (s *Sim) render(w http.ResponseWriter, status int, name string, p page) {
	var out strings.Builder
	if err := pages.ExecuteTemplate(&out, name, p); err != nil {
		s.log.Error("bankidsim: page", "error", err)
		http.Error(w, "page failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(out.String()))
}

func (s *Sim) message(w http.ResponseWriter, r *http.Request, status int, key string) {
	s.messageTo(w, r, status, key, "")
}

// messageTo is message with a way back to the page in the browser.
func (s *Sim) messageTo(w http.ResponseWriter, r *http.Request, status int, key, leave string) {
	p := s.page(r, "bankidsim.title")
	p.Message, p.Leave = p.T(key), leave
	s.render(w, status, "message", p)
}

func (s *Sim) see(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, s.cfg.Path+path, http.StatusSeeOther)
}

func (s *Sim) setLang(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: langCookie, Value: r.PathValue("lang"), Path: "/", MaxAge: 1 << 25, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	back := "/"
	if u, err := url.Parse(r.Header.Get("Referer")); err == nil && u.Host == r.Host {
		back = strings.TrimPrefix(u.RequestURI(), s.cfg.Path)
	}
	if to := r.URL.Query().Get("to"); strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		back = to
	}
	s.see(w, r, back)
}

func (s *Sim) pagePick(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "bankidsim.pick_title")
	p.Personas = s.Personas()
	s.render(w, http.StatusOK, "pick", p)
}

// who finds the phone of the address, or answers 404.
func (s *Sim) who(w http.ResponseWriter, r *http.Request) (Persona, bool) {
	s.mu.Lock()
	who, ok := s.persona(r.PathValue("persona"))
	s.mu.Unlock()
	if !ok {
		s.message(w, r, http.StatusNotFound, "bankidsim.no_persona")
	}
	return who, ok
}

func (s *Sim) pageHome(w http.ResponseWriter, r *http.Request) {
	who, ok := s.who(w, r)
	if !ok {
		return
	}
	p := s.page(r, "bankidsim.title")
	p.Persona, p.Poll = who, true
	s.mu.Lock()
	s.sweep()
	p.Orders = s.views(who, func(o *order) bool { return o.busy() && o.persona.ID == who.ID })
	p.Screens = s.views(who, (*order).waiting)
	s.mu.Unlock()
	remember(w, who)
	s.render(w, http.StatusOK, "home", p)
}

func remember(w http.ResponseWriter, who Persona) {
	http.SetCookie(w, &http.Cookie{Name: phoneCookie, Value: who.ID, Path: "/", MaxAge: 1 << 25, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// views lists orders, those for this person first, then the newest first. The caller holds s.mu.
func (s *Sim) views(who Persona, want func(*order) bool) []orderView {
	var out []orderView
	for _, o := range s.orders {
		if want(o) {
			out = append(out, s.view(o, who))
		}
	}
	slices.SortFunc(out, func(a, b orderView) int {
		if a.Mine != b.Mine {
			if a.Mine {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Seconds, b.Seconds), strings.Compare(a.Ref, b.Ref))
	})
	return out
}

func (s *Sim) pageMore(w http.ResponseWriter, r *http.Request) {
	if who, ok := s.who(w, r); ok {
		p := s.page(r, "bankidsim.more_title")
		p.Persona = who
		s.render(w, http.StatusOK, "more", p)
	}
}

func (s *Sim) postKnobs(w http.ResponseWriter, r *http.Request) {
	who, ok := s.who(w, r)
	if !ok {
		return
	}
	who.Knobs = Knobs{
		OutdatedApp: r.FormValue("outdated") != "", Revoked: r.FormValue("revoked") != "",
		NoDocument: r.FormValue("no_document") != "", Risk: r.FormValue("risk"),
	}
	if err := s.SetPersona(who); err != nil {
		s.message(w, r, http.StatusUnprocessableEntity, "bankidsim.bad_form")
		return
	}
	s.see(w, r, "/phone/"+who.ID)
}

// postScan takes the content of a QR code, or an order on a screen as if its fresh code had been scanned.
func (s *Sim) postScan(w http.ResponseWriter, r *http.Request) {
	who, ok := s.who(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	o, err := s.scanned(r.FormValue("qr"), r.FormValue("order"))
	if err == nil {
		err = s.pickUp(o, who)
	}
	s.mu.Unlock()
	if err != nil {
		s.message(w, r, http.StatusConflict, phoneErrorKeys[err])
		return
	}
	s.see(w, r, "/phone/"+who.ID+"/orders/"+o.ref)
}

func (s *Sim) scanned(qr, ref string) (*order, error) {
	if qr != "" {
		return s.byQR(qr)
	}
	if o := s.lookup(ref); o != nil {
		return o, nil
	}
	return nil, errNoOrder
}

var phoneErrorKeys = map[error]string{
	errNoOrder: "bankidsim.no_order",
	errQR:      "bankidsim.bad_qr",
	errTooLate: "bankidsim.too_late",
	errWho:     "bankidsim.no_persona",
}

func (s *Sim) pageOpen(w http.ResponseWriter, r *http.Request) {
	p := s.page(r, "bankidsim.open_title")
	p.Token, p.Return = r.URL.Query().Get("autostarttoken"), r.URL.Query().Get("redirect")
	s.mu.Lock()
	o := s.lookup(p.Token)
	if o != nil && o.autostart != p.Token {
		o = nil
	}
	first, leave := "", ""
	if o != nil {
		first, leave = o.req.PersonalNumber, o.home()
		if o.waiting() {
			o.opened = true // reading the list takes longer than the time to open the app
			p.Order = s.view(o, Persona{})
		}
	}
	s.mu.Unlock()
	if p.Order.Ref == "" {
		s.messageTo(w, r, http.StatusNotFound, "bankidsim.no_order", leave)
		return
	}
	if c, err := r.Cookie(phoneCookie); err == nil && first == "" {
		first = c.Value
	}
	p.Personas = s.Personas()
	slices.SortStableFunc(p.Personas, func(a, b Persona) int { return rank(a, first) - rank(b, first) })
	if rank(p.Personas[0], first) == 0 {
		p.Persona, p.Personas = p.Personas[0], p.Personas[1:]
	}
	s.render(w, http.StatusOK, "open", p)
}

func rank(p Persona, first string) int {
	if first != "" && (p.ID == first || p.PersonalNumber == first) {
		return 0
	}
	return 1
}

func (s *Sim) postOpen(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	who, known := s.persona(r.FormValue("persona"))
	o := s.lookup(r.FormValue("autostarttoken"))
	var err error
	leave := ""
	if o != nil {
		leave = o.home()
	}
	switch {
	case !known:
		err = errWho
	case o == nil || o.autostart != r.FormValue("autostarttoken"):
		err = errNoOrder
	default:
		if o.waiting() {
			o.byLink, o.redirect = true, safeRedirect(r.FormValue("redirect"))
		}
		err = s.pickUp(o, who)
	}
	s.mu.Unlock()
	if err != nil {
		s.messageTo(w, r, http.StatusConflict, phoneErrorKeys[err], leave)
		return
	}
	remember(w, who)
	s.see(w, r, "/phone/"+who.ID+"/orders/"+o.ref)
}

// safeRedirect keeps the old parameter where it is a web address; "null" means stay.
func safeRedirect(to string) string {
	if u, err := url.Parse(to); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return to
	}
	return ""
}

func (s *Sim) pageOrder(w http.ResponseWriter, r *http.Request) {
	who, ok := s.who(w, r)
	if !ok {
		return
	}
	p := s.page(r, "bankidsim.title")
	s.mu.Lock()
	o := s.lookup(r.PathValue("ref"))
	if ok = o != nil && o.persona.ID == who.ID; ok {
		p.Order = s.view(o, who)
	}
	s.mu.Unlock()
	if !ok {
		s.message(w, r, http.StatusNotFound, "bankidsim.no_order")
		return
	}
	p.Persona, p.Poll = who, p.Order.Phase == phaseProcessing
	s.render(w, http.StatusOK, "order", p)
}

func (s *Sim) postOrder(w http.ResponseWriter, r *http.Request) {
	who, ok := s.who(w, r)
	if !ok {
		return
	}
	ref := r.PathValue("ref")
	if err := s.press(ref, who, r.FormValue("do")); err != nil {
		key, known := phoneErrorKeys[err]
		if !known {
			s.log.Error("bankidsim: order", "error", err)
			key = "bankidsim.too_late"
		}
		s.message(w, r, http.StatusConflict, key)
		return
	}
	s.see(w, r, "/phone/"+who.ID+"/orders/"+ref)
}

// press does what a button on the phone says.
func (s *Sim) press(ref string, who Persona, button string) error {
	s.mu.Lock()
	o := s.lookup(ref)
	if o == nil || o.persona.ID != who.ID {
		s.mu.Unlock()
		return errNoOrder
	}
	switch button {
	case "right", "wrong":
		s.mu.Unlock()
		return s.enterCode(ref, button == "right")
	case "document":
		defer s.mu.Unlock()
		return s.showDocument(o)
	case "cancel":
		defer s.mu.Unlock()
		return s.cancelByUser(o)
	}
	s.mu.Unlock()
	return errTooLate
}
