// Package dataset fills a database with a country's worth of cards for measurements: by default a million cards of 800,000
// people at 20,000 companies, their orders, lines, batches, pictures and a journal.
//
//	set, err := dataset.Ensure(ctx, dataset.Options{Folder: "var/bench", Cards: 1_000_000}, dataset.SQLite, log)
//
// The rows go straight into the tables, since the use cases would take hours. What the product would have made is
// nevertheless what lies there: personal numbers, PINs and pictures are sealed with a real key file, hashes are keyed,
// the journal has its positions and its tree, and `kortverk audit` finds nothing wrong. A test holds a small set to that.
// Of a set with more than FullHistory cards only every tenth order has its journal and its receipts, so that a million
// cards come with a million entries; audit then says so for the others.
//
// One seed gives one set: ids, names, times and sizes are the same each time (what is sealed isn't: keys and nonces are
// random). Personal numbers are from the series that are never given to anybody, which is why some of these people were
// born in 1900. Companies have Zipf's sizes, the largest a tenth of all cards; names have Zipf's frequencies.
//
// A set is kept in its folder under number of cards and seed, and used again; migrations bring it up to date. What measurements change in
// it (a block and its lifting, sessions) stays; remove the folder to begin afresh.
package dataset
