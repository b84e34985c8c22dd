// Package sealtest makes key files for tests.
package sealtest

import (
	"path/filepath"
	"testing"

	"github.com/kortverk/kortverk/internal/seal"
)

// NewTest gives a Keeper with fresh keys in the test's own folder.
func NewTest(t testing.TB) *seal.Keeper {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.json")
	if err := seal.Create(file); err != nil {
		t.Fatal(err)
	}
	k, err := seal.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
