package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
)

//go:embed text
var files embed.FS

// Lang is a language that every text exists in, as in the lang attribute of HTML.
type Lang string

// The languages.
const (
	Swedish Lang = "sv"
	English Lang = "en"
)

// Language is one entry of a language menu.
type Language struct {
	Lang Lang
	Name string // its own name for itself
}

// Languages lists the languages in the order of the menu.
func Languages() []Language {
	return []Language{{Swedish, "Svenska"}, {English, "English"}}
}

// Valid tells whether there are texts in this language.
func (l Lang) Valid() bool { return l == Swedish || l == English }

// text is one entry of a catalogue.
type text struct {
	area string
	message
}

// catalogue has all texts of one language.
type catalogue map[string]text

// catalogues are read once: they are part of the program.
var catalogues = sync.OnceValue(func() map[Lang]catalogue {
	all := map[Lang]catalogue{}
	for _, l := range Languages() {
		c, err := readCatalogue(files, path.Join("text", string(l.Lang)))
		if err != nil {
			panic("i18n: " + err.Error())
		}
		all[l.Lang] = c
	}
	return all
})

func readCatalogue(fsys fs.FS, dir string) (catalogue, error) {
	names, err := fs.Glob(fsys, dir+"/*.txt")
	if err != nil {
		return nil, err
	}
	c := catalogue{}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if err := c.read(name, string(data)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// read adds the texts of one file.
func (c catalogue) read(name, content string) error {
	area := strings.TrimSuffix(path.Base(name), ".txt")
	lines := strings.Split(strings.ReplaceAll(content, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		at := i + 1
		for i+1 < len(lines) && continues(lines[i+1]) {
			i++
			line += " " + strings.TrimSpace(lines[i])
		}
		if err := c.add(area, line); err != nil {
			return fmt.Errorf("%s:%d: %w", name, at, err)
		}
	}
	return nil
}

func continues(line string) bool {
	return strings.TrimSpace(line) != "" && (line[0] == ' ' || line[0] == '\t')
}

func (c catalogue) add(area, line string) error {
	key, value, ok := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok || value == "" || line[0] == ' ' || line[0] == '\t' {
		return fmt.Errorf("%.30q isn't key = text", line)
	}
	if !validName(strings.ReplaceAll(key, ".", "_")) {
		return fmt.Errorf("key %q has other characters than a-z 0-9 _ and full stops", key)
	}
	if old, twice := c[key]; twice {
		return fmt.Errorf("key %s stands twice, also in area %s", key, old.area)
	}
	m, err := parseMessage(value)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	c[key] = text{area, m}
	return nil
}
