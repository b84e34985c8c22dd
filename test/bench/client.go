package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a kept connection on which requests are written as they are: Go's client would cost as much as the server.
type conn struct {
	c net.Conn
	r *bufio.Reader
}

func dial(addr string) (*conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, 64<<10)}, nil
}

// do writes one request and reads the whole answer.
func (c *conn) do(request []byte) (status int, body []byte, err error) {
	status, body, _, err = c.full(request)
	return status, body, err
}

// full is do, and where the answer leads.
func (c *conn) full(request []byte) (status int, body []byte, where string, err error) {
	_ = c.c.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := c.c.Write(request); err != nil {
		return 0, nil, "", err
	}
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, nil, "", err
	}
	if len(line) < 12 {
		return 0, nil, "", fmt.Errorf("not HTTP: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, "", err
	}
	length, chunked := -1, false
	for {
		h, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, nil, "", err
		}
		if h = bytes.TrimRight(h, "\r\n"); len(h) == 0 {
			break
		}
		if v, ok := bytes.CutPrefix(h, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(v))
		}
		if v, ok := bytes.CutPrefix(h, []byte("Location: ")); ok {
			where = string(v)
		}
		chunked = chunked || bytes.EqualFold(h, []byte("Transfer-Encoding: chunked"))
	}
	switch {
	case status == 304 || status == 204:
	case chunked:
		body, err = c.chunks()
	case length >= 0:
		body = make([]byte, length)
		_, err = io.ReadFull(c.r, body)
	default:
		err = errors.New("an answer without a length")
	}
	return status, body, where, err
}

func (c *conn) chunks() (body []byte, err error) {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return nil, err
		}
		part := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, part); err != nil {
			return nil, err
		}
		if n == 0 {
			return body, nil
		}
		body = append(body, part[:n]...)
	}
}

// get is a request without a body. more are header lines, each with its end.
func get(path, more string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n")
}

func post(path, more, body string) []byte {
	return []byte("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" + more + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// load are requests that are sent over and over, each with what its answer must hold.
type load struct {
	requests [][]byte
	want     []string // beside each; every hundredth answer is looked at, and every status
}

// outcome is what a load came to.
type outcome struct {
	count     int64
	took      time.Duration
	latencies series // milliseconds
	wrong     int64
	first     string // of what was wrong
}

func (o outcome) perSecond() float64 { return float64(o.count) / o.took.Seconds() }

// check says what is wrong with the answer to the i-th request.
func (l load) check(i int, n int64, status int, body []byte, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case status != 200 && (status != 303 || len(l.want) > 0):
		return fmt.Sprintf("%d: %.200s", status, body)
	case n%100 == 0 && len(l.want) > 0 && !bytes.Contains(body, []byte(l.want[i])):
		return fmt.Sprintf("no %q in %.300s", l.want[i], body)
	}
	return ""
}

// closed keeps n connections busy for a while: throughput.
func (l load) closed(ctx context.Context, addr string, n int, length time.Duration) (outcome, error) {
	var o outcome
	var mu sync.Mutex
	var next atomic.Int64
	end := time.Now().Add(length)
	began := time.Now()
	err := each(n, func(int) error {
		c, err := dial(addr)
		if err != nil {
			return err
		}
		defer c.c.Close()
		var count, wrong int64
		first := ""
		for time.Now().Before(end) && ctx.Err() == nil {
			k := next.Add(1)
			i := int(k) % len(l.requests)
			status, body, err := c.do(l.requests[i])
			if says := l.check(i, k, status, body, err); says != "" {
				wrong++
				first = says
				if err != nil {
					break
				}
				continue
			}
			count++
		}
		mu.Lock()
		defer mu.Unlock()
		o.count, o.wrong = o.count+count, o.wrong+wrong
		if first != "" {
			o.first = first
		}
		return nil
	})
	o.took = time.Since(began)
	return o, err
}

// atRate sends each request at its planned time and counts from there, so that a server that stalls can't hide it by
// keeping the client waiting.
func (l load) atRate(ctx context.Context, addr string, n int, perSecond float64, length time.Duration) (outcome, error) {
	var o outcome
	var mu sync.Mutex
	var next atomic.Int64
	total := int64(perSecond * length.Seconds())
	began := time.Now()
	err := each(n, func(int) error {
		c, err := dial(addr)
		if err != nil {
			return err
		}
		defer c.c.Close()
		for ctx.Err() == nil {
			k := next.Add(1) - 1
			if k >= total {
				return nil
			}
			planned := began.Add(time.Duration(float64(k) / perSecond * float64(time.Second)))
			time.Sleep(time.Until(planned))
			i := int(k) % len(l.requests)
			status, body, err := c.do(l.requests[i])
			ms := float64(time.Since(planned)) / float64(time.Millisecond)
			says := l.check(i, k, status, body, err)
			mu.Lock()
			o.count++
			o.latencies = append(o.latencies, ms)
			if says != "" {
				o.wrong++
				o.first = says
			}
			mu.Unlock()
			if err != nil {
				return err
			}
		}
		return nil
	})
	o.took = time.Since(began)
	return o, err
}

// inTurn sends every request once on one connection: how long each takes when nobody else asks.
func (l load) inTurn(addr string) (outcome, error) {
	var o outcome
	c, err := dial(addr)
	if err != nil {
		return o, err
	}
	defer c.c.Close()
	began := time.Now()
	for i, r := range l.requests {
		at := time.Now()
		status, body, err := c.do(r)
		o.latencies = append(o.latencies, float64(time.Since(at))/float64(time.Millisecond))
		o.count++
		if says := l.check(i, 0, status, body, err); says != "" {
			o.wrong++
			o.first = says
			if err != nil {
				return o, err
			}
		}
	}
	o.took = time.Since(began)
	return o, nil
}

// each runs fn n times at once and answers the first error.
func each(n int, fn func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = fn(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}
