package nodes

import (
	"bytes"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// cluster is a primary and a standby that has everything that was answered.
type cluster struct {
	t       *testing.T
	dir     string
	bin     string
	as      []string
	primary *server
	standby *server
}

type server struct {
	data string
	port string
	up   bool
}

func (s *server) addr() string { return "127.0.0.1:" + s.port }

// newCluster makes both; they end with the test, and with its process however that ends.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "kvha")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, dir: dir}
	c.bin, c.as = dbtest.Tools(t, dir)
	c.primary = &server{data: filepath.Join(dir, "one"), port: freePort(t)}
	c.standby = &server{data: filepath.Join(dir, "two"), port: freePort(t)}
	c.watch()
	c.run(c.bin+"/initdb", "-D", c.primary.data, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres")
	c.start(c.primary)
	for _, query := range []string{
		`CREATE ROLE kortverk LOGIN`, `CREATE DATABASE kortverk OWNER kortverk`,
	} {
		c.exec(c.primary, query)
	}
	c.rebuild(c.standby)
	return c
}

// watch stops what runs in the folder and removes it when the test, or its process, has ended.
func (c *cluster) watch() {
	stop := ""
	for _, s := range []*server{c.primary, c.standby} {
		stop += strings.Join(append(append([]string{}, c.as...), c.bin+"/pg_ctl", "-D", s.data, "-m", "immediate", "-s", "stop"), " ") + " >/dev/null 2>&1; "
	}
	dog := exec.Command("/bin/sh", "-c", "trap '' INT TERM HUP; cat >/dev/null; cd /; "+stop+"rm -rf "+c.dir)
	dog.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := dog.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	if err := dog.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = pipe.Close()
		_ = dog.Wait()
	})
}

func (c *cluster) command(args ...string) *exec.Cmd {
	all := append(append([]string{}, c.as...), args...)
	cmd := exec.Command(all[0], all[1:]...)
	cmd.Dir = "/"
	return cmd
}

func (c *cluster) run(args ...string) {
	c.t.Helper()
	out, err := os.CreateTemp("", "kvha-out") // a file: a server keeps what it inherits, and a pipe would be waited for
	if err != nil {
		c.t.Fatal(err)
	}
	defer os.Remove(out.Name()) //nolint:errcheck // a temporary file
	defer out.Close()           //nolint:errcheck // only read
	cmd := c.command(args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		c.t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, bytes.TrimSpace(said))
	}
}

func (c *cluster) start(s *server) {
	c.t.Helper()
	c.run(c.bin+"/pg_ctl", "-D", s.data, "-w", "-s", "-l", s.data+".log", "-o",
		"-p "+s.port+" -k "+c.dir+" -c listen_addresses=127.0.0.1 -c wal_level=replica -c hot_standby=on -c max_wal_senders=5"+
			" -c max_connections=100 -c shared_buffers=32MB -c wal_keep_size=256MB -c synchronous_commit=on -c fsync=on", "start")
	s.up = true
}

// stop ends a server: "fast" as an administrator does, "immediate" as a crash.
func (c *cluster) stop(s *server, how string) {
	c.t.Helper()
	c.run(c.bin+"/pg_ctl", "-D", s.data, "-w", "-s", "-m", how, "stop")
	s.up = false
}

// promote makes the standby the primary; the other isn't one any more, whatever it thinks.
func (c *cluster) promote() {
	c.t.Helper()
	c.run(c.bin+"/pg_ctl", "-D", c.standby.data, "-w", "-s", "promote")
	c.primary, c.standby = c.standby, c.primary
}

// rebuild makes a stopped or new server the primary's standby, and waits until every commit waits for it.
func (c *cluster) rebuild(s *server) {
	c.t.Helper()
	if err := os.RemoveAll(s.data); err != nil {
		c.t.Fatal(err)
	}
	c.run(c.bin+"/pg_basebackup", "-D", s.data, "-h", "127.0.0.1", "-p", c.primary.port, "-U", "postgres", "-c", "fast", "-X", "stream", "-R", "--no-sync")
	f, err := os.OpenFile(filepath.Join(s.data, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	// When it is promoted it has no standby, and must not wait for one.
	if _, err := fmt.Fprintln(f, "synchronous_standby_names = ''"); err != nil {
		c.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.start(s)
	c.exec(c.primary, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
	c.exec(c.primary, `SELECT pg_reload_conf()`)
	c.wait("the standby to be synchronous", func() bool {
		return c.count(c.primary, `SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'`) == 1
	})
}

func (c *cluster) wait(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	c.t.Fatalf("waited in vain for %s", what)
}

func (c *cluster) open(s *server, database string) *sql.DB {
	c.t.Helper()
	d, err := sql.Open("pgx", "postgres://postgres@"+s.addr()+"/"+database+"?default_query_exec_mode=simple_protocol")
	if err != nil {
		c.t.Fatal(err)
	}
	return d
}

// exec runs a manager's statement, which waits for no standby.
func (c *cluster) exec(s *server, query string) {
	c.t.Helper()
	c.execIn("postgres", s, query)
}

func (c *cluster) execIn(database string, s *server, query string) {
	c.t.Helper()
	d := c.open(s, database)
	defer d.Close()
	d.SetMaxOpenConns(1)
	if _, err := d.Exec(`SET synchronous_commit = local`); err != nil {
		c.t.Fatal(err)
	}
	if _, err := d.Exec(query); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
}

func (c *cluster) count(s *server, query string) (n int) {
	c.t.Helper()
	d := c.open(s, "postgres")
	defer d.Close()
	if err := d.QueryRow(query).Scan(&n); err != nil {
		c.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// sessions are the product's on a server.
func (c *cluster) sessions(s *server) int {
	c.t.Helper()
	return c.count(s, `SELECT count(*) FROM pg_stat_activity WHERE usename = 'kortverk'`)
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
