package harness

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Order walks the wizard for one person and sends it; it answers the Order's
// path and the line's.
func (p *Program) Order(holder string) (order, line string) {
	p.S.T.Helper()
	review := p.Draft(holder)
	order = p.Post(review, url.Values{"revision": {p.Revision(p.Get(review))}})
	return order, p.LineOf(order)
}

// LineOf is the path of the first line of an order.
func (p *Program) LineOf(order string) string {
	p.S.T.Helper()
	return p.Find(p.Get(order), `href="(`+order+`/lines/[0-9a-f-]{36})"`)
}

// Draft walks the wizard for one person up to the page that sends.
func (p *Program) Draft(holder string) (review string) { return p.DraftOf(holder, "standard") }

// DraftOf is Draft for a card of another type.
func (p *Program) DraftOf(holder, cardType string) (review string) {
	p.S.T.Helper()
	h, base := p.S.Person(holder), p.S.Company("furuborg")
	who := p.Post(base+"/orders/new", url.Values{})
	draft := strings.TrimSuffix(who, "/who")
	next := p.Post(who, url.Values{
		"given_name": {h.GivenName}, "surname": {h.Surname}, "birth_date": {h.BirthDate}, "nationality": {h.Nationality},
		"personal_number": {h.PersonalNumber}, "email": {h.Email}, "phone": {h.Phone}, "lang": {h.Lang},
		"revision": {p.Revision(p.Get(who))},
	})
	next = p.Post(next, url.Values{"card_type": {cardType}, "valid_until": {""}, "revision": {p.Revision(p.Get(next))}})
	a := p.Upload(next, "photo", p.S.Portrait(holder), url.Values{"action": {"upload"}, "revision": {p.Revision(p.Get(next))}})
	if a.Status != 303 {
		p.S.T.Fatalf("photo: %d\n%s", a.Status, Text(a.Body))
	}
	next = p.Post(draft+"/photo", url.Values{"action": {"use"}, "revision": {p.Revision(p.Get(draft + "/photo"))}})
	delivery := p.Get(next)
	return p.Post(next, url.Values{
		"address": {p.Find(delivery, `name="address" value="([0-9a-f-]{36})"`)}, "reference": {"KV-EKEN"}, "revision": {p.Revision(delivery)},
	})
}

// Review passes a line as the reviewer.
func (p *Program) Review(line string) {
	p.S.T.Helper()
	id := line[strings.LastIndex(line, "/")+1:]
	page := "/office/review/" + id
	p.Post(page+"/pass", url.Values{"revision": {p.Revision(p.Get(page))}})
}

// Approve opens the link of the mail, completes the own data and signs.
func (p *Program) Approve() {
	p.S.T.Helper()
	link := p.S.Mail(p.Who.Email, `/a/`)
	where := p.Try("GET", link, nil)
	if where.Status != 303 {
		p.S.T.Fatalf("the link of a signed-in cardholder: %d\n%s", where.Status, Text(where.Body))
	}
	page := where.Location
	eid := p.Post(page, url.Values{
		"revision": {p.Revision(p.Get(page))}, "phone": {p.Who.Phone}, "street": {"Ekvägen 12"}, "postcode": {"111 22"}, "city": {"Exempelstad"}, "country": {"SE"},
	})
	done := p.Identify(eid)
	if !strings.HasSuffix(done, "/done") {
		p.S.T.Fatalf("the signature led to %s\n%s", done, Text(p.Get(done).Body))
	}
	p.Get(done)
}

// Number waits for the card and answers its Number.
func (s *Sandbox) Number(surname string) string {
	s.T.Helper()
	var number string
	s.Wait("the printed card of "+surname, func() bool {
		var batches []struct {
			Cards []struct{ Number, Surname, Step string }
		}
		s.Call("GET", s.World.Bureau+"/_sim/batches", nil, &batches)
		for _, b := range batches {
			for _, c := range b.Cards {
				if c.Surname == surname && c.Step == "dispatched" {
					number = c.Number
				}
			}
		}
		return number != "" && s.Check(number).Reason != "unknown"
	})
	return number
}

// Activate types the last six digits and answers the PIN.
func (p *Program) Activate(number string) string {
	p.S.T.Helper()
	page := "/me/cards/" + number + "/activate"
	digits := number[len(number)-6:]
	for range 2 {
		a := p.Try("POST", page, url.Values{"digits": {digits}})
		if a.Status == 303 && strings.HasPrefix(a.Location, "/eid/") {
			p.Identify(a.Location)
			continue
		}
		if a.Status != 200 {
			p.S.T.Fatalf("activation: %d %s\n%s", a.Status, a.Location, Text(a.Body))
		}
		if cc := a.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
			p.S.T.Errorf("the page with the PIN may be kept: Cache-Control %q", cc)
		}
		return p.Find(a, `data-kv-hide[\s\S]*?PIN[^:<]*: ((?:\d ){3}\d)`)
	}
	p.S.T.Fatal("activation asked for an identification twice")
	return ""
}

func (p *Program) ShowPIN(number, want string) {
	p.S.T.Helper()
	if p.PIN(number) != want {
		p.S.T.Error("another PIN is shown than the one made at activation")
	}
}

// PIN identifies if need be and answers what the card's page then shows.
func (p *Program) PIN(number string) string {
	p.S.T.Helper()
	page := "/me/cards/" + number + "/pin"
	a := p.Try("POST", page, url.Values{"number": {number}})
	if a.Status == 303 {
		p.Identify(a.Location)
		a = p.Try("POST", page, url.Values{"number": {number}})
	}
	if a.Status != 200 {
		p.S.T.Fatalf("show PIN: %d\n%s", a.Status, Text(a.Body))
	}
	return p.Find(a, `data-kv-hide[\s\S]*?PIN[^:<]*: ((?:\d ){3}\d)`)
}

// Accept takes an invitation's link and answers where it led.
func (p *Program) Accept(link string) string {
	p.S.T.Helper()
	p.Get(link)
	return p.Post(strings.TrimPrefix(link, p.S.Product.URL), url.Values{})
}

// Many does the same from n windows of one browser at once, and answers how
// often each status came back.
func (p *Program) Many(n int, act func(i int, p *Program) Answer) map[int]int {
	p.S.T.Helper()
	got := make([]Answer, n)
	var all sync.WaitGroup
	for i := range n {
		window := *p
		window.Cookies = maps.Clone(p.Cookies)
		all.Go(func() { got[i] = act(i, &window) })
	}
	all.Wait()
	count := map[int]int{}
	for _, a := range got {
		count[a.Status]++
	}
	return count
}

// Stranger has a browser and no account.
func (s *Sandbox) Stranger() *Program {
	return &Program{S: s, Cookies: map[string]string{}, client: &http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}
