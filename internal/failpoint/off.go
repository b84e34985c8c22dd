//go:build !failpoint

package failpoint

// Hurry divides the waits of undoing and of leases in test programs.
const Hurry = 1

// Here says that the program is at a point.
func Here(Point) {}

// After is Here when what comes before it went well.
func After(error, Point) {}
