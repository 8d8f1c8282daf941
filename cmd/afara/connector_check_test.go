package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk/conformance"
)

// TestAllConnectorsOfThisRepositoryConform runs the command on each connector as
// it is installed, with the cases and the stand-in that its author gives.
func TestAllConnectorsOfThisRepositoryConform(t *testing.T) {
	t.Parallel()
	mains, err := filepath.Glob("../../plugins/*/main.go")
	if err != nil || len(mains) < 2 {
		t.Fatalf("%d connectors, %v", len(mains), err)
	}
	for _, main := range mains {
		name := filepath.Base(filepath.Dir(main))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cases, err := filepath.Abs(filepath.Join(filepath.Dir(main), "conformance.json"))
			if err != nil {
				t.Fatal(err)
			}
			report := filepath.Join(t.TempDir(), "report.json")
			// The stand-in is built by the command that the cases name.
			env := []string{"HOME=" + os.Getenv("HOME"), "GOCACHE=" + goEnv(t, "GOCACHE"), "GOMODCACHE=" + goEnv(t, "GOMODCACHE")}
			got := afaraWith(t, env, "connector", "check", program(t, "plugins/"+name+"/"+name), "--cases", cases, "--json", report)
			if got.code != 0 {
				t.Errorf("exit %d\n%s\n%s", got.code, got.out, got.err)
			}
			raw, err := os.ReadFile(report)
			if err != nil {
				t.Fatal(err)
			}
			var r conformance.Report
			if err := json.Unmarshal(raw, &r); err != nil || r.Connector != name || len(r.Badges) < 2 || len(r.Results) < 50 {
				t.Fatalf("report of %s: %d badges, %d results, %v", r.Connector, len(r.Badges), len(r.Results), err)
			}
			for _, b := range r.Badges {
				if !b.Conforming || !strings.Contains(got.out, "\n"+b.String()) {
					t.Errorf("badge %s, which the text must show", b)
				}
			}
			everyOperationIsTried(t, filepath.Dir(main), &r)
		})
	}
}

// everyOperationIsTried keeps an author from passing by leaving cases out.
func everyOperationIsTried(t *testing.T, dir string, r *conformance.Report) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Operations []struct{ Name string } }
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	passed := map[string]bool{}
	for _, one := range r.Results {
		passed[one.ID] = one.Status == conformance.Pass
	}
	for _, op := range m.Operations {
		if !passed["invoke.valid/"+op.Name] {
			t.Errorf("%s was not tried with valid input", op.Name)
		}
	}
}

func TestTheCheckCommandSaysWhatIsWrongWithItsArguments(t *testing.T) {
	t.Parallel()
	echo := program(t, "plugins/echo/echo")
	dir := t.TempDir()
	faulty := filepath.Join(dir, "faulty.json")
	if err := os.WriteFile(faulty, []byte(`{"settings":{},"cases":[{"name":"a","operation":"sign","parameters":{}},{"name":"a","operation":"echo.say","parameters":{},"extra":1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		says []string
		args []string
	}{
		{[]string{"BINARY", "--list"}, nil},
		{[]string{"no such file"}, []string{filepath.Join(dir, "none")}},
		{[]string{"is no program"}, []string{faulty}},
		{[]string{"/cases/0/operation", "e.g. invoice.sign", "/cases/1/extra"}, []string{echo, "--cases", faulty}},
		{[]string{"no check", "effects", "--list"}, []string{echo, "--only", "effects"}},
		{[]string{"vendor", "no address"}, []string{echo, "--only", "start", "--vendor", "nowhere"}},
	} {
		got := afara(t, append([]string{"connector", "check"}, c.args...)...)
		if got.code != 1 || !holds(got.err, c.says) {
			t.Errorf("%q: exit %d, want %q in\n%s%s", c.args, got.code, c.says, got.out, got.err)
		}
	}
}

func TestChecksAreListedAndRunAlone(t *testing.T) {
	t.Parallel()
	listed := afara(t, "connector", "check", "--list").want(t)
	for _, c := range conformance.Checks() {
		if !strings.Contains(listed, c.ID+" ") || !strings.Contains(listed, c.Proves) {
			t.Errorf("%s is not in the list", c.ID)
		}
	}
	// Without cases the checks of the program alone are made.
	got := afara(t, "connector", "check", program(t, "plugins/echo/echo"), "--only", "manifest.valid,start", "--json", "-").want(t)
	var r conformance.Report
	if err := json.Unmarshal([]byte(got), &r); err != nil {
		t.Fatalf("standard output is not the report alone: %v\n%s", err, got)
	}
	if len(r.Results) != 5 || len(r.Failed()) != 0 || !regexp.MustCompile(`^\d+\.\d+`).MatchString(r.Version) {
		t.Errorf("got %+v", r)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
