package world

import (
	"net/http"
	"time"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Mover is business time that can be moved: the product's in `kortverk dev`.
type Mover interface {
	Now() time.Time
	Forward(d time.Duration) error
}

type clockView struct {
	Day, Time string
	Fixed     bool
}

// forwards are how far the clock's page offers to go.
var forwards = map[string]time.Duration{
	"1h": time.Hour, "1d": 24 * time.Hour, "4d": 4 * 24 * time.Hour,
	"7d": 7 * 24 * time.Hour, "30d": 30 * 24 * time.Hour, "365d": 365 * 24 * time.Hour,
}

func (w *World) clockView(t *i18n.Texts) clockView {
	m := w.mover()
	if m == nil {
		return clockView{Fixed: true}
	}
	now := m.Now()
	return clockView{Day: t.DayYear(clock.DateOf(now)), Time: t.Clock(now)}
}

// moveClock answers POST /clock with the form field forward: one of the
// offers, or a Go duration, for programs.
func (w *World) moveClock(rw http.ResponseWriter, r *http.Request) {
	m := w.mover()
	if m == nil {
		problem(rw, http.StatusConflict, "The clock can be moved only when everything runs with kortverk dev.")
		return
	}
	d, ok := forwards[r.FormValue("forward")]
	if !ok {
		var err error
		if d, err = time.ParseDuration(r.FormValue("forward")); err != nil || d <= 0 {
			problem(rw, http.StatusUnprocessableEntity, `"forward" must be a positive duration such as 36h.`)
			return
		}
	}
	if err := m.Forward(d); err != nil {
		problem(rw, http.StatusConflict, err.Error())
		return
	}
	if r.Header.Get("Accept") == "application/json" {
		writeJSON(rw, map[string]any{"now": m.Now().UTC().Format(time.RFC3339)})
		return
	}
	http.Redirect(rw, r, "/clock", http.StatusSeeOther)
}
