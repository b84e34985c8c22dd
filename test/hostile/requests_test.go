package hostile

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// attack is a sandbox with somebody of each role, and ids that exist.
type attack struct {
	*harness.Sandbox
	people map[string]*harness.Program
	ids    map[string]string
	wire   *wire
	admin  string
}

func newAttack(t *testing.T) *attack {
	t.Helper()
	a := &attack{admin: harness.FreeAddr(t), people: map[string]*harness.Program{}, ids: map[string]string{"lines": "lines", "number": "BB-1234-567897"}}
	a.Sandbox = harness.Start(t, "sqlite", "KORTVERK_ADMIN_ADDR="+a.admin)
	for _, who := range []string{"alva", "bjorn", "tove", "maj", "ivar", "jonas"} {
		a.people[who] = a.SignIn(who)
	}
	a.people[""] = a.Stranger()
	a.ids["company"] = strings.TrimPrefix(a.Company("furuborg"), "/o/")
	order, line := a.people["alva"].Order("jonas")
	a.ids["order"] = order[strings.LastIndex(order, "/")+1:]
	a.ids["line"] = line[strings.LastIndex(line, "/")+1:]
	a.wire = newWire(a.Sandbox)
	return a
}

// ends nothing in a log or a figure names what was sent, and nothing panicked.
func (a *attack) calm(traces ...string) {
	a.T.Helper()
	log := a.Log.String()
	figures := get(a.T, "http://"+a.admin+"/metrics")
	for _, trace := range append(traces, "panic", "level=ERROR") {
		if strings.Contains(log, trace) {
			a.T.Errorf("the log has %q", trace)
		}
		if trace != "panic" && strings.Contains(figures, trace) {
			a.T.Errorf("the metrics have %q", trace)
		}
	}
}

// Addresses that are written otherwise than anybody would.
func TestPaths(t *testing.T) {
	t.Parallel()
	a := newAttack(t)
	long := strings.Repeat("a", 8000)
	for _, r := range routes(t) {
		p := a.people[r.by()]
		path := r.fill(a.ids)
		if r.method == http.MethodGet {
			dir, last := path[:strings.LastIndex(path, "/")], path[strings.LastIndex(path, "/")+1:]
			for _, target := range []string{
				"/." + path, "//" + strings.TrimPrefix(path, "/"), "/%2e%2e" + path, "/..%2f.." + path, "/%252e%252e%252f" + path, "/x/.." + path,
				path + "/", path + "//", path + "/.", path + "/..%2f..%2fetc%2fpasswd", path + "%00", path + "%00.jpg", path + "%0d%0aX-Kvhostile:%20x",
				path + "%20", path + ".", path + "::$DATA", path + "%5c..%5c", dir + "%2f" + last, dir + "/%2e/" + last, dir + ";x=kvhostile/" + last,
				path + "?next=//kvhostile.example&lang=%00&after=%27&x=" + long, path + "/" + long, strings.ToUpper(path), "http://kvhostile.example" + path,
			} {
				a.answered(r, target, a.wire.ask(p, "GET", target))
			}
		}
		a.values(r, p, long)
	}
	for _, target := range []string{
		"/assets/", "/assets/..", "/assets/../go.mod", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fkeys.json", "/assets/%5c..%5ckeys.json",
		"/assets/.git/config", "/assets/%00", "/assets/con", "/assets/app.css%00.html", "/../keys.json", "/%2e%2e/kortverk.db", "/kortverk.db", "/keys.json", "/dev.json",
		"/.env", "/debug/pprof/", "/metrics", "/reader/v1/../../metrics", "/reader/v1/cards/..%2f..%2fmetrics", "/gallery/../office", "*", "/?" + long,
	} {
		got := a.wire.ask(a.people["alva"], "GET", target)
		if got.status == 200 && target != "/?"+long {
			t.Errorf("%s is served: %.60q", target, got.body)
		}
		a.answered(route{method: "GET", path: target}, target, got)
	}
	a.calm("kvhostile", "passwd", "%2e", "aaaaaaaa")
}

