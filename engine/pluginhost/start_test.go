package pluginhost_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

func TestConnectorsThatCannotStart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		state   pluginhost.State
		timeout time.Duration // long where a slow start must not be taken for another fault
		reason  string
	}{
		{"exiter", pluginhost.StateCrashLoop, 10 * time.Second, "exit code 3"},
		{"chatty", pluginhost.StateCrashLoop, 10 * time.Second, `printed "hello, I am a connector" on stdout before the handshake`},
		{"silent", pluginhost.StateCrashLoop, time.Second, "did not start within 1s"},
		{"stranger", pluginhost.StateCrashLoop, 10 * time.Second, "not a socket in its own folder"},
		{"icy", pluginhost.StateCrashLoop, time.Second, "did not start within 1s"},
		{"modern", pluginhost.StateIncompatible, 10 * time.Second, "speaks version 99"},
		{"liar", pluginhost.StateIncompatible, 10 * time.Second, `describes "liar" version "9.9.9"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			install(t, dir, "bad", tc.name, hostile.Bad(tc.name))
			b := setup(t, dir, func(c *pluginhost.Config) {
				c.CrashLoop, c.RestartMin, c.RestartMax, c.StartTimeout = 2, time.Millisecond, 3*time.Second, tc.timeout
			})
			b.Need(tc.name, domain.Sandbox)
			var s pluginhost.ConnectorStatus // at one moment: the next start is near
			eventually(t, "it is "+string(tc.state), func() bool {
				s = b.status(t, tc.name)
				return s.State == tc.state
			})
			if !strings.Contains(s.Reason, tc.reason) || s.PID != 0 {
				t.Errorf("reason %q, pid %d", s.Reason, s.PID)
			}
			// Nothing is left of a start that went wrong.
			eventually(t, "no process is left", func() bool { return len(running(b.config.RunDir)) == 0 })
			wantClass(t, b.invoke(t, tc.name, "echo", `{}`), domain.ClassUnavailable, "connector_not_ready")
		})
	}
}

func TestWhyAConnectorEndedIsInItsTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "bad", "exiter", hostile.Bad("exiter"))
	b := setup(t, dir, nil)
	b.Need("exiter", domain.Sandbox)
	eventually(t, "its last words are kept", func() bool {
		s := b.status(t, "exiter")
		return len(s.Stderr) > 0 && s.Stderr[0] == "cannot work here"
	})
}

func TestConnectorsThatAreNotUsable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "bad", "nomanifest", nil)
	install(t, dir, "bad", "renamed", hostile.Bad("other"))
	install(t, dir, "bad", "broken", []byte(`{"name":"broken"}`))
	install(t, dir, "bad", "fine", hostile.Bad("fine"))
	install(t, dir, "bad", "noprogram", hostile.Bad("noprogram"))
	if err := os.Remove(filepath.Join(dir, "noprogram", "noprogram")); err != nil {
		t.Fatal(err)
	}
	install(t, dir, "bad", "script", hostile.Bad("script"))
	script := filepath.Join(dir, "script", "script")
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := setup(t, dir, func(c *pluginhost.Config) { c.Pins = map[string]string{"fine": strings.Repeat("0", 64)} })
	for name, reason := range map[string]string{
		"nomanifest": "no such file", "renamed": `name is "other"`, "broken": "manifest",
		"noprogram": "executable", "script": "a script", "fine": "checksum mismatch", "absent": "not installed",
	} {
		b.Need(name, domain.Sandbox)
		eventually(t, name+" is incompatible", func() bool { return b.status(t, name).State == pluginhost.StateIncompatible })
		if s := b.status(t, name); !strings.Contains(s.Reason, reason) {
			t.Errorf("%s: reason %q, want %q in it", name, s.Reason, reason)
		}
		if out := b.invoke(t, name, "echo", `{}`); out.Class != domain.ClassUnavailable || out.Error.Code != "connector_unusable" {
			t.Errorf("%s: %s %+v", name, out.Class, out.Error)
		}
		if _, ok := b.Manifest(name, domain.Sandbox); ok {
			t.Errorf("%s: has a usable manifest", name)
		}
	}
}

func TestAProgramThatWasSwappedDoesNotRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "bad", "bad", hostile.Bad("bad"))
	b := setup(t, dir, func(c *pluginhost.Config) { c.RestartMax = 50 * time.Millisecond })
	program := filepath.Join(dir, "bad", "bad")
	if err := os.Rename(program, program+".kept"); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(built, "good"), program); err != nil {
		t.Fatal(err)
	}
	b.Need("bad", domain.Sandbox)
	eventually(t, "the swap is seen", func() bool { return b.status(t, "bad").State == pluginhost.StateIncompatible })
	if s := b.status(t, "bad"); !strings.Contains(s.Reason, "checksum mismatch") {
		t.Errorf("reason %q", s.Reason)
	}
	if err := os.Rename(program+".kept", program); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pinned program runs once it is back", func() bool { return b.Ready("bad", domain.Sandbox) })
}

func TestAPrivateCopyThatWasSpoiledIsReplaced(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	copies, err := filepath.Glob(filepath.Join(b.config.RunDir, "h-*", "bin", "*", "bad"))
	if err != nil || len(copies) != 1 {
		t.Fatalf("copies: %v, %v", copies, err)
	}
	if err := os.Remove(copies[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copies[0], []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	wantClass(t, b.invoke(t, "bad", "exit", `{}`), domain.ClassUnavailable, "connector_crashed")
	eventually(t, "it is back", func() bool { return b.Ready("bad", domain.Sandbox) })
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
}

func TestARunFolderWithALongPathServes(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.RunDir = filepath.Join(t.TempDir(), strings.Repeat("long", 20)) })
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
}

func TestWrongWiringIsNamed(t *testing.T) {
	t.Parallel()
	dir, other, open := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "open")
	install(t, dir, "bad", "bad", hostile.Bad("bad"))
	install(t, other, "bad", "bad", hostile.Bad("bad"))
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	used := prometheus.NewRegistry()
	setup(t, dir, func(c *pluginhost.Config) { c.Metrics = used })
	for want, cfg := range map[string]pluginhost.Config{
		"Dirs: at least one":    {Connections: &connections{}},
		"Connections: required": {Dirs: []string{dir}},
		"Dirs: open":            {Dirs: []string{"/does/not/exist"}, Connections: &connections{}},
		"remove one":            {Dirs: []string{dir, other}, Connections: &connections{}},
		"Pins: no connector":    {Dirs: []string{dir}, Pins: map[string]string{"x": "00"}, Connections: &connections{}},
		"nobody else":           {Dirs: []string{dir}, RunDir: open, Connections: &connections{}},
		"Metrics":               {Dirs: []string{dir}, RunDir: shortDir(t), Metrics: used, Connections: &connections{}},
	} {
		if _, err := pluginhost.New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// running are the processes whose program lies below dir.
func running(dir string) (pids []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if exe, err := os.Readlink(link); err == nil && strings.HasPrefix(exe, dir) {
			pids = append(pids, filepath.Base(filepath.Dir(link)))
		}
	}
	return pids
}
