// Package readerapi is the interface that card readers and other machines ask:
//
//	GET /reader/v1/cards/{number}
//	Authorization: Bearer <reader key>
//
// docs/api/reader.md is its description. An answer about a card is always 200,
// whatever the card's state; other statuses are about the question: 401 wrong
// key, 422 malformed number, 429 too often, as application/problem+json.
package readerapi
