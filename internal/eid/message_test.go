package eid_test

import (
	"testing"

	"github.com/kortverk/kortverk/internal/eid"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Every code that BankID knows, and one it doesn't know yet, has words in every language.
func TestEveryHintHasWords(t *testing.T) {
	hints := []string{
		"", "outstandingTransaction", "noClient", "started", "userMrtd", "userCallConfirm", "userSign", "processing",
		"expiredTransaction", "certificateErr", "userCancel", "cancelled", "startFailed", "userDeclinedCall", "notSupportedByUserApp",
		"transactionRiskBlocked", "somethingNew", eid.HintSignatureInvalid, eid.HintContentDiffers, eid.HintOtherPerson, eid.HintHighRisk, eid.HintAnswerLost,
	}
	for _, language := range i18n.Languages() {
		texts := i18n.For(language.Lang)
		for _, hint := range hints {
			for _, purpose := range []eid.Purpose{eid.Identify, eid.Sign} {
				for _, same := range []bool{false, true} {
					if key := eid.Message(hint, purpose, same); !texts.Has(key) {
						t.Errorf("%s: %s (%s)", language.Lang, key, hint)
					}
				}
			}
		}
	}
	if got := (eid.Transaction{State: eid.StatePending, Hint: "somethingNew"}).Message(false); got != "eid.rfa21" {
		t.Errorf("an unknown code while it runs says %s", got)
	}
	if got := (eid.Transaction{State: eid.StateFailed, Hint: "somethingNew"}).Message(false); got != "eid.rfa22" {
		t.Errorf("an unknown failure says %s", got)
	}
}
