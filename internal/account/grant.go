package account

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/notify"
	"github.com/kortverk/kortverk/internal/person"
)

// Invite asks a named person to take a role.
type Invite struct {
	Role      actor.Role
	Company   uuid.UUID // Nil for the scheme's own roles
	GivenName string
	Surname   string
	Email     string
	Lang      i18n.Lang
}

// Invitation is what a link leads to, and what an officer sees in the list.
type Invitation struct {
	ID          uuid.UUID
	Role        actor.Role
	Company     uuid.UUID
	CompanyName string
	GivenName   string
	Surname     string
	Email       string
	Lang        i18n.Lang
	CreatedAt   time.Time
	ExpiresAt   time.Time
	AcceptedAt  time.Time
	WithdrawnAt time.Time
}

// Holder is a person with a role, as an officer sees one.
type Holder struct {
	Grant
	Account   uuid.UUID
	Name      string
	Email     string
	GrantedAt time.Time
}

func schemeRole(r actor.Role) bool {
	switch r {
	case actor.Reviewer, actor.Production, actor.Officer, actor.Support, actor.Finance:
		return true
	}
	return false
}

// mayGrant: an officer gives every role, the system only the first officer's.
func mayGrant(by actor.Actor) error {
	if by.Is(actor.Officer, actor.SystemRole) {
		return nil
	}
	return fault.New(fault.Forbidden, "account.may_not_grant")
}

// Invite makes an invitation, mails its link and answers the link's path, for
// the command line, which has nobody else to send it to. Errors:
// account.may_not_grant, account.role_unknown, and field errors.
func (s *Service) Invite(ctx context.Context, by actor.Actor, in Invite) (path string, err error) {
	if err := mayGrant(by); err != nil {
		return "", err
	}
	if in, err = cleanInvite(in); err != nil {
		return "", err
	}
	token := newToken()[:24] // 144 bits
	path = "/i/" + token
	err = db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		return s.inviteTx(ctx, tx, by, in, token, path)
	})
	return path, err
}

