package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/seal"
)

// Keep is how long the data of a refused mail is kept for sending it again.
const Keep = 90 * 24 * time.Hour

// What is sealed, each with the mail's id.
const (
	purposeTo   = "notify.mail.to"
	purposeData = "notify.mail.data"
)

// recipient is the content of to_sealed.
type recipient struct {
	To   string `json:"to"`
	Name string `json:"name"`
}

// EnqueueTx orders a mail: the row and the job that sends it, in the
// caller's transaction. Errors: notify.wrong_call when the template, the
// audience or the data don't fit together (templates.go).
func EnqueueTx(ctx context.Context, tx *db.Tx, k *seal.Keeper, m Mail) error {
	if err := check(m); err != nil {
		return err
	}
	_, err := insert(ctx, tx, k, m)
	return err
}

func insert(ctx context.Context, tx *db.Tx, k *seal.Keeper, m Mail) (ID, error) {
	id := db.NewID()
	to, err1 := json.Marshal(recipient{To: m.To, Name: m.ToName})
	data, err2 := json.Marshal(m.Data)
	if err := errors.Join(err1, err2); err != nil {
		return uuid.Nil, err
	}
	toSealed, err1 := k.Seal(purposeTo, id.String(), to)
	dataSealed, err2 := k.Seal(purposeData, id.String(), data)
	if err := errors.Join(err1, err2); err != nil {
		return uuid.Nil, err
	}
	notBefore := tx.Now.Add(m.Delay)
	if _, err := tx.Exec(`INSERT INTO mail (id, template, audience, lang, to_sealed, data_sealed, line_id, order_id, card_id,
			company_id, state, cancel_key, created_at, not_before)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting', $11, $12, $13)`,
		id, string(m.Template), string(m.Audience), string(m.Lang), toSealed, dataSealed, m.Line, m.Order, m.Card, m.Company,
		m.Key, tx.Now, notBefore); err != nil {
		return uuid.Nil, err
	}
	return id, job.EnqueueTx(ctx, tx, send{Mail: id}, job.At(notBefore), job.Max(attempts))
}

// CancelTx takes back the mails with this key that still wait. False means
// that there was none: it was sent, is just being sent, or never was.
func CancelTx(ctx context.Context, tx *db.Tx, key string) (bool, error) {
	if key == "" {
		return false, nil
	}
	n, err := tx.Exec(`UPDATE mail SET state = 'cancelled', ended_at = $1, data_sealed = NULL
		WHERE cancel_key = $2 AND state = 'waiting'`, tx.Now, key)
	return n > 0, err
}

// ReplaceTx orders a mail about a line in the place of the one with its key that still waits for its time, so that many changes in a
// short time make one mail: the first goes at once, the next not before pause has passed since. A mail whose time has
// come isn't taken back, however long the mail server is away. Errors: as EnqueueTx.
func ReplaceTx(ctx context.Context, tx *db.Tx, k *seal.Keeper, m Mail, pause time.Duration) error {
	if _, err := tx.Exec(`UPDATE mail SET state = 'cancelled', ended_at = $1, data_sealed = NULL
		WHERE cancel_key = $2 AND state = 'waiting' AND not_before > $1`, tx.Now, m.Key); err != nil {
		return err
	}
	last, err := db.Value[time.Time](tx, `SELECT max(not_before) FROM mail WHERE line_id = $1 AND cancel_key = $2 AND state <> 'cancelled'`, m.Line, m.Key)
	if err != nil {
		return err
	}
	if !last.IsZero() {
		m.Delay = max(m.Delay, last.Add(pause).Sub(tx.Now))
	}
	return EnqueueTx(ctx, tx, k, m)
}

const deliveryColumns = `id, template, audience, to_sealed, state, created_at, ended_at, reply, attempts, resent_as`

// OfLine lists the mails about a line, oldest first.
func OfLine(ctx context.Context, tx *db.Tx, k *seal.Keeper, line uuid.UUID) ([]Delivery, error) {
	return deliveries(tx, k, `SELECT `+deliveryColumns+` FROM mail WHERE line_id = $1 ORDER BY id`, line)
}

// OfOrder lists the mails about an order, those about its lines with them,
// oldest first.
func OfOrder(ctx context.Context, tx *db.Tx, k *seal.Keeper, order uuid.UUID) ([]Delivery, error) {
	return deliveries(tx, k, `SELECT `+deliveryColumns+` FROM mail WHERE order_id = $1 ORDER BY id`, order)
}

