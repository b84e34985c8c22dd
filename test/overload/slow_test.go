package overload

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

// Thousands of idle connections, heads and bodies that come a byte at a time, answers that nobody reads: others are served
// as before. Who then comes beyond the limit is told so.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	idle := pick(2000, 10_000)
	most := idle + idle/5 + 400
	s := harness.Start(t, "sqlite", fmt.Sprintf("KORTVERK_MAX_CONNECTIONS=%d", most))
	alva := s.SignIn("alva")
	page := get(alva, s.Company("furuborg")+"/cards")
	alone := others(t, s, page)

	sheet := alva.Find(alva.Get("/"), `href="(/assets/[^"]+\.css)"`)
	c := &crowd{addr: host(s), large: sheet}
	defer c.close()
	began := time.Now()
	c.idle(t, idle)
	cut := c.slow(t, pick(60, 200))
	t.Logf("%d idle and slow connections within %v", len(c.conns), time.Since(began).Round(time.Millisecond))
	crowded := others(t, s, page)
	t.Logf("others' page: p50 %v → %v, p99 %v → %v (× %.1f)", quantile(alone, .5), quantile(crowded, .5), quantile(alone, .99), quantile(crowded, .99),
		float64(quantile(crowded, .99))/float64(max(1, quantile(alone, .99))))
	c.beyond(t, most)
	cut(t)
	c.close()
	s.Wait("room for others", s.Ready)
}

// others asks for a page as somebody does who has nothing to do with all this.
func others(t *testing.T, s *harness.Sandbox, page []byte) (took []time.Duration) {
	t.Helper()
	w := wire{addr: host(s)}
	defer w.close()
	for range pick(200, 1000) {
		a := w.ask(page)
		if a.err != nil || a.status != http.StatusOK {
			t.Errorf("others get %d, %v", a.status, a.err)
		}
		took = append(took, a.took)
	}
	return took
}

// crowd is everybody who is in the way.
type crowd struct {
	addr  string
	large string // an address with a large answer that costs nothing
	mu    sync.Mutex
	conns []net.Conn
}

func (c *crowd) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
}

// connect comes from one of many addresses.
func (c *crowd) connect(t *testing.T, i int) net.Conn {
	conn, err := dial(c.addr, fmt.Sprintf("127.0.%d.%d", 10+i/200/250, 1+i/200%250))
	if err != nil {
		t.Errorf("connection %d: %v", i, err)
		return nil
	}
	c.mu.Lock()
	c.conns = append(c.conns, conn)
	c.mu.Unlock()
	return conn
}

// idle opens connections that ask once and then say nothing.
func (c *crowd) idle(t *testing.T, n int) {
	t.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !t.Failed(); i = int(next.Add(1)) - 1 {
				conn := c.connect(t, i)
				if conn == nil {
					return
				}
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
				res, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil || res.StatusCode != http.StatusOK || res.Close {
					t.Errorf("idle connection %d: %v, %v", i, res, err)
					return
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// slow opens n connections of each kind that trickles. What it returns asserts that they were cut off.
func (c *crowd) slow(t *testing.T, n int) (cut func(*testing.T)) {
	t.Helper()
	var alive atomic.Int64
	var all sync.WaitGroup
	ended := make(chan struct{})
	trickle := func(i int, head string, every time.Duration) {
		conn := c.connect(t, i)
		if conn == nil {
			return
		}
		alive.Add(1)
		all.Go(func() {
			defer alive.Add(-1)
			_, _ = io.WriteString(conn, head)
			_ = conn.SetReadDeadline(time.Time{})
			closed := make(chan struct{})
			go func() { _, _ = io.Copy(io.Discard, conn); close(closed) }()
			for {
				select {
				case <-closed: // by the server
					return
				case <-ended:
					t.Error("a client that sends a byte now and then still has its connection")
					return
				case <-time.After(every):
				}
				if _, err := io.WriteString(conn, "a"); err != nil {
					return
				}
			}
		})
	}
	for i := range n {
		trickle(i, "GET / HTTP/1.1\r\nHost: a\r\nX-", time.Second)
		trickle(i, "POST /check HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n", 2*time.Second)
		if conn := c.connect(t, i); conn != nil { // asks and asks and never reads
			go func() {
				for range 100 {
					if _, err := io.WriteString(conn, "GET "+c.large+" HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
						return
					}
				}
			}()
		}
	}
	return func(t *testing.T) {
		t.Helper()
		stop := time.AfterFunc(time.Minute, func() { close(ended) })
		all.Wait()
		stop.Stop()
	}
}

// beyond opens more than there is room for: all are answered, who finds no room with 503.
func (c *crowd) beyond(t *testing.T, most int) {
	t.Helper()
	in, refused := 0, 0
	for i := range most {
		conn := c.connect(t, 40_000+i)
		if conn == nil {
			return
		}
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		switch {
		case err != nil:
			t.Errorf("connection %d beyond the limit: %v", i, err)
			return
		case res.StatusCode == http.StatusOK:
			if in++; res.Close { // the last tenth isn't kept: hold the place by asking nothing
				_ = conn.Close()
				c.connect(t, 40_000+i)
			}
		case res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "":
			_, err := io.ReadAll(res.Body)
			if refused++; err != nil {
				t.Errorf("a refusal was cut off: %v", err)
			}
			_ = conn.Close()
		default:
			t.Errorf("connection %d: %v", i, res)
		}
		if refused == 100 {
			break
		}
	}
	t.Logf("%d more came in, %d were refused politely", in, refused)
	if refused == 0 {
		t.Errorf("nobody was refused beyond %d connections", most)
	}
}
