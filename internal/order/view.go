package order

import (
	"context"
	"strings"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/person"
)

// View is everything that an orderer sees of one line.
type View struct {
	Order   Order
	Line    Line
	Shown   Display
	Actions []Action
	Fields  []Field // claimed beside proven, once the person has identified
	Events  []journal.Record
	Mails   []notify.Delivery // a refused address is among them: what to do stands on the page
}

// View loads a line for its company's orderers, or for staff.
func (s *Service) View(ctx context.Context, by actor.Actor, id ID) (View, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (View, error) {
		l, err := seeLineTx(tx, by, id)
		if err != nil {
			return View{}, err
		}
		v := View{Line: l, Shown: Shown(l), Fields: l.Fields()}
		if by.Is(actor.Orderer) {
			v.Actions = l.Actions()
		}
		if v.Order, err = orderTx(tx, l.Order); err != nil {
			return View{}, err
		}
		if v.Events, err = journal.Of(ctx, tx, journal.OfLine(l.ID)); err != nil {
			return View{}, err
		}
		v.Mails, err = notify.OfLine(ctx, tx, s.keep, l.ID)
		return v, err
	})
}

// RevealNumber shows a personal number, and leaves a trace that it did.
func (s *Service) RevealNumber(ctx context.Context, by actor.Actor, id ID) (person.PersonalNumber, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (person.PersonalNumber, error) {
		l, err := seeLineTx(tx, by, id)
		if err != nil {
			return "", err
		}
		n, err := s.number(l)
		if err != nil {
			return "", err
		}
		return n, s.recordTx(ctx, tx, by, l, "order.number_revealed", journal.Entry{})
	})
}

// AddressLine is a delivery address in one line.
func AddressLine(a company.Address) string {
	var parts []string
	for _, p := range []string{a.Name, a.CareOf, a.Line1, strings.TrimSpace(a.Postcode + " " + a.City)} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ", ")
}
