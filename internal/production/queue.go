package production

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
)

// queue takes an approved line into the open batch, or tells production what is
// missing. A line that is no longer approved was taken already.
func (s *Service) queue(ctx context.Context, j *job.Job[order.LineApproved]) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		if err := j.CompleteTx(ctx, tx); err != nil {
			return err
		}
		line, err := s.orders.LineTx(ctx, tx, j.Args.Line)
		if err != nil || line.State != order.Approved {
			return err
		}
		ord, co, missing, err := s.lookTx(ctx, tx, line)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return noteTx(tx, Notice{Kind: NoticeIncomplete, Why: strings.Join(missing, ","), Line: line.ID})
		}
		line, err = s.orders.StartProductionTx(ctx, tx, system, line.ID)
		if err != nil {
			return err
		}
		item, err := s.addTx(ctx, tx, snapshot(line, ord, co))
		if err != nil {
			return err
		}
		return s.tellQueued(ctx, tx, item)
	})
}

// lookTx loads what goes with a line, and says what is missing.
func (s *Service) lookTx(ctx context.Context, tx *db.Tx, line order.Line) (order.Order, company.Company, []string, error) {
	ord, err := s.orders.OrderTx(ctx, tx, line.Order)
	if err != nil {
		return order.Order{}, company.Company{}, nil, err
	}
	co, err := company.ByIDTx(ctx, tx, line.Company)
	if err != nil {
		return order.Order{}, company.Company{}, nil, err
	}
	return ord, co, incomplete(line, ord, co, clock.DateOf(tx.Now)), nil
}

// incomplete is the automatic check before a number is spent: codes of what
// the bureau would stumble over.
func incomplete(l order.Line, o order.Order, c company.Company, today clock.Date) []string {
	var missing []string
	need := func(ok bool, code string) {
		if !ok {
			missing = append(missing, code)
		}
	}
	_, known := cardtype.ByCode(l.CardType)
	need(known, "card_type")
	need(l.Photo != uuid.Nil, "photo")
	need(l.Person != uuid.Nil, "cardholder")
	need(l.SignedCompany != "", "signature")
	need(l.PrintedGiven() != "" || l.PrintedSurname() != "", "name")
	need(len(artwork.Unprintable(l.PrintedGiven()+l.PrintedSurname()+l.SignedCompany)) == 0, "letters")
	need(!l.ValidUntil.Before(today), "valid_until")
	need(c.ClosedAt.IsZero(), "company_closed")
	need(o.Delivery.Line1 != "" && o.Delivery.City != "", "address")
	return missing
}

// returnReasons are what a missing thing is in the orderer's words, where it has words of its own.
var returnReasons = map[string]order.ReturnReason{
	"photo": order.ReturnPhotoWrong, "valid_until": order.ReturnValidUntil, "letters": order.ReturnLetters, "company_closed": order.ReturnCompanyClosed,
}

// snapshot copies what the card will say, which is what its cardholder signed: a company that has got another name since is printed
// as it was, and the letter goes to it as it is called now. From here on the line is locked.
func snapshot(l order.Line, o order.Order, c company.Company) Item {
	return Item{
		Line: l.ID, Order: l.Order, Company: l.Company, Person: l.Person, Type: l.CardType, GivenName: l.PrintedGiven(),
		Surname: l.PrintedSurname(), CompanyName: l.SignedCompany, OrganisationNumber: l.SignedCompanyNumber, ValidUntil: l.ValidUntil, Photo: l.Photo,
		Address: letter(o.Delivery, c.Name), OrderedByName: o.OrderedByName, OrderNumber: o.Number, Attempt: 1,
	}
}

// letter are the lines of the letter's address, as post offices want them: two
// blanks between postcode and town, the country in capitals when it isn't
// Sweden, no empty lines, at most 35 letters a line.
func letter(a company.Address, companyName string) []string {
	first := a.Name
	if first == "" {
		first = companyName
	}
	town := strings.TrimSpace(a.Postcode + "  " + a.City)
	lines := []string{first}
	if a.Name != "" && a.Name != companyName {
		lines = append(lines, companyName)
	}
	if a.CareOf != "" {
		lines = append(lines, "c/o "+strings.TrimPrefix(a.CareOf, "c/o "))
	}
	lines = append(lines, a.Line1, town)
	if a.Country != "" && a.Country != "SE" {
		lines = append(lines, strings.ToUpper(nameOf(a.Country)))
	}
	var out []string
	for _, l := range lines {
		out = append(out, wrap(l, 35)...)
	}
	return out
}

