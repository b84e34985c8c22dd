package web

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// How slow a client may be. Who keeps to it is served however long it takes.
const (
	headTime    = 5 * time.Second  // from the connection, or the request's first byte, to the end of the head
	bodyGrace   = 10 * time.Second // a body may pause this long …
	bodyRate    = 16 << 10         // … and must otherwise come at so many bytes per second
	answerGrace = 30 * time.Second // an answer may stand in the line this long …
	answerRate  = 16 << 10         // … and a second longer for so many bytes
	workTime    = 60 * time.Second // from the head to the first byte of the answer, when there is no body
	idleTime    = 2 * time.Minute  // between two requests: longer than proxies keep their connections
)

// Server is an HTTP server with the time limits that pages need. It speaks HTTP/1.1: HTTP/2 and TLS are the proxy's.
// crowd may be nil.
func Server(h http.Handler, log *slog.Logger, crowd *Crowd) *http.Server {
	return &http.Server{
		Handler:           pace(h, crowd),
		ReadHeaderTimeout: headTime,
		WriteTimeout:      workTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    28 << 10, // net/http adds 4 KiB; so many bytes bound the number of fields, too
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// pace holds a request's client to a rate instead of one flat time limit: a photo over a bad line takes minutes, and
// somebody who sends a byte in ten seconds is cut off all the same. While many are connected, or the process is
// stopping, connections aren't kept for a next request.
func pace(h http.Handler, crowd *Crowd) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		if r.Body != nil && r.Body != http.NoBody {
			b := &pacedBody{ReadCloser: r.Body, control: c, began: time.Now()}
			b.allow()
			r.Body = b
		}
		if crowd.dense() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(&pacedAnswer{ResponseWriter: w, control: c}, r)
	})
}

// pacedBody gives each read as long as the rate allows.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	began   time.Time
	until   time.Time
	read    int64
	ended   atomic.Bool
}

func (b *pacedBody) allow() {
	until := b.began.Add(bodyGrace + time.Duration(b.read)*time.Second/bodyRate)
	if until.Sub(b.until) < 100*time.Millisecond {
		return // a system call for each small read would be slower than the reading
	}
	b.until = until
	_ = b.control.SetReadDeadline(until)                // tests' recorders have none
	_ = b.control.SetWriteDeadline(until.Add(workTime)) // the answer's time begins when the body is there
}

func (b *pacedBody) Read(p []byte) (int, error) {
	b.allow()
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if errors.Is(err, io.EOF) && !b.ended.Swap(true) {
		_ = b.control.SetReadDeadline(time.Time{}) // else the server takes the silence while it works for a client that went away
	}
	return n, err
}

// pacedAnswer gives each write as long as the rate allows.
type pacedAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	began   time.Time
	until   time.Time
	written int64
}

func (a *pacedAnswer) Write(p []byte) (int, error) {
	if a.began.IsZero() {
		a.began = time.Now()
	}
	a.written += int64(len(p))
	until := a.began.Add(answerGrace + time.Duration(a.written)*time.Second/answerRate)
	if until.Sub(a.until) >= time.Second {
		a.until = until
		_ = a.control.SetWriteDeadline(until)
	}
	return a.ResponseWriter.Write(p)
}

func (a *pacedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
