package assets_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/web/assets"
)

func get(path string, gzipped bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if gzipped {
		r.Header.Set("Accept-Encoding", "gzip")
	}
	w := httptest.NewRecorder()
	assets.Handler().ServeHTTP(w, r)
	return w
}

func TestFilesAreKeptForEverByAddress(t *testing.T) {
	for name, kind := range map[string]string{"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml", "fonts/onest-latin-wght.woff2": "font/woff2"} {
		w := get(assets.URL(name), false)
		if w.Code != 200 || w.Header().Get("Content-Type") != kind || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		file, err := os.ReadFile(filepath.Join("files", name))
		if err != nil || !bytes.Equal(file, w.Body.Bytes()) {
			t.Errorf("%s: other bytes than in the tree (%v)", name, err)
		}
	}
	for _, path := range []string{"/assets/000000000000/app.css", assets.URL("../assets.go"), assets.URL(""), assets.URL("nothing.css"), "/assets/"} {
		if w := get(path, false); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestTextIsCompressed(t *testing.T) {
	w := get(assets.URL("app.css"), true)
	if w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Vary"), "Accept-Encoding") {
		t.Fatalf("headers %v", w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil || !bytes.Contains(plain, []byte(".kv-card")) {
		t.Fatalf("not the style sheet: %v", err)
	}
	if w := get(assets.URL("fonts/onest-latin-wght.woff2"), true); w.Header().Get("Content-Encoding") != "" {
		t.Error("a font is compressed twice")
	}
}

// The first page may weigh 100 kB, of which 25 are style and 5 script.
func TestWeights(t *testing.T) {
	for name, limit := range map[string]int{"app.css": 25 << 10, "app.js": 5 << 10} {
		if n := get(assets.URL(name), true).Body.Len(); n > limit {
			t.Errorf("%s weighs %d bytes, limit %d", name, n, limit)
		}
	}
}

func TestStyleSheetAsksForNothingFromElsewhere(t *testing.T) {
	css := get(assets.URL("app.css"), false).Body.String()
	for _, m := range regexp.MustCompile(`url\(([^)]*)\)`).FindAllStringSubmatch(css, -1) {
		ref := strings.Trim(m[1], `"'`)
		if strings.HasPrefix(ref, "data:") {
			continue
		}
		if w := get(assets.URL(ref), false); w.Code != 200 {
			t.Errorf("the style sheet asks for %q, which is not there", ref)
		}
	}
	if strings.Contains(css, "@import") {
		t.Error("the style sheet imports another")
	}
}
