package sdk_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// made finds where the package makes a classed error: a call with a code.
var made = regexp.MustCompile(`(?:[A-Z][A-Za-z]*f\(|error\([^"\n]*, |return r?\.?[^"\n]*, )"([a-z]+(?:_[a-z]+)+)"`)

// TestEveryCodeOfTheSDKIsListed reads the sources: a code that is not listed
// would have to be declared by every connector.
func TestEveryCodeOfTheSDKIsListed(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, e := range sdk.StandardErrors() {
		listed = append(listed, e.Code)
		if e.Title == "" || len(e.Classes) == 0 {
			t.Errorf("%s says too little: %+v", e.Code, e)
		}
	}
	found := 0
	for _, pattern := range []string{"*.go", "httpclient/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") || file == "codes.go" {
				continue
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range made.FindAllStringSubmatch(string(raw), -1) {
				found++
				if !slices.Contains(listed, m[1]) {
					t.Errorf("%s: the code %s is not in StandardErrors", file, m[1])
				}
			}
		}
	}
	if found < 25 {
		t.Errorf("only %d codes were found: the pattern is wrong", found)
	}
}

func TestAManifestMayDeclareTheErrors(t *testing.T) {
	t.Parallel()
	const manifest = `{"name":"x","version":"1.0.0","title":"X","protocolVersion":1,"capabilities":["x"],"settings":{"type":"object"},
		"operations":[{"name":"x.do","title":"Do","effect":"none","deadline":"5s","input":{"type":"object"},"output":{"type":"object"}}],"errors":`
	for errs, at := range map[string]string{
		`[{"code":"a_b","classes":["rejected"],"title":"No."}]`:                                                           "",
		`[{"code":"A","classes":["rejected"],"title":"No."}]`:                                                             "/errors/0/code",
		`[{"code":"a","classes":["wrong"],"title":"No."}]`:                                                                "/errors/0/classes/0",
		`[{"code":"a","classes":["invalid"],"title":"No."},{"code":"a","classes":["internal"],"title":"No, once more."}]`: "/errors/1/code",
	} {
		_, err := schemas.ParseManifest([]byte(manifest + errs + "}"))
		if (at == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), at) {
			t.Errorf("%s: %v, want a fault at %q", errs, err, at)
		}
	}
}
