package order

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/company"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/photo"
	"github.com/kortverk/kortverk/internal/spell"
)

// MaxLines is how many people one order takes.
const MaxLines = 50

const (
	numberPrefix = "B-"
	numberLength = 6
)

// newNumber is an order number that nobody has.
func newNumberTx(tx *db.Tx) (string, error) {
	for {
		n := numberPrefix + spell.Code(numberLength)
		taken, err := db.Value[int](tx, "SELECT COUNT(*) FROM card_order WHERE number = $1", n)
		if err != nil || taken == 0 {
			return n, err
		}
	}
}

// NewDraft begins an order with one empty line. The card goes to the company's own address unless somebody says otherwise.
func (s *Service) NewDraft(ctx context.Context, by actor.Actor) (Order, error) {
	if !by.Is(actor.Orderer) || by.Company == uuid.Nil {
		return Order{}, errForbidden
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Order, error) {
		c, err := company.ByIDTx(ctx, tx, by.Company)
		if err != nil {
			return Order{}, err
		}
		if c.Closed() {
			return Order{}, fault.New(fault.Conflict, "order.company_closed")
		}
		o := Order{
			ID: newID(), Company: c.ID, OrderedBy: by.Account, OrderedByPerson: by.Person, OrderedByName: by.Name,
			Delivery: c.Address, CreatedAt: tx.Now, ChangedAt: tx.Now, Revision: 1,
		}
		if o.Number, err = newNumberTx(tx); err != nil {
			return Order{}, err
		}
		if err := insertOrderTx(tx, o); err != nil {
			return Order{}, err
		}
		if err := s.addLineTx(tx, o, 1); err != nil {
			return Order{}, err
		}
		return s.draftTx(tx, by, o.ID)
	})
}

func (s *Service) addLineTx(tx *db.Tx, o Order, position int) error {
	until, _ := LongestValidity(cardtype.Standard, clock.DateOf(tx.Now))
	l := Line{
		ID: newID(), Order: o.ID, Company: o.Company, Position: position, State: Draft, Revision: 1,
		CardType: cardtype.Standard, ValidUntil: until, CreatedAt: tx.Now, StateAt: tx.Now,
	}
	l.Claimed.Lang = i18n.Swedish
	return insertLineTx(tx, l)
}

// draftTx loads a draft with what was typed.
func (s *Service) draftTx(tx *db.Tx, by actor.Actor, id ID) (Order, error) {
	o, err := ownOrderTx(tx, by, id)
	if err != nil {
		return Order{}, err
	}
	for i := range o.Lines {
		if err := s.openTyped(&o.Lines[i]); err != nil {
			return Order{}, err
		}
	}
	return o, nil
}

// Draft loads an order as its forms need it. An order that was sent is returned as it is.
func (s *Service) Draft(ctx context.Context, by actor.Actor, id ID) (Order, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Order, error) { return s.draftTx(tx, by, id) })
}

// DraftOfLine is Draft for the order that a line belongs to.
func (s *Service) DraftOfLine(ctx context.Context, by actor.Actor, line ID) (Order, error) {
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) (Order, error) {
		l, err := ownLineTx(tx, by, line)
		if err != nil {
			return Order{}, err
		}
		return s.draftTx(tx, by, l.Order)
	})
}

// Drafts lists the company's drafts, the last changed first.
func (s *Service) Drafts(ctx context.Context, by actor.Actor) ([]Order, error) {
	if !by.Is(actor.Orderer) {
		return nil, errForbidden
	}
	return db.Read(ctx, s.db, func(_ context.Context, tx *db.Tx) ([]Order, error) {
		orders, err := db.Rows(tx, scanOrder, "SELECT "+orderColumns+
			" FROM card_order WHERE company = $1 AND submitted_at IS NULL ORDER BY changed_at DESC LIMIT 100", by.Company)
		if err != nil {
			return nil, err
		}
		return orders, s.linesOfTx(tx, orders, true)
	})
}

