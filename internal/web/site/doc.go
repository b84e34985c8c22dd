// Package site is the public face: the front page, the card check that the QR
// code on every card leads to, and the pages about found cards, privacy and
// accessibility.
//
// The check tells anybody whether a card is active, and nothing else: neither
// the holder nor the company nor why. What is told is the same for a card that
// was never made as for one that is blocked, so that numbers can't be tried out.
package site
