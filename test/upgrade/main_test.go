package upgrade

import (
	"fmt"
	"os"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) {
	if engine := os.Getenv("KV_NEXT_RELEASE"); engine != "" {
		if err := nextRelease(engine); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	harness.Main(m)
}