// OfCard lists the mails about a card, oldest first.
func OfCard(ctx context.Context, tx *db.Tx, k *seal.Keeper, card uuid.UUID) ([]Delivery, error) {
	return deliveries(tx, k, `SELECT `+deliveryColumns+` FROM mail WHERE card_id = $1 ORDER BY id`, card)
}

func deliveries(tx *db.Tx, k *seal.Keeper, query string, subject uuid.UUID) ([]Delivery, error) {
	return db.Rows(tx, func(r db.Row) (Delivery, error) {
		var d Delivery
		var template, audience, state string
		var to []byte
		var created, ended time.Time
		if err := r.Scan(&d.ID, &template, &audience, &to, &state, &created, &ended, &d.Reply, &d.Attempts, &d.Resent); err != nil {
			return Delivery{}, err
		}
		rcpt, err := openRecipient(k, d.ID, to)
		if err != nil {
			return Delivery{}, err
		}
		d.Template, d.Audience, d.To, d.State, d.At = Template(template), Audience(audience), rcpt.To, State(state), ended
		if d.State == Sending {
			d.State = Waiting
		}
		if d.State == Waiting {
			d.At = created
		}
		return d, nil
	}, query, subject)
}

func openRecipient(k *seal.Keeper, id ID, sealed []byte) (recipient, error) {
	plain, err := k.Unseal(purposeTo, id.String(), sealed)
	if err != nil {
		return recipient{}, err
	}
	var r recipient
	return r, json.Unmarshal(plain, &r)
}

// stored is a mail as the job and ResendTx need it.
type stored struct {
	ID    ID
	State State
	Mail  Mail
	Kept  bool // the data is still there
}

// load reads a mail. Error: notify.mail_unknown.
func load(tx *db.Tx, k *seal.Keeper, id ID) (stored, error) {
	type sealed struct {
		stored
		to, data []byte
	}
	row, err := db.One(tx, func(r db.Row) (sealed, error) {
		s := sealed{stored: stored{ID: id}}
		m := &s.Mail
		err := r.Scan(&s.State, &m.Template, &m.Audience, &m.Lang, &s.to, &s.data, &m.Line, &m.Order, &m.Card, &m.Company)
		return s, err
	}, `SELECT state, template, audience, lang, to_sealed, data_sealed, line_id, order_id, card_id, company_id FROM mail WHERE id = $1`, id)
	if errors.Is(err, db.ErrNoRows) {
		return stored{}, fault.New(fault.NotFound, "notify.mail_unknown")
	}
	if err != nil {
		return stored{}, err
	}
	to, err := openRecipient(k, id, row.to)
	if err != nil {
		return stored{}, err
	}
	row.Mail.To, row.Mail.ToName = to.To, to.Name
	if row.Kept = len(row.data) > 0; !row.Kept {
		return row.stored, nil
	}
	data, err := k.Unseal(purposeData, id.String(), row.data)
	if err != nil {
		return stored{}, err
	}
	return row.stored, json.Unmarshal(data, &row.Mail.Data)
}

// ResendTx sends a refused mail again, to a corrected address, as a new mail;
// the refused one says which took its place. Whether by may do so is the
// caller's to know. Errors: notify.mail_unknown; notify.not_refused (it wasn't
// refused, or was sent again already); notify.forgotten (older than Keep).
func ResendTx(ctx context.Context, tx *db.Tx, k *seal.Keeper, by actor.Actor, id ID, to string) (ID, error) {
	old, err := load(tx, k, id)
	if err != nil {
		return uuid.Nil, err
	}
	if old.State != Refused {
		return uuid.Nil, fault.New(fault.Conflict, "notify.not_refused")
	}
	if !old.Kept {
		return uuid.Nil, fault.New(fault.Conflict, "notify.forgotten")
	}
	old.Mail.To = to
	again, err := insert(ctx, tx, k, old.Mail)
	if err != nil {
		return uuid.Nil, err
	}
	if err := tx.Must1(fault.New(fault.Conflict, "notify.not_refused"),
		`UPDATE mail SET resent_as = $1, data_sealed = NULL WHERE id = $2 AND state = 'refused' AND resent_as IS NULL`, again, id); err != nil {
		return uuid.Nil, err
	}
	return again, journal.AppendTx(ctx, tx, journal.Entry{
		Kind: "notify.resent", By: by, Company: old.Mail.Company, Order: old.Mail.Order, Line: old.Mail.Line, Card: old.Mail.Card,
		Data: map[string]string{"template": string(old.Mail.Template), "mail": again.String()},
	})
}
