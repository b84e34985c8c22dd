package backoffice

import (
	"net/http"

	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// keysCookie remembers that single keys are off in this browser: who speaks to
// the computer, or whose hand shakes, would set off things by chance.
const keysCookie = "__Host-keys"

func keysOn(v *web.Visit) bool {
	c, err := v.R.Cookie(keysCookie)
	return err != nil || c.Value != "off"
}

// keys lists the keys of the queue, and switches them off or on.
func (d Deps) keys(v *web.Visit) error {
	m, err := d.rail(v, atReview)
	if err != nil {
		return err
	}
	return v.Render(keysPage(m, keysOn(v)))
}

func (d Deps) setKeys(v *web.Visit) error {
	value, said := "on", "backoffice.keys.on"
	if v.Text("keys") == "off" {
		value, said = "off", "backoffice.keys.off"
	}
	http.SetCookie(v.W, &http.Cookie{
		Name: keysCookie, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	v.Flash(ui.OK, said)
	return v.Redirect(atReview)
}
