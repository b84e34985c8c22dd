package production

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/card"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/order"
)

// Result is what became of a receipt.
type Result string

// The results.
const (
	Applied     Result = "applied"
	Repeated    Result = "repeated"     // nothing new: the same receipt, or the same fact
	Kept        Result = "kept"         // dispatched before produced: applied when that comes
	UnknownCard Result = "unknown_card" // no such card in such a batch
	Refused     Result = "refused"      // doesn't fit; noted for production
)

// Outcome is the answer to one receipt.
type Outcome struct {
	ID     string
	Result Result
	Why    string // a code where Result is Refused or Kept
}

// Receive takes receipts whose signature has been verified, each in a
// transaction of its own. An error means that the rest should be sent again;
// what was taken is then repeated.
func (s *Service) Receive(ctx context.Context, receipts []Receipt) ([]Outcome, error) {
	var out []Outcome
	for _, r := range receipts {
		o, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Outcome, error) { return s.receive(ctx, tx, r) })
		if err != nil {
			return out, err
		}
		failpoint.Here(failpoint.ReceiptKept)
		out = append(out, o)
	}
	return out, nil
}

func (s *Service) receive(ctx context.Context, tx *db.Tx, r Receipt) (Outcome, error) {
	if why := malformed(r); why != "" {
		return Outcome{ID: r.ID, Result: Refused, Why: why}, noteTx(tx, Notice{Kind: NoticeRefused, Why: why, Receipt: clip(r.ID), Said: describe(r)})
	}
	if id, err := uuid.Parse(r.CardID); err == nil {
		r.CardID = id.String() // one that is kept is looked for in this spelling
	}
	// Taking the id first makes one of two that come at once wait for the other.
	rows, err := tx.Exec(`INSERT INTO receipt (id, payload_hash, item_id, kind, chip_uid, reject_code, tracking, said_at, received_at, result, why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'applied', '') ON CONFLICT (id) DO NOTHING`,
		r.ID, payloadHash(r), r.CardID, r.Kind, r.ChipUID, r.RejectCode, r.Tracking, r.At, tx.Now)
	if err != nil {
		return Outcome{}, err
	}
	if rows == 0 {
		return s.again(tx, r)
	}
	o, err := s.apply(ctx, tx, r)
	if err != nil || o.Result == Applied {
		return o, err
	}
	_, err = tx.Exec(`UPDATE receipt SET result = $1, why = $2 WHERE id = $3`, string(o.Result), o.Why, r.ID)
	return o, err
}

// malformed names what makes a receipt unreadable.
func malformed(r Receipt) string {
	switch {
	case r.ID == "" || len(r.ID) > 200:
		return "receipt_id"
	case r.Kind != ReceiptProduced && r.Kind != ReceiptFailed && r.Kind != ReceiptDispatched:
		return "receipt_kind"
	case len(r.ChipUID) > 64 || len(r.Tracking) > 100 || len(r.RejectCode) > 64 || len(r.CardID) > 200:
		return "receipt_long"
	}
	return ""
}

func payloadHash(r Receipt) string {
	r.At = r.At.UTC()
	text, err := json.Marshal(r)
	if err != nil { // a year beyond 9999
		return "unreadable"
	}
	return digest(text)
}

// again answers a receipt whose id was taken before.
func (s *Service) again(tx *db.Tx, r Receipt) (Outcome, error) {
	hash, err := db.Value[string](tx, `SELECT payload_hash FROM receipt WHERE id = $1`, r.ID)
	if err != nil {
		return Outcome{}, err
	}
	if hash == payloadHash(r) {
		return Outcome{ID: r.ID, Result: Repeated}, nil
	}
	return s.refuse(tx, r, Item{}, "receipt_id_reused")
}

// refuse notes for production what doesn't fit. Nothing else changes.
func (s *Service) refuse(tx *db.Tx, r Receipt, i Item, why string) (Outcome, error) {
	n := Notice{Kind: NoticeRefused, Why: why, Item: i.ID, Line: i.Line, Receipt: clip(r.ID), Said: describe(r)}
	return Outcome{ID: r.ID, Result: Refused, Why: why}, noteTx(tx, n)
}

