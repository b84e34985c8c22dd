package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// server is a PostgreSQL that keeps its data between runs and syncs each commit, as an operator's would.
type server struct {
	bin, dir, sockets string
	as                []string // how to run as somebody whom PostgreSQL accepts
}

func (b *bench) startPostgres() error {
	out, err := exec.CommandContext(b.ctx, "scripts/need.sh", "postgres").Output()
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	s := &server{bin: strings.TrimSpace(string(out)), dir: filepath.Join(b.folder, "postgres")}
	if s.sockets, err = os.MkdirTemp("", "kvbench"); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		s.as = []string{"runuser", "-u", "postgres", "--"}
		if err := s.own(s.sockets); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "PG_VERSION")); err != nil {
		if err := errors.Join(os.MkdirAll(s.dir, 0o700), s.own(s.dir), s.run("initdb", "-D", s.dir, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-U", "postgres")); err != nil {
			return err
		}
	}
	b.pg = s
	b.pgURL = "host=" + s.sockets + " user=postgres"
	return s.run("pg_ctl", "-D", s.dir, "-w", "-s", "-t", "120", "-l", filepath.Join(s.sockets, "log"), "-o",
		"-k "+s.sockets+" -c listen_addresses='' -c shared_buffers=1GB -c max_connections=150 -c max_wal_size=4GB", "start")
}

func (s *server) own(dir string) error {
	if len(s.as) == 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return os.Chown(dir, uid, gid)
}

func (s *server) run(program string, args ...string) error {
	line := append(append([]string{}, s.as...), append([]string{filepath.Join(s.bin, program)}, args...)...)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

func (b *bench) stopPostgres() {
	if b.pg != nil {
		if err := b.pg.run("pg_ctl", "-D", b.pg.dir, "-m", "fast", "-w", "-s", "stop"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		_ = os.RemoveAll(b.pg.sockets)
	}
}

func (b *bench) pgBackends() []int { return backends(b.pg.dir) }
