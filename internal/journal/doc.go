// Package journal is the one log of what happened: an entry per change, written in the transaction of the change
// and never altered. It is the audit trail, every "what happened" timeline, and the feed from which webhooks,
// readers and other parts learn of changes.
//
// # Entries
//
// AppendTx writes an entry after the guarded update that it tells of, so that entries about one thing are numbered
// in order. An entry says who (Entry.By, with the company that they act for), what (a Kind such as
// "order.submitted", in the past tense, stable for ever, and the ids of the subjects), when (tx.Now), why (Reason)
// and from where (By.IP). Data holds a few short facts more. No secrets, PINs or tokens; a personal number only as a
// keyed hash.
//
// # Positions
//
// Readers of the whole log must not go by entry numbers: numbers taken in concurrent transactions become visible
// out of order, and a cursor would skip some. So a Sequencer gives positions after the commit, 1, 2, 3 … without
// gaps, in batches; Feed reads by position. Any number of sequencers may run: a lease keeps all but one idle, and
// a compare-and-set on the one head row makes a stalled old one fail. Follow reads the feed with a saved cursor.
//
// # The tree
//
// Every record is a leaf of a Merkle tree as in RFC 6962, so that checkpoints can prove that nothing was altered or removed.
// The record with position p has number p-1 in the tree; its hash is tlog.RecordHash (golang.org/x/mod/sumdb/tlog)
// of its canonical encoding, which is UTF-8:
//
//	kortverk-journal-1\n
//	{"id":…,"at":…,"kind":…,"actor_role":…,"actor_account":…,"actor_person":…,"actor_company":…,"actor_name":…,
//	"actor_session":…,"company_id":…,"person_id":…,"order_id":…,"line_id":…,"card_id":…,"batch_id":…,"reason":…,
//	"data":…,"ip":…}\n
//
// one JSON object on one line with these members in this order, as Go's encoding/json writes it without HTML
// escapes; id and at (microseconds since 1970 UTC) are numbers, all others strings, "" for none; data is the JSON
// text as stored. VerifyTree computes all of it again.
package journal
