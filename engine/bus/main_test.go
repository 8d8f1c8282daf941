package bus_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

func TestMain(m *testing.M) {
	bus.RedirectDriverLog(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// onBoth runs a test on the embedded server and on redis-server.
func onBoth(t *testing.T, test func(t *testing.T, b *bus.Bus)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		test(t, openBus(t, ""))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		test(t, openBus(t, testserver.Redis(t).URL))
	})
}

// openBus lets a command take what it needs on a busy machine under the race
// detector.
func openBus(t testing.TB, url string) *bus.Bus {
	t.Helper()
	timeout := 5 * time.Second
	if url == "" {
		timeout = 30 * time.Second // the embedded server never goes away
	}
	return openBusWithin(t, url, timeout)
}

// openBusWithin opens a bus whose commands may take so long: short for a server
// that a test makes hang.
func openBusWithin(t testing.TB, url string, timeout time.Duration) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{
		URL: url, Log: slog.New(slog.DiscardHandler), DialTimeout: 300 * time.Millisecond, Timeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// eventually polls until ok, and fails the test after half a minute.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-limit.C:
			t.Fatalf("waited half a minute: %s", what)
		}
	}
}

// runRouter runs a router until the test ends, which checks that it drained.
func runRouter(t testing.TB, b *bus.Bus) *bus.Router {
	t.Helper()
	r, err := b.Router(bus.RouterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// listen listens until the returned func is called, or the test ends.
func listen(t testing.TB, r *bus.Router, cfg bus.ListenConfig) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- r.Listen(ctx, cfg)
		close(ended)
	}()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// inbox is a handler that counts what it gets.
type inbox struct {
	mu   sync.Mutex
	seen map[string]int
}

func newInbox() *inbox { return &inbox{seen: map[string]int{}} }

func (in *inbox) handle(m *message.Message) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.seen[m.UUID]++
	return nil
}

func (in *inbox) count() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.seen)
}

func (in *inbox) times(id string) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.seen[id]
}

func (in *inbox) has(n int) func() bool { return func() bool { return in.count() == n } }

func publish(t testing.TB, b *bus.Bus, stream string, from, to int) {
	t.Helper()
	if err := b.Publish(t.Context(), stream, envelopes(from, to)); err != nil {
		t.Fatal(err)
	}
}

func id(i int) string { return string(envelopes(i, i+1)[0].ID) }

func stats(t testing.TB, b *bus.Bus, stream string) bus.StreamStats {
	t.Helper()
	all, err := b.Stats(t.Context(), []string{stream})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// client is a plain client for looking behind the bus.
func client(t testing.TB, url string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
