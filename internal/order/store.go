package order

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
)

var (
	errUnknown = fault.New(fault.NotFound, "order.unknown")
	errChanged = fault.New(fault.Conflict, "order.changed")
)

// column is one column with its value and where to read it to: one list serves insert, update and select, so that
// the three can't drift apart.
type column struct {
	name string
	arg  any
	dest any
}

// words is a list of codes in one text column.
type words []string

func (w *words) Scan(src any) error {
	*w = nil
	if s := text(src); s != "" {
		*w = strings.Split(s, ",")
	}
	return nil
}

func (w words) text() string { return strings.Join(w, ",") }

// asJSON reads a text column that holds JSON.
type asJSON struct{ to any }

func (j asJSON) Scan(src any) error {
	if s := text(src); s != "" {
		return json.Unmarshal([]byte(s), j.to)
	}
	return nil
}

// bits keeps an unsigned hash in a signed column.
type bits struct{ to *uint64 }

func (b bits) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("order: a hash from %T", src)
	}
	*b.to = uint64(n)
	return nil
}

func text(src any) string {
	switch v := src.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("order: " + err.Error()) // plain structs
	}
	return string(b)
}

// fixed are the columns of a line that never change.
func (l *Line) fixed() []column {
	return []column{
		{"id", l.ID, &l.ID},
		{"order_id", l.Order, &l.Order},
		{"company", l.Company, &l.Company},
		{"position", l.Position, &l.Position},
		{"created_at", l.CreatedAt, &l.CreatedAt},
	}
}

// changing are the others. p and r stand in for the pointers, which may be nil.
func (l *Line) changing(p *Proven, r *Review) []column {
	c := &l.Claimed
	return []column{
		{"state", l.State, &l.State},
		{"revision", l.Revision, &l.Revision},
		{"writes", l.writes, &l.writes},
		{"typed", l.typed, &l.typed},
		{"given_name", c.GivenName, &c.GivenName},
		{"surname", c.Surname, &c.Surname},
		{"short_given", l.ShortGiven, &l.ShortGiven},
		{"short_surname", l.ShortSurname, &l.ShortSurname},
		{"birth_date", c.BirthDate, &c.BirthDate},
		{"nationality", c.Nationality, &c.Nationality},
		{"personal_number", l.sealed, &l.sealed},
		{"personal_number_hash", c.NumberHash, &c.NumberHash},
		{"personal_number_masked", c.Masked, &c.Masked},
		{"email", c.Email, &c.Email},
		{"phone", c.Phone, &c.Phone},
		{"lang", c.Lang, &c.Lang},
		{"card_type", l.CardType, &l.CardType},
		{"valid_until", l.ValidUntil, &l.ValidUntil},
		{"replaces", l.Replaces, &l.Replaces},
		{"photo", l.Photo, &l.Photo},
		{"photo_sha256", l.PhotoSHA256, &l.PhotoSHA256},
		{"photo_hash", int64(l.photoHash), bits{&l.photoHash}},
		{"original_photo", l.OriginalPhoto, &l.OriginalPhoto},
		{"original_sha256", l.originalSHA256, &l.originalSHA256},
		{"original_hash", int64(l.originalHash), bits{&l.originalHash}},
		{"previous_photo", l.PreviousPhoto, &l.PreviousPhoto},
		{"photo_crop", jsonText(l.PhotoCrop), asJSON{&l.PhotoCrop}},
		{"photo_verdict", jsonText(l.PhotoVerdict), asJSON{&l.PhotoVerdict}},
		{"photo_at", l.PhotoAt, &l.PhotoAt},
		{"queued_at", l.QueuedAt, &l.QueuedAt},
		{"attempts", l.Attempts, &l.Attempts},
		{"changed", words(l.Changed).text(), (*words)(&l.Changed)},
		{"changed_at", l.changedAt, &l.changedAt},
		{"untold", words(l.untold).text(), (*words)(&l.untold)},
		{"told_at", l.ToldAt, &l.ToldAt},
		{"told_before_at", l.toldBeforeAt, &l.toldBeforeAt},
		{"reviewed_at", r.At, &r.At},
		{"reviewed_by", r.By, &r.By},
		{"reviewed_by_name", r.ByName, &r.ByName},
		{"review_outcome", r.Outcome, &r.Outcome},
		{"review_reasons", words(r.Reasons).text(), (*words)(&r.Reasons)},
		{"review_text", r.Text, &r.Text},
		{"review_revision", l.reviewRevision, &l.reviewRevision},
		{"person", l.Person, &l.Person},
		{"proven_given", p.GivenName, &p.GivenName},
		{"proven_surname", p.Surname, &p.Surname},
		{"proven_birth_date", p.BirthDate, &p.BirthDate},
		{"proven_by", p.By, &p.By},
		{"proven_at", p.At, &p.At},
		{"nationality_proven", l.NationalityProven, &l.NationalityProven},
		{"match_level", l.Match, &l.Match},
		{"reject_reason", l.RejectReason, &l.RejectReason},
		{"return_reason", l.ReturnReason, &l.ReturnReason},
		{"cancel_reason", l.CancelReason, &l.CancelReason},
		{"evidence", l.Evidence, &l.Evidence},
		{"signed_at", l.SignedAt, &l.SignedAt},
		{"signed_company", l.SignedCompany, &l.SignedCompany},
		{"signed_company_number", l.SignedCompanyNumber, &l.SignedCompanyNumber},
		{"awaiting_since", l.AwaitingSince, &l.AwaitingSince},
		{"waits_since", l.WaitsSince, &l.WaitsSince},
		{"reminded", l.reminded, &l.reminded},
		{"lapse_told_at", l.lapseToldAt, &l.lapseToldAt},
		{"due_at", l.dueAt, &l.dueAt},
		{"state_at", l.StateAt, &l.StateAt},
	}
}

