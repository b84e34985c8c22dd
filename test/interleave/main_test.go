package interleave

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
)

// engines are both; what is the same for both is checked on PostgreSQL first, which lets two write at a time.
var engines = []string{dbtest.Postgres, dbtest.SQLite}

var (
	countMu sync.Mutex
	counts  = map[string]tally{}
)

// TestMain runs the tests and prints how much was tried. With KV_INTERLEAVE=list it names the scenes, as -test.run takes
// them, with KV_INTERLEAVE=alone each command runs only alone, and with KV_INTERLEAVE=all they are stopped before every
// statement.
func TestMain(m *testing.M) {
	if os.Getenv("KV_INTERLEAVE") == "list" {
		list()
		return
	}
	began := time.Now()
	code := m.Run()
	var all tally
	for _, n := range counts {
		all.pairs += n.pairs
		all.interleavings += n.interleavings
	}
	fmt.Printf("%d ordered pairs in %d scenes, %d interleavings, %.0f s\n", all.pairs, len(counts), all.interleavings, time.Since(began).Seconds())
	os.Exit(code)
}

func list() {
	for _, engine := range engines {
		for name := range lineScenes {
			fmt.Printf("^TestLine$/^%s$/^%s$\n", engine, pathOf(name))
		}
		for name := range cardScenes {
			fmt.Printf("^TestCard$/^%s$/^%s$\n", engine, pathOf(name))
		}
		for name := range floorScenes {
			fmt.Printf("^TestFloor$/^%s$/^%s$\n", engine, pathOf(name))
		}
	}
}

// pathOf is a scene's name as go test writes it.
func pathOf(name string) string { return strings.ReplaceAll(name, " ", "_") }
