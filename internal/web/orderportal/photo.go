package orderportal

import (
	"bytes"
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/order"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/internal/web"
	"github.com/kortverk/kortverk/internal/web/ui"
)

// photoForm is what the order form and the exchange of a photo share.
type photoForm struct {
	Form    ui.Form
	Src     string // of the cut picture; "" for none yet
	Alt     string
	Verdict ui.Verdict
	Crop    string       // where the buttons for the part post to
	Hidden  []hiddenPart // goes with every button
	Instead bool         // of one that the line has
}

type hiddenPart struct{ Name, Value string }

// moves are the rows of buttons under the picture.
type move struct{ Name, Icon string }

var moves = [][]move{
	{{"left", "arrow-left"}, {"up", "arrow-up"}, {"down", "arrow-down"}, {"right", "arrow-right"}},
	{{"wider", "zoom-out"}, {"closer", "zoom-in"}, {"reset", "rotate-ccw"}},
}

// moved is the part of the picture after a button.
func moved(c photo.Crop, button string) photo.Crop {
	switch button {
	case "left":
		c.X--
	case "right":
		c.X++
	case "up":
		c.Y--
	case "down":
		c.Y++
	case "closer":
		c.Zoom++
	case "wider":
		c.Zoom--
	case "reset":
		return photo.Crop{}
	}
	return c
}

type photoView struct {
	frame
	Photo photoForm
}

func (d Deps) photoView(v *web.Visit, f draft, form ui.Form) photoView {
	p := photoView{frame: d.frame(v, f, pagePhoto, form), Photo: photoForm{Form: form, Crop: f.at("photo/crop") + toReview(v)}}
	if f.line.Photo != uuid.Nil {
		p.Photo.Src = f.at("photo.jpg") + "?v=" + f.line.Photo.String()
		p.Photo.Alt = altOf(v.T, p.Given)
		p.Photo.Verdict = verdict(v.T, f.line.PhotoVerdict, p.Given)
	}
	return p
}

func altOf(t *i18n.Texts, given string) string {
	if given == "" {
		return t.T("orderportal.photo.alt.nobody")
	}
	return t.T("orderportal.photo.alt", "name", given)
}

// toReview keeps the way back to the overview.
func toReview(v *web.Visit) string {
	if v.Query("to") == pageReview {
		return "?to=" + pageReview
	}
	return ""
}

// verdict puts what was measured into words.
func verdict(t *i18n.Texts, m photo.Verdict, given string) ui.Verdict {
	out := ui.Verdict{Tone: ui.OK, Title: t.T(m.TitleKey(), m.Params()...), Label: t.T("orderportal.photo.checks")}
	for _, c := range m.Checks {
		line := ui.Check{Tone: ui.OK, Text: t.T(c.TitleKey(), c.Params()...)}
		if c.Level != photo.OK {
			line.Tone, line.Note, out.Tone = ui.Act, t.T(c.TodoKey(), c.Params()...), ui.Act
		}
		out.Checks = append(out.Checks, line)
	}
	human := t.T("orderportal.photo.human.nobody")
	if given != "" {
		human = t.T("orderportal.photo.human", "name", given)
	}
	out.Checks = append(out.Checks, ui.Check{Tone: ui.Off, Text: human})
	if out.Tone != ui.OK {
		out.Advice = t.T("orderportal.photo.advice")
	}
	return out
}

func (d Deps) photo(v *web.Visit, f draft) error {
	return v.Render(photoPage(d.photoView(v, f, ui.Form{})))
}

// savePhoto takes a picture in (upload), goes on with the one that is there
// (use), or without one (later). Whoever chooses a picture and presses "use" is
// shown what is thought of it, unless there is nothing to say.
func (d Deps) savePhoto(v *web.Visit, f draft) error {
	ctx, action := v.R.Context(), v.Text("action")
	if action == "later" {
		return onward(v, f, pagePhoto)
	}
	pic, sent, err := uploaded(v)
	if err == nil && !sent && (action != "use" || f.line.Photo == uuid.Nil) && action != "close" {
		err = errNoPicture
	}
	if err == nil && sent {
		var o order.Order
		if o, err = d.Orders.SetPhoto(ctx, v.Actor, f.line.ID, pic); err == nil {
			f, _ = within(v, o, f.line.ID)
		}
	}
	if form, ok := v.Form().With(err); ok {
		return v.Invalid(photoPage(d.photoView(v, f, form)))
	}
	if err != nil {
		return err
	}
	if action == "close" || action == "use" && (!sent || f.line.PhotoVerdict.OK) {
		return onward(v, f, pagePhoto)
	}
	return v.Redirect(f.at(pagePhoto) + toReview(v) + "#picture")
}

var errNoPicture = fault.New(fault.Invalid, "order.photo_missing").On("photo")

// uploaded is the picture of the form, from a file or straight from the camera.
func uploaded(v *web.Visit) (pic photo.Picture, sent bool, err error) {
	for _, field := range []string{"photo", "camera"} {
		data, err := v.File(field, photo.DefaultMaxBytes)
		if err != nil {
			return pic, false, onField(err, "photo")
		}
		if data == nil {
			continue
		}
		pic, err := accept(v.R.Context(), data)
		return pic, err == nil, err
	}
	return pic, false, nil
}

func accept(ctx context.Context, data []byte) (photo.Picture, error) {
	pic, err := photo.Accept(ctx, bytes.NewReader(data), int64(len(data)))
	return pic, onField(err, "photo")
}

// onField puts an error about what was sent beside its field. That we are busy
// is no reason to lose the page either.
func onField(err error, field string) error {
	e, ok := fault.As(err)
	if !ok {
		return err
	}
	if e.Kind == fault.Unavailable {
		return fault.Errors{e.On(field)}
	}
	return e.On(field)
}

func (d Deps) crop(v *web.Visit, f draft) error {
	_, err := d.Orders.CropPhoto(v.R.Context(), v.Actor, f.line.ID, moved(f.line.PhotoCrop, v.Text("move")))
	if form, ok := v.Form().With(err); ok {
		return v.Invalid(photoPage(d.photoView(v, f, form)))
	}
	if err != nil {
		return err
	}
	return v.Redirect(f.at(pagePhoto) + toReview(v) + "#picture")
}

func cropParts(c photo.Crop) []hiddenPart {
	return []hiddenPart{{"x", strconv.Itoa(c.X)}, {"y", strconv.Itoa(c.Y)}, {"zoom", strconv.Itoa(c.Zoom)}}
}

// readCrop is the part that the form carries.
func readCrop(v *web.Visit) photo.Crop {
	n := func(name string) int {
		i, err := strconv.Atoi(v.Text(name))
		if err != nil || i < -1000 || i > 1000 {
			return 0
		}
		return i
	}
	return photo.Crop{X: n("x"), Y: n("y"), Zoom: n("zoom")}
}
