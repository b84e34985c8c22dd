// Package job does work in the background: at least once, and begun only when the transaction that asked for it
// has committed.
//
//	type Approved struct{ Line uuid.UUID }
//	func (Approved) JobKind() string { return "order.approved" }
//
//	job.EnqueueTx(ctx, tx, Approved{Line: id})                     // in the transaction of the change
//	job.Handle(runner, func(ctx context.Context, j *job.Job[Approved]) error { … })
//
// # Workers
//
// A worker may run twice for one job: its process may be killed after the effect and before the job is marked done. So
// it looks first whether its work is done already, or it calls CompleteTx in the transaction of its effect, which
// then happens exactly once. What reaches the outside (a mail, the bureau) must be idempotent there, or be
// repeated harmlessly. When the worker returns nil without CompleteTx, the runner marks the job done.
//
// An error, and a panic, is tried again after 1, 2, 4 … seconds, at most an hour, each with some jitter; after Max attempts
// the job is dead, and waits in the back office for RetryTx. Drop makes it dead at once. Later tries again without
// counting. What is kept of an error is its fault code, since texts could carry personal data; the log gets all.
//
// # Leases
//
// A running job is held by a lease of twenty seconds, renewed while its worker runs. A lease that ends (the process was killed)
// sets the job free; each run counts as an attempt, so a job that kills its process dies in the end. Completion checks
// the lease's token; a worker that was overtaken gets job.lease_lost, and its context ends.
//
// # Time
//
// When a job is due is business time (clock), as reminders and lapses are; leases are wall time.
//
// # Periodic work
//
// Every keeps one row per name, which is put back for the start of the next period when it has run: each period is run by one node,
// without a leader, and periods that were missed are run once, not once each.
//
// # Args
//
// Args are stored as JSON: ids and codes, no personal data.
package job
