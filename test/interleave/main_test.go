package interleave

import (
	"fmt"
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

func TestMain(m *testing.M) {
	began := time.Now()
	code := m.Run()
	var all tally
	for _, n := range counts {
		all.pairs += n.pairs
		all.interleavings += n.interleavings
	}
	fmt.Printf("%d ordered pairs in %d scenes, %d interleavings, %.0f s\n", all.pairs, len(counts), all.interleavings, time.Since(began).Seconds())
	if code != 0 {
		panic("failed")
	}
}
