package hostile

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/photo/phototest"
	"github.com/kortverk/kortverk/test/harness"
)

// Every file of the corpus through the form of a photo: refused beside the
// field, or taken in; and what is then served is another file, of pixels only.
// No upload leaves a file behind, and memory stays bounded.
//
// Rows: 26
func TestPictures(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	s := harness.Start(t, "sqlite", "TMPDIR="+temp)
	alva := s.SignIn("alva")
	page := strings.TrimSuffix(alva.Post(s.Company("furuborg")+"/orders/new", url.Values{}), "/who") + "/photo"
	for _, f := range phototest.Files() {
		if f.W < 1000 { // the largest that are taken in are work; TestHostileFiles has them
			picture(alva, page, f)
		}
	}
	uploads(alva, page)
	endless(alva, page)
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("files left behind: %v, %v", left, err)
	}
	_, peak := phototest.Used(s.Cmd.Process.Pid)
	t.Logf("the process never had more than %d MB", peak)
	if peak > 900 {
		t.Errorf("the process had %d MB", peak)
	}
}

var photoError = regexp.MustCompile(`class="kv-err" id="[a-z-]*photo-e"`)

func picture(p *harness.Program, page string, f phototest.File) {
	t := p.S.T
	t.Helper()
	if f.Sent == "" {
		f.Sent, f.Type = "picture.jpg", "image/jpeg"
	}
	began, _ := phototest.Used(p.S.Cmd.Process.Pid)
	a := post(p, page, form{{name: "action", body: "upload"}, {name: "photo", file: f.Sent, kind: f.Type, body: string(f.Data)}})
	if ended, _ := phototest.Used(p.S.Cmd.Process.Pid); ended-began > 15*time.Second {
		t.Errorf("%s took %v of a processor", f.Name, ended-began)
	}
	if f.Code != phototest.Taken {
		if a.Status != 422 || !photoError.MatchString(a.Body) {
			t.Errorf("%s: %d, want it refused beside the field\n%s", f.Name, a.Status, harness.Text(a.Body))
		}
		return
	}
	if a.Status != 303 {
		t.Errorf("%s: %d, want it taken in\n%s", f.Name, a.Status, harness.Text(a.Body))
		return
	}
	served(p, page+".jpg", f.Name)
}

// served looks at what a browser gets for a picture.
func served(p *harness.Program, path, name string) {
	t := p.S.T
	t.Helper()
	a := p.Try("GET", path, nil)
	for header, want := range map[string]string{
		"Content-Type": "image/jpeg", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "private, no-cache",
	} {
		if got := a.Header.Get(header); got != want {
			t.Errorf("%s is served with %s: %q, want %q", name, header, got, want)
		}
	}
	if a.Status != 200 || !strings.HasPrefix(a.Body, "\xFF\xD8\xFF\xDB") || !strings.HasSuffix(a.Body, "\xFF\xD9") || !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s is served as %d, %.10q…", name, a.Status, a.Body)
	}
	for _, trace := range []string{phototest.Canary, "Exif", "GPS", "<script", "PK\x03\x04", "ICC_PROFILE"} {
		if strings.Contains(a.Body, trace) {
			t.Errorf("%s is served with %q", name, trace)
		}
	}
}

type field struct{ name, file, kind, body string }

type form []field

// encode writes the form as a browser would, but for names that a browser
// wouldn't let through.
func (f form) encode() (kind string, body []byte) {
	const mark = "kvkvkvkvkvkvkvkvkv"
	var b bytes.Buffer
	escape := strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A")
	for _, x := range f {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", mark, escape.Replace(x.name))
		if x.file != "" {
			fmt.Fprintf(&b, "; filename=\"%s\"", escape.Replace(x.file))
		}
		if x.kind != "" {
			fmt.Fprintf(&b, "\r\nContent-Type: %s", x.kind)
		}
		fmt.Fprintf(&b, "\r\n\r\n%s\r\n", x.body)
	}
	fmt.Fprintf(&b, "--%s--\r\n", mark)
	return "multipart/form-data; boundary=" + mark, b.Bytes()
}

func post(p *harness.Program, path string, f form) harness.Answer {
	p.S.T.Helper()
	kind, body := f.encode()
	return raw(p, "POST", path, http.Header{"Content-Type": {kind}}, body)
}

// raw sends a request of one's own making, with the person's cookies.
func raw(p *harness.Program, method, path string, header http.Header, body []byte) harness.Answer {
	p.S.T.Helper()
	req, err := http.NewRequest(method, p.URL(path), bytes.NewReader(body))
	if err != nil {
		p.S.T.Fatal(err)
	}
	for k, v := range header {
		req.Header[textproto.CanonicalMIMEHeaderKey(k)] = v
	}
	return p.Do(req)
}

