package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// binary builds kortverk once for all tests of the package. KV_BINARY names
// one that is built already, a release for instance.
var binary = sync.OnceValues(func() (string, error) {
	if file := os.Getenv("KV_BINARY"); file != "" {
		return filepath.Abs(file)
	}
	dir, err := os.MkdirTemp("", "kortverk-e2e")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "kortverk")
	out, err := exec.Command("go", "build", "-o", file, "../../cmd/kortverk").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %v\n%s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	// These tests wait (for the bureau, for the mail that can be undone) more
	// than they compute: four beside each other keep two cores busy.
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	code := m.Run()
	if chrome.end != nil {
		chrome.end()
	}
	if file, err := binary(); err == nil && os.Getenv("KV_BINARY") == "" {
		_ = os.RemoveAll(filepath.Dir(file))
	}
	os.Exit(code)
}

// sandbox is a running `kortverk dev`.
type sandbox struct {
	t    *testing.T
	data string
	cmd  *exec.Cmd
	log  *bytes.Buffer

	Product struct{ URL, Ready string }
	World   struct{ URL, Phone, Mail, Bureau, Reader, Clock, Program string }
	Reader  struct{ URL, Key string }

	Companies []struct{ Cast, ID, Name string }
	Cast      []person
}

type person struct {
	ID             string `json:"id"`
	GivenName      string `json:"given_name"`
	Surname        string `json:"surname"`
	PersonalNumber string `json:"personal_number"`
	BirthDate      string `json:"birth_date"`
	Nationality    string `json:"nationality"`
	Email          string `json:"email"`
	Phone          string `json:"phone"`
	Lang           string `json:"lang"`
	Portrait       string `json:"portrait"`
}

// engines runs a test on each database.
func engines(t *testing.T, fn func(t *testing.T, s *sandbox)) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			fn(t, start(t, engine))
		})
	}
}

// start runs `kortverk dev` on free ports and waits until it is ready.
func start(t *testing.T, engine string) *sandbox {
	t.Helper()
	s := &sandbox{t: t, data: t.TempDir(), log: &bytes.Buffer{}}
	env := []string{"KORTVERK_DATA=" + s.data, "KORTVERK_ADDR=localhost:0", "KORTVERK_WORLD_ADDR=localhost:0"}
	if engine == "postgres" {
		env = append(env, "KORTVERK_DATABASE_URL="+dbtest.Options(t, engine).URL)
	}
	s.run(env)
	return s
}

func (s *sandbox) run(env []string) {
	s.t.Helper()
	s.launch("dev", env)
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if s.readDevJSON() && s.ready() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("not ready within 30 seconds:\n%s", s.log)
}

func (s *sandbox) readDevJSON() bool {
	data, err := os.ReadFile(filepath.Join(s.data, "dev.json"))
	return err == nil && json.Unmarshal(data, s) == nil
}

func (s *sandbox) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Product.Ready, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// stop ends the program as an operator would, and insists.
func (s *sandbox) stop() {
	if s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			s.t.Errorf("did not stop well: %v", err)
		}
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		<-done
		s.t.Error("did not stop within 20 seconds of SIGTERM")
	}
}

func (s *sandbox) person(id string) person {
	s.t.Helper()
	for _, p := range s.Cast {
		if p.ID == id {
			return p
		}
	}
	s.t.Fatalf("nobody in the cast is %q", id)
	return person{}
}

func (s *sandbox) company(id string) string {
	s.t.Helper()
	for _, c := range s.Companies {
		if c.Cast == id {
			return "/o/" + c.ID
		}
	}
	s.t.Fatalf("no company %q", id)
	return ""
}

func tail(s string, n int) string {
	lines := strings.Split(s, "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
