package order

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/person"
)

var errNotYours = fault.New(fault.Forbidden, "order.not_yours")

// holder is the signed-in person, with the hash of the number that they have proven.
type holder struct {
	person.Person
	hash string
}

func (s *Service) holderTx(ctx context.Context, tx *db.Tx, by actor.Actor) (holder, error) {
	if !by.Is(actor.Cardholder) || by.Person == uuid.Nil {
		return holder{}, errForbidden
	}
	p, err := person.ByIDTx(ctx, tx, by.Person)
	if err != nil {
		return holder{}, err
	}
	n, err := person.NumberTx(ctx, tx, s.keep, p.ID)
	if err != nil {
		return holder{}, err
	}
	return holder{p, person.HashNumber(s.keep, n)}, nil
}

// holderLineTx is a line of the signed-in person: its number is the one that they have proven.
func (s *Service) holderLineTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID) (Line, holder, error) {
	h, err := s.holderTx(ctx, tx, by)
	if err != nil {
		return Line{}, h, err
	}
	l, err := lineTx(tx, id)
	switch {
	case err != nil:
		return Line{}, h, err
	case l.State == Draft:
		return Line{}, h, errUnknown
	case l.Claimed.NumberHash != h.hash:
		return Line{}, h, errNotYours
	}
	return l, h, nil
}

// partyLineTx is a line of the orderer's company or of the cardholder.
func (s *Service) partyLineTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID) (Line, error) {
	if !by.Is(actor.Cardholder) {
		return ownLineTx(tx, by, id)
	}
	l, _, err := s.holderLineTx(ctx, tx, by, id)
	return l, err
}

// unjoined reports whether the person's proof isn't on the line yet, or is there as it was before.
func (l Line) unjoined(p person.Person) bool {
	return l.State.Waiting() && (l.Proven == nil || l.Person != p.ID || l.Proven.name() != p.ProvenName())
}

// joinTx puts the person's proof on the line. The revision stays: nothing changes that anybody decides about.
func (s *Service) joinTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Line, p person.Person) (Line, error) {
	if !l.unjoined(p) {
		return l, nil
	}
	l.Person = p.ID
	l.Proven = &Proven{GivenName: p.GivenName, Surname: p.Surname, BirthDate: p.BirthDate, By: p.ProvenBy, At: p.ProvenAt}
	l.rematch()
	err := tx.Must1(errChanged, `UPDATE order_line SET person = $4, proven_given = $5, proven_surname = $6, proven_birth_date = $7, proven_by = $8,
		proven_at = $9, match_level = $10, nationality_proven = $11, writes = writes + 1 WHERE id = $1 AND revision = $2 AND personal_number_hash = $3`,
		l.ID, l.Revision, l.Claimed.NumberHash, l.Person, l.Proven.GivenName, l.Proven.Surname, l.Proven.BirthDate, l.Proven.By,
		l.Proven.At, l.Match, l.NationalityProven)
	if err != nil {
		return Line{}, err
	}
	l.writes++
	return l, s.recordTx(ctx, tx, by, l, "order.identified", journal.Entry{Data: map[string]string{"match": l.Match, "by": p.ProvenBy}})
}

// ForPerson lists the lines of the signed-in person, newest first. Lines that wait are joined by the person's proof,
// so that a differing name is known to both sides before anything is signed.
func (s *Service) ForPerson(ctx context.Context, by actor.Actor) ([]Line, error) {
	type found struct {
		lines []Line
		join  bool
	}
	f, err := db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (found, error) {
		h, err := s.holderTx(ctx, tx, by)
		if err != nil {
			return found{}, err
		}
		lines, err := linesTx(tx, forPersonWhere, h.hash)
		f := found{lines: lines}
		for _, l := range lines {
			f.join = f.join || l.unjoined(h.Person)
		}
		return f, err
	})
	if err != nil || !f.join {
		return f.lines, err
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) ([]Line, error) {
		h, err := s.holderTx(ctx, tx, by)
		if err != nil {
			return nil, err
		}
		lines, err := linesTx(tx, forPersonWhere, h.hash)
		for i := range lines {
			if err == nil {
				lines[i], err = s.joinTx(ctx, tx, by, lines[i], h.Person)
			}
		}
		return lines, err
	})
}

