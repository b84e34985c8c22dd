package company

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/country"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/seal"
)

const sealPurpose = "company.number"

// Service has the use cases.
type Service struct {
	db        *db.DB
	keep      *seal.Keeper
	mu        sync.Mutex
	listeners []func(Company)
}

// New makes a Service.
func New(d *db.DB, k *seal.Keeper) *Service { return &Service{db: d, keep: k} }

// OnChange has fn called after each committed change of a company on this node, before the use case returns. Calls may come
// out of order: compare the revision.
func (s *Service) OnChange(fn func(Company)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = append(s.listeners, fn)
}

func (s *Service) tell(tx *db.Tx, c Company) {
	tx.AfterCommit(func() {
		s.mu.Lock()
		listeners := slices.Clone(s.listeners)
		s.mu.Unlock()
		for _, fn := range listeners {
			fn(c)
		}
	})
}

// Details is what an officer enters about a company.
type Details struct {
	Name               string
	OrganisationNumber string // as typed
	Country            string // two letters; "" is Sweden
	ReferenceRequired  bool
	Address            Address // where cards go; the zero Address leaves it out
}

// clean gives the details in their stored form.
func (n Details) clean() (Details, OrganisationNumber, error) {
	var errs fault.Errors
	add := func(field string, err error) {
		for _, e := range fault.All(err) {
			if field == "" { // of the address, whose errors have fields of their own
				e = e.On("address_" + e.Field)
			} else {
				e = e.On(field)
			}
			errs = append(errs, e)
		}
	}
	var err error
	if n.Country == "" {
		n.Country = "SE"
	}
	n.Country, err = country.Parse(n.Country)
	add("country", err)
	number, err := ParseNumber(n.Country, n.OrganisationNumber)
	if n.Country != "" {
		add("organisation_number", err)
	}
	name, err := cleanName(n.Name)
	add("name", err)
	n.Name = name
	if n.Address != (Address{}) {
		n.Address, err = n.Address.Clean()
		add("", err)
	}
	return n, number, errs.OrNil()
}

// mayManage: companies are the officers' business, and a job's.
func mayManage(by actor.Actor) error {
	if !by.Is(actor.Officer, actor.SystemRole) {
		return fault.New(fault.Forbidden, "company.not_allowed")
	}
	return nil
}

// Enter makes a company. A Swedish number that is a personal number makes it a sole trader. Errors: company.not_allowed,
// company.already_entered; a fault.Errors with the fields name, organisation_number, country and address_ with those of
// [Address.Clean].
func (s *Service) Enter(ctx context.Context, by actor.Actor, n Details) (Company, error) {
	if err := mayManage(by); err != nil {
		return Company{}, err
	}
	n, number, err := n.clean()
	if err != nil {
		return Company{}, err
	}
	id := db.NewID()
	sole := n.Country == "SE" && number.SoleTrader()
	var plain any = string(number)
	var sealed []byte
	if sole {
		plain = nil
		if sealed, err = s.keep.Seal(sealPurpose, id.String(), []byte(number)); err != nil {
			return Company{}, err
		}
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Company, error) {
		rows, err := tx.Exec(`INSERT INTO company (id, name, name_key, sort_key, country, number_hash, organisation_number, number_sealed,
				sole_trader, reference_required, hold, hold_note, revision, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '', 1, $11) ON CONFLICT (country, number_hash) DO NOTHING`,
			id, n.Name, i18n.Fold(n.Name), i18n.SortKey(n.Name), n.Country, s.hash(n.Country, number), plain, sealed,
			sole, n.ReferenceRequired, tx.Now)
		if err != nil {
			return Company{}, err
		}
		if rows == 0 {
			return Company{}, fault.New(fault.Conflict, "company.already_entered").On("organisation_number")
		}
		if n.Address != (Address{}) {
			if err := insertAddress(tx, id, db.NewID(), n.Address, true); err != nil {
				return Company{}, err
			}
		}
		return s.record(ctx, tx, by, id, "company.entered", "", nil)
	})
}

// record writes the journal's entry of a change, reads the company as it is now, and tells the listeners.
func (s *Service) record(ctx context.Context, tx *db.Tx, by actor.Actor, id ID, kind, reason string, data map[string]string) (Company, error) {
	if err := journal.AppendTx(ctx, tx, journal.Entry{Kind: kind, By: by, Company: id, Reason: reason, Data: data}); err != nil {
		return Company{}, err
	}
	c, err := ByIDTx(ctx, tx, id)
	if err == nil {
		s.tell(tx, c)
	}
	return c, err
}

// change is the shape of all changes: read, refuse, a guarded update, record.
func (s *Service) change(ctx context.Context, id ID, fn func(ctx context.Context, tx *db.Tx, c Company) (Company, error)) (Company, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Company, error) {
		c, err := ByIDTx(ctx, tx, id)
		if err != nil {
			return Company{}, err
		}
		if c.Closed() {
			return Company{}, fault.New(fault.Conflict, "company.closed")
		}
		return fn(ctx, tx, c)
	})
}

