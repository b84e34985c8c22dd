package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// bareSelect is what the product asks about a number, as the product writes it.
const bareSelect = `SELECT c.type, c.state, c.valid_until, CASE WHEN o.hold <> '' THEN 1 ELSE 0 END, CASE WHEN o.closed_at IS NOT NULL THEN 1 ELSE 0 END,
	CASE WHEN d.card_id IS NOT NULL AND c.state IN ('produced', 'active') THEN 1 ELSE 0 END
	FROM card c JOIN company o ON o.id = c.company_id LEFT JOIN restored_card d ON d.card_id = c.id WHERE c.number = $1`

// bareAnswer has the members of the reader API's answer, so that as many bytes are written.
type bareAnswer struct {
	CardNumber string `json:"card_number"`
	CardType   string `json:"card_type"`
	Valid      bool   `json:"valid"`
	Reason     string `json:"reason"`
	ValidUntil string `json:"valid_until"`
	AsOf       string `json:"as_of"`
}

// serveBare is the other side of the comparison: net/http, and either a fixed answer or one prepared statement. It runs in a
// process of its own: bench bare hello|sqlite|postgres address [database].
func serveBare(args []string) error {
	handler := http.HandlerFunc(hello)
	if args[0] != "hello" {
		pool, err := barePool(args[0], args[2])
		if err != nil {
			return err
		}
		statement, err := pool.Prepare(bareSelect)
		if err != nil {
			return err
		}
		handler = func(w http.ResponseWriter, r *http.Request) { selected(w, r, statement) }
	}
	mux := http.NewServeMux()
	mux.Handle("GET /reader/v1/cards/{number}", handler)
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	l, err := net.Listen("tcp", args[1])
	if err != nil {
		return err
	}
	return (&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

func barePool(engine, address string) (*sql.DB, error) {
	if engine == "postgres" {
		cfg, err := pgx.ParseConfig(address)
		if err != nil {
			return nil, err
		}
		pool := stdlib.OpenDB(*cfg)
		pool.SetMaxOpenConns(20)
		pool.SetMaxIdleConns(20)
		return pool, nil
	}
	pool, err := sql.Open("sqlite", "file:"+address+"?mode=ro&_pragma=query_only(1)&_pragma=busy_timeout(5000)&_pragma=mmap_size(268435456)")
	if err == nil {
		pool.SetMaxOpenConns(4)
		pool.SetMaxIdleConns(4)
	}
	return pool, err
}

func hello(w http.ResponseWriter, r *http.Request) {
	reply(w, bareAnswer{r.PathValue("number"), "standard", true, "ok", "2027-11-20", time.Now().UTC().Format(time.RFC3339Nano)})
}

func selected(w http.ResponseWriter, r *http.Request, statement *sql.Stmt) {
	var kind, state, until string
	var hold, closed, doubted int64
	number := r.PathValue("number")
	if err := statement.QueryRowContext(r.Context(), number).Scan(&kind, &state, &until, &hold, &closed, &doubted); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	now := time.Now()
	reason := "ok"
	switch {
	case doubted != 0:
		reason = "unknown"
	case state != "active":
		reason = state
	case until < now.Format(time.DateOnly):
		reason = "expired"
	case hold != 0:
		reason = "company_suspended"
	case closed != 0:
		reason = "company_closed"
	}
	reply(w, bareAnswer{number, kind, reason == "ok", reason, until, now.UTC().Format(time.RFC3339Nano)})
}

func reply(w http.ResponseWriter, a bareAnswer) {
	data, err := json.Marshal(a)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(data, '\n'))
}

// startBare runs one of them beside this process.
func (b *bench) startBare(kind, database string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addr := freeAddr()
	p, err := start(b.ctx, "bare "+kind, self, nil, "http://"+addr+"/readyz", "bare", kind, addr, database)
	if err != nil {
		return nil, err
	}
	p.url = addr
	if strings.HasPrefix(kind, "postgres") {
		p.family = b.pgBackends
	}
	return p, nil
}

// freeAddr is an address that nobody listens on now.
func freeAddr() string {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port)
}
