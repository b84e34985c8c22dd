// Package cast is the cast of the sandbox world: made-up companies and made-up
// people, used by the simulators, by sample data, by tests and by the
// demonstration, so that the same Jonas Petraitis signs in at the eID
// simulator, stands on the order and is read at the gate.
//
// Nobody here exists. Personal numbers have the serials 238 and 239, which are
// kept for tests (their check digits are right), organisation numbers begin
// with 559999, which is not given out, e-mail addresses end in ".example", and
// telephone numbers come from the range that the Swedish authority keeps for
// fiction (070-1740605 to 070-1740699).
//
// Each person has three spellings of the name, because that is where card
// orders fail: GivenName and Surname are how the person writes it,
// OrderedGiven and OrderedSurname are how the orderer types it, BankIDGiven and
// BankIDSurname are what the eID says.
//
// Portraits are drawn, in the flat manner of the printed material, and are the
// same bytes each time:
//
//	p, _ := cast.ByID("jonas")
//	jpeg := p.Portrait() // 900 × 1230, a photo that passes
//	dark := p.DarkPortrait()
//
// The package depends on nothing else in the module, so that anything may use it.
package cast
