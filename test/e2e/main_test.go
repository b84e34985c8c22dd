package e2e

import (
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) {
	harness.Main(m, func() {
		if chrome.end != nil {
			chrome.end()
		}
	})
}
