// Package restore makes backups of the running binary while people work with
// it, loses the machine, and comes back from them.
package restore
