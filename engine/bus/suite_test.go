package bus_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

// Watermill's own suite. Order is not promised: many messages are in flight,
// and a nacked one comes later. Delivery is at least once. Streams outlive the
// programs, so it is persistent; new groups start at the oldest entry that is
// still there, which is not all that was ever published.
func watermillSuite(t *testing.T, b *bus.Bus) {
	features := tests.Features{ConsumerGroups: true, Persistent: true}
	if testing.Short() {
		features.ForceShort = true
	}
	group := func(_ *testing.T, group string) (message.Publisher, message.Subscriber) {
		return b.Publisher(), b.Subscriber(bus.SubscriberConfig{
			Group: group, NackDelay: 20 * time.Millisecond, DrainTimeout: 500 * time.Millisecond,
			SweepEvery: 200 * time.Millisecond,
		})
	}
	tests.TestPubSub(t, features, func(t *testing.T) (message.Publisher, message.Subscriber) {
		return group(t, "suite")
	}, group)
}

func TestWatermillSuiteOnTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	watermillSuite(t, openBus(t, ""))
}

func TestWatermillSuiteOnRedis(t *testing.T) {
	t.Parallel()
	watermillSuite(t, openBus(t, testserver.Redis(t).URL))
}
