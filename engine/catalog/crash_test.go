package catalog_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/afara-dev/afara/engine/catalog"
	"github.com/afara-dev/afara/engine/failpoint"
)

// installer builds a program that dies where AFARA_FAILPOINT says.
func installer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "installer")
	if out, err := exec.Command("go", "build", "-tags", "afara_failpoints", "-o", path, "./internal/installer").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// killed reports whether the change died at the point; else it must have ended
// well.
func killed(t *testing.T, program, point string, args ...string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = []string{"AFARA_FAILPOINT=" + point, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if status := exit.Sys().(syscall.WaitStatus); status.Signaled() && status.Signal() == syscall.SIGKILL {
			return true
		}
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return false
}

// settled is what a reader of the directory goes by: the lock, and whether its
// active version is whole.
func settled(t *testing.T, dir string) string {
	t.Helper()
	l, err := catalog.ReadLock(dir)
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	must(t, err)
	c, ok := l.Connector("demo")
	if !ok {
		return ""
	}
	all, err := catalog.Verify(dir)
	must(t, err)
	for _, v := range all {
		if v.Version != "" && v.Fault != nil {
			t.Errorf("%s %s: %v", v.Name, v.Version, v.Fault)
		}
	}
	return c.Active
}

// TestACrashLeavesTheOldVersionOrTheNew kills each change at each point, looks,
// and then makes the change again.
func TestACrashLeavesTheOldVersionOrTheNew(t *testing.T) {
	t.Parallel()
	program := installer(t)
	one, two := unsigned(t, source(t, "1.0.0", "one")), unsigned(t, source(t, "2.0.0", "two"))
	three := unsigned(t, source(t, "3.0.0", "three"))
	for _, c := range []struct {
		verb, what, old, new string
		before               [][2]string
		points               int // at least, that it meets
	}{
		{"install", one, "", "1.0.0", nil, 5},
		{"upgrade", two, "1.0.0", "2.0.0", [][2]string{{"install", one}}, 5},
		{"upgrade", three, "2.0.0", "3.0.0", [][2]string{{"install", one}, {"upgrade", two}}, 5},
		{"rollback", "demo", "2.0.0", "1.0.0", [][2]string{{"install", one}, {"upgrade", two}}, 2},
		{"remove", "demo", "2.0.0", "", [][2]string{{"install", one}, {"upgrade", two}}, 2},
	} {
		t.Run(c.verb+" "+c.old, func(t *testing.T) {
			t.Parallel()
			met := 0
			for _, point := range failpoint.Changes() {
				dir := t.TempDir()
				for _, step := range c.before {
					killed(t, program, "", step[0], dir, step[1])
				}
				if !killed(t, program, point, c.verb, dir, c.what) {
					continue
				}
				met++
				want := c.old
				if point == failpoint.LockReplaced {
					want = c.new
				}
				if got := settled(t, dir); got != want {
					t.Errorf("killed at %s: active is %q, want %q", point, got, want)
				}
				if want == c.new {
					continue
				}
				killed(t, program, "", c.verb, dir, c.what)
				whole(t, dir, c.new)
				if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
					t.Errorf("killed at %s: left behind: %v", point, left)
				}
			}
			if met < c.points {
				t.Errorf("only %d points were met", met)
			}
		})
	}
}
