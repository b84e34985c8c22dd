package bankid_test

import (
	"encoding/json"
	"io"
	"log"
	"os"
	"testing"
)

func mustTemp() string {
	dir, err := os.MkdirTemp("", "bankid")
	if err != nil {
		panic(err)
	}
	return dir
}

func removeAll(dir string) { _ = os.RemoveAll(dir) }

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// fields reads signature and OCSP answer out of a kept answer.
func fields(t *testing.T, answer []byte) (signature, ocsp string) {
	t.Helper()
	var kept struct {
		CompletionData struct{ Signature, OCSPResponse string }
	}
	if err := json.Unmarshal(answer, &kept); err != nil {
		t.Fatal(err)
	}
	return kept.CompletionData.Signature, kept.CompletionData.OCSPResponse
}
