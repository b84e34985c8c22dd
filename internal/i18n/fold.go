package i18n

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// letters that Unicode doesn't take apart into a base letter and a mark.
var baseLetters = map[rune]string{
	'ł': "l", 'đ': "d", 'ð': "d", 'ø': "o", 'æ': "ae", 'œ': "oe", 'ß': "ss", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŧ': "t", 'ŋ': "n", 'ĸ': "k", 'ſ': "s",
}

// Fold is the form in which words are searched: lower case, without accents (å, ä and ö become a and o, ł becomes l),
// apostrophes left out, everything else but letters and digits one blank. Both the column and what is typed are folded,
// so that "lukasz" finds Łukasz, "obrien" O'Brien and "anna karin" Anna-Karin. The result has no wildcards of LIKE.
func Fold(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		r = unicode.ToLower(r)
		switch {
		case unicode.Is(unicode.Mn, r), strings.ContainsRune("'’‘`´ʼ", r):
			continue
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			blank = true
			continue
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		if base, ok := baseLetters[r]; ok {
			b.WriteString(base)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
