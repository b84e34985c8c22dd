// Package e2e runs the real binary with its sandbox world and walks through it
// from outside: over HTTP as a program that knows only dev.json and the
// documented routes, and in a real browser as people do.
//
// Every journey runs on SQLite and on PostgreSQL. Browser tests leave pictures
// of every page under var/screens. What is missing on the machine (PostgreSQL,
// a browser) makes a test skip with the reason, and fail when KV_REQUIRE is
// set, as `make test` does.
package e2e
