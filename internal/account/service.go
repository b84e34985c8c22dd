package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/db"
	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/journal"
	"github.com/kortverk/kortverk/internal/person"
	"github.com/kortverk/kortverk/internal/seal"
)

// SignInSubject begins the subject of an eID transaction that signs in; the
// rest is the path to go to afterwards.
const SignInSubject = "signin:"

// Service holds the accounts, sessions and grants of a deployment.
type Service struct {
	db   *db.DB
	keys *seal.Keeper
	eid  *eid.Service
	wall func() time.Time // sessions count in wall time, not in the scheme's
}

// New returns the service.
func New(d *db.DB, k *seal.Keeper, e *eid.Service) *Service {
	return &Service{db: d, keys: k, eid: e, wall: time.Now}
}

var errSignedOut = fault.New(fault.Unauthenticated, "account.signed_out")

// Started says from where a session was started.
type Started struct {
	Browser   string // the browser's own secret, which the eID transaction is bound to
	IP        string
	UserAgent string
	Lang      i18n.Lang
}

// SignIn turns a completed identification into a session. It finds or makes
// the person of the proven number and the person's account. The token is the
// cookie's value; next is the path that the person was on the way to. Errors:
// those of [eid.Service.TakeTx].
func (s *Service) SignIn(ctx context.Context, id eid.ID, from Started) (token string, sess Session, next string, err error) {
	t, err := s.eid.Find(ctx, id, from.Browser)
	if err != nil {
		return "", Session{}, "", err
	}
	if !strings.HasPrefix(t.Subject, SignInSubject) {
		return "", Session{}, "", fault.New(fault.NotFound, "eid.transaction_unknown")
	}
	token = newToken()
	sess, err = db.Write(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Session, error) {
		a, err := s.eid.TakeTx(ctx, tx, id, from.Browser, t.Subject)
		if err != nil {
			return Session{}, err
		}
		acc, err := s.accountTx(ctx, tx, a, from.Lang)
		if err != nil {
			return Session{}, err
		}
		return s.startTx(ctx, tx, acc, token, from, "account.signed_in")
	})
	return token, sess, strings.TrimPrefix(t.Subject, SignInSubject), err
}

// accountTx finds the account of the proven person, or makes it.
func (s *Service) accountTx(ctx context.Context, tx *db.Tx, a eid.Assertion, lang i18n.Lang) (uuid.UUID, error) {
	p, err := person.JoinTx(ctx, tx, s.keys, person.Proof{
		PersonalNumber: person.PersonalNumber(a.PersonalNumber),
		GivenName:      a.GivenName, Surname: a.Surname, Provider: a.Provider,
	})
	if err != nil {
		return uuid.Nil, err
	}
	if lang == "" {
		lang = "sv"
	}
	n, err := tx.Exec(`INSERT INTO account (id, person_id, lang, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (person_id) DO NOTHING`, db.NewID(), p.ID, string(lang), tx.Now)
	if err != nil {
		return uuid.Nil, err
	}
	acc, err := db.Value[uuid.UUID](tx, `SELECT id FROM account WHERE person_id = $1`, p.ID)
	if err != nil || n == 0 {
		return acc, err
	}
	return acc, journal.AppendTx(ctx, tx, journal.Entry{
		Kind: "account.opened", Person: p.ID,
		By: actor.Actor{Role: actor.Cardholder, Account: acc, Person: p.ID, Name: p.GivenName + " " + p.Surname},
	})
}

func (s *Service) startTx(ctx context.Context, tx *db.Tx, acc uuid.UUID, token string, from Started, kind string) (Session, error) {
	now := s.wall()
	pub := rand.Text()[:10]
	_, err := tx.Exec(`INSERT INTO session (id_hash, public_id, account_id, auth_at, last_seen, expires_at, ip, user_agent)
		VALUES ($1, $2, $3, $4, $4, $5, $6, $7)`,
		hash(token), pub, acc, now, now.Add(AbsoluteLimit), from.IP, cut(from.UserAgent, 200))
	if err != nil {
		return Session{}, err
	}
	sess, err := s.sessionTx(ctx, tx, token)
	if err != nil {
		return Session{}, err
	}
	return sess, journal.AppendTx(ctx, tx, journal.Entry{
		Kind: kind, Person: sess.Person, By: sess.Actor(actor.Cardholder, uuid.Nil),
	})
}

