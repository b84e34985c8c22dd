package world

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kortverk/kortverk/internal/cast"
)

// maker makes a card for somebody who only wants to see one in use: it plays
// all parts of the journey over the pages, as people would.
type maker struct {
	mu      sync.Mutex
	running bool
	person  cast.Person
	step    string // of making; "" before the first
	page    string // of the card in the order portal, once it is made
	err     error
}

// makeSteps are what is done, in order; world.make.<step> says it.
var makeSteps = []string{"order", "review", "mail", "approve", "produce", "activate"}

// makeView is how far the making is.
type makeView struct {
	Running, Done bool
	Person        cast.Person
	Step          string
	N             int
	Failed        string
	Card          string // address that shows it on the laptop
	Nobody        bool   // everybody has a card
}

func (w *World) makeView(r *http.Request) makeView {
	w.maker.mu.Lock()
	v := makeView{Running: w.maker.running, Person: w.maker.person, Step: w.maker.step, N: slices.Index(makeSteps, w.maker.step) + 1}
	if page := w.maker.page; page != "" {
		v.Done, v.Card = true, w.under(laptopName, w.pages)+"/device?to="+url.QueryEscape(page)
	}
	if w.maker.err != nil {
		v.Failed = w.maker.err.Error()
	}
	w.maker.mu.Unlock()
	if !v.Running && !v.Done {
		next, ok := w.nextHolder(r.Context())
		v.Nobody = !ok
		if v.Failed == "" {
			v.Person = next
		}
	}
	return v
}

// nextHolder is the first of the company's people who has no card yet.
func (w *World) nextHolder(ctx context.Context) (cast.Person, bool) {
	cards := w.printed(ctx)
	for _, p := range cast.WithRole(cast.Cardholder) {
		has := slices.ContainsFunc(cards, func(c printed) bool { return c.Name == p.Name() })
		if p.CompanyID == cast.Companies()[0].ID && p.OrderedSurname == p.Surname && !has {
			return p, true
		}
	}
	return cast.Person{}, false
}

