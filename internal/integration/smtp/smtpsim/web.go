package smtpsim

import (
	"context"
	"embed"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/integration/simui"
)

//go:embed pages
var pages embed.FS

// Handler serves the inboxes: pages for people, /_sim/ for programs.
func (s *Sim) Handler() http.Handler {
	h := &handler{box: s.box, frames: s.frames, ui: simui.New("smtpsim", pages, "pages/*.html")}
	h.ui.Home = s.home
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.inbox)
	mux.HandleFunc("GET /mails/{id}", h.mail)
	mux.HandleFunc("GET /mails/{id}/html", h.frame)
	mux.HandleFunc("POST /clear", h.clear)
	mux.HandleFunc("POST /knobs", h.setKnobs)
	mux.HandleFunc("/", h.ui.NotFound)
	mux.HandleFunc("GET /_sim/mails", h.apiList)
	mux.HandleFunc("GET /_sim/mails/{id}", h.apiMail)
	mux.HandleFunc("DELETE /_sim/mails", h.apiClear)
	mux.HandleFunc("GET /_sim/knobs", func(w http.ResponseWriter, _ *http.Request) { simui.JSON(w, http.StatusOK, s.box.getKnobs()) })
	mux.HandleFunc("PUT /_sim/knobs", h.apiKnobs)
	return simui.Handler(mux, s.frames...)
}

type handler struct {
	box    *box
	frames []string
	ui     *simui.UI
}

// inboxPage is the list of mails, newest first.
type inboxPage struct {
	To        string
	Mails     []Mail
	Addresses []string
	Knobs     Knobs
	Refuse    string
}

func (h *handler) inbox(w http.ResponseWriter, r *http.Request) {
	all, _ := h.box.list("", 0)
	p := inboxPage{To: strings.TrimSpace(r.URL.Query().Get("to")), Knobs: h.box.getKnobs()}
	for _, m := range slices.Backward(all) {
		if m.isTo(p.To) {
			p.Mails = append(p.Mails, m)
		}
		p.Addresses = append(p.Addresses, m.To...)
	}
	slices.Sort(p.Addresses)
	p.Addresses = slices.Compact(p.Addresses)
	p.Refuse = strings.Join(p.Knobs.Refuse, ", ")
	h.ui.Render(w, r, http.StatusOK, "inbox", simui.Texts(r).T("smtpsim.inbox"), p)
}

func (h *handler) find(r *http.Request) (Mail, bool) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return Mail{}, false
	}
	return h.box.get(id)
}

func (h *handler) mail(w http.ResponseWriter, r *http.Request) {
	m, ok := h.find(r)
	if !ok {
		h.ui.NotFound(w, r)
		return
	}
	h.ui.Render(w, r, http.StatusOK, "mail", m.Subject, m)
}

// frame shows the mail as a mail program would: its own styles, no scripts, no
// pictures from anywhere, no forms, in a sandbox, inside our own page only. A
// link that somebody presses opens in place of the whole page, as it leaves a
// mail program: most pages refuse to be shown inside another.
func (h *handler) frame(w http.ResponseWriter, r *http.Request) {
	m, ok := h.find(r)
	if !ok || m.HTML == "" {
		h.ui.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-top-navigation-by-user-activation; frame-ancestors "+strings.Join(append([]string{"'self'"}, h.frames...), " "))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	const top = `<base target="_top">`
	html := strings.Replace(m.HTML, "<head>", "<head>"+top, 1)
	if html == m.HTML {
		html = top + html
	}
	_, _ = w.Write([]byte(html))
}

func (h *handler) clear(w http.ResponseWriter, r *http.Request) {
	h.box.clear(r.FormValue("to"))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (h *handler) setKnobs(w http.ResponseWriter, r *http.Request) {
	number := func(name string) int {
		n, _ := strconv.Atoi(r.FormValue(name)) // an empty field is 0
		return n
	}
	k := Knobs{Temporary: number("temporary"), SlowMS: number("slow_ms"), LoseAnswer: number("lose_answer"), Duplicate: r.FormValue("duplicate") != ""}
	k.Refuse = strings.FieldsFunc(r.FormValue("refuse"), func(c rune) bool { return c == ',' || c == ' ' || c == '\n' || c == '\r' })
	h.box.setKnobs(k)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// apiList answers at once when there is something, else after wait_ms at the latest.
func (h *handler) apiList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	since, _ := strconv.Atoi(q.Get("since"))
	wait, _ := strconv.Atoi(q.Get("wait_ms"))
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(min(wait, 60_000))*time.Millisecond)
	defer cancel()
	for {
		mails, news := h.box.list(q.Get("to"), since)
		if len(mails) > 0 || ctx.Err() != nil {
			simui.JSON(w, http.StatusOK, mails)
			return
		}
		select {
		case <-news:
		case <-ctx.Done():
		}
	}
}

func (h *handler) apiMail(w http.ResponseWriter, r *http.Request) {
	m, ok := h.find(r)
	if !ok {
		simui.JSON(w, http.StatusNotFound, map[string]string{"error": "no such mail"})
		return
	}
	simui.JSON(w, http.StatusOK, m)
}

func (h *handler) apiClear(w http.ResponseWriter, r *http.Request) {
	h.box.clear(r.URL.Query().Get("to"))
	w.WriteHeader(http.StatusNoContent)
}

func (h *handler) apiKnobs(w http.ResponseWriter, r *http.Request) {
	k := h.box.getKnobs()
	if simui.Read(w, r, &k) {
		h.box.setKnobs(k)
		simui.JSON(w, http.StatusOK, h.box.getKnobs())
	}
}
