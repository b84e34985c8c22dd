package world

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// together adds the page with all screens, and what stands in its frames.
func (w *World) together(mux *http.ServeMux) {
	mux.HandleFunc("GET /together", func(rw http.ResponseWriter, r *http.Request) {
		if nameOf(r) != togetherName { // the frames are of one site with it by this name only
			http.Redirect(rw, r, w.under(togetherName, w.pages)+"/together", http.StatusSeeOther)
			return
		}
		rw.Header().Set("Referrer-Policy", "strict-origin") // a form to a screen says where it comes from
		w.render(rw, r, togetherPage(w.togetherView(r)))
	})
	mux.HandleFunc("GET /together/now", func(rw http.ResponseWriter, r *http.Request) {
		w.render(rw, r, happened(w.gate.look(time.Now())))
	})
	mux.HandleFunc("GET /together/clock", func(rw http.ResponseWriter, r *http.Request) { w.render(rw, r, now(w.clockView(texts(r)))) })
	mux.HandleFunc("POST /together/clock", w.slideClock)
	mux.HandleFunc("GET /together/card", func(rw http.ResponseWriter, r *http.Request) { w.render(rw, r, making(w.makeView(r))) })
	mux.HandleFunc("POST /together/card", func(rw http.ResponseWriter, r *http.Request) {
		w.makeCard()
		http.Redirect(rw, r, "/together#made", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /gate", func(rw http.ResponseWriter, r *http.Request) { w.render(rw, r, gatePage(w.gateView(r))) })
	mux.HandleFunc("GET /gate/now", func(rw http.ResponseWriter, r *http.Request) { w.render(rw, r, gateNow(w.gate.look(time.Now()))) })
	mux.HandleFunc("GET /gate/cards", func(rw http.ResponseWriter, r *http.Request) { w.render(rw, r, gateCards(w.gateView(r))) })
	mux.HandleFunc("POST /gate", func(rw http.ResponseWriter, r *http.Request) {
		w.gate.choose(strings.ToUpper(strings.TrimSpace(r.FormValue("number"))))
		http.Redirect(rw, r, "/gate", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /device", w.openScreen)
	mux.HandleFunc("POST /device/signin", w.signScreenIn)
}

func (w *World) gateView(r *http.Request) gateView {
	v := w.gate.look(time.Now())
	v.Cards = w.printed(r.Context())
	return v
}

// togetherView is what the page with all screens shows.
type togetherView struct {
	Laptop, Phone, Bureau, Gate string // addresses of the frames
	LaptopAt, PhoneAt           string // the screens' own addresses at the world
	Staff, Everybody            []cast.Person
	Holder                      string // who signs in on the phone, unless another is chosen
	Now                         gateView
	Clock                       clockView
	Slider                      []step
	Make                        makeView
}

// step is a position of the slider.
type step struct {
	Key string
	Day string // where it leads to
}

// slide are the positions of the clock's slider, from near to far.
var slide = []string{"1h", "1d", "4d", "7d", "30d", "365d"}

func (w *World) togetherView(r *http.Request) togetherView {
	t := texts(r)
	lang := "lang=" + string(t.Lang)
	v := togetherView{
		LaptopAt: w.under(laptopName, w.pages), PhoneAt: w.under(phoneName, w.pages),
		Bureau: w.under(bureauName, w.bureauAPI) + "/?" + lang, Gate: "/gate",
		Everybody: cast.People(), Now: w.gate.look(time.Now()), Clock: w.clockView(t), Slider: w.slider(t), Make: w.makeView(r),
	}
	v.Laptop, v.Phone = v.LaptopAt+"/device?"+lang, v.PhoneAt+"/device?"+lang
	for _, p := range v.Everybody {
		if p.Role != cast.Cardholder {
			v.Staff = append(v.Staff, p)
		}
	}
	if v.Holder = v.Make.Person.ID; v.Holder == "" {
		v.Holder = holder
	}
	return v
}

func (w *World) slider(t *i18n.Texts) []step {
	m := w.mover()
	if m == nil {
		return nil
	}
	var out []step
	for _, key := range slide {
		to := m.Now().Add(forwards[key])
		out = append(out, step{Key: key, Day: t.DayYear(clock.DateOf(to)) + " " + t.Clock(to)})
	}
	return out
}

// words are the slider's positions for the script.
func (v togetherView) words(t *i18n.Texts) string {
	var out []string
	for _, s := range v.Slider {
		out = append(out, t.T("world.clock.forward."+s.Key)+" → "+s.Day)
	}
	b, _ := json.Marshal(out) // strings always can
	return string(b)
}

// slideClock answers POST /together/clock: a position of the slider, or one of the buttons.
func (w *World) slideClock(rw http.ResponseWriter, r *http.Request) {
	m := w.mover()
	key := r.FormValue("forward")
	if n, err := strconv.Atoi(r.FormValue("step")); key == "slider" && err == nil && n >= 0 && n < len(slide) {
		key = slide[n]
	}
	d, ok := forwards[key]
	if m == nil || !ok {
		problem(rw, http.StatusUnprocessableEntity, `"forward" must be one of the page's steps.`)
		return
	}
	if err := m.Forward(d); err != nil {
		problem(rw, http.StatusConflict, err.Error())
		return
	}
	w.gate.press(press{verb: "clock", at: time.Now()})
	http.Redirect(rw, r, "/together#clock", http.StatusSeeOther)
}

// speak sets the language of a screen: the phone's, the simulators' and the product's.
func speak(rw http.ResponseWriter, l i18n.Lang) {
	for _, name := range []string{"kv-world-lang", "bankidsim_lang", "kv_sim_lang", "__Host-lang"} {
		http.SetCookie(rw, &http.Cookie{
			Name: name, Value: string(l), Path: "/", MaxAge: 365 * 86400,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(name, "__Host-"),
		})
	}
}

// step is the key of the sentence that says what is being done.
func (m makeView) step() string {
	if m.Step == "" {
		return makeSteps[0]
	}
	return m.Step
}

// sentence says what was pressed where, and what the gate says since.
func (f flight) sentence(t *i18n.Texts) string {
	says := "world.flight.no"
	if f.Valid {
		says = "world.flight.yes"
	}
	switch f.Verb {
	case "":
		return t.T(says)
	case "clock":
		return t.T("world.flight.clock") + " → " + t.T(says)
	}
	return t.T("world.flight."+f.Verb, "screen", t.T("world.flight.on."+f.Screen)) + " → " + t.T(says)
}
