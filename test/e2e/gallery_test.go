package e2e

import (
	"strings"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// Every component in every state, and every page that needs nobody signed in,
// in all four variants.
//
// Rows: 158, 159
func TestPublicScreens(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "sqlite")
	v := visit(s, t, desktop)
	v.looks = true
	for _, page := range []struct {
		path, name string
		status     int64
	}{
		{"/", "front", 200},
		{"/signin", "signin", 200},
		{"/check", "check", 200},
		{"/found", "found", 200},
		{"/accessibility", "accessibility", 200},
		{"/privacy", "privacy", 200},
		{"/no-such-page", "not-found", 404},
		{"/k/BB-1234-567897", "card-unknown", 200},
		{"/gallery", "gallery", 200},
		{"/gallery/portal", "gallery-portal", 200},
		{"/gallery/wizard", "gallery-wizard", 200},
		{"/gallery/wizard/wrong", "gallery-wizard-wrong", 422},
		{"/gallery/task", "gallery-task", 200},
		{"/gallery/confirm", "gallery-confirm", 200},
		{"/gallery/office", "gallery-office", 200},
		{"/gallery/split", "gallery-split", 200},
		{"/gallery/valid", "gallery-valid", 200},
		{"/gallery/stop", "gallery-stop", 200},
		{"/gallery/unknown", "gallery-unknown", 200},
		{"/gallery/error/conflict", "gallery-conflict", 409},
		{"/gallery/error/forbidden", "gallery-forbidden", 403},
	} {
		if got := v.open(page.path); got != page.status {
			t.Errorf("%s answers %d, want %d", page.path, got, page.status)
		}
		v.look(page.name)
		if page.name == "signin" || page.name == "gallery-portal" || page.name == "gallery-wizard-wrong" || page.name == "gallery-office" {
			v.keys(page.name)
		}
	}
	v.open("/")
	v.press("Kontrollera ett kort")
	v.at("^/check$")
	v.write("number", "BB-12")
	v.pressOn("main form button")
	v.look("check-wrong")
	p := visit(s, t, phone)
	for _, path := range []string{"/signin", "/gallery/portal", "/gallery/task", "/gallery/wizard"} {
		p.open(path)
		p.keys("on a phone, " + path)
	}
}

// The pages of the world: start, phone, mail, bureau, reader, clock.
func TestWorldScreens(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "sqlite")
	v := visit(s, t, desktop)
	v.looks = true
	for name, address := range map[string]string{
		"world": s.World.URL, "world-phones": s.World.Phone, "world-mail-empty": s.World.Mail, "world-bureau-empty": s.World.Bureau,
		"world-reader-empty": s.World.Reader, "world-clock": s.World.Clock, "world-phone": strings.TrimSuffix(s.World.Phone, "/") + "/phone/alva",
	} {
		if got := v.open(address); got != 200 {
			t.Errorf("%s answers %d", address, got)
		}
		v.look(name)
	}
}