// makeCard begins to make a card, if none is being made.
func (w *World) makeCard() {
	w.maker.mu.Lock()
	defer w.maker.mu.Unlock()
	if w.maker.running {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	who, ok := w.nextHolder(ctx)
	if !ok {
		cancel()
		return
	}
	w.maker.running, w.maker.person, w.maker.step, w.maker.page, w.maker.err = true, who, "", "", nil
	go func() {
		defer cancel()
		page, err := w.walk(ctx, who)
		w.maker.mu.Lock()
		defer w.maker.mu.Unlock()
		w.maker.running, w.maker.page, w.maker.err = false, page, err
	}()
}

func (w *World) making(step string) {
	w.maker.mu.Lock()
	defer w.maker.mu.Unlock()
	w.maker.step = step
}

// walk is the journey from the order to the activated card; it answers the
// card's page in the order portal.
func (w *World) walk(ctx context.Context, who cast.Person) (string, error) {
	company := w.place(cast.Person{Role: cast.Orderer, CompanyID: who.CompanyID})
	w.making("order")
	line, err := w.walkOrder(ctx, who, company)
	if err != nil {
		return "", err
	}
	w.making("review")
	tove := w.walker(ctx, reviewer)
	page := "/office/review/" + line[strings.LastIndex(line, "/")+1:]
	tove.post(page+"/pass", url.Values{"revision": {tove.find(page, revision)}})
	if tove.err != nil {
		return "", tove.err
	}
	w.making("mail")
	link, err := w.approvalLink(ctx, who)
	if err != nil {
		return "", err
	}
	w.making("approve")
	person := w.walker(ctx, who.ID)
	page = person.follow(link)
	person.identify(person.post(page, url.Values{
		"revision": {person.find(page, revision)}, "phone": {who.Phone}, "street": {"Ekvägen 12"}, "postcode": {"111 22"}, "city": {"Exempelstad"}, "country": {"SE"},
	}))
	w.making("produce")
	number, err := w.sent(ctx, who)
	if err := errors.Join(person.err, err); err != nil {
		return "", err
	}
	w.making("activate")
	page = "/me/cards/" + number + "/activate"
	for range 2 { // the second time when it asks for a fresh identification
		if where := person.post(page, url.Values{"digits": {number[len(number)-6:]}}); strings.HasPrefix(where, "/eid/") {
			person.identify(where)
			continue
		}
		break
	}
	return company + "/cards/" + number, person.err
}

// walkOrder orders a card and answers the line's page.
func (w *World) walkOrder(ctx context.Context, who cast.Person, company string) (string, error) {
	i := slices.IndexFunc(cast.People(), func(p cast.Person) bool { return p.Role == cast.Orderer && p.CompanyID == who.CompanyID })
	if i < 0 {
		return "", fmt.Errorf("nobody orders for %s", who.CompanyID)
	}
	o := w.walker(ctx, cast.People()[i].ID)
	page := o.post(company+"/orders/new", url.Values{})
	draft := strings.TrimSuffix(page, "/who")
	page = o.post(page, url.Values{
		"given_name": {who.GivenName}, "surname": {who.Surname}, "birth_date": {who.BirthDate()}, "nationality": {who.Nationality},
		"personal_number": {who.PersonalNumber}, "email": {who.Email}, "phone": {who.Phone}, "lang": {who.Lang}, "revision": {o.find(page, revision)},
	})
	page = o.post(page, url.Values{"card_type": {o.find(page, firstType)}, "valid_until": {""}, "revision": {o.find(page, revision)}})
	o.upload(page, "photo", who.Portrait(), url.Values{"action": {"upload"}, "revision": {o.find(page, revision)}})
	page = o.post(draft+"/photo", url.Values{"action": {"use"}, "revision": {o.find(draft+"/photo", revision)}})
	page = o.post(page, url.Values{"address": {o.find(page, address)}, "reference": {"Sandbox"}, "revision": {o.find(page, revision)}})
	order := o.post(page, url.Values{"revision": {o.find(page, revision)}})
	line := o.find(order, regexp.MustCompile(`href="(`+regexp.QuoteMeta(order)+`/lines/[0-9a-f-]{36})"`))
	return line, o.err
}

var (
	revision  = regexp.MustCompile(`name="revision" value="(\d+)"`)
	address   = regexp.MustCompile(`name="address" value="([0-9a-f-]{36})"`)
	firstType = regexp.MustCompile(`name="card_type" value="([^"]+)"`)
)

// approvalLink waits for the mail that asks the cardholder to approve. It comes
// half a minute after the review, which can be undone for so long.
func (w *World) approvalLink(ctx context.Context, who cast.Person) (string, error) {
	var link string
	err := w.until(ctx, func() bool {
		var mails []struct {
			Links []struct {
				URL string `json:"url"`
			} `json:"links"`
		}
		if w.call(ctx, http.MethodGet, local(w.mailPages)+"/_sim/mails?to="+url.QueryEscape(who.Email), nil, &mails) != nil {
			return false
		}
		for _, m := range mails {
			for _, l := range m.Links {
				if strings.HasPrefix(l.URL, w.product()+"/a/") {
					link = l.URL
				}
			}
		}
		return link != ""
	})
	return link, err
}

// sent waits until the bureau has sent the card and the product knows it.
func (w *World) sent(ctx context.Context, who cast.Person) (string, error) {
	number := ""
	err := w.until(ctx, func() bool {
		for _, c := range w.printed(ctx) {
			if c.Name == who.Name() && c.Sent && w.hold(ctx, c.Number).word() == "stop" {
				number = c.Number
			}
		}
		return number != ""
	})
	return number, err
}

func (w *World) until(ctx context.Context, ok func() bool) error {
	for !ok() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	return nil
}

// walker is a signed-in person of the cast in a browser without a screen. After
// the first mistake it does nothing more.
type walker struct {
	w   *World
	ctx context.Context
	p   *program
	who cast.Person
	err error
}

func (w *World) walker(ctx context.Context, id string) *walker {
	who, _ := cast.ByID(id)
	p, _, err := w.signIn(ctx, who, "/me")
	return &walker{w: w, ctx: ctx, p: p, who: who, err: err}
}

// post sends a form and answers where it led.
func (k *walker) post(page string, form url.Values) string {
	if k.err != nil {
		return ""
	}
	status, where, _, err := k.p.do(k.ctx, http.MethodPost, page, form)
	if err == nil && status >= 400 {
		err = fmt.Errorf("%s: POST %s answered %d", k.who.ID, page, status)
	}
	k.err = err
	return where
}

// follow opens a link that leads to a page.
func (k *walker) follow(link string) string {
	if k.err != nil {
		return ""
	}
	status, where, _, err := k.p.do(k.ctx, http.MethodGet, link, nil)
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("%s: GET %s answered %d", k.who.ID, link, status)
	}
	k.err = err
	return where
}

// find is what a page says.
func (k *walker) find(page string, pattern *regexp.Regexp) string {
	if k.err != nil {
		return ""
	}
	_, _, body, err := k.p.do(k.ctx, http.MethodGet, page, nil)
	m := pattern.FindStringSubmatch(body)
	if err == nil && m == nil {
		err = fmt.Errorf("%s: nothing on %s is like %s", k.who.ID, page, pattern)
	}
	if k.err = err; err != nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

func (k *walker) identify(page string) {
	if k.err == nil {
		_, k.err = k.w.identify(k.ctx, k.p, page, k.who)
	}
}

// upload sends a form with a picture.
func (k *walker) upload(page, field string, file []byte, form url.Values) {
	if k.err != nil {
		return
	}
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for name, values := range form {
		_ = m.WriteField(name, values[0])
	}
	part, err := m.CreateFormFile(field, "picture.jpg")
	if err == nil {
		_, err = part.Write(file)
	}
	if k.err = errors.Join(err, m.Close()); k.err != nil {
		return
	}
	status, _, _, err := k.p.send(k.ctx, http.MethodPost, page, m.FormDataContentType(), &body)
	if err == nil && status >= 400 {
		err = fmt.Errorf("%s: the picture was answered %d", k.who.ID, status)
	}
	k.err = err
}
