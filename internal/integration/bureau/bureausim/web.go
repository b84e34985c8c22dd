package bureausim

import (
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/kortverk/kortverk/internal/integration/bureau"
	"github.com/kortverk/kortverk/internal/integration/simui"
)

//go:embed pages
var pages embed.FS

// Handler serves the protocol (/v1/), the pages, and /_sim/ for programs.
func (s *Sim) Handler() http.Handler {
	h := &handler{Sim: s, ui: simui.New("bureausim", pages, "pages/*.html")}
	h.ui.Home = s.home
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/batches", s.deliver)
	mux.HandleFunc("POST /v1/batches/{batch}/ask", s.ask)

	mux.HandleFunc("GET /{$}", h.index)
	mux.HandleFunc("GET /batches/{batch}", h.batchPage)
	mux.HandleFunc("GET /batches/{batch}/{kind}/{card}", h.picture)
	mux.HandleFunc("POST /batches/{batch}/{action}", h.press)
	mux.HandleFunc("POST /batches/{batch}/cards/{card}/{action}", h.press)
	mux.HandleFunc("POST /knobs", h.setKnobs)
	mux.HandleFunc("/", h.ui.NotFound)

	mux.HandleFunc("GET /_sim/knobs", func(w http.ResponseWriter, _ *http.Request) { simui.JSON(w, http.StatusOK, h.snapshot().Knobs) })
	mux.HandleFunc("PUT /_sim/knobs", h.apiKnobs)
	mux.HandleFunc("GET /_sim/batches", func(w http.ResponseWriter, _ *http.Request) { simui.JSON(w, http.StatusOK, h.snapshot().Batches) })
	mux.HandleFunc("GET /_sim/batches/{batch}", h.apiBatch)
	mux.HandleFunc("POST /_sim/batches/{batch}/{action}", h.apiAct)
	mux.HandleFunc("POST /_sim/batches/{batch}/cards/{card}/{action}", h.apiAct)
	mux.HandleFunc("POST /_sim/reset", h.apiReset)
	return simui.Handler(mux, s.frames...)
}

type handler struct {
	*Sim
	ui *simui.UI
}

// snapshot is a copy of the state, so that pages are drawn without the lock.
func (h *handler) snapshot() state {
	h.mu.Lock()
	defer h.mu.Unlock()
	raw, err := json.Marshal(h.state)
	if err != nil {
		panic(err) // nothing in it can fail to marshal
	}
	st := state{Batches: []*Batch{}}
	if err := json.Unmarshal(raw, &st); err != nil {
		panic(err)
	}
	if st.Batches == nil {
		st.Batches = []*Batch{}
	}
	return st
}

type indexPage struct {
	Batches []*Batch // newest first
	Knobs   Knobs
	Codes   []string
}

func (h *handler) index(w http.ResponseWriter, r *http.Request) {
	st := h.snapshot()
	slices.Reverse(st.Batches)
	h.ui.Render(w, r, http.StatusOK, "batches", simui.Texts(r).T("bureausim.batches"), indexPage{st.Batches, st.Knobs, bureau.RejectCodes})
}

// Steps counts the cards of a batch by step, for the list.
func (b *Batch) Steps() map[Step]int {
	n := map[Step]int{}
	for _, c := range b.Cards {
		n[c.Step]++
	}
	return n
}

// Open reports whether any of the batch's cards still lies at the bureau.
func (b *Batch) Open() bool {
	return slices.ContainsFunc(b.Cards, func(c *Card) bool { return c.Step != Dispatched && c.Step != Failed })
}

// Actions are the buttons that make sense for the card.
func (c *Card) Actions() []string {
	return slices.DeleteFunc(slices.Clone(actions), func(a string) bool {
		switch a {
		case "produce", "out_of_order":
			return c.Step != Printing
		case "dispatch", "fail", "lose":
			return c.Step == Dispatched || c.Step == Failed
		case "twice":
			return len(c.Receipts) == 0
		}
		return false
	})
}

type batchPage struct {
	Batch *Batch
	Codes []string
}

func (h *handler) batchPage(w http.ResponseWriter, r *http.Request) {
	st := h.snapshot()
	b := st.batch(r.PathValue("batch"))
	if b == nil {
		h.ui.NotFound(w, r)
		return
	}
	h.ui.Render(w, r, http.StatusOK, "batch", simui.Texts(r).T("bureausim.batch"), batchPage{b, bureau.RejectCodes})
}

