package artwork

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// textRight is where text beside the photo must end, textLeft where it begins.
const (
	textLeft  = 336.0
	textRight = 812.0
	textWidth = textRight - textLeft
)

// line is a text that has been given a size.
type line struct {
	s       string
	size, y float64
	tight   float64 // space between letters
	face    face
}

// tightness keeps large letters together, as a part of their size.
const tightness = -0.019

func (f face) lineOf(s string, size float64) (line, bool) {
	l := line{s: s, size: size, tight: tightness * size, face: f}
	return l, f.width(s, size, l.tight) <= textWidth
}

// shrink finds the first size at which the text fits.
func (f face) shrink(s string, sizes ...float64) (line, bool) {
	var l line
	for _, size := range sizes {
		var ok bool
		if l, ok = f.lineOf(s, size); ok {
			return l, true
		}
	}
	return l, false
}

// squeeze makes a text as small as it must be. It is for the screen only, where a
// name that can't be printed must still be seen whole.
func (f face) squeeze(s string, size float64) line {
	l, ok := f.lineOf(s, size)
	for !ok && l.size > 4 {
		l, ok = f.lineOf(s, l.size*0.95)
	}
	return l
}

// longest is how many letters of one text are set. Nobody has a longer name, and setting one is work that grows faster
// than the text: a form that is sent with a book in it must cost nothing.
const longest = 120

// clip is the part of a text that is set. What no drawing may hold is left out.
func clip(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
	n := 0
	for i := range s {
		if n == longest {
			return s[:i]
		}
		n++
	}
	return s
}

// Fits tells whether the name can be printed large enough to be read.
func Fits(given, surname string) bool {
	if clip(given) != given || clip(surname) != surname {
		return false
	}
	_, a := surnameLines(surname)
	_, b := givenLine(given, 34)
	return a && b
}

// surnameLines sets the family name: one line, or two at the smallest size.
func surnameLines(s string) ([]line, bool) {
	if l, ok := bold.shrink(s, 52, 44, 36); ok {
		return []line{l}, true
	}
	if a, b, ok := halves(s); ok {
		la, fa := bold.lineOf(a, 36)
		lb, fb := bold.lineOf(b, 36)
		if fa && fb {
			return []line{la, lb}, true
		}
	}
	return []line{bold.squeeze(s, 36)}, false
}

// halves breaks a name at the hyphen or space that gives the shortest longer part.
func halves(s string) (a, b string, ok bool) {
	best := -1.0
	for i, r := range s {
		if r != ' ' && r != '-' && r != '‐' {
			continue
		}
		end := i
		if r != ' ' {
			end = i + utf8.RuneLen(r) // the hyphen stays in the first line
		}
		x, y := s[:end], s[i+utf8.RuneLen(r):]
		w := max(bold.width(x, 36, tightness*36), bold.width(y, 36, tightness*36))
		if best < 0 || w < best {
			best, a, b, ok = w, x, y, true
		}
	}
	return a, b, ok
}

// givenLine sets the given names in one line no larger than most: smaller, then
// with initials for all but the first.
func givenLine(s string, most float64) (line, bool) {
	for _, form := range []string{s, initials(s)} {
		if l, ok := regular.shrink(form, min(46, most), min(40, most), min(34, most)); ok {
			return l, true
		}
	}
	return regular.squeeze(s, min(34, most)), false
}

// initials keeps the first given name and shortens the others: "Anna K. S.".
func initials(s string) string {
	parts := strings.Fields(s)
	for i := 1; i < len(parts); i++ {
		r, _ := utf8.DecodeRuneInString(parts[i])
		parts[i] = string(r) + "."
	}
	return strings.Join(parts, " ")
}

// nameLines places family and given names between the header and the company.
func nameLines(c Card) []line {
	sur, _ := surnameLines(c.Surname)
	given, _ := givenLine(c.GivenName, max(34, 0.91*sur[0].size))
	if len(sur) == 2 {
		sur[0].y, sur[1].y, given.y = 142, 182, 226
	} else {
		sur[0].y = 150 + 16*min(1, sur[0].size/52)
		given.y = sur[0].y + 8 + given.size
	}
	return append(sur, given)
}

// companyLines sets the company's name in one line, or two smaller ones.
func companyLines(name string) []line {
	if l, ok := semibold.shrink(name, 29, 25, 22); ok {
		l.y = 284
		return []line{l}
	}
	words := strings.Fields(name)
	for n := len(words) - 1; n > 0; n-- {
		a, fa := semibold.lineOf(strings.Join(words[:n], " "), 22)
		b, fb := semibold.lineOf(strings.Join(words[n:], " "), 22)
		if fa && fb {
			a.y, b.y = 266, 292
			return []line{a, b}
		}
	}
	l := semibold.squeeze(name, 22)
	l.y = 284
	return []line{l}
}
