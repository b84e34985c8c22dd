// Package i18n holds all words that people read, in every language, and writes numbers, dates and money the way each
// language does.
//
// # Texts
//
// Each area (the package that owns the words) has one file per language, text/<language>/<area>.txt, embedded:
//
//	# A comment.
//	order.submit = Skicka beställningen
//	order.sent_to = {name} får ett mejl till {email}.
//	order.cards = {n, plural, one{# kort} other{# kort}}
//	order.by = {role, select, orderer{Beställaren} other{Någon annan}} ändrade den.
//	order.long = En lång text går vidare
//	  på nästa rad, som är indragen.
//
// A key has lower-case letters, digits, _ and full stops, and belongs to one file. \n is a line break; \{ \} \# and \\
// are the characters themselves. The plural forms are CLDR's (zero, one, two, few, many, other), or =0 for one number; # is
// the number. other is always needed. Texts are plain: escaping is the page's business (templ does it), so an argument
// may hold anything.
//
// [Texts.T] fills one in: t.T("order.cards", "n", 3). An argument that is a whole number is written with the language's
// thousands separator, a time as [Texts.DayTime], a date in ISO form; give t.Day(date) for "ons 25 nov". An unknown key or a missing
// argument is a mistake in the program: it panics in tests and shows the key in production.
//
// # Errors
//
// The sentence for fault code "order.not_yours" is the text "error.order.not_yours": what happened, then what to do. It
// stands in the file of the area that makes the code; error.txt has those of the foundation, people and companies.
//
// # Tests of the texts
//
// A test compares keys and placeholders of the languages, and looks through the tree for keys in use. An area whose pages
// are all written says so in its Swedish file by a line "#! complete": from then on a text that nobody uses fails the
// test. Keys that are put together at run time (t.T("order.state." + s)) are declared by "#! dynamic order.state.".
package i18n
