package order

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/person"
)

// TermsVersion names the terms that a signature is about: it stands in the signed text.
const TermsVersion = "2026-01"

const signSchema = "kortverk.line.1"

// cardData is everything that the card will say. Its digest is part of what is signed.
type cardData struct {
	Line               uuid.UUID  `json:"line"`
	GivenName          string     `json:"given_name"`
	Surname            string     `json:"surname"`
	PrintedGiven       string     `json:"printed_given"`
	PrintedSurname     string     `json:"printed_surname"`
	PersonHash         string     `json:"person"`
	Company            uuid.UUID  `json:"company"`
	CompanyName        string     `json:"company_name"`
	OrganisationNumber string     `json:"organisation_number"` // "" for a sole trader: it would be a personal number
	CardType           string     `json:"card_type"`
	ValidUntil         clock.Date `json:"valid_until"`
	PhotoSHA256        string     `json:"photo_sha256"`
	Terms              string     `json:"terms"`
}

// hidden is signed with the text, not shown.
type hidden struct {
	Schema      string    `json:"schema"`
	Line        uuid.UUID `json:"line"`
	Revision    int64     `json:"revision"`
	CardSHA256  string    `json:"card_sha256"`
	PhotoSHA256 string    `json:"photo_sha256"`
	Lang        i18n.Lang `json:"lang"`
	Nonce       string    `json:"nonce"`
}

func dataOf(l Line, c company.Company) cardData {
	d := cardData{
		Line: l.ID, GivenName: l.Claimed.GivenName, Surname: l.Claimed.Surname, PrintedGiven: l.PrintedGiven(),
		PrintedSurname: l.PrintedSurname(), PersonHash: l.Claimed.NumberHash, Company: c.ID, CompanyName: c.Name,
		CardType: l.CardType, ValidUntil: l.ValidUntil, PhotoSHA256: l.PhotoSHA256, Terms: TermsVersion,
	}
	d.OrganisationNumber = c.PrintedNumber()
	return d
}

func (d cardData) digest() string {
	sum := sha256.Sum256([]byte(jsonText(d)))
	return hex.EncodeToString(sum[:])
}

// text is what the cardholder reads in the eID app and signs.
func (d cardData) text(t *i18n.Texts, scheme string) string {
	name := person.Name{Given: d.GivenName, Surname: d.Surname}.String()
	printed := person.Name{Given: d.PrintedGiven, Surname: d.PrintedSurname}.String()
	kind := d.CardType
	if ct, ok := cardtype.ByCode(d.CardType); ok {
		kind = ct.NameIn(t.Lang)
	}
	out := t.T("order.sign.opening", "scheme", scheme) + "\n\n" + t.T("order.sign.name", "name", name)
	if printed != name {
		out += "\n" + t.T("order.sign.printed", "name", printed)
	}
	out += "\n" + t.T("order.sign.employer", "company", d.CompanyName)
	if d.OrganisationNumber != "" {
		out += "\n" + t.T("order.sign.organisation_number", "number", d.OrganisationNumber)
	}
	return out + "\n" + t.T("order.sign.card", "type", kind) + "\n" + t.T("order.sign.valid_until", "date", d.ValidUntil.String()) +
		"\n\n" + t.T("order.sign.closing", "terms", d.Terms)
}

// Subject binds an eID transaction to one revision of a line.
func Subject(line ID, revision int64) string {
	return "line:" + line.String() + "@" + revisionText(revision)
}

func revisionText(n int64) string { return strconv.FormatInt(n, 10) }

// signableTx is a line that its cardholder can sign now.
func (s *Service) signableTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID, revision int64) (Line, holder, error) {
	l, h, err := s.holderLineTx(ctx, tx, by, id)
	if err != nil {
		return Line{}, h, err
	}
	if _, err := Next(l.State, Confirm); err != nil {
		return Line{}, h, err
	}
	return l, h, atRevision(l, revision)
}

