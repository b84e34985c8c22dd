//go:build linux

package overload

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/kortverk/kortverk/test/harness"
)

// The disk of the SQLite database fills up while people write: they hear 503, nothing that was answered is lost, checks
// and pages go on, and when there is room again writing goes on by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("kortverk-test", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("no file system can be mounted here (%v): run as root to see this", err)
	}
	t.Cleanup(func() { // after the product has stopped and was audited
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := harness.StartIn(t, dir, "sqlite")
	people := writers(t, s, 2)
	ballast := filepath.Join(dir, "ballast")
	fill(t, ballast)
	refusals, answered := 0, 0
	for i := range 2000 { // what the log of writes has room for still goes in
		switch a := people[i%2].write(people[i%2].try); a.status {
		case http.StatusSeeOther:
			answered++
		case http.StatusServiceUnavailable:
			if refusals++; a.retry == "" {
				t.Error("a refusal without Retry-After")
			}
		default:
			t.Fatalf("a write on a full disk: %d", a.status)
		}
		if refusals == 20 {
			break
		}
	}
	if refusals == 0 {
		t.Fatal("nothing was refused: the disk wasn't full")
	}
	if v := s.Check("BB-1234-567897"); v.Reason != "unknown" {
		t.Error("a check on a full disk:", v)
	}
	if a := people[0].p.Try("GET", s.Company("furuborg"), nil); a.Status != http.StatusOK {
		t.Error("a page on a full disk:", a.Status)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for _, w := range people {
		w.kept(t) // before anything else is written
		s.Wait("a write when there is room again", func() bool { return w.write(w.try).status == http.StatusSeeOther })
		w.kept(t)
	}
	t.Logf("%d writes refused on the full disk, %d answered before; all of these are there, and writing goes on", refusals, answered)
}

// fill takes all room there is.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 1; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}