// linesOfTx loads the lines of several orders at once.
func (s *Service) linesOfTx(tx *db.Tx, orders []Order, typed bool) error {
	if len(orders) == 0 {
		return nil
	}
	ids := make([]any, len(orders))
	at := map[ID]int{}
	for i, o := range orders {
		ids[i], at[o.ID] = o.ID, i
	}
	lines, err := linesTx(tx, "WHERE l.order_id IN ("+db.List(1, len(ids))+") ORDER BY l.order_id, l.position", ids...)
	for _, l := range lines {
		if typed {
			if err := s.openTyped(&l); err != nil {
				return err
			}
		}
		o := &orders[at[l.Order]]
		o.Lines = append(o.Lines, l)
	}
	return err
}

// edit changes one line of a draft. The last save wins: a person who goes back a page must not be told off. Touching
// the order makes others wait, so the line is read after it.
func (s *Service) edit(ctx context.Context, by actor.Actor, line ID, change func(ctx context.Context, tx *db.Tx, l *Line) error) (Order, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Order, error) {
		before, err := ownLineTx(tx, by, line)
		if err != nil {
			return Order{}, err
		}
		if err := touchTx(tx, before.Order); err != nil {
			return Order{}, err
		}
		if before, err = lineTx(tx, line); err != nil {
			return Order{}, err
		}
		after := before
		if err := change(ctx, tx, &after); err != nil {
			return Order{}, err
		}
		after.Revision++
		if _, err := saveTx(tx, before, after); err != nil {
			return Order{}, err
		}
		return s.draftTx(tx, by, before.Order)
	})
}

// AddLine adds another person to a draft, with the card of the line before as a start. Error: order.too_many_lines.
func (s *Service) AddLine(ctx context.Context, by actor.Actor, order ID) (Order, error) {
	return db.Write(ctx, s.db, func(_ context.Context, tx *db.Tx) (Order, error) {
		o, err := ownOrderTx(tx, by, order)
		if err != nil {
			return Order{}, err
		}
		if err := touchTx(tx, o.ID); err != nil {
			return Order{}, err
		}
		if o, err = wholeTx(tx, o.ID); err != nil { // as it is now that others wait
			return Order{}, err
		}
		if len(o.Lines) >= MaxLines {
			return Order{}, fault.New(fault.Invalid, "order.too_many_lines", "max", "50")
		}
		position := 1
		if n := len(o.Lines); n > 0 {
			position = o.Lines[n-1].Position + 1
		}
		if err := s.addLineTx(tx, o, position); err != nil {
			return Order{}, err
		}
		return s.draftTx(tx, by, o.ID)
	})
}

// RemoveLine takes a person out of a draft. An order without lines is discarded; the zero Order is returned then.
func (s *Service) RemoveLine(ctx context.Context, by actor.Actor, line ID) (Order, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Order, error) {
		l, err := ownLineTx(tx, by, line)
		if err != nil {
			return Order{}, err
		}
		if err := touchTx(tx, l.Order); err != nil {
			return Order{}, err
		}
		if l, err = lineTx(tx, line); err != nil { // with the pictures that it has now that others wait
			return Order{}, err
		}
		if err := s.deleteLinesTx(ctx, tx, []Line{l}); err != nil {
			return Order{}, err
		}
		o, err := s.draftTx(tx, by, l.Order)
		if err != nil || len(o.Lines) > 0 {
			return o, err
		}
		return Order{}, s.deleteDraftTx(ctx, tx, o.ID)
	})
}

// Discard removes a draft with everything in it.
func (s *Service) Discard(ctx context.Context, by actor.Actor, order ID) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		o, err := ownOrderTx(tx, by, order)
		if err != nil {
			return err
		}
		if err := touchTx(tx, o.ID); err != nil {
			return err
		}
		return s.deleteDraftTx(ctx, tx, o.ID)
	})
}

