package e2e

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// axe looks for what people with disabilities stumble over. It is injected by
// the test, past the content policy, and is no part of the program.
//
//go:embed testdata/axe.min.js
var axe string

const screensDir = "../../var/screens"

// variants are how each page is looked at.
var variants = []struct {
	size
	colours string
}{{phone, "light"}, {phone, "dark"}, {desktop, "light"}, {desktop, "dark"}}

// pictures remembers names, so that no picture silently replaces another.
var pictures sync.Map

// look examines the page that the visitor sees: one heading, no sideways
// scroll, nothing in the console, nothing from elsewhere, and, for visitors
// who look, axe and a picture in each variant.
func (v *visitor) look(name string) {
	v.t.Helper()
	v.settled(name)
	if !v.looks {
		return
	}
	if _, twice := pictures.LoadOrStore(name, true); twice {
		v.t.Errorf("two pages are called %s", name)
	}
	if err := os.MkdirAll(screensDir, 0o755); err != nil {
		v.t.Fatal(err)
	}
	found := map[string][]string{} // what is wrong → in which variants
	for _, as := range variants {
		v.emulate(as.size, as.colours)
		variant := fmt.Sprintf("%d-%s", as.width, as.colours)
		where := name + "-" + variant
		v.still()
		faults := append(v.sideways(as.width), v.accessible()...)
		if as.touch && strings.HasPrefix(eval[string](v, `location.href`), v.s.Product.URL) {
			faults = append(faults, v.targets()...)
		}
		for _, f := range faults {
			found[f] = append(found[f], variant)
		}
		png, err := chromedp.Call(v.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format: page.CaptureScreenshotFormatPng, CaptureBeyondViewport: yes(), OptimizeForSpeed: yes(), Clip: v.whole(as.size),
		})
		if err != nil {
			v.fatalf("picture of %s: %v", where, err)
		}
		if err := os.WriteFile(filepath.Join(screensDir, where+".png"), png.Data, 0o644); err != nil {
			v.t.Fatal(err)
		}
	}
	for f, in := range found {
		v.t.Errorf("%s (%s): %s: %s", name, v.path(), strings.Join(in, ", "), f)
	}
	v.emulate(v.screen, "light")
}

func yes() *bool { b := true; return &b }

// whole is the page from top to bottom, at most twelve screens of it.
func (v *visitor) whole(s size) *page.Viewport {
	v.t.Helper()
	height := eval[float64](v, `Math.max(innerHeight, document.documentElement.scrollHeight)`)
	return &page.Viewport{Width: float64(s.width), Height: min(height, 12*float64(s.height)), Scale: 1}
}

// still ends transitions, so that colours are what they will be.
func (v *visitor) still() {
	v.t.Helper()
	eval[bool](v, `new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {
		for (const a of document.getAnimations()) try { a.finish() } catch { a.cancel() }
		done(true);
	})))`)
}

// settled asserts what holds for every page, once.
func (v *visitor) settled(name string) {
	v.t.Helper()
	faults := eval[[]string](v, `(() => {
		const out = [], h1 = [...(document.querySelector("dialog[open]") || document).querySelectorAll("h1")].filter(e => e.checkVisibility());
		if (h1.length !== 1) out.push(h1.length + " h1");
		if (!document.title.trim()) out.push("no title");
		if (!document.documentElement.lang) out.push("no language");
		const at = new URL(location.href);
		for (const e of performance.getEntriesByType("resource")) {
			const u = new URL(e.name);
			if (u.hostname !== at.hostname && !/^(data|blob):$/.test(u.protocol)) out.push("fetched from elsewhere: " + e.name);
		}
		for (const i of document.images) if (i.complete && i.naturalWidth === 0 && i.loading !== "lazy" && i.checkVisibility()) out.push("picture does not show: " + i.src);
		return out;
	})()`)
	for _, f := range faults {
		v.t.Errorf("%s (%s): %s", name, v.path(), f)
	}
	here := eval[string](v, `location.href`)
	v.mu.Lock()
	said := v.console
	v.console = nil
	v.mu.Unlock()
	for _, m := range said {
		// A page that is itself an answer of 4xx is told as an error of the
		// network; the page is what the test is about.
		url, text, _ := strings.Cut(m, " ")
		if strings.Contains(text, "the server responded with a status of 4") && (strings.HasPrefix(here, url) || strings.Contains(text, "(Unprocessable") || strings.Contains(text, "422")) {
			continue
		}
		v.t.Errorf("%s (%s): console: %s", name, v.path(), m)
	}
}

