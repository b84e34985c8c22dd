package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// Binary builds kortverk once for all tests of the process. KV_BINARY names
// one that is built already, a release for instance.
var Binary = sync.OnceValues(func() (string, error) {
	if file := os.Getenv("KV_BINARY"); file != "" {
		return filepath.Abs(file)
	}
	file, err := Build()
	built = file
	return file, err
})

var built string // by Binary

// Build builds kortverk with flags of `go build` in a folder of its own, which
// the caller may remove.
func Build(flags ...string) (file string, err error) {
	dir, err := os.MkdirTemp("", "kortverk-test")
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "kortverk")
	args := append(append([]string{"build"}, flags...), "-o", file, "github.com/kortverk/kortverk/cmd/kortverk")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %v\n%s", err, out)
	}
	return file, nil
}

// Main runs a package's tests, which wait (for the bureau, for the mail that
// can be undone) more than they compute, so that several run beside each other,
// and removes the binary.
func Main(m *testing.M, end ...func()) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(max(4, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	code := m.Run()
	for _, fn := range end {
		fn()
	}
	if built != "" {
		_ = os.RemoveAll(filepath.Dir(built))
	}
	os.Exit(code)
}

// Sandbox is a running product with its world: one process (Start), or two
// (Production).
type Sandbox struct {
	T    testing.TB `json:"-"`
	Data string     `json:"-"` // folder of dev.json
	File string     `json:"-"` // the program; empty: Binary
	Cmd  *exec.Cmd  `json:"-"`
	Log  *Log       `json:"-"`

	Photo []byte `json:"-"` // uploaded instead of the cast's portraits, when set

	Product struct{ URL, Ready string }
	World   struct{ URL, Phone, Mail, Bureau, Reader, Clock, Program string }
	Reader  struct{ URL, Key string }

	Companies []struct{ Cast, ID, Name string }
	Cast      []Person

	command string
	env     []string
}

// Log is what a process prints, which may be read while it runs.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Person is one of the cast, as dev.json tells of them.
type Person struct {
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

// Engines runs a test on each database.
func Engines(t *testing.T, fn func(t *testing.T, s *Sandbox)) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			fn(t, Start(t, engine))
		})
	}
}

// Start runs `kortverk dev` on free ports and waits until it is ready. env is
// set over what that needs.
func Start(t testing.TB, engine string, env ...string) *Sandbox {
	t.Helper()
	return StartIn(t, t.TempDir(), engine, env...)
}

// StartIn is Start in a folder that may have been lived in.
func StartIn(t testing.TB, data, engine string, env ...string) *Sandbox {
	t.Helper()
	s := &Sandbox{T: t, Data: data, Log: &Log{}}
	base := []string{"KORTVERK_DATA=" + s.Data, "KORTVERK_ADDR=localhost:0", "KORTVERK_WORLD_ADDR=localhost:0"}
	if engine == "postgres" {
		base = append(base, "KORTVERK_DATABASE_URL="+dbtest.Options(t, engine).URL)
	}
	s.Launch("dev", append(base, env...))
	s.Wait("dev.json and readiness", func() bool { return s.ReadDevJSON() && s.Ready() })
	return s
}

// ReadDevJSON reads where everything is, and whether it could.
func (s *Sandbox) ReadDevJSON() bool {
	data, err := os.ReadFile(filepath.Join(s.Data, "dev.json"))
	return err == nil && json.Unmarshal(data, s) == nil
}

// Ready asks the product.
func (s *Sandbox) Ready() bool {
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

// Stop ends the program as an operator would, and insists.
func (s *Sandbox) Stop() {
	if s.Cmd.ProcessState != nil {
		return
	}
	_ = s.Cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- s.Cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			s.T.Errorf("did not stop well: %v", err)
		}
	case <-time.After(20 * time.Second):
		_ = s.Cmd.Process.Kill()
		<-done
		s.T.Error("did not stop within 20 seconds of SIGTERM")
	}
}

// Person finds one of the cast.
func (s *Sandbox) Person(id string) Person {
	s.T.Helper()
	for _, p := range s.Cast {
		if p.ID == id {
			return p
		}
	}
	s.T.Fatalf("nobody in the cast is %q", id)
	return Person{}
}

// Company is the path of a company's pages.
func (s *Sandbox) Company(id string) string {
	s.T.Helper()
	for _, c := range s.Companies {
		if c.Cast == id {
			return "/o/" + c.ID
		}
	}
	s.T.Fatalf("no company %q", id)
	return ""
}

