// Package actor says who does something, for whom, and in which role.
//
// An Actor is made at the edge (from a session, a reader's key, or a job) and handed to every use case,
// which decides what the actor may do and writes the actor into the journal. It carries no rights beyond
// its role and company: those are looked up when the Actor is made.
package actor

import (
	"slices"

	"github.com/google/uuid"
)

// Role is what somebody acts as. One person may have several; an Actor has one.
type Role string

// The roles.
const (
	Cardholder Role = "cardholder" // a person about the own card
	Orderer    Role = "orderer"    // orders for a company
	Reviewer   Role = "reviewer"   // the scheme's: checks photos and documents
	Production Role = "production" // the scheme's: batches and the bureau
	Officer    Role = "officer"    // the scheme's: companies, blocks, rights
	Support    Role = "support"    // the scheme's: helps people
	Finance    Role = "finance"    // the scheme's: fees and invoices
	SystemRole Role = "system"     // a job; see System
	Reader     Role = "reader"     // a card reader or another machine
)

// Roles lists every role.
func Roles() []Role {
	return []Role{Cardholder, Orderer, Reviewer, Production, Officer, Support, Finance, SystemRole, Reader}
}

// StaffRoles lists the roles of the scheme's own people.
func StaffRoles() []Role {
	return []Role{Reviewer, Production, Officer, Support, Finance}
}

// Staff reports whether the role is one of the scheme's own people.
func (r Role) Staff() bool { return slices.Contains(StaffRoles(), r) }

// Actor is who does something. The zero Actor may do nothing.
type Actor struct {
	Role    Role
	Account uuid.UUID // Nil for jobs and readers
	Person  uuid.UUID
	Company uuid.UUID // for whom; Nil for staff, cardholders and jobs
	Name    string    // shown in timelines
	Session string    // the session's short public id, never its secret
	IP      string
}

// Is reports whether the actor has one of the roles.
func (a Actor) Is(roles ...Role) bool {
	return a.Role != "" && slices.Contains(roles, a.Role)
}

// For reports whether the actor acts for the company.
func (a Actor) For(company uuid.UUID) bool {
	return company != uuid.Nil && a.Company == company
}

// System is the actor of a job: the name says which ("reminder", "bureau").
func System(name string) Actor {
	return Actor{Role: SystemRole, Name: name}
}
