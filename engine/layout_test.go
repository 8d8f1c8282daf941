package engine_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/afara-dev/afara"

// floors numbers the house from the ground: a package imports lower floors
// only. The longest path that a package lies in gives its floor.
func floors() map[string]float64 {
	return map[string]float64{
		"schemas": 0, "sdk/connectorpb": 0,
		"sdk":                      1,
		"plugins/simnet/simclient": 1.3, // of the connectors: the wire alone
		"plugins/simnet":           1.4, // of the simulators
		"plugins":                  1.5,
		"engine/domain":            2, "engine/config": 2, "engine/secret": 2, "engine/telemetry": 2, "engine/failpoint": 2,
		"engine/store": 2.5, "engine/catalog": 2.5,
		"engine/bus": 2.9, "engine/pluginhost": 2.9, "engine/work": 2.9,
		"engine/tenant": 3, "engine/registry": 3, "engine/ingest": 3, "engine/pipeline": 3,
		"engine/invoice": 3, "engine/callback": 3, "engine/audit": 3, "engine/fleet": 3, "engine/operation": 3, "engine/webhook": 3, "engine/pull": 3,
		"engine/corridor": 3, "engine/ledger": 3, "engine/payment": 3,
		"engine/httpapi": 4,
		"engine":         5,
		"cmd":            6, "docs/examples": 6,
	}
}

// exceptions are the imports of neighbours that are meant.
func exceptions() []string {
	return []string{
		"engine/config -> engine/secret", // settings hold secrets that must not print
	}
}

// forTests are packages that only tests use: they may look at everything.
func forTests(p string) bool {
	return strings.HasPrefix(p, "engine/internal/testserver") || strings.HasPrefix(p, "engine/chaostest") ||
		strings.HasSuffix(p, "test") // storetest, schematest
}

// listed is a package as `go list` tells it.
type listed struct {
	ImportPath, Dir, Doc string
	Imports, GoFiles     []string
}

func (l listed) name() string { return strings.TrimPrefix(l.ImportPath, module+"/") }

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Doc,Imports,GoFiles", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var l listed
		must(t, d.Decode(&l))
		if len(l.GoFiles) > 0 {
			all = append(all, l)
		}
	}
	return all
}

// home is the entry of floors that a package lies in.
func home(name string) (string, float64) {
	all := floors()
	for p := name; p != "."; p = path.Dir(p) {
		if f, ok := all[p]; ok {
			return p, f
		}
	}
	return "", -1
}

func TestPackagesImportLowerFloorsOnly(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, p := range packages(t) {
		if forTests(p.name()) {
			continue
		}
		from, floor := home(p.name())
		if floor < 0 {
			t.Errorf("%s has no floor: give it one in floors", p.name())
			continue
		}
		for _, imported := range p.Imports {
			name, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			into, lower := home(name)
			edge := from + " -> " + into
			switch {
			case into == from && sameNoun(p.name(), name), lower < floor && !strings.HasPrefix(from, "plugins") && !strings.HasPrefix(into, "plugins"):
			case into == "plugins/simnet" && (from == "cmd" || strings.HasSuffix(p.name(), "/simulator")):
			case into == "plugins/simnet": // a connector knows its operator alone
				t.Errorf("%s imports %s, which is of the simulators", p.name(), name)
			case lower < floor && strings.HasPrefix(from, "plugins"): // sdk, schemas and simclient are all that a connector imports
			case from == "cmd" && into == "plugins" && strings.HasSuffix(name, "/simulator"):
			case slices.Contains(exceptions(), edge):
				used[edge] = true
			default:
				t.Errorf("%s (floor %v) imports %s (floor %v)", p.name(), floor, name, lower)
			}
		}
	}
	for _, e := range exceptions() {
		if !used[e] {
			t.Errorf("the exception %s is not needed: remove it", e)
		}
	}
}

// sameNoun reports whether two packages of one home belong together: one
// plugin's or one command's folder, or the folders under one noun.
func sameNoun(a, b string) bool {
	for _, many := range []string{"plugins/", "cmd/"} {
		if strings.HasPrefix(a, many) {
			return strings.SplitN(a, "/", 3)[1] == strings.SplitN(b, "/", 3)[1]
		}
	}
	return true
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.Doc == "" {
			t.Errorf("%s has no package comment: say what it owns", p.name())
		}
	}
}

var (
	createTable = regexp.MustCompile(`(?m)^\s*CREATE TABLE (\w+)`)
	namesTable  = regexp.MustCompile(`\b(?:FROM|INTO|UPDATE|JOIN)\s+(\w+)`)
)

func TestEachTableIsNamedInOnePackageOnly(t *testing.T) {
	t.Parallel()
	owners := map[string]map[string]bool{}
	for _, name := range tables(t) {
		owners[name] = map[string]bool{}
	}
	for _, p := range packages(t) {
		if forTests(p.name()) {
			continue
		}
		for _, file := range p.GoFiles {
			for _, text := range literals(t, filepath.Join(p.Dir, file)) {
				for _, m := range namesTable.FindAllStringSubmatch(text, -1) {
					if owners[m[1]] != nil {
						owners[m[1]][p.name()] = true
					}
				}
			}
		}
	}
	for table, by := range owners {
		if len(by) != 1 {
			t.Errorf("table %s is named in %d packages, want 1: %v", table, len(by), slices.Sorted(maps.Keys(by)))
		}
	}
	for _, table := range []string{"work", "gate", "node", "lease"} {
		if !owners[table]["engine/store"] {
			t.Errorf("table %s is not engine/store's: %v", table, owners[table])
		}
	}
}

// tables lists what the migrations make.
func tables(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("store/migrations/*.sql")
	must(t, err)
	var names []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range createTable.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
	}
	if len(names) < 10 {
		t.Fatalf("the migrations make %d tables: the pattern is wrong", len(names))
	}
	return names
}

// literals are the strings of a Go file.
func literals(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	must(t, err)
	var out []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			out = append(out, l.Value)
		}
		return true
	})
	return out
}

func TestPluginsLookAlike(t *testing.T) {
	t.Parallel()
	mains, err := filepath.Glob("../plugins/*/main.go")
	must(t, err)
	if len(mains) < 2 {
		t.Fatalf("%d plugins", len(mains))
	}
	for _, main := range mains {
		for _, name := range []string{"connector.go", "manifest.json", "settings.go", "README.md", "connector_test.go", "conformance.json"} {
			if _, err := os.Stat(filepath.Join(filepath.Dir(main), name)); err != nil {
				t.Errorf("%s: every plugin's folder has %s", filepath.Dir(main), name)
			}
		}
	}
}

func TestTheTopLevelIsFixed(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files").Output()
	if err != nil {
		t.Skipf("SKIPPED, NOT PROVED: no git checkout: %v", err)
	}
	allowed := []string{
		"engine", "plugins", "schemas", "sdk", "cmd", "go.mod", "go.sum", "Makefile",
		"docker-compose.yml", "README.md", "LICENSE", "docs",
	}
	for _, file := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		top, _, _ := strings.Cut(file, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) {
			t.Error(fmt.Sprint(top, " does not belong at the top level"))
		}
	}
}
