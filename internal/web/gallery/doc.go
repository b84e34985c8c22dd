// Package gallery shows every component in every state, and every layout, on pages of
// its own under /gallery. It is part of `kortverk dev` only: for looking at, in both
// languages, in light and dark, and for the tests that look at all components at once.
//
// Its own words are examples, not texts of the product, so they stand here and not in the catalogue.
package gallery