// picture serves a card's artwork or photo out of the order file.
func (h *handler) picture(w http.ResponseWriter, r *http.Request) {
	kinds := map[string]struct{ dir, ext, mediaType string }{
		"pdf": {"artwork/", ".pdf", "application/pdf"}, "svg": {"artwork/", ".svg", "image/svg+xml"}, "photo": {"photo/", ".jpg", "image/jpeg"},
	}
	kind, known := kinds[r.PathValue("kind")]
	batch, card := r.PathValue("batch"), r.PathValue("card")
	st := h.snapshot()
	b := st.batch(batch)
	if !known || b == nil || b.card(card) == nil {
		h.ui.NotFound(w, r)
		return
	}
	h.mu.Lock()
	data, err := h.store.file(batch, kind.dir+card+kind.ext)
	h.mu.Unlock()
	if err != nil {
		h.ui.NotFound(w, r)
		return
	}
	// What came from outside runs nothing, whatever is in it; a picture's own styles are its own.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors "+strings.Join(append([]string{"'self'"}, h.frames...), " "))
	w.Header().Set("Content-Type", kind.mediaType)
	w.Header().Set("Cache-Control", "private, max-age=600")
	_, _ = w.Write(data)
}

// press is a button.
func (h *handler) press(w http.ResponseWriter, r *http.Request) {
	batch, card := r.PathValue("batch"), r.PathValue("card")
	if _, err := h.Act(r.Context(), batch, card, r.PathValue("action"), r.FormValue("code")); errors.Is(err, errUnknown) {
		h.ui.NotFound(w, r)
		return
	}
	to := "/batches/" + batch
	if card != "" {
		to += "#" + card
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (h *handler) setKnobs(w http.ResponseWriter, r *http.Request) {
	number := func(name string) int {
		n, _ := strconv.Atoi(r.FormValue(name)) // an empty field is 0
		return n
	}
	k := Knobs{
		Automatic: r.FormValue("automatic") != "", Twice: r.FormValue("twice") != "", OutOfOrder: r.FormValue("out_of_order") != "",
		ProduceAfterMS: number("produce_after_ms"), DispatchAfterMS: number("dispatch_after_ms"), SlowMS: number("slow_ms"),
		FailNext: number("fail_next"), LoseNext: number("lose_next"), FailCode: r.FormValue("fail_code"), Refuse: r.FormValue("refuse"),
	}
	if err := h.turn(k); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (h *handler) turn(k Knobs) error {
	if err := k.check(); err != nil {
		return err
	}
	return h.change(func(st *state) error {
		st.Knobs = k
		return nil
	})
}

func (h *handler) apiKnobs(w http.ResponseWriter, r *http.Request) {
	k := h.snapshot().Knobs
	if !simui.Read(w, r, &k) {
		return
	}
	if err := h.turn(k); err != nil {
		simui.JSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	simui.JSON(w, http.StatusOK, k)
}

func (h *handler) apiBatch(w http.ResponseWriter, r *http.Request) {
	st := h.snapshot()
	b := st.batch(r.PathValue("batch"))
	if b == nil {
		simui.JSON(w, http.StatusNotFound, map[string]string{"error": errUnknown.Error()})
		return
	}
	simui.JSON(w, http.StatusOK, b)
}

func (h *handler) apiAct(w http.ResponseWriter, r *http.Request) {
	said, err := h.Act(r.Context(), r.PathValue("batch"), r.PathValue("card"), r.PathValue("action"), r.FormValue("code"))
	switch {
	case errors.Is(err, errUnknown):
		simui.JSON(w, http.StatusNotFound, map[string]string{"error": err.Error()})
	case err != nil:
		simui.JSON(w, http.StatusConflict, map[string]string{"error": err.Error()})
	default:
		simui.JSON(w, http.StatusOK, said)
	}
}

func (h *handler) apiReset(w http.ResponseWriter, _ *http.Request) {
	err := h.change(func(st *state) error {
		h.store.reset(st.Batches)
		*st = state{Knobs: DefaultKnobs()}
		return nil
	})
	if err != nil {
		simui.JSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
