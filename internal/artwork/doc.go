// Package artwork draws the card: on screens, and for the bureau that prints it.
//
//	front := artwork.Front(card)
//	html := front.SVG(artwork.SVGOptions{Class: "kv-card", PhotoURL: "/photo/…"})
//	pdf, err := artwork.PDF(card) // two pages: front, back
//
// # One model, two back ends
//
// Front and Back compose a Drawing: rectangles, paths, runs of text, pictures, in
// tenths of a millimetre on a field of 856 × 540 (ISO/IEC 7810 ID-1 is 85.60 ×
// 53.98 mm). The SVG and the PDF are made from that one list, so that what a
// person approves on the screen is what is printed; a test reads both and compares
// each text's place. Whatever is new on the card is added to front.go or back.go
// and to nothing else.
//
// Text stays text in both: it can be searched, read aloud and copied. The SVG
// carries no style attribute and no style element (the content policy of pages
// forbids them), and its ids begin with a prefix made from the card, so that many
// cards may stand on one page.
//
// # Names
//
// A name shrinks before it breaks, breaks before it is abbreviated, and a family
// name is never cut: 52, 44, 36, then two lines at a hyphen or a space. Given
// names are 46, 40, 34, then the middle ones become initials. Fits tells before an
// order is sent whether that was enough; if not, the drawing still shows the whole
// name, smaller than it may be printed, and the orderer is asked for a short form.
// Unprintable tells which letters no font has.
//
// # Fonts
//
// Onest, and JetBrains Mono for numbers, are embedded as subsets into the PDF;
// letters that Onest lacks come from Noto Sans. All three have the SIL Open Font
// License, beside them in fonts/. gopdf places glyphs by their advance without
// kerning, and so are widths measured here.
//
// # Colours
//
// Everything follows one hue, the issuer's (Card.Hue); lightness is fixed, so that
// the contrast is right for any hue. A card that is blocked or ended is grey on
// screens and says so in a word.
package artwork
