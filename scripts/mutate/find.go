package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mutant is the program with one guard less. The test binaries read it, so the names are those of its JSON.
type mutant struct {
	ID    string
	File  string
	Line  int
	From  int // the lines in which a call has to stand for the mutant to touch it
	To    int
	Old   string // a literal of the statement
	New   string // what stands there instead; "" with Count
	Count bool   // not the statement: a statement that changed nothing is said to have changed a row
	Guard string
}

// source is one package.
type source struct {
	fset   *token.FileSet
	consts map[string]ast.Expr
	types  map[string]string // columns
}

// parse reads a folder's Go files but the tests.
func parse(fset *token.FileSet, folder string) (files []*ast.File, err error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// find lists all mutants of the packages.
func find(packages []string) ([]mutant, error) {
	types, err := columnTypes()
	if err != nil {
		return nil, err
	}
	var out []mutant
	for _, pkg := range packages {
		fset := token.NewFileSet()
		files, err := parse(fset, filepath.Join("internal", pkg))
		if err != nil {
			return nil, err
		}
		s := source{fset, map[string]ast.Expr{}, types}
		for _, f := range files {
			for _, d := range f.Decls {
				if g, ok := d.(*ast.GenDecl); ok {
					s.remember(g)
				}
			}
		}
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
					out = append(out, s.inFunc(fn)...)
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b mutant) int {
		if c := strings.Compare(a.File, b.File); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	seen := map[string]int{}
	for i := range out {
		seen[out[i].ID]++
		if n := seen[out[i].ID]; n > 1 {
			out[i].ID += " (" + strconv.Itoa(n) + ")"
		}
	}
	return out, nil
}

func (s source) remember(g *ast.GenDecl) {
	for _, spec := range g.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
			for i, n := range v.Names {
				s.consts[n.Name] = v.Values[i]
			}
		}
	}
}

// piece is one literal of a statement that is put together; offset is where it begins in the whole.
type piece struct {
	text   string
	line   int
	offset int
}

// gap stands in the whole text for what is known only at run time.
const gap = "\x01"

// flatten gives the text of an expression, as far as it is known.
func (s source) flatten(e ast.Expr, local map[string]ast.Expr, whole *string, pieces *[]piece) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			*pieces = append(*pieces, piece{text, s.fset.Position(e.Pos()).Line, len(*whole)})
			*whole += text
			return
		}
	case *ast.BinaryExpr:
		s.flatten(e.X, local, whole, pieces)
		s.flatten(e.Y, local, whole, pieces)
		return
	case *ast.Ident:
		for _, known := range []map[string]ast.Expr{local, s.consts} {
			if v := known[e.Name]; v != nil {
				s.flatten(v, nil, whole, pieces)
				return
			}
		}
	}
	*whole += gap
}

var (
	calls  = []string{"Exec", "Must1", "Rows", "One", "Value"}
	writes = regexp.MustCompile(`\b(UPDATE|DELETE FROM|INSERT INTO)\b`)
)

func (s source) inFunc(fn *ast.FuncDecl) []mutant {
	local := map[string]ast.Expr{}
	counted := map[*ast.CallExpr]bool{} // whose number of rows somebody looks at
	ast.Inspect(fn, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			inner := source{s.fset, local, nil}
			inner.remember(n)
		case *ast.AssignStmt:
			if call, ok := n.Rhs[0].(*ast.CallExpr); ok && len(n.Lhs) == 2 {
				if id, ok := n.Lhs[0].(*ast.Ident); ok && id.Name != "_" {
					counted[call] = true
				}
			}
			for i, l := range n.Lhs {
				if id, ok := l.(*ast.Ident); ok && i < len(n.Rhs) && len(n.Lhs) == len(n.Rhs) {
					local[id.Name] = n.Rhs[i]
				}
			}
		case *ast.ReturnStmt:
			for _, r := range n.Results {
				if call, ok := r.(*ast.CallExpr); ok && len(n.Results) == 1 {
					counted[call] = true
				}
			}
		}
		return true
	})
	var out []mutant
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := ""
		switch f := call.Fun.(type) {
		case *ast.SelectorExpr:
			name = f.Sel.Name
		case *ast.IndexExpr:
			if sel, ok := f.X.(*ast.SelectorExpr); ok {
				name = sel.Sel.Name
			}
		}
		if slices.Contains(calls, name) {
			out = append(out, s.inCall(fn, call, name, counted[call], local)...)
		}
		return true
	})
	return out
}

