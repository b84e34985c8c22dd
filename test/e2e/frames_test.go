package e2e

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// in evaluates JavaScript in the frame with a name, in a world of its own
// beside the page's scripts; ok is false while the frame is on its way.
func in[T any](v *visitor, frame, js string) (got T, ok bool) {
	v.t.Helper()
	tree, err := chromedp.Call(v.ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return got, false
	}
	for _, child := range tree.FrameTree.ChildFrames {
		if child.Frame.Name != frame {
			continue
		}
		world, err := chromedp.Call(v.ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: child.Frame.ID, WorldName: "test"})
		if err != nil {
			return got, false
		}
		res, err := chromedp.Call(v.ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: js, ContextID: world.ExecutionContextID, ReturnByValue: yes()})
		if err != nil || res.ExceptionDetails != nil {
			return got, false
		}
		return got, json.Unmarshal([]byte(res.Result.Value), &got) == nil
	}
	return got, false
}

// inside waits until JavaScript in a frame says true.
func (v *visitor) inside(frame, what, js string) {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		if yes, ok := in[bool](v, frame, js); ok && yes {
			return
		}
	}
	words, _ := in[string](v, frame, `location.href + "\n" + document.body.innerText`)
	v.fatalf("waited in vain for %s in the frame %s, which shows\n%s", what, frame, words)
}

// shows waits for words in a frame.
func (v *visitor) shows(frame, words string) {
	v.t.Helper()
	v.inside(frame, quote(words), `document.body.innerText.replace(/\s+/g," ").includes(`+quote(words)+`)`)
}

// host is the name that a frame's page has.
func (v *visitor) host(frame string) string {
	v.t.Helper()
	host, _ := in[string](v, frame, `location.hostname`)
	return strings.ToLower(host)
}
