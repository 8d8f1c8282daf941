package scaffold_test

import (
	"bytes"
	"encoding/json"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/conformance"
	"github.com/afara-dev/afara/sdk/scaffold"
)

// written makes a connector and gives its files by path.
func written(t *testing.T, o scaffold.Options) map[string][]byte {
	t.Helper()
	o.Dir = filepath.Join(t.TempDir(), "connector")
	dir, err := scaffold.Write(o)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func options(l scaffold.Language) scaffold.Options {
	return scaffold.Options{Name: "remita", Language: l, Version: "v1.2.3"}
}

func TestBothLanguagesBeginWithAWholeRepository(t *testing.T) {
	t.Parallel()
	for l, own := range map[scaffold.Language][]string{
		scaffold.Go:   {"go.mod", "main.go", "connector.go", "connector_test.go", "internal/vendor/client.go", "simulator/simulator.go", "cmd/simulator/main.go"},
		scaffold.Node: {"package.json", "package-lock.json", "build.mjs", "main.js", "connector.js", "test/connector.test.js", "afara/index.js", "afara/contract.json", "simulator/main.js"},
	} {
		files := written(t, options(l))
		for _, name := range append(own, "manifest.json", "conformance.json", "Makefile", "README.md", ".gitignore", "requests.jsonl", "settings.example.json") {
			if len(files[name]) == 0 {
				t.Errorf("%s: %s is missing", l, name)
			}
		}
		m, err := schemas.ParseManifest(files["manifest.json"])
		if err != nil || m.Name != "remita" || m.Title != "Remita" || len(m.Errors) == 0 {
			t.Errorf("%s: manifest %+v, %v", l, m, err)
		}
		if _, err := conformance.ParseCases(files["conformance.json"]); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
}

// acme as a word of its own or part of a name; four letters of a checksum are none.
var leftOver = regexp.MustCompile(`(?i)\bacme|acme\b`)

func TestNothingOfTheTemplatesNameIsLeft(t *testing.T) {
	t.Parallel()
	for _, l := range []scaffold.Language{scaffold.Go, scaffold.Node} {
		for name, content := range written(t, options(l)) {
			if found := leftOver.Find(content); found != nil || strings.Contains(name, "acme") {
				t.Errorf("%s: %s holds %q", l, name, found)
			}
			if !strings.HasSuffix(name, ".go") {
				continue
			}
			formatted, err := format.Source(content)
			if err != nil || !bytes.Equal(formatted, content) {
				t.Errorf("%s is not formatted: %v", name, err)
			}
			if bytes.Contains(content, []byte("sdk/scaffold")) {
				t.Errorf("%s imports the template", name)
			}
		}
	}
}

// TestTheTwoTemplatesAreOneConnector keeps what is said of the one true of the
// other.
func TestTheTwoTemplatesAreOneConnector(t *testing.T) {
	t.Parallel()
	inGo, inNode := written(t, options(scaffold.Go)), written(t, options(scaffold.Node))
	for _, name := range []string{"manifest.json", "requests.jsonl", "settings.example.json"} {
		if !bytes.Equal(inGo[name], inNode[name]) {
			t.Errorf("%s differs", name)
		}
	}
	var g, n map[string]any
	if json.Unmarshal(inGo["conformance.json"], &g) != nil || json.Unmarshal(inNode["conformance.json"], &n) != nil {
		t.Fatal("no JSON")
	}
	delete(g, "simulator")
	delete(n, "simulator")
	if a, b := asJSON(t, g), asJSON(t, n); a != b {
		t.Errorf("the cases differ:\n%s\n%s", a, b)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheModuleRequiresTheSDK(t *testing.T) {
	t.Parallel()
	released := string(written(t, options(scaffold.Go))["go.mod"])
	if !strings.HasPrefix(released, "module example.com/remita\n") || !strings.Contains(released, "require github.com/afara-dev/afara v1.2.3\n") || strings.Contains(released, "replace") {
		t.Errorf("of a release:\n%s", released)
	}
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files := written(t, scaffold.Options{Name: "remita", Module: "git.example.com/us/remita-connector", SDK: here})
	module := string(files["go.mod"])
	if !strings.HasPrefix(module, "module git.example.com/us/remita-connector\n") || !strings.Contains(module, "replace github.com/afara-dev/afara => "+here+"\n") {
		t.Errorf("of a checkout:\n%s", module)
	}
	if !strings.Contains(string(files["go.sum"]), "google.golang.org/grpc ") {
		t.Error("the checksums of the checkout are not there")
	}
	if !strings.Contains(string(files["settings.go"]), `"git.example.com/us/remita-connector/internal/vendor"`) {
		t.Errorf("imports:\n%s", files["settings.go"])
	}
}

func TestWhatCannotBeWrittenIsSaid(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		says string
		o    scaffold.Options
	}{
		{"name: ", scaffold.Options{}},
		{"name: ", scaffold.Options{Name: "My-Vendor", Version: "v1.0.0"}},
		{"at most 40", scaffold.Options{Name: strings.Repeat("a", 41), Version: "v1.0.0"}},
		{"after its vendor", scaffold.Options{Name: "invoice", Version: "v1.0.0"}},
		{"lang: ", scaffold.Options{Name: "x", Language: "cobol"}},
		{"module: ", scaffold.Options{Name: "x", Module: "../x", Version: "v1.0.0"}},
		{"they are for Go", scaffold.Options{Name: "x", Language: scaffold.Node, Module: "x.y/z"}},
		{"no release", scaffold.Options{Name: "x", Version: "(devel)"}},
		{"no release", scaffold.Options{Name: "x", Version: "v1.2.0-5-gabcdef0"}},
		{"no release", scaffold.Options{Name: "x", Version: "v1.2.0-dirty"}},
		{"sdk: ", scaffold.Options{Name: "x", SDK: full, Dir: filepath.Join(full, "new")}},
		{"is not empty", scaffold.Options{Name: "x", Version: "v1.0.0", Dir: full}},
		{"dir: ", scaffold.Options{Name: "x", Version: "v1.0.0", Dir: filepath.Join(full, "mine")}},
	} {
		if _, err := scaffold.Write(c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.says)
		}
	}
	if entries, err := os.ReadDir(full); err != nil || len(entries) != 1 {
		t.Errorf("something was written: %v %v", entries, err)
	}
}
