package notify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
)

// Template names a mail.
type Template string

// The mails.
const (
	InvitationRole            Template = "invitation_role"
	OrderConfirmation         Template = "order_confirmation"
	OrderRejectedByReviewer   Template = "order_rejected_by_reviewer"
	OrderAwaitingCardholder   Template = "order_awaiting_cardholder"
	OrderChanged              Template = "order_changed"
	OrderRejectedByCardholder Template = "order_rejected_by_cardholder"
	OrderNameTakenOver        Template = "order_name_taken_over"
	OrderApproved             Template = "order_approved"
	OrderReminder             Template = "order_reminder"
	OrderLapsing              Template = "order_lapsing"
	OrderLapsed               Template = "order_lapsed"
	CardInProduction          Template = "card_in_production"
	CardDispatched            Template = "card_dispatched"
	CardSent                  Template = "card_sent" // of a type that nobody activates
	CardActivated             Template = "card_activated"
	PINShown                  Template = "pin_shown"
	CardBlocked               Template = "card_blocked"
	CardUnblocked             Template = "card_unblocked"
	CardTerminated            Template = "card_terminated"
	CardRemade                Template = "card_remade"
	CompanyHeld               Template = "company_held"
	CompanyReleased           Template = "company_released"
)

// The keys of Mail.Data. Values are words for people in the recipient's
// language; for the English part a key with "_en" behind it, when given, takes
// its place ("reason_en"). Keys ending in _on are days (2026-11-25), those in
// _at instants (RFC 3339): each part shows them in its own language.
const (
	KeyPath      = "path"       // where the button goes: "/o/…", made to a whole URL with Config.BaseURL
	KeyRole      = "role"       // role code: orderer, reviewer, production, officer, support, finance
	KeyInviter   = "inviter"    // name of the person who invites
	KeyBy        = "by"         // name of the person who did it
	KeyCompany   = "company"    // name of the company
	KeyName      = "name"       // the cardholder's whole name
	KeyBefore    = "before"     // the name as it was ordered
	KeyOrder     = "order"      // order number as shown, "B-7F3K29"
	KeyCards     = "cards"      // how many cards, digits
	KeyReason    = "reason"     // why, a sentence
	KeyChanged   = "changed"    // what was changed, "Namn, foto"
	KeyLapsesOn  = "lapses_on"  // the order goes after this day
	KeyDelivery  = "delivery"   // where the card is sent: "Furuborg Bygg, kontoret"
	KeyArrivesOn = "arrives_on" // when it should be there
	KeyTracking  = "tracking"   // the letter's number at the post
	KeyValidOn   = "valid_on"   // last day of validity
	KeyShownAt   = "shown_at"   // when the PIN was shown
	KeyFee       = "fee"        // what it costs or stops to cost, a sentence from the fee schedule
	KeyHold      = "hold"       // why the company is held: unpaid, agreement, other
	KeyActivate  = "activate"   // "yes" for a card that its holder has to activate
	KeyGate      = "gate"       // "yes" for a card that opens gates
	KeyEndsOld   = "ends_old"   // "yes" when activating ends an older card
	KeyExpiresOn = "expires_on" // an invitation's last day
)

// spec is what a template needs. An optional key that is absent leaves out the
// paragraph that holds it.
type spec struct {
	need     []string
	may      []string
	audience []Audience // nil: one text for all
}

// common may be given to every template, whether its words use them or not:
// callers have them at hand.
var common = []string{KeyName, KeyCompany, KeyOrder, KeyGate}

var both = []Audience{Cardholder, Orderer}

