// Package failpoint names the moments at which a crash would hurt most, so that test/kill can end the process exactly there.
//
// Without the build tag failpoint a call is an empty function with a constant argument, of which the compiler leaves nothing,
// and [Hurry] is 1. With it
//
//	KORTVERK_FAILPOINT=job.effect:3 kortverk serve
//
// kills its own process (SIGKILL, nothing deferred, nothing flushed) when [JobEffect] is reached for the third time, and
// prints one line before. Waits that are there for people are ten times as short.
//
// A new point is a constant here, a line in the list, and a line in test/kill's table, which fails without it.
package failpoint

import "slices"

// Point is a moment in the program.
type Point string

// The points, in the order in which a card meets them.
const (
	CommitBefore Point = "db.commit_before" // everything of the transaction is written, and it isn't committed
	CommitAfter  Point = "db.commit_after"  // it is committed, and nobody has been told

	OrderSubmitted Point = "order.submitted" // an order is sent, and the orderer has no answer
	OrderReviewed  Point = "order.reviewed"  // the reviewer's decision is kept, and not answered
	OrderConfirmed Point = "order.confirmed" // the signature is used and kept, and not answered

	EIDStarted   Point = "eid.started"   // the provider has an order that we have no row for
	EIDCollected Point = "eid.collected" // the provider has given its answer, which it gives once, and it isn't kept
	EIDKept      Point = "eid.kept"      // it is kept, and nobody has used it

	JobClaimed Point = "job.claimed" // a job is held, and hasn't begun
	JobEffect  Point = "job.effect"  // its work is done, and it isn't marked done by the runner

	JournalHashed     Point = "journal.hashed"     // hashes are computed, and not written
	JournalPositioned Point = "journal.positioned" // positions are written, and readers don't know

	BatchClosed     Point = "production.closed"      // a batch is closed and its delivery ordered
	BatchDrawn      Point = "production.drawn"       // one card of a batch has its drawing
	BatchHandedOver Point = "production.handed_over" // the bureau has the order file, and its answer isn't kept
	ReceiptKept     Point = "production.receipt"     // a receipt is applied, and the bureau has no answer

	CardActivated Point = "card.activated" // a card is active and its PIN made, and nobody has seen it
	CardChanged   Point = "card.changed"   // a block, unblocking or end is kept, and not answered

	EndUnwritten Point = "endlog.unwritten" // a change is committed, and its line in ends.log isn't written
	EndUnsynced  Point = "endlog.unsynced"  // its line is written, and not synced
	EndSynced    Point = "endlog.synced"    // its line is on the disk, and nobody has been answered

	MailClaimed    Point = "notify.claimed"     // a mail is taken out of reach of its cancellation, and not handed over
	MailHandedOver Point = "notify.handed_over" // the mail server has it, and that isn't kept
)

var all = []Point{
	CommitBefore, CommitAfter, OrderSubmitted, OrderReviewed, OrderConfirmed, EIDStarted, EIDCollected, EIDKept, JobClaimed, JobEffect,
	JournalHashed, JournalPositioned, BatchClosed, BatchDrawn, BatchHandedOver, ReceiptKept, CardActivated, CardChanged,
	EndUnwritten, EndUnsynced, EndSynced, MailClaimed, MailHandedOver,
}

// Points are all of them.
func Points() []Point { return slices.Clone(all) }
