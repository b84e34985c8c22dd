//go:build failpoint

package failpoint

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Hurry divides the waits of undoing and of leases in test programs.
const Hurry = 10

var (
	armed = Point("")
	left  atomic.Int64
)

func init() {
	name, nth, _ := strings.Cut(os.Getenv("KORTVERK_FAILPOINT"), ":")
	if name == "" {
		return
	}
	n, err := strconv.ParseInt(nth, 10, 64)
	if nth == "" {
		n, err = 1, nil
	}
	if armed = Point(name); err != nil || n < 1 || !slices.Contains(all, armed) {
		panic("KORTVERK_FAILPOINT: not a point and a number: " + name + ":" + nth)
	}
	left.Store(n)
}

// Here says that the program is at a point. At the one that is armed the process ends at once.
func Here(p Point) {
	if p != armed || left.Add(-1) != 0 {
		return
	}
	fmt.Fprintf(os.Stderr, "failpoint reached: %s\n", p)
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // the signal is on its way; nothing behind this point may happen
}

// After is Here when what comes before it went well.
func After(err error, p Point) {
	if err == nil {
		Here(p)
	}
}
