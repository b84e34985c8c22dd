package card

import (
	"context"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/person"
)

// Recipient is somebody a mail about a card goes to. Email is "" for people
// without one; they see the same on their pages.
type Recipient struct {
	Audience notify.Audience
	Name     string
	Email    string
	Lang     i18n.Lang
	Path     string // of the card on the recipient's own pages
}

// RecipientsTx are the cardholder of a card, and who orders for its company: who
// ordered the card, or the others in their place (see [account.OrderersTx]). The
// cardholder's own address comes before the one that was ordered with.
func RecipientsTx(ctx context.Context, tx *db.Tx, c Card) (holder Recipient, orderers []Recipient, err error) {
	p, err := person.ByIDTx(ctx, tx, c.Person)
	if err != nil {
		return holder, nil, err
	}
	holder = Recipient{Audience: notify.Cardholder, Name: c.Name(), Email: p.Email, Lang: p.Lang, Path: HolderPath(c)}
	orderedBy, err := db.One(tx, func(r db.Row) (by uuid.UUID, err error) {
		var email, lang string
		err = r.Scan(&by, &email, &lang)
		if holder.Email == "" {
			holder.Email = email
		}
		if holder.Lang == "" {
			holder.Lang = i18n.Lang(lang)
		}
		return by, err
	}, `SELECT o.ordered_by, l.email, l.lang FROM order_line l JOIN card_order o ON o.id = l.order_id WHERE l.id = $1`, c.Line)
	if err != nil {
		return holder, nil, err
	}
	to, err := account.OrderersTx(tx, c.Company, orderedBy)
	for _, r := range to {
		orderers = append(orderers, Recipient{Audience: notify.Orderer, Name: r.Name, Email: r.Email, Lang: r.Lang, Path: CompanyPath(c)})
	}
	return holder, orderers, err
}

// HolderPath is the card's page for its cardholder; until the card is activated,
// the page of all: activation asks for digits of the number, which must come
// from the card and not from a mail.
func HolderPath(c Card) string {
	if c.ID == [16]byte{} || c.ActivatedAt.IsZero() {
		return "/me"
	}
	return "/me/cards/" + string(c.Number)
}

// CompanyPath is the card's page for its company; while there is no card yet,
// its line's.
func CompanyPath(c Card) string {
	at := "/o/" + c.Company.String()
	if c.ID == [16]byte{} {
		return at + "/orders/" + c.Order.String() + "/lines/" + c.Line.String()
	}
	return at + "/cards/" + string(c.Number)
}

// MailTx sends one mail about a card to each recipient; data gives what
// differs between languages and people.
func (s *Service) MailTx(ctx context.Context, tx *db.Tx, c Card, t notify.Template, data func(r Recipient, words *i18n.Texts) map[string]string, to ...Recipient) error {
	for _, r := range to {
		if r.Email == "" {
			continue
		}
		if !r.Lang.Valid() {
			r.Lang = i18n.Swedish
		}
		m := notify.Mail{
			To: r.Email, ToName: r.Name, Lang: r.Lang, Template: t, Line: c.Line, Order: c.Order, Card: c.ID, Company: c.Company,
			Data: data(r, i18n.For(r.Lang)),
		}
		if len(notify.Audiences(t)) > 1 {
			m.Audience = r.Audience
		}
		// A mail has an English part too, whatever the language of the person.
		for k, v := range data(r, i18n.For(i18n.English)) {
			if m.Data[k] != v {
				m.Data[k+"_en"] = v
			}
		}
		if err := notify.EnqueueTx(ctx, tx, s.keys, m); err != nil {
			return err
		}
	}
	return nil
}

var templates = map[Action]notify.Template{
	ActionActivate: notify.CardActivated, ActionBlock: notify.CardBlocked,
	ActionUnblock: notify.CardUnblocked, ActionTerminate: notify.CardTerminated,
}

// tell writes the mails of a change to cardholder and orderer.
func (s *Service) tell(ctx context.Context, tx *db.Tx, by actor.Actor, a Action, before, after Card) error {
	holder, orderers, err := RecipientsTx(ctx, tx, after)
	if err != nil {
		return err
	}
	fee := s.Fee(clock.DateOf(tx.Now))
	return s.MailTx(ctx, tx, after, templates[a], func(r Recipient, words *i18n.Texts) map[string]string {
		data := map[string]string{notify.KeyPath: r.Path, notify.KeyName: after.Name(), notify.KeyCompany: after.CompanyName}
		if after.Kind().Attendance {
			data[notify.KeyGate] = "yes"
		}
		// What it costs is the company's business.
		if r.Audience == notify.Orderer {
			data[notify.KeyFee] = feeText(words, Consequences(a, before.State, fee, after.Kind()))
		}
		switch a {
		case ActionActivate:
			data[notify.KeyValidOn] = after.ValidUntil.String()
			if after.Predecessor != [16]byte{} {
				data[notify.KeyEndsOld] = "yes"
			}
			return data
		case ActionBlock:
			data[notify.KeyReason] = words.T("card.reason." + string(after.BlockReason))
		case ActionTerminate:
			data[notify.KeyReason] = words.T("card.reason." + string(after.EndReason))
		}
		if by.Name != "" {
			data[notify.KeyBy] = by.Name
		}
		return data
	}, append([]Recipient{holder}, orderers...)...)
}

// feeText is the sentence about the fee among the consequences.
func feeText(words *i18n.Texts, all []Consequence) string {
	for _, c := range all {
		if len(c.Code) > 4 && c.Code[:4] == "fee_" {
			return c.Text(words)
		}
	}
	return ""
}

// tellShown tells the cardholder that the PIN was shown, and when: who didn't
// ask for it finds out.
func (s *Service) tellShown(ctx context.Context, tx *db.Tx, c Card) error {
	holder, _, err := RecipientsTx(ctx, tx, c)
	if err != nil {
		return err
	}
	return s.MailTx(ctx, tx, c, notify.PINShown, func(r Recipient, _ *i18n.Texts) map[string]string {
		return map[string]string{
			notify.KeyPath: r.Path, notify.KeyCompany: c.CompanyName, notify.KeyName: c.Name(),
			notify.KeyShownAt: tx.Now.UTC().Format("2006-01-02T15:04:05Z07:00"),
		}
	}, holder)
}
