// Package orderportal is what a company sees: its cards, its orders, and the
// form that orders new ones.
//
// All pages stand under /o/{company} and need the right of an orderer of that
// company. Whatever belongs to another company is not there (404), the same as
// something that never was.
//
// # The order form
//
// One question a page: who, card, photo, delivery, and a page to look it all
// over. A page saves what was typed, right or wrong, before it says what to
// correct, so a closed browser loses one page at most. Its address holds the
// line; other people of the same order are beside it, and a page that was
// opened from the overview leads back there (?to=review).
//
// The picture of the card is drawn by package artwork from what is saved; where
// script runs, the form's values are posted to …/preview while somebody types.
//
// # After it was sent
//
// An order has lines, and each line walks alone. The page of a line says who
// must act, shows the difference between what was ordered and what was proven,
// and offers what is possible now. A new photo for a line that was sent is
// looked at and cut before it takes the place of the old one: until then it is
// part of the form, not of the line.
//
// # Cards
//
// "Kort" is the page that the scheme's other texts call Handle cards or Card
// Management: one list of cards and of lines that will become cards. Searches
// are posted, because a personal number may be what is searched for.
package orderportal