func (s *Service) deleteDraftTx(ctx context.Context, tx *db.Tx, id ID) error {
	o, err := wholeTx(tx, id)
	if err != nil {
		return err
	}
	if err := s.deleteLinesTx(ctx, tx, o.Lines); err != nil {
		return err
	}
	return tx.Must1(errChanged, "DELETE FROM card_order WHERE id = $1 AND submitted_at IS NULL", id)
}

func (s *Service) deleteLinesTx(ctx context.Context, tx *db.Tx, lines []Line) error {
	for _, l := range lines {
		if err := tx.Must1(errChanged, "DELETE FROM order_line WHERE id = $1 AND state = 'draft'", l.ID); err != nil {
			return err
		}
		if err := s.dropPhotosTx(ctx, tx, l.Photo, l.OriginalPhoto, l.PreviousPhoto); err != nil {
			return err
		}
	}
	return nil
}

// SetPerson saves who the card is for, whatever is right or wrong about it, and says what is wrong. Errors are field
// errors named like the json names of Who; the order is returned with them.
func (s *Service) SetPerson(ctx context.Context, by actor.Actor, line ID, w Who) (Order, error) {
	var errs fault.Errors
	o, err := s.edit(ctx, by, line, func(ctx context.Context, tx *db.Tx, l *Line) error {
		c := s.check(w, clock.DateOf(tx.Now))
		s.checkEmailTx(ctx, tx, by, *l, &c)
		errs = c.errs
		sealed, err := s.sealNumber(l.ID, c.number)
		if err != nil {
			return err
		}
		l.setClaimed(c, sealed)
		return s.sealTyped(l, w)
	})
	if err != nil {
		return Order{}, err
	}
	return o, errs.OrNil()
}

// checkEmailTx refuses an address that is somebody else's: the link in the mail is the cardholder's own. Only the
// orderer's address and those of the same company's orders are looked at.
func (s *Service) checkEmailTx(ctx context.Context, tx *db.Tx, by actor.Actor, l Line, c *checked) {
	if c.claimed.Email == "" || c.number == "" {
		return
	}
	h, err := s.behindTx(ctx, tx, by)
	invited, err2 := account.OrderersTx(tx, l.Company, by.Account)
	orderers := slices.ContainsFunc(invited, func(r account.Recipient) bool { return strings.EqualFold(r.Email, c.claimed.Email) })
	if err == nil && err2 == nil && h.hash != c.claimed.NumberHash && (orderers || strings.EqualFold(h.Email, c.claimed.Email)) {
		c.errs = append(c.errs, fault.New(fault.Invalid, "order.email_is_orderers").On("email"))
		return
	}
	names, err := db.Rows(tx, db.Column[string], `SELECT given_name || ' ' || surname FROM order_line WHERE company = $1 AND email = $2 AND id <> $3
		AND personal_number_hash <> $4 AND personal_number_hash <> '' AND state NOT IN ('draft', 'cancelled') LIMIT 1`,
		l.Company, c.claimed.Email, l.ID, c.claimed.NumberHash)
	if err == nil && len(names) > 0 {
		c.errs = append(c.errs, fault.New(fault.Invalid, "order.email_used", "name", names[0]).On("email"))
	}
}

// behindTx is the person behind an orderer or a reviewer.
func (s *Service) behindTx(ctx context.Context, tx *db.Tx, by actor.Actor) (holder, error) {
	if by.Person == uuid.Nil {
		return holder{}, errUnknown
	}
	by.Role = actor.Cardholder
	return s.holderTx(ctx, tx, by)
}

// CardChoice is which card and for how long, as typed.
type CardChoice struct {
	Type       string
	ValidUntil string // YYYY-MM-DD; "" = the longest
	Replaces   string // number of the live card that the new one is to replace
}

