//go:build linux

package chaostest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// built is where TestMain puts the programs; later holds the connector firs once
// more, in the version laterFirs.
var built struct{ node, receiver, plugins, later string }

// The versions of the connector firs.
const (
	firstFirs = "1.0.0"
	laterFirs = "1.1.0"
)

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
	built.node, built.receiver, built.plugins, built.later = filepath.Join(dir, "node"), filepath.Join(dir, "receiver"), filepath.Join(dir, "plugins"), filepath.Join(dir, "later")
	if err := errors.Join(build(built.node, "./internal/node"), build(built.receiver, "./internal/receiver")); err != nil {
		return err
	}
	for _, name := range []string{"firs", "echo", "mtn"} {
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
	return buildLater(dir)
}

// buildLater builds firs with a manifest that says a later version.
func buildLater(dir string) error {
	source, err := filepath.Abs(filepath.Join("..", "..", "plugins", "firs", "manifest.json"))
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	into := filepath.Join(built.later, "firs")
	manifest, overlay := filepath.Join(into, "manifest.json"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{source: manifest}})
	if err != nil {
		return err
	}
	later := bytes.Replace(raw, []byte(`"version": "`+firstFirs+`"`), []byte(`"version": "`+laterFirs+`"`), 1)
	err = errors.Join(os.MkdirAll(into, 0o700), os.WriteFile(manifest, later, 0o600), os.WriteFile(overlay, replace, 0o600))
	if err != nil {
		return err
	}
	return build(filepath.Join(into, "firs"), "../../plugins/firs", "-overlay", overlay)
}

// buildKeeper puts a version of the connector keeper into a directory of
// connectors.
func buildKeeper(dir, version string) error {
	raw, err := os.ReadFile(filepath.Join("internal", "keeper", "manifest.json"))
	if err != nil {
		return err
	}
	into := filepath.Join(dir, "keeper")
	manifest := bytes.Replace(raw, []byte(`"1.0.0"`), []byte(`"`+version+`"`), 1)
	return errors.Join(
		os.MkdirAll(into, 0o700), build(filepath.Join(into, "keeper"), "./internal/keeper", "-ldflags", "-X main.version="+version),
		os.WriteFile(filepath.Join(into, "manifest.json"), manifest, 0o600),
	)
}

func build(to, source string, flags ...string) error {
	args := append([]string{"build", "-tags", "afara_failpoints", "-o", to}, flags...)
	out, err := exec.Command("go", append(args, source)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", source, err, out)
	}
	return nil
}
