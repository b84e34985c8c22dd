package world

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/i18n"
)

// The names of the screens. A cookie belongs to a name and not to a port, so
// each screen has its own sign-in, at the product and at the phone alike. They
// stand under one name, because browsers take a.localhost and b.localhost for
// two sites and keep cookies from a frame of another site.
const (
	togetherName = "kortverk.localhost"
	laptopName   = "laptop." + togetherName
	phoneName    = "phone." + togetherName
	bureauName   = "bureau." + togetherName
)

// Names are the host names that the product is seen under beside its own.
func (w *World) Names() []string { return []string{laptopName, phoneName} }

// FramedBy is who may show the product's and the simulators' pages in a frame:
// the page that shows all screens, or nobody.
func (w *World) FramedBy() []string {
	if !w.opts.Screens {
		return nil
	}
	return []string{w.under(togetherName, w.pages)}
}

// under is an address of the world's by another name.
func (w *World) under(name string, l net.Listener) string { return "http://" + name + ":" + port(l) }

// productAt is the product's address by another name.
func (w *World) productAt(name string) string {
	u, err := url.Parse(w.product())
	if err != nil {
		return ""
	}
	u.Host = strings.TrimSuffix(net.JoinHostPort(name, u.Port()), ":")
	return u.String()
}

// sources are what the page with all screens shows in frames.
func (w *World) sources() []string {
	return []string{
		"'self'", w.under(laptopName, w.pages), w.productAt(laptopName), w.under(phoneName, w.pages), w.productAt(phoneName),
		w.under(phoneName, w.mailPages), w.under(bureauName, w.bureauAPI),
	}
}

// screens remembers what stands on the laptop and on the phone, by name, so
// that the page can be loaded again without anybody losing the place.
type screens struct {
	mu   sync.Mutex
	page map[string]string
}

func (s *screens) at(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.page[name]
}

func (s *screens) show(name, page string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.page == nil {
		s.page = map[string]string{}
	}
	s.page[name] = page
}

// nameOf is the name of a screen that a request came by.
func nameOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	return host
}

func isScreen(name string) bool { return name == laptopName || name == phoneName }

// openScreen answers GET /device by the name of a screen: it goes to where the
// screen was, or to the start of an app of the phone, or to a page of the product.
func (w *World) openScreen(rw http.ResponseWriter, r *http.Request) {
	name := nameOf(r)
	if !isScreen(name) {
		http.NotFound(rw, r)
		return
	}
	if l := i18n.Lang(r.URL.Query().Get("lang")); l.Valid() {
		speak(rw, l)
	}
	to := w.screen.at(name)
	if path := r.URL.Query().Get("to"); strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.Contains(path, `\`) {
		to = w.productAt(name) + path
	}
	switch r.URL.Query().Get("app") {
	case "cards":
		to = w.home(name)
	case "bankid":
		to = w.under(name, w.pages) + "/phone/"
		if c, err := r.Cookie("kv-world-person"); err == nil {
			if who, ok := cast.ByID(c.Value); ok {
				to += "phone/" + who.ID
			}
		}
	case "mail":
		to = w.under(phoneName, w.mailPages) + "/?lang=" + string(texts(r).Lang)
	}
	if to == "" {
		to = w.home(name)
	}
	http.Redirect(rw, r, to, http.StatusSeeOther)
}

// home is the page that a screen begins with.
func (w *World) home(name string) string {
	if name == laptopName {
		return w.productAt(name) + w.place(cast.Person{Role: cast.Orderer, CompanyID: cast.Companies()[0].ID})
	}
	return w.productAt(name) + "/me"
}

// place is where a person works.
func (w *World) place(who cast.Person) string {
	switch who.Role {
	case cast.Orderer:
		if i := slices.IndexFunc(w.companies(), func(c Company) bool { return c.Cast == who.CompanyID }); i >= 0 {
			return "/o/" + w.companies()[i].ID
		}
	case cast.Reviewer:
		return "/office/review"
	case cast.Production, cast.Officer:
		return "/office"
	case cast.Cardholder:
	}
	return "/me"
}

// signScreenIn answers POST /device/signin by the name of a screen: the person
// signs in there as anywhere, with pages, phone and eID, and the screen's
// browser is given the cookies that this ended in.
func (w *World) signScreenIn(rw http.ResponseWriter, r *http.Request) {
	name := nameOf(r)
	who, ok := cast.ByID(r.FormValue("person"))
	if !isScreen(name) || !ok {
		http.NotFound(rw, r)
		return
	}
	next := "/me"
	if name == laptopName {
		next = w.place(who)
	}
	p := newProgram(w.product(), nil)
	p.agent = r.UserAgent()
	if u, err := url.Parse(w.productAt(name)); err == nil {
		p.host = u.Host
	}
	where, err := w.signInWith(r.Context(), p, who, next)
	if err != nil {
		rw.WriteHeader(http.StatusBadGateway)
		w.render(rw, r, screenFailed(err.Error()))
		return
	}
	for key, value := range p.cookies {
		http.SetCookie(rw, &http.Cookie{Name: key, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	http.SetCookie(rw, &http.Cookie{Name: "kv-world-person", Value: who.ID, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(rw, r, w.productAt(name)+where, http.StatusSeeOther)
}