// sideways finds what makes the page wider than the screen.
func (v *visitor) sideways(width int64) []string {
	v.t.Helper()
	return eval[[]string](v, fmt.Sprintf(`(w => {
		if (document.documentElement.scrollWidth <= w) return [];
		return ["scrolls sideways, " + document.documentElement.scrollWidth + " px: " + [...document.body.querySelectorAll("*")]
			.filter(e => e.checkVisibility() && e.getBoundingClientRect().right > w + 1).slice(-3).map(e => e.outerHTML.slice(0, 160)).join(" | ")];
	})(%d)`, width))
}

// accessible runs axe: WCAG 2.0 to 2.2, A and AA, and the best practices.
func (v *visitor) accessible() []string {
	v.t.Helper()
	if !eval[bool](v, `typeof axe !== "undefined"`) {
		eval[bool](v, axe+";true")
	}
	return eval[[]string](v, `axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"],
	}).then(r => r.violations.map(x => "axe " + x.id + ": " + x.nodes.slice(0, 3).map(n => n.target.join(" ") + " " + n.html.slice(0, 140) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; ").slice(0, 200)).join(" | ")))`)
}

// targets finds what is too small for a finger in a glove: less than 48 pixels
// high. Links within a sentence are as high as the sentence.
func (v *visitor) targets() []string {
	v.t.Helper()
	return eval[[]string](v, `[...document.querySelectorAll("button, a[href], summary, input:not([type=hidden]), select, textarea")].filter(e => {
		if (!e.checkVisibility() || e.closest("svg, dialog:not([open])")) return false;
		if (document.querySelector("dialog[open]") && !e.closest("dialog[open]")) return false;
		if (e.classList.contains("kv-skip") || e.classList.contains("sr-only")) return false;
		const inline = e.tagName === "A" && getComputedStyle(e).display === "inline";
		const label = e.labels && [...e.labels].find(l => l.contains(e) || /checkbox|radio/.test(e.type));
		const r = (label || e).getBoundingClientRect();
		return !inline && r.height > 0 && r.height < 47.5;
	}).slice(0, 6).map(e => "too small for a finger: " + Math.round(e.getBoundingClientRect().height) + " px: " + e.outerHTML.replace(/\s+/g, " ").replace(/[0-9a-f-]{36}/g, "…").slice(0, 130))`)
}

// keys walks the page with the tab key, and asserts that one sees where one is:
// every stop has a ring, and nothing lies over it.
func (v *visitor) keys(name string) {
	v.t.Helper()
	eval[bool](v, `(document.activeElement?.blur(), window.kvStops = new Set(), scrollTo(0, 0), true)`)
	stops := 0
	for ; stops < 120; stops++ {
		v.do(chromedp.KeyEvent("\t"))
		fault := eval[string](v, `(() => {
			const e = document.activeElement;
			if (!e || e === document.body || kvStops.has(e)) return "end";
			kvStops.add(e);
			const of = /checkbox|radio|file/.test(e.type) && e.closest("label") || e, r = e.getBoundingClientRect();
			const ring = x => { const c = getComputedStyle(x); return c.outlineStyle !== "none" && parseFloat(c.outlineWidth) >= 2 || c.boxShadow !== "none"; };
			if (!ring(e) && !ring(of)) return "no ring: " + e.outerHTML.slice(0, 160);
			const x = Math.max(1, Math.min(innerWidth - 2, r.x + r.width / 2)), y = r.y + r.height / 2;
			if (y < 0 || y > innerHeight) return "out of sight: " + e.outerHTML.slice(0, 160);
			const top = document.elementFromPoint(x, y);
			if (r.width > 2 && top && !e.contains(top) && !top.contains(e) && !of.contains(top)) return "covered by " + top.outerHTML.slice(0, 120) + ": " + e.outerHTML.slice(0, 160);
			return "";
		})()`)
		if fault == "end" {
			break
		}
		if fault != "" {
			v.t.Errorf("%s: tab %d: %s", name, stops+1, fault)
		}
	}
	if stops < 5 {
		v.t.Errorf("%s: the tab key stops %d times", name, stops)
	}
}