func (s source) inCall(fn *ast.FuncDecl, call *ast.CallExpr, name string, counted bool, local map[string]ast.Expr) []mutant {
	var whole string
	var pieces []piece
	for _, arg := range call.Args {
		whole, pieces = "", nil
		if s.flatten(arg, local, &whole, &pieces); writes.MatchString(whole) {
			break
		}
	}
	if !writes.MatchString(whole) {
		return nil
	}
	start, end := s.fset.Position(call.Pos()), s.fset.Position(call.End())
	base := mutant{File: start.Filename, From: start.Line, To: end.Line}
	var out []mutant
	add := func(p piece, from, to int, instead, guard string) {
		m := base
		m.Line = p.line + strings.Count(p.text[:from], "\n")
		m.Old, m.New, m.Guard = p.text, p.text[:from]+instead+p.text[to:], guard
		m.ID = fmt.Sprintf("%s %s: %s", m.File, fn.Name.Name, guard)
		out = append(out, m)
	}
	guards := conjuncts(whole)
	for _, g := range guards {
		for _, p := range pieces {
			if g.from >= p.offset && g.to <= p.offset+len(p.text) {
				add(p, g.from-p.offset, g.to-p.offset, s.harmless(g.text), tidy(g.text))
			}
		}
	}
	for _, p := range pieces {
		if at := onConflict.FindStringIndex(p.text); at != nil {
			add(p, at[0], at[1], "", tidy(p.text[at[0]:at[1]]))
		}
	}
	if len(guards) > 0 && (name == "Must1" || name == "Exec" && counted) && len(pieces) > 0 {
		longest := slices.MaxFunc(pieces, func(a, b piece) int { return len(a.text) - len(b.text) })
		m := base
		m.Line = start.Line
		m.Old, m.Count, m.Guard = longest.text, true, "that it changed a row"
		m.ID = fmt.Sprintf("%s %s: %s", m.File, fn.Name.Name, m.Guard)
		out = append(out, m)
	}
	return out
}

func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

var onConflict = regexp.MustCompile(`ON CONFLICT\s*(\([a-z_, ]+\))?\s*DO NOTHING`)

// span is a part of a text.
type span struct {
	from, to int
	text     string
}

// identity says which row is meant; that isn't a guard.
var identity = regexp.MustCompile(`^(\w+\.)?(id|public_id|id_hash|card_id|company_id|item_id|line_id|batch_id|account_id|entry_id|kind|name|number|line|cancel_key)\s*(=|IN\b)`)

// conjuncts are the conditions of a statement's own WHERE, without those that say which row is meant.
func conjuncts(whole string) []span {
	var out []span
	depth, from := 0, -1
	text := whole + " "
	upper := strings.ToUpper(text)
	end := func(at int) {
		if from >= 0 {
			t := strings.TrimSpace(text[from:at])
			if at := from + strings.Index(text[from:], t); t != "" && !strings.Contains(t, gap) && !identity.MatchString(t) && t != "is_default" {
				out = append(out, span{at, at + len(t), t})
			}
		}
		from = -1
	}
	word := func(i int, w string) bool {
		return strings.HasPrefix(upper[i:], w) && (i == 0 || !letter(text[i-1])) && !letter(text[i+len(w)])
	}
	for i := 0; i < len(text)-1; i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth != 0 {
			continue
		}
		switch {
		case word(i, "WHERE"):
			from = i + len("WHERE")
		case from >= 0 && word(i, "AND"):
			end(i)
			from = i + len("AND")
		case word(i, "RETURNING"), word(i, "ORDER"), word(i, "LIMIT"), word(i, "ON"):
			end(i)
		}
	}
	end(len(text) - 1)
	return out
}

func letter(b byte) bool {
	return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

var (
	param    = regexp.MustCompile(`\$(\d+)`)
	cast     = regexp.MustCompile(`CAST\(\$(\d+) AS (\w+)\)`)
	compared = regexp.MustCompile(`(\w+)\s*(?:<=|>=|<>|=|<|>)\s*\$(\d+)`)
)

// harmless is always true, and binds the parameters of the guard that it takes the place of.
func (s source) harmless(guard string) string {
	kind := map[string]string{}
	for _, m := range compared.FindAllStringSubmatch(guard, -1) {
		kind[m[2]] = s.types[m[1]]
	}
	for _, m := range cast.FindAllStringSubmatch(guard, -1) {
		kind[m[1]] = m[2]
	}
	out := "1 = 1"
	done := map[string]bool{}
	for _, m := range param.FindAllStringSubmatch(guard, -1) {
		if n := m[1]; !done[n] {
			done[n] = true
			t := kind[n]
			if t == "" {
				t = "text"
			}
			out += fmt.Sprintf(" AND (CAST($%s AS %s) IS NULL OR 1 = 1)", n, t)
		}
	}
	return out
}

var column = regexp.MustCompile(`(?m)^\s*(?:ALTER TABLE \w+ ADD COLUMN )?([a-z_0-9]+)\s+(text|bigint|boolean|bytea)\b`)

func columnTypes() (map[string]string, error) {
	out := map[string]string{}
	files, err := filepath.Glob("internal/db/migrations/postgres/*.sql")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		for _, m := range column.FindAllStringSubmatch(string(data), -1) {
			out[m[1]] = m[2]
		}
	}
	return out, nil
}
