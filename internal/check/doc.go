// Package check answers one question: may this card come in, now?
//
// Decide is pure: facts in, one decision out, the first reason that applies in
// a fixed order. What readers and the public are told comes from it and from
// nothing else. Service reads the facts from the database in one statement, so
// that an answer is true at one instant, which it carries (AsOf).
//
// Valid means: may enter and register. The last day counts. A card whose
// company is on hold keeps its state; the answer is company_suspended as long
// as the hold lasts.
//
// Machines show a key. Keys are random, shown once when made, kept as a hash,
// and can be revoked; they hold no rights but to ask.
package check