// SignText prepares the signature: the face adds browser, address and return address, and starts it. Errors:
// order.not_awaiting_cardholder, order.not_yours, order.identity_mismatch, order.changed, order.contact_missing (fields).
func (s *Service) SignText(ctx context.Context, by actor.Actor, id ID, revision int64, lang i18n.Lang) (eid.Begin, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (eid.Begin, error) {
		l, h, err := s.signableTx(ctx, tx, by, id, revision)
		if err != nil {
			return eid.Begin{}, err
		}
		if !person.Match(l.Claimed.name(), h.ProvenName()).Matches() {
			return eid.Begin{}, errMismatch
		}
		if err := missingErrors(missing(contactOf(h.Person))).OrNil(); err != nil {
			return eid.Begin{}, err
		}
		c, err := company.ByIDTx(ctx, tx, l.Company)
		if err != nil {
			return eid.Begin{}, err
		}
		number, err := s.number(l)
		if err != nil {
			return eid.Begin{}, err
		}
		if !lang.Valid() {
			lang = l.Claimed.Lang
		}
		d := dataOf(l, c)
		nonce := make([]byte, 16)
		rand.Read(nonce)
		return eid.Begin{
			Purpose: eid.Sign, Subject: Subject(l.ID, l.Revision), Lang: string(lang), PersonalNumber: string(number),
			VisibleText: d.text(i18n.For(lang), s.Scheme), Hidden: []byte(jsonText(hiddenOf(l, d, lang, hex.EncodeToString(nonce)))),
		}, nil
	})
}

func hiddenOf(l Line, d cardData, lang i18n.Lang, nonce string) hidden {
	return hidden{Schema: signSchema, Line: l.ID, Revision: l.Revision, CardSHA256: d.digest(), PhotoSHA256: l.PhotoSHA256, Lang: lang, Nonce: nonce}
}

var (
	errMismatch = fault.New(fault.Conflict, "order.identity_mismatch")
	errSigned   = fault.New(fault.Conflict, "order.signature_not_about_this")
)

// signedThis compares what was signed with what the line says now.
func (s *Service) signedThis(l Line, c company.Company, a eid.Assertion) error {
	var h hidden
	if err := json.Unmarshal(a.Hidden, &h); err != nil {
		return errSigned.Because(err)
	}
	d := dataOf(l, c)
	if a.Purpose != eid.Sign || len(h.Nonce) < 32 || h != hiddenOf(l, d, h.Lang, h.Nonce) || a.VisibleText != d.text(i18n.For(h.Lang), s.Scheme) {
		return errSigned
	}
	return nil
}

// Confirm records the cardholder's signature and starts production. It is safe to call again for a line that this
// person has approved, also at the same moment. Errors: those of SignText and of eid.Service.TakeTx,
// order.signature_not_about_this.
func (s *Service) Confirm(ctx context.Context, by actor.Actor, id ID, revision int64, transaction eid.ID, browser string) (Line, error) {
	var late error // what was found out must be kept although the answer is an error
	l, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		if done, ok, err := s.approvedTx(ctx, tx, by, id); ok || err != nil {
			return done, err
		}
		l, h, err := s.signableTx(ctx, tx, by, id, revision)
		if err != nil {
			return Line{}, err
		}
		a, err := s.EID.TakeTx(ctx, tx, transaction, browser, Subject(id, revision))
		if err != nil {
			return Line{}, err
		}
		p, err := s.proveTx(ctx, tx, h, l, a)
		if err != nil {
			return Line{}, err
		}
		if l, err = s.joinTx(ctx, tx, by, l, p); err != nil {
			return Line{}, err
		}
		if l.mismatch() {
			late = errMismatch
			return Line{}, nil
		}
		c, err := company.ByIDTx(ctx, tx, l.Company)
		if err != nil {
			return Line{}, err
		}
		if err := s.signedThis(l, c, a); err != nil {
			return Line{}, err
		}
		return s.approveTx(ctx, tx, by, l, c, p, a)
	})
	failpoint.After(err, failpoint.OrderConfirmed)
	if err == nil {
		return l, late
	}
	if fault.KindOf(err) == fault.Conflict { // a page that was sent twice: the other one may have done it
		return s.approvedMeanwhile(ctx, by, id, err)
	}
	return Line{}, err
}

