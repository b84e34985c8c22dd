package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/kortverk/kortverk/test/harness"
)

// chrome is the one browser of the package; each visitor is a profile of its
// own in it, as if everybody had their own machine.
var chrome struct {
	once sync.Once
	ctx  context.Context
	end  func()
	err  error
}

// startChrome finds a browser, starts it, and skips the test when there is none.
func startChrome(t *testing.T) context.Context {
	t.Helper()
	chrome.once.Do(func() { chrome.ctx, chrome.end, chrome.err = newChrome() })
	if chrome.err != nil {
		if os.Getenv("KV_REQUIRE") != "" {
			t.Fatal(chrome.err)
		}
		t.Skip(chrome.err)
	}
	return chrome.ctx
}

func newChrome() (context.Context, func(), error) {
	path := os.Getenv("KV_CHROMIUM")
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		return nil, nil, errors.New("no browser: apt-get install chromium-headless-shell, or set KV_CHROMIUM")
	}
	dir, err := os.MkdirTemp("", "kortverk-chrome")
	if err != nil {
		return nil, nil, err
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir),
		chromedp.DisableGPU, chromedp.Flag("accept-lang", "sv"), chromedp.Flag("mute-audio", true))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	end := func() { cancel(); stop(); _ = os.RemoveAll(dir) }
	if err := chromedp.Do(ctx); err != nil { // starts it
		end()
		return nil, nil, fmt.Errorf("%s does not start: %w", path, err)
	}
	return ctx, end, nil
}

// size is a screen.
type size struct {
	width, height int64
	scale         float64
	touch         bool
}

var (
	phone   = size{360, 780, 2, true}
	desktop = size{1280, 900, 1, false}
)

// visitor is somebody with a browser of their own: one tab, own cookies.
type visitor struct {
	t      *testing.T
	s      *harness.Sandbox
	ctx    context.Context
	screen size
	script bool
	looks  bool // every page is examined in all four variants and photographed

	mu      sync.Mutex
	console []string
}

// visitor opens a browser for somebody, with a screen of this size.
func visit(s *harness.Sandbox, t *testing.T, screen size) *visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(startChrome(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(stop)
	v := &visitor{t: t, s: s, ctx: ctx, screen: screen, script: true}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning || m.IsException() {
				v.mu.Lock()
				v.console = append(v.console, m.URL+" "+m.String())
				v.mu.Unlock()
			}
		}
	}()
	v.emulate(screen, "light")
	return v
}

// do runs actions; an error ends the test with a picture of the page.
func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, actions...); err != nil {
		v.fatalf("%v", err)
	}
}

// emulate sets the size of the screen and the colours that the system asks for.
func (v *visitor) emulate(s size, colours string) {
	v.t.Helper()
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(s.scale)}
	if s.touch {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	v.do(chromedp.EmulateViewport(s.width, s.height, options...))
	_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	if err != nil {
		v.fatalf("%v", err)
	}
}

// withoutScript turns scripts off in this browser.
func (v *visitor) withoutScript() *visitor {
	v.t.Helper()
	if _, err := chromedp.Call(v.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		v.t.Fatal(err)
	}
	v.script = false
	return v
}

// fatalf ends the test; what was on the screen is kept.
func (v *visitor) fatalf(format string, args ...any) {
	v.t.Helper()
	where, words := "?", "?"
	if got, err := chromedp.Run(v.ctx, chromedp.Evaluate[[]string](`[location.href, document.title + "\n" + document.body.innerText]`)); err == nil && len(got) == 2 {
		where, words = got[0], got[1]
	}
	if png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100)); err == nil {
		_ = os.MkdirAll(screensDir, 0o755)
		_ = os.WriteFile(filepath.Join(screensDir, "failed-"+strings.ReplaceAll(v.t.Name(), "/", "-")+".png"), png, 0o644)
	}
	v.mu.Lock()
	said := strings.Join(v.console, "\n")
	v.mu.Unlock()
	v.t.Fatalf("%s\non %s\nwhich says:\n%s\nconsole: %s", fmt.Sprintf(format, args...), where, words, said)
}

// eval evaluates JavaScript in the page. It works with scripts off, too: only
// the page's own don't run then.
func eval[T any](v *visitor, js string) T {
	v.t.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		v.fatalf("%v\nin %s", err, js[:min(len(js), 300)])
	}
	return got
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always can
	return string(b)
}

// until waits for a condition of the page, across navigations.
func (v *visitor) until(what, js string) {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		if ok, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](js)); err == nil && ok {
			return
		}
	}
	v.fatalf("waited in vain for %s", what)
}

func (v *visitor) has(words string) {
	v.t.Helper()
	v.until(quote(words)+" on the page", `document.body.innerText.replace(/\s+/g," ").includes(`+quote(words)+`)`)
}

func (v *visitor) hasNot(words string) {
	v.t.Helper()
	if eval[bool](v, `document.body.innerText.replace(/\s+/g," ").includes(`+quote(words)+`)`) {
		v.fatalf("%q is on the page", words)
	}
}

