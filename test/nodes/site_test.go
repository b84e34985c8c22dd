package nodes

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/test/harness"
)

// site is several nodes on one database, behind one address, with one world.
type site struct {
	t     *testing.T
	kept  harness.Release
	front *proxy // the address that people and the world know
	all   *harness.Sandbox
	nodes []*harness.Sandbox
}

// hurried is the program with leases a tenth as long, so that what a dead node held is free after two seconds.
// KV_BINARY_FAILPOINT names one that is built already.
var hurried = sync.OnceValues(func() (string, error) {
	if file := os.Getenv("KV_BINARY_FAILPOINT"); file != "" {
		return file, nil
	}
	file, err := harness.Build("-tags", "failpoint")
	built = file
	return file, err
})

var built string // by hurried

// newSite loads the kept database into an empty one and starts a node for each address of that; file "" is the ordinary program.
func newSite(t *testing.T, file, load string, databases ...string) *site {
	t.Helper()
	s := &site{t: t, kept: harness.Kept(t, "schema9", dbtest.Postgres)}
	s.kept.Load(t, load)
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.json")
	s.kept.Keys(t, keys)
	addrs := make([]string, len(databases))
	for i := range addrs {
		addrs[i] = "127.0.0.1:" + freePort(t)
	}
	s.front = newProxy(t, addrs...)
	base := "http://" + s.front.addr
	var settings []string
	s.all, settings = harness.Beside(t, dir, base, s.kept.Reader)
	s.kept.Has(s.all)
	for i, database := range databases {
		node := *s.all
		node.Log, node.File = &harness.Log{}, file
		node.Product.URL, node.Product.Ready = "http://"+addrs[i], "http://"+addrs[i]+"/readyz"
		node.Reader.URL = strings.Replace(s.all.Reader.URL, base, node.Product.URL, 1)
		data := filepath.Join(dir, "node"+strconv.Itoa(i))
		if err := os.Mkdir(data, 0o700); err != nil {
			t.Fatal(err)
		}
		node.Launch("serve", append([]string{
			"KORTVERK_DATA=" + data, "KORTVERK_ADDR=" + addrs[i], "KORTVERK_ADMIN_ADDR=localhost:0", "KORTVERK_BASE_URL=" + base,
			"KORTVERK_DATABASE_URL=" + database, "KORTVERK_KEY_FILE=" + keys, "KORTVERK_SANDBOX=1", "KORTVERK_BATCH_EVERY=2s",
		}, settings...))
		s.nodes = append(s.nodes, &node)
	}
	for _, n := range s.nodes {
		n.Wait("the node", n.Ready)
	}
	return s
}

// at is a person's browser, at another node.
func at(p *harness.Program, node *harness.Sandbox) *harness.Program {
	q := *p
	q.S = node
	return &q
}

// hand is a browser that takes every answer, also none.
type hand struct {
	client      *http.Client
	base        string
	cookie      string
	reader, key string
}

func newHand(p *harness.Program, node *harness.Sandbox) *hand {
	var all []string
	for name, value := range p.Cookies {
		all = append(all, name+"="+value)
	}
	return &hand{
		base: node.Product.URL, cookie: strings.Join(all, "; "),
		client: &http.Client{Timeout: 90 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// do sends a request and takes every answer.
func (h *hand) do(method, path string, form url.Values) (a harness.Answer, err error) {
	req, err := http.NewRequest(method, h.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return a, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Cookie", h.cookie)
	res, err := h.client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return harness.Answer{Status: res.StatusCode, Location: res.Header.Get("Location"), Body: string(body)}, err
}

// check asks as a reader.
func (h *hand) check(number string) (v harness.Verdict, status int, err error) {
	req, err := http.NewRequest(http.MethodGet, strings.Replace(h.reader, "{number}", number, 1), nil)
	if err != nil {
		return v, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	res, err := h.client.Do(req)
	if err != nil {
		return v, 0, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		err = json.NewDecoder(res.Body).Decode(&v)
	}
	return v, res.StatusCode, err
}