// nameOf is a country's English name, which post offices everywhere read.
func nameOf(code string) string {
	for _, c := range country.All(i18n.English) {
		if c.Code == code {
			return c.Name
		}
	}
	return code
}

// wrap breaks a line at its blanks; a word that is too long alone stays whole.
func wrap(s string, width int) []string {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\n", " "))
	var out []string
	for utf8.RuneCountInString(s) > width {
		cut := strings.LastIndexByte(string([]rune(s)[:width+1]), ' ')
		if cut <= 0 {
			if cut = strings.IndexByte(s, ' '); cut < 0 {
				break
			}
		}
		out = append(out, strings.TrimSpace(s[:cut]))
		s = strings.TrimSpace(s[cut:])
	}
	if s == "" {
		return out
	}
	return append(out, s)
}

// addTx puts an item with a new number into the open batch, and closes the
// batch when that fills it.
func (s *Service) addTx(ctx context.Context, tx *db.Tx, i Item) (Item, error) {
	batch, number, size, err := s.openBatch(tx)
	if err != nil {
		return Item{}, err
	}
	i.ID, i.Batch, i.BatchNumber, i.BatchState, i.State, i.Revision, i.CreatedAt = db.NewID(), batch, number, Open, Reserved, 1, tx.Now
	if i.Number, err = card.ReserveNumberTx(ctx, tx, s.cfg.Prefix, i.Line, i.ID); err != nil {
		return Item{}, err
	}
	_, err = tx.Exec(`INSERT INTO batch_item (id, batch_id, line_id, order_id, company_id, person_id, number, state, revision, attempt, remake_of,
		type, given_name, surname, company_name, organisation_number, valid_until, photo_id, address, ordered_by_name, order_number,
		reject_code, chip_uid, tracking, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'reserved', 1, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, '', '', '', $20)`,
		i.ID, i.Batch, i.Line, i.Order, i.Company, i.Person, string(i.Number), i.Attempt, i.RemakeOf,
		i.Type, i.GivenName, i.Surname, i.CompanyName, i.OrganisationNumber, i.ValidUntil, i.Photo, strings.Join(i.Address, "\n"),
		i.OrderedByName, i.OrderNumber, i.CreatedAt)
	if err != nil {
		return Item{}, err
	}
	if err := appendItem(ctx, tx, system, "production.queued", i, "", nil); err != nil {
		return Item{}, err
	}
	if size >= int64(s.cfg.MaxSize) {
		return i, s.closeTx(ctx, tx, batch)
	}
	return i, nil
}

func appendItem(ctx context.Context, tx *db.Tx, by actor.Actor, kind string, i Item, reason string, data map[string]string) error {
	if data == nil {
		data = map[string]string{}
	}
	data["batch"], data["attempt"] = i.BatchNumber, fmt.Sprint(i.Attempt)
	return journal.AppendTx(ctx, tx, journal.Entry{
		Kind: kind, By: by, Company: i.Company, Person: i.Person, Order: i.Order, Line: i.Line,
		Card: i.Card, Batch: i.Batch, Reason: reason, Data: data,
	})
}

type openRow struct {
	id     uuid.UUID
	number string
	size   int64
}

// openBatch takes a place in the open batch and makes one when there is none.
// Taking the place locks the batch, so it can't close before the item is in.
func (s *Service) openBatch(tx *db.Tx) (uuid.UUID, string, int64, error) {
	for range 2 {
		open, err := db.Rows(tx, func(r db.Row) (o openRow, err error) { err = r.Scan(&o.id, &o.number, &o.size); return o, err },
			`UPDATE batch SET size = size + 1 WHERE state = 'open' RETURNING id, number, size`)
		if err != nil {
			return uuid.Nil, "", 0, err
		}
		if len(open) == 1 {
			return open[0].id, open[0].number, open[0].size, nil
		}
		year := clock.DateOf(tx.Now).Year
		seq, err := db.Value[int64](tx, `SELECT coalesce(max(seq), 0) + 1 FROM batch WHERE year = $1`, year)
		if err != nil {
			return uuid.Nil, "", 0, err
		}
		// Two nodes may open one at the same time; the second finds the first's.
		_, err = tx.Exec(`INSERT INTO batch (id, year, seq, number, state, size, opened_at, asked) VALUES ($1, $2, $3, $4, 'open', 0, $5, 0)
			ON CONFLICT DO NOTHING`, db.NewID(), year, seq, fmt.Sprintf("%02d-%04d", year%100, seq), tx.Now)
		if err != nil {
			return uuid.Nil, "", 0, err
		}
	}
	return uuid.Nil, "", 0, errors.New("production: no open batch could be made")
}

