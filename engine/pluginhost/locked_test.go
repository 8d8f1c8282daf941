package pluginhost_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/catalog"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

// locked is a directory with the connector "bad" installed from a package.
func locked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pkg, err := packFirst()
	if err == nil {
		_, err = catalog.Install(dir, pkg, unsigned())
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// The packages of the connector "bad", made once: packing takes a while.
var (
	packFirst = sync.OnceValues(func() (string, error) { return packOf("bad", hostile.Version) })
	packLater = sync.OnceValues(func() (string, error) { return packOf("later", hostile.Later) })
)

func packOf(program, version string) (string, error) {
	from := filepath.Join(built, "package-"+version)
	bin, pkg := filepath.Join(from, "bin", catalog.Platform()), from+".tar.gz"
	err := errors.Join(
		os.MkdirAll(bin, 0o700), os.Link(filepath.Join(built, program), filepath.Join(bin, "bad")),
		os.WriteFile(filepath.Join(from, "manifest.json"), hostile.BadAt("bad", version), 0o600),
	)
	if err == nil {
		_, err = catalog.Pack(from, pkg)
	}
	return pkg, err
}

// unsigned takes packages of nobody.
func unsigned() catalog.Policy { return catalog.Policy{AllowUnsigned: true} }

// swap puts another program, which runs, in the place of a locked one.
func swap(path string) error {
	return errors.Join(os.Rename(path, path+".kept"), os.Link(filepath.Join(built, "good"), path))
}

func TestALockedConnectorRuns(t *testing.T) {
	t.Parallel()
	dir := locked(t)
	b := setup(t, dir, nil)
	b.start(t, "bad")
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	if s := b.status(t, "bad"); s.Version != hostile.Version || len(s.Digest) != 64 {
		t.Errorf("status: %+v", s)
	}
}

func TestWhatTheLockDoesNotNameDoesNotRun(t *testing.T) {
	t.Parallel()
	program := func(dir string) string { return catalog.Program(dir, "bad", hostile.Version) }
	lock := func(dir string) string { return filepath.Join(dir, catalog.LockFile) }
	for name, c := range map[string]struct {
		connector string
		change    func(dir string) error
		reasons   []string
	}{
		"another program": {"bad", func(d string) error { return swap(program(d)) }, []string{"checksum mismatch", "connector verify"}},
		"no program":      {"bad", func(d string) error { return os.Remove(program(d)) }, []string{"executable", "no such file"}},
		"another manifest": {"bad", func(d string) error {
			path := filepath.Join(catalog.Folder(d, "bad", hostile.Version), "manifest.json")
			return errors.Join(os.Remove(path), os.WriteFile(path, hostile.Liar("bad"), 0o600))
		}, []string{"digest", "manifest.json", "install its package again"}},
		"beside the lock": {"good", func(d string) error {
			return errors.Join(os.Mkdir(filepath.Join(d, "good"), 0o700), os.Link(filepath.Join(built, "good"), filepath.Join(d, "good", "good")),
				os.WriteFile(filepath.Join(d, "good", "manifest.json"), hostile.Good("good"), 0o600))
		}, []string{"unlocked", "connectors.lock", "connector install"}},
		"broken lock": {"bad", func(d string) error { return os.WriteFile(lock(d), []byte("{}"), 0o600) }, []string{"connectors.lock", "from a copy"}},
		"lost lock":   {"bad", func(d string) error { return os.Remove(lock(d)) }, []string{"unlocked", "connector install"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := locked(t)
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			b := setup(t, dir, nil)
			b.Need(c.connector, domain.Sandbox)
			eventually(t, "it is incompatible", func() bool { return b.status(t, c.connector).State == pluginhost.StateIncompatible })
			for _, want := range c.reasons {
				if s := b.status(t, c.connector); !strings.Contains(s.Reason, want) || !strings.Contains(s.Reason, c.connector) {
					t.Errorf("reason %q, want %q in it", s.Reason, want)
				}
			}
			wantClass(t, b.invoke(t, c.connector, "echo", `{}`), domain.ClassUnavailable, "connector_unusable")
			if _, ok := b.Manifest(c.connector, domain.Sandbox); ok {
				t.Error("it has a usable manifest")
			}
			if c.connector != "bad" { // who is locked beside it is not harmed
				b.start(t, "bad")
			}
		})
	}
}

func TestALockedProgramThatIsSwappedLaterDoesNotRun(t *testing.T) {
	t.Parallel()
	dir := locked(t)
	b := setup(t, dir, func(c *pluginhost.Config) { c.RestartMax = 50 * time.Millisecond })
	if err := swap(catalog.Program(dir, "bad", hostile.Version)); err != nil {
		t.Fatal(err)
	}
	b.Need("bad", domain.Sandbox)
	eventually(t, "the swap is seen", func() bool { return b.status(t, "bad").State == pluginhost.StateIncompatible })
	if s := b.status(t, "bad"); !strings.Contains(s.Reason, "checksum mismatch") || !strings.Contains(s.Reason, "connector verify") {
		t.Errorf("reason %q", s.Reason)
	}
}

func TestAPinThatIsNotTheLocksIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, locked(t), func(c *pluginhost.Config) { c.Pins = map[string]string{"bad": strings.Repeat("0", 64)} })
	if s := b.status(t, "bad"); s.State != pluginhost.StateIncompatible || !strings.Contains(s.Reason, "the lock has") {
		t.Errorf("%s: %s", s.State, s.Reason)
	}
}
