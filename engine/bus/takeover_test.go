package bus_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

func TestOnlyEntriesOfLapsedNodesAreTakenOver(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, in, raw := openBus(t, server.URL), newInbox(), client(t, server.URL)
	incarnation(t, b, "s")
	publish(t, b, "s", 0, 30)
	for _, consumer := range []string{"dead/1", "alive/1", "stranger"} {
		take(t, raw, b.StreamKey("s"), consumer, 10)
	}
	asked := make(chan []string, 1)
	cfg := bus.SubscriberConfig{
		Node: "me", SoleGroup: true, Batch: 3, SweepEvery: 20 * time.Millisecond,
		Lapsed: func(_ context.Context, nodes []string) ([]string, error) {
			select {
			case asked <- nodes:
			default:
			}
			return []string{"dead", "stranger", "me"}, nil
		},
	}
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: cfg})
	eventually(t, "the dead node's ten are handled", in.has(10))
	if nodes := <-asked; !slices.Equal(nodes, []string{"alive", "dead"}) {
		t.Errorf("Lapsed was asked about %v, want alive and dead", nodes)
	}
	publish(t, b, "s", 30, 40)
	eventually(t, "new entries are handled too", in.has(20))
	eventually(t, "the dead name is gone and the others keep theirs", func() bool {
		left := consumers(t, raw, b.StreamKey("s"))
		_, dead := left["dead/1"]
		return !dead && left["alive/1"] == 10 && left["stranger"] == 10
	})
	if in.times(id(10)) != 0 || in.times(id(20)) != 0 {
		t.Error("an entry of a reader that may be alive was taken")
	}
}

func TestWhenNobodyCanTellWhoLapsedNothingIsTakenOver(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, in, raw := openBus(t, server.URL), newInbox(), client(t, server.URL)
	incarnation(t, b, "s")
	publish(t, b, "s", 0, 5)
	take(t, raw, b.StreamKey("s"), "other/1", 5)
	asked := atomic.Int64{}
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{
		SweepEvery: 10 * time.Millisecond, Block: 10 * time.Millisecond,
		Lapsed: func(context.Context, []string) ([]string, error) {
			asked.Add(1)
			return []string{"other"}, errors.New("the database is away")
		},
	}})
	publish(t, b, "s", 5, 6)
	eventually(t, "the reader reads on, and asked three times", func() bool { return in.count() == 1 && asked.Load() >= 3 })
	if n := consumers(t, raw, b.StreamKey("s"))["other/1"]; n != 5 {
		t.Errorf("the other node has %d entries left, want 5", n)
	}
}

// A reader that stops while Redis is away cannot release its entries. Its node
// lives on, so nobody may call it lapsed: the node itself takes them up again.
func TestANodeTakesUpWhatItsOwnStoppedReaderCouldNotRelease(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	b, in := openBus(t, server.URL), newInbox()
	s := b.Subscriber(bus.SubscriberConfig{Node: "me", DrainTimeout: time.Millisecond, Block: 50 * time.Millisecond})
	out, err := s.Subscribe(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, b, "s", 0, 1)
	<-out
	server.Kill()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	server.Restart(false)
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{Node: "me"}})
	eventually(t, "the entry is handled", in.has(1))
}

func TestTwoReadersNeverTakeOverTheSameEntry(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		left := b.Subscriber(bus.SubscriberConfig{DrainTimeout: time.Millisecond, Batch: 500})
		publish(t, b, "s", 0, 500)
		out, err := left.Subscribe(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		<-out
		eventually(t, "all are pending", func() bool { return stats(t, b, "s").Pending == 500 })
		if err := left.Close(); err != nil {
			t.Fatal(err)
		}
		in, r := newInbox(), runRouter(t, b)
		for _, name := range []string{"one", "two", "three"} {
			listen(t, r, bus.ListenConfig{
				Stream: "s", Name: name, Handle: in.handle,
				Subscriber: bus.SubscriberConfig{Batch: 7, SweepEvery: 10 * time.Millisecond, Block: 10 * time.Millisecond},
			})
		}
		eventually(t, "all are handled", in.has(500))
		for i := range 500 {
			if n := in.times(id(i)); n != 1 {
				t.Fatalf("%s was handled %d times", id(i), n)
			}
		}
	})
}

func TestAConsumerNameIsNewAtEachStartAndGoneAfterClose(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, raw := openBus(t, server.URL), client(t, server.URL)
	used := map[string]bool{}
	for range 3 {
		s := b.Subscriber(bus.SubscriberConfig{Node: "node_1"})
		out, err := s.Subscribe(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		publish(t, b, "s", 0, 1)
		m := <-out
		names := consumers(t, raw, b.StreamKey("s"))
		m.Ack()
		if len(names) != 1 {
			t.Errorf("consumers %v, want one", names)
		}
		for name := range names {
			if used[name] || !strings.HasPrefix(name, "node_1/") {
				t.Errorf("consumer name %q: want a new one that starts with the node", name)
			}
			used[name] = true
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if left := consumers(t, raw, b.StreamKey("s")); len(left) != 0 {
			t.Errorf("consumers %v are left after Close", left)
		}
	}
	keys, err := raw.Keys(t.Context(), "*wake*").Result()
	if err != nil || len(keys) != 0 {
		t.Errorf("keys %v are left after Close: %v", keys, err)
	}
	if _, err := b.Subscriber(bus.SubscriberConfig{}).Subscribe(t.Context(), "{"); err == nil {
		t.Error("a stream name with a brace was accepted")
	}
}

// take reads n entries as a consumer that does nothing with them.
func take(t testing.TB, raw *redis.Client, key, consumer string, n int64) {
	t.Helper()
	err := raw.XReadGroup(t.Context(), &redis.XReadGroupArgs{
		Group: "afara", Consumer: consumer, Streams: []string{key, ">"}, Count: n, Block: -1,
	}).Err()
	if err != nil {
		t.Fatal(err)
	}
}

// consumers gives the pending entries of each consumer, none when there is no
// stream.
func consumers(t testing.TB, raw *redis.Client, key string) map[string]int64 {
	t.Helper()
	pending := map[string]int64{}
	list, err := raw.XInfoConsumers(t.Context(), key, "afara").Result()
	if err != nil {
		return pending
	}
	for _, c := range list {
		pending[c.Name] = c.Pending
	}
	return pending
}
