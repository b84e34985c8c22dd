package card

import (
	"slices"

	"github.com/kortverk/kortverk/internal/actor"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

// State is what is stored of a card's life.
type State string

// The stored states. Expired is derived (Card.Status).
const (
	Produced   State = "produced"
	Active     State = "active"
	Blocked    State = "blocked"
	Terminated State = "terminated"
)

// States lists them in the order of a life.
func States() []State { return []State{Produced, Active, Blocked, Terminated} }

// Action is what somebody can do with a card.
type Action string

// The actions. ShowPIN changes nothing; Replace is what a card that becomes
// active does to the one before.
const (
	ActionActivate  Action = "activate"
	ActionShowPIN   Action = "show_pin"
	ActionBlock     Action = "block"
	ActionUnblock   Action = "unblock"
	ActionTerminate Action = "terminate"
	ActionReplace   Action = "replace"
	ActionBegin     Action = "begin" // what posting does to a card that nobody activates
)

// Transition is one arrow of the picture.
type Transition struct {
	From   State
	Action Action
	To     State
	By     []actor.Role
}

var company = []actor.Role{actor.Orderer, actor.Officer}

//go:generate go test . -run TestPictureIsUpToDate -update

var transitions = []Transition{
	{Produced, ActionActivate, Active, []actor.Role{actor.Cardholder}},
	{Produced, ActionBegin, Active, []actor.Role{actor.SystemRole}},
	{Active, ActionBlock, Blocked, []actor.Role{actor.Cardholder, actor.Orderer, actor.Officer}},
	{Blocked, ActionUnblock, Active, company},
	{Produced, ActionTerminate, Terminated, company},
	{Active, ActionTerminate, Terminated, company},
	{Blocked, ActionTerminate, Terminated, company},
	{Produced, ActionReplace, Terminated, []actor.Role{actor.Cardholder, actor.SystemRole}},
	{Active, ActionReplace, Terminated, []actor.Role{actor.Cardholder, actor.SystemRole}},
	{Blocked, ActionReplace, Terminated, []actor.Role{actor.Cardholder, actor.SystemRole}},
}

// Transitions are the card's life as data; docs/states/card.md is made from it.
func Transitions() []Transition { return slices.Clone(transitions) }

// Next gives the state after an action, or why it isn't possible. An expired
// card takes part in nothing. An unknown state is an error, never a default.
func Next(s State, a Action, validUntil, today clock.Date) (State, *fault.Error) {
	for _, t := range transitions {
		if t.From != s || t.Action != a {
			continue
		}
		if validUntil.Before(today) && a != ActionReplace {
			return "", fault.New(fault.Conflict, "card.expired")
		}
		return t.To, nil
	}
	return "", refused(s, a, validUntil, today)
}

// refused words why an action doesn't fit a state.
func refused(s State, a Action, validUntil, today clock.Date) *fault.Error {
	code := "card.state_unknown"
	switch {
	case s == Terminated:
		code = "card.terminated"
	case s != Produced && s != Active && s != Blocked:
		return fault.New(fault.Internal, code)
	case validUntil.Before(today):
		code = "card.expired"
	case a == ActionActivate && s == Active:
		code = "card.already_active"
	case a == ActionActivate && s == Blocked:
		code = "card.blocked"
	case a == ActionBlock && s == Produced:
		code = "card.not_active"
	case a == ActionBlock && s == Blocked:
		code = "card.already_blocked"
	case a == ActionUnblock:
		code = "card.not_blocked"
	default:
		return fault.New(fault.Internal, code)
	}
	return fault.New(fault.Conflict, code)
}

// mayDo says whether a role takes part in an action at all.
func mayDo(r actor.Role, a Action) bool {
	if a == ActionShowPIN {
		return r == actor.Cardholder
	}
	for _, t := range transitions {
		if t.Action != a {
			continue
		}
		for _, by := range t.By {
			if by == r {
				return true
			}
		}
	}
	return false
}