// closeTx closes a batch and has it delivered.
func (s *Service) closeTx(ctx context.Context, tx *db.Tx, batch uuid.UUID) error {
	rows, err := tx.Exec(`UPDATE batch SET state = 'closed', closed_at = $1 WHERE id = $2 AND state = 'open' AND size > 0`, tx.Now, batch)
	if err != nil || rows == 0 {
		return err
	}
	if err := journal.AppendTx(ctx, tx, journal.Entry{Kind: "production.closed", By: system, Batch: batch}); err != nil {
		return err
	}
	return job.EnqueueTx(ctx, tx, Deliver{Batch: batch}, job.Key("production.deliver:"+batch.String()))
}

// CloseOpen closes the open batch if it has cards. It runs by itself.
func (s *Service) CloseOpen(ctx context.Context) error {
	open, err := db.Read(ctx, s.db, openBatches)
	if err != nil || len(open) == 0 {
		return err
	}
	err = db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error { return s.closeTx(ctx, tx, open[0]) })
	failpoint.After(err, failpoint.BatchClosed)
	return err
}

func openBatches(_ context.Context, tx *db.Tx) ([]uuid.UUID, error) {
	return db.Rows(tx, db.Column[uuid.UUID], `SELECT id FROM batch WHERE state = 'open' AND size > 0`)
}

// unborn is an item as a card that doesn't exist yet, for mails.
func (i Item) unborn() card.Card {
	return card.Card{
		Line: i.Line, Order: i.Order, Company: i.Company, Person: i.Person, GivenName: i.GivenName, Surname: i.Surname,
		CompanyName: i.CompanyName, OrderNumber: i.OrderNumber,
	}
}

func (s *Service) tellQueued(ctx context.Context, tx *db.Tx, i Item) error {
	holder, _, err := card.RecipientsTx(ctx, tx, i.unborn())
	if err != nil {
		return err
	}
	return s.cards.MailTx(ctx, tx, i.unborn(), notify.CardInProduction, func(r card.Recipient, _ *i18n.Texts) map[string]string {
		data := map[string]string{
			notify.KeyPath: r.Path, notify.KeyCompany: i.CompanyName, notify.KeyName: i.Name(),
			notify.KeyOrder: i.OrderNumber, notify.KeyDelivery: strings.Join(i.Address, ", "),
		}
		if t, _ := cardtype.ByCode(i.Type); t.Activation {
			data[notify.KeyActivate] = "yes"
		}
		return data
	}, holder)
}

// Recheck looks again at a line that was incomplete. Errors:
// production.not_allowed, production.not_approved.
func (s *Service) Recheck(ctx context.Context, by actor.Actor, line uuid.UUID) error {
	return s.notMade(ctx, by, line, func(ctx context.Context, tx *db.Tx, l order.Line) error {
		return job.EnqueueTx(ctx, tx, order.LineApproved{Line: l.ID}, job.Key("production.recheck:"+l.ID.String()))
	})
}

// ReturnIncomplete gives a line that can't be made back to its orderer, who
// corrects it, and has it signed again, or cancels it. Errors: as Recheck, and
// production.complete when nothing is missing.
func (s *Service) ReturnIncomplete(ctx context.Context, by actor.Actor, line uuid.UUID) error {
	return s.notMade(ctx, by, line, func(ctx context.Context, tx *db.Tx, l order.Line) error {
		_, _, missing, err := s.lookTx(ctx, tx, l)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			return fault.New(fault.Conflict, "production.complete")
		}
		reason := order.ReturnIncomplete
		for _, code := range missing {
			if r, ok := returnReasons[code]; ok {
				reason = r
				break
			}
		}
		_, err = s.orders.BackToOrdererTx(ctx, tx, by, l.ID, reason, "")
		return err
	})
}

// notMade puts away the notices about an approved line that couldn't be made, and does what was decided about it. Of two
// who decide at once the second waits for the notices, and then sees what became of the line. One about a line that has
// moved on is only put away.
func (s *Service) notMade(ctx context.Context, by actor.Actor, line uuid.UUID, do func(ctx context.Context, tx *db.Tx, l order.Line) error) error {
	if err := staff(by); err != nil {
		return err
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		settled, err := settleTx(ctx, tx, by, `line_id = $3 AND kind = 'incomplete'`, line)
		if err != nil {
			return err
		}
		l, err := s.orders.LineTx(ctx, tx, line)
		switch {
		case err != nil:
			return err
		case l.State == order.Approved:
			return do(ctx, tx, l)
		case len(settled) > 0:
			return nil
		}
		return fault.New(fault.Conflict, "production.not_approved")
	})
}
