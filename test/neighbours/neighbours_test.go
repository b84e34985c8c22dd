package neighbours

import (
	"net"
	nethttp "net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kortverk/kortverk/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// scheme is a product with a proxy before each neighbour, and its people.
type scheme struct {
	*harness.Sandbox
	bankid, mail, bureau *proxy
	ivar, tove, alva     *harness.Program
}

func newScheme(t *testing.T, engine string) *scheme {
	t.Helper()
	s := &scheme{bankid: newProxy(t), mail: newProxy(t), bureau: newProxy(t)}
	var link string
	s.Sandbox, link = harness.Production(t, engine,
		"KORTVERK_BANKID_URL=https://"+s.bankid.addr+"/rp/v6.0", "KORTVERK_SMTP_ADDR="+s.mail.addr, "KORTVERK_BUREAU_URL=http://"+s.bureau.addr)
	for name, p := range map[string]*proxy{"KORTVERK_BANKID_URL": s.bankid, "KORTVERK_SMTP_ADDR": s.mail, "KORTVERK_BUREAU_URL": s.bureau} {
		p.target = s.OfWorld(name)
		if u, err := url.Parse(p.target); err == nil && u.Host != "" {
			p.target = u.Host
		}
		p.set(p.through)
	}
	s.ivar = s.SignIn("ivar")
	s.tove, s.alva = s.Found(s.ivar, link)
	return s
}

// works: what doesn't need the broken neighbour.
func (s *scheme) works() {
	s.T.Helper()
	began := time.Now()
	if !s.Ready() {
		s.T.Error("not ready, because of a neighbour")
	}
	if v := s.Check("BB-1234-567897"); v.Reason != "unknown" {
		s.T.Errorf("a check: %+v", v)
	}
	for _, page := range []string{"/check", "/signin"} {
		if a := s.Stranger().Try("GET", page, nil); a.Status != 200 {
			s.T.Errorf("%s: %d", page, a.Status)
		}
	}
	s.alva.Get(s.Company("furuborg") + "/cards")
	s.alva.Post(s.Company("furuborg")+"/orders/new", url.Values{})
	s.ivar.Get("/office/batches")
	if took := time.Since(began); took > 8*time.Second {
		s.T.Errorf("everything else took %v", took)
	}
}

// way is how a neighbour fails.
type way struct {
	name string
	on   func(s *scheme)
	off  func(s *scheme)
}

func run(t *testing.T, groups [][]way, mode func(s *scheme, w way), prepare func(s *scheme, ways []way)) {
	t.Parallel()
	for i, group := range groups {
		engine := []string{"sqlite", "postgres"}[i%2]
		t.Run(engine+" "+names(group), func(t *testing.T) {
			t.Parallel()
			s := newScheme(t, engine)
			if prepare != nil {
				prepare(s, group)
			}
			for _, w := range group {
				t.Log(w.name)
				mode(s, w)
			}
		})
	}
}

func names(group []way) string {
	var out []string
	for _, w := range group {
		out = append(out, w.name)
	}
	return strings.Join(out, " ")
}

// proxied are the ways that the proxy before one neighbour makes.
func proxied(of func(*scheme) *proxy, name string, mode func(p *proxy) func(net.Conn)) way {
	return way{name, func(s *scheme) { of(s).set(mode(of(s))) }, func(s *scheme) { of(s).set(of(s).through) }}
}

func always(mode func(net.Conn)) func(*proxy) func(net.Conn) {
	return func(*proxy) func(net.Conn) { return mode }
}

// Whoever signs in hears that BankID can't be reached; who is signed in works
// on. What was approved on the phone meanwhile arrives, or the person is told
// that it got lost and nothing is done.
func TestBankIDFails(t *testing.T) {
	of := func(s *scheme) *proxy { return s.bankid }
	fault := func(name, next string) way {
		return way{name, func(s *scheme) {
			s.Call("POST", s.World.Phone+"/_sim/fault", map[string]any{"next": next, "count": 10000}, nil)
		}, func(s *scheme) { s.Call("DELETE", s.World.Phone+"/_sim/fault", nil, nil) }}
	}
	groups := [][]way{
		{proxied(of, "refuses", always(refuse)), fault("answers 500", "500"), fault("answers half a body", "garbage"), proxied(of, "answers noise", always(noise))},
		{proxied(of, "hangs", always(hang))},
		{proxied(of, "answers late", func(p *proxy) func(net.Conn) { return p.late(13*time.Second, nil) })},
	}
	run(t, groups, func(s *scheme, w way) {
		open := s.Stranger()
		page := open.Post("/signin/bankid", url.Values{"next": {"/me"}})
		if !strings.HasPrefix(page, "/eid/") {
			s.T.Fatalf("sign-in led to %s", page)
		}
		w.on(s)
		s.Call("POST", s.World.Phone+"/_sim/orders/newest/approve", map[string]any{"persona": "samuel"}, nil)
		var all sync.WaitGroup
		for range 4 { // more than one, so that the circuit is seen as well
			all.Go(func() {
				a := s.Stranger().Try("POST", "/signin/bankid", url.Values{"next": {"/me"}})
				words := harness.Text(a.Body)
				if a.Status != nethttp.StatusServiceUnavailable || !strings.Contains(words, "BankID går inte att nå") && !strings.Contains(words, "Något gick fel hos BankID") {
					s.T.Errorf("%s: sign-in answers %d: %s", w.name, a.Status, words)
				}
			})
		}
		s.works()
		all.Wait()
		if a := open.Try("GET", page, nil); a.Status != 200 && a.Status != 303 {
			s.T.Errorf("%s: the page that waits answers %d", w.name, a.Status)
		}
		w.off(s)
		s.Wait("the end of what was begun before", func() bool {
			a := open.Try("GET", page, nil)
			return a.Status == 303 || strings.Contains(harness.Text(a.Body), "Svaret från BankID kom inte fram")
		})
		s.Wait("sign-in", func() bool {
			return s.Stranger().Try("POST", "/signin/bankid", url.Values{"next": {"/me"}}).Status == 303
		})
		s.SignIn("piotr")
	}, nil)
}

// A mail that can't be sent now is sent later, once.
func TestTheMailServerFails(t *testing.T) {
	of := func(s *scheme) *proxy { return s.mail }
	groups := [][]way{
		{proxied(of, "refuses", always(refuse)), proxied(of, "answers 451", always(smtp("451 4.3.0 Try again later"))), proxied(of, "answers noise", always(noise)), proxied(of, "answers nonsense", always(smtp("?")))},
		{proxied(of, "hangs", always(hang))},
		{proxied(of, "answers late", func(p *proxy) func(net.Conn) { return p.late(33*time.Second, []byte("\r\n.\r\n")) })},
	}
	run(t, groups, func(s *scheme, w way) {
		w.on(s)
		to := strings.ReplaceAll(w.name, " ", "-") + "@kortverk.example"
		s.ivar.Post("/office/staff/invite", url.Values{"role": {"reviewer"}, "given_name": {"Nils"}, "surname": {"Berg"}, "email": {to}, "lang": {"sv"}})
		s.Wait("a second try", func() bool { return s.mail.count() >= 2 })
		s.works()
		w.off(s)
		s.Mail(to, "/i/")
		var mails []struct {
			MessageID string `json:"message_id"`
		}
		s.Call("GET", s.World.Mail+"/_sim/mails?to="+url.QueryEscape(to), nil, &mails)
		for _, m := range mails {
			if m.MessageID == "" || m.MessageID != mails[0].MessageID {
				s.T.Errorf("%s: mails that a mail program can't know as one: %+v", w.name, mails)
			}
		}
		if len(mails) > 1 && w.name != "answers late" {
			s.T.Errorf("%s: the mail came %d times", w.name, len(mails))
		}
	}, nil)
}

// Cards that can't be ordered now are ordered later, once each; everybody sees
// that they are on their way.
//
// Rows: 52
func TestTheBureauFails(t *testing.T) {
	of := func(s *scheme) *proxy { return s.bureau }
	groups := [][]way{
		{
			proxied(of, "refuses", always(refuse)), proxied(of, "answers 500", always(http("HTTP/1.1 500 Oh\nContent-Length: 0\nConnection: close\n\n"))),
			proxied(of, "answers nonsense", always(http("HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 9\nConnection: close\n\n{\"batch\":"))),
			proxied(of, "answers noise", always(noise)),
		},
		{proxied(of, "hangs", always(hang))},
		{proxied(of, "answers late", func(p *proxy) func(net.Conn) { return p.late(62*time.Second, nil) })},
	}
	people := map[string]string{
		"refuses": "jonas", "answers 500": "piotr", "answers nonsense": "amina", "answers noise": "samuel", "hangs": "jonas", "answers late": "jonas",
	}
	lines := map[*scheme]map[string]string{}
	var mu sync.Mutex
	order := func(s *scheme, ways []way) {
		all := map[string]string{}
		for _, w := range ways {
			_, line := s.alva.Order(people[w.name])
			s.tove.Review(line)
			all[w.name] = line
		}
		mu.Lock()
		lines[s] = all
		mu.Unlock()
	}
	run(t, groups, func(s *scheme, w way) {
		w.on(s)
		who := s.SignIn(people[w.name])
		who.Approve()
		tries := 2
		if w.name == "hangs" || w.name == "answers late" { // a minute each
			tries = 1
		}
		s.Wait("the bureau is asked", func() bool { return s.bureau.count() >= tries })
		s.works()
		mu.Lock()
		line := lines[s][w.name]
		mu.Unlock()
		if words := harness.Text(s.alva.Get(line).Body); !strings.Contains(words, "Tillverkas") && !strings.Contains(words, "Godkänd") {
			s.T.Errorf("%s: the orderer reads: %s", w.name, words)
		}
		if tries == 1 {
			s.WaitFor("the time-out", 2*time.Minute, func() bool { return s.bureau.count() >= 2 })
		}
		if words := harness.Text(s.ivar.Get("/office/batches").Body); !strings.Contains(words, "skickas till byrån") {
			s.T.Errorf("%s: production reads: %s", w.name, words)
		}
		w.off(s)
		s.Number(who.Who.Surname)
		var batches []struct{ Cards []struct{ Surname string } }
		s.Call("GET", s.World.Bureau+"/_sim/batches", nil, &batches)
		n := 0
		for _, b := range batches {
			for _, c := range b.Cards {
				if c.Surname == who.Who.Surname {
					n++
				}
			}
		}
		if n != 1 {
			s.T.Errorf("%s: the bureau has %d cards for one line", w.name, n)
		}
	}, order)
}
