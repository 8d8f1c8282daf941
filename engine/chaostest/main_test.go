//go:build linux

package chaostest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// built is where TestMain puts the programs.
var built struct{ node, plugins string }

// sideBySide is how many cases run at once: they mostly wait for a clock.
const sideBySide = "10"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "chaos")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := buildAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if err := moreParallel(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// moreParallel raises the default of -parallel, which is the number of
// processors; what the command line says stays.
func moreParallel() error {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", sideBySide)
}

func buildAll(dir string) error {
	built.node, built.plugins = filepath.Join(dir, "node"), filepath.Join(dir, "plugins")
	if err := build(built.node, "./internal/node"); err != nil {
		return err
	}
	for _, name := range []string{"firs", "echo"} {
		source, into := filepath.Join("..", "..", "plugins", name), filepath.Join(built.plugins, name)
		if err := build(filepath.Join(into, name), "./"+source); err != nil {
			return err
		}
		manifest, err := os.ReadFile(filepath.Join(source, "manifest.json"))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(into, "manifest.json"), manifest, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func build(to, source string) error {
	out, err := exec.Command("go", "build", "-tags", "afara_failpoints", "-o", to, source).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", source, err, out)
	}
	return nil
}
