package nodes

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) {
	harness.Main(m, func() {
		if built != "" {
			_ = os.RemoveAll(filepath.Dir(built))
		}
	})
}