func (s *Service) inviteTx(ctx context.Context, tx *db.Tx, by actor.Actor, in Invite, token, path string) error {
	company := ""
	if in.Company != uuid.Nil {
		var err error
		company, err = db.Value[string](tx, `SELECT name FROM company WHERE id = $1`, in.Company)
		if errors.Is(err, db.ErrNoRows) {
			return fault.New(fault.NotFound, "company.unknown")
		}
		if err != nil {
			return err
		}
	}
	id := db.NewID()
	_, err := tx.Exec(`INSERT INTO invitation (id, token_hash, role, company_id, given_name, surname, email, lang, invited_by, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, hash(token), string(in.Role), in.Company, in.GivenName, in.Surname, in.Email, string(in.Lang), by.Name, tx.Now, tx.Now.Add(InviteLimit))
	if err != nil {
		return err
	}
	err = journal.AppendTx(ctx, tx, journal.Entry{
		Kind: "account.invited", By: by, Company: in.Company,
		Data: map[string]string{"role": string(in.Role), "invitation": id.String()},
	})
	if err != nil {
		return err
	}
	data := map[string]string{
		notify.KeyPath: path, notify.KeyRole: string(in.Role), notify.KeyInviter: by.Name,
		notify.KeyExpiresOn: clock.DateOf(tx.Now.Add(InviteLimit)).String(),
	}
	if company != "" {
		data[notify.KeyCompany] = company
	}
	return notify.EnqueueTx(ctx, tx, s.keys, notify.Mail{
		To: in.Email, ToName: in.GivenName + " " + in.Surname, Lang: in.Lang,
		Template: notify.InvitationRole, Company: in.Company, Data: data,
	})
}

func cleanInvite(in Invite) (Invite, error) {
	var errs fault.Errors
	var err error
	field := func(name string, e error) {
		if f, ok := fault.As(e); ok {
			errs = append(errs, f.On(name))
		}
	}
	if schemeRole(in.Role) != (in.Company == uuid.Nil) || (!schemeRole(in.Role) && in.Role != actor.Orderer) {
		errs = append(errs, fault.New(fault.Invalid, "account.role_unknown").On("role"))
	}
	if in.GivenName, err = person.CleanName(in.GivenName); err != nil {
		field("given_name", err)
	}
	if in.Surname, err = person.CleanName(in.Surname); err != nil {
		field("surname", err)
	}
	if in.Email, err = person.ParseEmail(in.Email); err != nil {
		field("email", err)
	}
	if in.Lang == "" {
		in.Lang = "sv"
	}
	if len(errs) > 0 {
		return in, errs
	}
	return in, nil
}

var errInvitationUnknown = fault.New(fault.NotFound, "account.invitation_unknown")

const invitationColumns = `i.id, i.role, i.company_id, c.name, i.given_name, i.surname, i.email, i.lang,
	i.created_at, i.expires_at, i.accepted_at, i.withdrawn_at
	FROM invitation i LEFT JOIN company c ON c.id = i.company_id `

func scanInvitation(r db.Row) (Invitation, error) {
	var v Invitation
	var role, lang string
	err := r.Scan(&v.ID, &role, &v.Company, &v.CompanyName, &v.GivenName, &v.Surname, &v.Email, &lang,
		&v.CreatedAt, &v.ExpiresAt, &v.AcceptedAt, &v.WithdrawnAt)
	v.Role, v.Lang = actor.Role(role), i18n.Lang(lang)
	return v, err
}

func invitationTx(tx *db.Tx, token string) (Invitation, error) {
	v, err := db.One(tx, scanInvitation, `SELECT `+invitationColumns+`WHERE i.token_hash = $1`, hash(token))
	if errors.Is(err, db.ErrNoRows) {
		return v, errInvitationUnknown
	}
	return v, err
}

// InvitationByToken opens an invitation's link. It changes nothing. Errors:
// account.invitation_unknown, account.invitation_expired, account.invitation_used.
func (s *Service) InvitationByToken(ctx context.Context, token string) (Invitation, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Invitation, error) {
		v, err := invitationTx(tx, token)
		if err != nil {
			return v, err
		}
		return v, open(v, tx.Now)
	})
}

func open(v Invitation, now time.Time) error {
	switch {
	case !v.WithdrawnAt.IsZero():
		return errInvitationUnknown
	case !v.AcceptedAt.IsZero():
		return fault.New(fault.Conflict, "account.invitation_used")
	case now.After(v.ExpiresAt):
		return fault.New(fault.Conflict, "account.invitation_expired")
	}
	return nil
}

// Accept gives the signed-in person the role that the invitation names.
// Errors: those of InvitationByToken, account.invitation_not_yours when the
// proven name is another's.
func (s *Service) Accept(ctx context.Context, sess Session, token string) (Invitation, error) {
	return db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Invitation, error) {
		v, err := invitationTx(tx, token)
		if err != nil {
			return v, err
		}
		if err := open(v, tx.Now); err != nil {
			return v, err
		}
		p, err := person.ByIDTx(ctx, tx, sess.Person)
		if err != nil {
			return v, err
		}
		if person.Match(person.Name{Given: v.GivenName, Surname: v.Surname}, person.Name{Given: p.GivenName, Surname: p.Surname}) == person.Mismatch {
			return v, fault.New(fault.Forbidden, "account.invitation_not_yours")
		}
		return v, s.acceptTx(ctx, tx, sess, v)
	})
}

func (s *Service) acceptTx(ctx context.Context, tx *db.Tx, sess Session, v Invitation) error {
	n, err := tx.Exec(`UPDATE invitation SET accepted_at = $1, accepted_by = $2 WHERE id = $3 AND accepted_at IS NULL AND withdrawn_at IS NULL`,
		tx.Now, sess.Account, v.ID)
	if err != nil {
		return err
	}
	if n == 0 {
		return closedTx(tx, v.ID)
	}
	_, err = tx.Exec(`INSERT INTO account_grant (id, account_id, role, company_id, granted_at, granted_by)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
		db.NewID(), sess.Account, string(v.Role), v.Company, tx.Now, v.ID.String())
	if err != nil {
		return err
	}
	if err := addressTx(ctx, tx, sess.Account, v.Email, v.Lang); err != nil {
		return err
	}
	return journal.AppendTx(ctx, tx, journal.Entry{
		Kind: "account.granted", Company: v.Company, Person: sess.Person, By: sess.Actor(actor.Cardholder, uuid.Nil),
		Data: map[string]string{"role": string(v.Role), "invitation": v.ID.String()},
	})
}

