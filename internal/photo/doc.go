// Package photo takes portraits in, says in words what could be better about
// them, and cuts them to the shape of the card.
//
//	pic, err := photo.Accept(ctx, file, size)   // what was uploaded
//	cut, err := photo.Cut(ctx, pic.JPEG, photo.Crop{Zoom: 2})
//
// # What is refused
//
// Only what can't become a card: neither JPEG nor PNG (by content, names are not
// looked at), over 5 MB, over 40 megapixels or a side over 8000, smaller than
// 300 × 410, a strip, or not to be decoded. Everything else is advice: a Check with Level
// Advice and words for what to do. The person who ordered reads it at once; the
// reviewer, who decides, sees the same.
//
// # What happens to a picture
//
// The header is read before anything is decoded, so that a small file can't ask
// for a large memory, or, by many layers, for long work. What decoding needs is
// told from the kind of file: a progressive or interlaced picture takes several
// times its pixels. At most two pictures are decoded at a time, a large one
// counts as both, and one that needs more than both is refused. It is brought down by whole numbers with a box, band by band,
// finished with a good filter, turned as EXIF says, and written again as a JPEG of
// at most 1200 × 1640: no metadata, no position, no trailing bytes of the original
// survive.
//
// # The verdict
//
// Measured on the part that the card will show, brought to the size of print
// (300 × 410), so that a number means the same for every camera:
//
//   - size: pixels in the part of the original that is shown
//   - light: how much of the picture is near black or near white
//   - sharpness: variance of the Laplacian over the face, against its contrast
//   - evenness: light on the left against the right half of the face
//   - background: lightness and calm of the two upper corners
//   - shape: whether cutting to the card's shape takes much away
//
// The thresholds are in verdict.go; their test shows what good, blurred, dark,
// bright, shadowed portraits measure.
//
// # The same picture again
//
// Hash is a perceptual hash (64 bits): Alike tells whether two pictures are the
// same one, however scaled or compressed. It is a hint for a reviewer.
package photo
