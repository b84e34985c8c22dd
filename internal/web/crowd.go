package web

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Crowd bounds the connections that are open at once, in all and from one address, so that the process always has file
// descriptors for its database and its neighbours. Who comes over it is told so and let go. The nil Crowd bounds nothing.
type Crowd struct {
	max, perAddress int
	exempt          []netip.Prefix

	open     atomic.Int64
	refused  atomic.Uint64
	leaving  atomic.Bool
	refusing chan struct{}
	mu       sync.Mutex
	from     map[netip.Addr]int
}

const (
	refuseAtOnce = 128             // conversations with those who are refused; who comes over that gets the answer unasked
	refuseTime   = 2 * time.Second // of one
	refuseRead   = 64 << 10        // of what they send
)

// What those are told who find no room, in both languages: there is no telling which one they want.
var (
	crowdedPage = wire("text/html; charset=utf-8", `<!doctype html><html lang="sv"><meta charset="utf-8"><meta name="viewport" content="width=device-width">`+
		`<title>Många är här just nu</title><h1>Många är här just nu</h1><p>Inget är förlorat. Vänta en stund och försök igen. Det du skrev finns kvar om du går tillbaka.</p>`+
		`<div lang="en"><h2>Many people are here right now</h2><p>Nothing is lost. Wait a while and try again. What you typed is still there if you go back.</p></div></html>`+"\n")
	crowdedProblem = wire("application/problem+json", busyProblem)
)

func wire(mediaType, body string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: %s\r\nContent-Length: %d\r\nRetry-After: 10\r\n"+
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s", mediaType, len(body), body)
}

// NewCrowd bounds connections to max in all and perAddress from one address (of IPv6 from one /64 network); those of
// exempt networks, the trusted proxies, count in all only.
func NewCrowd(max, perAddress int, exempt []netip.Prefix) *Crowd {
	return &Crowd{max: max, perAddress: perAddress, exempt: exempt, refusing: make(chan struct{}, refuseAtOnce), from: map[netip.Addr]int{}}
}

// Open is how many connections are open; Refused how many were refused since the start.
func (c *Crowd) Open() int64     { return c.open.Load() }
func (c *Crowd) Refused() uint64 { return c.refused.Load() }

// Leave makes every answer from now on the last of its connection: the process is about to stop.
func (c *Crowd) Leave() { c.leaving.Store(true) }

// dense reports whether connections shouldn't wait for a next request.
func (c *Crowd) dense() bool {
	return c != nil && (c.leaving.Load() || c.open.Load() > int64(c.max)*9/10)
}

// Listen bounds what comes in by a listener.
func (c *Crowd) Listen(l net.Listener) net.Listener { return crowded{l, c} }

type crowded struct {
	net.Listener
	crowd *Crowd
}

// Accept answers the next connection that has room.
func (l crowded) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		key, ok := l.crowd.take(conn.RemoteAddr())
		if ok {
			return &counted{Conn: conn, crowd: l.crowd, key: key}, nil
		}
		l.crowd.refuse(conn)
	}
}

// take counts a connection, or doesn't have room for it.
func (c *Crowd) take(remote net.Addr) (key netip.Addr, ok bool) {
	if c.open.Add(1) > int64(c.max) {
		c.open.Add(-1)
		return key, false
	}
	if key = c.key(remote); !key.IsValid() {
		return key, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from[key] >= c.perAddress {
		c.open.Add(-1)
		return key, false
	}
	c.from[key]++
	return key, true
}

func (c *Crowd) give(key netip.Addr) {
	c.open.Add(-1)
	if !key.IsValid() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.from[key]--; c.from[key] <= 0 {
		delete(c.from, key)
	}
}

// key is what counts as one address; none for those who are exempt.
func (c *Crowd) key(remote net.Addr) netip.Addr {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range c.exempt {
		if p.Contains(addr) {
			return netip.Addr{}
		}
	}
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}

// refuse tells a connection to come back. It waits a moment for the request, because some clients take an answer that
// comes before it for a broken line.
func (c *Crowd) refuse(conn net.Conn) {
	c.refused.Add(1)
	_ = conn.SetDeadline(time.Now().Add(refuseTime)) // what can't be set or written: the client is gone
	select {
	case c.refusing <- struct{}{}:
		go func() {
			defer func() { <-c.refusing }()
			c.converse(conn)
		}()
	default: // a few hundred bytes into an empty buffer don't wait
		_, _ = conn.Write(crowdedPage)
		_ = conn.Close()
	}
}

func (c *Crowd) converse(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // nothing to be done about it
	head, buf := []byte(nil), make([]byte, 4<<10)
	for len(head) < refuseRead && !bytes.Contains(head, []byte("\r\n\r\n")) {
		n, err := conn.Read(buf)
		head = append(head, buf[:n]...)
		if err != nil {
			break
		}
	}
	answer := crowdedPage
	if bytes.HasPrefix(head, []byte("GET /reader/")) {
		answer = crowdedProblem
	}
	if _, err := conn.Write(answer); err != nil {
		return
	}
	// What is still on its way must be read: closing before would reset the connection and take the answer away.
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		for total := 0; total < refuseRead; {
			n, err := conn.Read(buf)
			if total += n; err != nil {
				return
			}
		}
	}
}

// counted gives its place back once.
type counted struct {
	net.Conn
	crowd *Crowd
	key   netip.Addr
	once  sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.crowd.give(c.key) })
	return c.Conn.Close()
}
