package hostile

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/test/harness"
)

// route is a line of the authorisation walk's table.
type route struct {
	method, path string
	may          map[string]rune // who may: y, s, -, x, f as there
}

func (r route) String() string { return r.method + " " + r.path }

// public: nobody needs to sign in for it.
func (r route) public() bool { return r.may[""] != 's' }

// by is the first who may use it, "" for nobody in particular.
func (r route) by() string {
	for _, who := range []string{"alva", "tove", "maj", "ivar", "jonas"} {
		if r.may[who] == 'y' || r.may[who] == 'x' || r.may[who] == 'f' {
			return who
		}
	}
	return "jonas"
}

// routes reads the table out of the source: the walk fails when it isn't the
// router's, so that a new route is attacked without a line here.
func routes(t testing.TB) []route {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/app/authz_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var visitors []string
	var out []route
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		list, ok := spec.Values[0].(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, e := range list.Elts {
			switch spec.Names[0].Name {
			case "visitors":
				visitors = append(visitors, literal(t, e))
			case "expected":
				pair := e.(*ast.KeyValueExpr)
				method, path, _ := strings.Cut(literal(t, pair.Key), " ")
				r := route{method: method, path: path, may: map[string]rune{}}
				for i, who := range visitors {
					r.may[who] = rune(literal(t, pair.Value)[i])
				}
				out = append(out, r)
			}
		}
		return true
	})
	if len(visitors) < 8 || len(out) < 100 {
		t.Fatalf("%d visitors, %d routes", len(visitors), len(out))
	}
	return out
}

func literal(t testing.TB, e ast.Expr) string {
	t.Helper()
	s, err := strconv.Unquote(e.(*ast.BasicLit).Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// fill puts values into a path, random ids where none is given.
func (r route) fill(values map[string]string) string {
	path := strings.ReplaceAll(r.path, "{$}", "")
	return placeholder.ReplaceAllStringFunc(path, func(name string) string {
		if v, ok := values[strings.Trim(name, "{}")]; ok {
			return v
		}
		return uuid.NewString()
	})
}

// wire is a connection on which requests are written byte by byte.
type wire struct {
	t    testing.TB
	host string
	conn net.Conn
	in   *bufio.Reader
}

type reply struct {
	status int
	header http.Header
	body   string
}

func newWire(s *harness.Sandbox) *wire {
	return &wire{t: s.T, host: strings.TrimPrefix(s.Product.URL, "http://")}
}

func (w *wire) open() {
	w.t.Helper()
	conn, err := net.DialTimeout("tcp", w.host, 10*time.Second)
	if err != nil {
		w.t.Fatal(err)
	}
	w.conn, w.in = conn, bufio.NewReader(conn)
}

// send writes a request as it stands, and reads an answer; status 0 is a
// connection that was closed without one.
func (w *wire) send(method, request string) reply {
	w.t.Helper()
	for range 2 { // the server may have closed an idle connection
		if w.conn == nil {
			w.open()
		}
		_ = w.conn.SetDeadline(time.Now().Add(60 * time.Second))
		_, werr := io.WriteString(w.conn, request)
		res, err := http.ReadResponse(w.in, &http.Request{Method: method})
		if err != nil {
			w.close()
			if werr == nil && strings.Contains(err.Error(), "malformed") {
				w.t.Errorf("%.80q is answered with no HTTP: %v", request, err)
				return reply{}
			}
			continue
		}
		body, err := io.ReadAll(res.Body)
		if err != nil || res.Close {
			w.close()
		}
		return reply{res.StatusCode, res.Header, string(body)}
	}
	return reply{}
}

func (w *wire) close() {
	_ = w.conn.Close()
	w.conn = nil
}

// ask sends an ordinary request to an odd target.
func (w *wire) ask(p *harness.Program, method, target string, header ...string) reply {
	w.t.Helper()
	return w.send(method, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nCookie: __Host-sid=%s\r\n%s\r\n",
		method, target, w.host, p.Cookies["__Host-sid"], strings.Join(append(header, ""), "\r\n")))
}
