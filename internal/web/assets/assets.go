// Package assets holds the files that pages load: the built style sheet, the
// fonts and the script. They are embedded, so that the program needs nothing beside
// it, and every address contains a hash of all of them, so that browsers may
// keep them for ever and still never mix two versions.
//
// The style sheet is built by tools/css/build.sh and committed. The fonts are
// Onest and JetBrains Mono, reduced to the characters of the product's languages
// (SIL Open Font License 1.1, files/fonts/OFL.txt).
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed files
var files embed.FS

// Prefix is where the files are served.
const Prefix = "/assets/"

// version is computed once from what is embedded; it is a constant of the binary.
var version = hashOf(files)

// URL is the address of a file, with the version in it.
func URL(name string) string { return Prefix + version + "/" + name }

type asset struct {
	mediaType    string
	plain, small []byte
}

// Handler serves the files under [Prefix]. A file asked for with another
// version's address is not found: an old page then fails loudly in the tests of a
// rolling deployment instead of mixing versions.
func Handler() http.Handler {
	all := map[string]asset{}
	err := fs.WalkDir(files, "files", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(p)
		if err != nil {
			return err
		}
		all[strings.TrimPrefix(p, "files/")] = load(p, data)
		return nil
	})
	if err != nil {
		panic("assets: embedded files cannot be read: " + err.Error())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, Prefix+version+"/")
		a, found := all[name]
		if !ok || !found {
			http.NotFound(w, r)
			return
		}
		serve(w, r, a)
	})
}

func serve(w http.ResponseWriter, r *http.Request, a asset) {
	h := w.Header()
	h.Set("Content-Type", a.mediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := a.plain
	if a.small != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = a.small
		}
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a browser that went away needs no answer
	}
}

func load(name string, data []byte) asset {
	a := asset{mediaType: mediaType(name), plain: data}
	if path.Ext(name) == ".woff2" {
		return a // already compressed
	}
	var buf bytes.Buffer
	z, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression) // the level is valid
	_, _ = z.Write(data)                                    // a buffer does not fail
	_ = z.Close()
	if buf.Len() < len(data) {
		a.small = buf.Bytes()
	}
	return a
}

func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	default:
		return "text/plain; charset=utf-8"
	}
}

func hashOf(f embed.FS) string {
	sum := sha256.New()
	err := fs.WalkDir(f, "files", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := f.ReadFile(p)
		if err != nil {
			return err
		}
		sum.Write([]byte(p))
		sum.Write(data)
		return nil
	})
	if err != nil {
		panic("assets: embedded files cannot be read: " + err.Error())
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}
