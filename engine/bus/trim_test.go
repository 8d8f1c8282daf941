package bus_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

func TestTrimmingNeverPassesWhatAnotherGroupHasNotReadOrAcked(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, raw, key := openBus(t, server.URL), client(t, server.URL), ""
	key = b.StreamKey("s")
	// The slow group reads 40, acks the first 20 of them, and stops.
	slow := b.Subscriber(bus.SubscriberConfig{Group: "slow"})
	if err := slow.SubscribeInitialize("s"); err != nil {
		t.Fatal(err)
	}
	publish(t, b, "s", 0, 100)
	all, err := raw.XRange(t.Context(), key, "-", "+").Result()
	if err != nil || len(all) != 100 {
		t.Fatalf("%d entries: %v", len(all), err)
	}
	read(t, raw, key, "slow", 40)
	for _, e := range all[:20] {
		if err := raw.XAck(t.Context(), key, "slow", e.ID).Err(); err != nil {
			t.Fatal(err)
		}
	}

	in := newInbox()
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{
		SweepEvery: 10 * time.Millisecond, Block: 10 * time.Millisecond,
	}})
	eventually(t, "the fast group handles all", in.has(100))
	eventually(t, "the twenty that both acked are trimmed", func() bool { return stats(t, b, "s").Length == 80 })
	first := func() string {
		left, err := raw.XRangeN(t.Context(), key, "-", "+", 1).Result()
		if err != nil || len(left) == 0 {
			t.Fatalf("%v: %v", left, err)
		}
		return left[0].ID
	}
	if first() != all[20].ID {
		t.Errorf("the first entry left is %s, want the slow group's lowest pending %s", first(), all[20].ID)
	}

	// It acks the rest of what it read: now the lowest unread holds the trim.
	for _, e := range all[20:40] {
		if err := raw.XAck(t.Context(), key, "slow", e.ID).Err(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the trim follows", func() bool { return stats(t, b, "s").Length <= 61 })
	if first() > all[40].ID {
		t.Errorf("the first entry left is %s, after the slow group's lowest unread %s", first(), all[40].ID)
	}
	read(t, raw, key, "slow", 100)
	if left := stats(t, b, "s").Length; left < 60 {
		t.Errorf("%d entries are left, the slow group had 60 to come", left)
	}
}

func TestWhatWasAckedAndNotDeletedIsTrimmedOfASoleGroupToo(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, raw, in := openBus(t, server.URL), client(t, server.URL), newInbox()
	incarnation(t, b, "s")
	publish(t, b, "s", 0, 10)
	all, err := raw.XRange(t.Context(), b.StreamKey("s"), "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	read(t, raw, b.StreamKey("s"), "afara", 10)
	for _, e := range all {
		if err := raw.XAck(t.Context(), b.StreamKey("s"), "afara", e.ID).Err(); err != nil {
			t.Fatal(err)
		}
	}
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{SoleGroup: true}})
	eventually(t, "at most the last one is left", func() bool { return stats(t, b, "s").Length <= 1 })
}

func read(t testing.TB, raw *redis.Client, key, group string, n int64) {
	t.Helper()
	err := raw.XReadGroup(t.Context(), &redis.XReadGroupArgs{
		Group: group, Consumer: "reader", Streams: []string{key, ">"}, Count: n, Block: -1,
	}).Err()
	if err != nil {
		t.Fatal(err)
	}
}