// Tail is the last n lines.
func Tail(s string, n int) string {
	lines := strings.Split(s, "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}

// FreeAddr is an address that nobody listens on now.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
}

// Command runs one command to its end and answers what it printed.
func Command(t testing.TB, env []string, args ...string) string {
	t.Helper()
	file, err := Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kortverk %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Production is `kortverk serve` on an empty database with `kortverk world`
// beside it, configured as docs/operations/first-start.md says, and by more over that. The
// answer is the sandbox to walk in, whose process is the product's, and the
// bootstrap's link.
func Production(t testing.TB, engine string, more ...string) (s *Sandbox, link string) {
	t.Helper()
	return ProductionOf(t, "", engine, more...)
}

// ProductionOf is Production with a program that Build made for what serves; the world and the commands are Binary's.
func ProductionOf(t testing.TB, file, engine string, more ...string) (s *Sandbox, link string) {
	t.Helper()
	dir := t.TempDir()
	addr := FreeAddr(t)
	env := []string{
		"KORTVERK_DATA=" + filepath.Join(dir, "data"), "KORTVERK_ADDR=" + addr, "KORTVERK_ADMIN_ADDR=localhost:0",
		"KORTVERK_BASE_URL=http://" + addr, "KORTVERK_KEY_FILE=" + filepath.Join(dir, "keys.json"), "KORTVERK_SANDBOX=1",
		"KORTVERK_BATCH_EVERY=2s",
	}
	if engine == "postgres" {
		env = append(env, "KORTVERK_DATABASE_URL="+dbtest.Options(t, engine).URL)
	}
	env = append(env, more...)
	Command(t, env, "keys", "create", filepath.Join(dir, "keys.json"))
	out := Command(t, env, "bootstrap", "--given-name", "Ivar", "--surname", "Holm", "--email", "ivar.holm@kortverk.example")
	link = regexp.MustCompile(`http://\S+/i/\S+`).FindString(out)
	key := strings.TrimSpace(Command(t, env, "reader", "add", "Grind 2"))

	s, settings := Beside(t, dir, "http://"+addr, key)
	s.File = file
	env = append(append(env, settings...), more...)
	s.Launch("serve", env)
	s.Wait("the product", s.Ready)
	return s, link
}

// Beside is `kortverk world` for a product at the address, in a folder of its own below dir. It answers the sandbox to
// launch the product in, and what the product has to be told.
func Beside(t testing.TB, dir, product, readerKey string) (s *Sandbox, settings []string) {
	t.Helper()
	world := &Sandbox{T: t, Data: filepath.Join(dir, "world"), Log: &Log{}}
	world.Launch("world", []string{
		"KORTVERK_DATA=" + world.Data, "KORTVERK_WORLD_ADDR=localhost:0", "KORTVERK_BASE_URL=" + product, "KORTVERK_WORLD_READER_KEY=" + readerKey,
	})
	printed := regexp.MustCompile(`KORTVERK_BUREAU_PUBLIC_KEY=\S+\n`) // the last setting, and all of it
	world.Wait("the world", func() bool { return world.ReadDevJSON() && printed.MatchString(world.Log.String()) })
	for _, m := range regexp.MustCompile(`(?m)^  export (KORTVERK_\w+=\S+)$`).FindAllStringSubmatch(world.Log.String(), -1) {
		settings = append(settings, m[1])
	}
	s = &Sandbox{T: t, Data: world.Data, Log: &Log{}}
	s.ReadDevJSON()
	return s, settings
}

// Launch starts a command that stays, and stops it with the test. What the
// product leaves behind is audited.
func (s *Sandbox) Launch(command string, env []string) {
	s.T.Helper()
	s.command, s.env = command, env
	s.T.Cleanup(func() {
		if s.T.Failed() {
			s.T.Logf("kortverk %s printed:\n%s", command, Tail(s.Log.String(), 60))
		}
	})
	s.Again()
	s.T.Cleanup(func() { s.Stop() })
	if command != "world" {
		s.T.Cleanup(func() { audited(s.T, env) })
	}
}

// Setting is what a variable of the command's environment is set to by the test.
func (s *Sandbox) Setting(name string) (value string) {
	for _, e := range s.env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// Again starts the command that was launched once more, as it was, with more set this time.
func (s *Sandbox) Again(more ...string) {
	s.T.Helper()
	file := s.File
	if file == "" {
		var err error
		if file, err = Binary(); err != nil {
			s.T.Fatal(err)
		}
	}
	s.Cmd = exec.Command(file, s.command)
	s.Cmd.Env = slices.Concat(os.Environ(), s.env, more)
	s.Cmd.Stdout, s.Cmd.Stderr = s.Log, s.Log
	if err := s.Cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
}

// Kill ends the process as a power cut would.
func (s *Sandbox) Kill() {
	_ = s.Cmd.Process.Kill()
	_ = s.Cmd.Wait()
}

// audited has the checker read what a test has left behind, while it still runs: no journey leaves anything that can't be.
func audited(t testing.TB, env []string) {
	file, err := Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(file, "audit")
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("kortverk audit: %v\n%s", err, out)
	} else {
		t.Logf("%s", out)
	}
}
