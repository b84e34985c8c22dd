// Package notify sends the mails that orderers and cardholders get.
//
// A use case that has something to tell calls [EnqueueTx] in its own
// transaction: a row in the table mail and a job, so a mail exists if and only
// if the change that it tells about does. The job renders the template in the
// recipient's language, with English under it when that language isn't
// English, and hands the [Message] to a [Sender] (integration/smtp).
//
// # What a mail is
//
// One task, one button, and a line that says why it came. The templates are
// listed in templates.go with the data that each needs; a missing or unknown
// key is refused by EnqueueTx, so a wrong call fails in its own test and not
// in somebody's inbox. Texts about money come from the caller, made from the
// fee schedule in force. No PIN and no personal number ever stands in a mail.
//
// # States
//
//	waiting ──► sending ──► sent
//	   │  ▲        ├──────► refused     the mail server said no for good (5xx)
//	   │  └────────┘                    it can't take it now: again, later
//	   └──► cancelled                   CancelTx came first
//
// Each step is a guarded UPDATE, so that a cancellation and the sending job
// can't both win. A mail that may have gone out although the answer was lost
// is sent again with the same Message-ID; mail programs show it once.
//
// # Privacy
//
// Address, name and data are sealed (internal/seal): data hold links whose
// tokens are stored only as hashes elsewhere. Data is erased when a mail was
// sent or cancelled. A refused mail keeps it for [Keep], so that it can be
// sent again to a corrected address ([ResendTx]).
package notify
