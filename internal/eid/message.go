package eid

// Message is the key of the sentence that tells a person what a hint means and what to do. The
// numbers are BankID's own (RFA, recommended user messages), so support and person use the same
// words as the app's help. sameDevice: the app was started with AppLink instead of a QR code.
func Message(hint string, purpose Purpose, sameDevice bool) (key string) {
	switch hint {
	case "", "outstandingTransaction", "noClient":
		if sameDevice {
			return "eid.rfa13"
		}
		return "eid.rfa1"
	case "started":
		if sameDevice {
			return "eid.rfa15b"
		}
		return "eid.rfa15a"
	case "userSign":
		if purpose == Sign {
			return "eid.rfa9_sign"
		}
		return "eid.rfa9_identify"
	case "startFailed":
		if sameDevice {
			return "eid.rfa17a"
		}
		return "eid.rfa17b"
	case HintAnswerLost:
		if purpose == Sign {
			return "eid.answer_lost_sign"
		}
		return "eid.answer_lost_identify"
	}
	if key, ok := messages[hint]; ok {
		return key
	}
	return "eid.rfa22"
}

// Message is the package function Message for a transaction that still runs: an unknown code then means that
// something is going on, not that it went wrong.
func (t Transaction) Message(sameDevice bool) (key string) {
	key = Message(t.Hint, t.Purpose, sameDevice)
	if key == "eid.rfa22" && t.State == StatePending {
		return "eid.rfa21"
	}
	if t.State == StateComplete || t.State == StateUsed {
		return "eid.complete"
	}
	return key
}

var messages = map[string]string{
	"userMrtd":               "eid.rfa23",
	"userCallConfirm":        "eid.call_confirm",
	"processing":             "eid.rfa21",
	"expiredTransaction":     "eid.rfa8",
	"certificateErr":         "eid.rfa16",
	"userCancel":             "eid.rfa6",
	"cancelled":              "eid.rfa3",
	"userDeclinedCall":       "eid.call_declined",
	"notSupportedByUserApp":  "eid.app_outdated",
	"transactionRiskBlocked": "eid.risk_blocked",
	HintHighRisk:             "eid.risk_blocked",
	HintSignatureInvalid:     "eid.signature_invalid",
	HintContentDiffers:       "eid.content_differs",
	HintOtherPerson:          "eid.other_person",
}
