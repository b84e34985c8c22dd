package upgrade

import (
	"maps"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kortverk/kortverk/internal/db/dbtest"
	"github.com/kortverk/kortverk/test/harness"
)

// The database that an earlier release left is migrated by today's program and used: nothing is lost on the way,
// readers hear what they heard then, people who were signed in still are, and everything goes on.
func TestAnEarlierReleaseIsUpgraded(t *testing.T) {
	t.Parallel()
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			p := restore(t, engine, "schema9")
			p.must("", "migrate")
			d := p.look()
			for what, was := range map[string][2]map[string]int64{
				"states": {p.States, states(t, d)}, "rows": {p.Rows, rows(t, d)},
			} {
				if !maps.Equal(was[0], was[1]) {
					t.Errorf("%s before %v\nafter %v", what, was[0], was[1])
				}
			}
			_ = d.Close()
			p.must("", "audit")
			// Alva was signed in at the time. How long ago that was isn't what this is about.
			p.exec(`UPDATE session SET last_seen = ` + micros(time.Now()) + `, expires_at = ` + micros(time.Now().Add(time.Hour)))
			s := p.serve("")
			p.asThen(s)
			p.goOn(s)
			if engine == dbtest.SQLite {
				refusedBeside(t, p)
			}
		})
	}
}

func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// asThen asks what was asked then.
func (p *place) asThen(s *harness.Sandbox) {
	p.t.Helper()
	for _, c := range p.Cards {
		got := s.Check(c.Number)
		last, err := time.Parse(time.DateOnly, c.ValidUntil)
		if err != nil {
			p.t.Fatal(err)
		}
		want := c.Reason
		if time.Now().After(last) && want != "terminated" {
			want = "expired"
		}
		if got.Reason != want || got.ValidUntil != c.ValidUntil {
			p.t.Errorf("%s's card answers %+v, then it was %+v", c.Holder, got, c)
		}
	}
}

// goOn does what people do with what was left to them.
func (p *place) goOn(s *harness.Sandbox) {
	t := p.t
	t.Helper()
	alva := s.Stranger()
	alva.Cookies = maps.Clone(p.Cookies)
	page := s.Company("furuborg") + "/cards/" + p.Number(t, "jonas")
	for _, step := range []struct{ act, reason string }{{"block", "blocked"}, {"unblock", "ok"}} {
		alva.Post(page+"/"+step.act, url.Values{"revision": {alva.Revision(alva.Get(page + "/" + step.act))}, "reason": {"lost"}, "note": {"found"}})
		if v := s.Check(p.Number(t, "jonas")); v.Reason != step.reason {
			t.Errorf("after %s: %+v", step.act, v)
		}
	}
	janis := s.SignIn("janis") // whose card was made then
	janis.Activate(p.Number(t, "janis"))
	if v := s.Check(p.Number(t, "janis")); !v.Valid {
		t.Errorf("a card of then, activated now: %+v", v)
	}
	jonas := s.SignIn("jonas") // whose PIN was sealed then
	if pin := jonas.PIN(p.Number(t, "jonas")); !regexp.MustCompile(`^(\d ){3}\d$`).MatchString(pin) {
		t.Errorf("the PIN of then: %q", pin)
	}
	ivar := s.SignIn("ivar")
	job := ivar.Find(ivar.Get("/office/jobs"), `/office/jobs/([0-9a-f-]{36})/retry`)
	ivar.Post("/office/jobs/"+job+"/retry", url.Values{})
	s.Wait("the card whose delivery was refused then", func() bool {
		return strings.Contains(harness.Text(alva.Get(s.Company("furuborg")+"/cards").Body), "Kazlauskas")
	})
	_, line := alva.Order("sean")
	s.SignIn("tove").Review(line)
}

// refusedBeside: SQLite is one process's.
func refusedBeside(t *testing.T, p *place) {
	t.Helper()
	for _, args := range [][]string{{"migrate"}, {"reader", "add", "Grind 3"}} {
		out, err := p.run("", args...)
		if _, failed := err.(*exec.ExitError); !failed || !strings.Contains(out, "another process is using this database") {
			t.Errorf("kortverk %s beside kortverk serve: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