// open goes to an address, absolute or of the product, and answers the status.
func (v *visitor) open(path string) int64 {
	v.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = v.s.Product.URL + path
	}
	res, err := chromedp.Run(v.ctx, chromedp.NavigateResponse(path))
	if err != nil {
		v.fatalf("open %s: %v", path, err)
	}
	return res.Status
}

// path is where the visitor is.
func (v *visitor) path() string { v.t.Helper(); return eval[string](v, `location.pathname`) }

func (v *visitor) at(pattern string) {
	v.t.Helper()
	v.until("an address like "+pattern, `document.readyState==="complete" && new RegExp(`+quote(pattern)+`).test(location.pathname)`)
}

// finder finds what a person would press: by its words, in an open dialog if there is one.
const finder = `(words => {
  const inside = document.querySelector("dialog[open]") || document;
  const seen = e => e.checkVisibility() && e.getClientRects().length > 0;
  const text = e => (e.innerText || e.value || "").replace(/\s+/g, " ").trim();
  const all = [...inside.querySelectorAll("button, a[href], summary, label, input[type=submit]")].filter(seen);
  return all.find(e => text(e) === words) || all.find(e => text(e).startsWith(words)) || all.find(e => text(e).includes(words));
})`

func byWords(words string) string { return finder + `(` + quote(words) + `)` }
func byCSS(css string) string {
	return `(all => all.find(e => e.checkVisibility()) || all[0])([...(document.querySelector("dialog[open]") || document).querySelectorAll(` + quote(css) + `)])`
}

// click brings the element that a script finds into view and presses it where
// it is, with finger or mouse: what something else covers can't be pressed.
func (v *visitor) click(what, element string) {
	v.t.Helper()
	v.until(what, `!!(`+element+`)`)
	at := eval[struct {
		X, Y  float64
		Cover string
	}](v, `(e => {
		e.scrollIntoView({block: "center", inline: "nearest", behavior: "instant"});
		const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2, top = document.elementFromPoint(x, y);
		const hit = top && (e === top || e.contains(top) || (e.tagName === "INPUT" && e.labels && [...e.labels].some(l => l.contains(top))));
		return {x, y, cover: hit ? "" : top ? top.outerHTML.slice(0, 200) : "nothing: outside the page"};
	})(`+element+`)`)
	if at.Cover != "" {
		v.fatalf("%s can't be pressed: there is %s", what, at.Cover)
	}
	if v.screen.touch {
		v.do(chromedp.TapXY(at.X, at.Y))
	} else {
		v.do(chromedp.MouseClickXY(at.X, at.Y))
	}
}

// press presses a button or link by its words and waits for the page that it leads to.
func (v *visitor) press(words string) {
	v.t.Helper()
	v.leave(func() { v.click(quote(words), byWords(words)) })
}

// pressOn is press for a selector, where several have the same words.
func (v *visitor) pressOn(css string) {
	v.t.Helper()
	v.leave(func() { v.click(css, byCSS(css)) })
}

// leave waits until another page has loaded than the one where act happens.
func (v *visitor) leave(act func()) {
	v.t.Helper()
	eval[bool](v, `window.kvHere = true`)
	act()
	v.until("another page", `!window.kvHere && document.readyState === "complete"`)
}

// write puts text into a field as a person does: press into it, select what is
// there, type over it.
func (v *visitor) write(name, text string) {
	v.t.Helper()
	field := byCSS(`[name="` + name + `"]:not([type=hidden])`)
	v.click("field "+name, field)
	eval[bool](v, `(e => { e.focus(); e.select(); return true })(`+field+`)`)
	if text == "" {
		v.do(chromedp.KeyEvent("\b"))
	} else if _, err := chromedp.Call(v.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		v.fatalf("%v", err)
	}
	if got := eval[string](v, field+`.value`); got != text {
		v.fatalf("field %s holds %q after writing %q", name, got, text)
	}
}

// choose sets a select, a radio button or a checkbox.
func (v *visitor) choose(name, value string) {
	v.t.Helper()
	if eval[bool](v, `document.querySelector(`+quote(`select[name="`+name+`"]`)+`) !== null`) {
		eval[bool](v, `(e => { e.value = `+quote(value)+`; e.dispatchEvent(new Event("change", {bubbles: true})); return e.value === `+quote(value)+` })(`+byCSS(`select[name="`+name+`"]`)+`)`)
		return
	}
	box := byCSS(`input[name="` + name + `"][value="` + value + `"]`)
	v.until(name+" = "+value, `!!(`+box+`)`)
	if !eval[bool](v, box+`.checked`) {
		v.click(name+" = "+value, `(e => e.labels.length ? e.labels[0] : e)(`+box+`)`)
	}
	if !eval[bool](v, box+`.checked`) {
		v.fatalf("%s = %s does not take", name, value)
	}
}

// attach chooses a file.
func (v *visitor) attach(name string, file string) {
	v.t.Helper()
	v.do(chromedp.SetUploadFiles(chromedp.CSS(`input[type=file][name="`+name+`"]`), []string{file}))
}

// portraitFile is the person's portrait as a file that can be uploaded.
func portraitFile(s *harness.Sandbox, t *testing.T, id string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), id+".jpg")
	if err := os.WriteFile(file, s.Portrait(id), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// enter is the key.
var enter = chromedp.KeyEvent("\r")
