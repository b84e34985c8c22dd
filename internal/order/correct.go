package order

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/photo"
)

// Correct changes the data of a line that was sent: the same line, a new revision. An empty or masked personal number
// is the one that the line has. A line that the cardholder declined goes back to them, also when nothing was changed.
// Errors: those of SetPerson, order.locked, order.changed, order.duplicate_line, order.duplicate_card.
func (s *Service) Correct(ctx context.Context, by actor.Actor, id ID, revision int64, w Who) (Line, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, err := sentLineTx(tx, by, id, revision)
		if err != nil {
			return Line{}, err
		}
		if _, err := Next(l.State, Correct); err != nil {
			return Line{}, err
		}
		if n := strings.TrimSpace(w.PersonalNumber); n == "" || n == l.Claimed.Masked {
			number, err := s.number(l)
			if err != nil {
				return Line{}, err
			}
			w.PersonalNumber = string(number)
		}
		c := s.check(w, clock.DateOf(tx.Now))
		s.checkEmailTx(ctx, tx, by, l, &c)
		if err := c.errs.OrNil(); err != nil {
			return Line{}, err
		}
		changed := changedFields(l, c)
		if len(changed) == 0 && l.State != RejectedByCardholder {
			return l, nil
		}
		if err := s.duplicateTx(ctx, tx, l, c.claimed.NumberHash); err != nil {
			return Line{}, err
		}
		return s.correctTx(ctx, tx, by, l, c, changed)
	})
}

func (s *Service) correctTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Line, c checked, changed []string) (Line, error) {
	before, on := l, Correct
	sealed, err := s.sealNumber(l.ID, c.number)
	if err != nil {
		return Line{}, err
	}
	if l.State == RejectedByReviewer && l.Review != nil && (onlyData(l.Review.Reasons) || l.Review.Outcome == Passed) {
		on = Resubmit
	}
	var untold []string
	e := journal.Entry{Data: map[string]string{"fields": strings.Join(changed, ",")}}
	l, err = s.moveTx(ctx, tx, by, l, on, e, func(l *Line) {
		l.setClaimed(c, sealed)
		l.noteChanged(tx, changed)
		l.unsign()
		if before.Claimed.NumberHash != l.Claimed.NumberHash {
			l.unjoin()
		}
		l.rematch()
		if before.State == RejectedByCardholder {
			l.ReturnReason = ""
		}
		if to, _ := Next(before.State, on); to == AwaitingCardholder {
			untold = l.told(tx)
		}
	})
	if err != nil {
		return Line{}, err
	}
	if err := wordsTx(tx, l); err != nil || l.State != AwaitingCardholder {
		return l, err
	}
	return l, s.askTx(ctx, tx, l, untold, 0, changeKey(l.ID))
}

// noteChanged remembers what is new for the reviewer and for the cardholder.
func (l *Line) noteChanged(tx *db.Tx, codes []string) {
	if len(codes) == 0 {
		return
	}
	if l.Review != nil && !l.changedAt.After(l.Review.At) {
		l.Changed = nil
	}
	if !l.changedAt.After(l.ToldAt) && !tx.Now.Before(l.ToldAt.Add(ChangePause)) { // until then the mail may still wait, and is replaced
		l.untold = nil
	}
	l.Changed, l.untold = union(l.Changed, codes), union(l.untold, codes)
	l.changedAt = tx.Now
}

func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// unsign makes an earlier signature and the reason against it void.
func (l *Line) unsign() {
	l.Evidence, l.SignedAt, l.SignedCompany, l.SignedCompanyNumber, l.RejectReason = uuid.Nil, zero, "", "", ""
}

// unjoin forgets the person: the number that was proven is no longer the line's.
func (l *Line) unjoin() {
	l.Person, l.Proven, l.Match, l.NationalityProven = uuid.Nil, nil, "", false
}

// rematch compares claimed and proven names again.
func (l *Line) rematch() {
	if l.Proven == nil {
		return
	}
	l.Match = person.Match(l.Claimed.name(), l.Proven.name()).String()
	l.NationalityProven = l.Claimed.Nationality == person.Sweden
}

func (c Claimed) name() person.Name { return person.Name{Given: c.GivenName, Surname: c.Surname} }
func (p Proven) name() person.Name  { return person.Name{Given: p.GivenName, Surname: p.Surname} }

// changedFields are the codes of what differs.
func changedFields(l Line, c checked) []string {
	a, b := l.Claimed, c.claimed
	var out []string
	for _, f := range []struct {
		code   string
		differ bool
	}{
		{"given_name", a.GivenName != b.GivenName || l.ShortGiven != c.shortGiven},
		{"surname", a.Surname != b.Surname || l.ShortSurname != c.shortSurname},
		{"nationality", a.Nationality != b.Nationality},
		{"personal_number", a.NumberHash != b.NumberHash},
		{"email", a.Email != b.Email},
		{"phone", a.Phone != b.Phone},
		{"lang", a.Lang != b.Lang},
	} {
		if f.differ {
			out = append(out, f.code)
		}
	}
	return out
}

