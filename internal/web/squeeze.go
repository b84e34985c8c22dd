package web

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// recorder remembers what was answered, for the log.
type recorder struct {
	http.ResponseWriter
	pattern    string
	status     int
	bytes      int
	turnedAway bool // there was no place
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += n
	return n, err
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// squeezer compresses answers that are text. Pages hold no secret beside text that a
// stranger chooses (there are no form tokens), so their length tells nothing.
type squeezer struct {
	http.ResponseWriter
	accepts bool
	decided bool
	zip     *gzip.Writer
}

// zips are kept: one has tables of almost a megabyte.
var zips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func squeeze(w http.ResponseWriter, r *http.Request) *squeezer {
	return &squeezer{ResponseWriter: w, accepts: strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Method != http.MethodHead}
}

func (s *squeezer) WriteHeader(status int) {
	s.decide(status)
	s.ResponseWriter.WriteHeader(status)
}

func (s *squeezer) Write(b []byte) (int, error) {
	if !s.decided {
		s.WriteHeader(http.StatusOK)
	}
	if s.zip != nil {
		return s.zip.Write(b)
	}
	return s.ResponseWriter.Write(b)
}

func (s *squeezer) decide(status int) {
	if s.decided {
		return
	}
	s.decided = true
	h := s.Header()
	if status == http.StatusNoContent || status == http.StatusNotModified || h.Get("Content-Encoding") != "" || !isText(h.Get("Content-Type")) {
		return
	}
	h.Add("Vary", "Accept-Encoding")
	if !s.accepts {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	s.zip, _ = zips.Get().(*gzip.Writer)
	s.zip.Reset(s.ResponseWriter)
}

func (s *squeezer) close() {
	if s.zip != nil {
		_ = s.zip.Close() // a browser that went away needs no answer
		zips.Put(s.zip)
		s.zip = nil
	}
}

func (s *squeezer) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func isText(mediaType string) bool {
	for _, t := range []string{"text/", "image/svg+xml", "application/json"} {
		if strings.HasPrefix(mediaType, t) {
			return true
		}
	}
	return false
}