// approvedTx is a line that this person has approved.
func (s *Service) approvedTx(ctx context.Context, tx *db.Tx, by actor.Actor, id ID) (Line, bool, error) {
	l, h, err := s.holderLineTx(ctx, tx, by, id)
	return l, err == nil && l.Evidence != uuid.Nil && l.Person == h.ID && locked(l.State), err
}

// approvedMeanwhile is a line that this person has approved while Confirm was refused, or else the refusal.
func (s *Service) approvedMeanwhile(ctx context.Context, by actor.Actor, id ID, refusal error) (Line, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, ok, err := s.approvedTx(ctx, tx, by, id)
		if err != nil || !ok {
			return Line{}, refusal
		}
		return l, nil
	})
}

// proveTx takes the signature as the newest proof of who the person is.
func (s *Service) proveTx(ctx context.Context, tx *db.Tx, h holder, l Line, a eid.Assertion) (person.Person, error) {
	p, err := person.JoinTx(ctx, tx, s.keep, person.Proof{PersonalNumber: person.PersonalNumber(a.PersonalNumber), GivenName: a.GivenName, Surname: a.Surname, Provider: a.Provider})
	if err != nil {
		return person.Person{}, err
	}
	if p.ID != h.ID || person.HashNumber(s.keep, person.PersonalNumber(a.PersonalNumber)) != l.Claimed.NumberHash {
		return person.Person{}, errNotYours
	}
	return p, missingErrors(missing(contactOf(p))).OrNil()
}

func (s *Service) approveTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Line, c company.Company, p person.Person, a eid.Assertion) (Line, error) {
	e := journal.Entry{Data: map[string]string{"evidence": a.Evidence.String(), "provider": a.Provider, "match": l.Match, "card_sha256": dataOf(l, c).digest()}}
	l, err := s.moveTx(ctx, tx, by, l, Confirm, e, func(l *Line) {
		l.Evidence, l.SignedAt, l.RejectReason = a.Evidence, tx.Now, ""
		l.SignedCompany, l.SignedCompanyNumber = c.Name, c.PrintedNumber()
		l.Changed, l.untold = nil, nil
	})
	if err != nil {
		return Line{}, err
	}
	if p.Email == "" {
		if err := person.SetEmailTx(ctx, tx, p.ID, l.Claimed.Email); err != nil {
			return Line{}, err
		}
	}
	if err := person.SetNationalityTx(ctx, tx, p.ID, l.Claimed.Nationality, l.NationalityProven); err != nil {
		return Line{}, err
	}
	if err := job.EnqueueTx(ctx, tx, LineApproved{Line: l.ID}); err != nil {
		return Line{}, err
	}
	return l, s.approvedMailsTx(ctx, tx, l, c)
}

func (s *Service) approvedMailsTx(ctx context.Context, tx *db.Tx, l Line, c company.Company) error {
	o, err := orderTx(tx, l.Order)
	if err != nil {
		return err
	}
	data := map[string]string{notify.KeyPath: "/me", notify.KeyName: l.Name(), notify.KeyCompany: c.Name, notify.KeyOrder: l.OrderNumber, notify.KeyDelivery: AddressLine(o.Delivery)}
	if err := s.toCardholderTx(ctx, tx, l, notify.Mail{Template: notify.OrderApproved, Audience: notify.Cardholder}, data); err != nil {
		return err
	}
	return s.toOrdererTx(ctx, tx, l, notify.Mail{Template: notify.OrderApproved, Audience: notify.Orderer}, func(*i18n.Texts) map[string]string {
		return map[string]string{notify.KeyName: l.Name(), notify.KeyCompany: c.Name, notify.KeyDelivery: AddressLine(o.Delivery)}
	})
}
