package order

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/kortverk/kortverk/internal/artwork"
	"github.com/kortverk/kortverk/internal/clock"
	"github.com/kortverk/kortverk/internal/fault"
	"github.com/kortverk/kortverk/internal/i18n"
	"github.com/kortverk/kortverk/internal/person"
)

// Purposes of sealed values; the id is the line's.
const (
	purposeNumber = "line.personal_number"
	purposeTyped  = "line.typed"
)

// checked is what became of a Who: the fields that are right, and what is wrong with the others.
type checked struct {
	claimed      Claimed
	shortGiven   string
	shortSurname string
	number       person.PersonalNumber
	errs         fault.Errors
}

func (c *checked) wrong(field string, err error) {
	if e, ok := fault.As(err); ok {
		c.errs = append(c.errs, e.On(field))
	}
}

// longestTyped is what is kept of a field: more than any right value has, so that the answer stays the same, and little
// enough that a draft with fifty people stays small.
const longestTyped = 300

// cut is w without what is too long for its field by far.
func (w Who) cut() Who {
	for _, s := range []*string{
		&w.GivenName, &w.Surname, &w.ShortGiven, &w.ShortSurname, &w.BirthDate, &w.Nationality,
		&w.PersonalNumber, &w.Email, &w.Phone, &w.Lang,
	} {
		if runes := []rune(*s); len(runes) > longestTyped {
			*s = string(runes[:longestTyped])
		}
	}
	return w
}

// check reads what was typed about a person.
func (s *Service) check(w Who, today clock.Date) checked {
	w = w.cut()
	var c checked
	var err error
	if c.claimed.GivenName, err = person.CleanName(w.GivenName); err != nil {
		c.wrong("given_name", err)
	}
	if c.claimed.Surname, err = person.CleanName(w.Surname); err != nil {
		c.wrong("surname", err)
	}
	c.checkPrint(w)
	if c.claimed.Nationality, err = person.ParseNationality(w.Nationality); err != nil {
		c.wrong("nationality", err)
	}
	if c.number, err = person.ParsePersonalNumber(w.PersonalNumber, today); err != nil {
		c.number = ""
		c.wrong("personal_number", err)
	} else {
		c.claimed.Masked, c.claimed.NumberHash = c.number.Masked(), person.HashNumber(s.keep, c.number)
	}
	c.checkBirth(w.BirthDate)
	if c.claimed.Email, err = person.ParseEmail(w.Email); err != nil {
		c.wrong("email", err)
	}
	if strings.TrimSpace(w.Phone) != "" {
		if c.claimed.Phone, err = person.ParsePhone(w.Phone); err != nil {
			c.wrong("phone", err)
		}
	}
	if c.claimed.Lang = i18n.Lang(w.Lang); w.Lang == "" {
		c.claimed.Lang = i18n.Swedish
	} else if !c.claimed.Lang.Valid() {
		c.claimed.Lang = i18n.Swedish
		c.errs = append(c.errs, fault.New(fault.Invalid, "order.lang_unknown").On("lang"))
	}
	return c
}

// checkBirth takes the birth date from the personal number; one that was typed must be the same.
func (c *checked) checkBirth(typed string) {
	typed = strings.TrimSpace(typed)
	if c.number != "" {
		c.claimed.BirthDate = c.number.BirthDate()
	}
	if typed == "" {
		return
	}
	d, err := clock.ParseDate(typed)
	switch {
	case err != nil:
		c.wrong("birth_date", err)
	case c.number == "":
		c.claimed.BirthDate = d
	case d != c.claimed.BirthDate:
		c.errs = append(c.errs, fault.New(fault.Invalid, "order.birth_date_differs", "date", c.claimed.BirthDate.String()).On("birth_date"))
	}
}

