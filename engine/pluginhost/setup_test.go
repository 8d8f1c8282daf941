package pluginhost_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

const apiKey = "sk_live_very secret/canary+7"

// connections is a store of one connection for each id that is asked for.
type connections struct {
	mu      sync.Mutex
	looked  int
	version int64
	saved   []string
	fail    error
}

func (c *connections) Secrets(context.Context, domain.ConnectionID) (settings, credential []byte, version int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked++
	if c.fail != nil {
		return nil, nil, 0, c.fail
	}
	settings, err = json.Marshal(map[string]string{"region": "lagos", "apiKey": apiKey})
	return settings, []byte(`{"token":"first-token"}`), max(c.version, 1), err
}

func (c *connections) SaveCredential(_ context.Context, id domain.ConnectionID, basedOn int64, credential []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if basedOn != max(c.version, 1) {
		return errors.New("another node was faster")
	}
	c.saved = append(c.saved, string(credential))
	return nil
}

// buffer is a log that can be read while it is written.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// install puts one program into a folder of connectors under another name.
func install(t testing.TB, dir, program, name string, manifest []byte) {
	t.Helper()
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(built, program), filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
	if manifest == nil {
		return
	}
	if err := os.WriteFile(filepath.Join(folder, "manifest.json"), manifest, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shortDir is a temporary folder whose path is short enough for sockets.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ph-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// bundle is one host with its surroundings.
type bundle struct {
	*pluginhost.Host
	connections *connections
	log         *buffer
	config      pluginhost.Config
}

// setup starts a host over the connectors in dir; change may set more.
func setup(t testing.TB, dir string, change func(*pluginhost.Config)) *bundle {
	t.Helper()
	b := &bundle{connections: &connections{}, log: &buffer{}}
	b.config = pluginhost.Config{
		Dirs: []string{dir}, RunDir: filepath.Join(shortDir(t), "run"), Connections: b.connections,
		Log: slog.New(slog.NewTextHandler(io.MultiWriter(b.log, t.Output()), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&b.config)
	}
	h, err := pluginhost.New(b.config)
	if err != nil {
		t.Fatal(err)
	}
	b.Host = h
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		if err := h.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// bad starts a host with one running hostile connector of the given name.
func bad(t testing.TB, name string, change func(*pluginhost.Config)) *bundle {
	t.Helper()
	dir := t.TempDir()
	install(t, dir, "bad", name, hostile.Bad(name))
	b := setup(t, dir, change)
	b.start(t, name)
	return b
}

func (b *bundle) start(t testing.TB, name string) {
	t.Helper()
	b.Need(name, domain.Sandbox)
	eventually(t, name+" runs", func() bool { return b.Ready(name, domain.Sandbox) })
}

// invoke calls one verb of a connector with parameters in JSON.
func (b *bundle) invoke(t testing.TB, name, verb, parameters string) domain.Outcome {
	t.Helper()
	return b.Invoke(t.Context(), call(name, verb, parameters))
}

func call(name, verb, parameters string) domain.Call {
	return domain.Call{
		Connection: domain.ConnectionRef{ID: "con_1", Version: 1, Connector: name, Environment: domain.Sandbox},
		Operation:  name + "." + verb, Key: "key-1", Message: "msg_1", Parameters: json.RawMessage(parameters),
	}
}

func (b *bundle) status(t testing.TB, name string) pluginhost.ConnectorStatus {
	t.Helper()
	for _, s := range b.Status() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no connector %s in the status", name)
	return pluginhost.ConnectorStatus{}
}

// eventually waits for a condition that another process brings about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	within(t, 20*time.Second, what, ok)
}

func within(t testing.TB, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// wantClass fails unless the outcome has the class and the code.
func wantClass(t testing.TB, out domain.Outcome, class domain.Class, code string) {
	t.Helper()
	if out.Class != class || out.Error == nil || out.Error.Code != code || out.Error.Class != class {
		t.Fatalf("got %s %+v, want %s with code %s", out.Class, out.Error, class, code)
	}
}

func wantResult(t testing.TB, out domain.Outcome, result string) {
	t.Helper()
	if out.Class != domain.ClassResult || string(out.Result) != result || out.Error != nil {
		t.Fatalf("got %s %q %+v, want the result %q", out.Class, out.Result, out.Error, result)
	}
}
