package orderportal

import (
	"encoding/base64"
	"slices"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// exchangeView is the page that gives a line another photo. The new picture
// travels in the page until it is used: looking at it changes nothing.
type exchangeView struct {
	Menu     ui.Menu
	Line     sentLine
	Photo    photoForm
	Given    string
	Revision string
	Picture  string // the new one, as it goes along with the form
	Parts    []hiddenPart
	Now      string // address of the line's own photo
	Reasons  []string
}

func exchange(v *web.Visit, l sentLine, form ui.Form) exchangeView {
	p := exchangeView{
		Menu: menu(v, l.base.orders()), Line: l, Photo: photoForm{Form: form, Crop: l.at("photo"), Instead: hasPhoto(l.Line)}, Given: first(l.Line.Claimed.GivenName),
		Revision: revision(l.Line.Revision),
	}
	if hasPhoto(l.Line) {
		p.Now = l.at("photo.jpg") + "?v=" + l.Line.Photo.String()
	}
	if photoRejected(l.Line) {
		p.Reasons = reasonLines(v.T, l.Line)
	}
	return p
}

// hold puts a new picture into the page, cut and looked at. text is what goes
// along: the picture as it came the first time, since writing it again with
// each press would wear it.
func (p *exchangeView) hold(v *web.Visit, pic photo.Picture, text string, crop photo.Crop) error {
	crop = crop.Within(pic.Width, pic.Height)
	cut, err := photo.Cut(v.R.Context(), pic.JPEG, crop)
	if err != nil {
		return err
	}
	p.Picture = text
	p.Parts = append(cropParts(crop), hiddenPart{"revision", p.Revision})
	p.Photo.Hidden = append(slices.Clone(p.Parts), hiddenPart{"picture", p.Picture})
	p.Photo.Src = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(cut.JPEG)
	p.Photo.Alt = altOf(v.T, p.Given)
	p.Photo.Verdict = verdict(v.T, cut.Verdict, p.Given)
	return nil
}

func (d Deps) replace(v *web.Visit, l sentLine) error {
	if _, err := order.Next(l.Line.State, order.ReplacePhoto); err != nil {
		return insteadOf(v, err, l.at())
	}
	return v.Render(exchangePage(exchange(v, l, ui.Form{})))
}

// saveReplace shows a new picture (upload), moves the part that the card shows
// (move), or puts it on the line (use).
func (d Deps) saveReplace(v *web.Visit, l sentLine) error {
	if _, err := order.Next(l.Line.State, order.ReplacePhoto); err != nil {
		return err
	}
	pic, fresh, err := uploaded(v)
	crop := readCrop(v)
	if err == nil && fresh {
		crop = photo.Crop{}
	} else if err == nil {
		pic, err = carried(v)
	}
	if form, ok := v.Form().With(err); ok {
		p := exchange(v, l, form)
		if old, err := carried(v); err == nil { // the picture before stays in the page
			if err := p.hold(v, old, v.Text("picture"), crop); err != nil {
				return err
			}
		}
		return v.Invalid(exchangePage(p))
	}
	if err != nil {
		return err
	}
	if v.Text("action") == "use" && !fresh {
		return d.usePhoto(v, l, pic, crop)
	}
	p := exchange(v, l, ui.Form{})
	if move := v.Text("move"); move != "" {
		crop = moved(crop, move)
	}
	text := v.Text("picture")
	if fresh {
		text = base64.StdEncoding.EncodeToString(pic.JPEG)
	}
	if err := p.hold(v, pic, text, crop); err != nil {
		return err
	}
	return v.Render(exchangePage(p))
}

func (d Deps) usePhoto(v *web.Visit, l sentLine, pic photo.Picture, crop photo.Crop) error {
	if _, err := d.Orders.ReplacePhoto(v.R.Context(), v.Actor, l.Line.ID, readRevision(v), pic, crop); err != nil {
		return err
	}
	v.Flash(ui.OK, "orderportal.photo.replaced")
	return v.Redirect(l.at())
}

// carried is the picture that came along with the form. It is looked at as any
// other: it was out of our hands.
func carried(v *web.Visit) (photo.Picture, error) {
	text := v.Text("picture")
	if text == "" {
		return photo.Picture{}, errNoPicture
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return photo.Picture{}, fault.New(fault.Invalid, "photo.undecodable").On("photo")
	}
	return accept(v.R.Context(), data)
}
