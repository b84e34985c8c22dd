package neighbours

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// proxy stands between the product and a neighbour.
type proxy struct {
	addr   string
	target string

	mu    sync.Mutex
	mode  func(c net.Conn)
	conns map[net.Conn]bool
	came  int // connections since the mode was set
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	p := &proxy{addr: "localhost:" + port, conns: map[net.Conn]bool{}}
	p.set(refuse)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			p.came++
			p.conns[c] = true
			mode := p.mode
			p.mu.Unlock()
			go func() {
				mode(c)
				_ = c.Close()
				p.mu.Lock()
				delete(p.conns, c)
				p.mu.Unlock()
			}()
		}
	}()
	return p
}

// set changes how the neighbour behaves from now on; what is connected is cut.
func (p *proxy) set(mode func(c net.Conn)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.came = mode, 0
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.came
}

// refuse resets the connection.
func refuse(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// hang takes everything and never answers.
func hang(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// through is a neighbour on a good day.
func (p *proxy) through(c net.Conn) { p.late(0, nil)(c) }

// late brings everything to the neighbour, but its answers only after a time:
// from the beginning, or from when the product has sent some bytes.
func (p *proxy) late(by time.Duration, when []byte) func(c net.Conn) {
	return func(c net.Conn) {
		s, err := net.Dial("tcp", p.target)
		if err != nil {
			return
		}
		defer s.Close()
		held := make(chan struct{})
		if by > 0 && when == nil {
			close(held)
		}
		go func() {
			defer func() { _ = s.(*net.TCPConn).CloseWrite() }()
			var last []byte
			buf := make([]byte, 32<<10)
			for {
				n, err := c.Read(buf)
				if when != nil && n > 0 {
					last = append(last, buf[:n]...)
					if bytes.Contains(last, when) {
						close(held)
						when = nil
					}
					last = last[max(0, len(last)-64):]
				}
				if _, werr := s.Write(buf[:n]); err != nil || werr != nil {
					return
				}
			}
		}()
		buf := make([]byte, 32<<10)
		for {
			n, err := s.Read(buf)
			select {
			case <-held:
				time.Sleep(by)
			default:
			}
			if _, werr := c.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	}
}

// noise is bytes of no protocol.
func noise(c net.Conn) {
	bad := make([]byte, 2000)
	_, _ = rand.Read(bad)
	_, _ = c.Write(bad)
}

// http answers each request alike.
func http(answer string) func(c net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, 1<<20)
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		for n := 0; n < 4; n++ { // an order file comes in several pieces
			if _, err := c.Read(buf); err != nil {
				break
			}
			_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		}
		_, _ = io.WriteString(c, strings.ReplaceAll(answer, "\n", "\r\n"))
	}
}

// smtp greets, and answers each line alike.
func smtp(answer string) func(c net.Conn) {
	return func(c net.Conn) {
		_, _ = io.WriteString(c, "220 mail.example ESMTP\r\n")
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			_, _ = io.WriteString(c, answer+"\r\n")
		}
	}
}
