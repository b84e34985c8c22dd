package cardtype_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kortverk/kortverk/internal/cardtype"
	"github.com/kortverk/kortverk/internal/i18n"
)

// Nobody compares with the code of a type: what differs between cards is asked
// of the type's fields. Designs, which are drawings, belong to artwork.
//
// Rows: 72
func TestNobodyComparesCodes(t *testing.T) {
	var codes []string
	for _, k := range cardtype.All() {
		codes = append(codes, k.Code)
	}
	read := 0
	for _, root := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			dir := filepath.Base(filepath.Dir(file))
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.HasSuffix(dir, "test") ||
				dir == "cardtype" || filepath.Base(file) == "design.go" && dir == "artwork" {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				return err
			}
			read++
			for _, found := range comparisons(parsed, codes) {
				t.Errorf("%s: %s; ask a field of the card type instead", file, found)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 300 {
		t.Errorf("only %d files were read", read)
	}
}

// comparisons finds the codes as literals, and constants of this package where something is compared.
func comparisons(f *ast.File, codes []string) []string {
	var out []string
	constant := func(e ast.Expr) bool {
		s, ok := e.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		from, ok := s.X.(*ast.Ident)
		return ok && from.Name == "cardtype" && s.Sel.Name == "Standard"
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && slices.Contains(codes, s) {
				out = append(out, "the literal "+n.Value)
			}
		case *ast.BinaryExpr:
			if (n.Op == token.EQL || n.Op == token.NEQ) && (constant(n.X) || constant(n.Y)) {
				out = append(out, "a comparison with a constant of cardtype")
			}
		case *ast.CaseClause:
			if slices.ContainsFunc(n.List, constant) {
				out = append(out, "a case for a constant of cardtype")
			}
		}
		return true
	})
	return out
}

// The search above finds what it is there to find.
func TestComparisonsAreFound(t *testing.T) {
	for source, want := range map[string]int{
		`if c.Type == "visitor" {}`:                1,
		`if c.Type != cardtype.Standard {}`:        1,
		`switch c.Type { case cardtype.Standard:}`: 1,
		`x := T{CardType: cardtype.Standard}; _=x`: 0,
		`if c.Kind().Chip {}`:                      0,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() {"+source+"}", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := comparisons(f, []string{"standard", "visitor"}); len(got) != want {
			t.Errorf("%s: %v", source, got)
		}
	}
}

// Rows: 72
func TestVisitorIsWhatTheSchemeSays(t *testing.T) {
	v, ok := cardtype.ByCode("visitor")
	if !ok || v.Chip || v.PIN || v.Activation || v.Attendance || v.YearlyFee {
		t.Errorf("a visitor's card has no chip, no PIN, no activation, no attendance, and no fee: %+v", v)
	}
	for _, k := range cardtype.All() {
		for _, l := range i18n.Languages() {
			if k.NameIn(l.Lang) == "" || k.AboutIn(l.Lang) == "" {
				t.Errorf("%s says nothing in %s", k.Code, l.Lang)
			}
		}
	}
}

func TestRegisterRefusesWhatCannotBe(t *testing.T) {
	good := cardtype.Type{Code: "x", Name: map[i18n.Lang]string{"en": "X"}, MaxDays: 1}
	for name, spoil := range map[string]func(*cardtype.Type){
		"taken":                    func(k *cardtype.Type) { k.Code = cardtype.Standard },
		"no code":                  func(k *cardtype.Type) { k.Code = "" },
		"no name":                  func(k *cardtype.Type) { k.Name = nil },
		"never valid":              func(k *cardtype.Type) { k.MaxDays = 0 },
		"a PIN that nobody makes":  func(k *cardtype.Type) { k.PIN = true },
		"activation without a PIN": func(k *cardtype.Type) { k.Activation = true },
	} {
		bad := good
		spoil(&bad)
		if _, err := cardtype.Register(bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	remove, err := cardtype.Register(good)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := cardtype.ByCode("x"); !ok {
		t.Error("it isn't there")
	}
	remove()
	if _, ok := cardtype.ByCode("x"); ok {
		t.Error("it is still there")
	}
}
