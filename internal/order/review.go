package order

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/failpoint"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
)

// Reason is why a reviewer rejects: text "order.reason." + Code, and what to do about it with ".todo" behind it.
type Reason struct {
	Code  string
	Group string // GroupPhoto, GroupData or GroupOther
}

// Groups of reasons.
const (
	GroupPhoto = "photo"
	GroupData  = "data"
	GroupOther = "other"
)

const (
	reasonOther = "other"
	maxText     = 1000
)

var reviewReasons = []Reason{
	{"photo_light", GroupPhoto},
	{"photo_sharpness", GroupPhoto},
	{"photo_eyes", GroupPhoto},
	{"photo_background", GroupPhoto},
	{"photo_crop", GroupPhoto},
	{"photo_headgear", GroupPhoto},
	{"photo_glasses", GroupPhoto},
	{"photo_other_person", GroupPhoto},
	{"photo_not_same_person", GroupPhoto},
	{"photo_size", GroupPhoto},
	{"photo_age", GroupPhoto},
	{"photo_copy", GroupPhoto},
	{"data_name", GroupData},
	{"data_number", GroupData},
	{"duplicate_identity", GroupData},
	{"duplicate_photo", GroupPhoto},
	{reasonOther, GroupOther},
}

// ReviewReasons is the checklist, most used first.
func ReviewReasons() []Reason { return slices.Clone(reviewReasons) }

// onlyData reports whether nothing but data is wrong, so that correcting data brings the line back into the queue.
func onlyData(reasons []string) bool {
	return len(reasons) > 0 && !slices.ContainsFunc(reasons, func(code string) bool {
		return !slices.Contains(reviewReasons, Reason{code, GroupData})
	})
}

// QueueItem is a line that waits for review.
type QueueItem struct {
	Line        Line
	CompanyName string
	Again       bool // has been in the queue before; Line.Changed says what is new
	Own         bool // the reviewer ordered it or is to have the card: somebody else decides
	Since       time.Time
}

// QueuePage is a part of the queue.
type QueuePage struct {
	Items  []QueueItem
	Next   string // cursor, "" at the end
	Total  int    // Many and more are Many
	Oldest time.Time
}

// Many is where counts stop: there are more than 1,000.
const Many = 1001

// Queue lists the lines that wait for review, oldest first.
func (s *Service) Queue(ctx context.Context, by actor.Actor, after string, limit int) (QueuePage, error) {
	if !by.Is(actor.Reviewer, actor.Officer) {
		return QueuePage{}, errForbidden
	}
	limit = pageSize(limit)
	at, id := readCursor(after)
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (QueuePage, error) {
		lines, err := linesTx(tx, queueWhere, at, id, limit+1)
		if err != nil {
			return QueuePage{}, err
		}
		var p QueuePage
		if len(lines) > limit {
			lines = lines[:limit]
			p.Next = cursor(lines[limit-1].QueuedAt, lines[limit-1].ID)
		}
		own, err := s.ownTx(ctx, tx, by)
		if err != nil {
			return QueuePage{}, err
		}
		names, err := companyNamesTx(ctx, tx, lines)
		if err != nil {
			return QueuePage{}, err
		}
		for _, l := range lines {
			p.Items = append(p.Items, QueueItem{Line: l, CompanyName: names[l.Company], Again: l.Again(), Own: own(l), Since: l.QueuedAt})
		}
		if p.Total, err = db.Value[int](tx, queueCount, Many); err != nil {
			return QueuePage{}, err
		}
		p.Oldest, err = db.Value[time.Time](tx, "SELECT MIN(queued_at) FROM order_line WHERE state = 'ordered'")
		return p, err
	})
}

const (
	queueWhere = "WHERE l.state = 'ordered' AND (l.queued_at, l.id) > ($1, $2) ORDER BY l.queued_at, l.id LIMIT $3"
	queueCount = "SELECT COUNT(*) FROM (SELECT 1 FROM order_line WHERE state = 'ordered' LIMIT $1) q"
)

