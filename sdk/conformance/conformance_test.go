package conformance_test

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/plugins/echo/simulator"
	"github.com/afara-dev/afara/sdk/conformance"
)

const casesOfBroken = `{
  "settings": {"baseUrl": "${vendor}", "apiKey": "${canary}/+", "hookSecret": "hook-${canary}"},
  "cases": [
    {"name": "say", "operation": "broken.say", "parameters": {"text": "bawo ni ${n}"}, "expect": {"text": "bawo ni ${n}"}},
    {"name": "missing", "operation": "broken.find", "parameters": {"reference": "B${n}"}, "expect": {"found": false}},
    {"name": "register", "operation": "broken.register", "parameters": {"reference": "B${n}"}},
    {"name": "found", "operation": "broken.find", "after": ["register"], "parameters": {"reference": "B${n}"}, "expect": {"found": true}}
  ],
  "streams": [{"name": "documents", "after": ["register", "register", "register"]}],
  "webhooks": [{
    "kind": "document", "body": {"id": "${n}"}, "headers": {"X-Timestamp": "${timestamp}"},
    "sign": {"algorithm": "sha256", "encoding": "hex", "secret": "hookSecret", "text": "${timestamp}.${body}", "header": "X-Signature"}
  }]
}`

// faults are the ways in which the test connector is broken, and all that the
// kit has to find, no more and no less.
func faults() map[string][]string {
	out := map[string][]string{
		"good":         nil,
		"invoke.crash": {"invoke.invalid/broken.find", "invoke.invalid/broken.register", "invoke.invalid/broken.say"},
		"effect.twice": {"effect.lost/broken.register", "effect.silent/broken.register"},
		"end.group":    {"end.drain", "end.shutdown", "end.sigterm"},
		"end.sigterm":  {"end.drain", "end.sigterm"},
		"webhook.all": {
			"webhook.body/document", "webhook.missing/document",
			"webhook.signature/document",
		},
		"check.good":    {"check.good", "check.unreachable", "parallel.connections"},
		"check.refused": {"check.refused", "parallel.connections"},
		"invoke.valid":  {"invoke.valid/broken.find", "state.process/broken.register"},
		"time.deadline": {"time.cancel", "time.deadline"},
	}
	for id, about := range map[string]string{
		"start.handshake": "", "start.versions": "", "start.health": "", "start.by_hand": "",
		"manifest.valid": "", "manifest.stable": "", "manifest.described": "",
		"settings.unknown": "", "settings.types": "", "settings.faults": "", "settings.optional": "",
		"check.unreachable": "",
		"invoke.invalid":    "/broken.say", "invoke.unknown": "", "invoke.connection": "", "invoke.settings": "",
		"errors.unreachable": "/broken.register", "errors.unauthorized": "", "errors.throttled": "", "errors.down": "", "errors.declared": "",
		"effect.lost": "/broken.register", "effect.silent": "/broken.register", "effect.down": "/broken.register",
		"effect.unreadable": "/broken.register", "effect.late": "/broken.register", "effect.repeated": "/broken.register",
		"time.neighbours": "", "parallel.calls": "", "parallel.connections": "", "parallel.growth": "",
		"size.big": "", "size.too_big": "", "future.fields": "", "state.process": "/broken.register",
		"pull.all": "/documents", "pull.limit": "/documents", "pull.resume": "/documents",
		"pull.nothing": "/documents", "pull.preview": "/documents", "pull.unknown": "/documents",
		"webhook.good": "/document", "webhook.repeat": "/document", "webhook.body": "/document", "webhook.signature": "/document",
		"webhook.missing": "/document", "webhook.old": "/document", "webhook.no_secret": "/document", "webhook.unknown": "/document",
		"end.shutdown": "", "end.drain": "", "end.parent": "",
		"secrets.answers": "", "secrets.log": "", "output.stdout": "", "output.log": "",
	} {
		out[id] = []string{id + about}
	}
	return out
}

// built is the program of the broken connector.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "broken-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "broken")
	if out, err := exec.Command("go", "build", "-o", path, "./internal/broken").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// sideBySide is how many connectors are tried at once: they mostly wait for a
// clock, and use a third of two processors when two at a time are.
const sideBySide = "6"

