package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

// world is the connections of one environment over a real database, with a
// checker that says what the test wants.
type world struct {
	*testing.T
	clock *testclock.Clock
	store *store.Store
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second))}
			w.store = open(t, func(c *store.Config) { c.Now, c.Migrations = w.clock.Now, nil })
			test(w)
		})
	}
}

// service is the registry of one node.
func (w *world) service(change ...func(*registry.Config)) *registry.Service {
	w.Helper()
	keyring, err := secret.ParseKeyring("k1:" + strings.Repeat("QUFB", 10) + "QUE=")
	w.must(err)
	applier := store.NewApplier(w.store)
	cfg := registry.Config{
		Store: w.store, Applier: applier, Keyring: keyring, Manifests: installed{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		FirstCheck: 5 * time.Millisecond, CheckEvery: 20 * time.Millisecond,
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := registry.New(cfg)
	w.must(err)
	audit.Register(applier)
	return s
}

// installed are two connectors with one setting.
type installed struct{}

// Manifest implements registry.Manifests.
func (installed) Manifest(name string, _ domain.EnvironmentKind) (*schemas.Manifest, bool) {
	return &schemas.Manifest{
		Name: name, Version: "1.0.0", Capabilities: []string{"invoice"},
		Settings: json.RawMessage(`{"type":"object","properties":{"token":{"type":"string","x-afara-secret":true}}}`),
	}, name == "one" || name == "other"
}

func (w *world) put(s *registry.Service, name string, change ...func(*registry.NewConnection)) (registry.Connection, error) {
	n := registry.NewConnection{
		Environment: "env_a", Kind: domain.Sandbox, Connector: "one", Name: name, Settings: json.RawMessage(`{"token":"secret"}`), Enabled: true,
	}
	for _, c := range change {
		c(&n)
	}
	return s.Put(w.Context(), n)
}

func (w *world) connection(s *registry.Service, name string) domain.ConnectionID {
	w.Helper()
	c, err := w.put(s, name)
	w.must(err)
	return c.ID
}

// paused is the reason for which a connection is paused; "" when it is not.
func (w *world) paused(id domain.ConnectionID) string {
	w.Helper()
	gates, err := w.store.Gates(w.Context())
	w.must(err)
	for _, g := range gates {
		if g.Key == string(id) {
			return g.Reason
		}
	}
	return ""
}

// run lets a node check paused connections until the test ends.
func (w *world) run(s *registry.Service, node domain.NodeID, c *checker) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx, node, c, c.wake)
	}()
	w.Cleanup(func() { cancel(); <-done })
}

// checker passes every connection but those that are refused.
type checker struct {
	unready bool

	mu      sync.Mutex
	refused map[domain.ConnectionID]bool
	checks  map[domain.ConnectionID]int
	wakes   int
}

func newChecker() *checker {
	return &checker{refused: map[domain.ConnectionID]bool{}, checks: map[domain.ConnectionID]int{}}
}

// Ready implements registry.Checker.
func (c *checker) Ready(string, domain.EnvironmentKind) bool { return !c.unready }

// Check implements registry.Checker.
func (c *checker) Check(_ context.Context, ref domain.ConnectionRef) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checks[ref.ID]++
	if c.unready || c.refused[ref.ID] {
		return errors.New("refused")
	}
	return nil
}

func (c *checker) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wakes++
}

func (c *checker) refuse(id domain.ConnectionID, yes bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[id] = yes
}

func (c *checker) count(id domain.ConnectionID) (checks, wakes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.checks[id], c.wakes
}

func unauthorized() *domain.ConnectorError {
	return &domain.ConnectorError{Class: domain.ClassUnauthorized, Message: "the key is refused"}
}

func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			w.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
