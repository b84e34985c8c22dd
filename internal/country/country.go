// Package country knows the countries of the world (ISO 3166-1, two letters, and Kosovo's XK, which passports use under
// another code but people live under): their names in our languages, and how their postcodes look.
package country

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Country is one entry of a list to choose from.
type Country struct {
	Code string // two capital letters
	Name string
}

const codes = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
	"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW " +
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"

// Valid tells whether the code is a country's.
func Valid(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && strings.Contains(codes+" ", code+" ")
}

// Parse reads a code, also in small letters. Error: country.unknown.
func Parse(s string) (string, error) {
	code := strings.ToUpper(strings.TrimSpace(s))
	if !Valid(code) {
		return "", fault.New(fault.Invalid, "country.unknown")
	}
	return code, nil
}

// names holds the sorted list of each language, made when first asked for: collating takes milliseconds.
var names = sync.OnceValue(func() map[i18n.Lang][]Country {
	all := map[i18n.Lang][]Country{}
	for _, l := range i18n.Languages() {
		tag := language.Make(string(l.Lang))
		regions := display.Regions(tag)
		var list []Country
		for code := range strings.FieldsSeq(codes) {
			list = append(list, Country{code, regions.Name(language.MustParseRegion(code))})
		}
		c := collate.New(tag)
		slices.SortFunc(list, func(a, b Country) int { return c.CompareString(a.Name, b.Name) })
		all[l.Lang] = list
	}
	return all
})

// All lists every country in the alphabetical order of the language.
func All(l i18n.Lang) []Country {
	return slices.Clone(names()[i18n.For(l).Lang])
}

// Name is the country's name, or the code itself when there is no such country.
func Name(l i18n.Lang, code string) string {
	for _, c := range names()[i18n.For(l).Lang] {
		if c.Code == code {
			return c.Name
		}
	}
	return code
}

// postcode is how one country's look.
type postcode struct {
	pattern *regexp.Regexp // of the code without blanks, hyphens and the country's own prefix
	layout  string         // each # takes one character
	example string
}

var postcodes = map[string]postcode{
	"SE": {regexp.MustCompile(`^[1-9]\d{4}$`), "### ##", "123 45"},
	"AX": {regexp.MustCompile(`^22\d{3}$`), "#####", "22100"},
	"DE": {regexp.MustCompile(`^\d{5}$`), "#####", "10115"},
	"DK": {regexp.MustCompile(`^\d{4}$`), "####", "1050"},
	"EE": {regexp.MustCompile(`^\d{5}$`), "#####", "10111"},
	"FI": {regexp.MustCompile(`^\d{5}$`), "#####", "00100"},
	"LT": {regexp.MustCompile(`^\d{5}$`), "LT-#####", "LT-01100"},
	"LV": {regexp.MustCompile(`^\d{4}$`), "LV-####", "LV-1050"},
	"NO": {regexp.MustCompile(`^\d{4}$`), "####", "0150"},
	"PL": {regexp.MustCompile(`^\d{5}$`), "##-###", "00-950"},
	"UA": {regexp.MustCompile(`^\d{5}$`), "#####", "01001"},
}

var otherPostcode = regexp.MustCompile(`^[A-Z0-9]([A-Z0-9 -]{0,10}[A-Z0-9])?$`)

// ParsePostcode reads a postcode and gives the country's own way of writing it. Sweden and its neighbours are checked by
// their format; elsewhere up to 12 letters and digits are taken as typed, or nothing at all, since many countries have none.
// Errors: country.postcode_missing, country.postcode_malformed (argument example), country.unknown.
func ParsePostcode(country, s string) (string, error) {
	if !Valid(country) {
		return "", fault.New(fault.Invalid, "country.unknown")
	}
	s = strings.ToUpper(strings.Join(strings.Fields(s), " "))
	form, known := postcodes[country]
	if !known {
		if s == "" || otherPostcode.MatchString(s) {
			return s, nil
		}
		return "", fault.New(fault.Invalid, "country.postcode_malformed", "example", "AB1 2CD")
	}
	if s == "" {
		return "", fault.New(fault.Invalid, "country.postcode_missing", "example", form.example)
	}
	bare := strings.NewReplacer(" ", "", "-", "", "–", "").Replace(s)
	bare = strings.TrimPrefix(bare, country)
	if !form.pattern.MatchString(bare) {
		return "", fault.New(fault.Invalid, "country.postcode_malformed", "example", form.example)
	}
	var b strings.Builder
	for _, c := range form.layout {
		if c == '#' {
			b.WriteByte(bare[0])
			bare = bare[1:]
			continue
		}
		b.WriteRune(c)
	}
	return b.String(), nil
}
