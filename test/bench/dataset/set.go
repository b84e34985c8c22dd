package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/seal"
)

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// form changes when the generator makes other rows.
const form = 1

// FullHistory is the largest set of which every card has its journal.
const FullHistory = 20_000

// Readers is how many machines have a key.
const Readers = 2000

// ReaderKey is the key of the i-th reader.
func ReaderKey(i int) string {
	return "kvr_" + strings.ToUpper(hashed(fmt.Sprintf("reader %d", i))[:26])
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Options say which set.
type Options struct {
	Folder string // where sets are kept
	Cards  int
	Photos int    // default 3,000
	Seed   uint64 // default 1
	Server string // PostgreSQL: a server whose user may create databases
}

// Set is one that is there.
type Set struct {
	Engine  string        `json:"engine"`
	Data    string        `json:"-"` // KORTVERK_DATA
	KeyFile string        `json:"-"`
	URL     string        `json:"-"` // of PostgreSQL's database
	Cards   int           `json:"cards"`
	Lines   int64         `json:"lines"`
	Orders  int64         `json:"orders"`
	Entries int64         `json:"entries"`
	Took    time.Duration `json:"took_ns"`
}

// File is the SQLite database.
func (s Set) File() string { return filepath.Join(s.Data, "kortverk.db") }

// Options are those that open it.
func (s Set) Options(log *slog.Logger) db.Options {
	if s.URL != "" {
		return db.Options{URL: s.URL, Log: log}
	}
	return db.Options{Path: s.File(), Log: log}
}

// Ensure answers the set, and makes it first when it isn't there.
func Ensure(ctx context.Context, o Options, engine string, log *slog.Logger) (Set, error) {
	if o.Photos == 0 {
		o.Photos = 3000
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	name := fmt.Sprintf("%s_%d_%d_v%d", engine, o.Cards, o.Seed, form)
	s := Set{Engine: engine, Data: filepath.Join(o.Folder, name), Cards: o.Cards}
	s.KeyFile = filepath.Join(s.Data, "keys.json")
	var err error
	if engine == Postgres {
		if s.URL, err = withDatabase(o.Server, "kv_bench_"+name); err != nil {
			return s, err
		}
	}
	if data, err := os.ReadFile(s.manifest()); err == nil && json.Unmarshal(data, &s) == nil && s.there(ctx) {
		log.Info("the set is there", "folder", s.Data)
		return s, s.migrate(ctx, log)
	}
	log.Info("making a set", "folder", s.Data, "cards", o.Cards)
	return s, s.make(ctx, o, log)
}

func (s Set) manifest() string { return filepath.Join(s.Data, "set.json") }

// there: PostgreSQL's server may have gone while the folder stayed.
func (s Set) there(ctx context.Context) bool {
	if s.URL == "" {
		return true
	}
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

func (s *Set) make(ctx context.Context, o Options, log *slog.Logger) error {
	began := time.Now()
	if err := errors.Join(os.RemoveAll(s.Data), os.MkdirAll(s.Data, 0o700)); err != nil {
		return err
	}
	if err := seal.Create(s.KeyFile); err != nil {
		return err
	}
	if s.URL != "" {
		if err := createDatabase(ctx, o.Server, s.URL); err != nil {
			return err
		}
	}
	keys, err := seal.Open(s.KeyFile)
	if err != nil {
		return err
	}
	if err := s.migrate(ctx, log); err != nil {
		return err
	}
	if err := s.fill(ctx, o, keys, log); err != nil {
		return err
	}
	s.Took = time.Since(began)
	log.Info("made a set", "took", s.Took.Round(time.Second), "lines", s.Lines, "entries", s.Entries)
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(s.manifest(), data, 0o600)
}

// migrate makes the tables, and brings a set that was made for an older schema up to date.
func (s *Set) migrate(ctx context.Context, log *slog.Logger) error {
	d, err := db.Open(ctx, s.Options(log))
	if err != nil {
		return err
	}
	return errors.Join(d.Migrate(ctx), d.Close())
}

func (s *Set) fill(ctx context.Context, o Options, keys *seal.Keeper, log *slog.Logger) error {
	load := func(out sink) error {
		g := &generator{ctx: ctx, o: o, out: out, keys: keys, r: rand.New(rand.NewPCG(o.Seed, 20261120)), batchSeq: map[int]int{}}
		g.log.out = out
		err := g.run()
		s.Lines, s.Orders, s.Entries = g.lines, g.orders, g.log.size
		log.Info("rows are in", "cards", g.cards)
		return err
	}
	if s.URL != "" {
		return fillPostgres(ctx, s.URL, load)
	}
	out, err := openSQLite(ctx, s.File())
	if err != nil {
		return err
	}
	return errors.Join(out.fill(load), out.close())
}

// withDatabase is a server's address with another database's name.
func withDatabase(server, name string) (string, error) {
	if !strings.HasPrefix(server, "postgres") { // keywords: the last wins
		return server + " dbname=" + name, nil
	}
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("the address of PostgreSQL can't be read")
	}
	u.Path = "/" + name
	return u.String(), nil
}

func createDatabase(ctx context.Context, server, address string) error {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	name := pgx.Identifier{cfg.Database}.Sanitize()
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return err
}
