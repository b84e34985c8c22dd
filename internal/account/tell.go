package account

import (
	"context"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
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

type recipient struct {
	name, email, company string
	lang                 i18n.Lang
}

func (s *Service) tellTx(ctx context.Context, tx *db.Tx, company uuid.UUID, template notify.Template, data map[string]string) error {
	to, err := db.Rows(tx, func(r db.Row) (recipient, error) {
		var v recipient
		var given, surname, lang string
		err := r.Scan(&given, &surname, &v.email, &lang, &v.company)
		v.name, v.lang = person.Name{Given: given, Surname: surname}.Recased().String(), i18n.Lang(lang) // banks write capitals
		return v, err
	}, `SELECT p.given_name, p.surname, a.email, a.lang, c.name
		FROM account_grant g JOIN account a ON a.id = g.account_id JOIN person p ON p.id = a.person_id JOIN company c ON c.id = g.company_id
		WHERE g.company_id = $1 AND g.role = $2 AND g.revoked_at IS NULL AND a.email IS NOT NULL ORDER BY a.id`,
		company, string(actor.Orderer))
	if err != nil {
		return err
	}
	for _, v := range to {
		m := notify.Mail{
			To: v.email, ToName: v.name, Lang: v.lang, Template: template, Company: company,
			Data: map[string]string{notify.KeyPath: "/o/" + company.String(), notify.KeyCompany: v.company},
		}
		for k, value := range data {
			m.Data[k] = value
		}
		if err := notify.EnqueueTx(ctx, tx, s.keys, m); err != nil {
			return err
		}
	}
	return nil
}
