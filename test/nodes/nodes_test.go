package nodes

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/test/harness"
)

// two are two nodes on one database of the tests' server, and that database to look at.
func two(t *testing.T) (*site, *sql.DB) {
	t.Helper()
	file, err := hurried()
	if err != nil {
		t.Fatal(err)
	}
	address := dbtest.Empty(t)
	s := newSite(t, file, address, address, address)
	d, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return s, d
}

func value(t *testing.T, d *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := d.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// It doesn't matter at which node somebody is: what was done at one counts at the other at once.
func TestTwoNodesAreOne(t *testing.T) {
	t.Parallel()
	s, _ := two(t)
	one, other := s.nodes[0], s.nodes[1]
	alva := s.all.SignIn("alva")

	review := at(alva, one).Draft("sean")
	there := at(alva, other)
	order := there.Post(review, url.Values{"revision": {there.Revision(there.Get(review))}})
	at(alva, one).LineOf(order)

	number := s.kept.Number(t, "jonas")
	card := s.all.Company("furuborg") + "/cards/" + number
	for _, step := range []struct {
		act, reason string
		at, asked   *harness.Sandbox
	}{{"block", "blocked", one, other}, {"unblock", "ok", other, one}} {
		p := at(alva, step.at)
		p.Post(card+"/"+step.act, url.Values{"revision": {p.Revision(p.Get(card + "/" + step.act))}, "reason": {"lost"}, "note": {"found"}})
		if v := step.asked.Check(number); v.Reason != step.reason {
			t.Errorf("after %s at one node the other says %+v", step.act, v)
		}
	}

	tove, ivar := s.all.SignIn("tove"), s.all.SignIn("ivar")
	at(tove, other).Get("/office/review")
	grant := ivar.Find(at(ivar, one).Get("/office/staff"), `Tove Granlund[\s\S]*?/office/grants/([0-9a-f-]{36})/revoke`)
	at(ivar, one).Post("/office/grants/"+grant+"/revoke", url.Values{})
	if a := at(tove, other).Try("GET", "/office/review", nil); a.Status != 404 {
		t.Errorf("a right that was removed at one node, at the other: %d", a.Status)
	}

	here, phone := s.all.SignIn("samuel"), s.all.SignIn("samuel")
	at(phone, other).Get("/me")
	at(here, one).Post("/signout/everywhere", url.Values{})
	if a := at(phone, other).Try("GET", "/me", nil); a.Status != 303 || !strings.HasPrefix(a.Location, "/signin") {
		t.Errorf("signed out everywhere at one node, at the other: %d %s", a.Status, a.Location)
	}
}

// crew invites people: each invitation is one mail, sent by one job.
type crew struct {
	s    *site
	d    *sql.DB
	ivar *harness.Program
	to   []string
}

func (c *crew) invite(node *harness.Sandbox, n int) {
	c.s.t.Helper()
	for range n {
		to := fmt.Sprintf("guest%d@kortverk.example", len(c.to))
		c.to = append(c.to, to)
		at(c.ivar, node).Post("/office/staff/invite", url.Values{
			"role": {"reviewer"}, "given_name": {"Gäst"}, "surname": {letters(len(c.to))}, "email": {to}, "lang": {"sv"},
		})
	}
}

func (c *crew) unsent() int {
	c.s.t.Helper()
	return value(c.s.t, c.d, `SELECT count(*) FROM job WHERE kind = 'notify.send' AND state IN ('waiting', 'running')`)
}

// arrived asks the mail server: each invitation came, and if more than once, as the same message.
func (c *crew) arrived() (again int) {
	c.s.t.Helper()
	for _, to := range c.to {
		var mails []struct {
			MessageID string `json:"message_id"`
		}
		c.s.all.Call("GET", c.s.all.World.Mail+"/_sim/mails?to="+url.QueryEscape(to), nil, &mails)
		ids := map[string]bool{}
		for _, m := range mails {
			ids[m.MessageID] = true
		}
		if len(ids) != 1 {
			c.s.t.Errorf("%s got %d different mails", to, len(ids))
		}
		again += max(0, len(mails)-1)
	}
	return again
}

func (s *site) slow(mail int) {
	s.t.Helper()
	s.all.Call("PUT", s.all.World.Mail+"/_sim/knobs", map[string]any{"slow_ms": mail}, nil)
}

// A node is killed while it sends, hands over to the bureau, collects somebody's identification and numbers the journal; the
// other goes on with all of it, once. KV_NODE_KILLS says how often.
func TestANodeIsKilled(t *testing.T) {
	t.Parallel()
	s, d := two(t)
	kills := 4
	if n, err := strconv.Atoi(os.Getenv("KV_NODE_KILLS")); err == nil {
		kills = n
	}
	c := &crew{s: s, d: d, ivar: s.all.SignIn("ivar")}
	alva, tove := s.all.SignIn("alva"), s.all.SignIn("tove")
	ordered := []string{"sean", "asa"}
	s.slow(400)
	s.all.Call("PUT", s.all.World.Bureau+"/_sim/knobs", map[string]any{"slow_ms": 500}, nil)
	var longest time.Duration
	for i := range kills {
		dies, lives := s.nodes[i%2], s.nodes[(i+1)%2]
		if i < len(ordered) {
			_, line := at(alva, lives).Order(ordered[i])
			at(tove, lives).Review(line)
			s.all.SignIn(ordered[i]).Approve()
		}
		guest := s.all.Stranger()
		guest.Who = s.all.Person("jonas")
		eid := at(guest, dies).Post("/signin/bankid", url.Values{"next": {"/me"}})
		c.invite(dies, 5)
		c.invite(lives, 3)
		s.all.Wait("jobs that run", func() bool {
			return value(t, d, `SELECT count(*) FROM job WHERE state = 'running' AND kind = 'notify.send'`) > 2 || c.unsent() == 0
		})
		dies.Kill()
		killed := time.Now()
		if where := guest.Identify(eid); where != "/me" { // through the front, behind which the other is
			t.Errorf("who was signing in at the node that was killed came to %s", where)
		}
		at(guest, lives).Get("/me")
		s.all.Wait("all mails", func() bool { return c.unsent() == 0 })
		longest = max(longest, time.Since(killed))
		dies.Again()
		dies.Wait("the node, again", dies.Ready)
	}
	for _, holder := range ordered {
		s.all.Number(s.all.Person(holder).Surname)
	}
	s.all.Wait("positions for the whole journal", func() bool { return value(t, d, `SELECT count(*) FROM journal_pending`) == 0 })
	taken := value(t, d, `SELECT count(*) FROM job WHERE attempts > 1 AND kind = 'notify.send' AND state = 'done'`)
	if n := value(t, d, `SELECT count(*) FROM job WHERE state = 'dead' AND kind <> 'production.deliver'`); n > 0 {
		t.Errorf("%d jobs are dead", n)
	}
	t.Logf("%d kills: %d mails, %d of their jobs taken over, %d came twice as the same message; all sent at most %s after the kill (leases of 2 s here, 20 s in production)",
		kills, len(c.to), taken, c.arrived(), longest.Round(100*time.Millisecond))
	if taken == 0 {
		t.Error("no job was ever taken over: the kills hit nothing")
	}
}

// A node that stalls longer than its leases and then goes on finds that its jobs are another's, and changes nothing.
func TestAStalledNodeIsFenced(t *testing.T) {
	t.Parallel()
	s, d := two(t)
	stalls, goesOn := s.nodes[0], s.nodes[1]
	c := &crew{s: s, d: d, ivar: s.all.SignIn("ivar")}
	for round := 0; !strings.Contains(stalls.Log.String(), "job.lease_lost"); round++ {
		if round == 5 {
			t.Fatal("in five rounds the stalled node never held a job that was taken over")
		}
		s.all.Wait("quiet", func() bool { return c.unsent() == 0 })
		s.slow(1500)
		c.invite(stalls, 3)
		s.all.Wait("a job that runs", func() bool {
			return value(t, d, `SELECT count(*) FROM mail WHERE state = 'sending'`) > 0 || c.unsent() == 0
		})
		signal(t, stalls, syscall.SIGSTOP)
		s.slow(0)
		s.all.Wait("the other node to send them", func() bool { return c.unsent() == 0 })
		signal(t, stalls, syscall.SIGCONT)
		stalls.Wait("the node to be back", stalls.Ready)
		time.Sleep(time.Second) // what it still has to do, it does now
	}
	at(c.ivar, goesOn).Get("/office/staff")
	if n := value(t, d, `SELECT count(*) FROM mail WHERE state IN ('waiting', 'sending')`) - value(t, d, `SELECT count(*) FROM job WHERE kind = 'notify.send' AND state IN ('waiting', 'running')`); n != 0 {
		t.Errorf("%d mails wait without a job", n)
	}
	t.Logf("%d mails came twice, as the same message", c.arrived())
}

func signal(t *testing.T, s *harness.Sandbox, sig syscall.Signal) {
	t.Helper()
	if err := s.Cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