func (l *Line) stored() []column {
	p, r := l.Proven, l.Review
	if p == nil {
		p = &Proven{}
	}
	if r == nil {
		r = &Review{}
	}
	return append(l.fixed(), l.changing(p, r)...)
}

var lineColumns = func() string {
	var names []string
	for _, c := range (&Line{}).stored() {
		names = append(names, "l."+c.name)
	}
	return strings.Join(names, ", ") + ", o.number, o.ordered_by_name, o.ordered_by, o.ordered_by_person"
}()

const fromLine = " FROM order_line l JOIN card_order o ON o.id = l.order_id "

func scanLine(row db.Row) (Line, error) {
	var l Line
	var p Proven
	var r Review
	var dests []any
	for _, c := range append(l.fixed(), l.changing(&p, &r)...) {
		dests = append(dests, c.dest)
	}
	dests = append(dests, &l.OrderNumber, &l.OrderedByName, &l.OrderedBy, &l.orderer)
	if err := row.Scan(dests...); err != nil {
		return Line{}, err
	}
	if !p.At.IsZero() {
		l.Proven = &p
	}
	if !r.At.IsZero() {
		r.UndoUntil = r.At.Add(UndoFor)
		l.Review = &r
	}
	return l, nil
}

// linesTx loads lines; where begins with WHERE.
func linesTx(tx *db.Tx, where string, args ...any) ([]Line, error) {
	return db.Rows(tx, scanLine, "SELECT "+lineColumns+fromLine+where, args...)
}

func lineTx(tx *db.Tx, id ID) (Line, error) {
	l, err := db.One(tx, scanLine, "SELECT "+lineColumns+fromLine+"WHERE l.id = $1", id)
	return l, known(err)
}

func known(err error) error {
	if err == db.ErrNoRows {
		return errUnknown
	}
	return err
}

