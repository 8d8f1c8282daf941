package pluginhost_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// built is where TestMain has put the test connectors' programs.
var built string

func TestMain(m *testing.M) {
	if os.Getenv(hostVariable) != "" {
		os.Exit(beHost())
	}
	dir, err := os.MkdirTemp("", "ph-")
	if err == nil {
		built = dir
		err = build(dir, "good", "bad")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the test connectors:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "left behind:", err)
		code = 1
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string, names ...string) error {
	for _, name := range names {
		out, err := exec.Command("go", "build", "-o", filepath.Join(dir, name), "./internal/hostile/"+name).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
}