// values puts odd ones into the places of a path: nothing is there.
func (a *attack) values(r route, p *harness.Program, long string) {
	a.T.Helper()
	for _, m := range placeholder.FindAllStringSubmatch(r.path, -1) {
		if m[1] == "lines" {
			continue // it takes any word, and means the same
		}
		for _, v := range []string{
			"..", "%2e%2e", "%00", "%27%20OR%201=1--", "%25", "_", "null", "0", "-1", "00000000-0000-0000-0000-000000000000", "con", "nul.jpg", "%ff%fe",
			"%E2%80%AE", "%F0%9F%98%80", a.ids["line"] + "%20", a.ids["line"] + "%00", "%7B" + a.ids["line"], "..%5c..%5cwin.ini", "%3Cscript%3Ekvhostile", long,
		} {
			ids := map[string]string{}
			for k, id := range a.ids {
				ids[k] = id
			}
			ids[m[1]] = v
			var got reply
			if r.method == http.MethodGet {
				got = a.wire.ask(p, "GET", r.fill(ids))
			} else {
				got = a.wire.ask(p, "POST", r.fill(ids), "Content-Type: application/x-www-form-urlencoded", "Content-Length: 0")
			}
			a.answered(r, r.fill(ids), got)
			if got.status == 200 && r.path != "/k/{number}" {
				a.T.Errorf("%s with {%s} = %.30q is a page: %d", r, m[1], v, got.status)
			}
		}
	}
}

// answered asserts what is true of every answer to an odd request: it isn't
// our fault, leads nowhere else, and repeats nothing where it could work.
func (a *attack) answered(r route, target string, got reply) {
	a.T.Helper()
	target = target[:min(len(target), 120)]
	if got.status == 0 || got.status >= 500 {
		a.T.Errorf("%s as %.120q: %d", r, target, got.status)
	}
	if got.header.Get("X-Kvhostile") != "" {
		a.T.Errorf("%s as %q writes a header", r, target)
	}
	if to, err := url.Parse(got.header.Get("Location")); err != nil || to.Host != "" || strings.HasPrefix(got.header.Get("Location"), "//") || strings.Contains(got.header.Get("Location"), `\`) {
		a.T.Errorf("%s as %q leads to %q", r, target, got.header.Get("Location"))
	}
	for _, trace := range []string{"<script>kvhostile", "root:x:", "goroutine ", "panic", "SQLITE", "pq:", "/internal/"} {
		if strings.Contains(got.body, trace) {
			a.T.Errorf("%s as %q answers with %q", r, target, trace)
		}
	}
}

// Every route: from elsewhere nothing is changed; other methods are refused;
// the headers that keep a browser safe are there, and none that opens a door.
//
// Rows: 14
func TestEveryRouteFromElsewhere(t *testing.T) {
	t.Parallel()
	a := newAttack(t)
	all := routes(t)
	methods := map[string][]string{}
	for _, r := range all {
		methods[r.fill(a.ids)] = append(methods[r.fill(a.ids)], r.method)
	}
	for _, r := range all {
		p, path := a.people[r.by()], r.fill(a.ids)
		if r.method == http.MethodPost {
			for _, from := range []http.Header{
				{"Sec-Fetch-Site": {"cross-site"}},
				{"Sec-Fetch-Site": {"same-site"}},
				{"Origin": {"https://kvhostile.example"}},
				{"Origin": {"null"}},
				{"Origin": {a.Product.URL + ".kvhostile.example"}},
			} {
				got := raw(p, "POST", path, from, nil)
				if got.Status != 403 {
					t.Errorf("%s from %v: %d", r, from, got.Status)
				}
				a.guarded(r, got)
			}
		}
		for _, method := range []string{"PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "KVHOSTILE", "OPTIONS"} {
			got := raw(p, method, path, http.Header{"Origin": {a.Product.URL}, "Access-Control-Request-Method": {"POST"}}, nil)
			if got.Status != 405 || got.Header.Get("Allow") == "" {
				t.Errorf("%s %s: %d, Allow %q", method, path, got.Status, got.Header.Get("Allow"))
			}
			a.guarded(r, got)
		}
		if r.method == http.MethodGet {
			got, head := p.Try("GET", path, nil), p.Try("HEAD", path, nil)
			if got.Status != head.Status || head.Body != "" {
				t.Errorf("%s: %d with GET, %d and %d bytes with HEAD", r, got.Status, head.Status, len(head.Body))
			}
			a.guarded(r, got)
		}
	}
	a.calm("kvhostile")
}

var sandboxed = regexp.MustCompile(`^http://(kortverk\.)?localhost:\d+$`)

// guarded looks at an answer's headers.
func (a *attack) guarded(r route, got harness.Answer) {
	a.T.Helper()
	for header, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "", "Access-Control-Allow-Credentials": "", "Access-Control-Allow-Methods": "",
	} {
		if got.Header.Get(header) != want {
			a.T.Errorf("%s answers with %s: %q, want %q", r, header, got.Header.Get(header), want)
		}
	}
	policy := got.Header.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "form-action 'self'"} {
		if !slices.Contains(strings.Split(policy, "; "), rule) {
			a.T.Errorf("%s: the content policy lacks %q: %s", r, rule, policy)
		}
	}
	// The sandbox's world shows the pages beside each other, and nobody else does.
	framed := got.Header.Get("X-Frame-Options") == "DENY" && strings.Contains(policy, "frame-ancestors 'none'")
	if _, by, _ := strings.Cut(policy, "frame-ancestors "); !framed && !sandboxed.MatchString(strings.Split(by, "; ")[0]) {
		a.T.Errorf("%s may be framed: %s", r, policy)
	}
	for _, line := range got.Header.Values("Set-Cookie") {
		for _, part := range []string{"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} {
			if !slices.Contains(strings.Split(line, "; "), part) {
				a.T.Errorf("%s sets a cookie without %s: %.30s…", r, part, line)
			}
		}
		if !strings.HasPrefix(line, "__Host-") || strings.Contains(strings.ToLower(line), "domain=") {
			a.T.Errorf("%s sets the cookie %.30s…", r, line)
		}
	}
}

