package world

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web/assets"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// handler serves the start page, the phone, the reader, the clock, the cast's
// portraits and what programs use.
func (w *World) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, r *http.Request) {
		w.lookAtMail(r.Context())
		w.render(rw, r, startPage(w.start(texts(r), w.printed(r.Context()))))
	})
	mux.HandleFunc("GET /journey", func(rw http.ResponseWriter, r *http.Request) {
		w.lookAtMail(r.Context())
		w.render(rw, r, journey(w.start(texts(r), w.printed(r.Context()))))
	})
	mux.HandleFunc("GET /cast/{file}", portrait)
	mux.HandleFunc("GET /reader", func(rw http.ResponseWriter, r *http.Request) {
		w.render(rw, r, readerPage(readerView{Cards: w.printed(r.Context())}))
	})
	mux.HandleFunc("POST /reader", func(rw http.ResponseWriter, r *http.Request) {
		v := readerView{Cards: w.printed(r.Context()), Number: strings.TrimSpace(r.FormValue("number"))}
		if v.Number == "" {
			v.Form = ui.Form{Errors: fault.Errors{fault.New(fault.Invalid, "world.number_missing").On("number")}}
		} else {
			a := w.hold(r.Context(), v.Number)
			v.Answer = &a
		}
		w.render(rw, r, readerPage(v))
	})
	mux.HandleFunc("GET /clock", func(rw http.ResponseWriter, r *http.Request) {
		w.render(rw, r, clockPage(w.clockView(texts(r))))
	})
	mux.HandleFunc("POST /clock", w.moveClock)
	mux.HandleFunc("POST /language", language)
	mux.HandleFunc("GET /mail/", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, local(w.mailPages), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /bureau/", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, local(w.bureauAPI), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /dev.json", func(rw http.ResponseWriter, _ *http.Request) { writeJSON(rw, w.devJSON()) })
	mux.HandleFunc("POST /program/signin", w.programSignIn)
	mux.HandleFunc("POST /program/identify", w.programIdentify)
	if w.opts.Screens {
		w.together(mux)
	}
	mux.Handle(assets.Prefix, assets.Handler())
	mux.Handle("/phone/", w.phone.Phone())
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if !strings.HasPrefix(r.URL.Path, "/phone/") { // the phone sets its own
			h.Set("Content-Security-Policy", w.policy(r))
		}
		if w.cross.Check(r) != nil {
			problem(rw, http.StatusForbidden, "The request came from another site.")
			return
		}
		mux.ServeHTTP(rw, r)
	})
}

// crossOrigin lets programs in, which send no Origin, and the pages of this
// very place; and the page with all screens sends its frames away.
func (w *World) crossOrigin() (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	for _, origin := range w.FramedBy() {
		if err := p.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// policy is the content policy of the world's pages.
func (w *World) policy(r *http.Request) string {
	frames, forms, framedBy := "'none'", "'self'", "'none'"
	if w.opts.Screens {
		framedBy = strings.Join(w.FramedBy(), " ")
	}
	if w.opts.Screens && r.URL.Path == "/together" {
		frames = strings.Join(w.sources(), " ")
		forms = frames // a form that signs a screen in leads on to the product's page
	}
	return "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self'; connect-src 'self'; frame-src " + frames +
		"; form-action " + forms + "; base-uri 'none'; frame-ancestors " + framedBy
}

func texts(r *http.Request) *i18n.Texts {
	chosen := ""
	if c, err := r.Cookie("kv-world-lang"); err == nil {
		chosen = c.Value
	}
	return i18n.For(i18n.Pick(chosen, r.Header.Get("Accept-Language")))
}

func (w *World) render(rw http.ResponseWriter, r *http.Request, c templ.Component) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	ctx := ui.With(r.Context(), ui.Frame{Texts: texts(r), Brand: ui.Brand{Name: "Kortverk"}, Path: r.URL.Path})
	if err := c.Render(ctx, rw); err != nil && w.opts.Log != nil {
		w.opts.Log.Warn("world: page", "error", err)
	}
}

func language(rw http.ResponseWriter, r *http.Request) {
	// A cookie goes to every port of the machine: the phone, the mail, the bureau and the product take the choice as theirs.
	speak(rw, i18n.Pick(r.FormValue("lang"), ""))
	next := r.FormValue("next")
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, `\`) {
		next = "/"
	}
	http.Redirect(rw, r, next, http.StatusSeeOther)
}

// portrait serves /cast/jonas.jpg and /cast/jonas-dark.jpg.
func portrait(rw http.ResponseWriter, r *http.Request) {
	id, ok := strings.CutSuffix(r.PathValue("file"), ".jpg")
	id, dark := strings.CutSuffix(id, "-dark")
	p, found := cast.ByID(id)
	if !ok || !found {
		http.NotFound(rw, r)
		return
	}
	data := p.Portrait()
	if dark {
		data = p.DarkPortrait()
	}
	rw.Header().Set("Content-Type", "image/jpeg")
	rw.Header().Set("Cache-Control", "max-age=86400")
	rw.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // the product's and the phone's pages are on other ports
	if r.URL.Query().Has("download") {
		rw.Header().Set("Content-Disposition", `attachment; filename="`+r.PathValue("file")+`"`)
	}
	_, _ = rw.Write(data)
}

// approve lets a person's phone approve the order with the autostart token.
func (w *World) approve(ctx context.Context, token, person string) error {
	return w.call(ctx, http.MethodPost, w.URL()+"/phone/_sim/orders/"+token+"/approve", map[string]string{"persona": person}, nil)
}

// lookAtMail ticks the journey by the mails that came since it last looked.
func (w *World) lookAtMail(ctx context.Context) {
	w.mu.Lock()
	since := w.mailPos
	w.mu.Unlock()
	var mails []struct {
		ID       int    `json:"id"`
		Template string `json:"template"`
	}
	if err := w.call(ctx, http.MethodGet, fmt.Sprintf("%s/_sim/mails?since=%d", local(w.mailPages), since), nil, &mails); err != nil {
		return // the journey ticks at the next look
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range mails {
		w.seen.mail(m.Template)
		w.mailPos = max(w.mailPos, m.ID)
	}
}

// printed lists the cards that lie at the bureau, newest first.
func (w *World) printed(ctx context.Context) []printed {
	var batches []struct {
		Cards []struct {
			Number    string `json:"number"`
			GivenName string `json:"given_name"`
			Surname   string `json:"surname"`
			Step      string `json:"step"`
		} `json:"cards"`
	}
	if err := w.call(ctx, http.MethodGet, local(w.bureauAPI)+"/_sim/batches", nil, &batches); err != nil {
		return nil
	}
	var out []printed
	for i := len(batches) - 1; i >= 0; i-- {
		for _, c := range batches[i].Cards {
			if c.Step != "failed" && c.Step != "printing" {
				out = append(out, printed{Number: c.Number, Name: c.GivenName + " " + c.Surname, Sent: c.Step == "dispatched"})
			}
		}
	}
	return out
}

// call asks one of the simulators over its port.
func (w *World) call(ctx context.Context, method, url string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = strings.NewReader(string(data))
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s answered %d: %s", url, res.StatusCode, data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}
