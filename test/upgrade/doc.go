// Package upgrade brings databases of earlier releases to this version and uses
// them.
//
// testdata/schemaN is the database of the last release with schema N: a SQLite
// file and a dump of PostgreSQL, each with its sealing keys (of people who
// don't exist) and facts.json, which says what that release answered about it.
// Such a database can't be made later. Before the first migration after a
// release, while the release is still what is built:
//
//	make keep-release NAME=schema10
//
// makes it. Kept ones are never changed.
package upgrade
