// Package nodes runs several nodes on one PostgreSQL and takes away what they
// stand on: a node in the middle of its work, or the database's primary under
// write load. The database is the one that test/upgrade keeps, so that there are
// people and cards from the first moment.
//
// TestFailover has servers of its own, a primary and a standby that replicates
// synchronously, everything durable, behind a proxy that plays the virtual
// address. `make failover` does it twenty times (KV_FAILOVERS says how often).
package nodes