// moreParallel raises the default of -parallel, which is the number of
// processors; what the command line says stays.
func moreParallel() error {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", sideBySide)
}

func TestMain(m *testing.M) {
	if err := moreParallel(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if path, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// install puts the connector that is broken in a way into a folder of its own.
func install(t *testing.T, fault string) string {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), fault)
	if err := os.Link(program, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs the kit with a registry of its own.
func run(t *testing.T, fault string, o conformance.Options) *conformance.Report {
	t.Helper()
	registry := httptest.NewServer(simulator.New(simulator.Options{}))
	t.Cleanup(registry.Close)
	o.Binary, o.Vendor = install(t, fault), registry.URL
	report, err := conformance.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// try runs the kit with the cases that suit the connector.
func try(t *testing.T, fault string, only ...string) *conformance.Report {
	t.Helper()
	cases, err := conformance.ParseCases([]byte(casesOfBroken))
	if err != nil {
		t.Fatal(err)
	}
	return run(t, fault, conformance.Options{Cases: cases, Only: only})
}

func failedIDs(r *conformance.Report) []string {
	var out []string
	for _, one := range r.Failed() {
		out = append(out, one.ID)
	}
	slices.Sort(out)
	return out
}

// areasFor are the areas of the checks that find a fault, and those that are
// quick. Without a fault all checks run.
func areasFor(found []string) []string {
	if len(found) == 0 {
		return nil
	}
	areas := []string{"manifest", "settings", "check", "invoke", "errors", "effect", "pull", "webhook", "secrets", "output"}
	for _, id := range found {
		area, _, _ := strings.Cut(id, ".")
		areas = append(areas, area)
	}
	return areas
}

// TestEachFaultIsFoundByItsOwnCheck is what the kit is worth: a check that
// cannot fail proves nothing.
func TestEachFaultIsFoundByItsOwnCheck(t *testing.T) {
	t.Parallel()
	for fault, want := range faults() {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			report := try(t, fault, areasFor(want)...)
			if got := failedIDs(report); !slices.Equal(got, want) {
				t.Errorf("failed: %v\nwant:   %v", got, want)
				for _, one := range report.Failed() {
					t.Logf("%s: %s", one.ID, one.Reason)
				}
			}
			for _, one := range report.Failed() {
				if !strings.HasPrefix(one.Reason, "expected ") || !strings.Contains(one.Reason, "; got ") || !strings.HasSuffix(one.Reason, ".") {
					t.Errorf("%s does not say what was expected, what came and what to do: %s", one.ID, one.Reason)
				}
			}
		})
	}
}

func TestEveryCheckHasAFaultThatItFinds(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, ids := range faults() {
		for _, id := range ids {
			check, _, _ := strings.Cut(id, "/")
			found[check] = true
		}
	}
	// A folder of the test's own has no manifest.json, and valid settings are the
	// cases' fault: both have tests of their own.
	for _, c := range conformance.Checks() {
		if !found[c.ID] && c.ID != "manifest.file" && c.ID != "settings.valid" {
			t.Errorf("nothing shows that %s can fail", c.ID)
		}
	}
}

// TestAPushThatNobodySignsIsHeldToTheVendorsWord has a connector that asks back,
// and two that do so badly.
func TestAPushThatNobodySignsIsHeldToTheVendorsWord(t *testing.T) {
	t.Parallel()
	cases, err := conformance.ParseCases([]byte(casesOfBroken))
	if err != nil {
		t.Fatal(err)
	}
	cases.Hooks = []conformance.Webhook{{
		Kind: "document", Method: "PUT", Query: "reference=B${n}", Body: map[string]any{"id": "${uuid.push}"},
		After: []string{"register"}, ReadBack: true, Forged: map[string]any{"id": "a lie"},
	}}
	for fault, want := range map[string]string{
		"readback.good": "", "readback.believes": "webhook.body/document", "readback.unheard": "webhook.body/document",
	} {
		report := run(t, fault, conformance.Options{Cases: cases, Only: []string{"webhook"}})
		if got := strings.Join(failedIDs(report), " "); got != want {
			t.Errorf("%s: %q fails, want %q: %+v", fault, got, want, report.Failed())
		}
	}
}
