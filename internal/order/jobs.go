package order

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/job"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
)

// Register takes the periodic work into the runner: what is due about waiting lines, and old drafts.
func (s *Service) Register(r *job.Runner) {
	job.Every(r, "order.due", 15*time.Minute, s.Due)
	job.Every(r, "order.old_drafts", 24*time.Hour, s.PurgeDrafts)
	job.Every(r, "order.old_links", 24*time.Hour, s.PurgeLinks)
}

const (
	dueWhere   = "SELECT id FROM order_line WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at, id LIMIT $2"
	draftWhere = "SELECT id FROM card_order WHERE submitted_at IS NULL AND changed_at < $1 LIMIT $2"
	dueAtOnce  = 100
)

// Due does what is due about waiting lines: reminders, the notice that a line will lapse, and the lapse. Each line is a
// transaction of its own, so that a bad one doesn't hold up the others. After a long stop a line gets one reminder, not
// all that were missed, and is never cancelled without its notice.
func (s *Service) Due(ctx context.Context) error {
	var failed error
	done := map[ID]bool{}
	for {
		ids, err := db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]ID, error) {
			return db.Rows(tx, db.Column[uuid.UUID], dueWhere, tx.Now, dueAtOnce+len(done))
		})
		if err != nil {
			return errors.Join(failed, err)
		}
		fresh := 0
		for _, id := range ids {
			if done[id] {
				continue
			}
			fresh, done[id] = fresh+1, true
			failed = errors.Join(failed, s.dueLine(ctx, id))
		}
		if fresh == 0 || ctx.Err() != nil {
			return failed
		}
	}
}

var jobActor = actor.System("order")

func (s *Service) dueLine(ctx context.Context, id ID) error {
	err := db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		l, err := lineTx(tx, id)
		if err != nil {
			return err
		}
		switch {
		case l.dueAt.IsZero() || l.dueAt.After(tx.Now): // somebody was quicker
			return nil
		case !l.lapseToldAt.IsZero() && !tx.Now.Before(l.lapseAt()):
			return s.lapseTx(ctx, tx, l)
		case l.lapseToldAt.IsZero() && !tx.Now.Before(l.WaitsSince.Add(LapseAfter-LapseNotice)):
			return s.noticeTx(ctx, tx, l)
		}
		return s.remindTx(ctx, tx, l)
	})
	if errors.Is(err, errChanged) { // somebody was quicker, if only by a moment: what is due then, the next look finds
		return nil
	}
	return err
}

// setDueTx saves what the periodic job remembers; the revision stays, since nothing changes that people decide about. What was
// due is the guard against another node that does the same.
func setDueTx(tx *db.Tx, l Line) error {
	return tx.Must1(errChanged, "UPDATE order_line SET reminded = $3, lapse_told_at = $4, due_at = $5, writes = writes + 1 WHERE id = $1 AND revision = $2 AND due_at = $6",
		l.ID, l.Revision, l.reminded, l.lapseToldAt, l.nextDue(), l.dueAt)
}

func (s *Service) remindTx(ctx context.Context, tx *db.Tx, l Line) error {
	for l.reminded < len(remindAfter) && !tx.Now.Before(l.AwaitingSince.Add(remindAfter[l.reminded])) {
		l.reminded++
	}
	if err := setDueTx(tx, l); err != nil {
		return err
	}
	if l.State != AwaitingCardholder {
		return nil
	}
	if err := s.remindMailTx(ctx, tx, l); err != nil {
		return err
	}
	return s.recordTx(ctx, tx, jobActor, l, "order.reminded", journal.Entry{})
}

func (s *Service) remindMailTx(ctx context.Context, tx *db.Tx, l Line) error {
	path, err := s.linkTx(tx, l.ID)
	if err != nil {
		return err
	}
	c, err := company.ByIDTx(ctx, tx, l.Company)
	if err != nil {
		return err
	}
	return s.toCardholderTx(ctx, tx, l, notify.Mail{Template: notify.OrderReminder}, map[string]string{
		notify.KeyPath: path, notify.KeyCompany: c.Name, notify.KeyName: l.Name(), notify.KeyOrder: l.OrderNumber, notify.KeyLapsesOn: l.LapsesOn().String(),
	})
}

func (s *Service) noticeTx(ctx context.Context, tx *db.Tx, l Line) error {
	l.lapseToldAt = tx.Now
	if err := setDueTx(tx, l); err != nil {
		return err
	}
	c, err := company.ByIDTx(ctx, tx, l.Company)
	if err != nil {
		return err
	}
	data := func(*i18n.Texts) map[string]string {
		return map[string]string{notify.KeyName: l.Name(), notify.KeyCompany: c.Name, notify.KeyLapsesOn: l.LapsesOn().String()}
	}
	if err := s.toOrdererTx(ctx, tx, l, notify.Mail{Template: notify.OrderLapsing, Audience: notify.Orderer}, data); err != nil {
		return err
	}
	if l.State == AwaitingCardholder {
		path, err := s.linkTx(tx, l.ID)
		if err != nil {
			return err
		}
		d := data(nil)
		d[notify.KeyPath], d[notify.KeyOrder] = path, l.OrderNumber
		if err := s.toCardholderTx(ctx, tx, l, notify.Mail{Template: notify.OrderLapsing, Audience: notify.Cardholder}, d); err != nil {
			return err
		}
	}
	return s.recordTx(ctx, tx, jobActor, l, "order.lapse_noticed", journal.Entry{Data: map[string]string{"lapses_on": l.LapsesOn().String()}})
}

func (s *Service) lapseTx(ctx context.Context, tx *db.Tx, l Line) error {
	l, err := s.moveTx(ctx, tx, jobActor, l, Lapse, journal.Entry{}, func(l *Line) { l.CancelReason = CancelledByLapse })
	if err != nil {
		return err
	}
	c, err := company.ByIDTx(ctx, tx, l.Company)
	if err != nil {
		return err
	}
	m := notify.Mail{Template: notify.OrderLapsed, Audience: notify.Orderer}
	if err := s.toOrdererTx(ctx, tx, l, m, func(*i18n.Texts) map[string]string {
		return map[string]string{notify.KeyName: l.Name(), notify.KeyCompany: c.Name}
	}); err != nil || l.ToldAt.IsZero() {
		return err
	}
	m.Audience = notify.Cardholder
	return s.toCardholderTx(ctx, tx, l, m, map[string]string{notify.KeyName: l.Name(), notify.KeyCompany: c.Name, notify.KeyOrder: l.OrderNumber})
}

// PurgeDrafts removes drafts that nobody has touched for DraftFor, with their pictures.
func (s *Service) PurgeDrafts(ctx context.Context) error {
	for {
		n, err := db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (int, error) {
			ids, err := db.Rows(tx, db.Column[uuid.UUID], draftWhere, tx.Now.Add(-DraftFor), 20)
			for _, id := range ids {
				if err == nil {
					err = s.deleteDraftTx(ctx, tx, id)
				}
			}
			return len(ids), err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// PurgeLinks removes links that lead nowhere any more.
func (s *Service) PurgeLinks(ctx context.Context) error {
	return db.Do(ctx, s.db, func(_ context.Context, tx *db.Tx) error {
		_, err := tx.Exec("DELETE FROM order_link WHERE line IN (SELECT id FROM order_line WHERE state IN ('produced', 'cancelled'))")
		return err
	})
}
