package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/kortverk/kortverk/test/harness"
)

// Everything on one screen: the world makes a card, the laptop and the phone
// are signed in beside each other, a block on the laptop is seen at the gate
// with the time it took, and the clock goes on under it.
func TestTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, s *harness.Sandbox, looks bool) {
		v := visit(s, t, desktop)
		v.looks = looks
		v.open(s.World.URL)
		v.pressOn(`main a[href$="/together"]`)
		v.at("^/together$")
		v.shows("gate", "Inget kort")
		v.pressOn(`form[action="/together/card"] button`)
		v.lookTogether("together-making")
		signInFrame(v, "laptop", "/o/")
		signInFrame(v, "phone", "/me")
		for frame, want := range map[string]string{"laptop": "laptop.kortverk.localhost", "phone": "phone.kortverk.localhost"} {
			if got := v.host(frame); got != want {
				t.Errorf("the frame %s has the name %s", frame, got)
			}
		}
		waitFor(v, "the ready card", 90*time.Second, `!!document.querySelector('#made a[target="laptop"]')`)
		v.shows("gate", "Välkommen")

		eval[bool](v, `(document.querySelector("#made a").click(), true)`)
		v.inside("laptop", "the card", `/\/cards\/BB-/.test(location.pathname) && document.readyState === "complete"`)
		blockInFrame(v)
		v.shows("gate", "Stopp")
		v.has("Blockerat på datorn → grinden säger nej")
		ms := eval[string](v, `document.querySelector(".kv-ms").innerText`)
		if !regexp.MustCompile(`^\d{1,4} ms$`).MatchString(ms) {
			t.Errorf("the way from the laptop to the gate took %q", ms)
		}
		t.Logf("from the laptop to the gate: %s", ms)
		v.shows("phone", "Blockerat") // it was loaded again by itself
		v.lookTogether("together-blocked")

		// The clock moves, and nobody loses the place.
		day := eval[string](v, `document.querySelector(".kv-day").innerText`)
		eval[bool](v, `(e => { e.value = "2"; e.dispatchEvent(new Event("input", {bubbles: true})); return true })(document.getElementById("step"))`)
		if words := eval[string](v, `document.getElementById("step-is").innerText`); !strings.Contains(words, "Fyra dagar") {
			t.Errorf("the slider says %q", words)
		}
		v.pressOn(`#clock button[value="slider"]`)
		v.until("another day", `document.querySelector(".kv-day").innerText !== `+quote(day))
		v.inside("laptop", "the card still", `/\/cards\/BB-/.test(location.pathname)`)
		v.shows("phone", "Blockerat")
	})
}

// signInFrame presses the button under a screen.
func signInFrame(v *visitor, frame, path string) {
	v.t.Helper()
	v.click("sign in on the "+frame, byCSS(`form[target="`+frame+`"] button`))
	v.inside(frame, "the page of who signed in", `location.pathname.startsWith(`+quote(path)+`) && document.readyState === "complete"`)
}

// blockInFrame blocks the card that the laptop shows, in the dialog over it.
func blockInFrame(v *visitor) {
	v.t.Helper()
	v.inside("laptop", "the way to block", `(e => { e && e.click(); return !!e })(document.querySelector('main a[href$="/block"]'))`)
	v.inside("laptop", "the question", `!!document.querySelector('dialog[open] [name=reason], main form [name=reason]')`)
	v.inside("laptop", "a reason", `(e => { e.click(); return e.checked || e.selected !== undefined })(document.querySelector('[name=reason][value=lost]'))`)
	v.inside("laptop", "the button", `(e => { e.closest("form").requestSubmit(); return true })(document.querySelector('[name=reason][value=lost]'))`)
	v.shows("laptop", "Blockerat")
}

func waitFor(v *visitor, what string, long time.Duration, js string) {
	v.t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if ok, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](js)); err == nil && ok {
			return
		}
	}
	v.fatalf("waited in vain for %s", what)
}

// lookTogether examines the page around the frames, whose own pages are looked
// at elsewhere, and takes its picture on three screens.
func (v *visitor) lookTogether(name string) {
	v.t.Helper()
	if !v.looks {
		return
	}
	if err := os.MkdirAll(screensDir, 0o755); err != nil {
		v.t.Fatal(err)
	}
	for _, as := range []size{phone, desktop, {1600, 1000, 1, false}} {
		for _, colours := range []string{"light", "dark"} {
			v.emulate(as, colours)
			// Frames below the screen's edge aren't painted.
			v.emulate(size{as.width, eval[int64](v, `document.documentElement.scrollHeight`), as.scale, as.touch}, colours)
			v.still()
			variant := fmt.Sprintf("%s-%d-%s", name, as.width, colours)
			if !eval[bool](v, `typeof axe !== "undefined"`) {
				eval[bool](v, axe+";true")
			}
			faults := append(v.sideways(as.width), eval[[]string](v, `axe.run(document, {iframes: false,
				runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"],
			}).then(r => r.violations.map(x => "axe " + x.id + ": " + x.nodes.slice(0, 3).map(n => n.html.slice(0, 140)).join(" | ")))`)...)
			for _, f := range faults {
				v.t.Errorf("%s: %s", variant, f)
			}
			png, err := chromedp.Call(v.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
				Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: yes(), OptimizeForSpeed: yes(), Clip: v.whole(as),
			})
			if err != nil {
				v.fatalf("picture of %s: %v", variant, err)
			}
			if err := os.WriteFile(filepath.Join(screensDir, variant+".png"), png.Data, 0o644); err != nil {
				v.t.Fatal(err)
			}
		}
	}
	v.emulate(v.screen, "light")
}
