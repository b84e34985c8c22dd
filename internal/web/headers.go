package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
)

// contentPolicy allows nothing that the pages do not use: no inline style or script, nothing from elsewhere.
func contentPolicy(c Config) string {
	formTo := append([]string{"'self'"}, c.FormOrigins...)
	framedBy := []string{"'none'"}
	if len(c.FrameAncestors) > 0 {
		framedBy = c.FrameAncestors
	}
	return strings.Join([]string{
		"default-src 'none'",
		"style-src 'self'",
		"img-src 'self' data: blob:",
		"font-src 'self'",
		"script-src 'self'",
		"connect-src 'self'",
		"form-action " + strings.Join(formTo, " "),
		"frame-ancestors " + strings.Join(framedBy, " "),
		"base-uri 'none'",
	}, "; ")
}

func (e *Engine) headers(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", e.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if len(e.cfg.FrameAncestors) == 0 {
		h.Set("X-Frame-Options", "DENY")
	}
	if strings.HasPrefix(e.cfg.Origin, "https://") {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

func (e *Engine) crossOrigin() *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	for _, origin := range append([]string{e.cfg.Origin}, e.cfg.TrustedOrigins...) {
		if origin == "" {
			continue
		}
		if err := p.AddTrustedOrigin(origin); err != nil {
			panic("web: " + err.Error()) // configuration is checked at start
		}
	}
	return p
}

// css is the deployment's own colours.
func (c Colours) css() string {
	var b strings.Builder
	b.WriteString(":root{")
	if c.Hue != 0 {
		fmt.Fprintf(&b, "--kv-hue:%g;", c.Hue)
	}
	if c.Chroma != 0 {
		fmt.Fprintf(&b, "--kv-chroma:%g;", min(max(c.Chroma, 0), 0.15))
	}
	b.WriteString("}\n")
	return b.String()
}

func (c Colours) url() string {
	sum := sha256.Sum256([]byte(c.css()))
	return "/assets/colours-" + hex.EncodeToString(sum[:6]) + ".css"
}

// ServeHTTP serves the colours as a style sheet of its own; the address changes with them.
func (c Colours) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write([]byte(c.css())) // a browser that went away needs no answer
}

// robots keeps everything that belongs to somebody out of search engines, and a practice site altogether.
func robots(sandbox bool) http.Handler {
	text := "User-agent: *\nDisallow: /o/\nDisallow: /me\nDisallow: /office\nDisallow: /a/\nDisallow: /i/\nDisallow: /h/\n"
	if sandbox {
		text = "User-agent: *\nDisallow: /\n"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(text))
	})
}
