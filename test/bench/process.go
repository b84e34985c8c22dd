package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a server that is measured.
type process struct {
	cmd    *exec.Cmd
	out    *output
	url    string // where it answers
	took   time.Duration
	name   string
	family func() []int // processes whose time counts as its, a database's for instance
}

// output is what a process prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs a program and waits until its address answers.
func start(ctx context.Context, name, file string, env []string, ready string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(file, args...), out: &output{}, name: name}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for end := began.Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if answers(ctx, ready) {
			p.took = time.Since(began)
			return p, nil
		}
		if time.Now().After(end) || ctx.Err() != nil || syscall.Kill(p.cmd.Process.Pid, 0) != nil {
			p.stop()
			return nil, fmt.Errorf("%s isn't ready:\n%s", name, p.out)
		}
	}
}

func answers(ctx context.Context, url string) bool {
	if url == "" {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode == http.StatusOK
}

// stop ends it as an operator would. What it printed stays beside the result.
func (p *process) stop() {
	defer func() {
		if p != nil {
			_ = os.WriteFile(filepath.Join("var/bench", strings.ReplaceAll(p.name, " ", "-")+".log"), []byte(p.out.String()), 0o644)
		}
	}()
	if p == nil || p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(20*time.Second, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	timer.Stop()
}

// cpu is the processor time that it has used, of its family too.
func (p *process) cpu() time.Duration {
	pids := []int{p.cmd.Process.Pid}
	if p.family != nil {
		pids = append(pids, p.family()...)
	}
	var sum time.Duration
	for _, pid := range pids {
		sum += cpuOf(pid)
	}
	return sum
}

const tick = 10 * time.Millisecond // of /proc, on every Linux

func cpuOf(pid int) time.Duration {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick
}

// machineCPU is the time that all processors were busy.
func machineCPU() time.Duration {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(strings.SplitN(string(data), "\n", 2)[0])
	var busy int64
	for i, f := range fields[1:] {
		n, _ := strconv.ParseInt(f, 10, 64)
		if i != 3 && i != 4 { // idle, waiting for a disk
			busy += n
		}
	}
	return time.Duration(busy) * tick
}

// rss is the memory that it has, in MiB.
func (p *process) rss() float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB`).FindSubmatch(data)
	if m == nil {
		return 0
	}
	kib, _ := strconv.ParseFloat(string(m[1]), 64)
	return kib / 1024
}

// backends are the processes of a PostgreSQL server, by their parent.
func backends(dataDir string) []int {
	data, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil {
		return nil
	}
	parent, _, _ := strings.Cut(string(data), "\n")
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%s/task/%s/children", parent, parent))
	var out []int
	for _, c := range strings.Fields(string(children) + " " + parent) {
		if pid, err := strconv.Atoi(c); err == nil {
			out = append(out, pid)
		}
	}
	return out
}
