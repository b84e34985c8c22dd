package bureau

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Problem is an error on the wire (RFC 9457, application/problem+json).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

func (p *Problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Code, p.Detail) }

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	out := *p
	out.Type, out.Title = "about:blank", http.StatusText(p.Status)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(out) // the other side is gone if this fails
}

// Malformed is a problem of form: the message isn't what the protocol describes.
func Malformed(format string, args ...any) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: "malformed", Detail: fmt.Sprintf(format, args...)}
}

// WriteJSON answers with a body of the protocol.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
