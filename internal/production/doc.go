// Package production gets approved lines made by the order bureau, each once.
//
// # The way of a card
//
// When a cardholder has approved, order enqueues order.Approved. The job looks
// whether everything is there that the bureau needs, reserves a number, and
// puts an item into the open batch. A batch closes by itself, after some time or
// when it is full, and is delivered by a job: order file, artwork and photos,
// built outside any transaction from what the items hold. Artwork is built once
// and kept until the batch is done, so a delivery that is repeated carries the
// same bytes, which is what the bureau's idempotency compares.
//
// # Receipts
//
// A line that can't be made (a name that can't be printed, a validity that has
// passed) waits as a notice: production rechecks it, or gives it back to its
// orderer (ReturnIncomplete). Printed is what was signed.
//
// The bureau answers per card, when it likes, in any order, more than once, or
// never. Receive takes each receipt in a transaction of its own:
//
//   - A receipt's id is taken once. The same id with the same content is
//     repeated, with other content refused.
//   - produced makes the card (package card), and moves the line.
//   - dispatched before produced is kept, and applied when produced arrives.
//   - failed depends on the code: remade under a new number at most twice, then
//     a supervisor decides; or back to the orderer, when the photo or the data
//     are the cause.
//   - What doesn't fit (an unknown card, another chip, produced after failed) is
//     refused and noted for production. What was refused before it was a receipt
//     (a forged signature, half a file) is noted as well: RefusedMessage.
//   - When nothing comes, the bureau is asked.
//
// A batch's row is locked before its items', so receipts of one batch wait for
// each other and the last one closes it.
//
// # Invariant
//
// Order file = produced + failed + outstanding, for each batch, always.
package production