// Session answers who a cookie's value belongs to. Error: account.signed_out
// when it is unknown, ended, idle too long or past its end.
func (s *Service) Session(ctx context.Context, token string) (Session, error) {
	if token == "" {
		return Session{}, errSignedOut
	}
	sess, err := db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (Session, error) {
		return s.sessionTx(ctx, tx, token)
	})
	if err != nil {
		return Session{}, err
	}
	now := s.wall()
	if now.Sub(sess.LastSeen) < time.Minute {
		return sess, nil
	}
	// Once a minute is enough for a limit of thirty, and spares a write at each page.
	err = db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE session SET last_seen = $1 WHERE id_hash = $2 AND ended_at IS NULL`, now, hash(token))
		return err
	})
	sess.LastSeen = now
	return sess, err
}

func (s *Service) sessionTx(_ context.Context, tx *db.Tx, token string) (Session, error) {
	now := s.wall()
	sess, err := db.One(tx, func(r db.Row) (Session, error) {
		var v Session
		var lang, given, surname string
		err := r.Scan(&v.ID, &v.Account, &v.Person, &given, &surname, &v.Email, &lang, &v.AuthAt, &v.Expires, &v.LastSeen, &v.IP)
		v.Lang = i18n.Lang(lang)
		shown := person.Name{Given: given, Surname: surname}.Recased() // banks write capitals
		v.Name = strings.TrimSpace(shown.Given + " " + shown.Surname)
		v.Given, _, _ = strings.Cut(shown.Given, " ")
		return v, err
	}, `SELECT s.public_id, a.id, a.person_id, p.given_name, p.surname, a.email, a.lang, s.auth_at, s.expires_at, s.last_seen, s.ip
		FROM session s JOIN account a ON a.id = s.account_id JOIN person p ON p.id = a.person_id
		WHERE s.id_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.last_seen > $3`,
		hash(token), now, now.Add(-IdleLimit))
	if errors.Is(err, db.ErrNoRows) {
		return Session{}, errSignedOut
	}
	if err != nil {
		return Session{}, err
	}
	sess.Grants, err = grantsTx(tx, `g.account_id = $1`, sess.Account)
	return sess, err
}

// SignOut ends one session. Ending one that has ended is no error.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		sess, err := s.sessionTx(ctx, tx, token)
		if fault.Has(err, "account.signed_out") {
			return nil
		}
		if err != nil {
			return err
		}
		return s.endTx(ctx, tx, sess, `id_hash = $2`, hash(token), "account.signed_out")
	})
}

// SignOutEverywhere ends every session of the account, this one too.
func (s *Service) SignOutEverywhere(ctx context.Context, sess Session) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		return s.endTx(ctx, tx, sess, `account_id = $2`, sess.Account, "account.signed_out_everywhere")
	})
}

// EndSession ends one of the own sessions by its public id. Error:
// account.session_unknown, also for somebody else's.
func (s *Service) EndSession(ctx context.Context, sess Session, publicID string) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE session SET ended_at = $1 WHERE public_id = $2 AND account_id = $3 AND ended_at IS NULL`,
			s.wall(), publicID, sess.Account)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "account.session_unknown")
		}
		return journal.AppendTx(ctx, tx, journal.Entry{
			Kind: "account.session_ended", Person: sess.Person, By: sess.Actor(actor.Cardholder, uuid.Nil),
			Data: map[string]string{"session": publicID},
		})
	})
}

func (s *Service) endTx(ctx context.Context, tx *db.Tx, sess Session, where string, arg any, kind string) error {
	n, err := tx.Exec(`UPDATE session SET ended_at = $1 WHERE ended_at IS NULL AND `+where, s.wall(), arg)
	if err != nil || n == 0 { // another request was quicker
		return err
	}
	return journal.AppendTx(ctx, tx, journal.Entry{Kind: kind, Person: sess.Person, By: sess.Actor(actor.Cardholder, uuid.Nil)})
}