// closedTx says why an invitation isn't open: it was used or withdrawn, if only a moment ago.
func closedTx(tx *db.Tx, id uuid.UUID) error {
	used, err := db.Rows(tx, db.Column[time.Time], `SELECT accepted_at FROM invitation WHERE id = $1 AND accepted_at IS NOT NULL`, id)
	if err == nil && len(used) > 0 {
		return fault.New(fault.Conflict, "account.invitation_used")
	}
	if err != nil {
		return err
	}
	return errInvitationUnknown
}

// addressTx keeps the address that an invitation reached as the one that mails
// of the role go to, and the person's own as long as there is no other.
func addressTx(ctx context.Context, tx *db.Tx, acc uuid.UUID, email string, lang i18n.Lang) error {
	if _, err := tx.Exec(`UPDATE account SET email = $1, lang = $2 WHERE id = $3 AND email IS NULL`, email, string(lang), acc); err != nil {
		return err
	}
	id, err := db.Value[uuid.UUID](tx, `SELECT person_id FROM account WHERE id = $1`, acc)
	if err != nil {
		return err
	}
	p, err := person.ByIDTx(ctx, tx, id)
	if err != nil || p.Email != "" {
		return err
	}
	if err := person.SetLangTx(ctx, tx, id, lang); err != nil {
		return err
	}
	return person.SetEmailTx(ctx, tx, id, email)
}

