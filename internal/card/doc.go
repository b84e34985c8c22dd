// Package card holds the cards that exist: their numbers, their life, their
// PIN, and what each change means.
//
// # Life
//
// A card begins when the order bureau says that it made one (IssueTx, called
// by production). It is then produced; its cardholder activates it, with the
// card in the hand; its company, or the cardholder, can block it; the company
// can open it again or terminate it. The transitions are data (state.go) and
// the picture of them, docs/states/card.md, is made from that data.
//
//	produced ── activate ──▶ active ── block ──▶ blocked
//	    │                      │  ◀── unblock ──   │
//	    └────── terminate ─────┴──── terminate ────┘ ──▶ terminated
//
// Only an active card can be blocked; a produced one can only be terminated.
// Two things are derived and never stored: expired, from the last day (which
// counts), and paused, from the company's hold. Nothing can be done with an
// expired card.
//
// Every change names the revision that the person saw and is a guarded UPDATE,
// so of two people who press at the same time one wins and the other is told
// (card.changed). Each writes one journal entry and the mails it causes in the
// same transaction.
//
// # Who may
//
// The cardholder: activate, show the PIN, block the own card. The orderers of
// its company: block, unblock, terminate. A scheme officer: the same as the
// company. Unblocking is the company's also for cards that the cardholder
// blocked: whoever found the phone of a cardholder must not be able to open a
// card that was reported stolen. Somebody else's card is NotFound, the same as
// one that doesn't exist.
//
// # Activation and PIN
//
// Activation needs an identification at most five minutes old and the last six
// digits of the number, which the page doesn't show. The PIN is made then: four
// digits from a cryptographic source, without the series, years, and digits of
// the card or the birthday that people guess first. It is kept sealed, bound to
// the card number and the activation, because it is shown again on request; a
// keyed check value lies beside it so that a reader's question never opens it.
// It ends with the card. Every showing is in the journal and told by mail; the
// PIN itself is in neither.
//
// Wrong digits and wrong numbers are counted in a transaction of their own
// before the comparison's result is used: five lock for fifteen minutes of wall
// time, also when forty come at once.
//
// A new active card ends the older ones of the same person, company and type in
// the same transaction.
//
// # Numbers
//
// Two letters of the deployment, nine random digits and a Luhn digit. A number
// is reserved when a line enters a batch, kept for ever in card_number, and
// never used again; a card that is made again gets another.
//
// # Money
//
// What a change does to the yearly fee comes from the dated fee schedule in
// force (fee.go). Texts about cost are made from it.
package card
