package actor_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/kortverk/kortverk/internal/actor"
)

func TestTheZeroActorIsNobody(t *testing.T) {
	var nobody actor.Actor
	if nobody.Is(actor.Roles()...) || nobody.Is("") || nobody.For(uuid.Nil) {
		t.Error("the zero actor has a role or a company")
	}
}

func TestIsAndFor(t *testing.T) {
	company := uuid.New()
	a := actor.Actor{Role: actor.Orderer, Company: company}
	if !a.Is(actor.Reviewer, actor.Orderer) || a.Is(actor.Reviewer) {
		t.Error("Is")
	}
	if !a.For(company) || a.For(uuid.New()) {
		t.Error("For")
	}
	if s := actor.System("reminder"); !s.Is(actor.SystemRole) || s.Name != "reminder" || s.Role.Staff() {
		t.Errorf("system actor %+v", s)
	}
	if !actor.Officer.Staff() || actor.Cardholder.Staff() || actor.Reader.Staff() {
		t.Error("Staff")
	}
}