// uploads that no browser sends: each is refused as something wrong with what
// was sent, or taken for what its first file is. None is our fault (5xx).
func uploads(p *harness.Program, page string) {
	t := p.S.T
	t.Helper()
	good := string(phototest.AsJPEG(phototest.Portrait(320, 440)))
	upload := field{name: "action", body: "upload"}
	photo := func(body string) field { return field{name: "photo", file: "a.jpg", kind: "image/jpeg", body: body} }
	encoded := func(f ...field) []byte { _, b := form(f).encode(); return b }
	const kind = "multipart/form-data; boundary=kvkvkvkvkvkvkvkvkv"
	whole := encoded(upload, photo(good))
	with := func(old, replacement string) []byte {
		return bytes.Replace(whole, []byte(old), []byte(replacement), 1)
	}
	many := make([]field, 20_000)
	for i := range many {
		many[i] = field{name: "x" + strconv.Itoa(i), body: "y"}
	}
	for _, c := range []struct {
		name, kind string
		body       []byte
		want       []int
	}{
		{"two files, the first sound", kind, encoded(upload, photo(good), photo("<script>")), []int{303}},
		{"two files, the first not", kind, encoded(upload, photo("<script>"), photo(good)), []int{422}},
		{"the fields behind the file", kind, encoded(photo(good), upload), []int{303}},
		{"no file name", kind, encoded(upload, field{name: "photo", body: good}), []int{422}},
		{"no file at all", kind, encoded(upload), []int{422}},
		{"an empty file", kind, encoded(upload, photo("")), []int{422}},
		{"another field's name", kind, encoded(upload, field{name: "photo[]", file: "a.jpg", body: good}), []int{422}},
		{"twenty thousand fields", kind, encoded(append(many, photo(good))...), []int{422, 413}},
		{"a huge part header", kind, with("Content-Type: image/jpeg", "Content-Type: image/jpeg\r\nX-Pad: "+strings.Repeat("a", 4<<20)), []int{303, 422, 413}},
		{"ten thousand part headers", kind, with("Content-Type: image/jpeg", strings.Repeat("X-Pad: a\r\n", 20_000)+"X: y"), []int{422, 413}},
		{"a huge field", kind, encoded(field{name: "action", body: strings.Repeat("a", 20<<20)}, photo(good)), []int{422, 413}},
		{"the wrong boundary", strings.Replace(kind, "kv", "vk", 1), whole, []int{422}},
		{"no boundary", "multipart/form-data", whole, []int{422}},
		{"an empty boundary", `multipart/form-data; boundary=""`, whole, []int{422}},
		{"a boundary of ten kilobytes", "multipart/form-data; boundary=" + strings.Repeat("b", 10_000), whole, []int{422}},
		{"two boundaries", kind + "; boundary=x", whole, []int{422}},
		{"no end", kind, whole[:len(whole)-30], []int{422}},
		{"nothing", kind, nil, []int{422}},
		{"only the end", kind, []byte("--kvkvkvkvkvkvkvkvkv--\r\n"), []int{422}},
		{"multipart in multipart", kind, encoded(upload, field{name: "photo", file: "a.jpg", kind: "multipart/mixed; boundary=x", body: "--x\r\n\r\n" + good + "\r\n--x--"}), []int{422}},
		{"multipart/mixed", strings.Replace(kind, "form-data", "mixed", 1), whole, []int{422}},
		{"base64", kind, with("Content-Type: image/jpeg", "Content-Transfer-Encoding: base64\r\nContent-Type: image/jpeg"), []int{422, 303}},
		{"a name with two stars", kind, with(`filename="a.jpg"`, `filename*=UTF-8''..%2f..%2fetc%2fpasswd; filename="a.jpg"`), []int{422, 303}},
		{"a name that is only blanks", kind, with(`filename="a.jpg"`, `filename="   "`), []int{422, 303}},
		{"the picture as the body", "image/jpeg", []byte(good), []int{422}},
		{"JSON", "application/json", []byte(`{"action":"upload"}`), []int{422}},
		{"an ordinary form", "application/x-www-form-urlencoded", []byte("action=upload&photo=" + url.QueryEscape(good)), []int{422}},
		{"no type", "", whole, []int{422}},
	} {
		a := raw(p, "POST", page, http.Header{"Content-Type": {c.kind}}, c.body)
		ok := false
		for _, w := range c.want {
			ok = ok || a.Status == w
		}
		if !ok {
			t.Errorf("upload, %s: %d, want %v\n%s", c.name, a.Status, c.want, harness.Text(a.Body))
		}
		if a.Status == 303 {
			served(p, page+".jpg", "upload, "+c.name)
		}
	}
	squeezed := raw(p, "POST", page, http.Header{"Content-Type": {kind}, "Content-Encoding": {"gzip"}}, phototest.Zeroes(64<<20))
	if squeezed.Status != 422 {
		t.Errorf("a compressed body: %d", squeezed.Status)
	}
}

// endless sends a photo of half a gigabyte, without saying so. The product
// answers when it has had enough, and reads no further.
func endless(p *harness.Program, page string) {
	t := p.S.T
	t.Helper()
	host := strings.TrimPrefix(p.S.Product.URL, "http://")
	conn, err := net.DialTimeout("tcp", host, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nCookie: __Host-sid=%s\r\nTransfer-Encoding: chunked\r\nContent-Type: multipart/form-data; boundary=kv\r\n\r\n", page, host, p.Cookies["__Host-sid"])
	head := "--kv\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\r\n\xFF\xD8\xFF"
	fmt.Fprintf(conn, "%x\r\n%s\r\n", len(head), head)
	part := make([]byte, 1<<20)
	sent := 0
	for ; sent < 500; sent++ {
		if _, err := fmt.Fprintf(conn, "%x\r\n%s\r\n", len(part), part); err != nil {
			break
		}
	}
	answer, err := io.ReadAll(conn)
	t.Logf("%d MB were sent of an endless photo before the product hung up (%v)", sent, err)
	if sent > 60 {
		t.Errorf("%d MB of an endless photo were read", sent)
	}
	// A connection that is closed while one writes may lose the answer on the way.
	if len(answer) > 0 && !regexp.MustCompile(`^HTTP/1.1 (413|422) `).Match(answer) {
		t.Errorf("the answer to an endless photo: %.80q", answer)
	}
	if !p.S.Ready() {
		t.Error("the product isn't ready any more")
	}
}
