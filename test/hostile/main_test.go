package hostile

import (
	"os"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// long asks for the long form of the tests.
var long = os.Getenv("KV_HOSTILE_LONG") != ""
