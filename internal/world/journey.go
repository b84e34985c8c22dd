package world

import (
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// The steps of the journey, in order.
const (
	stepOrder    = "order"
	stepReview   = "review"
	stepApprove  = "approve"
	stepProduce  = "produce"
	stepActivate = "activate"
	stepCheck    = "check"
	stepBlock    = "block"
	stepRefuse   = "refuse"
)

var steps = []string{stepOrder, stepReview, stepApprove, stepProduce, stepActivate, stepCheck, stepBlock, stepRefuse}

// mails says which step a mail's template shows as done. The template stands in
// the header X-Kortverk-Template.
var mails = map[string]string{
	"order_confirmation":        stepOrder,
	"order_awaiting_cardholder": stepReview,
	"order_approved":            stepApprove,
	"card_dispatched":           stepProduce,
	"card_activated":            stepActivate,
	"card_blocked":              stepBlock,
}

// seen remembers the steps that the world has seen happen, from outside, over
// a restart too.
type seen struct {
	file string
	mu   sync.Mutex
	done map[string]bool
}

// open reads what an earlier run has seen. A file that can't be read only costs ticks.
func (s *seen) open(file string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file = file
	if data, err := os.ReadFile(file); err == nil {
		_ = json.Unmarshal(data, &s.done)
	}
}

// mail notes a mail that arrived.
func (s *seen) mail(template string) {
	if step, ok := mails[template]; ok {
		s.mark(step)
	}
}

// answer notes an answer that the reader was given.
func (s *seen) answer(valid bool, reason string) {
	switch {
	case valid:
		s.mark(stepCheck)
	case reason == "blocked":
		s.mark(stepRefuse)
	}
}

func (s *seen) mark(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = map[string]bool{}
	}
	if s.done[step] {
		return
	}
	s.done[step] = true
	if data, err := json.Marshal(s.done); err == nil && s.file != "" {
		_ = os.WriteFile(s.file, data, 0o600)
	}
}

func (s *seen) has(step string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done[step]
}

type stepView struct {
	Key, Who, Other, Href string
	Person                string // id of who acts, for the picture
	Picture               string // id of whose portrait the step needs; "" for none
	Facts                 []fact // what has to be typed
	Done, Now             bool
}

// fact is something that a step asks one to type.
type fact struct{ Label, Value string }

type startView struct {
	Steps []stepView
	Doors []ui.Link
	Cast  []cast.Person
	Card  string // the card that the journey makes, drawn

	Together string // address of the page with all screens; "" where it isn't
}

func (p startView) done() int {
	n := 0
	for _, s := range p.Steps {
		if s.Done {
			n++
		}
	}
	return n
}

// start is what the start page shows now.
func (w *World) start(t *i18n.Texts, cards []printed) startView {
	product := w.product()
	p := startView{Cast: cast.People(), Card: specimen()}
	if w.opts.Screens {
		p.Together = w.under(togetherName, w.pages) + "/together"
	}
	now := false
	for _, key := range steps {
		s := stepView{Key: key, Done: w.seen.has(key)}
		s.Person, s.Other, s.Href = w.scene(key)
		s.Who = given(s.Person)
		if key == stepOrder {
			s.Picture = holder
		}
		s.Facts = facts(t, key, cards)
		s.Now = !s.Done && !now
		now = now || s.Now
		p.Steps = append(p.Steps, s)
	}
	for _, c := range w.companies() {
		p.Doors = append(p.Doors, ui.Link{Label: t.T("world.door.company", "company", c.Name), Href: product + "/o/" + c.ID, Icon: "building-2"})
	}
	p.Doors = append(p.Doors,
		ui.Link{Label: t.T("world.door.office"), Href: product + "/office", Icon: "clipboard-check"},
		ui.Link{Label: t.T("world.door.me"), Href: product + "/me", Icon: "id-card"},
		ui.Link{Label: t.T("world.door.check"), Href: product + "/check", Icon: "scan-line"},
	)
	if w.opts.Gallery {
		p.Doors = append(p.Doors, ui.Link{Label: t.T("world.door.gallery"), Href: product + "/gallery", Icon: "layout-dashboard"})
	}
	return p
}

