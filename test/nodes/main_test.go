package nodes

import (
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
