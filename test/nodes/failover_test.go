package nodes

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

// The database's primary is taken away under load, again and again, and its standby promoted. Two nodes work on: one
// reaches the database at one address that is moved, as virtual addresses are, the other has both servers in its
// setting. Whatever was answered is there exactly once, what was refused isn't, a card that was blocked stays
// blocked, and nobody stays with the server that was left.
func TestFailover(t *testing.T) {
	times := 5
	if n, err := strconv.Atoi(os.Getenv("KV_FAILOVERS")); err == nil {
		times = n
	}
	c := newCluster(t)
	moved := newProxy(t, c.primary.addr())
	one := "postgres://kortverk@" + moved.addr + "/kortverk"
	both := "postgres://kortverk@" + c.primary.addr() + "," + c.standby.addr() + "/kortverk"
	s := newSite(t, "", one, one, both)
	for _, query := range []string{
		`CREATE TABLE failover_key (id text NOT NULL PRIMARY KEY)`, `CREATE TABLE failover_effect (id text NOT NULL)`,
		`GRANT ALL ON failover_key, failover_effect TO kortverk`,
	} {
		c.execIn("kortverk", c.primary, query)
	}

	ctx, stop := context.WithCancel(t.Context())
	r, wait := record(t, ctx, one, both)
	w := work(t, ctx, s)
	var gaps []time.Duration
	for i := range times {
		f := failures[i%len(failures)]
		began := time.Now()
		c.wait("writes before the failure", func() bool { return r.since(began) > 50 })
		from := time.Now()
		f.fail(c, moved)
		if f.misled {
			from = time.Now()
		}
		c.wait("writes after the failover", func() bool { return r.since(time.Now().Add(-200*time.Millisecond)) > 20 })
		g := r.gaps(from, time.Now())
		gaps = append(gaps, g...)
		if !c.standby.up {
			c.rebuild(c.standby)
		}
		c.wait("nobody to be at the standby", func() bool { return c.sessions(c.standby) == 0 })
		t.Logf("failover %d, %s: without writes %d ms through the address that is moved, %d ms with both; %.1f s in all",
			i+1, f.name, g[0].Milliseconds(), g[1].Milliseconds(), time.Since(began).Seconds())
	}
	after := time.Now()
	c.wait("people's work after the last failover", func() bool { return w.since(after) > 10 })
	stop()
	wait()
	w.all.Wait()
	slices.Sort(gaps)
	t.Logf("%d failovers: %s without writes in the middle, %s at most", times, gaps[len(gaps)/2].Round(10*time.Millisecond), gaps[len(gaps)-1].Round(10*time.Millisecond))
	d := c.open(c.primary, "kortverk")
	defer d.Close()
	r.verify(t, d)
	w.verify(t, d)
	if t.Failed() {
		return
	}
	t.Log(harness.Command(t, []string{"KORTVERK_DATABASE_URL=" + both}, "audit"))
}

// failures are the ways in which a primary goes.
var failures = []struct {
	name   string
	misled bool // the address led to a wrong server for a while: what counts is the time after that
	fail   func(c *cluster, moved *proxy)
}{
	{"crashed", false, func(c *cluster, moved *proxy) {
		c.stop(c.primary, "immediate")
		c.promote()
		moved.to(c.primary.addr())
	}},
	{"answers lost, then crashed", false, func(c *cluster, moved *proxy) {
		moved.deaf.Store(true)
		time.Sleep(50 * time.Millisecond) // commits arrive, and nobody hears of them
		c.stop(c.primary, "immediate")
		moved.cut()
		moved.deaf.Store(false)
		c.promote()
		moved.to(c.primary.addr())
	}},
	{"stopped by its administrator", false, func(c *cluster, moved *proxy) {
		c.stop(c.primary, "fast")
		c.promote()
		moved.to(c.primary.addr())
	}},
	// The address moves before the old primary is dead: who is connected stays there, where no commit is answered any
	// more, since it has no standby, until it is.
	{"left alive for a moment", false, func(c *cluster, moved *proxy) {
		c.promote()
		moved.to(c.primary.addr())
		time.Sleep(300 * time.Millisecond)
		c.stop(c.standby, "immediate")
	}},
	// The old primary is back, as a standby that only reads, while its address still leads there.
	{"came back read-only", true, func(c *cluster, moved *proxy) {
		c.stop(c.primary, "fast")
		c.promote()
		c.rebuild(c.standby)
		time.Sleep(500 * time.Millisecond)
		moved.to(c.primary.addr())
	}},
}
