package restore

import (
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// office is a scheme at work: an orderer, and a cardholder's active card.
type office struct {
	*harness.Sandbox
	alva   *harness.Program
	number string
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{Sandbox: harness.Start(t, "sqlite")}
	o.alva = o.SignIn("alva")
	tove, jonas := o.SignIn("tove"), o.SignIn("jonas")
	_, line := o.alva.Order("jonas")
	tove.Review(line)
	o.Forward("1m") // the reviewer's half minute is over
	jonas.Approve()
	o.number = o.Number("Petraitis")
	jonas.Activate(o.number)
	return o
}

// act blocks or unblocks the card.
func (o *office) act(act string, form url.Values) {
	page := o.Company("furuborg") + "/cards/" + o.number + "/" + act
	form.Set("revision", o.alva.Revision(o.alva.Get(page)))
	o.alva.Post(page, form)
}

func (o *office) block()   { o.act("block", url.Values{"reason": {"lost"}}) }
func (o *office) unblock() { o.act("unblock", url.Values{"note": {"found"}}) }

// work has people write until the answer is called: drafts by some, block and
// unblock by one.
func (o *office) work() (stop func() (drafts int)) {
	done := make(chan struct{})
	var all sync.WaitGroup
	var mu sync.Mutex
	drafts := 0
	for range 4 {
		p := o.SignIn("alva")
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				p.Draft("jonas") // with a photo each
				mu.Lock()
				drafts++
				mu.Unlock()
			}
		})
	}
	all.Go(func() {
		for {
			o.block()
			o.unblock()
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() int {
		close(done)
		all.Wait()
		return drafts
	}
}

// kortverk runs a command and answers what it printed and whether it went well.
func kortverk(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	file, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(file, args...).CombinedOutput()
	return string(out), err == nil
}

func (o *office) backup(file string) {
	o.T.Helper()
	harness.Command(o.T, nil, "backup", file, "--data", o.Data, "--key-file", filepath.Join(o.Data, "keys.json"))
}

// comeBack restores into an empty folder and starts there what was lost here.
func (o *office) comeBack(t *testing.T, backup string, more ...string) *office {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	args := append([]string{"restore", backup, "--data", data, "--key-file", filepath.Join(o.Data, "keys.json")}, more...)
	t.Log(harness.Command(t, nil, args...))
	for _, name := range []string{"keys.json", "clock", "reader.key", "world"} { // what a deployment keeps elsewhere
		if out, err := exec.Command("cp", "-R", filepath.Join(o.Data, name), data).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	back := &office{Sandbox: harness.StartIn(t, data, "sqlite"), number: o.number}
	back.alva = back.SignIn("alva")
	return back
}

// Backups while everybody writes; a block after the last one; the machine is
// lost. With the journal of ends the card is blocked again. Without it readers
// don't know the card until an officer says so.
func TestComingBackFromABackup(t *testing.T) {
	o := open(t)
	dir := t.TempDir()
	stop := o.work()
	last := ""
	for _, name := range []string{"a", "b", "c"} {
		last = filepath.Join(dir, name)
		began := time.Now()
		o.backup(last)
		t.Logf("backup under load: %v", time.Since(began))
	}
	t.Logf("%d drafts meanwhile", stop())
	o.backup(filepath.Join(dir, "quiet"))
	if v := o.Check(o.number); v.Reason != "ok" {
		t.Fatalf("before: %+v", v)
	}
	same := o.comeBack(t, filepath.Join(dir, "quiet"), "--ends", filepath.Join(o.Data, "ends.log"))
	if v := same.Check(o.number); v.Reason != "ok" {
		t.Errorf("nothing happened after the backup, and now: %+v", v)
	}
	same.Stop()

	o.block()
	o.Kill()
	for _, name := range []string{"a", "b", "c"} {
		t.Run("with the journal of ends, "+name, func(t *testing.T) {
			back := o.comeBack(t, filepath.Join(dir, name), "--ends", filepath.Join(o.Data, "ends.log"))
			if v := back.Check(o.number); v.Reason != "blocked" {
				t.Errorf("blocked after the backup, and now: %+v", v)
			}
			back.unblock() // and work goes on
			if v := back.Check(o.number); v.Reason != "ok" {
				t.Errorf("unblocked, and now: %+v", v)
			}
		})
	}
	t.Run("without", func(t *testing.T) { o.withoutEnds(t, filepath.Join(dir, "quiet")) })
	t.Run("damaged", func(t *testing.T) { o.damaged(t, last) })
}

func (o *office) withoutEnds(t *testing.T, backup string) {
	back := o.comeBack(t, backup)
	if v := back.Check(o.number); v.Reason != "unknown" {
		t.Errorf("a card that may have been blocked: %+v", v)
	}
	ivar := back.SignIn("ivar")
	page := back.Company("furuborg")
	ivar.Post("/office/restored/"+page[strings.LastIndex(page, "/")+1:], url.Values{"number": {o.number}, "note": {"Alva på Furuborg"}})
	if v := back.Check(o.number); v.Reason != "ok" {
		t.Errorf("an officer confirmed it, and now: %+v", v)
	}
}

// damaged: no flipped bit gets as far as a database.
func (o *office) damaged(t *testing.T, backup string) {
	good, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(7, 7))
	for range 12 {
		bad := append([]byte(nil), good...)
		at, bit := random.IntN(len(bad)), random.IntN(8)
		bad[at] ^= 1 << bit
		file, data := filepath.Join(t.TempDir(), "bad"), filepath.Join(t.TempDir(), "data")
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		out, well := kortverk(t, "restore", file, "--data", data, "--key-file", filepath.Join(o.Data, "keys.json"))
		if well {
			t.Errorf("bit %d of byte %d of %d was flipped, and restored: %s", bit, at, len(bad), out)
		}
		if _, err := os.Stat(filepath.Join(data, "kortverk.db")); err == nil {
			t.Errorf("bit %d of byte %d was flipped: refused, but a database was written: %s", bit, at, out)
		}
	}
}
