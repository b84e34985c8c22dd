package person

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/kortverk/kortverk/internal/i18n"
)

// MaxName is the longest given name or surname, in characters.
const MaxName = 100

// Name is a person's name in its two parts.
type Name struct{ Given, Surname string }

// String is the whole name.
func (n Name) String() string { return strings.TrimSpace(n.Given + " " + n.Surname) }

// Recased is [Recase] for both parts.
func (n Name) Recased() Name { return Name{recase(n.Given, false), Recase(n.Surname)} }

// CleanName tidies one part of a name: Unicode NFC, no blanks around it and single ones inside, one kind of hyphen. The
// letters stay as they were typed. Errors: person.name_missing, name_length (argument max), name_letters,
// name_characters (argument characters: what may not be in it).
func CleanName(s string) (string, error) {
	s = tidy(s)
	if s == "" {
		return "", invalid("person.name_missing")
	}
	if utf8.RuneCountInString(s) > MaxName {
		return "", invalid("person.name_length", "max", strconv.Itoa(MaxName))
	}
	if bad := strangers(s); len(bad) > 0 {
		return "", invalid("person.name_characters", "characters", strings.Join(bad, " "))
	}
	if !strings.ContainsFunc(s, unicode.IsLetter) {
		return "", invalid("person.name_letters")
	}
	return s, nil
}

// tidy is the part of cleaning that never refuses.
func tidy(s string) string {
	return strings.Join(strings.Fields(norm.NFC.String(unifyHyphens(s))), " ")
}

var hyphens = strings.NewReplacer("‐", "-", "‑", "-", "‒", "-", "–", "-", "−", "-")

func unifyHyphens(s string) string { return hyphens.Replace(s) }

// maxMarks on one letter: Vietnamese and phonetic scripts need two; more only make a page unreadable.
const maxMarks = 3

// strangers lists the characters that no name has, each once, at most five.
func strangers(s string) []string {
	var bad []string
	marks := 0
	for _, r := range s {
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		if r != utf8.RuneError && marks <= maxMarks && (unicode.IsLetter(r) || unicode.Is(unicode.M, r) || strings.ContainsRune(" -.'’", r)) {
			continue
		}
		shown := string(r)
		if !unicode.IsPrint(r) || marks > 0 {
			shown = fmt.Sprintf("U+%04X", r)
		}
		if !slices.Contains(bad, shown) && len(bad) < 5 {
			bad = append(bad, shown)
		}
	}
	return bad
}

// FoldName is the form in which names are searched, see [i18n.Fold].
func FoldName(s string) string { return i18n.Fold(s) }

// particles of surnames that are written small; "la" only behind "de".
var particles = map[string]bool{
	"af": true, "av": true, "da": true, "das": true, "de": true, "den": true, "der": true, "dos": true, "du": true,
	"ten": true, "ter": true, "van": true, "von": true, "zu": true, "zur": true,
}

// Recase writes a name from a source that knows only capitals the usual way: "ÖBERG LIND" becomes "Öberg Lind", "O'BRIEN"
// "O'Brien", "VAN DER BERG" "van der Berg". A name that has a small letter already comes back as it is. It can't know
// everything (MCDONALD becomes Mcdonald): people may write their own spelling at the order, where capitals never count.
func Recase(allCaps string) string { return recase(allCaps, true) }

func recase(s string, surname bool) string {
	if strings.ContainsFunc(s, unicode.IsLower) {
		return s
	}
	words := strings.Split(s, " ")
	for i, w := range words {
		small := strings.ToLower(w)
		behindDe := i > 0 && words[i-1] == "de" && small == "la"
		if surname && i < len(words)-1 && (particles[small] || behindDe) {
			words[i] = small
			continue
		}
		words[i] = recaseWord(small)
	}
	return strings.Join(words, " ")
}

// recaseWord capitalises the first letter, those behind a hyphen or full stop, and those behind a one-letter prefix with
// an apostrophe (O'Brien, D'Angelo, but Мар'яна).
func recaseWord(small string) string {
	runes := []rune(small)
	start := 0 // of the present piece
	for i, r := range runes {
		switch {
		case i == start && unicode.IsLetter(r):
			runes[i] = unicode.ToUpper(r)
		case r == '-' || r == '.':
			start = i + 1
		case (r == '\'' || r == '’') && i-start <= 1:
			start = i + 1
		}
	}
	return string(runes)
}