// Withdraw makes an open invitation's link worthless. Errors:
// account.may_not_grant, account.invitation_unknown, account.invitation_used.
func (s *Service) Withdraw(ctx context.Context, by actor.Actor, id uuid.UUID) error {
	if err := mayGrant(by); err != nil {
		return err
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE invitation SET withdrawn_at = $1
			WHERE id = $2 AND accepted_at IS NULL AND withdrawn_at IS NULL`, tx.Now, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return closedTx(tx, id)
		}
		return journal.AppendTx(ctx, tx, journal.Entry{
			Kind: "account.invitation_withdrawn", By: by, Data: map[string]string{"invitation": id.String()},
		})
	})
}

// Invitations lists what waits to be accepted: a company's, or with Nil the
// scheme's own. Newest first.
func (s *Service) Invitations(ctx context.Context, company uuid.UUID) ([]Invitation, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) ([]Invitation, error) {
		where, args := `WHERE i.company_id = $1`, []any{company}
		if company == uuid.Nil {
			where, args = `WHERE i.company_id IS NULL`, nil
		}
		return db.Rows(tx, scanInvitation, `SELECT `+invitationColumns+where+
			` AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL ORDER BY i.created_at DESC, i.id LIMIT 200`, args...)
	})
}

func grantsTx(tx *db.Tx, where string, args ...any) ([]Grant, error) {
	return db.Rows(tx, func(r db.Row) (Grant, error) {
		var g Grant
		var role string
		err := r.Scan(&g.ID, &role, &g.Company, &g.CompanyName)
		g.Role = actor.Role(role)
		return g, err
	}, `SELECT g.id, g.role, g.company_id, c.name FROM account_grant g LEFT JOIN company c ON c.id = g.company_id
		WHERE g.revoked_at IS NULL AND `+where+` ORDER BY c.name, g.role, g.id`, args...)
}

// Holders lists who has a role: for a company, or with Nil the scheme's staff.
func (s *Service) Holders(ctx context.Context, company uuid.UUID) ([]Holder, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) ([]Holder, error) {
		where, args := `g.company_id = $1`, []any{company}
		if company == uuid.Nil {
			where, args = `g.company_id IS NULL`, nil
		}
		return db.Rows(tx, func(r db.Row) (Holder, error) {
			var h Holder
			var role, given, surname string
			err := r.Scan(&h.ID, &role, &h.Company, &h.CompanyName, &h.Account, &given, &surname, &h.Email, &h.GrantedAt)
			shown := person.Name{Given: given, Surname: surname}.Recased()
			h.Role, h.Name = actor.Role(role), shown.Given+" "+shown.Surname
			return h, err
		}, `SELECT g.id, g.role, g.company_id, c.name, a.id, p.given_name, p.surname, a.email, g.granted_at
			FROM account_grant g JOIN account a ON a.id = g.account_id JOIN person p ON p.id = a.person_id
			LEFT JOIN company c ON c.id = g.company_id
			WHERE g.revoked_at IS NULL AND `+where+` ORDER BY p.surname, p.given_name, g.role, g.id LIMIT 500`, args...)
	})
}

// Revoke removes a role at once: grants are read at every request. The last
// officer can't be removed, or nobody could give roles any more. Errors:
// account.may_not_grant, account.grant_unknown, account.last_officer.
func (s *Service) Revoke(ctx context.Context, by actor.Actor, grant uuid.UUID) error {
	if err := mayGrant(by); err != nil {
		return err
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		// The row and the officers' rows are locked first: two officers who remove each other
		// at once would otherwise each still see the other.
		if _, err := tx.Exec(`UPDATE account_grant SET role = role WHERE (role = 'officer' OR id = $1) AND revoked_at IS NULL`, grant); err != nil {
			return err
		}
		gs, err := grantsTx(tx, `g.id = $1`, grant)
		if err != nil {
			return err
		}
		if len(gs) == 0 {
			return fault.New(fault.NotFound, "account.grant_unknown")
		}
		g := gs[0]
		err = tx.Must1(fault.New(fault.Conflict, "account.last_officer"), `UPDATE account_grant SET revoked_at = $1
			WHERE id = $2 AND revoked_at IS NULL AND (role <> 'officer' OR EXISTS (
				SELECT 1 FROM account_grant o WHERE o.role = 'officer' AND o.revoked_at IS NULL AND o.id <> $2))`, tx.Now, grant)
		if err != nil {
			return err
		}
		return journal.AppendTx(ctx, tx, journal.Entry{
			Kind: "account.revoked", By: by, Company: g.Company,
			Data: map[string]string{"role": string(g.Role), "grant": grant.String()},
		})
	})
}

// Officers counts the scheme's officers; none means that nobody has been
// invited yet, or that nobody has accepted.
func (s *Service) Officers(ctx context.Context) (int, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (int, error) {
		return db.Value[int](tx, `SELECT count(*) FROM account_grant WHERE role = 'officer' AND revoked_at IS NULL`)
	})
}

// Enrol gives a person, proven elsewhere, an account with one role, for the
// cast of a sandbox. Doing it again changes nothing. Error: account.may_not_grant
// for everybody but the system.
func (s *Service) Enrol(ctx context.Context, by actor.Actor, proof person.Proof, email string, lang i18n.Lang, g Grant) error {
	if !by.Is(actor.SystemRole) {
		return fault.New(fault.Forbidden, "account.may_not_grant")
	}
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		acc, err := s.accountTx(ctx, tx, eid.Assertion{
			PersonalNumber: string(proof.PersonalNumber), GivenName: proof.GivenName, Surname: proof.Surname, Provider: proof.Provider,
		}, lang)
		if err != nil {
			return err
		}
		if err := addressTx(ctx, tx, acc, email, lang); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO account_grant (id, account_id, role, company_id, granted_at, granted_by)
			VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, db.NewID(), acc, string(g.Role), g.Company, tx.Now, by.Name)
		if err != nil || n == 0 {
			return err
		}
		return journal.AppendTx(ctx, tx, journal.Entry{
			Kind: "account.granted", By: by, Company: g.Company, Data: map[string]string{"role": string(g.Role)},
		})
	})
}
