// Command features prints each row of docs/features.md with the tests that
// name it in a comment of the form "// Rows: 43, 44" before a test function.
package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

var (
	row   = regexp.MustCompile(`^\| (\d+) \| ([^|]+) \|`)
	rows  = regexp.MustCompile(`^\s*// Rows: ([0-9, ]+)`)
	tests = regexp.MustCompile(`^func (Test\w+|Fuzz\w+)|t\.Run\("([^"]+)"`)
)

func main() {
	shown := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		return collect(path, shown)
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := print(shown); err != nil {
		log.Fatal(err)
	}
}

// collect adds the tests of one file to the rows that they name.
func collect(path string, shown map[string][]string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var pending []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if m := rows.FindStringSubmatch(s.Text()); m != nil {
			pending = append(pending, strings.FieldsFunc(m[1], func(r rune) bool { return r == ',' || r == ' ' })...)
			continue
		}
		m := tests.FindStringSubmatch(s.Text())
		if m == nil || len(pending) == 0 {
			continue
		}
		for _, n := range pending {
			shown[n] = append(shown[n], filepath.Dir(path)+" "+m[1]+m[2])
		}
		pending = nil
	}
	return nil
}

func print(shown map[string][]string) error {
	f, err := os.Open("docs/features.md")
	if err != nil {
		return err
	}
	defer f.Close()
	done, all := 0, 0
	for s := bufio.NewScanner(f); s.Scan(); {
		m := row.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		all++
		sort.Strings(shown[m[1]])
		fmt.Printf("%4s  %s\n", m[1], strings.TrimSpace(m[2]))
		for _, t := range shown[m[1]] {
			fmt.Printf("        %s\n", t)
		}
		if len(shown[m[1]]) > 0 {
			done++
		}
	}
	fmt.Printf("\n%d of %d rows are shown by a test\n", done, all)
	return nil
}
