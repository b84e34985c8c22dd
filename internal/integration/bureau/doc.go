// Package bureau speaks to the firm that prints, codes and posts the cards.
// The protocol, with units, formats and errors, is docs/api/bureau.md.
//
// [Client] is production's [production.Bureau]: it packs an order file, signs
// it and hands it over. [Receipts] is the HTTP handler for what comes back: it
// verifies the bureau's signature over the bytes as they came, refuses a
// malformed call as a whole, and gives the rest to production.
//
// [Pack], [Unpack], [Sign] and [Keys.Verify] are the wire format; the
// simulator in bureausim uses the same ones from the other side.
//
// Signatures are judged by the wall clock, never by the clock of a sandbox:
// they are about two machines that talk now.
package bureau