func companyNamesTx(ctx context.Context, tx *db.Tx, lines []Line) (map[uuid.UUID]string, error) {
	names := map[uuid.UUID]string{}
	for _, l := range lines {
		if _, ok := names[l.Company]; ok {
			continue
		}
		c, err := company.ByIDTx(ctx, tx, l.Company)
		if err != nil {
			return nil, err
		}
		names[l.Company] = c.Name
	}
	return names, nil
}

// Case is everything that a reviewer sees of one line.
type Case struct {
	Line      Line
	Order     Order
	Company   company.Company
	Again     bool
	Own       bool // the reviewer ordered it or is to have the card: somebody else decides
	Same      []SamePicture
	Undo      bool // this reviewer can take the decision back now
	UndoUntil time.Time
	Events    []journal.Record
	Next      ID // the line in the queue after this one, Nil at the end
}

// SamePicture is another person's line with the same photo. It is told to reviewers only.
type SamePicture struct {
	Line        ID
	Name        string
	CompanyName string
	State       State
	Exact       bool // the same file, not only the same look
}

// Case loads a line for review.
func (s *Service) Case(ctx context.Context, by actor.Actor, id ID) (Case, error) {
	if !by.Is(actor.Reviewer, actor.Officer) {
		return Case{}, errForbidden
	}
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Case, error) {
		l, err := seeLineTx(tx, by, id)
		if err != nil {
			return Case{}, err
		}
		c := Case{Line: l, Again: l.Again(), Undo: mayUndo(by, l, tx.Now) == nil}
		own, err := s.ownTx(ctx, tx, by)
		if err != nil {
			return Case{}, err
		}
		c.Own = own(l)
		if l.Review != nil {
			c.UndoUntil = l.Review.UndoUntil
		}
		if c.Order, err = orderTx(tx, l.Order); err != nil {
			return Case{}, err
		}
		if c.Company, err = company.ByIDTx(ctx, tx, l.Company); err != nil {
			return Case{}, err
		}
		if c.Same, err = samePicturesTx(ctx, tx, l); err != nil {
			return Case{}, err
		}
		if c.Events, err = journal.Of(ctx, tx, journal.OfLine(l.ID)); err != nil {
			return Case{}, err
		}
		c.Next, err = nextInQueueTx(tx, l)
		return c, err
	})
}

// nextInQueueTx is the line that came after l, or else the oldest other one.
func nextInQueueTx(tx *db.Tx, l Line) (ID, error) {
	const query = "SELECT id FROM order_line WHERE state = 'ordered' AND id <> $3 AND (queued_at, id) > ($1, $2) ORDER BY queued_at, id LIMIT 1"
	for _, from := range []struct {
		at time.Time
		id ID
	}{{l.QueuedAt, l.ID}, {time.UnixMicro(1), uuid.Nil}} {
		id, err := db.Value[uuid.UUID](tx, query, from.at, cursorID(from.id), l.ID)
		if !errors.Is(err, db.ErrNoRows) {
			return id, err
		}
	}
	return uuid.Nil, nil
}

func samePicturesTx(ctx context.Context, tx *db.Tx, l Line) ([]SamePicture, error) {
	if l.originalSHA256 == "" {
		return nil, nil
	}
	found := map[ID]Line{}
	for _, q := range []struct {
		column string
		value  any
	}{{"original_sha256", l.originalSHA256}, {"original_hash", int64(l.originalHash)}, {"photo_hash", int64(l.photoHash)}} {
		lines, err := linesTx(tx, "WHERE l."+q.column+" = $1 AND l.original_sha256 <> '' AND l.state NOT IN ('draft', 'cancelled') AND l.personal_number_hash <> $2 LIMIT 10",
			q.value, l.Claimed.NumberHash)
		if err != nil {
			return nil, err
		}
		for _, o := range lines {
			found[o.ID] = o
		}
	}
	var out []SamePicture
	for _, o := range found {
		c, err := company.ByIDTx(ctx, tx, o.Company)
		if err != nil {
			return nil, err
		}
		out = append(out, SamePicture{Line: o.ID, Name: o.Name(), CompanyName: c.Name, State: o.State, Exact: o.originalSHA256 == l.originalSHA256})
	}
	slices.SortFunc(out, func(a, b SamePicture) int { return strings.Compare(b.Line.String(), a.Line.String()) })
	return out, nil
}

