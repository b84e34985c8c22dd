// Package internal has no code of its own: this test holds who may import whom, as data.
package internal

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/kortverk/kortverk/"

// A layer may import lower layers. Its packages may not import each other, and capabilities not lower capabilities
// either, unless pairs says so.
type layer struct {
	name     string
	sort     sort
	packages []string // below internal/; a package below one of them belongs to it unless it has a line of its own
}

type sort uint8

const (
	foundation sort = iota
	capability
	integration
	face
	sandbox // simulators and the world that runs them: in no production path
	top
)

// layers, the lowest first.
var layers = []layer{
	{"what everybody imports", foundation, []string{"fault", "actor", "luhn", "spell", "failpoint"}},
	{"foundation", foundation, []string{"clock", "limit", "shed", "seal", "i18n", "db", "audit", "endlog"}},
	{"foundation on the database", foundation, []string{"journal", "job", "blob", "country", "backup"}},
	{"level 1", capability, []string{"cardtype", "eid", "notify", "photo", "artwork"}},
	{"level 2", capability, []string{"company", "person"}},
	{"level 3", capability, []string{"proofing", "employment"}},
	{"level 4", capability, []string{"account"}},
	{"level 5", capability, []string{"order"}},
	{"level 6", capability, []string{"card"}},
	{"level 7", capability, []string{"production", "mobileid", "billing", "check"}},
	{"level 8", capability, []string{"attendance", "support"}},
	{"integrations", integration, []string{"integration"}},
	{"assets", face, []string{"web/assets"}},
	{"components", face, []string{"web/ui"}},
	{"page engine", face, []string{"web"}},
	{"signing in", face, []string{"web/signin"}}, // the portals ask it for identifications and signatures
	{"faces", face, []string{
		"web/orderportal", "web/cardportal", "web/backoffice", "web/site", "web/help", "api", "readerapi",
	}},
	{"gallery", face, []string{"web/gallery"}},
	{"the cast", sandbox, []string{"cast"}},
	{"pages of simulators", sandbox, []string{"integration/simui"}},
	{"simulators", sandbox, []string{
		"integration/bankid/bankidsim", "integration/smtp/smtpsim", "integration/bureau/bureausim",
	}},
	{"the sandbox world", sandbox, []string{"world"}},
	{"app", top, []string{"app"}},
}

// pairs are the imports that are needed beyond the layers, each with its reason.
var pairs = map[string]string{
	"integration/bureau/bureausim production": "the simulator names the kinds of receipts as the interface does",
	"audit db":            "the checker reads the database; it shares nothing else",
	"db clock":            "a transaction carries the business time, and days are stored as text",
	"i18n clock":          "days and times are written in words",
	"account eid":         "signing in is an identification",
	"account notify":      "invitations are mailed",
	"account person":      "a proof joins the account to the one person of that number",
	"account company":     "a grant names the company that somebody may act for",
	"company notify":      "orderers are told of a hold and of its end",
	"order account":       "mails about an order go to who ordered, at the address they were invited at, while they may order",
	"order artwork":       "what can't be printed is found when it is ordered",
	"order cardtype":      "a line is for a type, which sets the longest validity",
	"order company":       "a company on hold doesn't order; delivery goes to its addresses",
	"order eid":           "approval is a signature",
	"order notify":        "people are told of their line",
	"order person":        "a proof joins the line to a person; numbers and contact data have their types there",
	"order photo":         "a line has a picture that was checked",
	"card account":        "mails about a card go to who orders for its company",
	"artwork cardtype":    "the type says which design a card has, and what stands on it",
	"card cardtype":       "the type says whether a card is activated and has a PIN",
	"card notify":         "people are told of their card",
	"card person":         "a card belongs to a person, who is found by the number's keyed hash",
	"card eid":            "activation and PIN need a fresh identification",
	"production artwork":  "the order file holds the drawings",
	"production card":     "production reserves numbers and issues cards",
	"production cardtype": "the order file names the type, and a visitor card is active when it is sent",
	"production company":  "the order file holds the company's name and address",
	"production notify":   "people are told that their card is on its way",
	"production order":    "production begins with approved lines and moves them",
	"production person":   "the letter goes to a person",
	"production photo":    "the order file holds the pictures",
	"check card":          "the answer is decided from the card's facts",
	"check cardtype":      "what a type may be used for is part of the answer",
	"check company":       "a company's state is part of the answer",
	"world artwork":       "the start page shows the card that the journey makes",
}

// sqlPackages may speak database/sql; the others go through db.
var sqlPackages = []string{"db", "db/dbtest"}

type source struct {
	pkg  string // below internal/
	file string
	test bool
	ast  *ast.File
	fset *token.FileSet
}

func TestWhoImportsWhom(t *testing.T) {
	for _, s := range sources(t) {
		from, ok := find(s.pkg)
		if !ok && !support(s.pkg) {
			t.Errorf("%s: package %s is not in the import policy; give it a layer", s.file, s.pkg)
			continue
		}
		for _, spec := range s.ast.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := refuse(s, from, name); why != "" {
				t.Errorf("%s imports %s: %s", s.file, name, why)
			}
		}
	}
}

