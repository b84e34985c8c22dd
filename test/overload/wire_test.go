package overload

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

// wire is one connection that asks again and again.
type wire struct {
	addr string
	from string // local address, for those who shall not look like one
	keep bool   // answers' bodies are looked at
	conn net.Conn
	in   *bufio.Reader
}

// answer is what came back.
type answer struct {
	status int
	retry  string
	body   string
	took   time.Duration
	err    error // of the connection
}

func dial(addr, from string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	return d.Dial("tcp", addr)
}

// ask sends a request and reads the whole answer.
func (w *wire) ask(request []byte) (a answer) {
	began := time.Now()
	defer func() {
		a.took = time.Since(began)
		if a.err != nil {
			w.close()
		}
	}()
	if w.conn == nil {
		if w.conn, a.err = dial(w.addr, w.from); a.err != nil {
			return a
		}
		w.in = bufio.NewReader(w.conn)
	}
	_ = w.conn.SetDeadline(began.Add(time.Minute))
	if _, a.err = w.conn.Write(request); a.err != nil {
		return a
	}
	var res *http.Response
	if res, a.err = http.ReadResponse(w.in, nil); a.err != nil {
		return a
	}
	a.status, a.retry = res.StatusCode, res.Header.Get("Retry-After")
	var body strings.Builder
	into := io.Discard
	if w.keep {
		into = &body
	}
	_, a.err = io.Copy(into, res.Body)
	a.body = body.String()
	if a.err == nil && res.Close {
		w.close()
	}
	return a
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// get and request are what a browser with the cookies would send.
func get(p *harness.Program, path string) []byte { return request(p, "GET", path, nil) }

func request(p *harness.Program, method, path string, form url.Values) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, host(p.S))
	var cookies []string
	for name, value := range p.Cookies {
		cookies = append(cookies, name+"="+value)
	}
	if len(cookies) > 0 {
		fmt.Fprintf(&b, "Cookie: %s\r\n", strings.Join(cookies, "; "))
	}
	if form != nil {
		fmt.Fprintf(&b, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(form.Encode()))
	}
	return []byte(b.String() + "\r\n" + form.Encode())
}

func host(s *harness.Sandbox) string { return strings.TrimPrefix(s.Product.URL, "http://") }

// tally counts answers of many connections.
type tally struct {
	mu    sync.Mutex
	by    map[int][]time.Duration // status → how long each took; 0: the connection failed
	faint int                     // 503 without Retry-After
	err   error                   // the last one
}

func (t *tally) add(a answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[int][]time.Duration{}
	}
	status := a.status
	if a.err != nil {
		status, t.err = 0, a.err
	}
	t.by[status] = append(t.by[status], a.took)
	if a.status == http.StatusServiceUnavailable && a.retry == "" {
		t.faint++
	}
}

func (t *tally) count(status int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.by[status])
}

func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(t.by)) {
		parts = append(parts, fmt.Sprintf("%d × %d (p50 %v, p99 %v)", len(t.by[status]), status, quantile(t.by[status], .5), quantile(t.by[status], .99)))
	}
	return strings.Join(parts, ", ")
}

// only fails the test when there was an answer of another status.
func (t *tally) only(tt *testing.T, what string, statuses ...int) {
	tt.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	for status, all := range t.by {
		if !slices.Contains(statuses, status) {
			tt.Errorf("%s: %d answers with status %d (last error: %v)", what, len(all), status, t.err)
		}
	}
	if t.faint > 0 {
		tt.Errorf("%s: %d refusals without Retry-After", what, t.faint)
	}
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return s[min(len(s)-1, int(q*float64(len(s))))].Round(10 * time.Microsecond)
}
