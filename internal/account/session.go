package account

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Session limits. Idle and absolute are wall time, because a session is about a
// browser left on a table, not about the day that the scheme believes in. An eID
// session may not be kept alive for more than two idle hours under BankID's
// contract; thirty minutes is well inside.
const (
	IdleLimit     = 30 * time.Minute
	AbsoluteLimit = 8 * time.Hour
	FreshLimit    = 5 * time.Minute // how long an identification counts as fresh
	InviteLimit   = 14 * 24 * time.Hour
)

// Session is a signed-in person, as the pages see one. The zero Session is nobody.
type Session struct {
	ID       string    // public short id: shown in the list of sessions and the journal, useless as a credential
	Account  uuid.UUID // how the person signs in
	Person   uuid.UUID // who the person is
	Name     string    // as proven
	Given    string    // the first of the given names, for greetings
	Email    string    // where the account's mails go; may be empty until the person has given one
	Lang     i18n.Lang
	Grants   []Grant
	AuthAt   time.Time // wall time of the last identification
	Expires  time.Time // wall time at which the session ends whatever happens
	LastSeen time.Time // wall time, to the minute
	IP       string
}

// Grant lets a person act in a role, for a company when the role is one of a company's.
type Grant struct {
	ID          uuid.UUID
	Role        actor.Role
	Company     uuid.UUID // Nil for the scheme's own roles
	CompanyName string
}

// Actor says who acts when the session is used in a role.
func (s Session) Actor(role actor.Role, company uuid.UUID) actor.Actor {
	return actor.Actor{
		Role: role, Account: s.Account, Person: s.Person, Company: company,
		Name: s.Name, Session: s.ID, IP: s.IP,
	}
}

// May reports whether the session holds the role, for that company. Every
// signed-in person is the cardholder of the own cards.
func (s Session) May(role actor.Role, company uuid.UUID) bool {
	if s.Account == uuid.Nil {
		return false
	}
	if role == actor.Cardholder {
		return true
	}
	return slices.ContainsFunc(s.Grants, func(g Grant) bool {
		return g.Role == role && g.Company == company
	})
}

// Staff reports whether the session holds any of the scheme's own roles.
func (s Session) Staff() bool {
	return slices.ContainsFunc(s.Grants, func(g Grant) bool { return g.Company == uuid.Nil })
}

// Companies lists the grants for companies, one a company.
func (s Session) Companies() []Grant {
	var out []Grant
	for _, g := range s.Grants {
		if g.Company != uuid.Nil && !slices.ContainsFunc(out, func(o Grant) bool { return o.Company == g.Company }) {
			out = append(out, g)
		}
	}
	return out
}

// IsFresh reports whether the person identified within [FreshLimit] before now.
func (s Session) IsFresh(now time.Time) bool {
	return !s.AuthAt.IsZero() && now.Sub(s.AuthAt) <= FreshLimit
}
