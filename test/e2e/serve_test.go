package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// freeAddr is an address that nobody listens on now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
}

// run1 runs one command to its end and answers what it printed.
func run1(t *testing.T, env []string, args ...string) string {
	t.Helper()
	file, err := binary()
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

// production is `kortverk serve` on an empty database with `kortverk world`
// beside it, configured as docs/operations/first-start.md says. The answer is
// the sandbox to walk in and the bootstrap's link.
func production(t *testing.T, engine string) (s *sandbox, link string) {
	t.Helper()
	dir := t.TempDir()
	addr := freeAddr(t)
	env := []string{
		"KORTVERK_DATA=" + filepath.Join(dir, "data"), "KORTVERK_ADDR=" + addr, "KORTVERK_ADMIN_ADDR=localhost:0",
		"KORTVERK_BASE_URL=http://" + addr, "KORTVERK_KEY_FILE=" + filepath.Join(dir, "keys.json"), "KORTVERK_SANDBOX=1",
		"KORTVERK_BATCH_EVERY=2s",
	}
	if engine == "postgres" {
		env = append(env, "KORTVERK_DATABASE_URL="+dbtest.Options(t, engine).URL)
	}
	run1(t, env, "keys", "create", filepath.Join(dir, "keys.json"))
	out := run1(t, env, "bootstrap", "--given-name", "Ivar", "--surname", "Holm", "--email", "ivar.holm@kortverk.example")
	link = regexp.MustCompile(`http://\S+/i/\S+`).FindString(out)
	key := strings.TrimSpace(run1(t, env, "reader", "add", "Grind 2"))

	world := &sandbox{t: t, data: filepath.Join(dir, "world"), log: &bytes.Buffer{}}
	world.launch("world", []string{
		"KORTVERK_DATA=" + world.data, "KORTVERK_WORLD_ADDR=localhost:0", "KORTVERK_BASE_URL=http://" + addr, "KORTVERK_WORLD_READER_KEY=" + key,
	})
	world.wait("the world", world.readDevJSON)
	for _, m := range regexp.MustCompile(`(?m)^  export (KORTVERK_\w+=\S+)$`).FindAllStringSubmatch(world.log.String(), -1) {
		env = append(env, m[1])
	}
	s = &sandbox{t: t, data: world.data, log: &bytes.Buffer{}}
	s.readDevJSON()
	s.launch("serve", env)
	s.wait("the product", s.ready)
	return s, link
}

// launch starts a command that stays, and stops it with the test.
func (s *sandbox) launch(command string, env []string) {
	s.t.Helper()
	file, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(file, command)
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.stop)
	if command != "world" {
		s.t.Cleanup(func() { audited(s.t, env) })
	}
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("kortverk %s printed:\n%s", command, tail(s.log.String(), 60))
		}
	})
}

// audited has the checker read what a test has left behind, while it still runs: no journey leaves anything that can't be.
func audited(t *testing.T, env []string) {
	file, err := binary()
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

// accept takes an invitation's link and answers where it led.
func (p *program) accept(link string) string {
	p.s.t.Helper()
	p.get(link)
	return p.post(strings.TrimPrefix(link, p.s.Product.URL), url.Values{})
}

// From an empty production database to a valid card: the first officer through
// bootstrap, a reviewer, a company with its orderer, the journey, and a hold
// over the company that comes and goes.
//
// Rows: 14, 15, 22, 66, 67
func TestProductionFromAnEmptyDatabase(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s, link := production(t, engine)
			ivar := s.signIn("ivar")
			if got := ivar.try("GET", "/office/companies", nil); got.Status != 404 {
				t.Errorf("the back office before the invitation is accepted: %d, want 404", got.Status)
			}
			ivar.accept(link)
			ivar.post("/office/staff/invite", url.Values{
				"role": {"reviewer"}, "given_name": {"Tove"}, "surname": {"Granlund"}, "email": {"tove@kortverk.example"}, "lang": {"sv"},
			})
			company := ivar.post("/office/companies/new", url.Values{
				"country": {"SE"}, "organisation_number": {"559999-0016"}, "name": {"Furuborg Bygg AB"},
				"address_name": {"Kontoret"}, "line1": {"Sågverksgatan 4"}, "postcode": {"111 11"}, "city": {"Exempelstad"},
			})
			id := company[strings.LastIndex(company, "/")+1:]
			ivar.post(company+"/invite", url.Values{
				"given_name": {"Alva"}, "surname": {"Lindström"}, "email": {"alva@furuborg.example"}, "lang": {"sv"},
			})
			s.Companies = append(s.Companies, struct{ Cast, ID, Name string }{"furuborg", id, "Furuborg Bygg AB"})

			tove, alva, jonas := s.signIn("tove"), s.signIn("alva"), s.signIn("jonas")
			tove.accept(s.mail("tove@kortverk.example", "/i/"))
			alva.accept(s.mail("alva@furuborg.example", "/i/"))
			_, line := alva.order("jonas")
			tove.review(line)
			jonas.approve()
			number := s.number("Petraitis")
			jonas.activate(number)

			for _, step := range []struct {
				act, reason string
				form        url.Values
			}{
				{"hold", "company_suspended", url.Values{"reason": {"unpaid"}}},
				{"release", "ok", url.Values{}},
			} {
				step.form.Set("revision", ivar.revision(ivar.get(company+"/"+step.act)))
				ivar.post(company+"/"+step.act, step.form)
				if v := s.check(number); v.Reason != step.reason {
					t.Errorf("after %s the reader hears %+v", step.act, v)
				}
			}
			if banner := text(jonas.get("/me").Body); !strings.Contains(banner, "Övningsmiljö") {
				t.Error("a sandbox doesn't say so on every page")
			}
		})
	}
}

// What the world writes is what docs/dev.schema.json promises.
func TestDevJSONHasTheMembersOfItsSchema(t *testing.T) {
	s := start(t, "sqlite")
	var doc, schema map[string]any
	for file, into := range map[string]*map[string]any{filepath.Join(s.data, "dev.json"): &doc, "../../docs/dev.schema.json": &schema} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	for _, wrong := range differences("", schema, doc) {
		t.Error(wrong)
	}
}

// differences compares an object's members with the schema's properties, down
// through objects and the first item of lists.
func differences(path string, schema map[string]any, value any) []string {
	var out []string
	switch v := value.(type) {
	case map[string]any:
		props, _ := schema["properties"].(map[string]any)
		for name, member := range v {
			sub, ok := props[name].(map[string]any)
			if !ok {
				out = append(out, fmt.Sprintf("%s/%s is written, but not in the schema", path, name))
				continue
			}
			out = append(out, differences(path+"/"+name, sub, member)...)
		}
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if _, ok := v[name.(string)]; !ok {
				out = append(out, fmt.Sprintf("%s/%s is required by the schema, but not written", path, name))
			}
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		if len(v) > 0 {
			out = append(out, differences(path+"[0]", items, v[0])...)
		}
	}
	return out
}
