// Package bureausim is the order bureau of the sandbox's world: it takes order
// files over the real protocol (docs/api/bureau.md), verifies them as a bureau
// would, "prints" the cards onto its pages, and sends signed receipts.
//
// Cards go on by themselves (produced after three seconds, dispatched after
// six) unless the knob automatic is off; then the buttons do it. Other knobs
// and buttons make it the bureau of bad days: rejects, lost receipts, receipts
// twice or in the wrong order, forged ones, half a file. The JSON interface
// under /_sim/ is described in docs/api/bureau.md.
//
// A receipt's time runs from the order file's: the clock of a sandbox may be
// ahead of this machine's.
package bureausim
