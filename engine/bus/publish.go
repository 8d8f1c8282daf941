package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/afara-dev/afara/engine/domain"
)

// maxPipeline bounds the commands of one round trip, so that all answers fit
// into the buffers between client and server before the client reads them.
const maxPipeline = 2000

// Publish appends envs to a stream, 2000 in one round trip. After an error some of
// them may be in the stream: what was published stays due in SQL and a second
// entry does no harm, so publish all of them again later.
func (b *Bus) Publish(ctx context.Context, stream string, envs []domain.Envelope) error {
	msgs := make([]*message.Message, len(envs))
	for i := range envs {
		msgs[i] = Message(envs[i])
	}
	return b.append(ctx, stream, msgs)
}

func (b *Bus) append(ctx context.Context, stream string, msgs []*message.Message) error {
	if err := checkStream(stream); err != nil {
		return err
	}
	for chunk := range slices.Chunk(msgs, maxPipeline) {
		if err := b.appendChunk(ctx, b.StreamKey(stream), chunk); err != nil {
			return fmt.Errorf("publish %d messages to stream %s: %w", len(msgs), stream, err)
		}
	}
	return nil
}

func (b *Bus) appendChunk(ctx context.Context, key string, msgs []*message.Message) error {
	_, err := b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, m := range msgs {
			p.XAdd(ctx, &redis.XAddArgs{Stream: key, Values: encode(m)})
		}
		return nil
	})
	return err
}

// Publisher is Watermill's publisher over a Bus, for messages that are no
// envelopes. Closing it leaves the Bus open.
type Publisher struct {
	bus    *Bus
	closed atomic.Bool
}

var _ message.Publisher = (*Publisher)(nil)

// ErrPublisherClosed is returned by a Publisher after its Close.
var ErrPublisherClosed = errors.New("bus: publisher is closed")

// Publisher returns a publisher.
func (b *Bus) Publisher() *Publisher { return &Publisher{bus: b} }

// Publish appends the messages to the stream in one round trip, under the
// context of the first message.
func (p *Publisher) Publish(stream string, msgs ...*message.Message) error {
	if p.closed.Load() {
		return ErrPublisherClosed
	}
	if len(msgs) == 0 {
		return nil
	}
	return p.bus.append(msgs[0].Context(), stream, msgs)
}

// Close makes later calls of Publish fail. Nothing is buffered.
func (p *Publisher) Close() error {
	p.closed.Store(true)
	return nil
}
