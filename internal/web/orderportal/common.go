package orderportal

import (
	"context"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

func cutPattern(p string) (method, path string, ok bool) { return strings.Cut(p, " ") }

// base is where a company's pages are.
type base string

func at(v *web.Visit) base { return base("/o/" + v.Company.ID.String()) }

func (b base) home() string             { return string(b) }
func (b base) more() string             { return string(b) + "/more" }
func (b base) orders() string           { return string(b) + "/orders" }
func (b base) order(o uuid.UUID) string { return string(b) + "/orders/" + o.String() }
func (b base) begin() string            { return string(b) + "/orders/new" }
func (b base) cards() string            { return string(b) + "/cards" }

// step is a page of the order form.
func (b base) step(line uuid.UUID, name string) string {
	return string(b) + "/orders/new/" + line.String() + "/" + name
}

func (b base) line(o, l uuid.UUID, sub ...string) string {
	return strings.Join(append([]string{b.order(o), "lines", l.String()}, sub...), "/")
}

func (b base) card(n card.Number, sub ...string) string {
	return strings.Join(append([]string{b.cards(), string(n)}, sub...), "/")
}

// menu is the navigation; here is the path of the item that is open.
func menu(v *web.Visit, here string) ui.Menu {
	b, t := at(v), v.T
	link := func(key, href, icon string) ui.Link {
		return ui.Link{Label: t.T(key), Href: href, Icon: icon, Current: href == here}
	}
	home := link("orderportal.nav.home", b.home(), "house")
	cards := link("orderportal.nav.cards", b.cards(), "id-card")
	orders := link("orderportal.nav.orders", b.orders(), "list")
	return ui.Menu{
		Home: b.home(), Name: v.Company.Name,
		Items: []ui.Link{home, cards, orders},
		Dock:  []ui.Link{home, cards, link("orderportal.nav.order", b.begin(), "circle-plus"), orders, link("orderportal.nav.more", b.more(), "menu")},
	}
}

// picture is a card as a page draws it. Scheme and address of the code are added
// when it is drawn.
type picture struct {
	card  artwork.Card
	photo string // address; "" for a silhouette
	check string
}

// front and back draw the two sides for the page.
func front(ctx context.Context, p picture) string { return draw(ctx, p, artwork.Front, "") }
func back(ctx context.Context, p picture) string  { return draw(ctx, p, artwork.Back, "") }

// frontAgain is front for a page that has the same card already: its ids differ.
func frontAgain(ctx context.Context, p picture) string { return draw(ctx, p, artwork.Front, "again") }

func draw(ctx context.Context, p picture, side func(artwork.Card) artwork.Drawing, prefix string) string {
	p.card.Scheme = ui.FrameOf(ctx).Brand.Name
	if p.photo != "" {
		p.card.Photo = []byte{} // there is one, at the address
	}
	if p.check != "" {
		p.card.CheckURL = p.check + p.card.Number
	}
	return side(p.card).SVG(artwork.SVGOptions{Class: "kv-card", PhotoURL: p.photo, Prefix: prefix})
}

// pictureOf draws a line as it is saved.
func pictureOf(c company.Company, l order.Line, photo string) picture {
	p := picture{card: artwork.Card{
		Type: l.CardType, GivenName: l.PrintedGiven(), Surname: l.PrintedSurname(),
		Company: c.Name, OrganisationNumber: c.PrintedNumber(), ValidUntil: l.ValidUntil,
	}}
	if l.Photo != uuid.Nil {
		p.photo = photo + "?v=" + l.Photo.String()
	}
	return p
}

// checkURL is what the code on a card leads to.
func (d Deps) checkURL(v *web.Visit) string {
	if d.CheckURL != "" {
		return d.CheckURL
	}
	return "https://" + v.R.Host + "/k/"
}

// insteadOf leads from the page of an act that isn't possible now to the thing
// itself, with the reason in words.
func insteadOf(v *web.Visit, err error, href string) error {
	e, ok := fault.As(err)
	if !ok || e.Kind != fault.Conflict {
		return err
	}
	args := make([]any, 0, 2*len(e.Args))
	for name, value := range e.Args {
		args = append(args, name, value)
	}
	v.Flash(ui.Act, "error."+e.Code, args...)
	return v.Redirect(href)
}

// jpeg answers with a blob. A picture that the browser has isn't sent again; its
// id changes with its content.
func (d Deps) jpeg(v *web.Visit, id uuid.UUID) error {
	if id == uuid.Nil {
		return v.NotFound()
	}
	tag := `"` + id.String() + `"`
	v.W.Header().Set("ETag", tag)
	if v.R.Header.Get("If-None-Match") == tag {
		v.W.Header().Set("Cache-Control", "private, no-cache")
		v.W.WriteHeader(http.StatusNotModified)
		return nil
	}
	b, err := d.Blobs.Get(v.R.Context(), id)
	if err != nil {
		return v.NotFound()
	}
	return v.Bytes(b.MediaType, b.Data)
}

// typeName is the kind of card in words.
func typeName(t *i18n.Texts, code string) string {
	if k, ok := cardtype.ByCode(code); ok {
		return k.NameIn(t.Lang)
	}
	return code
}

// countryName is a nationality in words, "" for none.
func countryName(t *i18n.Texts, code string) string {
	if code == "" {
		return ""
	}
	return country.Name(t.Lang, code)
}

// first is what a person is called in running text: the first given name.
func first(given string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(given), " ")
	return name
}

// capital gives a sentence its capital letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// lineState is the tag of a line.
func lineState(d order.Display) ui.State {
	switch d.Code {
	case "draft":
		return ui.Draft
	case "in_review", "in_review_again":
		return ui.InReview
	case "awaiting_cardholder":
		return ui.WithCardholder
	case "approved":
		return ui.Approved
	case "in_production", "produced":
		return ui.InProduction
	case "cancelled", "lapsed":
		return ui.Cancelled
	}
	return ui.NeedsCorrection
}

// rowState is the tag of a row in the list of cards.
func rowState(r card.Row) ui.State {
	if r.Paused {
		return ui.Paused
	}
	switch r.Status {
	case string(order.Ordered):
		return ui.InReview
	case string(order.RejectedByReviewer), string(order.RejectedByCardholder):
		return ui.NeedsCorrection
	case string(order.AwaitingCardholder):
		return ui.WithCardholder
	case string(order.Produced):
		return ui.InProduction
	case string(card.StatusNotActivated):
		return cardState(card.Card{Type: r.Type}, card.StatusNotActivated)
	}
	return ui.State(r.Status) // the others have the same names
}

func cardState(c card.Card, s card.Status) ui.State {
	if c.Paused && s == card.StatusActive {
		return ui.Paused
	}
	if s == card.StatusNotActivated && !c.Kind().Activation {
		return ui.InProduction // until it is posted; nobody has to do anything
	}
	return ui.State(s)
}

// addressLine is where something is sent, on one line.
func addressLine(a company.Address) string { return order.AddressLine(a) }
