package bus_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

func TestAMessageOfAnEnvelopeGivesTheEnvelope(t *testing.T) {
	t.Parallel()
	for _, want := range []domain.Envelope{
		{ID: "msg_1", Kind: domain.WorkMessage, Stage: "sign", Epoch: 7, Traceparent: "00-aa-bb-01"},
		{ID: "dlv_1", Kind: domain.WorkDelivery},
	} {
		got, err := bus.Envelope(bus.Message(want))
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestAMessageThatIsNoEnvelopeIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]func(message.Metadata){
		"id is missing":     func(m message.Metadata) { delete(m, "id") },
		"kind is missing":   func(m message.Metadata) { m["kind"] = "" },
		"epoch \"\"":        func(m message.Metadata) { delete(m, "epoch") },
		"epoch \"-1\"":      func(m message.Metadata) { m["epoch"] = "-1" },
		"epoch \"1e3\"":     func(m message.Metadata) { m["epoch"] = "1e3" },
		"whatever it says.": func(m message.Metadata) { m["afara_malformed"] = "whatever it says." },
	} {
		m := bus.Message(envelopes(0, 1)[0])
		change(m.Metadata)
		_, err := bus.Envelope(m)
		var malformed *bus.MalformedError
		if !errors.As(err, &malformed) || !strings.Contains(malformed.Reason, reason) {
			t.Errorf("got %v, want a MalformedError with %q", err, reason)
		}
	}
}

func TestWhatDoesNotDecodeIsKeptAsideAndStopsNobody(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, raw, in := openBus(t, server.URL), client(t, server.URL), newInbox()
	for _, fields := range [][]any{
		{"something", "else"},
		{"_watermill_message_uuid", "u", "metadata", "\x81\xa1"},
		{"_watermill_message_uuid", "no envelope", "metadata", "\x81\xa1a\xa1b", "payload", "x"},
	} {
		if err := raw.XAdd(t.Context(), &redis.XAddArgs{Stream: b.StreamKey("s"), Values: fields}).Err(); err != nil {
			t.Fatal(err)
		}
	}
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{SoleGroup: true}})
	publish(t, b, "s", 0, 5)
	eventually(t, "the good ones are handled", in.has(5))
	eventually(t, "the bad ones are acked", func() bool { return stats(t, b, "s").Length == 0 })
	if n := stats(t, b, "s").Malformed; n != 3 {
		t.Fatalf("%d entries were kept aside, want 3", n)
	}
	kept, err := raw.XRange(t.Context(), b.StreamKey("s")+":malformed", "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range kept {
		if e.Values["afara_reason"] == "" || len(e.Values) < 3 {
			t.Errorf("%v: want the reason and the entry's own fields", e.Values)
		}
	}
}

func TestStockWatermillReadsWhatWePublishAndWeReadWhatItPublishes(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	b, in := openBus(t, server.URL), newInbox()
	env := envelopes(0, 1)[0]

	publish(t, b, "out", 0, 1)
	sub, err := redisstream.NewSubscriber(redisstream.SubscriberConfig{
		Client: client(t, server.URL), ConsumerGroup: "stock", DisableIndefiniteInitialBlock: true,
	}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Close() }()
	out, err := sub.Subscribe(t.Context(), b.StreamKey("out"))
	if err != nil {
		t.Fatal(err)
	}
	m := <-out
	m.Ack()
	if got, err := bus.Envelope(m); err != nil || got != env {
		t.Errorf("stock watermill read %+v, %v, want %+v", got, err, env)
	}

	pub, err := redisstream.NewPublisher(redisstream.PublisherConfig{Client: client(t, server.URL)}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pub.Close() }()
	m = bus.Message(env)
	m.Metadata["long"] = strings.Repeat("x", 70_000)
	if err := pub.Publish(b.StreamKey("in"), m); err != nil {
		t.Fatal(err)
	}
	listen(t, runRouter(t, b), bus.ListenConfig{Stream: "in", Handle: func(m *message.Message) error {
		if got, err := bus.Envelope(m); err != nil || got != env || len(m.Metadata["long"]) != 70_000 {
			t.Errorf("read %+v, %v, want %+v", got, err, env)
		}
		return in.handle(m)
	}})
	eventually(t, "what stock watermill published is handled", in.has(1))
}