func (s *Service) apply(ctx context.Context, tx *db.Tx, r Receipt) (Outcome, error) {
	i, ok, err := s.itemOf(tx, r)
	if err != nil {
		return Outcome{}, err
	}
	if !ok {
		return Outcome{ID: r.ID, Result: UnknownCard}, noteTx(tx, Notice{Kind: NoticeUnknownCard, Receipt: clip(r.ID), Said: describe(r)})
	}
	if i.BatchState == Open {
		return s.refuse(tx, r, i, "not_sent")
	}
	switch r.Kind {
	case ReceiptProduced:
		return s.produced(ctx, tx, r, i)
	case ReceiptFailed:
		return s.failed(ctx, tx, r, i)
	}
	return s.dispatched(ctx, tx, r, i)
}

// itemOf finds and locks the item that a receipt names, in the batch that it
// names.
func (s *Service) itemOf(tx *db.Tx, r Receipt) (Item, bool, error) {
	id, err := uuid.Parse(r.CardID)
	if err != nil {
		return Item{}, false, nil
	}
	known, err := db.Value[int64](tx, `SELECT count(*) FROM batch_item i JOIN batch b ON b.id = i.batch_id WHERE i.id = $1 AND b.number = $2`, id, r.Batch)
	if err != nil || known == 0 {
		return Item{}, false, err
	}
	i, err := lockItem(tx, id)
	return i, err == nil, err
}

func (s *Service) produced(ctx context.Context, tx *db.Tx, r Receipt, i Item) (Outcome, error) {
	chip := strings.ToUpper(strings.TrimSpace(r.ChipUID))
	// Of a type that is gone meanwhile nothing is known: its chip is noted, if it has one.
	if t, known := cardtype.ByCode(i.Type); known && t.Chip != (chip != "") {
		if t.Chip {
			return s.refuse(tx, r, i, "chip_missing")
		}
		return s.refuse(tx, r, i, "chip_unexpected")
	}
	switch {
	case i.State == Produced || i.State == Dispatched:
		if i.ChipUID != chip {
			return s.refuse(tx, r, i, "other_chip")
		}
		return Outcome{ID: r.ID, Result: Repeated}, nil
	case !i.State.Outstanding():
		return s.refuse(tx, r, i, "produced_after_failed")
	}
	taken, err := card.ChipTakenTx(ctx, tx, chip)
	if err != nil {
		return Outcome{}, err
	}
	if taken {
		return s.refuse(tx, r, i, "chip_in_use")
	}
	c, err := card.IssueTx(ctx, tx, bureau, card.Issue{
		Number: i.Number, Line: i.Line, Order: i.Order, Company: i.Company, Person: i.Person,
		Type: i.Type, GivenName: i.GivenName, Surname: i.Surname, CompanyName: i.CompanyName, OrganisationNumber: i.OrganisationNumber,
		ValidUntil: i.ValidUntil, Photo: i.Photo, ChipUID: chip, OrderedByName: i.OrderedByName, OrderNumber: i.OrderNumber, Batch: i.Batch,
		BatchNumber: i.BatchNumber,
	})
	if err != nil {
		return Outcome{}, err
	}
	if _, err := s.orders.ProducedTx(ctx, tx, bureau, i.Line); err != nil {
		return Outcome{}, err
	}
	i, err = move(tx, i, Produce, func(i *Item) { i.ProducedAt, i.ChipUID, i.Card = tx.Now, chip, c.ID })
	if err != nil {
		return Outcome{}, err
	}
	s.cards.TellTx(tx, c)
	if err := s.applyKept(ctx, tx, i); err != nil {
		return Outcome{}, err
	}
	return Outcome{ID: r.ID, Result: Applied}, s.settle(ctx, tx, i.Batch)
}

type keptReceipt struct{ id, tracking string }

// kept is the dispatched receipt that came before produced, if one did.
func kept(tx *db.Tx, i Item) ([]keptReceipt, error) {
	return db.Rows(tx, func(r db.Row) (k keptReceipt, err error) { err = r.Scan(&k.id, &k.tracking); return k, err },
		`SELECT id, tracking FROM receipt WHERE item_id = $1 AND result = 'kept' ORDER BY received_at, id LIMIT 1`, i.ID.String())
}