// SetCard saves the card's type and last day. Errors: order.card_type_unknown (field card_type), order.valid_until_past,
// order.valid_until_late (field valid_until; arg until). What was wrong is not saved.
func (s *Service) SetCard(ctx context.Context, by actor.Actor, line ID, choice CardChoice) (Order, error) {
	var errs fault.Errors
	o, err := s.edit(ctx, by, line, func(_ context.Context, tx *db.Tx, l *Line) error {
		errs = nil
		if _, ok := cardtype.ByCode(choice.Type); !ok {
			errs = append(errs, fault.New(fault.Invalid, "order.card_type_unknown").On("card_type"))
			return nil
		}
		if choice.Type != l.CardType && strings.TrimSpace(choice.ValidUntil) == l.ValidUntil.String() {
			choice.ValidUntil = "" // nobody chose this day: it was filled in for another type
		}
		l.CardType, l.Replaces = choice.Type, strings.TrimSpace(choice.Replaces)
		until, err := validUntil(choice.ValidUntil, choice.Type, clock.DateOf(tx.Now))
		if err != nil {
			errs = fault.All(err)
			return nil
		}
		l.ValidUntil = until
		return nil
	})
	if err != nil {
		return Order{}, err
	}
	return o, errs.OrNil()
}

func validUntil(typed, cardType string, today clock.Date) (clock.Date, error) {
	longest, _ := LongestValidity(cardType, today)
	if typed = strings.TrimSpace(typed); typed == "" {
		return longest, nil
	}
	d, err := clock.ParseDate(typed)
	if e, ok := fault.As(err); ok {
		return clock.Date{}, e.On("valid_until")
	}
	return d, checkValidUntil(d, longest, today)
}

func checkValidUntil(d, longest, today clock.Date) error {
	switch {
	case !d.After(today):
		return fault.New(fault.Invalid, "order.valid_until_past").On("valid_until")
	case d.After(longest):
		return fault.New(fault.Invalid, "order.valid_until_late", "until", longest.String()).On("valid_until")
	}
	return nil
}

// SetPhoto puts a photo on a line of a draft, cut in the middle.
func (s *Service) SetPhoto(ctx context.Context, by actor.Actor, line ID, p photo.Picture) (Order, error) {
	cut, err := s.Cut(ctx, p.JPEG, photo.Crop{})
	if err != nil {
		return Order{}, err
	}
	return s.edit(ctx, by, line, func(ctx context.Context, tx *db.Tx, l *Line) error {
		if err := s.dropPhotosTx(ctx, tx, l.Photo, l.OriginalPhoto); err != nil {
			return err
		}
		ids, err := s.putPhotosTx(ctx, tx, p, cut)
		l.setPhoto(tx, ids, p, cut, photo.Crop{})
		return err
	})
}

// CropPhoto cuts the photo of a draft's line anew, from the original. Error: order.photo_missing.
func (s *Service) CropPhoto(ctx context.Context, by actor.Actor, line ID, crop photo.Crop) (Order, error) {
	l, err := s.Line(ctx, by, line)
	if err != nil {
		return Order{}, err
	}
	missing := fault.New(fault.Invalid, "order.photo_missing").On("photo")
	if l.OriginalPhoto == uuid.Nil {
		return Order{}, missing
	}
	original, err := s.Blobs.Get(ctx, l.OriginalPhoto)
	if err != nil {
		return Order{}, missing.Because(err)
	}
	width, height, err := sizeOf(original.Data)
	if err != nil {
		return Order{}, missing.Because(err)
	}
	crop = crop.Within(width, height)
	cut, err := s.Cut(ctx, original.Data, crop)
	if err != nil {
		return Order{}, err
	}
	return s.edit(ctx, by, line, func(ctx context.Context, tx *db.Tx, now *Line) error {
		if now.OriginalPhoto != l.OriginalPhoto {
			return errChanged
		}
		if err := s.dropPhotosTx(ctx, tx, now.Photo); err != nil {
			return err
		}
		id, err := s.Blobs.PutTx(ctx, tx, jpeg, cut.JPEG)
		now.setCut(tx, id, cut, crop)
		return err
	})
}