// Pass says that photo and data are right. The mail to the cardholder waits for UndoFor. Errors:
// order.own_line, order.already_decided (args by, outcome), order.changed_in_review, order.not_in_review.
func (s *Service) Pass(ctx context.Context, by actor.Actor, id ID, revision int64) (Line, error) {
	return s.decide(ctx, by, id, revision, func(ctx context.Context, tx *db.Tx, l Line) (Line, error) {
		var changed []string
		l, err := s.moveTx(ctx, tx, by, l, Pass, journal.Entry{}, func(l *Line) {
			l.Review = &Review{At: tx.Now, By: by.Account, ByName: by.Name, Outcome: Passed, UndoUntil: tx.Now.Add(UndoFor)}
			l.reviewRevision = l.Revision + 1
			l.ReturnReason = ""
			changed = l.told(tx)
		})
		if err != nil {
			return Line{}, err
		}
		return l, s.askTx(ctx, tx, l, changed, UndoFor, undoKey(l))
	})
}

// Reject says what is wrong, to the orderer. reasons are codes of ReviewReasons; text may be empty unless a reason is
// "other". Errors: order.reasons_missing, order.reason_unknown (field reasons), order.text_missing, order.text_too_long
// (field text), and those of Pass.
func (s *Service) Reject(ctx context.Context, by actor.Actor, id ID, revision int64, reasons []string, text string) (Line, error) {
	text = strings.TrimSpace(text)
	if err := checkReasons(reasons, text); err != nil {
		return Line{}, err
	}
	return s.decide(ctx, by, id, revision, func(ctx context.Context, tx *db.Tx, l Line) (Line, error) {
		e := journal.Entry{Reason: text, Data: map[string]string{"reasons": strings.Join(reasons, ",")}}
		l, err := s.moveTx(ctx, tx, by, l, Reject, e, func(l *Line) {
			l.Review = &Review{At: tx.Now, By: by.Account, ByName: by.Name, Outcome: Rejected, Reasons: slices.Clone(reasons), Text: text, UndoUntil: tx.Now.Add(UndoFor)}
			l.reviewRevision = l.Revision + 1
		})
		if err != nil {
			return Line{}, err
		}
		return l, s.rejectedMailTx(ctx, tx, l, reasons, text)
	})
}

func (s *Service) rejectedMailTx(ctx context.Context, tx *db.Tx, l Line, reasons []string, text string) error {
	m := notify.Mail{Template: notify.OrderRejectedByReviewer, Delay: UndoFor, Key: undoKey(l)}
	return s.toOrdererTx(ctx, tx, l, m, func(t *i18n.Texts) map[string]string {
		data := map[string]string{notify.KeyName: l.Name()}
		inBoth(data, notify.KeyReason, t.Lang, func(t *i18n.Texts) string { return ReasonText(t, reasons, text) })
		return data
	})
}

// ReasonText says in words why a line was rejected and what to do: one sentence or two for each reason, then the
// reviewer's own words.
func ReasonText(t *i18n.Texts, reasons []string, text string) string {
	var parts []string
	for _, code := range reasons {
		if code != reasonOther {
			parts = append(parts, t.T("order.reason."+code)+".", t.T("order.reason."+code+".todo"))
		}
	}
	if text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func checkReasons(reasons []string, text string) error {
	var errs fault.Errors
	if len(reasons) == 0 {
		errs = append(errs, fault.New(fault.Invalid, "order.reasons_missing").On("reasons"))
	}
	for _, code := range reasons {
		if !slices.ContainsFunc(reviewReasons, func(r Reason) bool { return r.Code == code }) {
			errs = append(errs, fault.New(fault.Invalid, "order.reason_unknown").On("reasons"))
			break
		}
	}
	if text == "" && slices.Contains(reasons, reasonOther) {
		errs = append(errs, fault.New(fault.Invalid, "order.text_missing").On("text"))
	}
	if utf8.RuneCountInString(text) > maxText {
		errs = append(errs, fault.New(fault.Invalid, "order.text_too_long", "max", "1000").On("text"))
	}
	return errs.OrNil()
}

// decide runs a reviewer's decision. Where somebody was quicker, the error says who and what.
func (s *Service) decide(ctx context.Context, by actor.Actor, id ID, revision int64, fn func(context.Context, *db.Tx, Line) (Line, error)) (Line, error) {
	if !by.Is(actor.Reviewer) {
		return Line{}, errForbidden
	}
	decided, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, err := seeLineTx(tx, by, id)
		if err != nil {
			return Line{}, err
		}
		if err := overtaken(l, revision); err != nil {
			return Line{}, err
		}
		own, err := s.ownTx(ctx, tx, by)
		if err != nil {
			return Line{}, err
		}
		if own(l) {
			return Line{}, fault.New(fault.Forbidden, "order.own_line")
		}
		out, err := fn(ctx, tx, l)
		if errors.Is(err, errChanged) { // lost the race for the row: see who won
			now, again := lineTx(tx, id)
			if again != nil {
				return Line{}, again
			}
			if over := overtaken(now, revision); over != nil {
				err = over
			}
		}
		return out, err
	})
	failpoint.After(err, failpoint.OrderReviewed)
	return decided, err
}

