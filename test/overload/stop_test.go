package overload

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

// A node is told to stop, again and again, while eight people write as fast as they are answered: each answered write is
// there after the start, nobody hears another error than 503, readiness said no before the door was closed, and the
// process ends well.
func TestStopsUnderLoad(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := harness.Start(t, engine, "KORTVERK_ADDR="+harness.FreeAddr(t), "KORTVERK_DRAIN=400ms")
			people := writers(t, s, 8)
			var answered, looked int
			stops := pick(5, 100)
			for range stops {
				r := &round{s: s}
				r.run(t, people)
				s.Again()
				s.Wait("the start", s.Ready)
				r.all.only(t, "writes", 0, 200, 303, 503) // 0: the connection was closed, and nothing was answered
				for _, w := range people {
					w.kept(t)
				}
				answered += r.all.count(http.StatusSeeOther)
				if r.looked(t) {
					looked++
				}
				if t.Failed() {
					return
				}
			}
			if answered == 0 {
				t.Error("no write was answered: nothing was shown")
			}
			t.Logf("%d stops, %d answered writes, none lost; readiness was watched closely enough in %d", stops, answered, looked)
		})
	}
}

// round is one stop.
type round struct {
	s   *harness.Sandbox
	all tally

	refused time.Time     // when the first connection was refused
	no      time.Time     // when readiness first said no
	gap     time.Duration // the longest between two looks at readiness
}

func (r *round) run(t *testing.T, writers []*writer) {
	t.Helper()
	var stop atomic.Bool
	var people sync.WaitGroup
	for _, w := range writers {
		people.Go(func() {
			line := wire{addr: host(r.s), keep: true}
			defer line.close()
			do := func(method string, form url.Values) (answer, string) {
				a := line.ask(request(w.p, method, w.page, form))
				r.all.add(a)
				return a, a.body
			}
			for !stop.Load() {
				if a := w.write(do); a.err != nil {
					return // gone, or never there
				}
			}
		})
	}
	people.Go(func() { r.watch(&stop) })
	time.Sleep(150 * time.Millisecond)
	if err := r.s.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.s.Cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("did not stop well: %v", err)
		}
	case <-time.After(60 * time.Second):
		_ = r.s.Cmd.Process.Kill()
		<-ended
		t.Error("did not stop within a minute")
	}
	stop.Store(true)
	people.Wait()
}

// watch asks for readiness, each time by a connection of its own as a proxy does, until nobody answers.
func (r *round) watch(stop *atomic.Bool) {
	ask := []byte("GET /readyz HTTP/1.1\r\nHost: " + host(r.s) + "\r\nConnection: close\r\n\r\n")
	last := time.Now()
	for ; !stop.Load(); time.Sleep(5 * time.Millisecond) {
		w := wire{addr: host(r.s)}
		a := w.ask(ask)
		w.close()
		now := time.Now()
		r.gap, last = max(r.gap, now.Sub(last)), now
		if a.status == http.StatusServiceUnavailable && r.no.IsZero() {
			r.no = now
		}
		if a.err != nil && strings.Contains(a.err.Error(), "refused") {
			r.refused = now
			return
		}
	}
}

// looked reports whether the order of things was to be seen, and fails when it was wrong.
func (r *round) looked(t *testing.T) bool {
	t.Helper()
	if r.gap > 200*time.Millisecond || r.refused.IsZero() {
		return false // the watcher didn't get to look often enough
	}
	if r.no.IsZero() {
		t.Error("connections were refused, and readiness never said no")
	}
	return true
}
