package nodes

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is an address behind which there is one server now and another later: a virtual address, or a load balancer.
type proxy struct {
	addr string

	mu      sync.Mutex
	targets []string
	turn    int
	open    map[net.Conn]bool
	deaf    atomic.Bool // what servers answer is lost
}

// newProxy passes new connections on to its targets in turn, the next one when one refuses.
func newProxy(t testing.TB, targets ...string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), targets: targets, open: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

func (p *proxy) dial() (net.Conn, error) {
	p.mu.Lock()
	targets := make([]string, 0, len(p.targets))
	for i := range p.targets {
		targets = append(targets, p.targets[(p.turn+i)%len(p.targets)])
	}
	p.turn++
	p.mu.Unlock()
	var err error
	for _, to := range targets {
		var c net.Conn
		if c, err = net.DialTimeout("tcp", to, time.Second); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := p.dial()
	if err != nil {
		return
	}
	defer server.Close()
	p.keep(client, server, true)
	defer p.keep(client, server, false)
	done := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(server, client)
		done <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(answers{client, &p.deaf}, server)
		done <- struct{}{}
	}()
	<-done
}

func (p *proxy) keep(a, b net.Conn, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []net.Conn{a, b} {
		if open {
			p.open[c] = true
		} else {
			delete(p.open, c)
		}
	}
}

// to has new connections go elsewhere; those that are open stay where they are.
func (p *proxy) to(targets ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = targets
}

// cut breaks everything that is open.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

// answers are what goes back to a client, unless the way is broken.
type answers struct {
	net.Conn
	deaf *atomic.Bool
}

func (a answers) Write(b []byte) (int, error) {
	if a.deaf.Load() {
		return len(b), nil
	}
	return a.Conn.Write(b)
}
