package main

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/kortverk/kortverk/test/bench/dataset"
)

// page is one of those that are used most: what is sent for its i-th look.
type page struct {
	name string
	ask  func(i int) []byte
}

// pages measures how long the server takes for each, when nobody else asks.
func (b *bench) pages(sets []dataset.Set) error {
	for _, set := range sets {
		if err := b.pagesOf(set); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) pagesOf(set dataset.Set) error {
	pool, err := open(set)
	if err != nil {
		return err
	}
	defer pool.Close()
	p, err := b.meet(set, pool)
	if err != nil {
		return err
	}
	product, err := b.startProduct(set)
	if err != nil {
		return err
	}
	defer product.stop()
	wizard, err := b.draft(product, p)
	if err != nil {
		return err
	}
	b.report.section("Server time of the pages used most, " + set.Engine)
	for _, pg := range append(most(p), wizard...) {
		var l load
		for i := range looks {
			l.requests = append(l.requests, pg.ask(i))
		}
		if err := b.tellPage(product, pg.name, l); err != nil {
			return err
		}
	}
	b.report.section("Searches of cards in the largest company, " + set.Engine)
	return errors.Join(b.searches(product, p, pool), b.filters(product, p, pool))
}

func (b *bench) tellPage(product *process, name string, l load) error {
	warm := load{requests: l.requests[:min(10, len(l.requests))]}
	if _, err := warm.inTurn(product.url); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	before := product.cpu()
	o, err := l.inTurn(product.url)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	cpu := "CPU " + figure(float64((product.cpu()-before).Microseconds())/1000/float64(o.count)) + " ms"
	if o.wrong > 0 {
		b.fault("%s: %d answers of %d: %s", name, o.wrong, o.count, o.first)
	}
	b.report.add(result{Name: name + ", p50", Value: o.latencies.median(), Unit: "ms", Spread: cpu}, result{Name: name + ", p99", Value: o.latencies.quantile(0.99), Unit: "ms"})
	return nil
}

// most are the pages, of everybody.
func most(p *people) []page {
	o, me := "/o/"+p.company, func(i int) shown { return p.holders[i%len(p.holders)] }
	line := func(i int) []string { return p.lines[i%len(p.lines)] }
	number := func(i int) string { return p.cards[i%len(p.cards)][0] }
	signer := func(i int) shown { return p.signers[i%len(p.signers)] }
	by := func(cookie string, path func(i int) string) func(int) []byte {
		return func(i int) []byte { return get(path(i), as(cookie)) }
	}
	fixed := func(cookie, path string) func(int) []byte { return by(cookie, func(int) string { return path }) }
	return []page{
		{"front page", fixed("", "/")},
		{"sign-in", fixed("", "/signin")},
		{"check by hand", func(i int) []byte { return post("/check", squeezed+from(i), form("number", number(i))) }},
		{"code on a card scanned", func(i int) []byte { return get("/k/"+number(i), squeezed+from(i)) }},
		{"cardholder: own cards", func(i int) []byte { return get("/me", as(me(i).cookie)) }},
		{"cardholder: a card", func(i int) []byte { return get("/me/cards/"+me(i).what, as(me(i).cookie)) }},
		{"cardholder: approval", func(i int) []byte { return get("/me/approve/"+signer(i).what, as(signer(i).cookie)) }},
		{"cardholder: the photo on the card", func(i int) []byte { return get("/me/photo/"+signer(i).what, as(signer(i).cookie)) }},
		{"orderer: home", fixed(p.orderer, o)},
		{"orderer: orders", fixed(p.orderer, o+"/orders")},
		{"orderer: an order", by(p.orderer, func(i int) string { return join(o, "orders", line(i)[0]) })},
		{"orderer: a line", by(p.orderer, func(i int) string { return join(o, "orders", line(i)[0], "lines", line(i)[1]) })},
		{"orderer: cards", fixed(p.orderer, o+"/cards")},
		{"orderer: a card", by(p.orderer, func(i int) string { return join(o, "cards", number(i)) })},
		{"orderer: block a card, the question", by(p.orderer, func(i int) string { return join(o, "cards", number(i), "block") })},
		{"orderer: photo in a list", by(p.orderer, func(i int) string { return join(o, "cards", number(i), "photo.jpg") })},
		{"reviewer: to the next case", fixed(p.reviewer, "/office/review")},
		{"reviewer: a case", by(p.reviewer, func(i int) string { return "/office/review/" + p.queue[i%len(p.queue)] })},
		{"production: batches", fixed(p.floor, "/office/batches")},
		{"production: a batch", by(p.floor, func(i int) string { return "/office/batches/" + p.batches[i%len(p.batches)] })},
		{"officer: companies", fixed(p.officer, "/office/companies")},
		{"officer: events", fixed(p.officer, "/office/events")},
	}
}

var (
	location = regexp.MustCompile(`orders/new/([0-9a-f-]{36})/`)
	cursorIn = regexp.MustCompile(`name="after" value="([^"]+)"|value="([^"]+)" name="after"`)
)

// draft begins an order, for the pages of the form.
func (b *bench) draft(product *process, p *people) ([]page, error) {
	c, err := dial(product.url)
	if err != nil {
		return nil, err
	}
	defer c.c.Close()
	o := "/o/" + p.company + "/orders/new"
	status, _, where, err := c.full(post(o, p.orderer, ""))
	m := location.FindStringSubmatch(where)
	if err != nil || m == nil {
		return nil, fmt.Errorf("a new order: %d %q %w", status, where, err)
	}
	var out []page
	for _, step := range []string{"who", "card", "photo", "delivery", "review"} {
		path := join(o, m[1], step)
		out = append(out, page{"orderer: new order, " + step, func(int) []byte { return get(path, as(p.orderer)) }})
	}
	return out, nil
}

// searches types into the box of the list of cards, and turns pages.
func (b *bench) searches(product *process, p *people, pool *sql.DB) error {
	path := "/o/" + p.company + "/cards"
	orders, err := texts(b.ctx, pool, `SELECT number FROM card_order WHERE company = $1 ORDER BY id DESC LIMIT $2`, p.company, looks)
	if err != nil {
		return err
	}
	names, err := rowsOf(b.ctx, pool, 2, `SELECT given_name, surname FROM card WHERE company_id = $1 ORDER BY id DESC LIMIT $2`, p.company, looks)
	if err != nil {
		return err
	}
	numbers, err := b.numbers(p, pool)
	if err != nil {
		return err
	}
	cut := func(s string, n int) string { r := []rune(s); return string(r[:min(n, len(r))]) }
	orderer, err := texts(b.ctx, pool, `SELECT ordered_by_name FROM card_order WHERE company = $1 ORDER BY id LIMIT 1`, p.company)
	if err != nil || len(orderer) == 0 {
		return errors.Join(err, errNothing)
	}
	for _, s := range []struct {
		name string
		text func(i int) string
	}{
		{"search by surname", func(i int) string { return names[i%len(names)][1] }},
		{"search by surname and beginning of the given name", func(i int) string { return names[i%len(names)][1] + " " + cut(names[i%len(names)][0], 2) }},
		{"search by the most frequent beginning", func(int) string { return "an" }},
		{"search by personal number", func(i int) string { return numbers[i%len(numbers)] }},
		{"search by card number", func(i int) string { return p.cards[i%len(p.cards)][0] }},
		{"search by order number", func(i int) string { return orders[i%len(orders)] }},
		{"search by orderer", func(int) string { return orderer[0] }},
	} {
		first := b.searchLoad(path, p.orderer, s.text, "")
		one, err := first.inTurn(product.url)
		if err != nil {
			return err
		}
		b.tellSearch(s.name, one)
		after, turned, err := b.turn(product, path, p.orderer, s.text(0), 20)
		if err != nil {
			return err
		}
		if turned >= 3 {
			same := func(int) string { return s.text(0) }
			page1 := b.searchLoad(path, p.orderer, same, "")
			pageN := b.searchLoad(path, p.orderer, same, after)
			if err := b.compare(product, fmt.Sprintf("%s, page %d", s.name, turned+1), page1, pageN); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) searchLoad(path, cookie string, text func(int) string, after string) load {
	var l load
	for i := range looks {
		body := form("q", text(i))
		if after != "" {
			body = form("q", text(i), "after", after)
		}
		l.requests = append(l.requests, post(path, as(cookie), body))
	}
	return l
}

// turn goes to the next page n times, or to the last, and answers that page's cursor.
func (b *bench) turn(product *process, path, cookie, text string, n int) (after string, turned int, err error) {
	c, err := dial(product.url)
	if err != nil {
		return "", 0, err
	}
	defer c.c.Close()
	for turned < n {
		body := form("q", text)
		if after != "" {
			body = form("q", text, "after", after)
		}
		_, page, err := c.do(post(path, cookie, body))
		if err != nil {
			return "", 0, err
		}
		m := cursorIn.FindSubmatch(page)
		if m == nil {
			return after, turned, nil
		}
		after = html.UnescapeString(string(m[1]) + string(m[2]))
		turned++
	}
	return after, turned, nil
}

// filters looks at the list under each filter: its first page, and one from the middle.
func (b *bench) filters(product *process, p *people, pool *sql.DB) error {
	for _, f := range []struct{ status, where string }{
		{"", ""},
		{"active", "state = 'active'"},
		{"blocked", "state = 'blocked'"},
		{"expiring", "state IN ('produced', 'active', 'blocked')"},
		{"ended", "state = 'terminated'"},
		{"not_activated", ""},
		{"to_correct", ""},
		{"under_way", ""},
	} {
		path := "/o/" + p.company + "/cards"
		if f.status != "" {
			path += "?status=" + f.status
		}
		name := "list of cards, filter " + orDash(f.status)
		page1 := repeat(get(path, as(p.orderer)))
		one, err := page1.inTurn(product.url)
		if err != nil {
			return err
		}
		b.tellSearch(name, one)
		if f.where == "" && f.status != "" {
			continue
		}
		cursor, err := b.middle(p, pool, f.where)
		if err != nil {
			return err
		}
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		if err := b.compare(product, name+", a page in the middle", page1, repeat(get(path+sign+"after="+cursor, as(p.orderer)))); err != nil {
			return err
		}
	}
	return nil
}

func repeat(request []byte) load {
	var l load
	for range looks {
		l.requests = append(l.requests, request)
	}
	return l
}

// middle is the cursor of a place in the middle of the company's cards, or of its lines.
func (b *bench) middle(p *people, pool *sql.DB, where string) (string, error) {
	from := "card WHERE company_id = $1 AND " + where
	if where == "" {
		from = "order_line WHERE company = $1 AND state <> 'draft'"
	}
	count, err := texts(b.ctx, pool, "SELECT CAST(count(*) AS text) FROM "+from, p.company)
	if err != nil {
		return "", err
	}
	var n int
	_, _ = fmt.Sscan(count[0], &n)
	rows, err := rowsOf(b.ctx, pool, 3, fmt.Sprintf("SELECT surname, given_name, id FROM %s ORDER BY surname, given_name, id LIMIT 1 OFFSET %d", from, n/2), p.company)
	if err != nil || len(rows) == 0 {
		return "", errors.Join(err, errNothing)
	}
	text, err := json.Marshal(struct{ Surname, Given, ID string }{rows[0][0], rows[0][1], rows[0][2]})
	return base64.RawURLEncoding.EncodeToString(text), err
}

// compare asks for two pages in alternating rounds.
func (b *bench) compare(product *process, name string, first, other load) error {
	var one, two outcome
	var ratios series
	for range b.o.rounds {
		x, err := first.inTurn(product.url)
		if err != nil {
			return err
		}
		y, err := other.inTurn(product.url)
		if err != nil {
			return err
		}
		one.latencies, two.latencies = append(one.latencies, x.latencies...), append(two.latencies, y.latencies...)
		one.wrong, two.wrong, two.first = one.wrong+x.wrong, two.wrong+y.wrong, x.first+y.first
		ratios = append(ratios, y.latencies.median()/x.latencies.median())
	}
	if two.wrong+one.wrong > 0 {
		b.fault("%s: %s", name, two.first)
	}
	b.report.add(result{Name: name, Value: two.latencies.median(), Unit: "ms p50", Ratio: ratios.median(), Than: "page 1", Spread: ratios.spread()}.byRatio("<= 1.2"))
	return nil
}

func (b *bench) tellSearch(name string, o outcome) {
	if o.wrong > 0 {
		b.fault("%s: %d answers of %d: %s", name, o.wrong, o.count, o.first)
	}
	b.report.add(
		result{Name: name + ", p50", Value: o.latencies.median(), Unit: "ms"},
		result{Name: name + ", p99", Value: o.latencies.quantile(0.99), Unit: "ms"}.byValue("< 20"),
	)
}
