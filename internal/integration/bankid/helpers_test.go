package bankid_test

import (
	"io"
	"log"
	"os"
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
