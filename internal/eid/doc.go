// Package eid lets a person identify themselves or sign a text with an electronic identity.
//
// The package knows no provider. A provider (BankID, another eID) is an adapter that implements
// Provider; everything that must be right for every provider lives here:
//
//   - One row per transaction. Start asks the provider for an order outside any database
//     transaction and stores what came back; the tokens and the text are sealed.
//   - One collector. A provider gives its final answer once, so only the node that holds the
//     row's lease asks for it, every two seconds, and stores the whole answer as received in the
//     same database transaction that makes the row Complete or Failed. Pages only read the row.
//   - An answer that was lost between the provider and the database makes the row Unresolved: the
//     person is asked to sign or identify once more. Nothing is ever guessed.
//   - An answer counts only when it is about what was asked: purpose, visible text, hidden data
//     and required person are compared with the request, not only the signature.
//   - A complete transaction is used exactly once, by the browser that started it and for the
//     subject it was started for: TakeTx runs in the transaction of the effect.
//
// # States
//
//	pending ──► complete ──► used
//	   │  ▲
//	   │  └── RetryQR (after startFailed, at most five times)
//	   ├────► failed       the person, the provider or a check said no; Hint says which
//	   └────► unresolved   the answer was lost
//
// # A page's part
//
// A face calls Start with the browser's own secret cookie, shows QR (new content every second)
// and AppLink, reads Find until the state is no longer pending, and then hands the id to the use
// case that calls TakeTx. When the eID app returns a person to ReturnURL, the address carries
// "transaction" and "nonce"; Returned checks them together with the browser.
//
// Times here are wall time: leases, QR content and the age of an answer are about machines that
// don't follow a deployment's business clock. Assertion.At is the provider's own time.
package eid