// ReplacePhoto puts another photo on a line that was sent. It goes back to the reviewer, with the one before beside it,
// and what the cardholder has signed is void.
func (s *Service) ReplacePhoto(ctx context.Context, by actor.Actor, id ID, revision int64, p photo.Picture, crop photo.Crop) (Line, error) {
	cut, err := s.Cut(ctx, p.JPEG, crop)
	if err != nil {
		return Line{}, err
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, err := sentLineTx(tx, by, id, revision)
		if err != nil {
			return Line{}, err
		}
		if _, err := Next(l.State, ReplacePhoto); err != nil {
			return Line{}, err
		}
		ids, err := s.putPhotosTx(ctx, tx, p, cut)
		if err != nil {
			return Line{}, err
		}
		old := []uuid.UUID{l.PreviousPhoto, l.OriginalPhoto}
		e := journal.Entry{Data: map[string]string{"fields": "photo", "sha256": cut.SHA256}}
		l, err = s.moveTx(ctx, tx, by, l, ReplacePhoto, e, func(l *Line) {
			l.PreviousPhoto = l.Photo
			l.setPhoto(tx, ids, p, cut, crop)
			l.noteChanged(tx, []string{"photo"})
			l.unsign()
			l.ReturnReason = ""
		})
		if err != nil {
			return Line{}, err
		}
		return l, s.dropPhotosTx(ctx, tx, old...)
	})
}

// TakeOverName makes the proven name the line's, by its cardholder or by an orderer. The other one is told. A name that
// the proof gave in capitals is recased. Errors: order.nothing_to_take_over, order.not_yours, order.locked, order.changed.
func (s *Service) TakeOverName(ctx context.Context, by actor.Actor, id ID, revision int64) (Line, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, err := s.partyLineTx(ctx, tx, by, id)
		if err != nil {
			return Line{}, err
		}
		if err := atRevision(l, revision); err != nil {
			return Line{}, err
		}
		if _, err := Next(l.State, TakeOverName); err != nil {
			return Line{}, err
		}
		if !l.MayTakeOverName() {
			return Line{}, fault.New(fault.Conflict, "order.nothing_to_take_over")
		}
		return s.takeOverTx(ctx, tx, by, l)
	})
}

// MayTakeOverName reports whether the proof has another spelling than the line.
func (l Line) MayTakeOverName() bool {
	if l.Proven == nil {
		return false
	}
	_, err := Next(l.State, TakeOverName)
	return err == nil && l.Proven.name().Recased() != l.Claimed.name()
}

func (s *Service) takeOverTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Line) (Line, error) {
	before := l.Name()
	name := l.Proven.name().Recased()
	w := l.asTyped()
	w.GivenName, w.Surname = name.Given, name.Surname
	c := checked{claimed: l.Claimed}
	c.claimed.GivenName, c.claimed.Surname = name.Given, name.Surname
	c.checkPrint(w)
	if len(c.errs) > 0 { // the orderer's form for correcting asks for the short form
		return Line{}, fault.New(fault.Conflict, "order.take_over_needs_short")
	}
	var untold []string
	l, err := s.moveTx(ctx, tx, by, l, TakeOverName, journal.Entry{Data: map[string]string{"before": before, "after": name.String()}}, func(l *Line) {
		changed := changedFields(*l, c)
		if l.State == RejectedByCardholder {
			l.ReturnReason = ""
		}
		l.Claimed.GivenName, l.Claimed.Surname, l.ShortGiven, l.ShortSurname = name.Given, name.Surname, c.shortGiven, c.shortSurname
		l.unsign()
		l.rematch()
		l.noteChanged(tx, changed)
		if by.Is(actor.Orderer) && (l.State == AwaitingCardholder || l.State == RejectedByCardholder) {
			untold = l.told(tx)
		}
	})
	if err != nil {
		return Line{}, err
	}
	if err := wordsTx(tx, l); err != nil {
		return Line{}, err
	}
	if by.Is(actor.Orderer) {
		if l.State != AwaitingCardholder {
			return l, nil // told when it is their turn
		}
		return l, s.askTx(ctx, tx, l, untold, 0, changeKey(l.ID))
	}
	return l, s.toOrdererTx(ctx, tx, l, notify.Mail{Template: notify.OrderNameTakenOver}, func(*i18n.Texts) map[string]string {
		return map[string]string{notify.KeyName: l.Name(), notify.KeyBefore: before}
	})
}

// Cancel ends a line before it is approved. Errors: order.locked, order.cancelled, order.changed.
func (s *Service) Cancel(ctx context.Context, by actor.Actor, id ID, revision int64) (Line, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Line, error) {
		l, err := sentLineTx(tx, by, id, revision)
		if err != nil {
			return Line{}, err
		}
		return s.moveTx(ctx, tx, by, l, Cancel, journal.Entry{}, func(l *Line) { l.CancelReason = CancelledByOrderer })
	})
}

// Remind sends the cardholder the mail about the approval again, at most once in RemindPause. Errors:
// order.not_awaiting_cardholder, order.reminded_recently.
func (s *Service) Remind(ctx context.Context, by actor.Actor, id ID) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		if _, err := ownLineTx(tx, by, id); err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE order_line SET told_at = $2, writes = writes + 1 WHERE id = $1 AND state = 'awaiting_cardholder' AND (told_at IS NULL OR told_at < $3)",
			id, tx.Now, tx.Now.Add(-RemindPause))
		if err != nil {
			return err
		}
		l, err := lineTx(tx, id) // as it is now that others wait: the mail says what they wrote
		switch {
		case err != nil:
			return err
		case l.State != AwaitingCardholder:
			return refused(l.State, Confirm)
		case n == 0:
			return fault.New(fault.TooMany, "order.reminded_recently")
		}
		if err := s.remindMailTx(ctx, tx, l); err != nil {
			return err
		}
		return s.recordTx(ctx, tx, by, l, "order.reminded", journal.Entry{})
	})
}
