package i18n

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the top of the source tree.
const root = "../.."

// Every language has the same texts with the same placeholders.
func TestLanguagesHaveTheSameTexts(t *testing.T) {
	all := catalogues()
	sv, en := all[Swedish], all[English]
	for key, s := range sv {
		e, ok := en[key]
		if !ok {
			t.Errorf("%s (%s) has no English text", key, s.area)
			continue
		}
		if s.area != e.area {
			t.Errorf("%s is in %s.txt in Swedish, in %s.txt in English", key, s.area, e.area)
		}
		if a, b := s.placeholders(), e.placeholders(); !slices.Equal(a, b) {
			t.Errorf("%s: placeholders %v in Swedish, %v in English", key, a, b)
		}
	}
	for key, e := range en {
		if _, ok := sv[key]; !ok {
			t.Errorf("%s (%s) has no Swedish text", key, e.area)
		}
	}
}

// Swedish and English plurals are one and other; a text without "one" says "1 kort" in the plural's words.
func TestPluralsHaveTheLanguagesForms(t *testing.T) {
	for lang, c := range catalogues() {
		for key, entry := range c {
			checkForms(t, string(lang)+" "+key, entry.message)
		}
	}
}

func checkForms(t *testing.T, where string, m message) {
	t.Helper()
	for _, p := range m {
		if p.choice == "plural" && p.cases["one"] == nil && p.cases["=1"] == nil {
			t.Errorf("%s: {%s, plural, …} has no case one", where, p.arg)
		}
		for form, c := range p.cases {
			if p.choice == "plural" && slices.Contains([]string{"zero", "two", "few", "many"}, form) {
				t.Errorf("%s: neither Swedish nor English has the form %s", where, form)
			}
			checkForms(t, where, c)
		}
	}
}

var (
	tCall     = regexp.MustCompile(`\.T\(\s*"([^"]+)"\s*[,)]`)
	faultCall = regexp.MustCompile(`fault\.New\(fault\.\w+,\s*"([^"]+)"`)
	literal   = regexp.MustCompile(`"([a-z0-9_.]+)"`)
)

// sources is what the tree's Go and templ files say, generated files and the files of this package left out.
type sources struct {
	texts    map[string]string          // key of T → a file
	codes    map[string]string          // fault code → a file, tests left out
	literals map[string]map[string]bool // every word in quotes that could be a key
}

func readSources(t *testing.T) sources {
	t.Helper()
	s := sources{map[string]string{}, map[string]string{}, map[string]map[string]bool{"all": {}}}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && (name == "i18n" || name == "testdata" || strings.HasPrefix(name, ".") && path != root) {
			return filepath.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || ext != ".go" && ext != ".templ" || strings.HasSuffix(path, "_templ.go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s.add(path, string(data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.literals["all"]) == 0 {
		t.Fatal("no sources found")
	}
	return s
}

func (s sources) add(path, content string) {
	for _, m := range tCall.FindAllStringSubmatch(content, -1) {
		s.texts[m[1]] = path
	}
	for _, m := range literal.FindAllStringSubmatch(content, -1) {
		s.literals["all"][m[1]] = true
	}
	if strings.HasSuffix(path, "_test.go") {
		return
	}
	for _, m := range faultCall.FindAllStringSubmatch(content, -1) {
		s.codes[m[1]] = path
	}
}

func TestTextsInUseExist(t *testing.T) {
	s := readSources(t)
	sv := catalogues()[Swedish]
	for _, key := range slices.Sorted(maps.Keys(s.texts)) {
		if _, ok := sv[key]; !ok {
			t.Errorf("%s uses the text %s, which doesn't exist", s.texts[key], key)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(s.codes)) {
		if _, ok := sv["error."+code]; !ok {
			t.Errorf("%s makes the error %s, for which there is no sentence error.%s", s.codes[code], code, code)
		}
	}
}

func TestCompleteAreasHaveNoUnusedTexts(t *testing.T) {
	s := readSources(t)
	complete, dynamic := directives(t)
	if len(complete) == 0 {
		t.Fatal("no area is complete, not even error")
	}
	for key, entry := range catalogues()[Swedish] {
		used := s.literals["all"][key] || s.literals["all"][strings.TrimPrefix(key, "error.")]
		for _, prefix := range dynamic {
			used = used || strings.HasPrefix(key, prefix)
		}
		if complete[entry.area] && !used && key != "error.unknown" {
			t.Errorf("nobody uses %s (%s.txt)", key, entry.area)
		}
	}
}

// directives reads the "#!" lines of the Swedish files.
func directives(t *testing.T) (complete map[string]bool, dynamic []string) {
	t.Helper()
	names, err := fs.Glob(files, "text/sv/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	complete = map[string]bool{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			directive, ok := strings.CutPrefix(strings.TrimSpace(line), "#!")
			if !ok {
				continue
			}
			switch f := strings.Fields(directive); {
			case len(f) == 1 && f[0] == "complete":
				complete[strings.TrimSuffix(filepath.Base(name), ".txt")] = true
			case len(f) == 2 && f[0] == "dynamic":
				dynamic = append(dynamic, f[1])
			default:
				t.Errorf("%s: unknown directive %q", name, line)
			}
		}
	}
	return complete, dynamic
}

// An error's sentence says what happened and then what to do: it is at least two sentences, or one with a way out in it.
func TestErrorsAreSentences(t *testing.T) {
	for lang, c := range catalogues() {
		for key, entry := range c {
			if !strings.HasPrefix(key, "error.") {
				continue
			}
			last := entry.message[len(entry.message)-1]
			end := last.text
			if last.choice == "plural" {
				o := last.cases["other"]
				end = o[len(o)-1].text
			}
			if last.arg == "" && !strings.HasSuffix(end, ".") || strings.Contains(end, "!") {
				t.Errorf("%s %s doesn't end as a calm sentence: %q", lang, key, end)
			}
		}
	}
}
