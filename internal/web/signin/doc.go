// Package signin is where an eID is asked for: to sign in, to identify again
// before something delicate, and to sign.
//
// A face starts an eID transaction with [Flow.Begin] and is done: the visitor is led
// to /eid/{id}, which shows the way into the app, the moving QR code, and what
// the app says. When the transaction is complete, that page calls the
// [Finisher] that the transaction's subject belongs to and leads on. The
// subject begins with the finisher's name and a colon, so that the page knows
// what a transaction was for without a table of its own, and so that an
// identification made for one thing can't be used for another.
//
// Finishing happens on a GET, as with any return from an identity provider. It
// is safe from other sites: the transaction is bound to the browser's secret
// cookie, it can be used once, and only for what it was started for.
package signin
