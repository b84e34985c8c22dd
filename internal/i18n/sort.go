package i18n

import (
	"encoding/hex"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// SortKey is a column that sorts names in the Swedish alphabet (… z, å, ä, ö), whatever order the database knows. Its
// hexadecimal digits compare the same in every collation.
func SortKey(s string) string {
	var buf collate.Buffer
	return hex.EncodeToString(collate.New(language.Swedish, collate.IgnoreCase).KeyFromString(&buf, s))
}
