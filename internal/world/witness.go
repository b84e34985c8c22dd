package world

import (
	"net/http"
	"strings"
	"time"
)

// Witness stands in front of the product's pages in `kortverk dev`, where a
// person would look over the shoulder of who sits at the screen: it notes which
// page a screen shows, and the moment at which a press was answered. It changes
// no answer. A page that a frame asks for by the product's own name, as the
// links in mails do, is shown by the phone's name instead.
func (w *World) Witness(product http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		name, framed := nameOf(r), r.Header.Get("Sec-Fetch-Dest") == "iframe"
		if framed && !isScreen(name) && r.Method == http.MethodGet {
			http.Redirect(rw, r, w.productAt(phoneName)+r.URL.RequestURI(), http.StatusTemporaryRedirect)
			return
		}
		said := &answered{ResponseWriter: rw}
		product.ServeHTTP(said, r)
		if said.status == 0 { // an empty answer
			said.status, said.at = http.StatusOK, time.Now()
		}
		switch {
		case r.Method == http.MethodPost && said.status < 400:
			if verb, number, ok := pressedOn(r.URL.Path); ok {
				w.gate.press(press{verb: verb, number: number, name: name, at: said.at})
			}
		case framed && r.Method == http.MethodGet && said.status == http.StatusOK && !strings.HasPrefix(r.URL.Path, "/eid/"):
			w.screen.show(name, w.productAt(name)+r.URL.RequestURI())
		}
	})
}

// pressedOn reads a press on a card from its address: /o/{company}/cards/{number}/block.
func pressedOn(path string) (verb, number string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	n := len(parts)
	if n < 3 || parts[n-3] != "cards" || !verbs[parts[n-1]] {
		return "", "", false
	}
	return parts[n-1], parts[n-2], true
}

// verbs are the presses that change what a gate is told, and have words.
var verbs = map[string]bool{"block": true, "unblock": true, "terminate": true, "activate": true}

// answered notes when an answer began.
type answered struct {
	http.ResponseWriter
	status int
	at     time.Time
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status, a.at = status, time.Now()
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status, a.at = http.StatusOK, time.Now()
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }
