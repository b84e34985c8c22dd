// Package hostile sends what an enemy, a broken program or an odd camera sends: files, texts and requests; and afterwards
// looks for what must be nowhere. It runs the real binary and knows it from outside.
//
// What is attacked is not listed here but found, so that what is new joins by itself:
//
//   - routes, and who may use them, from the table of the authorisation walk (internal/app/authz_test.go), which fails when
//     it isn't the router's
//   - text fields, by walking the pages as each role
//   - places where something could lie about, by reading all logs, mails, metrics, messages to neighbours, rows and files
//
// What is expected is data in the tests. KV_HOSTILE_LONG=1 tries every text alone in every field, on both engines.
package hostile
