package work_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/engine/work"
)

// fakeBus keeps what is published until somebody reads it.
type fakeBus struct {
	mu          sync.Mutex
	incarnation string
	waiting     []domain.WorkID
	published   map[domain.WorkID]int
	most        int
	fail        error
	slow        func() // before each publication; set it before the relay runs
}

func newBus() *fakeBus { return &fakeBus{incarnation: "one", published: map[domain.WorkID]int{}} }

// Publish implements work.Bus.
func (b *fakeBus) Publish(ctx context.Context, _ string, envelopes []domain.Envelope) error {
	if b.slow != nil {
		b.slow()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	for _, e := range envelopes {
		b.waiting = append(b.waiting, e.ID)
		b.published[e.ID]++
	}
	b.most = max(b.most, len(b.waiting))
	return nil
}

// Look implements work.Bus.
func (b *fakeBus) Look(_ context.Context, streams []string) (map[string]work.Look, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return nil, b.fail
	}
	out := map[string]work.Look{}
	for _, s := range streams {
		out[s] = work.Look{Incarnation: b.incarnation, Length: len(b.waiting)}
	}
	return out, nil
}

// take reads what waits.
func (b *fakeBus) take() []domain.WorkID {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.waiting
	b.waiting = nil
	return out
}

// wipe loses everything, as a Redis that restarts empty.
func (b *fakeBus) wipe(incarnation string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting, b.incarnation = nil, incarnation
}

func (b *fakeBus) away(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

func (b *fakeBus) count(id domain.WorkID) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.published[id]
}

var errAway = errors.New("the bus is away")

// world is a relay between a real database and a fake bus.
type world struct {
	*testing.T
	clock   *testclock.Clock
	store   *store.Store
	applier *store.Applier
	bus     *fakeBus
	relay   *work.Relay
}

func onBoth(t *testing.T, test func(w *world), change ...func(*work.RelayConfig)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), bus: newBus()}
			w.store = open(t, func(c *store.Config) { c.Now, c.Migrations = w.clock.Now, nil })
			w.applier = store.NewApplier(w.store)
			cfg := work.RelayConfig{Store: w.store, Bus: w.bus, Log: discard(), Tick: 20 * time.Millisecond}
			for _, c := range change {
				c(&cfg)
			}
			var err error
			w.relay, err = work.NewRelay(cfg)
			w.must(err)
			w.applier.Announcer(w.relay)
			test(w)
		})
	}
}

// run starts the relay until the test ends or stop is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.relay.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	w.Cleanup(stop)
	return stop
}

// add stores a row of work that is due.
func (w *world) add(env domain.EnvironmentID) domain.WorkID {
	w.Helper()
	return w.addDue(env, w.clock.Now())
}

func (w *world) addDue(env domain.EnvironmentID, due time.Time) domain.WorkID {
	w.Helper()
	id := domain.NewID[domain.WorkID](domain.PrefixMessage)
	w.must(w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{
		domain.Work{ID: id, Kind: domain.WorkMessage, Stream: "s", Environment: env, Connection: "con_1", Gate: "con_1", Stage: "prepare", DueAt: due},
	}}))
	return id
}

func (w *world) claim(id domain.WorkID) domain.Work {
	w.Helper()
	rows, err := w.store.Claim(w.Context(), "node_1", time.Minute, []domain.WorkID{id})
	w.must(err)
	if len(rows) != 1 {
		w.Fatalf("%s cannot be claimed", id)
	}
	return rows[0]
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

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func aMinute() time.Duration { return time.Minute }
