package gallery_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/gallery"
	"github.com/kortverk/kortverk/internal/web/webtest"
)

// Every component and layout is right in every language, in each colour scheme, signed in or not.
func TestComponentsAreAccessible(t *testing.T) {
	e := web.New(webtest.World{}.Config())
	c := webtest.New(t, e.Handler(gallery.Routes()))
	for _, lang := range []string{"sv", "en"} {
		c.Lang = lang
		for _, r := range e.Routes() {
			path, ok := strings.CutPrefix(r.Pattern, "GET ")
			if !ok || path == "/gallery/poll" {
				continue
			}
			p := c.Get(path).Check()
			if p.Root.One("html").Attrs["lang"] != lang {
				t.Errorf("%s is not in %s", path, lang)
			}
		}
	}
}

func TestFlashOfTheGalleryHasAnUndoButton(t *testing.T) {
	c := webtest.New(t, web.New(webtest.World{}.Config()).Handler(gallery.Routes()))
	c.Post("/gallery", url.Values{}).At("/gallery").Is(200).Has("Kopierat").Form("Läs in sidan igen")
}

func TestPollingEnds(t *testing.T) {
	c := webtest.New(t, web.New(webtest.World{}.Config()).Handler(gallery.Routes()))
	if c.Get("/gallery").One("[data-kv-poll]").Attrs["data-kv-poll"] != "/gallery/poll" {
		t.Error("nothing to poll")
	}
	if strings.Contains(c.Fragment("/gallery/poll").Is(200).Body, "data-kv-poll") {
		t.Error("the answer asks for polling again")
	}
}
