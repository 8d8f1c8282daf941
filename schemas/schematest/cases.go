// Package schematest reads the examples under schemas/testdata, so that every
// suite that refuses a document (the schemas', the rules', the HTTP API's) is
// held to the same list.
package schematest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Case is one document that must be refused, and why.
type Case struct {
	Name   string
	Body   []byte
	Expect []Fault
}

// Fault is where a document is wrong and which rule it breaks.
type Fault struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
}

// Broken gives every invoice that must be refused: those under
// invalid/invoice, which the schema refuses, those under broken, which the
// rules refuse, and some too large to keep as files. root is the path of
// schemas/testdata/v1. The rules assume the moment, seller and number rule of
// README.md there.
func Broken(t testing.TB, root string) []Case {
	t.Helper()
	cases := append(Load(t, filepath.Join(root, "invalid", "invoice")), Load(t, filepath.Join(root, "broken"))...)
	return append(cases, Large(read(t, filepath.Join(root, "valid", "invoice", "digitax_sample.json")))...)
}

// Load reads the cases of one folder: NAME.json beside NAME.expect.json.
func Load(t testing.TB, dir string) []Case {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.expect.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	cases := make([]Case, len(paths))
	for i, path := range paths {
		stem := strings.TrimSuffix(path, ".expect.json")
		cases[i] = Case{Name: filepath.Base(stem), Body: read(t, stem+".json")}
		if err := json.Unmarshal(read(t, path), &cases[i].Expect); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return cases
}

// Large makes, of a valid invoice with one line, those that are refused for
// their size.
func Large(valid []byte) []Case {
	head, line, tail := splitLine(valid)
	lines := bytes.Repeat(append(line, ','), 10_000)
	return []Case{
		{"ten_thousand_lines_are_too_many_bytes", bytes.Join([][]byte{head, lines, line, tail}, nil), []Fault{{"", "too_large"}}},
		{"ten_thousand_short_lines", bytes.Join([][]byte{head, bytes.Repeat([]byte("{},"), 9_999), []byte("{}"), tail}, nil), []Fault{{"/invoice_line", "max_items"}}},
		{"a_body_of_one_megabyte", append(bytes.Repeat([]byte(" "), 1<<20), valid...), []Fault{{"", "too_large"}}},
		{"too_deep", bytes.Repeat([]byte("["), 100_000), []Fault{{strings.Repeat("/0", 63), "too_deep"}}},
	}
}

// splitLine cuts a one-line invoice around its line.
func splitLine(valid []byte) (head, line, tail []byte) {
	open := bytes.Index(valid, []byte(`"invoice_line": [`)) + len(`"invoice_line": [`)
	end := bytes.LastIndexByte(valid, ']')
	return valid[:open:open], bytes.TrimSpace(valid[open:end:end]), valid[end:]
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