func (s *Service) applyKept(ctx context.Context, tx *db.Tx, i Item) error {
	early, err := kept(tx, i)
	if err != nil || len(early) == 0 {
		return err
	}
	if err := s.dispatch(ctx, tx, i, early[0].tracking); err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE receipt SET result = CASE WHEN id = $1 THEN 'applied' ELSE 'repeated' END, why = '' WHERE item_id = $2 AND result = 'kept'`,
		early[0].id, i.ID.String())
	return err
}

func (s *Service) dispatched(ctx context.Context, tx *db.Tx, r Receipt, i Item) (Outcome, error) {
	switch {
	case i.State == Dispatched:
		return Outcome{ID: r.ID, Result: Repeated}, nil
	case i.State.Outstanding():
		return Outcome{ID: r.ID, Result: Kept, Why: "not_produced_yet"}, nil
	case i.State != Produced:
		return s.refuse(tx, r, i, "dispatched_after_failed")
	}
	if err := s.dispatch(ctx, tx, i, r.Tracking); err != nil {
		return Outcome{}, err
	}
	return Outcome{ID: r.ID, Result: Applied}, s.settle(ctx, tx, i.Batch)
}

// dispatch records that a card is in the post and tells both. A card that was
// ended on its way is noted: the letter carries nothing of use.
func (s *Service) dispatch(ctx context.Context, tx *db.Tx, i Item, tracking string) error {
	c, err := card.DispatchTx(ctx, tx, bureau, i.Card, tracking, i.Batch)
	if err != nil {
		return err
	}
	if i, err = move(tx, i, Dispatch, func(i *Item) { i.DispatchedAt, i.Tracking = tx.Now, tracking }); err != nil {
		return err
	}
	if c, err = s.cards.PostedTx(ctx, tx, bureau, c); err != nil {
		return err
	}
	s.cards.TellTx(tx, c)
	if c.State == card.Terminated {
		return noteTx(tx, Notice{Kind: NoticeTerminated, Why: "dispatched_terminated", Item: i.ID, Line: i.Line})
	}
	return s.tellDispatched(ctx, tx, i, c)
}

func (s *Service) tellDispatched(ctx context.Context, tx *db.Tx, i Item, c card.Card) error {
	holder, orderers, err := card.RecipientsTx(ctx, tx, c)
	if err != nil {
		return err
	}
	live, err := db.Value[int64](tx, `SELECT count(*) FROM card WHERE person_id = $1 AND company_id = $2 AND type = $3 AND id <> $4
		AND state IN ('produced', 'active', 'blocked') AND valid_until >= $5`, c.Person, c.Company, c.Type, c.ID, clock.DateOf(tx.Now))
	if err != nil {
		return err
	}
	mail := notify.CardDispatched
	if !c.Kind().Activation {
		mail = notify.CardSent
	}
	return s.cards.MailTx(ctx, tx, c, mail, func(r card.Recipient, _ *i18n.Texts) map[string]string {
		data := map[string]string{
			notify.KeyPath: r.Path, notify.KeyName: c.Name(), notify.KeyCompany: c.CompanyName,
			notify.KeyDelivery: strings.Join(i.Address, ", "), notify.KeyOrder: i.OrderNumber,
		}
		if i.Tracking != "" {
			data[notify.KeyTracking] = i.Tracking
		}
		if mail == notify.CardSent {
			data[notify.KeyValidOn] = c.ValidUntil.String()
		} else if live > 0 {
			data[notify.KeyEndsOld] = "yes"
		}
		return data
	}, append([]card.Recipient{holder}, orderers...)...)
}

func (s *Service) failed(ctx context.Context, tx *db.Tx, r Receipt, i Item) (Outcome, error) {
	switch i.State {
	case Produced, Dispatched:
		return s.refuse(tx, r, i, "failed_after_produced")
	case Failed, Remade, Returned:
		return Outcome{ID: r.ID, Result: Repeated}, nil
	}
	code := RejectCode(strings.ToUpper(strings.TrimSpace(r.RejectCode)))
	i, err := move(tx, i, Fail, func(i *Item) { i.FailedAt, i.RejectCode = tx.Now, code })
	if err != nil {
		return Outcome{}, err
	}
	if err := appendItem(ctx, tx, bureau, "production.failed", i, string(code), nil); err != nil {
		return Outcome{}, err
	}
	if early, err := kept(tx, i); err != nil {
		return Outcome{}, err
	} else if len(early) > 0 {
		n := Notice{Kind: NoticeRefused, Why: "dispatched_after_failed", Item: i.ID, Line: i.Line, Receipt: clip(early[0].id), Said: ReceiptDispatched}
		if err := noteTx(tx, n); err != nil {
			return Outcome{}, err
		}
	}
	switch remedy := remedies[code]; {
	case remedy == back:
		err = s.giveBack(ctx, tx, bureau, i, order.ReturnReason(code), "")
	case remedy == remake && i.Attempt <= maxRemakes:
		err = s.remakeTx(ctx, tx, bureau, i)
	}
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{ID: r.ID, Result: Applied}, s.settle(ctx, tx, i.Batch)
}
