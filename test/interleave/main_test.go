package interleave

import (
	"fmt"
	"maps"
	"os"
	"slices"
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
// them, with KV_INTERLEAVE=alone each command runs only alone, with KV_INTERLEAVE=all they are stopped before every
// statement, and with KV_INTERLEAVE=update the tables in testdata are written.
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
	tell := func(test string, scenes []string) {
		for _, engine := range engines {
			for _, name := range scenes {
				fmt.Printf("^%s$/^%s$/^%s$\n", test, engine, pathOf(name))
			}
		}
	}
	tell("TestLine", slices.Sorted(maps.Keys(lineScenes)))
	tell("TestCard", slices.Sorted(maps.Keys(cardScenes)))
	tell("TestFloor", slices.Sorted(maps.Keys(floorScenes)))
	tell("TestDraft", slices.Sorted(maps.Keys(draftScenes)))
	tell("TestCompany", slices.Sorted(maps.Keys(companyScenes)))
	tell("TestOffice", slices.Sorted(maps.Keys(officeScenes)))
	tell("TestIdentification", slices.Sorted(maps.Keys(identificationScenes)))
}

// pathOf is a scene's name as go test writes it.
func pathOf(name string) string { return strings.ReplaceAll(name, " ", "_") }
