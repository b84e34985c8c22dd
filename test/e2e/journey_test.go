package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// order walks the wizard for one person and sends it; it answers the order's
// path and the line's.
func (p *program) order(holder string) (order, line string) {
	p.s.t.Helper()
	review := p.draft(holder)
	order = p.post(review, url.Values{"revision": {p.revision(p.get(review))}})
	return order, p.lineOf(order)
}

// lineOf is the path of the first line of an order.
func (p *program) lineOf(order string) string {
	p.s.t.Helper()
	return p.find(p.get(order), `href="(`+order+`/lines/[0-9a-f-]{36})"`)
}

// draft walks the wizard for one person up to the page that sends.
func (p *program) draft(holder string) (review string) {
	p.s.t.Helper()
	h, base := p.s.person(holder), p.s.company("furuborg")
	who := p.post(base+"/orders/new", url.Values{})
	draft := strings.TrimSuffix(who, "/who")
	next := p.post(who, url.Values{
		"given_name": {h.GivenName}, "surname": {h.Surname}, "birth_date": {h.BirthDate}, "nationality": {h.Nationality},
		"personal_number": {h.PersonalNumber}, "email": {h.Email}, "phone": {h.Phone}, "lang": {h.Lang},
		"revision": {p.revision(p.get(who))},
	})
	next = p.post(next, url.Values{"card_type": {"standard"}, "valid_until": {""}, "revision": {p.revision(p.get(next))}})
	a := p.upload(next, "photo", p.s.portrait(holder), url.Values{"action": {"upload"}, "revision": {p.revision(p.get(next))}})
	if a.Status != 303 {
		p.s.t.Fatalf("photo: %d\n%s", a.Status, text(a.Body))
	}
	next = p.post(draft+"/photo", url.Values{"action": {"use"}, "revision": {p.revision(p.get(draft + "/photo"))}})
	delivery := p.get(next)
	return p.post(next, url.Values{
		"address": {p.find(delivery, `name="address" value="([0-9a-f-]{36})"`)}, "reference": {"KV-EKEN"}, "revision": {p.revision(delivery)},
	})
}

// review passes a line as the reviewer.
func (p *program) review(line string) {
	p.s.t.Helper()
	id := line[strings.LastIndex(line, "/")+1:]
	page := "/office/review/" + id
	p.post(page+"/pass", url.Values{"revision": {p.revision(p.get(page))}})
}

// approve opens the link of the mail, completes the own data and signs.
func (p *program) approve() {
	p.s.t.Helper()
	link := p.s.mail(p.who.Email, `/a/`)
	where := p.try("GET", link, nil)
	if where.Status != 303 {
		p.s.t.Fatalf("the link of a signed-in cardholder: %d\n%s", where.Status, text(where.Body))
	}
	page := where.Location
	eid := p.post(page, url.Values{
		"revision": {p.revision(p.get(page))}, "phone": {p.who.Phone}, "street": {"Ekvägen 12"}, "postcode": {"111 22"}, "city": {"Exempelstad"}, "country": {"SE"},
	})
	done := p.identify(eid)
	if !strings.HasSuffix(done, "/done") {
		p.s.t.Fatalf("the signature led to %s\n%s", done, text(p.get(done).Body))
	}
	p.get(done)
}

// number waits for the card and answers its number.
func (s *sandbox) number(surname string) string {
	s.t.Helper()
	var number string
	s.wait("the printed card of "+surname, func() bool {
		var batches []struct {
			Cards []struct{ Number, Surname, Step string }
		}
		s.call("GET", s.World.Bureau+"/_sim/batches", nil, &batches)
		for _, b := range batches {
			for _, c := range b.Cards {
				if c.Surname == surname && c.Step == "dispatched" {
					number = c.Number
				}
			}
		}
		return number != "" && s.check(number).Reason != "unknown"
	})
	return number
}

// activate types the last six digits and answers the PIN.
func (p *program) activate(number string) string {
	p.s.t.Helper()
	page := "/me/cards/" + number + "/activate"
	digits := number[len(number)-6:]
	for range 2 {
		a := p.try("POST", page, url.Values{"digits": {digits}})
		if a.Status == 303 && strings.HasPrefix(a.Location, "/eid/") {
			p.identify(a.Location)
			continue
		}
		if a.Status != 200 {
			p.s.t.Fatalf("activation: %d %s\n%s", a.Status, a.Location, text(a.Body))
		}
		if cc := a.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") {
			p.s.t.Errorf("the page with the PIN may be kept: Cache-Control %q", cc)
		}
		return p.find(a, `data-kv-hide[\s\S]*?PIN[^:<]*: ((?:\d ){3}\d)`)
	}
	p.s.t.Fatal("activation asked for an identification twice")
	return ""
}

// The spine: order, review, signature, bureau, activation, check, block, over
// HTTP against the real binary.
//
// Rows: 16, 17, 22, 23, 33, 35, 36, 37, 38, 50, 51, 52, 54, 55, 57, 58, 61, 62, 63, 71, 133, 134, 135, 136
func TestJourneyOverHTTP(t *testing.T) {
	engines(t, func(t *testing.T, s *sandbox) {
		alva, tove, jonas := s.signIn("alva"), s.signIn("tove"), s.signIn("jonas")
		_, line := alva.order("jonas")
		tove.review(line)
		jonas.approve()
		number := s.number("Petraitis")

		if v := s.check(number); v.Valid || v.Reason != "not_activated" {
			t.Errorf("before activation: %+v", v)
		}
		pin := jonas.activate(number)
		if v := s.check(number); !v.Valid || v.Reason != "ok" {
			t.Errorf("after activation: %+v", v)
		}
		jonas.showPIN(number, pin)
		page := alva.s.company("furuborg") + "/cards/" + number
		for _, step := range []struct {
			act, reason string
			form        url.Values
		}{
			{"block", "blocked", url.Values{"reason": {"lost"}}},
			{"unblock", "ok", url.Values{"note": {"found again"}}},
			{"terminate", "terminated", url.Values{"reason": {"employment_ended"}}},
		} {
			step.form.Set("revision", alva.revision(alva.get(page+"/"+step.act)))
			alva.post(page+"/"+step.act, step.form)
			if v := s.check(number); v.Reason != step.reason {
				t.Errorf("after %s the reader hears %+v", step.act, v)
			}
		}
		if got := jonas.try("GET", page, nil); got.Status != 404 {
			t.Errorf("the cardholder opened the company's page: %d", got.Status)
		}
	})
}

func (p *program) showPIN(number, want string) {
	p.s.t.Helper()
	page := "/me/cards/" + number + "/pin"
	a := p.try("POST", page, url.Values{"number": {number}})
	if a.Status == 303 {
		p.identify(a.Location)
		a = p.try("POST", page, url.Values{"number": {number}})
	}
	if a.Status != 200 {
		p.s.t.Fatalf("show PIN: %d\n%s", a.Status, text(a.Body))
	}
	if got := p.find(a, `data-kv-hide[\s\S]*?PIN[^:<]*: ((?:\d ){3}\d)`); got != want {
		p.s.t.Error("another PIN is shown than the one made at activation")
	}
}