const forPersonWhere = "WHERE l.personal_number_hash = $1 AND l.state <> 'draft' ORDER BY l.id DESC LIMIT 100"

// Approval is what a cardholder sees of a line.
type Approval struct {
	Line        Line
	Order       Order
	Company     company.Company
	Person      person.Person
	Contact     person.Contact // for the form: what is known, the phone number of the order where there is none
	Fields      []Field
	Match       string
	Mismatch    bool     // the name must be repaired before signing
	MayTakeOver bool     // the proof spells the name in another way
	Missing     []string // contact fields
	CanSign     bool     // nothing is left but the signature
	Shown       Display
}

// Field is one claimed field beside the proven one.
type Field struct {
	Name         string // text "order.field." + Name
	Claimed      string
	Proven       string // "" = not proven
	ClaimedParts []person.Segment
	ProvenParts  []person.Segment
	Same         bool   // matches by the ladder
	Note         string // text "order.note." + Note: case, spelling, middle_name, not_verified; "" = none
}

// Approval loads a line for its cardholder, and joins the two by proof. Errors: order.not_yours, order.unknown.
func (s *Service) Approval(ctx context.Context, by actor.Actor, id ID) (Approval, error) {
	a, err := db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Approval, error) { return s.approvalTx(ctx, tx, by, id) })
	if err != nil || !a.Line.unjoined(a.Person) {
		return a, err
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Approval, error) {
		l, h, err := s.holderLineTx(ctx, tx, by, id)
		if err != nil {
			return Approval{}, err
		}
		if _, err := s.joinTx(ctx, tx, by, l, h.Person); err != nil {
			return Approval{}, err
		}
		return s.approvalTx(ctx, tx, by, id)
	})
}

func (s *Service) approvalTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID) (Approval, error) {
	l, h, err := s.holderLineTx(ctx, tx, by, id)
	if err != nil {
		return Approval{}, err
	}
	a := Approval{Line: l, Person: h.Person, Match: l.Match, Mismatch: l.mismatch(), MayTakeOver: l.MayTakeOverName(), Fields: l.Fields(), Shown: Shown(l)}
	if a.Order, err = orderTx(tx, l.Order); err != nil {
		return Approval{}, err
	}
	if a.Company, err = company.ByIDTx(ctx, tx, l.Company); err != nil {
		return Approval{}, err
	}
	a.Contact = person.Contact{
		Phone: orElse(h.Phone, l.Claimed.Phone), Street: h.Street, Postcode: h.Postcode, City: h.City,
		Country: orElse(h.Country, "SE"), Lang: h.Lang,
	}
	a.Missing = missing(contactOf(h.Person))
	a.CanSign = l.State == AwaitingCardholder && l.Proven != nil && !a.Mismatch && len(a.Missing) == 0
	return a, nil
}

func (l Line) mismatch() bool { return l.Proven != nil && l.Match == person.Mismatch.String() }

func contactOf(p person.Person) person.Contact {
	return person.Contact{Phone: p.Phone, Street: p.Street, Postcode: p.Postcode, City: p.City, Country: p.Country, Lang: p.Lang}
}

// missing are the contact fields that an approval needs and that are empty.
func missing(c person.Contact) []string {
	var out []string
	for _, f := range []struct{ name, value string }{
		{"phone", c.Phone}, {"street", c.Street}, {"postcode", c.Postcode}, {"city", c.City}, {"country", c.Country},
	} {
		if strings.TrimSpace(f.value) == "" {
			out = append(out, f.name)
		}
	}
	return out
}

func missingErrors(fields []string) fault.Errors {
	var errs fault.Errors
	for _, f := range fields {
		errs = append(errs, fault.New(fault.Invalid, "order.contact_missing").On(f))
	}
	return errs
}

