package readerapi

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/check"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/limit"
)

// Config has the limits; zero values are the defaults.
type Config struct {
	IP        func(*http.Request) string // the caller's address; default: the connection's
	PerMinute int                        // questions per key and minute, default 1,200
	WrongKeys int                        // wrong keys per address in ten minutes, default 30
}

type api struct {
	check *check.Service
	log   *slog.Logger
	ip    func(*http.Request) string
	keys  *limit.Limiter
	wrong *limit.Limiter
}

// New makes the handler of /reader/v1/.
func New(c *check.Service, cfg Config, log *slog.Logger) http.Handler {
	if cfg.IP == nil {
		cfg.IP = connection
	}
	if cfg.PerMinute == 0 {
		cfg.PerMinute = 1200
	}
	if cfg.WrongKeys == 0 {
		cfg.WrongKeys = 30
	}
	a := &api{check: c, log: log, ip: cfg.IP, keys: limit.New(cfg.PerMinute, time.Minute), wrong: limit.New(cfg.WrongKeys, 10*time.Minute)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /reader/v1/cards/{number}", a.card)
	mux.HandleFunc("/reader/v1/", func(w http.ResponseWriter, _ *http.Request) {
		a.problem(w, fault.New(fault.NotFound, "readerapi.no_such_resource"))
	})
	return mux
}

func connection(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// answer is the wire form of a decision. A field that isn't known is null.
type answer struct {
	CardNumber string       `json:"card_number"`
	CardType   *string      `json:"card_type"`
	Valid      bool         `json:"valid"`
	Reason     check.Reason `json:"reason"`
	ValidUntil *clock.Date  `json:"valid_until"`
	AsOf       string       `json:"as_of"`
}

func (a *api) card(w http.ResponseWriter, r *http.Request) {
	number, malformed := card.ParseNumber(r.PathValue("number"))
	var d check.Decision
	if !a.known(w, r, func(key string) (reader check.Reader, err error) {
		if malformed != nil {
			return a.check.Authenticate(r.Context(), key)
		}
		reader, d, err = a.check.CheckFor(r.Context(), key, number)
		return reader, err
	}) {
		return
	}
	if malformed != nil {
		a.problem(w, malformed)
		return
	}
	out := answer{CardNumber: string(d.Number), Valid: d.Valid, Reason: d.Reason, AsOf: d.AsOf.UTC().Format(time.RFC3339Nano)}
	if d.Reason != check.Unknown {
		out.CardType, out.ValidUntil = &d.CardType, &d.ValidUntil
	}
	a.write(w, http.StatusOK, "application/json", out)
}

// known lets a request through that shows a key in use, within the limits; ask
// finds its reader. The key is looked at first: a reader behind the same
// address as a misconfigured one goes on working.
func (a *api) known(w http.ResponseWriter, r *http.Request, ask func(key string) (check.Reader, error)) bool {
	key, isBearer := bearer(r.Header.Get("Authorization"))
	if isBearer {
		reader, err := ask(key)
		if err == nil {
			return a.within(w, a.keys, reader.ID.String())
		}
		if fault.KindOf(err) != fault.Unauthenticated {
			a.problem(w, err)
			return false
		}
	}
	if a.within(w, a.wrong, a.ip(r)) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="readers"`)
		a.problem(w, fault.New(fault.Unauthenticated, "check.key_wrong"))
	}
	return false
}

func bearer(header string) (string, bool) {
	scheme, key, ok := strings.Cut(header, " ")
	return strings.TrimSpace(key), ok && strings.EqualFold(scheme, "Bearer")
}

func (a *api) within(w http.ResponseWriter, l *limit.Limiter, who string) bool {
	ok, after := l.Allow(who)
	if !ok {
		seconds := strconv.Itoa(max(1, int((after+time.Second-1)/time.Second)))
		w.Header().Set("Retry-After", seconds)
		a.problem(w, fault.New(fault.TooMany, "readerapi.too_many"))
	}
	return ok
}

// problem is an error as RFC 9457 has it. Titles are English: programs read the
// code.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
}

var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Unauthenticated: http.StatusUnauthorized, fault.NotFound: http.StatusNotFound,
	fault.TooMany: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

var titles = map[string]string{
	"check.key_wrong":            "The reader key is missing, wrong or revoked.",
	"card.number_malformed":      "This is not a card number: two letters, ten digits, the last a check digit.",
	"readerapi.too_many":         "Too many requests; wait as long as Retry-After says.",
	"readerapi.no_such_resource": "There is no such resource.",
}

func (a *api) problem(w http.ResponseWriter, err error) {
	status, known := statuses[fault.KindOf(err)]
	code := fault.CodeOf(err)
	if !known || code == "" {
		a.log.Error("reader request failed", "error", err)
		status, code = http.StatusInternalServerError, "readerapi.failed"
	}
	title := titles[code]
	if title == "" {
		title = http.StatusText(status)
	}
	a.write(w, status, "application/problem+json", problem{Type: "about:blank", Title: title, Status: status, Code: code})
}

func (a *api) write(w http.ResponseWriter, status int, mediaType string, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		a.log.Error("reader answer not written", "error", err)
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if _, err := w.Write(append(data, '\n')); err != nil {
		a.log.Debug("reader went away", "error", err)
	}
}
