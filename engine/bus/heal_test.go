package bus_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

func TestARedisThatComesBackEmptyGetsStreamGroupAndANewIncarnation(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, in := openBus(t, server.URL), newInbox()
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{SoleGroup: true}})
	publish(t, b, "s", 0, 10)
	eventually(t, "the first ten are handled", in.has(10))
	before := incarnation(t, b, "s")

	server.Restart(true)
	eventually(t, "the stream has another incarnation", func() bool {
		ids, err := b.Incarnations(t.Context(), []string{"s"})
		return err == nil && ids["s"] != before
	})
	publish(t, b, "s", 10, 20)
	eventually(t, "what is published after the loss is handled", in.has(20))
}

func TestAStreamThatIsDeletedUnderItsReaderIsMadeAgain(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, in := openBus(t, server.URL), newInbox()
	listen(t, runRouter(t, b), bus.ListenConfig{
		Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{Block: 50 * time.Millisecond},
	})
	publish(t, b, "s", 0, 1)
	eventually(t, "the reader works", in.has(1))
	before := incarnation(t, b, "s")
	// Only the stream goes, as under an eviction policy; its incarnation stays.
	if err := client(t, server.URL).Del(t.Context(), b.StreamKey("s")).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the incarnation says that entries were lost", func() bool { return incarnation(t, b, "s") != before })
	publish(t, b, "s", 1, 2)
	eventually(t, "the reader works again", in.has(2))
}

func TestAReaderOutlivesARedisThatIsKilledOrHangs(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*testserver.RedisServer) (back func()){
		"killed": func(s *testserver.RedisServer) func() { s.Kill(); return func() { s.Restart(false) } },
		"hangs":  func(s *testserver.RedisServer) func() { s.Pause(); return s.Resume },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testserver.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
			b, in := openBusWithin(t, server.URL, time.Second), newInbox()
			listen(t, runRouter(t, b), bus.ListenConfig{
				Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{SoleGroup: true, Block: 50 * time.Millisecond},
			})
			publish(t, b, "s", 0, 10)
			eventually(t, "the first ten are handled", in.has(10))
			back := away(server)
			eventually(t, "redis does not answer", func() bool { return b.Ping(t.Context()) != nil })
			if err := b.Publish(t.Context(), "s", envelopes(10, 11)); err == nil {
				t.Error("publishing to a redis that is away gave no error")
			}
			back()
			eventually(t, "publishing works again", func() bool { return b.Publish(t.Context(), "s", envelopes(20, 30)) == nil })
			eventually(t, "what is published afterwards is handled", func() bool { return in.times(id(29)) > 0 })
			eventually(t, "nothing is left behind", func() bool { return stats(t, b, "s").Length == 0 })
		})
	}
}

func TestAnAckGivenWhileRedisIsAwayArrivesLater(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	b, in := openBus(t, server.URL), newInbox()
	got, ack := make(chan struct{}), make(chan struct{})
	listen(t, runRouter(t, b), bus.ListenConfig{
		Stream: "s", Subscriber: bus.SubscriberConfig{SoleGroup: true, Block: 50 * time.Millisecond},
		Handle: func(m *message.Message) error {
			close(got) // a second delivery would panic, be nacked and never end
			<-ack
			return in.handle(m)
		},
	})
	publish(t, b, "s", 0, 1)
	<-got
	server.Kill()
	close(ack)
	eventually(t, "the message is handled without redis", in.has(1))
	server.Restart(false)
	eventually(t, "its entry is gone", func() bool {
		all, err := b.Stats(context.Background(), []string{"s"})
		return err == nil && all[0].Length == 0 && all[0].Pending == 0
	})
}

// An answer that is lost on its way leaves entries pending under the reader's
// own name, which it has never seen.
func TestEntriesWhoseAnswerWasLostComeAgain(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t, "--appendonly", "yes", "--appendfsync", "always")
	b, in, raw := openBus(t, server.URL), newInbox(), client(t, server.URL)
	ack, once := make(chan struct{}), sync.Once{}
	listen(t, runRouter(t, b), bus.ListenConfig{
		Stream: "s", Subscriber: bus.SubscriberConfig{SoleGroup: true, MaxUnacked: 1, Block: 50 * time.Millisecond},
		Handle: func(m *message.Message) error {
			defer once.Do(func() { <-ack })
			return in.handle(m)
		},
	})
	publish(t, b, "s", 0, 1)
	eventually(t, "the reader is full", in.has(1))
	publish(t, b, "s", 1, 2)
	consumers, err := raw.XInfoConsumers(t.Context(), b.StreamKey("s"), "afara").Result()
	if err != nil || len(consumers) != 1 {
		t.Fatalf("consumers %v: %v", consumers, err)
	}
	// Somebody else takes the answer that was meant for the reader.
	lost := raw.XReadGroup(t.Context(), &redis.XReadGroupArgs{
		Group: "afara", Consumer: consumers[0].Name, Streams: []string{b.StreamKey("s"), ">"}, Block: -1,
	})
	if lost.Err() != nil {
		t.Fatal(lost.Err())
	}
	server.Kill()
	close(ack)
	server.Restart(false)
	eventually(t, "the lost entry is handled", in.has(2))
	eventually(t, "nothing is pending", func() bool { return stats(t, b, "s").Pending == 0 })
	if in.times(id(0)) != 1 {
		t.Error("an entry that was in the reader's hands came a second time")
	}
}

func incarnation(t testing.TB, b *bus.Bus, stream string) string {
	t.Helper()
	ids, err := b.Incarnations(t.Context(), []string{stream})
	if err != nil {
		t.Fatal(err)
	}
	return ids[stream]
}