var specs = map[Template]spec{
	InvitationRole:            {need: []string{KeyPath, KeyRole, KeyInviter}, may: []string{KeyCompany, KeyExpiresOn}},
	OrderConfirmation:         {need: []string{KeyPath, KeyOrder, KeyCards, KeyCompany}, may: []string{KeyDelivery, KeyFee}},
	OrderRejectedByReviewer:   {need: []string{KeyPath, KeyName, KeyOrder, KeyReason}},
	OrderAwaitingCardholder:   {need: []string{KeyPath, KeyCompany}, may: []string{KeyBy, KeyLapsesOn}},
	OrderChanged:              {need: []string{KeyPath, KeyCompany, KeyChanged}, may: []string{KeyLapsesOn}},
	OrderRejectedByCardholder: {need: []string{KeyPath, KeyName, KeyOrder, KeyReason}},
	OrderNameTakenOver:        {need: []string{KeyPath, KeyName, KeyBefore, KeyOrder}},
	OrderApproved:             {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyDelivery}, audience: both},
	OrderReminder:             {need: []string{KeyPath, KeyCompany}, may: []string{KeyLapsesOn}},
	OrderLapsing:              {need: []string{KeyPath, KeyName, KeyCompany, KeyLapsesOn}, audience: both},
	OrderLapsed:               {need: []string{KeyName, KeyCompany}, may: []string{KeyPath}, audience: both},
	CardInProduction:          {need: []string{KeyPath, KeyCompany}, may: []string{KeyDelivery, KeyArrivesOn, KeyActivate}},
	CardSent:                  {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyValidOn, KeyDelivery, KeyTracking}, audience: both},
	CardDispatched:            {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyDelivery, KeyTracking, KeyArrivesOn, KeyEndsOld}, audience: both},
	CardActivated:             {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyValidOn, KeyFee, KeyEndsOld}, audience: both},
	PINShown:                  {need: []string{KeyPath, KeyCompany, KeyShownAt}},
	CardBlocked:               {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyGate, KeyReason, KeyBy, KeyFee}, audience: both},
	CardUnblocked:             {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyGate, KeyReason, KeyBy, KeyFee}, audience: both},
	CardTerminated:            {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyReason, KeyBy, KeyFee}, audience: both},
	CardRemade:                {need: []string{KeyPath, KeyName, KeyCompany}, may: []string{KeyReason, KeyFee}, audience: both},
	CompanyHeld:               {need: []string{KeyPath, KeyCompany, KeyHold}, may: []string{KeyFee, KeyReason}},
	CompanyReleased:           {need: []string{KeyPath, KeyCompany}, may: []string{KeyFee, KeyReason}},
}

// Templates lists all templates, sorted.
func Templates() []Template { return slices.Sorted(maps.Keys(specs)) }

// Audiences lists whom a template has texts for; [""] when it has one for all.
func Audiences(t Template) []Audience {
	if s := specs[t]; s.audience != nil {
		return slices.Clone(s.audience)
	}
	return []Audience{""}
}

// Keys lists the data that a template must and may have.
func Keys(t Template) (need, may []string) {
	s := specs[t]
	return slices.Clone(s.need), slices.Clone(s.may)
}

// check refuses a mail whose words would have a hole: a mistake of the caller,
// found by the caller's own test.
func check(m Mail) error {
	s, ok := specs[m.Template]
	if !ok {
		return wrong(m, "no such template")
	}
	if s.audience == nil && m.Audience != "" || s.audience != nil && !slices.Contains(s.audience, m.Audience) {
		return wrong(m, "audience "+string(m.Audience)+" is not one of this template's")
	}
	for _, key := range s.need {
		if m.Data[key] == "" {
			return wrong(m, "data lacks "+key)
		}
	}
	for key, value := range m.Data {
		name := strings.TrimSuffix(key, "_en")
		if !slices.Contains(s.need, name) && !slices.Contains(s.may, name) && !slices.Contains(common, name) {
			return wrong(m, "data has "+key+", which the template doesn't know")
		}
		if err := checkValue(name, value); err != nil {
			return wrong(m, key+": "+err.Error())
		}
	}
	return nil
}

func checkValue(key, value string) error {
	switch {
	case value == "": // an optional one that is left out
		return nil
	case key == KeyPath && (!strings.HasPrefix(value, "/") || strings.HasPrefix(value, "//")):
		return errors.New("not a path from the root")
	case strings.HasSuffix(key, "_on"):
		_, err := clock.ParseDate(value)
		return err
	case strings.HasSuffix(key, "_at"):
		_, err := time.Parse(time.RFC3339, value)
		return err
	}
	return nil
}

func wrong(m Mail, what string) error {
	return fault.New(fault.Internal, "notify.wrong_call").Because(fmt.Errorf("mail %s: %s", m.Template, what))
}
