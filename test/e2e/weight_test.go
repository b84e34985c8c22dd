package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/kortverk/kortverk/test/harness"
)

// What slow 4G is, by the usual agreement: 1.6 Mbit/s down, 750 kbit/s up, 150 ms there and back.
const (
	slowDown    = 1.6e6 / 8
	slowUp      = 750e3 / 8
	slowLatency = 150
	slowCPU     = 4
)

// loaded is what the browser says of a page that it has fetched.
type loaded struct {
	FCP, LCP, Parsed, Load float64 // milliseconds since the address was opened
	Parts                  []struct {
		Name        string
		Wire, Plain float64
	}
}

const weigh = `(async () => {
	if (document.readyState !== "complete") await new Promise(done => addEventListener("load", done));
	await document.fonts.ready;
	const lcp = await new Promise(done => {
		let last = 0;
		new PerformanceObserver(list => { for (const e of list.getEntries()) last = e.startTime }).observe({type: "largest-contentful-paint", buffered: true});
		setTimeout(() => done(last), 300);
	});
	const page = performance.getEntriesByType("navigation")[0];
	const paint = performance.getEntriesByName("first-contentful-paint")[0];
	const part = e => ({Name: new URL(e.name).pathname, Wire: e.transferSize, Plain: e.decodedBodySize});
	return {
		FCP: paint ? paint.startTime : 0, LCP: lcp, Parsed: page.domInteractive, Load: page.loadEventEnd,
		Parts: [page, ...performance.getEntriesByType("resource")].map(part),
	};
})()`

// TestPageWeight prints what the pages that people open on a phone weigh and how long they take, with nothing in the cache.
// It asserts only that everything was weighed: times on a shared machine prove nothing. The goal for the page on which
// cardholders approve is 100 kB, and 2.5 s until its button can be pressed, which it can as soon as it is painted: the form
// needs no script.
func TestPageWeight(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, "sqlite")
	alva, tove := s.SignIn("alva"), s.SignIn("tove")
	_, line := alva.Order("jonas")
	tove.Review(line)
	approval := "/me/approve/" + line[strings.LastIndex(line, "/")+1:]
	s.Mail(s.Person("jonas").Email, `/a/`)

	v := visit(s, t, phone)
	v.signIn("jonas", approval)
	for _, page := range []struct{ name, path string }{
		{"approval", approval}, {"own cards", "/me"}, {"sign-in", "/signin?other=1"}, {"check of a card", "/check"}, {"a code that was scanned", "/k/BB-1234-567897"},
	} {
		got := v.weigh(page.path)
		total := 0.0
		var parts []string
		for _, p := range got.Parts {
			total += p.Wire
			parts = append(parts, fmt.Sprintf("%7.1f kB (%6.1f) %s", p.Wire/1000, p.Plain/1000, p.Name))
		}
		t.Logf("%s: %.1f kB in %d parts; painted after %.2f s, largest part after %.2f s, parsed after %.2f s, loaded after %.2f s\n%s",
			page.name, total/1000, len(got.Parts), got.FCP/1000, got.LCP/1000, got.Parsed/1000, got.Load/1000, strings.Join(parts, "\n"))
		if total == 0 || got.FCP == 0 || len(got.Parts) < 2 {
			t.Errorf("%s wasn't weighed: %+v", page.name, got)
		}
	}
}

// weigh opens a page with an empty cache on a slow line and a slow processor, and takes both away again.
func (v *visitor) weigh(path string) loaded {
	v.t.Helper()
	v.slow(slowCPU, &network.Conditions{Latency: slowLatency, DownloadThroughput: slowDown, UploadThroughput: slowUp})
	defer v.slow(1)
	if _, err := chromedp.Call(v.ctx, network.ClearBrowserCache, cdp.Empty{}); err != nil {
		v.fatalf("%v", err)
	}
	if got := v.open(path); got != 200 {
		v.fatalf("%s answers %d", path, got)
	}
	time.Sleep(100 * time.Millisecond) // entries of the last part are written after its load event
	return eval[loaded](v, weigh)
}

// slow sets the processor's slowness and the line's conditions; none is a fast line.
func (v *visitor) slow(cpu float64, line ...*network.Conditions) {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: cpu})
	if err == nil {
		if line == nil {
			line = []*network.Conditions{}
		}
		_, err = chromedp.Call(v.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: line})
	}
	if err != nil {
		v.fatalf("%v", err)
	}
}
