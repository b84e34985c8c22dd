// Package world is the sandbox around the product: BankID with the phones of a
// made-up cast, the inbox that mails arrive in, the bureau that prints the
// cards, a reader to hold a card to, and the clock.
//
// The product reaches each of them over its real protocol and port, as it
// would the real one; nothing here is called by the product in process, and
// nothing here looks into the product's database. `kortverk dev` runs the
// world and the product in one process, `kortverk world` runs the world alone
// beside a `kortverk serve` that has KORTVERK_SANDBOX=1.
//
// # Pages
//
// The start page shows the cast, the portals and the journey as a checklist.
// The list ticks itself from what the world sees from outside: the mails that
// arrive, the signatures that the phones give, the order files that the bureau
// gets, the answers that the reader is given.
//
// # For programs
//
// dev.json names every address, port, person and key of the world; docs/dev-json.md
// is its schema. A program signs in through POST /program/signin, which walks
// the pages and the eID protocol as a person's browser and phone would, and
// answers the cookies. Browsers keep `Secure` cookies on loopback; most HTTP
// clients don't, which is why a program needs this.
package world
