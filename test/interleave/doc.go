// Package interleave runs pairs of commands on one line, card, batch or company in every way in which the statements of one
// can lie around the other.
package interleave
