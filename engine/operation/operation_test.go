package operation_test

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

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/operation"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

// world is the operations of one connector over a real database.
type world struct {
	*testing.T
	clock *testclock.Clock
	store *store.Store

	mu       sync.Mutex
	outcomes map[string]domain.Outcome // of each operation
	calls    map[string]int
	paused   int
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), outcomes: map[string]domain.Outcome{}, calls: map[string]int{}}
			w.store = open(t, func(c *store.Config) { c.Now, c.Migrations = w.clock.Now, nil })
			test(w)
		})
	}
}

// service is the operations of one node.
func (w *world) service() *operation.Service {
	w.Helper()
	keyring, err := secret.ParseKeyring("k1:" + strings.Repeat("QUFB", 10) + "QUE=")
	w.must(err)
	s, err := operation.New(operation.Config{Store: w.store, Connectors: w, Connections: w, Sealer: keyring, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	w.must(err)
	w.Cleanup(func() { s.Wait(context.WithoutCancel(w.Context())) })
	return s
}

func (w *world) Manifest(string, domain.EnvironmentKind) (*schemas.Manifest, bool) {
	return &schemas.Manifest{Name: "one", Operations: []schemas.Operation{
		{Name: "one.charge", Effect: "keyed", Lookup: "one.find"},
		{Name: "one.find", Effect: "none", Input: json.RawMessage(`{"properties":{"reference":{}}}`)},
	}}, true
}

func (w *world) Ready(string, domain.EnvironmentKind) bool { return true }

func (w *world) Invoke(_ context.Context, c domain.Call) domain.Outcome {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[c.Operation]++
	return w.outcomes[c.Operation]
}

func (w *world) Pause(context.Context, domain.ConnectionID, *domain.ConnectorError) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused++
	return nil
}

// ends makes an operation end so from now on.
func (w *world) ends(operation string, class domain.Class, result string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := domain.Outcome{Class: class, Result: json.RawMessage(result)}
	if class != domain.ClassResult {
		out = domain.Outcome{Class: class, Error: &domain.ConnectorError{Class: class, Code: "so", Message: "so it is"}}
	}
	w.outcomes[operation] = out
}

func (w *world) called(operation string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[operation]
}

func request(key string) operation.Request {
	return operation.Request{
		Environment: "env_a", Connection: domain.ConnectionRef{ID: "con_a", Version: 1, Connector: "one", Environment: domain.Sandbox},
		Operation: "one.charge", Key: key, Input: json.RawMessage(`{"reference":"r"}`),
	}
}

func TestTwinsOnManyNodesAreOneCall(t *testing.T) {
	onBoth(t, func(w *world) {
		nodes := []*operation.Service{w.service(), w.service(), w.service()}
		w.ends("one.charge", domain.ClassResult, `{"receipt":1}`)
		var group sync.WaitGroup
		for i := range 32 {
			group.Go(func() {
				got, err := nodes[i%len(nodes)].Call(w.Context(), request("k"))
				if err != nil || got.Status == operation.StatusUnknown || got.Status == operation.StatusDone && string(got.Result) != `{"receipt":1}` {
					w.Errorf("%+v, %v", got, err)
				}
			})
		}
		group.Wait()
		got, err := nodes[0].Call(w.Context(), request("k"))
		if err != nil || !got.Replayed || string(got.Result) != `{"receipt":1}` || w.called("one.charge") != 1 {
			w.Errorf("%+v, %v after %d calls", got, err, w.called("one.charge"))
		}
	})
}

// Two look-ups count as not done only one after the other.
func TestADoubtEndsByTwoSettledLookUps(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.ends("one.charge", domain.ClassUnknownOutcome, "")
		w.ends("one.find", domain.ClassResult, `{"result":"not_found"}`)
		for range 3 { // too early: they count nothing
			if got, err := s.Call(w.Context(), request("k")); err != nil || got.Status != operation.StatusUnknown || got.Lookup != "one.find" {
				w.Fatalf("%+v, %v", got, err)
			}
		}
		w.clock.Add(61 * time.Second)
		w.ends("one.find", domain.ClassUnauthorized, "")
		if got, err := s.Call(w.Context(), request("k")); err != nil || got.Status != operation.StatusUnknown || w.paused != 1 {
			w.Errorf("%+v, %v, paused %d times", got, err, w.paused)
		}
		w.ends("one.find", domain.ClassResult, `{"result":"not_found"}`)
		if got, err := s.Call(w.Context(), request("k")); err != nil || got.Status != operation.StatusUnknown {
			w.Errorf("%+v, %v", got, err)
		}
		looks := w.called("one.find")
		for range 2 {
			if _, err := s.Call(w.Context(), request("k")); !errors.Is(err, operation.ErrNotDone) {
				w.Errorf("%v", err)
			}
		}
		if w.called("one.find") != looks+1 || w.called("one.charge") != 1 {
			w.Errorf("%d look-ups, %d calls", w.called("one.find"), w.called("one.charge"))
		}
	})
}

func TestKeysAreFreedByWhatCameToNothingAndByTime(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.ends("one.charge", domain.ClassUnavailable, "")
		var refused *domain.Error
		if _, err := s.Call(w.Context(), request("k")); !errors.As(err, &refused) || refused.Kind != domain.KindUnavailable {
			w.Errorf("%v", err)
		}
		w.ends("one.charge", domain.ClassResult, `{}`)
		if got, err := s.Call(w.Context(), request("k")); err != nil || got.Replayed {
			w.Errorf("%+v, %v", got, err)
		}
		if n, err := s.Expire(w.Context()); n != 0 || err != nil {
			w.Errorf("%d expired, %v", n, err)
		}
		w.clock.Add(24 * time.Hour)
		if got, err := s.Call(w.Context(), request("k")); err != nil || got.Replayed || w.called("one.charge") != 3 {
			w.Errorf("%+v, %v after %d calls", got, err, w.called("one.charge"))
		}
		w.clock.Add(24 * time.Hour)
		if n, err := s.Expire(w.Context()); n != 1 || err != nil {
			w.Errorf("%d expired, %v", n, err)
		}
	})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
