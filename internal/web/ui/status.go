package ui

// Tone is the family of colours of a tag, notice or icon. Wait means that someone
// else acts, Act that the reader does; nothing else is yellow.
type Tone string

// The tones.
const (
	OK   Tone = "ok"
	Wait Tone = "wait"
	Act  Tone = "act"
	Stop Tone = "stop"
	Off  Tone = "off"
)

func (t Tone) class() string { return "t-" + string(t) }

// State is what a person is told about an order, a card or an invoice. The words are
// in the text catalogue under ui.state.<state>.
type State string

// The states that have a tag.
const (
	Draft           State = "draft"
	InReview        State = "in_review"
	WithCardholder  State = "with_cardholder"
	NeedsCorrection State = "needs_correction"
	Approved        State = "approved"
	InProduction    State = "in_production"
	Dispatched      State = "dispatched"
	NotActivated    State = "not_activated"
	Active          State = "active"
	Blocked         State = "blocked"
	Paused          State = "paused"
	Terminated      State = "terminated"
	Expired         State = "expired"
	Cancelled       State = "cancelled"
	Unpaid          State = "unpaid"
	Paid            State = "paid"
	Overdue         State = "overdue"
	Credit          State = "credit"
	Invited         State = "invited"
	Started         State = "started"
	ToReview        State = "to_review"
	NotDelivered    State = "not_delivered"
)

type look struct {
	Icon string
	Tone Tone
}

var looks = map[State]look{
	Draft:           {"pencil", Off},
	InReview:        {"hourglass", Wait},
	WithCardholder:  {"user-round-check", Wait},
	NeedsCorrection: {"triangle-alert", Act},
	Approved:        {"stamp", Wait},
	InProduction:    {"printer", Wait},
	Dispatched:      {"truck", Wait},
	NotActivated:    {"power", Act},
	Active:          {"circle-check", OK},
	Blocked:         {"ban", Stop},
	Paused:          {"circle-pause", Stop},
	Terminated:      {"circle-x", Off},
	Expired:         {"calendar-x", Off},
	Cancelled:       {"undo-2", Off},
	Unpaid:          {"clock", Wait},
	Paid:            {"circle-check", OK},
	Overdue:         {"circle-alert", Stop},
	Credit:          {"rotate-ccw", Off},
	Invited:         {"mail", Wait},
	Started:         {"mail-open", Wait},
	ToReview:        {"inbox", Act},
	NotDelivered:    {"mail-x", Stop},
}

// States lists every state that has a tag, in the order of a card's life.
func States() []State {
	return []State{
		Draft, InReview, WithCardholder, NeedsCorrection, Approved, InProduction, Dispatched, NotActivated,
		Active, Blocked, Paused, Terminated, Expired, Cancelled, Unpaid, Paid, Overdue, Credit,
		Invited, Started, ToReview, NotDelivered,
	}
}

// Icon is the icon of the state's tag.
func (s State) Icon() string { return s.look().Icon }

// Tone is the tone of the state's tag.
func (s State) Tone() Tone { return s.look().Tone }

func (s State) look() look {
	if l, ok := looks[s]; ok {
		return l
	}
	return look{"circle-help", Off}
}
