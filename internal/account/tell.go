package account

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/person"
)

// Feed is the name under which the journal is followed for telling companies
// what happened to them.
const Feed = "account.tell"

// Tell mails a company's orderers when its cards were put on hold, and when
// they work again. It is given to [journal.Follow]: whoever holds a company
// needs to know nothing of accounts and mails.
func (s *Service) Tell(ctx context.Context, tx *db.Tx, records []journal.Positioned) error {
	for _, r := range records {
		var template notify.Template
		data := map[string]string{}
		switch r.Kind {
		case "company.held":
			template, data[notify.KeyHold] = notify.CompanyHeld, r.Reason
		case "company.released":
			template = notify.CompanyReleased
		default:
			continue
		}
		if err := s.tellTx(ctx, tx, r.Company, template, data); err != nil {
			return err
		}
	}
	return nil
}

// Recipient is an orderer who can be written to.
type Recipient struct {
	Account uuid.UUID
	Name    string
	Email   string
	Lang    i18n.Lang
}

// OrderersTx are whom to write to about what an account did for a company: that account's person as long as they are an
// orderer of the company, otherwise its other orderers, or nobody. The address of the invited role comes before the
// person's own; who has none is left out. uuid.Nil asks for all orderers.
func OrderersTx(tx *db.Tx, company, who uuid.UUID) ([]Recipient, error) {
	all, err := db.Rows(tx, func(r db.Row) (Recipient, error) {
		var v Recipient
		var given, surname, lang string
		err := r.Scan(&v.Account, &given, &surname, &v.Email, &lang)
		v.Name, v.Lang = person.Name{Given: given, Surname: surname}.Recased().String(), i18n.Lang(lang) // banks write capitals
		return v, err
	}, `SELECT a.id, p.given_name, p.surname, coalesce(nullif(a.email, ''), nullif(p.email, ''), ''), a.lang
		FROM account_grant g JOIN account a ON a.id = g.account_id JOIN person p ON p.id = a.person_id
		WHERE g.company_id = $1 AND g.role = $2 AND g.revoked_at IS NULL ORDER BY a.id`, company, string(actor.Orderer))
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(r Recipient) bool { return r.Account == who }); i >= 0 {
		all = all[i : i+1]
	}
	return slices.DeleteFunc(all, func(r Recipient) bool { return r.Email == "" }), nil
}

func (s *Service) tellTx(ctx context.Context, tx *db.Tx, id uuid.UUID, template notify.Template, data map[string]string) error {
	c, err := company.ByIDTx(ctx, tx, id)
	if err != nil {
		return err
	}
	to, err := OrderersTx(tx, id, uuid.Nil)
	if err != nil {
		return err
	}
	for _, v := range to {
		m := notify.Mail{
			To: v.Email, ToName: v.Name, Lang: v.Lang, Template: template, Company: id,
			Data: map[string]string{notify.KeyPath: "/o/" + id.String(), notify.KeyCompany: c.Name},
		}
		maps.Copy(m.Data, data)
		if err := notify.EnqueueTx(ctx, tx, s.keys, m); err != nil {
			return err
		}
	}
	return nil
}
