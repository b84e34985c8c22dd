// Package endlog keeps a file beside the database that says which cards were blocked, opened again and ended, and which
// companies were held: what a restored backup must not forget. A line is on the disk before the command that it tells of is
// answered.
//
//	kortverk-ends-1 ‹id of the file› ‹mark›
//	‹card number, or company/‹id›› ‹state› ‹revision› ‹time› ‹reason or -› ‹mark›
//
// A mark is 16 hexadecimal digits of a SHA-256 over the line before it and the previous line's mark: an altered, missing or
// exchanged line breaks the chain. A backup remembers the mark that was the last when it was made; what stands behind that
// mark is what the backup doesn't know. A line ‹restored› says that the revisions after it count from a restored database.
//
// What a crash left half-written at the end was never answered, and is cut off. What a crash kept from being written at all,
// although it was committed, the program writes at its next start, before anybody can see it. A file whose chain is broken is put aside and
// a new one begun: it has another id, so a backup made before can't be mistaken for one that it completes.
//
// There are no names in the file and no personal numbers. It only grows, by about a hundred bytes per change.
package endlog
