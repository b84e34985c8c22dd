// Package smtpsim is the mailbox of the sandbox's world: a real SMTP server
// that keeps what it gets, pages to read it, and a JSON interface for tests.
//
// It delivers nothing anywhere. The knobs make it behave like mail servers on
// a bad day: an address that doesn't exist (550), "not now" (451), slowness, a
// message that arrives twice, and an answer that gets lost after the message
// was taken.
//
//	GET    /_sim/mails?to=a@b.se&since=12&wait_ms=5000   newest last; waits for one when there is none
//	GET    /_sim/mails/{id}
//	DELETE /_sim/mails[?to=a@b.se]
//	GET    /_sim/knobs
//	PUT    /_sim/knobs      {"refuse":["x@y.se"],"temporary":2,"slow_ms":500,"duplicate":true,"lose_answer":1}
//
// A mail in JSON: id, from, to, subject, message_id, at, text, html, links.
package smtpsim
