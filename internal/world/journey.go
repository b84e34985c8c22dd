package world

import (
	"slices"
	"strconv"
	"sync"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/cast"
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

// seen remembers the steps that the world has seen happen, from outside.
type seen struct {
	mu   sync.Mutex
	done map[string]bool
}

// mail notes a mail that arrived.
func (s *seen) mail(template string) {
	if step, ok := mails[template]; ok {
		s.mark(step)
	}
}

// answer notes an answer that the reader was given. The refusal counts only
// after a yes: the journey's last step is about the card that was let in.
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
	s.done[step] = true
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
	Done, Now             bool
}

type startView struct {
	Steps []stepView
	Doors []ui.Link
	Cast  []cast.Person
	Card  string // the card that the journey makes, drawn
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
func (w *World) start(t *i18n.Texts) startView {
	product := w.product()
	p := startView{Cast: cast.People(), Card: specimen()}
	now := false
	for _, key := range steps {
		s := stepView{Key: key, Done: w.seen.has(key)}
		s.Person, s.Other, s.Href = w.scene(key)
		s.Who = given(s.Person)
		if key == stepOrder {
			s.Picture = holder
		}
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

// scene is who acts in a step (an id), the name of whom it concerns, and where it is done.
func (w *World) scene(key string) (who, other, href string) {
	product, company := w.product(), ""
	if cs := w.companies(); len(cs) > 0 {
		company = product + "/o/" + cs[0].ID
	}
	switch key {
	case stepOrder:
		return orderer, given(holder), company
	case stepReview:
		return reviewer, given(holder), product + "/office/review"
	case stepApprove:
		return holder, given(orderer), "/mail/"
	case stepProduce:
		return producer, given(holder), "/bureau/"
	case stepActivate:
		return holder, given(orderer), product + "/me"
	case stepBlock:
		return orderer, given(holder), company + "/cards"
	}
	return holder, given(orderer), "/reader"
}

// specimen is the card that the journey will make, before it has a number.
func specimen() string {
	p, _ := cast.ByID(holder)
	c, _ := cast.CompanyByID(p.CompanyID)
	return artwork.Front(artwork.Card{
		Type: "standard", GivenName: p.GivenName, Surname: p.Surname, Company: c.Name, OrganisationNumber: c.OrganisationNumber,
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

func number(n int) string { return strconv.Itoa(n) }