func insertLineTx(tx *db.Tx, l Line) error {
	var names []string
	var args []any
	for _, c := range l.stored() {
		names, args = append(names, c.name), append(args, c.arg)
	}
	_, err := tx.Exec("INSERT INTO order_line ("+strings.Join(names, ", ")+") VALUES ("+db.List(1, len(args))+")", args...)
	return err
}

// saveTx writes a line over what it was, if nobody else has written any of it since. It doesn't count the revision up,
// which says what people decided about; writes counts, so that a proof or a reminder that came meanwhile isn't undone.
func saveTx(tx *db.Tx, before, after Line) (Line, error) {
	after.writes = before.writes + 1
	p, r := after.Proven, after.Review
	if p == nil {
		p = &Proven{}
	}
	if r == nil {
		r = &Review{}
	}
	args := []any{before.ID, before.State, before.Revision, before.writes}
	var set []string
	for _, c := range after.changing(p, r) {
		args = append(args, c.arg)
		set = append(set, fmt.Sprintf("%s = $%d", c.name, len(args)))
	}
	err := tx.Must1(errChanged, "UPDATE order_line SET "+strings.Join(set, ", ")+" WHERE id = $1 AND state = $2 AND revision = $3 AND writes = $4", args...)
	if db.IsUnique(err) {
		err = fault.New(fault.Conflict, "order.duplicate_line", "name", after.Name(), "order", after.OrderNumber).Because(err)
	}
	if err != nil {
		return Line{}, err
	}
	return after, nil
}

const orderColumns = `id, company, number, ordered_by, ordered_by_person, ordered_by_name, reference, cost_centre,
	address, address_name, line1, care_of, postcode, city, country, created_at, changed_at, submitted_at, revision`

func scanOrder(r db.Row) (Order, error) {
	var o Order
	d := &o.Delivery
	err := r.Scan(&o.ID, &o.Company, &o.Number, &o.OrderedBy, &o.OrderedByPerson, &o.OrderedByName, &o.Reference, &o.CostCentre,
		&d.ID, &d.Name, &d.Line1, &d.CareOf, &d.Postcode, &d.City, &d.Country, &o.CreatedAt, &o.ChangedAt, &o.SubmittedAt, &o.Revision)
	return o, err
}

func orderTx(tx *db.Tx, id ID) (Order, error) {
	o, err := db.One(tx, scanOrder, "SELECT "+orderColumns+" FROM card_order WHERE id = $1", id)
	return o, known(err)
}

// wholeTx loads an order with its lines.
func wholeTx(tx *db.Tx, id ID) (Order, error) {
	o, err := orderTx(tx, id)
	if err != nil {
		return Order{}, err
	}
	o.Lines, err = linesTx(tx, "WHERE l.order_id = $1 ORDER BY l.position", id)
	return o, err
}

func insertOrderTx(tx *db.Tx, o Order) error {
	d := o.Delivery
	_, err := tx.Exec("INSERT INTO card_order ("+orderColumns+") VALUES ("+db.List(1, 19)+")",
		o.ID, o.Company, o.Number, o.OrderedBy, o.OrderedByPerson, o.OrderedByName, o.Reference, o.CostCentre,
		d.ID, d.Name, d.Line1, d.CareOf, d.Postcode, d.City, d.Country, o.CreatedAt, o.ChangedAt, o.SubmittedAt, o.Revision)
	return err
}

// touchTx counts a draft's revision up, and makes others wait who change it; it fails when the draft was sent or discarded
// meanwhile.
func touchTx(tx *db.Tx, order ID) error {
	n, err := tx.Exec("UPDATE card_order SET revision = revision + 1, changed_at = $2 WHERE id = $1 AND submitted_at IS NULL", order, tx.Now)
	if err != nil || n == 1 {
		return err
	}
	if _, err := orderTx(tx, order); err != nil {
		return err
	}
	return fault.New(fault.Conflict, "order.already_submitted")
}
