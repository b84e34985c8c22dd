// Package model proves what the state tables promise, in two ways.
//
// The exhaustive checker walks every state that a small world can come into: a person's line, its card, the order of a
// replacement and that card, the batch items, the bureau, the company's hold, passing days, and two commands that
// are each between reading and writing, while the process may die at any moment. It decides with the product's own
// tables and functions, and asks in each state whether the invariants hold, and whether a quiet end can still be
// reached. What it finds is told as the shortest history that leads there. Planted faults show that it finds them.
//
// The random walk drives the real services on SQLite and PostgreSQL, side by side, with the same commands, and
// compares both with a small model that is written in its own words and knows nothing of the product's tables.
//
// The checker is bounded: two lines, two items each, two mishaps at the bureau, two commands at once.
package model