// ownTx tells which lines are somebody's own: those that they ordered, and those for themselves, by proof or by the number
// that they have proven. Nobody decides about these.
func (s *Service) ownTx(ctx context.Context, tx *db.Tx, by actor.Actor) (func(Line) bool, error) {
	if by.Person == uuid.Nil {
		return func(l Line) bool { return l.OrderedBy == by.Account }, nil
	}
	h, err := s.behindTx(ctx, tx, by)
	return func(l Line) bool {
		return l.OrderedBy == by.Account || l.orderer == by.Person || l.Person == by.Person || l.Claimed.NumberHash == h.hash
	}, err
}

// overtaken says what happened to a line since the reviewer opened it.
func overtaken(l Line, revision int64) error {
	switch {
	case l.State == Ordered && l.Revision == revision:
		return nil
	case l.State == Ordered:
		return fault.New(fault.Conflict, "order.changed_in_review")
	case l.State == Cancelled:
		return refused(l.State, Pass)
	case l.Review != nil && l.reviewRevision > revision:
		return fault.New(fault.Conflict, "order.already_decided", "by", l.Review.ByName, "outcome", l.Review.Outcome)
	}
	return refused(l.State, Pass)
}

// Undo takes a decision back, by who made it, within UndoFor, as long as nobody has acted on it. Errors:
// order.undo_too_late, order.undo_not_yours.
func (s *Service) Undo(ctx context.Context, by actor.Actor, id ID) (Line, error) {
	if !by.Is(actor.Reviewer) {
		return Line{}, errForbidden
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, err := seeLineTx(tx, by, id)
		if err != nil {
			return Line{}, err
		}
		if err := mayUndo(by, l, tx.Now); err != nil {
			return Line{}, err
		}
		key, passed := undoKey(l), l.Review.Outcome == Passed
		e := journal.Entry{Data: map[string]string{"outcome": l.Review.Outcome}}
		l, err = s.moveTx(ctx, tx, by, l, Undo, e, func(l *Line) {
			l.Review, l.reviewRevision = nil, 0
			if passed {
				l.ToldAt, l.toldBeforeAt = l.toldBeforeAt, time.Time{}
			}
		})
		if err != nil {
			return Line{}, err
		}
		cancelled, err := notify.CancelTx(ctx, tx, key)
		if err != nil || cancelled {
			return l, err
		}
		if to, err := account.OrderersTx(tx, l.Company, l.OrderedBy); err != nil || !passed && len(to) == 0 {
			return l, err // nobody to write to
		}
		return Line{}, errTooLate
	})
}

var errTooLate = fault.New(fault.Conflict, "order.undo_too_late")

func mayUndo(by actor.Actor, l Line, now time.Time) error {
	switch {
	case l.Review == nil || l.Revision != l.reviewRevision || now.After(l.Review.UndoUntil):
		return errTooLate
	case l.Review.By != by.Account:
		return fault.New(fault.Forbidden, "order.undo_not_yours")
	}
	_, err := Next(l.State, Undo)
	return err
}

func undoKey(l Line) string { return "review:" + l.ID.String() + ":" + revisionText(l.reviewRevision) }
