// Package order takes a card from "we need one" to "make it".
//
// An order belongs to a company and has lines. A line is one card for one
// person, and walks alone: nobody waits because a colleague's photo was dark.
//
// # The walk
//
// The orderer fills in a draft, in any order of steps, and sends it. A reviewer
// looks at the photo and the data. The cardholder proves who they are, sees
// every field, and signs. Only then may the card be made: three people said
// yes. The states, the events and what leads where are data (state.go); the
// picture docs/states/line.svg is drawn from it.
//
// Nobody ever starts again because something was wrong. A correction makes a
// new revision of the same line and voids what it must: a new photo goes back
// to review, other data back to the cardholder. From Approved on a line is
// locked, except that production may hand it back with a reason.
//
// # Claimed and proven
//
// What an orderer types is claimed and stays on the line. What an eID vouched
// for is proven. Only proof joins: a line gets its Person when somebody who has
// proven the line's personal number looks at it, never because a number was
// typed, so that a company can't learn of people that others know. Claimed and
// proven names are compared by the ladder of package person. When they don't
// match, the cardholder or the orderer takes the proven name over; the other is
// told. A different personal number is never repaired by one press: the line
// isn't that person's (order.not_yours).
//
// # Signature
//
// SignText makes a readable text with every printed field, and hidden data: the
// line, its revision, and digests of the card's data and of the photo. Confirm
// builds both again and compares them with what was signed, so that the
// signature is about exactly the card that will be made. What of the company was
// signed stays on the line (SignedCompany), and is what production prints: the
// company may be called something else by then.
//
// # Review
//
// Nobody decides about a line that they ordered or whose card is for themselves
// (order.own_line), whichever of their roles they act in.
//
// # Writes
//
// Every change names the revision that the person saw, and is a guarded UPDATE
// with one journal entry and the mails and jobs that it causes, in one
// transaction. Of two people who press at the same time one wins, and the other
// is told what happened (order.changed, order.already_decided). Drafts are the
// exception: the last save of a step wins, and Submit compares the revision of
// the whole order with what the page showed. Proof, reminders and what the
// periodic job remembers leave the revision; the column writes counts them, so
// that a change that read the line before doesn't undo them.
//
// # Mails
//
// Mails for the orderer go to who ordered while they may order for the company,
// otherwise to its other orderers (account.OrderersTx). Corrections mail the
// cardholder at once, then at most every ten minutes, with all that is new.
//
// A reviewer may undo for 30 seconds: the mail waits that long, and goes away
// with the undo.
//
// # Time
//
// Everything here is business time. A waiting line carries the moment at which
// something is due (reminders, notice, lapse), computed when it changes, so
// that the periodic job reads one index.
//
// # Secrets
//
// Personal numbers are sealed and found by a keyed hash. Loading a line doesn't
// open them; RevealNumber does, and leaves a journal entry. The journal, mails,
// addresses and errors never hold one. Links in mails have 128 random bits and
// are stored hashed.
package order
