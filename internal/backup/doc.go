// Package backup copies a live SQLite database into one file that proves itself, and brings it back.
//
// # The file
//
//	kortverk-backup-1\n
//	{"schema":8,"made_at":"…","database_size":…,"database_sha256":"…",…}\n
//	the database: a SQLite file of database_size bytes
//	\nsha256 ‹64 hexadecimal digits›\n
//
// The second line is a [Manifest], JSON on one line. The last line is the SHA-256 of everything before it, so a flipped
// bit, a missing end and something appended are all found, wherever they are. A file that begins otherwise is not a backup,
// or one of another format. With standard tools: `head -c -73 FILE | sha256sum` gives the digest of the last line, and
// `tail -n +3 FILE | head -c ‹database_size›` is the database.
//
// # Making one
//
// [Write] takes a snapshot (VACUUM INTO, on a connection of its own, while others read and write), puts it between manifest
// and digest in a temporary file beside the target, syncs it and renames it: under its name, a backup is whole or isn't
// there. It needs twice the room of the database for a moment. It is one consistent state: of the moment when it began to
// copy.
//
// Pictures are in the database and so in the backup. What was sealed stays sealed: the keys are not in it. The manifest
// names the key file that is needed, and has a word sealed with its newest key, so that restoring can tell the right file
// from an old copy of it. Names and addresses are readable: keep backups as safe as the database.
//
// # Bringing one back
//
// [Restore] reads the whole file and its digest before it writes anything; then it copies the database, has SQLite check it,
// and renames it into place. It only fills an empty folder: nothing is ever overwritten.
package backup
