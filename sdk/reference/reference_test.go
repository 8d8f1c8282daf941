package reference_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/reference"
)

func manifestOf(t *testing.T, path string) *schemas.Manifest {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := schemas.ParseManifest(raw)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

// TestThePagesAreThoseOfTheManifests fails until `make generate` has run.
func TestThePagesAreThoseOfTheManifests(t *testing.T) {
	t.Parallel()
	manifests, err := filepath.Glob("../../plugins/*/manifest.json")
	if err != nil || len(manifests) < 2 {
		t.Fatalf("%d manifests, %v", len(manifests), err)
	}
	for _, path := range manifests {
		m := manifestOf(t, path)
		want, err := reference.Markdown(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("../../docs/reference/" + m.Name + ".md")
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/reference/%s.md is out of date: run make generate (%v)", m.Name, err)
		}
	}
}

// TestEveryDeclaredErrorIsMadeSomewhere keeps lists short; that they are complete
// the conformance kit sees.
func TestEveryDeclaredErrorIsMadeSomewhere(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"../../plugins/echo", "../../plugins/firs", "../scaffold/acme"} {
		var source strings.Builder
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/simulator/") {
				return err
			}
			raw, err := os.ReadFile(path)
			source.Write(raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		m := manifestOf(t, filepath.Join(dir, "manifest.json"))
		if len(m.Errors) == 0 {
			t.Errorf("%s lists no errors", m.Name)
		}
		for _, e := range m.Errors {
			if !strings.Contains(source.String(), `"`+e.Code+`"`) {
				t.Errorf("%s never makes %s", m.Name, e.Code)
			}
		}
	}
}

func TestThePageSaysWhatTheManifestDoes(t *testing.T) {
	t.Parallel()
	m, err := schemas.ParseManifest([]byte(`{
		"name": "x", "version": "1.0.0", "title": "X", "protocolVersion": 1, "capabilities": ["x"],
		"settings": {
			"type": "object", "required": ["b"], "anyOf": [{"required": ["a"]}, {"required": ["c", "d"]}],
			"properties": {
				"a": {"title": "A", "type": ["string", "null"], "pattern": "^(a|b)$", "x-afara-secret": true},
				"b": {"description": "Second.", "type": "integer", "minimum": 1, "default": 5, "x-order": 1},
				"c": {"type": "array", "items": {"type": "object", "properties": {"e": {"enum": ["one", 2]}}}},
				"d": {"type": "string"}
			}
		},
		"operations": [
			{"name": "x.post", "title": "Post", "effect": "unkeyed", "deadline": "1m", "settlesAfter": "1h", "input": {"type": "object"}, "output": {"type": "object"}, "sandboxOnly": true}
		],
		"rateLimits": [{"scope": "connection", "requests": 3, "per": "1s"}],
		"limits": {"maxInFlight": 7}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := reference.Markdown(m)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, want := range []string{
		"| `a` | string or null | secret |  | matches `^(a\\|b)$` | A |",
		"| `b` | integer | required | `5` | at least 1 | Second. |",
		"| `c[].e` | one of a list |  |  | one of `\"one\"`, `2` |",
		"one at least must be given: `a`; or `c` with `d`.",
		"| `x.post` (sandbox only) | Post | unkeyed | 1m |  | 1h |",
		"no operation has a look-up: a person decides",
		"After a doubt only a person sends them again.",
		"allows 3 requests in 1s for each connection: all operations.",
		"Calls at one time: 7.",
		"The manifest lists none of its own.",
		"| `panic` | `internal`, `unknown_outcome` |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
}