// checkPrint asks for short forms where the name can't be printed as it is. They are dropped where it can, so that the
// card bears the name that was proven.
func (c *checked) checkPrint(w Who) {
	given, surname := c.claimed.GivenName, c.claimed.Surname
	if given == "" || surname == "" {
		c.shortGiven, c.shortSurname = strings.TrimSpace(w.ShortGiven), strings.TrimSpace(w.ShortSurname)
		return
	}
	badGiven, badSurname := letters(given), letters(surname)
	fits := artwork.Fits(given, surname)
	if fits && badGiven == "" && badSurname == "" {
		return
	}
	c.shortGiven = c.short("short_given", w.ShortGiven, given, badGiven, fits)
	c.shortSurname = c.short("short_surname", w.ShortSurname, surname, badSurname, fits)
	if !fits && c.errs.Field("short_given") == nil && c.errs.Field("short_surname") == nil &&
		!artwork.Fits(orElse(c.shortGiven, given), orElse(c.shortSurname, surname)) {
		field := "short_surname"
		if len([]rune(orElse(c.shortGiven, given))) > len([]rune(orElse(c.shortSurname, surname))) {
			field = "short_given"
		}
		c.errs = append(c.errs, fault.New(fault.Invalid, "order.name_too_long_to_print").On(field))
	}
}

// short checks one short form. It may be left out where only the other part of the name is in the way.
func (c *checked) short(field, typed, full, bad string, fits bool) string {
	if strings.TrimSpace(typed) == "" {
		if bad != "" {
			c.errs = append(c.errs, fault.New(fault.Invalid, "order.name_unprintable", "letters", bad).On(field))
		}
		return ""
	}
	if bad == "" && fits {
		return ""
	}
	short, err := person.CleanName(typed)
	switch {
	case err != nil:
		c.wrong(field, err)
	case letters(short) != "":
		c.errs = append(c.errs, fault.New(fault.Invalid, "order.name_unprintable", "letters", letters(short)).On(field))
	case bad == "" && !shortOf(short, full):
		c.errs = append(c.errs, fault.New(fault.Invalid, "order.short_not_of_name").On(field))
	default:
		return short
	}
	return strings.TrimSpace(typed)
}

func letters(name string) string {
	var out []string
	for _, r := range artwork.Unprintable(name) {
		if !slices.Contains(out, string(r)) {
			out = append(out, string(r))
		}
	}
	return strings.Join(out, " ")
}

// shortOf reports whether every part of short is a part of full or its beginning ("M."), in the same order, so that
// nobody is given another name.
func shortOf(short, full string) bool {
	parts := nameParts(full)
	for _, p := range nameParts(short) {
		i := slices.IndexFunc(parts, func(f string) bool { return strings.HasPrefix(f, p) })
		if i < 0 {
			return false
		}
		parts = parts[i+1:]
	}
	return true
}

func nameParts(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ' ' || r == '-' || r == '.' })
}

// sealNumber seals a personal number for a line; nil for none.
func (s *Service) sealNumber(line ID, n person.PersonalNumber) ([]byte, error) {
	if n == "" {
		return nil, nil
	}
	return s.keep.Seal(purposeNumber, line.String(), []byte(n))
}

// setClaimed writes the fields into the line.
func (l *Line) setClaimed(c checked, sealed []byte) {
	l.Claimed, l.ShortGiven, l.ShortSurname, l.sealed = c.claimed, c.shortGiven, c.shortSurname, sealed
}

// number opens a line's personal number.
func (s *Service) number(l Line) (person.PersonalNumber, error) {
	if len(l.sealed) == 0 {
		return "", nil
	}
	plain, err := s.keep.Unseal(purposeNumber, l.ID.String(), l.sealed)
	return person.PersonalNumber(plain), err
}

func (s *Service) sealTyped(l *Line, w Who) error {
	plain, err := json.Marshal(w.cut())
	if err != nil {
		return err
	}
	l.typed, err = s.keep.Seal(purposeTyped, l.ID.String(), plain)
	return err
}

func (s *Service) openTyped(l *Line) error {
	if len(l.typed) == 0 {
		return nil
	}
	plain, err := s.keep.Unseal(purposeTyped, l.ID.String(), l.typed)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, &l.Typed)
}

// asTyped is what a form shows of a line that was sent. The number stays masked; sent back like that it is unchanged.
func (l Line) asTyped() Who {
	c := l.Claimed
	return Who{
		GivenName: c.GivenName, Surname: c.Surname, ShortGiven: l.ShortGiven, ShortSurname: l.ShortSurname,
		BirthDate: c.BirthDate.String(), Nationality: string(c.Nationality), PersonalNumber: c.Masked,
		Email: c.Email, Phone: c.Phone, Lang: string(c.Lang),
	}
}

// AsTyped is what a form for correcting the line shows.
func (l Line) AsTyped() Who {
	if l.State == Draft {
		return l.Typed
	}
	return l.asTyped()
}