// Fields compares what is claimed with what is proven, field by field.
func (l Line) Fields() []Field {
	c := l.Claimed
	out := []Field{
		{Name: "given_name", Claimed: c.GivenName},
		{Name: "surname", Claimed: c.Surname},
		{Name: "birth_date", Claimed: c.BirthDate.String()},
		{Name: "personal_number", Claimed: c.Masked},
		{Name: "nationality", Claimed: string(c.Nationality), Note: "not_verified"},
	}
	if l.Proven == nil {
		return out
	}
	p := l.Proven.name()
	shown := p.Recased()
	out[0].compare(shown.Given, person.Match(person.Name{Given: c.GivenName, Surname: "x"}, person.Name{Given: p.Given, Surname: "x"}))
	out[1].compare(shown.Surname, person.Match(person.Name{Given: "x", Surname: c.Surname}, person.Name{Given: "x", Surname: p.Surname}))
	out[2].Proven, out[2].Same = l.Proven.BirthDate.String(), l.Proven.BirthDate == c.BirthDate
	out[3].Proven, out[3].Same = c.Masked, true // joined by it
	if l.NationalityProven {
		out[4].Proven, out[4].Same, out[4].Note = string(c.Nationality), true, ""
	}
	return out
}

func (f *Field) compare(proven string, level person.Level) {
	f.Proven, f.Same = proven, level.Matches()
	f.ClaimedParts, f.ProvenParts = person.Diff(f.Claimed, proven), person.Diff(proven, f.Claimed)
	switch {
	case f.Claimed == proven:
	case level == person.M1:
		f.Note = "case"
	case level == person.M2:
		f.Note = "spelling"
	case level == person.M4:
		f.Note = "middle_name"
	}
}

// Contact stores how the cardholder is reached: all of it is needed before signing. Errors: field errors.
func (s *Service) Contact(ctx context.Context, by actor.Actor, id ID, c person.Contact) (Approval, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Approval, error) {
		l, h, err := s.holderLineTx(ctx, tx, by, id)
		if err != nil {
			return Approval{}, err
		}
		if l, err = s.joinTx(ctx, tx, by, l, h.Person); err != nil {
			return Approval{}, err
		}
		errs := missingErrors(missing(c))
		clean, err := c.Clean()
		for _, e := range fault.All(err) {
			if errs.Field(e.Field) == nil {
				errs = append(errs, e)
			}
		}
		if err := errs.OrNil(); err != nil {
			return Approval{}, err
		}
		if !clean.Lang.Valid() {
			clean.Lang = l.Claimed.Lang
		}
		if clean == contactOf(h.Person) {
			return s.approvalTx(ctx, tx, by, id)
		}
		if err := person.SetContactTx(ctx, tx, h.ID, clean); err != nil {
			return Approval{}, err
		}
		if err := s.recordTx(ctx, tx, by, l, "order.contact_completed", journal.Entry{}); err != nil {
			return Approval{}, err
		}
		return s.approvalTx(ctx, tx, by, id)
	})
}

// RejectByCardholder says what is wrong; the orderer sees it and gets a mail. Errors: order.reason_missing,
// order.text_too_long (field reason), order.not_awaiting_cardholder, order.changed, order.not_yours.
func (s *Service) RejectByCardholder(ctx context.Context, by actor.Actor, id ID, revision int64, reason string) (Line, error) {
	reason = strings.TrimSpace(reason)
	switch {
	case reason == "":
		return Line{}, fault.New(fault.Invalid, "order.reason_missing").On("reason")
	case utf8.RuneCountInString(reason) > maxText:
		return Line{}, fault.New(fault.Invalid, "order.text_too_long", "max", "1000").On("reason")
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, h, err := s.holderLineTx(ctx, tx, by, id)
		if err != nil {
			return Line{}, err
		}
		if _, err := Next(l.State, Decline); err != nil {
			return Line{}, err
		}
		if err := atRevision(l, revision); err != nil {
			return Line{}, err
		}
		if l, err = s.joinTx(ctx, tx, by, l, h.Person); err != nil {
			return Line{}, err
		}
		l, err = s.moveTx(ctx, tx, by, l, Decline, journal.Entry{Reason: reason}, func(l *Line) { l.RejectReason = reason })
		if err != nil {
			return Line{}, err
		}
		return l, s.toOrdererTx(ctx, tx, l, notify.Mail{Template: notify.OrderRejectedByCardholder}, func(*i18n.Texts) map[string]string {
			return map[string]string{notify.KeyName: l.Name(), notify.KeyReason: reason}
		})
	})
}
