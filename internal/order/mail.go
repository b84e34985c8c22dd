package order

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/notify"
)

const purposeLink = "order.link"

// linkTx makes a link to a line for a mail to its cardholder. Earlier links stay good: people open old mails.
func (s *Service) linkTx(tx *db.Tx, line ID) (path string, err error) {
	b := make([]byte, 16)
	rand.Read(b)
	token := base64.RawURLEncoding.EncodeToString(b)
	_, err = tx.Exec("INSERT INTO order_link (token_hash, line, created_at) VALUES ($1, $2, $3)", s.keep.Hash(purposeLink, token), line, tx.Now)
	return "/a/" + token, err
}

var errLink = fault.New(fault.NotFound, "order.link_unknown")

// Link is what a link from a mail tells before anybody has signed in.
type Link struct {
	Line ID
	Lang i18n.Lang // that the mail was written in
}

// OpenLink says which line a link from a mail leads to. It changes nothing and tells nothing else; the page asks the
// visitor to sign in, and whether the line is theirs is decided then. A link lives until the card is made or the line
// is cancelled. Error: order.link_unknown.
func (s *Service) OpenLink(ctx context.Context, token string) (Link, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Link, error) {
		link, err := db.One(tx, func(r db.Row) (Link, error) {
			var l Link
			var lang string
			err := r.Scan(&l.Line, &lang)
			l.Lang = i18n.Lang(lang)
			return l, err
		}, `SELECT k.line, l.lang FROM order_link k JOIN order_line l ON l.id = k.line
			WHERE k.token_hash = $1 AND l.state NOT IN ('draft', 'produced', 'cancelled')`, s.keep.Hash(purposeLink, token))
		if errors.Is(err, db.ErrNoRows) {
			return Link{}, errLink
		}
		return link, err
	})
}

// toCardholderTx mails the cardholder of a line. Keys of data are notify's.
func (s *Service) toCardholderTx(ctx context.Context, tx *db.Tx, l Line, m notify.Mail, data map[string]string) error {
	return mailCardholder(l, m, data, func(m notify.Mail) error { return notify.EnqueueTx(ctx, tx, s.keep, m) })
}

func mailCardholder(l Line, m notify.Mail, data map[string]string, send func(notify.Mail) error) error {
	if l.Claimed.Email == "" {
		return nil
	}
	m.To, m.ToName, m.Lang = l.Claimed.Email, l.Name(), l.Claimed.Lang
	m.Line, m.Order, m.Company, m.Data = l.ID, l.Order, l.Company, data
	return send(m)
}

// toOrdererTx mails who ordered a line, or who orders for the company in their place; see [account.OrderersTx].
func (s *Service) toOrdererTx(ctx context.Context, tx *db.Tx, l Line, m notify.Mail, data func(t *i18n.Texts) map[string]string) error {
	to, err := account.OrderersTx(tx, l.Company, l.OrderedBy)
	if err != nil {
		return err
	}
	m.Line, m.Order, m.Company = l.ID, l.Order, l.Company
	for _, r := range to {
		m.To, m.ToName, m.Lang = r.Email, r.Name, r.Lang
		m.Data = data(i18n.For(r.Lang))
		m.Data[notify.KeyPath] = linePath(l)
		m.Data[notify.KeyOrder] = l.OrderNumber
		if err := notify.EnqueueTx(ctx, tx, s.keep, m); err != nil {
			return err
		}
	}
	return nil
}

func orderPath(o Order) string {
	return "/o/" + o.Company.String() + "/orders/" + o.ID.String()
}

func linePath(l Line) string {
	return "/o/" + l.Company.String() + "/orders/" + l.Order.String() + "/lines/" + l.ID.String()
}

// inBoth gives a value in the recipient's language and, for the second part of a mail, in English.
func inBoth(data map[string]string, key string, lang i18n.Lang, say func(t *i18n.Texts) string) {
	data[key] = say(i18n.For(lang))
	if lang != i18n.English {
		data[key+"_en"] = say(i18n.For(i18n.English))
	}
}

// fieldList names fields in words: "Namn, foto".
func fieldList(t *i18n.Texts, codes []string) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = t.T("order.field." + c)
	}
	return strings.Join(names, ", ")
}

// told notes that the cardholder is written to now, and says what is new since the last time. Call it inside the change
// of a move, so that it is saved with the line.
func (l *Line) told(tx *db.Tx) (changed []string) {
	if !l.ToldAt.IsZero() {
		changed = l.untold
	}
	l.toldBeforeAt, l.ToldAt = l.ToldAt, tx.Now
	return changed
}

// changeKey is the key of the mail about changes that an orderer made: at most one waits.
func changeKey(line ID) string { return "changed:" + line.String() }

// askTx writes to the cardholder that the line waits for approval; changed is what is new since the last time. With
// changeKey, a mail about changes comes in the place of one that still waits: correcting doesn't fill anybody's inbox.
func (s *Service) askTx(ctx context.Context, tx *db.Tx, l Line, changed []string, delay time.Duration, key string) error {
	path, err := s.linkTx(tx, l.ID)
	if err != nil {
		return err
	}
	c, err := company.ByIDTx(ctx, tx, l.Company)
	if err != nil {
		return err
	}
	m := notify.Mail{Template: notify.OrderAwaitingCardholder, Delay: delay, Key: key}
	data := map[string]string{
		notify.KeyPath: path, notify.KeyCompany: c.Name, notify.KeyName: l.Name(), notify.KeyOrder: l.OrderNumber, notify.KeyLapsesOn: l.LapsesOn().String(),
	}
	if len(changed) > 0 {
		m.Template = notify.OrderChanged
		inBoth(data, notify.KeyChanged, l.Claimed.Lang, func(t *i18n.Texts) string { return fieldList(t, changed) })
	}
	if m.Template == notify.OrderChanged && key == changeKey(l.ID) {
		return mailCardholder(l, m, data, func(m notify.Mail) error { return notify.ReplaceTx(ctx, tx, s.keep, m, ChangePause) })
	}
	return s.toCardholderTx(ctx, tx, l, m, data)
}
