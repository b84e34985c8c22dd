package order

// Display is what people are told about a line.
type Display struct {
	Code     string // text "order.shown." + Code
	Tone     string // neutral, wait, act, good, bad
	WaitsFor string // text "order.waits." + WaitsFor: orderer, reviewer, cardholder, production; "" = nobody
}

// Tones.
const (
	toneNeutral = "neutral"
	toneWait    = "wait"
	toneAct     = "act"
	toneGood    = "good"
	toneBad     = "bad"
)

// Shown derives what people are told from the facts of a line.
func Shown(l Line) Display {
	switch l.State {
	case Draft:
		return Display{"draft", toneNeutral, "orderer"}
	case Ordered:
		if l.Again() {
			return Display{"in_review_again", toneWait, "reviewer"}
		}
		return Display{"in_review", toneWait, "reviewer"}
	case RejectedByReviewer:
		if l.ReturnReason != "" {
			return Display{"returned", toneAct, "orderer"}
		}
		return Display{"rejected_by_reviewer", toneAct, "orderer"}
	case AwaitingCardholder:
		if l.mismatch() {
			return Display{"name_differs", toneAct, "orderer"}
		}
		return Display{"awaiting_cardholder", toneWait, "cardholder"}
	case RejectedByCardholder:
		if l.ReturnReason != "" {
			return Display{"returned", toneAct, "orderer"}
		}
		return Display{"rejected_by_cardholder", toneAct, "orderer"}
	case Approved:
		return Display{"approved", toneGood, "production"}
	case InProduction:
		return Display{"in_production", toneGood, "production"}
	case Produced:
		return Display{"produced", toneGood, ""}
	case Cancelled:
		if l.CancelReason == CancelledByLapse {
			return Display{"lapsed", toneBad, ""}
		}
		return Display{"cancelled", toneNeutral, ""}
	}
	return Display{"unknown", toneBad, ""}
}

// Action is what an orderer can do with a line: text "order.action." + Action.
type Action string

// The actions.
const (
	ActionCorrect      Action = "correct"
	ActionReplacePhoto Action = "replace_photo"
	ActionTakeOverName Action = "take_over_name"
	ActionRemind       Action = "remind"
	ActionCancel       Action = "cancel"
)

// Actions are the ones that are possible now.
func (l Line) Actions() []Action {
	var out []Action
	if l.MayTakeOverName() {
		out = append(out, ActionTakeOverName)
	}
	for _, a := range []struct {
		action Action
		on     Event
	}{{ActionCorrect, Correct}, {ActionReplacePhoto, ReplacePhoto}, {ActionRemind, Confirm}, {ActionCancel, Cancel}} {
		if _, err := Next(l.State, a.on); err == nil {
			out = append(out, a.action)
		}
	}
	return out
}
