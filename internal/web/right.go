package web

import (
	"slices"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/account"
	"github.com/kortverk/kortverk/internal/actor"
)

type rightKind uint8

const (
	nobody rightKind = iota // the zero Right: somebody forgot to say who
	public
	signedIn
	forCompany
	forStaff
)

// Right is who may use a route. The zero Right is nobody's.
type Right struct {
	kind  rightKind
	roles []actor.Role
}

// Rights without a role.
var (
	Public   = Right{kind: public}   // everybody
	SignedIn = Right{kind: signedIn} // everybody who has signed in; whose things they are is the use case's question
)

// Company is the right of those who hold one of the roles for the company in the path value {company}.
func Company(roles ...actor.Role) Right { return Right{kind: forCompany, roles: roles} }

// Staff is the right of those who hold one of the scheme's own roles.
func Staff(roles ...actor.Role) Right { return Right{kind: forStaff, roles: roles} }

// Answer is what a right says about a session.
type Answer uint8

// The answers.
const (
	Hidden Answer = iota // not there, as far as this person is concerned
	SignIn               // nobody is signed in
	Yes
)

// Allows decides whether a session (nil: nobody signed in) may use a route, for the company in its path
// (uuid.Nil if it has none). Nothing else decides.
func (r Right) Allows(s *account.Session, company uuid.UUID) Answer {
	switch {
	case r.kind == public:
		return Yes
	case r.kind == nobody:
		return Hidden
	case s == nil || s.Account == uuid.Nil:
		return SignIn
	case r.kind == signedIn:
		return Yes
	}
	if _, ok := r.role(s, company); ok {
		return Yes
	}
	return Hidden
}

// Roles are the roles that the right asks for.
func (r Right) Roles() []actor.Role { return slices.Clone(r.roles) }

// IsPublic reports whether everybody may.
func (r Right) IsPublic() bool { return r.kind == public }

// NeedsCompany reports whether the route stands under a company.
func (r Right) NeedsCompany() bool { return r.kind == forCompany }

// role is the first of the right's roles that the session holds.
func (r Right) role(s *account.Session, company uuid.UUID) (actor.Role, bool) {
	if r.kind == forCompany && company == uuid.Nil {
		return "", false
	}
	if r.kind == forStaff {
		company = uuid.Nil
	}
	for _, role := range r.roles {
		if role != actor.Cardholder && s.May(role, company) {
			return role, true
		}
	}
	return "", false
}

// actorFor is who acts when the session uses a route with this right.
func (r Right) actorFor(s *account.Session, company uuid.UUID, ip string) actor.Actor {
	if s == nil {
		return actor.Actor{IP: ip}
	}
	role := actor.Cardholder
	if held, ok := r.role(s, company); ok {
		role = held
	}
	if r.kind != forCompany {
		company = uuid.Nil
	}
	a := s.Actor(role, company)
	a.IP = ip
	return a
}
