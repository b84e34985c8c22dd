// Package spell makes codes that people read aloud and write down: order numbers, the number of an error page.
package spell

import "crypto/rand"

// Letters look and sound like nothing else among them: no 0 and O, no 1, I and L, no U.
const Letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"

// Code is n random ones. It is no secret: who needs one takes a token.
func Code(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = Letters[int(b[i])%len(Letters)]
	}
	return string(b)
}
