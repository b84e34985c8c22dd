package main

import (
	"bytes"
	"os"
	"time"

	"github.com/signintech/gopdf"
	"rsc.io/qr"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/cast"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/test/bench/dataset"
)

// artwork compares the drawing of a card's two sides with gopdf used plainly: photo, the same texts and the code.
func (b *bench) artwork([]dataset.Set) error {
	b.report.section("Artwork of a card, one processor")
	data := cast.People()[0].Portrait()
	kept, err := photo.Accept(b.ctx, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	cut, err := photo.Cut(b.ctx, kept.JPEG, photo.Crop{})
	if err != nil {
		return err
	}
	font, err := os.ReadFile("internal/artwork/fonts/Onest-400.ttf")
	if err != nil {
		return err
	}
	c := artwork.Card{
		Type: "standard", GivenName: "Jonas", Surname: "Petraitis", Company: "Furuborg Bygg AB", OrganisationNumber: "5599990016",
		Number: "BB-1234-567897", ValidUntil: clock.Date{Year: 2031, Month: 11, Day: 30}, Scheme: "Kortverk", Photo: cut.JPEG,
		CheckURL: "https://kort.example/k/BB-1234-567897",
	}
	ours, theirs, size, plainSize := series{}, series{}, 0, 0
	for round := range b.o.rounds + 1 {
		a, n, err := perSecond(b.o.length/2, func() ([]byte, error) { return artwork.PDF(c) })
		if err != nil {
			return err
		}
		p, m, err := perSecond(b.o.length/2, func() ([]byte, error) { return plain(c, font) })
		if err != nil {
			return err
		}
		if round > 0 {
			ours, theirs, size, plainSize = append(ours, a), append(theirs, p), n, m
		}
	}
	b.report.add(
		result{Name: "cards drawn with gopdf, plainly", Value: theirs.median(), Unit: "1/s", Spread: theirs.spread()},
		result{Name: "cards drawn, kortverk", Value: ours.median(), Unit: "1/s", Spread: ours.spread(), Ratio: ours.over(theirs), Than: "gopdf, plainly"}.byRatio(">= 1.5"),
		result{Name: "file of a card with gopdf, plainly", Value: float64(plainSize) / 1024, Unit: "KiB"},
		result{Name: "file of a card, kortverk", Value: float64(size) / 1024, Unit: "KiB"},
	)
	return nil
}

func perSecond(length time.Duration, fn func() ([]byte, error)) (rate float64, size int, err error) {
	began := time.Now()
	n := 0
	for time.Since(began) < length {
		data, err := fn()
		if err != nil {
			return 0, 0, err
		}
		n, size = n+1, len(data)
	}
	return float64(n) / time.Since(began).Seconds(), size, nil
}

// plain is what somebody would write with the library's examples.
func plain(c artwork.Card, font []byte) ([]byte, error) {
	const mm = 72 / 25.4
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: 85.6 * mm, H: 53.98 * mm}})
	if err := pdf.AddTTFFontData("text", font); err != nil {
		return nil, err
	}
	pdf.AddPage()
	photo, err := gopdf.ImageHolderByBytes(c.Photo)
	if err != nil {
		return nil, err
	}
	if err := pdf.ImageByHolder(photo, 4*mm, 12*mm, &gopdf.Rect{W: 24 * mm, H: 32.8 * mm}); err != nil {
		return nil, err
	}
	if err := pdf.SetFont("text", "", 8); err != nil {
		return nil, err
	}
	for i, text := range []string{c.Scheme, c.GivenName, c.Surname, c.Company, c.OrganisationNumber, c.Number, c.ValidUntil.String()} {
		pdf.SetXY(32*mm, (6+5*float64(i))*mm)
		if err := pdf.Cell(nil, text); err != nil {
			return nil, err
		}
	}
	pdf.AddPage()
	code, err := qr.Encode(c.CheckURL, qr.M)
	if err != nil {
		return nil, err
	}
	holder, err := gopdf.ImageHolderByBytes(code.PNG())
	if err != nil {
		return nil, err
	}
	if err := pdf.ImageByHolder(holder, 4*mm, 12*mm, &gopdf.Rect{W: 25 * mm, H: 25 * mm}); err != nil {
		return nil, err
	}
	pdf.SetXY(32*mm, 20*mm)
	if err := pdf.Cell(nil, c.Number); err != nil {
		return nil, err
	}
	return pdf.GetBytesPdfReturnErr()
}
