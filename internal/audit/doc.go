// Package audit reads a whole database again and says what can't be: a checker with its own SQL and its own rules, so
// that a mistake in a capability isn't repeated here. It shares only internal/db with the rest, never writes, and may run
// beside a serving process; everything is read from one snapshot.
//
// # What is looked at
//
//   - journal: every entry has a position or waits for one, positions have no gaps, and the tree's hashes, all computed
//     again from the entries, are those that are stored.
//   - card: its state is what its journal entries lead to, one entry for each change and none missing; at most one is
//     active or blocked per person, company and type, and what is older has ended; the PIN is there from activation to the
//     end; line, batch item, number and photo belong to it.
//   - number: well formed with its check digit, reserved once, for one item, and on one card.
//   - line: its state is what its journal entries lead to; what is in production has one item, what is approved has a job
//     or a notice; signature and pictures exist.
//   - batch, item, receipt: lines in the order file are those produced, failed and outstanding; every step of an item has
//     its one receipt and its one journal entry; a remade item has its successor.
//   - company: a hold is explained by the journal.
//   - mail, job: none without the other, none about something that doesn't exist.
//   - database: SQLite's own check of its file. PostgreSQL's is pg_amcheck.
//
// Rules are data where one query finds the offenders ([rule]); what follows a history is Go.
//
// # Findings
//
// A [Finding] has a stable code, the id of its subject, what is wrong, and where to look. It never holds a name, a
// personal number or a secret. A rule stops after a hundred findings and counts the rest.
package audit