// Bodies that no form makes, to every route that takes one.
func TestBodies(t *testing.T) {
	t.Parallel()
	a := newAttack(t)
	const urlencoded = "application/x-www-form-urlencoded"
	bodies := []struct{ name, kind, body string }{
		{"JSON", "application/json", `{"revision":1,"lang":"sv"}`},
		{"JSON that says it is a form", urlencoded, `{"revision":1}`},
		{"a document type", "text/xml", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`},
		{"nothing", "", ""},
		{"an unknown type", "x/y; charset=utf-7", "a=b"},
		{"a type that is none", ";;;=", "a=b"},
		{"UTF-16", urlencoded + "; charset=utf-16", "\xff\xfea\x00=\x00"},
		{"bad escapes", urlencoded, "revision=%zz&a=%"},
		{"semicolons", urlencoded, "revision=1;lang=sv"},
		{"the same field ten times", urlencoded, strings.Repeat("revision=1&revision=2&", 5)},
		{"a hundred thousand fields", urlencoded, strings.Repeat("a&", 100_000)},
		{"a name of 200 kB", urlencoded, strings.Repeat("a", 200_000) + "=1"},
		{"revisions that are none", urlencoded, "revision=-1&revision=99999999999999999999&revision=%00&revision=1e9"},
		{"a megabyte", urlencoded, "revision=" + strings.Repeat("1", 1<<20)},
		{"two formats", "multipart/form-data; boundary=x", "--x\r\n\r\n"},
	}
	for _, r := range routes(t) {
		if r.method != http.MethodPost || strings.HasPrefix(r.path, "/signout") {
			continue // signing out reads nothing, and would end the test
		}
		for _, b := range bodies {
			got := raw(a.people[r.by()], "POST", r.fill(a.ids), http.Header{"Content-Type": {b.kind}}, []byte(b.body))
			if got.Status >= 500 || got.Status == 0 {
				t.Errorf("%s with %s: %d", r, b.name, got.Status)
			}
			if len(got.Body) > 600_000 {
				t.Errorf("%s with %s answers with %d bytes", r, b.name, len(got.Body))
			}
		}
	}
	a.messages()
	a.calm("passwd", "zz&a")
}

// messages are requests that are wrong as HTTP: each is refused, and the
// next visitor is served.
func (a *attack) messages() {
	t := a.T
	t.Helper()
	host := "Host: " + a.wire.host + "\r\n"
	for name, m := range map[string]string{
		"two lengths":         "POST /theme HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 9\r\n\r\na",
		"a length below zero": "POST /theme HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
		"an odd encoding":     "POST /theme HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two encodings":       "POST /theme HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"a blank in a header": "GET / HTTP/1.1\r\n" + host + "X-A : b\r\n\r\n",
		"no host":             "GET / HTTP/1.1\r\n\r\n",
		"two hosts":           "GET / HTTP/1.1\r\n" + host + host + "\r\n",
		"a host of rubbish":   "GET / HTTP/1.1\r\nHost: a b<script>\r\n\r\n",
		"an old version":      "GET / HTTP/0.9\r\n" + host + "\r\n",
		"a new version":       "GET / HTTP/9.9\r\n" + host + "\r\n",
		"a control in a line": "GET /\x01 HTTP/1.1\r\n" + host + "\r\n",
		"a huge header":       "GET / HTTP/1.1\r\n" + host + "X: " + strings.Repeat("a", 64<<10) + "\r\n\r\n",
		"many headers":        "GET / HTTP/1.1\r\n" + host + strings.Repeat("X-A: b\r\n", 10_000) + "\r\n",
		"no HTTP":             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
	} {
		got := a.wire.send("GET", m)
		if got.status != 0 && (got.status < 400 || got.status >= 500 && got.status != 501 && got.status != 505) {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	if got := a.wire.ask(a.people["alva"], "GET", "/me"); got.status != 200 {
		t.Errorf("after all that: %d", got.status)
	}
}

// What names another host, another address or another caller is not believed.
func TestForwarded(t *testing.T) {
	t.Parallel()
	a := newAttack(t)
	for _, r := range routes(t) {
		if r.method != http.MethodGet {
			continue
		}
		for _, who := range []string{"", r.by()} {
			got := a.wire.send("GET", fmt.Sprintf("GET %s HTTP/1.1\r\nHost: kvhostile.example\r\nX-Forwarded-Host: kvhostile.example\r\nX-Host: kvhostile.example\r\n"+
				"Forwarded: host=kvhostile.example;proto=https\r\nX-Original-URL: /kvhostile\r\nX-Rewrite-URL: /kvhostile\r\nX-HTTP-Method-Override: POST\r\n"+
				"Referer: https://kvhostile.example/kvhostile\r\nUser-Agent: kvhostile <script>\r\nAccept-Language: kvhostile;q=1,sv;q=\"\r\nCookie: __Host-sid=%s; __Host-lang=kvhostile; __Host-theme=kvhostile; __Host-flash=eyJrIjoia3Zob3N0aWxlIn0; __Host-browser=kvhostile\r\n\r\n",
				r.fill(a.ids), a.people[who].Cookies["__Host-sid"]))
			if got.status == 0 || got.status >= 500 || strings.Contains(got.body+got.header.Get("Location"), "kvhostile") {
				t.Errorf("%s as %q at another host: %d %s", r, who, got.status, got.header.Get("Location"))
			}
		}
	}
	limited := 0
	for i := range 40 {
		got := a.wire.send("GET", fmt.Sprintf("GET /reader/v1/cards/BB1234567897 HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer kvhostile\r\nX-Forwarded-For: 203.0.113.%d\r\nX-Real-IP: 203.0.113.%d\r\n\r\n", a.wire.host, i, i))
		if got.status == 429 {
			limited++
		} else if got.status != 401 {
			t.Errorf("a wrong key: %d", got.status)
		}
	}
	if limited == 0 {
		t.Error("forty wrong keys are not limited, when each says that it comes from elsewhere")
	}
	a.calm("kvhostile", "203.0.113")
}