// Hold puts a company's cards on hold. Finance may for an unpaid fee. note is for the scheme's own people, at most 500
// characters. Errors: company.not_allowed, hold_reason_unknown, note_too_long, unknown, closed, already_held, changed_meanwhile.
func (s *Service) Hold(ctx context.Context, by actor.Actor, id ID, reason, note string) (Company, error) {
	if !slices.Contains(HoldReasons(), reason) {
		return Company{}, invalid("company.hold_reason_unknown").On("reason")
	}
	if err := mayHold(by, reason); err != nil {
		return Company{}, err
	}
	if err := checkNote(note); err != nil {
		return Company{}, err
	}
	return s.change(ctx, id, func(ctx context.Context, tx *db.Tx, c Company) (Company, error) {
		if c.Hold != "" {
			return Company{}, fault.New(fault.Conflict, "company.already_held")
		}
		err := tx.Must1(changedMeanwhile(), `UPDATE company SET hold = $3, held_at = $4, held_by = $5, hold_note = $6, revision = revision + 1
			WHERE id = $1 AND revision = $2 AND hold = '' AND closed_at IS NULL`, id, c.Revision, reason, tx.Now, by.Account, note)
		if err != nil {
			return Company{}, err
		}
		return s.record(ctx, tx, by, id, "company.held", reason, noteData(note))
	})
}

// Release ends the hold. Errors: company.not_allowed, note_too_long, unknown, closed, not_held, changed_meanwhile.
func (s *Service) Release(ctx context.Context, by actor.Actor, id ID, note string) (Company, error) {
	if err := checkNote(note); err != nil {
		return Company{}, err
	}
	return s.change(ctx, id, func(ctx context.Context, tx *db.Tx, c Company) (Company, error) {
		if err := mayHold(by, c.Hold); err != nil {
			return Company{}, err
		}
		if c.Hold == "" {
			return Company{}, fault.New(fault.Conflict, "company.not_held")
		}
		err := tx.Must1(changedMeanwhile(), `UPDATE company SET hold = '', held_at = NULL, held_by = NULL, hold_note = '', revision = revision + 1
			WHERE id = $1 AND revision = $2 AND hold <> ''`, id, c.Revision)
		if err != nil {
			return Company{}, err
		}
		return s.record(ctx, tx, by, id, "company.released", c.Hold, noteData(note))
	})
}

// mayHold: finance about fees, officers about everything.
func mayHold(by actor.Actor, reason string) error {
	if by.Is(actor.Finance) && reason == Unpaid {
		return nil
	}
	return mayManage(by)
}

func checkNote(note string) error {
	if utf8.RuneCountInString(note) > maxNote {
		return invalid("company.note_too_long", "max", strconv.Itoa(maxNote)).On("note")
	}
	return nil
}

func noteData(note string) map[string]string {
	if note == "" {
		return nil
	}
	return map[string]string{"note": note}
}

// Change sets name and whether orders need a reference; revision is that of the company which the officer saw. Errors:
// company.not_allowed, name_missing, name_length, unprintable, unknown, closed, changed_meanwhile.
func (s *Service) Change(ctx context.Context, by actor.Actor, id ID, revision int64, name string, referenceRequired bool) (Company, error) {
	if err := mayManage(by); err != nil {
		return Company{}, err
	}
	name, err := cleanName(name)
	if e, ok := fault.As(err); ok {
		return Company{}, e.On("name")
	}
	return s.change(ctx, id, func(ctx context.Context, tx *db.Tx, c Company) (Company, error) {
		if c.Name == name && c.ReferenceRequired == referenceRequired {
			return c, nil
		}
		err := tx.Must1(changedMeanwhile(), `UPDATE company SET name = $3, name_key = $4, sort_key = $5, reference_required = $6, revision = revision + 1
			WHERE id = $1 AND revision = $2 AND closed_at IS NULL`, id, revision, name, i18n.Fold(name), i18n.SortKey(name), referenceRequired)
		if err != nil {
			return Company{}, err
		}
		return s.record(ctx, tx, by, id, "company.changed", "", map[string]string{
			"name_before": c.Name, "name": name,
			"reference_required": strconv.FormatBool(referenceRequired),
		})
	})
}

// Close ends a company for good: its cards aren't valid any more. Errors: company.not_allowed, note_too_long, unknown, closed,
// changed_meanwhile.
func (s *Service) Close(ctx context.Context, by actor.Actor, id ID, note string) (Company, error) {
	if err := errors.Join(mayManage(by), checkNote(note)); err != nil {
		return Company{}, err
	}
	return s.change(ctx, id, func(ctx context.Context, tx *db.Tx, c Company) (Company, error) {
		err := tx.Must1(changedMeanwhile(), `UPDATE company SET closed_at = $3, revision = revision + 1
			WHERE id = $1 AND revision = $2 AND closed_at IS NULL`, id, c.Revision, tx.Now)
		if err != nil {
			return Company{}, err
		}
		return s.record(ctx, tx, by, id, "company.closed", "", noteData(note))
	})
}

// RevealNumber opens the number, a sole trader's too, and says so in the journal. Errors: company.not_allowed, company.unknown.
func (s *Service) RevealNumber(ctx context.Context, by actor.Actor, id ID) (OrganisationNumber, error) {
	if err := mayManage(by); err != nil {
		return "", err
	}
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (OrganisationNumber, error) {
		c, err := ByIDTx(ctx, tx, id)
		if err != nil || !c.SoleTrader {
			return c.OrganisationNumber, err
		}
		sealed, err := db.Value[[]byte](tx, `SELECT number_sealed FROM company WHERE id = $1`, id)
		if err != nil {
			return "", err
		}
		plain, err := s.keep.Unseal(sealPurpose, id.String(), sealed)
		if err != nil {
			return "", fmt.Errorf("company %s: %w", id, err)
		}
		return OrganisationNumber(plain), journal.AppendTx(ctx, tx, journal.Entry{Kind: "company.number_revealed", By: by, Company: id})
	})
}
