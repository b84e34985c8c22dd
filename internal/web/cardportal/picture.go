package cardportal

import (
	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/web"
)

// picture is a card as it is drawn on a page.
type picture struct {
	card artwork.Card
	line uuid.UUID // whose photo it is, and what keeps the drawing's ids apart
	blob uuid.UUID
	off  bool // grey: it no longer works
}

// present stands for the photo that the page fetches: the drawing only asks
// whether there is one.
var present = []byte{}

// ofCard is a card that exists. The number of one that isn't activated is
// masked: its digits prove that the person holds it.
func (d Deps) ofCard(c card.Card, status card.Status) picture {
	p := picture{line: c.Line, blob: c.Photo, card: artwork.Card{
		Type: c.Type, GivenName: c.GivenName, Surname: c.Surname, Company: c.CompanyName, OrganisationNumber: c.OrganisationNumber,
		Number: shownNumber(c, status), ValidUntil: c.ValidUntil, Photo: present, Scheme: d.Orders.Scheme,
	}}
	switch status {
	case card.StatusBlocked:
		p.card.State, p.off = "blocked", true
	case card.StatusTerminated, card.StatusExpired:
		p.card.State, p.off = "ended", true
	case card.StatusNotActivated:
	default:
		p.card.CheckURL = d.Flow.Origin + "/k/" + string(c.Number)
	}
	return p
}

func shownNumber(c card.Card, status card.Status) string {
	if status == card.StatusNotActivated {
		return c.Number.Masked()
	}
	return string(c.Number)
}

// ofLine is a card that is to be made.
func (d Deps) ofLine(l order.Line, c company.Company) picture {
	return picture{line: l.ID, blob: l.Photo, card: artwork.Card{
		Type: l.CardType, GivenName: l.PrintedGiven(), Surname: l.PrintedSurname(), Company: c.Name, OrganisationNumber: c.PrintedNumber(),
		ValidUntil: l.ValidUntil, Photo: present, Scheme: d.Orders.Scheme,
	}}
}

func (p picture) front(t *i18n.Texts) string {
	return artwork.Front(p.card).SVG(artwork.SVGOptions{PhotoURL: p.photo(), Prefix: p.prefix("f"), Title: t.T("cardportal.picture.front",
		"name", p.card.GivenName+" "+p.card.Surname, "company", p.card.Company, "date", p.card.ValidUntil)})
}

// back is the other side. side keeps two of them on a page apart: one for wide
// screens, one that a phone unfolds.
func (p picture) back(t *i18n.Texts, side string) string {
	return artwork.Back(p.card).SVG(artwork.SVGOptions{Prefix: p.prefix(side), Title: t.T("cardportal.picture.back")})
}

// photo is the address of the photo. It changes with the photo, so that the
// browser may keep it.
func (p picture) photo() string {
	if p.blob == uuid.Nil {
		return ""
	}
	return "/me/photo/" + p.line.String() + "?v=" + p.blob.String()[24:]
}

func (p picture) prefix(side string) string { return "k" + p.line.String()[24:] + side }

// photo is the photo of one's own card.
func (d Deps) photo(v *web.Visit) error {
	id, err := v.PathID("line")
	if err != nil {
		return err
	}
	a, err := d.Orders.Approval(v.R.Context(), v.Actor, id)
	if fault.KindOf(err) == fault.Forbidden || (err == nil && a.Line.Photo == uuid.Nil) {
		return v.NotFound()
	}
	if err != nil {
		return err
	}
	b, err := d.Blobs.Get(v.R.Context(), a.Line.Photo)
	if err != nil {
		return err
	}
	data, err := small(b.Data)
	if err != nil {
		return err
	}
	if v.Query("v") != "" {
		v.W.Header().Set("Cache-Control", "private, max-age=3600")
	}
	return v.Bytes("image/jpeg", data)
}
