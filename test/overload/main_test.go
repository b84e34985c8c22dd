package overload

import (
	"os"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// long is the long form of every test.
var long = os.Getenv("KV_LONG") != ""

func pick[T any](short, inLong T) T {
	if long {
		return inLong
	}
	return short
}

// measured are the lengths of the load test's parts.
type measured struct{ warm, capacity, open, closed time.Duration }

var lengths = pick(
	measured{500 * time.Millisecond, 1500 * time.Millisecond, 4 * time.Second, 2 * time.Second},
	measured{3 * time.Second, 10 * time.Second, 40 * time.Second, 20 * time.Second},
)
