// Package interleave runs pairs of commands on one line, card, batch, company, invitation or identification, the one stopped
// between its statements while the other goes through.
//
// A scene is a state, reached as people reach it, and the commands that anybody could give in it. For every ordered pair,
// the first is stopped before each of its statements in turn (db.Options.Before) until the second has ended, or waits for a
// row that the first has locked, which PostgreSQL tells; then both go on to their ends. On SQLite, where one writes at a
// time, the first is stopped before each of its transactions and once inside, so that both share a group commit.
//
// What is left (states, revisions, journal, mails, jobs, pictures) and what the two are told must be what one order of
// the two gives, or what one of them alone gives while the other hears that it came too late. What one order gives is
// held against the tables of states for lines and cards (model, life), and the words for who came too late against
// testdata. Nobody may hear of a deadlock.
//
// Between two runs the tables that the runs wrote to are put back, so a thousand pairs need one company.
//
// Stops that can't matter, since the statement passed touches nothing that the other command writes to, are left out unless
// KV_INTERLEAVE=all; TestMain says what else that can be.
package interleave
