package person

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Level is a step of the ladder: how a claimed name compares with the proven one.
type Level uint8

// The levels. Mismatch is the zero value, so that a comparison that was forgotten never passes. M3, transliterated names,
// comes with documents.
const (
	Mismatch Level = iota
	M0             // equal
	M1             // equal but for capitals
	M2             // equal but for blanks, hyphens, apostrophes and accents: noted
	M4             // same surname, and the claimed given names are some of the proven ones: noted
)

var levelNames = map[Level]string{Mismatch: "mismatch", M0: "m0", M1: "m1", M2: "m2", M4: "m4"}

// String is the form in which a level is stored.
func (l Level) String() string { return levelNames[l] }

// Matches tells whether the names count as the same.
func (l Level) Matches() bool { return l != Mismatch }

// Noted tells whether the difference is shown to the reviewer.
func (l Level) Noted() bool { return l == M2 || l == M4 }

// ParseLevel reads what String wrote; anything else is Mismatch.
func ParseLevel(s string) Level {
	for l, name := range levelNames {
		if name == s {
			return l
		}
	}
	return Mismatch
}

// Match finds the first level of the ladder that fits. å, ä, ö, æ and ø are letters, not accents: Oberg isn't Öberg.
// It compares names only; that number and birth date are equal is for the caller to see.
func Match(claimed, proven Name) Level {
	claimed, proven = claimed.unified(), proven.unified()
	if proven.Surname == "" && proven.Given == "" {
		return Mismatch
	}
	if claimed == proven {
		return M0
	}
	if fold(claimed.Given) == fold(proven.Given) && fold(claimed.Surname) == fold(proven.Surname) {
		return M1
	}
	if squeeze(claimed.Surname) != squeeze(proven.Surname) {
		return Mismatch
	}
	given := squeeze(claimed.Given)
	if given == squeeze(proven.Given) {
		return M2
	}
	if given != "" && someOf(given, strings.Fields(proven.Given)) {
		return M4
	}
	return Mismatch
}

var apostrophes = strings.NewReplacer("’", "'", "‘", "'", "`", "'", "´", "'", "ʼ", "'")

func (n Name) unified() Name {
	return Name{tidy(apostrophes.Replace(n.Given)), tidy(apostrophes.Replace(n.Surname))}
}

func fold(s string) string { return cases.Fold().String(s) }

// squeeze folds case, drops what isn't a letter, and takes accents off.
func squeeze(s string) string {
	var b strings.Builder
	for _, r := range fold(s) {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) {
			continue
		}
		switch r {
		case 'å', 'ä', 'ö', 'æ', 'ø':
			b.WriteRune(r)
		case 'ł':
			b.WriteRune('l')
		case 'đ', 'ð':
			b.WriteRune('d')
		case 'ı':
			b.WriteRune('i')
		default:
			for _, d := range norm.NFD.String(string(r)) {
				if !unicode.IsMark(d) {
					b.WriteRune(d)
				}
			}
		}
	}
	return b.String()
}

// someOf tells whether squeezed is made of some of the words, in their order: "annakarin" of Anna Karin Maria.
func someOf(squeezed string, words []string) bool {
	reached := map[int]bool{0: true}
	for _, w := range words {
		piece := squeeze(w)
		if piece == "" {
			continue
		}
		next := map[int]bool{}
		for at := range reached {
			next[at] = true
			if strings.HasPrefix(squeezed[at:], piece) {
				next[at+len(piece)] = true
			}
		}
		reached = next
	}
	return reached[len(squeezed)]
}

// Segment is a run of letters of a name that either stands in the other spelling as well or doesn't.
type Segment struct {
	Text    string
	Differs bool
}

// Diff divides a into what b has too and what it hasn't; Diff(b, a) gives the other row of a page. Capitals and the kind
// of hyphen or apostrophe are no difference. The texts of the segments make up a.
func Diff(a, b string) []Segment {
	left, right := letters(a), letters(b)
	common := commonLetters(keys(left), keys(right))
	var segments []Segment
	for i, letter := range left {
		if n := len(segments); n > 0 && segments[n-1].Differs == !common[i] {
			segments[n-1].Text += letter
			continue
		}
		segments = append(segments, Segment{letter, !common[i]})
	}
	return segments
}

// letters cuts a text into letters with their marks.
func letters(s string) []string {
	var out []string
	for _, r := range norm.NFC.String(s) {
		if unicode.IsMark(r) && len(out) > 0 {
			out[len(out)-1] += string(r)
			continue
		}
		out = append(out, string(r))
	}
	return out
}

func keys(letters []string) []string {
	out := make([]string, len(letters))
	for i, l := range letters {
		out[i] = fold(unifyHyphens(apostrophes.Replace(l)))
	}
	return out
}

// commonLetters marks the letters of a that belong to a longest common subsequence with b.
func commonLetters(a, b []string) []bool {
	length := make([][]int, len(a)+1) // length[i][j] of the longest one of a[i:] and b[j:]
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	common := make([]bool, len(a))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common[i] = true
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return common
}
