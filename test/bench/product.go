package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/test/bench/dataset"
)

// build makes the program that is measured; KV_BINARY names one that is there, a release for instance.
func (b *bench) build() (err error) {
	if file := os.Getenv("KV_BINARY"); file != "" {
		b.binary, err = filepath.Abs(file)
		return err
	}
	b.binary = filepath.Join(b.folder, "kortverk")
	cmd := exec.CommandContext(b.ctx, "go", "build", "-o", b.binary, "github.com/kortverk/kortverk/cmd/kortverk")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// startWorld runs the neighbours that the product's configuration names; they are asked for nothing.
func (b *bench) startWorld() error {
	dir := filepath.Join(b.folder, "world")
	p, err := start(b.ctx, "world", b.binary, []string{
		"KORTVERK_DATA=" + dir, "KORTVERK_WORLD_ADDR=localhost:0", "KORTVERK_BASE_URL=http://localhost:1", "KORTVERK_WORLD_READER_KEY=" + dataset.ReaderKey(0),
	}, "", "world")
	if err != nil {
		return err
	}
	b.world = p
	exports := regexp.MustCompile(`(?m)^  export (KORTVERK_\w+=\S+)$`)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if all := exports.FindAllStringSubmatch(p.out.String(), -1); len(all) > 5 {
			time.Sleep(100 * time.Millisecond) // the last line is there with the first, or a moment later
			for _, m := range exports.FindAllStringSubmatch(p.out.String(), -1) {
				b.settings = append(b.settings, m[1])
			}
			return nil
		}
	}
	return fmt.Errorf("the world says nothing:\n%s", p.out)
}

// env is the product's, for a set.
func (b *bench) env(set dataset.Set, addr string) []string {
	env := append([]string{
		"KORTVERK_DATA=" + set.Data, "KORTVERK_ADDR=" + addr, "KORTVERK_ADMIN_ADDR=localhost:0", "KORTVERK_BASE_URL=http://" + addr,
		"KORTVERK_KEY_FILE=" + set.KeyFile, "KORTVERK_SANDBOX=1", "KORTVERK_RECEIPT_OVERDUE=100000h", "KORTVERK_TRUSTED_PROXIES=127.0.0.0/8,::1/128",
	}, b.settings...)
	if set.URL != "" {
		env = append(env, "KORTVERK_DATABASE_URL="+set.URL)
	}
	return env
}

// startProduct runs kortverk serve on a set.
func (b *bench) startProduct(set dataset.Set) (*process, error) {
	addr := freeAddr()
	p, err := start(b.ctx, "kortverk on "+set.Engine, b.binary, b.env(set, addr), "http://"+addr+"/readyz", "serve")
	if err != nil {
		return nil, err
	}
	p.url = addr
	if set.Engine == dataset.Postgres {
		p.family = b.pgBackends
	}
	return p, nil
}

// open is a connection pool to a set, beside the product.
func open(set dataset.Set) (*sql.DB, error) {
	if set.Engine == dataset.Postgres {
		return barePool(set.Engine, set.URL)
	}
	return sql.Open("sqlite", "file:"+set.File()+"?_txlock=immediate&_pragma=busy_timeout(20000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=mmap_size(268435456)")
}

// session signs an account in and answers the header line with its cookie.
func session(ctx context.Context, pool *sql.DB, account string) (string, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	token := base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(token))
	now := time.Now()
	_, err := pool.ExecContext(ctx, `INSERT INTO session (id_hash, public_id, account_id, auth_at, last_seen, expires_at, ip, user_agent)
		VALUES ($1, $2, $3, $4, $4, $5, '127.0.0.1', 'bench')`,
		hex.EncodeToString(sum[:]), rand.Text()[:10], account, now.UnixMicro(), now.Add(8*time.Hour).UnixMicro())
	return "Cookie: __Host-sid=" + token + "\r\n", err
}

// texts reads the one column of a query.
func texts(ctx context.Context, pool *sql.DB, query string, args ...any) ([]string, error) {
	rows, err := pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// rowsOf reads n columns of each row as text.
func rowsOf(ctx context.Context, pool *sql.DB, n int, query string, args ...any) ([][]string, error) {
	rows, err := pool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		values, dest := make([]sql.NullString, n), make([]any, n)
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, err
		}
		line := make([]string, n)
		for i, v := range values {
			line[i] = v.String
		}
		out = append(out, line)
	}
	return out, rows.Err()
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

var errNothing = errors.New("the set has none of what is measured")