// refuse says why a file may not import something, or "".
func refuse(s source, from int, name string) string {
	if s.test || support(s.pkg) {
		return "" // tests look at everything
	}
	inside, ours := strings.CutPrefix(name, module+"internal/")
	switch sort := layers[from].sort; {
	case ours:
		return refuseOurs(s.pkg, from, inside)
	case strings.HasPrefix(name, "net/http") && (sort == foundation || sort == capability):
		return "HTTP stays in faces and integrations"
	case (name == "database/sql" || strings.HasPrefix(name, "github.com/jackc/pgx") || strings.HasPrefix(name, "modernc.org/sqlite")) &&
		!slices.Contains(sqlPackages, s.pkg):
		return "databases are reached through internal/db"
	}
	return ""
}

func refuseOurs(pkg string, from int, to string) string {
	target, ok := find(to)
	a, b := layers[from].sort, sort(0)
	if ok {
		b = layers[target].sort
	}
	switch {
	case support(to):
		return "test support belongs into tests"
	case !ok:
		return "that package is not in the import policy"
	case pairs[root(pkg)+" "+root(to)] != "" || (root(pkg) == root(to) && b != sandbox):
		return ""
	case a == top:
		return ""
	case a == face && b == integration:
		return "faces never import integrations"
	case a == integration && b == face:
		return "integrations never import faces"
	case b == sandbox && a != sandbox:
		return "simulators are reached over their ports, and started by app"
	case a == sandbox && (b == capability || layers[target].name == "faces"):
		return "the sandbox knows our protocols and components, not our rules"
	case a == capability && b == capability:
		return "this pair of capabilities is not in the policy"
	case target >= from:
		return "a package imports only lower layers (" + layers[from].name + " → " + layers[target].name + ")"
	}
	return ""
}

// find returns the index of a package's layer.
func find(pkg string) (int, bool) {
	for p := pkg; p != "."; p = path.Dir(p) {
		for i, l := range layers {
			if slices.Contains(l.packages, p) {
				return i, true
			}
		}
	}
	return 0, false
}

// root is the package's own line in the layers, or that of the package that it is below; each integration is one.
func root(pkg string) string {
	for p := pkg; p != "."; p = path.Dir(p) {
		if path.Dir(p) == "integration" {
			return p
		}
		for _, l := range layers {
			if slices.Contains(l.packages, p) {
				return p
			}
		}
	}
	return pkg
}

// support reports whether a package is there for tests only.
func support(pkg string) bool { return strings.HasSuffix(path.Base(pkg), "test") }

var sqlText = regexp.MustCompile(`(?is)^\s*(select\s.+\sfrom\s|insert\s+into\s|update\s.+\sset\s|delete\s+from\s|with\s.+\sas\s*\()`)

func TestNoSQLInFaces(t *testing.T) {
	for _, s := range sources(t) {
		layer, ok := find(s.pkg)
		if !ok || s.test || support(s.pkg) || (layers[layer].sort != face && layers[layer].sort != integration) {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			if text, err := strconv.Unquote(lit.Value); err == nil && sqlText.MatchString(text) {
				t.Errorf("%s: SQL belongs into a capability: %.60q", s.fset.Position(lit.Pos()), text)
			}
			return true
		})
	}
}

func TestTheSQLPatternFindsSQL(t *testing.T) {
	for _, s := range []string{"SELECT a\nFROM b WHERE c", " insert into x (a) values ($1)", "UPDATE a SET b = 1", "delete from x", "WITH x AS (SELECT 1) SELECT 2"} {
		if !sqlText.MatchString(s) {
			t.Errorf("missed %q", s)
		}
	}
	for _, s := range []string{"Select a company", "Update your address", "with", "Delete the draft from the list", "insert the card"} {
		if sqlText.MatchString(s) {
			t.Errorf("%q is not SQL", s)
		}
	}
}

// The policy refuses what it says it refuses.
func TestThePolicyRefuses(t *testing.T) {
	for _, c := range []struct{ from, name string }{
		{"order", "net/http"},
		{"order", "database/sql"},
		{"order", module + "internal/card"},
		{"card", module + "internal/check"},
		{"company", module + "internal/person"},
		{"fault", module + "internal/clock"},
		{"web/orderportal", module + "internal/web/cardportal"},
		{"web/orderportal", module + "internal/integration/bankid"},
		{"integration/bankid", module + "internal/web"},
		{"integration/bankid", module + "internal/integration/bankid/bankidsim"},
		{"integration/bankid", module + "internal/integration/smtp"},
		{"order", module + "internal/db/dbtest"},
		{"order", module + "internal/app"},
		{"web", module + "internal/web/orderportal"},
		{"world", module + "internal/order"},
	} {
		from, ok := find(c.from)
		if !ok || refuse(source{pkg: c.from}, from, c.name) == "" {
			t.Errorf("%s may import %s", c.from, c.name)
		}
	}
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		pkg := filepath.ToSlash(filepath.Dir(file))
		if d.IsDir() || pkg == "." || !strings.HasSuffix(file, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		all = append(all, source{pkg: pkg, file: file, test: strings.HasSuffix(file, "_test.go"), ast: parsed, fset: fset})
		return nil
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("%d files: %v", len(all), err)
	}
	return all
}