// The people of the journey.
const (
	orderer  = "alva"
	holder   = "jonas"
	reviewer = "tove"
	producer = "maj"
)

// facts are what a stranger can't know in a step, and must type.
func facts(t *i18n.Texts, key string, cards []printed) []fact {
	p, _ := cast.ByID(holder)
	switch key {
	case stepOrder:
		return []fact{
			{t.T("world.fact.nationality"), nationality(t, p)},
			{t.T("world.number"), p.Long()},
			{t.T("world.fact.name"), p.Name()},
			{t.T("world.mail"), p.Email},
		}
	case stepActivate:
		for _, c := range cards {
			if c.Name == p.Name() && len(c.Number) > 6 {
				return []fact{{t.T("world.fact.last_six"), c.Number[len(c.Number)-6:]}}
			}
		}
	}
	return nil
}

// scene is who acts in a step (an id), the name of whom it concerns, and where it is done.
func (w *World) scene(key string) (who, other, href string) {
	company := ""
	if cs := w.companies(); len(cs) > 0 {
		company = "/o/" + cs[0].ID
	}
	// The browser may still be signed in as who did the step before.
	as := func(path string) string { return w.product() + "/signin?other=1&next=" + url.QueryEscape(path) }
	switch key {
	case stepOrder:
		return orderer, given(holder), as(company)
	case stepReview:
		return reviewer, given(holder), as("/office/review")
	case stepApprove:
		return holder, given(orderer), "/mail/"
	case stepProduce:
		return producer, given(holder), "/bureau/"
	case stepActivate:
		return holder, given(orderer), as("/me")
	case stepBlock:
		return orderer, given(holder), as(company + "/cards")
	}
	return holder, given(orderer), "/reader"
}

// specimen is the card that the journey will make, before it has a number.
func specimen() string {
	p, _ := cast.ByID(holder)
	c, _ := cast.CompanyByID(p.CompanyID)
	return artwork.Front(artwork.Card{
		GivenName: p.GivenName, Surname: p.Surname, Company: c.Name, OrganisationNumber: c.OrganisationNumber,
		Industry: c.Industry, Scheme: "Kortverk", Photo: p.Portrait(),
	}).SVG(artwork.SVGOptions{Class: "w-full h-auto rounded-[3.7%] shadow-float", PhotoURL: "/cast/" + holder + ".jpg"})
}

func given(id string) string {
	p, _ := cast.ByID(id)
	return p.GivenName
}

func role(t *i18n.Texts, p cast.Person) string {
	company := ""
	if i := slices.IndexFunc(cast.Companies(), func(c cast.Company) bool { return c.ID == p.CompanyID }); i >= 0 {
		company = cast.Companies()[i].Name
	}
	return t.T("world.role."+string(p.Role), "company", company)
}

func nav(t *i18n.Texts, here string) []ui.Link {
	links := []ui.Link{
		{Label: t.T("world.nav.start"), Href: "/", Icon: "map"},
		{Label: t.T("world.nav.phone"), Href: "/phone/", Icon: "smartphone"},
		{Label: t.T("world.nav.mail"), Href: "/mail/", Icon: "mail"},
		{Label: t.T("world.nav.bureau"), Href: "/bureau/", Icon: "printer"},
		{Label: t.T("world.nav.reader"), Href: "/reader", Icon: "scan-line"},
		{Label: t.T("world.nav.clock"), Href: "/clock", Icon: "clock"},
	}
	for i := range links {
		links[i].Current = links[i].Href == here
	}
	return links
}

func nationality(t *i18n.Texts, p cast.Person) string { return country.Name(t.Lang, p.Nationality) }

func number(n int) string { return strconv.Itoa(n) }
