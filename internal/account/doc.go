// Package account is how people sign in and what they may do.
//
// An account belongs to one person, and a person has at most one: the first
// completed identification makes it, every later one finds it by the proven
// personal number. Nobody is found by an e-mail address or a typed number.
//
// A session is a row and a cookie. The cookie's value is 32 random bytes; the
// row holds only its hash. A session ends after [IdleLimit] without use, at
// [AbsoluteLimit] after sign-in, when it is ended by its owner, or when the
// owner signs out everywhere. A fresh identification ([Service.Refresh])
// changes the cookie's value, so that a stolen one is of no use afterwards.
// Sessions count in wall time.
//
// A grant lets a person act: as orderer for a company, or as one of the
// scheme's staff (reviewer, production, officer). Grants are read with the
// session at every request, so a removed grant is gone at once. They are given
// through an invitation to a named person: the link has 128 random bits, lives
// [InviteLimit], is stored hashed, and can be accepted only by a person whose
// proven name matches the invitation. Each grant, removal, sign-in and ended session is in
// the journal.
package account
