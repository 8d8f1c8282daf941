package schemas_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

// TestTheEngineNamesWhatItIsSaidToPublish keeps the catalogue from promising
// events that no code can publish.
func TestTheEngineNamesWhatItIsSaidToPublish(t *testing.T) {
	t.Parallel()
	named := namesInEngine(t)
	for _, e := range schemas.EventTypes() {
		if e.Emitter == schemas.EmitterEngine && !e.Planned && !named[e.Name] {
			t.Errorf("%s is not named in the engine: it is planned, or comes from integrators", e.Name)
		}
	}
}

// namesInEngine collects the texts in the engine's code, and the names of the
// constants that it takes from this package, by their values.
func namesInEngine(t *testing.T) map[string]bool {
	t.Helper()
	constants := constantsOf(t, "event.go")
	named := map[string]bool{}
	err := filepath.WalkDir(filepath.Join("..", "engine"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				named[text(n)] = true
			case *ast.SelectorExpr:
				named[constants[n.Sel.Name]] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return named
}

// constantsOf maps the constants of a file of this package to their texts.
func constantsOf(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				out[spec.Names[0].Name] = text(lit)
			}
		}
		return true
	})
	return out
}

func text(lit *ast.BasicLit) string {
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}
