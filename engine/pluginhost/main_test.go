package pluginhost_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
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
		err = errors.Join(build(dir, "good", "good"), build(dir, "bad", "bad"), build(dir, "later", "bad", "-ldflags", "-X "+hostilePackage+".build="+hostile.Later))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the test connectors:", err)
		os.Exit(1)
	}
	code := m.Run()
	if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/afara-dev/afara/engine/pluginhost.forkForEver")); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "left behind:", err)
		code = 1
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

const hostilePackage = "github.com/afara-dev/afara/engine/pluginhost/internal/hostile"

func build(dir, name, source string, flags ...string) error {
	args := append([]string{"build", "-o", filepath.Join(dir, name)}, flags...)
	out, err := exec.Command("go", append(args, "./internal/hostile/"+source)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
