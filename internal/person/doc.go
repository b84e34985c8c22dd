// Package person knows people: the numbers by which the state knows them, their names and how two spellings of one name
// compare, and the one row that each proven human has.
//
// # Who becomes a person
//
// What an employer types about somebody is a claim and stays on the order line. Only proof makes or finds a person:
// [JoinTx] takes what an eID said and gives the one person of that personal number. Companies thus never learn of each
// other's people, and a typing mistake never joins two.
//
// # Numbers
//
// A [PersonalNumber] is twelve digits and is never printed by accident: its String is masked. In the database it stands
// sealed, with a keyed hash ([HashNumber]) to find it. A coordination number (day of birth raised by 60) is a type of its
// own, since a Swedish eID needs a personal number.
//
// # Names
//
// Names are kept as they were written ([CleanName] only tidies blanks) and compared by a ladder ([Match]): the first level
// that fits tells how far the claimed name is from the proven one. Banks store names in capitals and know different
// numbers of given names, so equality of bytes isn't asked for. M3 of the ladder, transliterated names from passports,
// comes with documents.
package person