// Info describes a live session to its owner.
type Info struct {
	ID        string
	AuthAt    time.Time
	LastSeen  time.Time
	IP        string
	UserAgent string
	This      bool
}

// Sessions lists the live sessions of the session's account, newest first.
func (s *Service) Sessions(ctx context.Context, sess Session) ([]Info, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) ([]Info, error) {
		now := s.wall()
		return db.Rows(tx, func(r db.Row) (Info, error) {
			var v Info
			err := r.Scan(&v.ID, &v.AuthAt, &v.LastSeen, &v.IP, &v.UserAgent)
			v.This = v.ID == sess.ID
			return v, err
		}, `SELECT public_id, auth_at, last_seen, ip, user_agent FROM session
			WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 AND last_seen > $3
			ORDER BY auth_at DESC, public_id`, sess.Account, now, now.Add(-IdleLimit))
	})
}

// Refresh records a fresh identification by the same person and changes the
// cookie's value. subject is what the identification was started for. Errors:
// account.another_person, account.signed_out, those of [eid.Service.TakeTx].
func (s *Service) Refresh(ctx context.Context, token string, id eid.ID, browser, subject string) (newTok string, err error) {
	newTok = newToken()
	err = db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		sess, err := s.sessionTx(ctx, tx, token)
		if err != nil {
			return err
		}
		a, err := s.eid.TakeTx(ctx, tx, id, browser, subject)
		if err != nil {
			return err
		}
		p, err := person.JoinTx(ctx, tx, s.keys, person.Proof{
			PersonalNumber: person.PersonalNumber(a.PersonalNumber),
			GivenName:      a.GivenName, Surname: a.Surname, Provider: a.Provider,
		})
		if err != nil {
			return err
		}
		if p.ID != sess.Person {
			return fault.New(fault.Forbidden, "account.another_person")
		}
		return s.freshTx(ctx, tx, sess, token, newTok)
	})
	return newTok, err
}

// freshTx gives the session a new value and a new time of identification.
func (s *Service) freshTx(ctx context.Context, tx *db.Tx, sess Session, token, newTok string) error {
	now := s.wall()
	err := tx.Must1(errSignedOut, `UPDATE session SET id_hash = $1, auth_at = $2, last_seen = $2
		WHERE id_hash = $3 AND ended_at IS NULL`, hash(newTok), now, hash(token))
	if err != nil {
		return err
	}
	return journal.AppendTx(ctx, tx, journal.Entry{
		Kind: "account.identified_again", Person: sess.Person, By: sess.Actor(actor.Cardholder, uuid.Nil),
	})
}

// SetLang keeps the language that the person chose, for pages and mails.
func (s *Service) SetLang(ctx context.Context, sess Session, lang i18n.Lang) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(`UPDATE account SET lang = $1 WHERE id = $2`, string(lang), sess.Account); err != nil {
			return err
		}
		return person.SetLangTx(ctx, tx, sess.Person, lang)
	})
}

// Purge removes sessions that ended or ran out more than thirty days ago; the
// journal keeps what must be kept of them.
func (s *Service) Purge(ctx context.Context) error {
	return db.Do(ctx, s.db, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM session WHERE expires_at < $1`, s.wall().AddDate(0, 0, -30))
		return err
	})
}

// newToken is 32 random bytes: nobody guesses it, and it needs no signature.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails, by its contract
	return base64.RawURLEncoding.EncodeToString(b)
}

func hash(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// cut is a header's value that can be stored: proxies write names with letters of other encodings into it.
func cut(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}

// PersonalNumber is the number that the session's person has proven. It is for
// asking the eID for that very person again, and goes nowhere else.
func (s *Service) PersonalNumber(ctx context.Context, sess Session) (person.PersonalNumber, error) {
	return db.Read(ctx, s.db, func(ctx context.Context, tx *db.Tx) (person.PersonalNumber, error) {
		return person.NumberTx(ctx, tx, s.keys, sess.Person)
	})
}
