//go:build linux

package engine_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
)

// hostileConnectors builds one program and installs it under those names.
func hostileConnectors(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if out, err := exec.Command("go", "build", "-o", program, "./pluginhost/internal/hostile/bad").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range names {
		into := filepath.Join(dir, "connectors", name)
		must(t, os.MkdirAll(into, 0o700))
		must(t, os.Link(program, filepath.Join(into, name)))
		manifest, err := exec.Command(filepath.Join(into, name), "manifest").Output()
		must(t, err)
		must(t, os.WriteFile(filepath.Join(into, "manifest.json"), manifest, 0o600))
	}
	return filepath.Join(dir, "connectors")
}

// connectHostile puts an enabled connection and answers its path.
func (w *world) connectHostile(name string) string {
	w.t.Helper()
	settings, err := json.Marshal(map[string]string{"region": "lagos", "apiKey": canary})
	must(w.t, err)
	c, err := w.engine.Registry.Put(w.t.Context(), registry.NewConnection{
		Environment: w.env, Kind: domain.Sandbox, Connector: name, Enabled: true, Settings: settings,
		PollEvery: new(time.Duration), // its streams are as bad, and a matter of their own
	})
	must(w.t, err)
	return "/si/connections/" + string(c.ID)
}
