package checkout_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afara-dev/afara/docs/examples/checkouttest"
)

// node finds the program. CI installs it, so there a missing one fails.
func node(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatal("node is not in PATH")
	default:
		t.Skip("SKIPPED, NOT PROVED on this machine: node is not in PATH")
	}
	return ""
}

func TestTheCheckoutKeepsTheRules(t *testing.T) {
	t.Parallel()
	program := node(t)
	checkouttest.Run(t, func(t *testing.T, env map[string]string) string {
		cmd := exec.Command(program, "main.mjs")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		line, err := bufio.NewReader(out).ReadString('\n')
		port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
		if !ok {
			t.Fatalf("it says %q, %v", line, err)
		}
		return "http://127.0.0.1:" + port
	})
}

var imports = regexp.MustCompile(`(?m)^import .* from '([^']+)'$`)

// TestItNeedsNothingButNode also has the test cache look at the program's files.
func TestItNeedsNothingButNode(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range imports.FindAllStringSubmatch(string(program), -1) {
			if from := found[1]; !strings.HasPrefix(from, "node:") && !strings.HasPrefix(from, "./") {
				t.Errorf("%s imports %s", file, from)
			}
		}
	}
}

func TestItSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(node(t), "main.mjs")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "SANDPAY_API_KEY") {
		t.Errorf("%v: %s", err, out)
	}
}
