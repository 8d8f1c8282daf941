package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// SubscriberConfig says how a Subscriber reads. Zero values mean the defaults.
type SubscriberConfig struct {
	// Node names this process. Each start of a process needs a new name: it is
	// what Lapsed is asked about. Default: a random name.
	Node string
	// Group is the consumer group; default Config.Group.
	Group string
	// SoleGroup says that no other group reads these streams: what is acked is
	// deleted. Without it, entries stay until a trim below what every group has
	// read and acked.
	SoleGroup bool
	// MaxUnacked bounds the messages of one stream that were read and are neither
	// acked nor nacked for good; default 1024. It does not bound handlers that
	// ack early and go on.
	MaxUnacked int
	// Batch is how many entries one read takes at most; default 128.
	Batch int
	// Block is how long a read waits for an entry, so how often an idle stream
	// is asked; default 2 s. A stop does not wait for it.
	Block time.Duration
	// AckDelay is how long an ack waits for others on its way to Redis; default
	// 10 ms. Nobody waits for it: the slot is free at once, and what a crash does
	// not send comes again.
	AckDelay time.Duration
	// NackDelay is how long a nacked message rests before it comes again to the
	// same reader; default 100 ms.
	NackDelay time.Duration
	// SweepEvery is how often a reader looks for entries left by others and
	// trims the stream; default 5 s. It also does so when it starts.
	SweepEvery time.Duration
	// Lapsed picks from the nodes that have readers those that are dead for
	// certain: their entries are taken over. Nil: none is. This node is not
	// among them. An error counts as none.
	Lapsed func(ctx context.Context, nodes []string) ([]string, error)
	// DrainTimeout is how long a stop waits for the acks of what was handed out;
	// default 30 s. What is still unacked then goes to another reader.
	DrainTimeout time.Duration
}

func (c SubscriberConfig) withDefaults(b *Bus) SubscriberConfig {
	c.Node = orDefault(c.Node, randomID())
	c.Group = orDefault(c.Group, b.cfg.Group)
	c.MaxUnacked = orDefault(c.MaxUnacked, 1024)
	c.Batch = orDefault(c.Batch, 128)
	c.Block = orDefault(c.Block, 2*time.Second)
	c.AckDelay = orDefault(c.AckDelay, 10*time.Millisecond)
	c.NackDelay = orDefault(c.NackDelay, 100*time.Millisecond)
	c.SweepEvery = orDefault(c.SweepEvery, 5*time.Second)
	c.DrainTimeout = orDefault(c.DrainTimeout, 30*time.Second)
	return c
}

// ErrSubscriberClosed is returned by a Subscriber after its Close.
var ErrSubscriberClosed = errors.New("bus: subscriber is closed")

// Subscriber is a Watermill subscriber over Redis Streams. Unlike the stock one
// it keeps many messages in flight, acks in batches, hands a nacked message out
// again without holding up the others, and outlives a Redis that goes away or
// comes back empty.
//
// Order is not promised. Delivery is at least once.
type Subscriber struct {
	bus  *Bus
	cfg  SubscriberConfig
	stop chan struct{} // closed by Close

	mu     sync.Mutex
	closed bool
	subs   sync.WaitGroup
}

var (
	_ message.Subscriber           = (*Subscriber)(nil)
	_ message.SubscribeInitializer = (*Subscriber)(nil)
)

// Subscriber returns a subscriber. Close it before the Bus.
func (b *Bus) Subscriber(cfg SubscriberConfig) *Subscriber {
	return &Subscriber{bus: b, cfg: cfg.withDefaults(b), stop: make(chan struct{})}
}

// Subscribe starts reading a stream and returns at once, whether Redis is there
// or not. When ctx ends or the subscriber closes, reading stops, what is unacked
// may still be acked for DrainTimeout, the rest is left to other readers, and
// the channel closes.
//
// A message's context carries ctx's values. It ends with the message's ack or
// nack, or with DrainTimeout; not with ctx, so that a handler can finish. Work
// that goes on after the ack needs another context.
func (s *Subscriber) Subscribe(ctx context.Context, stream string) (<-chan *message.Message, error) {
	if err := checkStream(stream); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrSubscriberClosed
	}
	sub := newSubscription(ctx, s, stream)
	s.subs.Go(sub.run)
	return sub.out, nil
}

// SubscribeInitialize makes the stream and the group.
func (s *Subscriber) SubscribeInitialize(stream string) error {
	if err := checkStream(stream); err != nil {
		return err
	}
	return s.bus.makeGroup(context.Background(), stream, s.cfg.Group)
}

// Close stops all subscriptions as Subscribe says and returns when their
// channels are closed. It leaves the Bus open.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.stop)
	}
	s.mu.Unlock()
	s.subs.Wait()
	return nil
}
